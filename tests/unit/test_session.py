"""What a session says of a switch that does not end its answer."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any, cast

import pytest

from topology.observe.servers import Shell
from topology.observe.session import ConnectError, Credentials, HungError, Session, Timeouts


class Line:
    """A connection that shows one page and waits for a key."""

    remote_conn_pre = None

    def __init__(self, *pages: str) -> None:
        self.pages = list(pages)

    def write_channel(self, _: str) -> None:
        """Nothing comes of it."""

    def read_channel(self) -> str:
        """The next page, if there is one."""
        return self.pages.pop(0) if self.pages else ""


class Open(Session):
    """A session whose transport is up."""

    @property
    def alive(self) -> bool:
        """As long as it lives."""
        return True


@pytest.mark.parametrize(
    ("tail", "said"), [("  ---- More ----", "paging could not be switched off"), ("half a li", "")]
)
def test_a_page_that_waits_for_a_key_is_told(tail: str, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    session = Open(
        "sw",
        "huawei_vrpv8",
        r"<\S+>\Z",
        Credentials("u", "p"),
        Path("none"),
        timeouts=Timeouts(answer_s=0.05),
    )
    line = Line(f"display version\nrow\n{tail}")
    line.remote_conn = type("Channel", (), {"closed": False})()  # type: ignore[attr-defined]
    session._line = cast(Any, line)
    with pytest.raises(HungError) as hung:
        session.say("display version")
    assert "no answer within 0.05 s" in str(hung.value)
    assert ("-- More --" in str(hung.value)) is bool(said)
    assert said in str(hung.value)
    assert said in session.written()


def test_a_server_that_takes_the_connection_and_says_nothing_is_told_as_hung(tmp_path: Path) -> None:
    (tmp_path / "known_hosts").touch()
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(ConnectError) as failed:
        Shell(
            "127.0.0.1", Credentials("root", ""), tmp_path / "known_hosts", port=silent.getsockname()[1],
            timeouts=Timeouts(connect_s=0.3),
        )  # fmt: skip
    assert "does not speak SSH within 0.3 s" in str(failed.value)
