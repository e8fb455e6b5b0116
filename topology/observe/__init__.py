"""What stands there: facts read from devices, each with its evidence. The only package that talks to a network."""
