"""Services, component states, and the tests of mail flow."""

from __future__ import annotations

import pytest
from hypothesis import given

from diagnostics.mail_facts import Configured
from tests.diagnostics.recognisers.reading import CHATTER, artefacts, damaged, facts, one

SERVICES = """Role                    : Mailbox Server Role
RequiredServicesRunning : False
ServicesRunning         : {IISAdmin, MSExchangeADTopology, MSExchangeIS}
ServicesNotRunning      : {}

Role                    : Hub Transport Server Role
RequiredServicesRunning : False
ServicesRunning         : {IISAdmin, MSExchangeADTopology}
ServicesNotRunning      : {MSExchangeEdgeSync, MSExchangeTransport}"""
COMPONENTS = """Server                  Component            State
------                  ---------            -----
EX01.corp.contoso.com   ServerWideOffline    Active
EX01.corp.contoso.com   HubTransport         Draining
EX01.corp.contoso.com   FrontendTransport    Inactive
EX01.corp.contoso.com   ForwardSyncDaemon    Inactive"""
TABLE = """Status   Name               DisplayName
------   ----               -----------
Running  MSExchangeDelivery Microsoft Exchange Mailbox Transport Delivery
Stopped  MSExchangeTranspo{} Microsoft Exchange Transport
Stopped  MSExchangeImap4    Microsoft Exchange IMAP4"""
EDGE = """SyncStatus                  : Failed
Name                        : EDGE01
FailureDetail               : The supplied credential is invalid.
LastSynchronizedUtc         : 02/11/2026 03:10:44"""


def test_the_list_of_stopped_services_counts_not_the_boolean() -> None:
    mailbox, hub = facts(SERVICES, Configured)
    assert (mailbox.kind, mailbox.name, mailbox.failing) == ("service-health", "Mailbox Server Role", False)
    assert (hub.failing, hub.items("ServicesNotRunning")) == (True, ("MSExchangeEdgeSync", "MSExchangeTransport"))


@pytest.mark.parametrize(("stopped", "failing"), [("{}", [False, False]), ("{MSExchangeTransport}", [False, True])])
def test_services_as_a_table(stopped: str, failing: list[bool]) -> None:
    text = f"""Role                      RequiredServicesRunning ServicesRunning            ServicesNotRunning
----                      ----------------------- ---------------            ------------------
Mailbox Server Role       True                    {{IISAdmin, MSExchangeA...}} {{}}
Hub Transport Server Role {"True " if stopped == "{}" else "False"}                   {{IISAdmin, MSExchangeA...}} {stopped}"""
    assert [(each.kind, each.failing) for each in facts(text, Configured)] == [
        ("service-health", each) for each in failing
    ]


def test_services_as_a_table_whose_blanks_a_chat_has_taken() -> None:
    text = "Role RequiredServicesRunning ServicesRunning ServicesNotRunning\n---- ---- ---- ----\n"
    fine, bad = (
        "Mailbox Server Role True {IISAdmin, MSEx...} {}",
        "Edge Server Role False {IISAdmin} {MSExchangeTransport}",
    )
    assert [each.failing for each in facts(f"{text}{fine}\n{bad}", Configured)] == [False, True]


def test_services_as_two_columns() -> None:
    text = "Role                RequiredServicesRunning\n----                -----------------------\n"
    assert one(f"{text}Mailbox Server Role                   False", Configured).failing
    assert not facts("The Role of RequiredServicesRunning\nis to say whether all is well", Configured)


def test_component_states() -> None:
    found = facts(COMPONENTS, Configured)
    assert [(each.name, each.get("State"), each.failing) for each in found] == [
        ("ServerWideOffline", "Active", False),
        ("HubTransport", "Draining", True),
        ("FrontendTransport", "Inactive", True),
        ("ForwardSyncDaemon", "Inactive", False),
    ]


def test_a_component_as_a_list() -> None:
    text = "Server : EX01\nComponent : HubTransport\nState : Inactive"
    assert (one(text, Configured).name, one(text, Configured).failing) == ("HubTransport", True)


def test_services_that_are_stopped_by_default_are_no_failure() -> None:
    found = facts(TABLE.replace("o{}", "ort"), Configured)
    assert [each.name for each in found if each.failing] == ["MSExchangeTransport"]


@pytest.mark.parametrize(("result", "failing"), [("Success", False), ("*FAILURE*", True)])
def test_mail_flow(result: str, failing: bool) -> None:
    listed = f"TestMailflowResult : {result}\nMessageLatencyTime : 00:00:03.1419\nIsRemoteTest       : True"
    names = ("TestMailflowResult", "MessageLatencyTime", "IsRemoteTest")
    table = "\n".join(
        f"{a:18} {b:18} {c}" for a, b, c in (names, ["-" * len(n) for n in names], (result, "00:00:03.1419", "True"))
    )
    for text in (listed, table):
        found = one(text, Configured)
        assert (found.kind, found.failing, found.get("TestMailflowResult")) == ("mailflow-test", failing, result)


def test_smtp_connectivity() -> None:
    text = """Server ReceiveConnector Binding    StatusCode       Details EndPoint
------ ---------------- -------    ----------       ------- --------
EX01   Default_EX01     0.0.0.0:25 UnableToConnect          192.0.2.20:25
EX01   Client_EX01      0.0.0.0:587 Success                 192.0.2.20:587"""
    assert [(each.name, each.failing) for each in facts(text, Configured)] == [
        ("Default_EX01", True),
        ("Client_EX01", False),
    ]


@pytest.mark.parametrize(
    ("text", "failing"), [(EDGE, True), ("SyncStatus : Normal\nLastSynchronizedUtc : 1/1/2026", False)]
)
def test_edge_synchronization(text: str, failing: bool) -> None:
    assert (one(text, Configured).kind, one(text, Configured).failing) == ("edge-sync", failing)


@given(damaged("\n\n".join((SERVICES, COMPONENTS, TABLE, EDGE))))
def test_damage_never_raises(text: str) -> None:
    artefacts(text)


@pytest.mark.parametrize(
    "text", [*CHATTER, "Stopped working at noon\nRunning late to the review", "Component: kitchen\nState: messy"]
)
def test_chatter_is_none(text: str) -> None:
    assert not facts(text, Configured)
