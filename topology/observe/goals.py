"""What a switch is brought to: the configuration of the plan, or what ran before a push run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from topology.observe.driver_base import SwitchDriver
from topology.observe.push_result import PushResult
from topology.observe.remediation import paths, remedy
from topology.observe.undo import added_by
from topology.platforms.render import parse, render
from topology.switch_config import SwitchConfig


class Goal(Protocol):
    """What a switch is to be brought to."""

    @property
    def host(self) -> str:
        """The name the switch must have, or none yet."""

    @property
    def platform(self) -> str:
        """Its platform."""

    @property
    def reached(self) -> str:
        """What is so once it is there, in words."""

    def load(self, driver: SwitchDriver) -> SwitchConfig:
        """Load the candidate; the configuration as a record. Raises NapalmException."""

    def missing(self, driver: SwitchDriver, running: str) -> list[str]:
        """What of it the running configuration lacks that the record does not show."""


@dataclass(frozen=True)
class Intended:
    """The configuration of the plan."""

    config: SwitchConfig

    reached: str = "runs what is intended"

    @property
    def host(self) -> str:
        """The name of the plan."""
        return self.config.host

    @property
    def platform(self) -> str:
        """Its platform."""
        return self.config.platform

    def load(self, driver: SwitchDriver) -> SwitchConfig:
        """All of it; what the model knows and it lacks goes."""
        driver.load_replace_candidate(config=render(self.config))
        return self.config

    def missing(self, driver: SwitchDriver, running: str) -> list[str]:
        """Lines that were to go and are still there: the record has no word for some of them."""
        left = remedy(driver.rules, running, render(self.config)).diff.splitlines()
        return [f"`{line[1:].strip()}` is still there" for line in left if line.startswith("-")]


@dataclass(frozen=True)
class Restored:
    """What ran before a push run, as far as that run changed it."""

    run: PushResult
    reached: str = "what that run changed is as it was"

    @property
    def host(self) -> str:
        """The name the run knew the switch by."""
        return self.run.host

    @property
    def platform(self) -> str:
        """Its platform."""
        return self.run.platform

    def load(self, driver: SwitchDriver) -> SwitchConfig:
        """Lines the run added go, lines it took come back."""
        return parse(self.platform, driver.load_undo_candidate(self.run.before, self.run.after))

    def missing(self, driver: SwitchDriver, running: str) -> list[str]:
        """Lines of the run that are still there, and lines from before it that are not back."""
        was, then, now = (
            paths(driver.rules, t) for t in (self.run.before, self.run.after or driver.before, running)
        )
        gone, _ = added_by(driver.rules, was, then)
        still = [f"`{p[-1]}` is still there" for p in gone if p in now]
        return still + [f"`{p[-1]}` is not back" for p in was if p not in then and p not in now]
