"""What holds for all tests."""

from hypothesis import settings

settings.register_profile("untimed", deadline=None)  # machines are noisy: no test fails for being slow
settings.load_profile("untimed")
