"""The resource Account over gRPC, without the engine, against emulated controllers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

pytest.importorskip("pulumi")
pytest.importorskip("sushy_tools")

from rackwright.lab.bmc_state import Account
from tests.stacks.bmcs import LOGIN, Bmcs, bmcs, provider_for, row
from tests.stacks.provider_client import Client, RefusedError

ACCOUNT = "rackwright:redfish:Account"
ACCOUNTS = "/redfish/v1/AccountService/Accounts"
FIRST, SECOND = "Audit-pass-4Tk9", "Audit-pass-8Wm2"
PASSWORDS = {"RW_TEST_AUDIT": FIRST, "RW_TEST_AUDIT_NEXT": SECOND}


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bmcs]:
    with bmcs(tmp_path_factory.mktemp("bmcs"), [row(1, "127.4.0")]) as found:
        yield found


@pytest.fixture(scope="module")
def client(standing: Bmcs) -> Iterator[Client]:
    with provider_for(standing, PASSWORDS) as found:
        yield found


@pytest.fixture
def served(standing: Bmcs) -> Bmcs:
    """One controller, as new."""
    standing.faults("srv-001")
    standing["srv-001"].accounts = {1: Account(*LOGIN)}
    standing["srv-001"].row.pop("places", None)
    return standing


def inputs(served: Bmcs, client: Client, **more: Any) -> dict[str, Any]:
    """As the engine has them after Check."""
    given = {**served.place("srv-001"), "userName": "audit", "secret": "audit", "role": "ReadOnly", **more}
    checked, failures = client.check(ACCOUNT, given)
    assert failures == []
    return checked


def accounts(served: Bmcs) -> dict[str, tuple[str, str, bool]]:
    """Password, role and state by name, without the one the stack logs in with."""
    found = {a.name: (a.password, a.role, a.enabled) for a in served["srv-001"].accounts.values()}
    assert found.pop(LOGIN[0])[0] == LOGIN[1]
    return found


def test_from_create_to_destroy(served: Bmcs, client: Client) -> None:
    news = inputs(served, client)
    identity, state = client.create(ACCOUNT, news)
    assert identity == f"{served['srv-001'].uuid}/audit" and state["accountId"] == "2"
    assert accounts(served) == {"audit": (FIRST, "ReadOnly", True)}
    assert client.read(ACCOUNT, identity, state, news) == (identity, state, news)
    assert client.diff(ACCOUNT, identity, state, news).changes == 1
    client.delete(ACCOUNT, identity, state)
    assert accounts(served) == {}
    assert client.read(ACCOUNT, identity, state, news)[0] == ""
    client.delete(ACCOUNT, identity, state)


def test_a_rotation_sends_the_new_password_once(served: Bmcs, client: Client) -> None:
    news = inputs(served, client)
    identity, state = client.create(ACCOUNT, news)
    later = {**news, "secret": "audit-next", "rotation": 1, "role": "Operator"}
    found = client.diff(ACCOUNT, identity, state, later)
    assert sorted(found.detailedDiff) == ["role", "rotation", "secret"] and not found.replaces
    state = client.update(ACCOUNT, identity, state, later)
    assert accounts(served) == {"audit": (SECOND, "Operator", True)}
    served.faults("srv-001", change={f"{ACCOUNTS}/2": 500})  # what is in force already is not sent
    client.update(ACCOUNT, identity, state, {**later, "rotation": 2})


def test_drift_made_by_hand_is_found_and_put_right(served: Bmcs, client: Client) -> None:
    news = inputs(served, client)
    identity, state = client.create(ACCOUNT, news)
    own = served["srv-001"].accounts[2]
    own.password, own.role = "by-hand-1", "Administrator"
    _, refreshed, found = client.read(ACCOUNT, identity, state, news)
    assert sorted(client.diff(ACCOUNT, identity, refreshed, news).detailedDiff) == ["role", "secret"]
    assert found["secret"].startswith("(another")
    client.update(ACCOUNT, identity, refreshed, news)
    assert accounts(served) == {"audit": (FIRST, "ReadOnly", True)}
    own.enabled = False
    _, refreshed, _ = client.read(ACCOUNT, identity, state, news)
    assert sorted(client.diff(ACCOUNT, identity, refreshed, news).detailedDiff) == ["enabled"]
    client.update(ACCOUNT, identity, refreshed, news)
    assert own.enabled


def test_an_account_of_somebody_else_is_not_taken(served: Bmcs, client: Client) -> None:
    served["srv-001"].accounts[2] = Account("audit", "theirs", "ReadOnly")
    with pytest.raises(
        RefusedError, match=r"did not make. Take it over with `pulumi import .* srv-001@127.4.0.1"
    ):
        client.create(ACCOUNT, inputs(served, client))
    client.create(ACCOUNT, inputs(served, client), preview=True)
    assert accounts(served) == {"audit": ("theirs", "ReadOnly", True)}


def test_what_an_interrupted_run_left_is_taken_over(served: Bmcs, client: Client) -> None:
    served["srv-001"].accounts[2] = Account("audit", FIRST, "ReadOnly")
    identity, state = client.create(ACCOUNT, inputs(served, client))
    assert state["accountId"] == "2"
    client.delete(ACCOUNT, identity, state)
    assert accounts(served) == {}


def test_an_import_needs_no_password(served: Bmcs, client: Client) -> None:
    served["srv-001"].accounts[2] = Account("audit", FIRST, "ReadOnly")
    place = served.place("srv-001")
    where = f"srv-001@{place['address']}:{place['port']}/audit"
    identity, state, found = client.read(ACCOUNT, where)
    assert found == {**place, "userName": "audit", "role": "ReadOnly", "enabled": True, "rotation": 0}
    assert sorted(client.diff(ACCOUNT, identity, state, inputs(served, client)).detailedDiff) == ["secret"]
    client.update(ACCOUNT, identity, state, inputs(served, client))
    assert client.read(ACCOUNT, where.replace("audit", "nobody"))[0] == ""


@pytest.mark.parametrize("fault", [500, "cut", "drop", "forget"])
def test_a_failed_create_leaves_no_account(served: Bmcs, client: Client, fault: object) -> None:
    served.faults("srv-001", change={ACCOUNTS: [fault]})
    with pytest.raises(RefusedError, match="nothing stands") as refused:
        client.create(ACCOUNT, inputs(served, client))
    assert accounts(served) == {} and refused.value.half_done is None
    assert FIRST not in str(refused.value)


def test_an_account_that_cannot_be_taken_back_stays_in_the_state(served: Bmcs, client: Client) -> None:
    served.faults("srv-001", lie={f"{ACCOUNTS}/2": {"RoleId": "Operator"}}, change={f"{ACCOUNTS}/2": 500})
    with pytest.raises(RefusedError, match="whether audit is there is not known") as refused:
        client.create(ACCOUNT, inputs(served, client))
    assert refused.value.half_done is not None
    identity, state = refused.value.half_done
    served.faults("srv-001")
    client.delete(ACCOUNT, identity, state)
    assert accounts(served) == {}


def test_a_role_that_does_not_take_is_put_back(served: Bmcs, client: Client) -> None:
    news = inputs(served, client)
    identity, state = client.create(ACCOUNT, news)
    served.faults("srv-001", change={f"{ACCOUNTS}/2": ["forget"]})
    with pytest.raises(RefusedError, match=r"role and enabled are .*nothing stands"):
        client.update(ACCOUNT, identity, state, {**news, "role": "Operator"})
    with pytest.raises(RefusedError, match="there is no role Emperor; there are Administrator"):
        client.update(ACCOUNT, identity, state, {**news, "role": "Emperor"})
    assert accounts(served) == {"audit": (FIRST, "ReadOnly", True)}


def test_a_password_of_unknown_fate_is_said(served: Bmcs, client: Client) -> None:
    news = inputs(served, client)
    identity, state = client.create(ACCOUNT, news)
    served.faults("srv-001", change={f"{ACCOUNTS}/2": ["drop"]})
    later = {**news, "secret": "audit-next"}
    with pytest.raises(
        RefusedError, match=r"may have the old password or the new one. Run `up` again"
    ) as refused:
        client.update(ACCOUNT, identity, state, later)
    assert refused.value.half_done is not None
    client.update(ACCOUNT, identity, refused.value.half_done[1], later)
    assert accounts(served) == {"audit": (SECOND, "ReadOnly", True)}


def test_the_account_the_stack_logs_in_with_is_left_alone(served: Bmcs, client: Client) -> None:
    news = inputs(served, client, userName=LOGIN[0], role="Administrator")
    place = f"srv-001@{news['address']}:{news['port']}/{LOGIN[0]}"
    identity, state, _ = client.read(ACCOUNT, place)
    for change in (news, {**news, "enabled": False}, {**news, "role": "ReadOnly"}):
        with pytest.raises(RefusedError, match="the one the stack itself logs in with"):
            client.update(ACCOUNT, identity, state, change)
    with pytest.raises(RefusedError, match="the one the stack itself logs in with"):
        client.delete(ACCOUNT, identity, state)
    assert accounts(served) == {}


def test_controllers_with_a_fixed_number_of_places(served: Bmcs, client: Client) -> None:
    served["srv-001"].row["places"] = True
    served["srv-001"].accounts[2] = Account("", "", "ReadOnly", enabled=False)
    identity, state = client.create(ACCOUNT, inputs(served, client))
    assert accounts(served) == {"audit": (FIRST, "ReadOnly", True)}
    client.delete(ACCOUNT, identity, state)
    assert accounts(served) == {"": (FIRST, "ReadOnly", False)}


def test_a_secret_that_is_not_set_is_named_before_anything_is_sent(served: Bmcs) -> None:
    with provider_for(served, {"RW_TEST_AUDIT": ""}) as own:
        news = inputs(served, own)
        with pytest.raises(RefusedError, match="secret audit: environment variable RW_TEST_AUDIT is not set"):
            own.create(ACCOUNT, news)
        assert own.create(ACCOUNT, news, preview=True)[1]["userName"] == "audit"
    assert accounts(served) == {}


def test_a_password_in_place_of_its_name_is_refused_and_not_shown(served: Bmcs, client: Client) -> None:
    wrong = {**served.place("srv-001"), "userName": "audit", "secret": FIRST}
    ((field, reason),) = client.check(ACCOUNT, wrong)[1]
    assert field == "secret" and FIRST not in reason and "there are audit, audit-next" in reason


@pytest.mark.parametrize("field", ["userName", "secret", "device", "address"])
def test_what_is_missing_is_said(served: Bmcs, client: Client, field: str) -> None:
    given = {**served.place("srv-001"), "userName": "audit", "secret": "audit"}
    del given[field]
    assert field in [f for f, _ in client.check(ACCOUNT, given)[1]]


def test_no_password_is_in_any_answer(served: Bmcs, client: Client) -> None:
    news = inputs(served, client)
    identity, state = client.create(ACCOUNT, news)
    served.faults("srv-001", change={f"{ACCOUNTS}/2": [400]})
    with pytest.raises(RefusedError) as refused:
        client.update(ACCOUNT, identity, state, {**news, "role": "Operator"})
    text = f"{identity}{state}{refused.value}{client.read(ACCOUNT, identity, state, news)}"
    assert not any(secret in text for secret in (FIRST, SECOND, *LOGIN))
