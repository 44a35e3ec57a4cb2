"""What is told of a watched target: each state once as it begins and once as it ends, whatever the looks show."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnostics.checks.outcomes import Outcome
from diagnostics.watching import Change, Memory, Snapshot, judge, next_look
from diagnostics.watching.certificates import DAYS
from diagnostics.watching.changes import FORGET, SOON
from diagnostics.watching.model import Certificate, Fault

NOW = datetime(2026, 3, 24, 12, tzinfo=UTC)
HOST = "mx1.contoso.com"
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def certificate(thumbprint: str = "A1", *, days: float = 300, **more: Any) -> Certificate:
    subject = more.pop("subject", f"CN={HOST}")
    issuer = more.pop("issuer", "CN=Example CA 1")
    names = more.pop("names", (HOST,))
    ends = NOW + timedelta(days=days)
    return Certificate(
        thumbprint=thumbprint,
        issuer=issuer,
        subject=subject,
        name=f"<I>{issuer}<S>{subject}",
        names=names,
        ends=ends,
        **more,
    )


def fault(outcome: Outcome = "starttls_not_offered", place: str = HOST, check: str = "starttls") -> Fault:
    says = f"{place} {outcome}"
    return Fault(check=check, place=place, outcome=outcome, severity="failing", says=says, subject=place)


def seen(
    *faults: Fault,
    looked: bool = True,
    records: dict[str, tuple[str, ...]] | None = None,
    shown: dict[str, tuple[Certificate, ...]] | None = None,
) -> Snapshot:
    places = {(each, HOST) for each in ("starttls", "smtp")} if looked else set()
    places |= {("starttls", host) for host in shown or {}}
    places |= {(each.check, each.place) for each in faults}
    found = {f"{each.check} {each.outcome} {each.place}": each for each in faults}
    return Snapshot(frozenset(places), found, records or {}, shown or {})


@dataclass
class Looks:
    """Looks in a row, an hour apart unless told otherwise."""

    memory: Memory | None = None
    now: datetime = NOW
    told: list[Change] = field(default_factory=list)
    again: bool = False

    def at(self, found: Snapshot, after: timedelta = HOUR) -> tuple[Change, ...]:
        self.now += after if self.memory is not None else timedelta(0)
        judged = judge(self.memory, found, self.now)
        # What is stored is read back in life.
        self.memory, self.again = Memory.model_validate_json(judged.memory.model_dump_json()), judged.again
        self.told += judged.changes
        return judged.changes


def kinds(changes: tuple[Change, ...]) -> list[str]:
    return [change.kind for change in changes]


def test_the_first_look_is_what_others_are_compared_with() -> None:
    looks = Looks()
    assert looks.at(seen(fault(), shown={HOST: (certificate(days=10),)})) == ()
    assert looks.at(seen(fault(), shown={HOST: (certificate(days=10),)})) == ()
    assert looks.memory
    assert set(looks.memory.open()) == {f"starttls starttls_not_offered {HOST}", "expiring A1"}


def test_a_fault_is_told_when_a_second_look_shows_it_and_once() -> None:
    looks = Looks()
    looks.at(seen())
    assert looks.at(seen(fault())) == ()
    assert looks.again
    [change] = looks.at(seen(fault()))
    assert (change.kind, change.severity) == ("fault", "failing")
    assert "Get-ReceiveConnector" in change.steps[0].command
    assert not looks.again
    assert looks.at(seen(fault())) == ()


def test_a_fault_that_the_second_look_does_not_show_is_not_told() -> None:
    looks = Looks()
    looks.at(seen())
    for _ in range(5):
        assert looks.at(seen(fault())) == ()
        assert looks.at(seen()) == ()


def test_its_end_is_told_when_two_looks_do_not_show_it() -> None:
    looks = Looks()
    for found in (seen(), seen(fault()), seen(fault())):
        looks.at(found)
    assert looks.at(seen()) == ()
    assert looks.again
    [change] = looks.at(seen())
    assert (change.kind, change.key) == ("over", f"starttls starttls_not_offered {HOST}")
    assert looks.at(seen()) == ()


def test_what_comes_and_goes_has_to_stay_away_longer_each_time() -> None:
    looks = Looks()
    looks.at(seen())
    for clean in (2, 4, 8, 16, 16):
        assert kinds((*looks.at(seen(fault())), *looks.at(seen(fault())))) == ["fault"]
        assert [kinds(looks.at(seen())) for _ in range(clean)] == [[]] * (clean - 1) + [["over"]]


def test_where_could_not_be_looked_nothing_changes() -> None:
    looks = Looks()
    for found in (seen(), seen(fault()), seen(fault())):
        looks.at(found)
    for _ in range(20):
        assert looks.at(seen(looked=False)) == ()
    assert looks.at(seen(fault())) == ()


def test_a_second_look_that_could_not_look_leaves_a_fault_waiting() -> None:
    looks = Looks()
    for found in (seen(), seen(fault()), seen(looked=False)):
        assert looks.at(found) == ()
    assert not looks.again
    assert kinds(looks.at(seen(fault()))) == ["fault"]


def test_what_a_certificate_shows_is_certain_at_once() -> None:
    looks = Looks()
    looks.at(seen())
    assert kinds(looks.at(seen(fault("cert_expired")))) == ["fault"]


@pytest.mark.parametrize("every", [timedelta(minutes=15), 6 * HOUR, DAY, 7 * DAY])
def test_each_threshold_is_told_once_whatever_the_schedule(every: timedelta) -> None:
    looks = Looks()
    held = seen(shown={HOST: (certificate(days=40),)})
    looks.at(held)
    left = []
    while looks.now < NOW + 41 * DAY:
        assert looks.memory
        due = next_look(looks.memory, looks.now, every, again=looks.again)
        for change in looks.at(held, due - looks.now):
            left.append((certificate(days=40).ends - looks.now) / DAY)
            assert change.kind == "expiring"
    assert [days for days, at in zip(DAYS, left, strict=True) if days - 0.1 < at <= days] == list(DAYS)


def test_after_a_long_pause_only_the_nearest_threshold_is_told() -> None:
    looks = Looks()
    held = seen(shown={HOST: (certificate(days=40),)})
    looks.at(held)
    [change] = looks.at(held, 38 * DAY)
    assert "ends in 2 days" in change.says
    assert change.severity == "failing"


def test_a_certificate_for_several_hosts_is_told_once() -> None:
    looks = Looks()
    held = (certificate(days=40),)
    both = seen(shown={HOST: held, "mx2.contoso.com": held})
    looks.at(both)
    [change] = looks.at(both, 11 * DAY)
    assert change.says.startswith(f"The certificate of {HOST}, mx2.contoso.com ends in 29 days")
    new = (certificate("B2"),)
    changes = looks.at(seen(shown={HOST: new, "mx2.contoso.com": new}))
    assert [(each.kind, each.key) for each in changes] == [("certificate", "certificate B2"), ("over", "expiring A1")]


def test_a_certificate_that_is_not_shown_because_tls_is_gone_is_not_over() -> None:
    looks = Looks()
    looks.at(seen(shown={HOST: (certificate(days=10),)}))
    for _ in range(3):
        assert "over" not in kinds(looks.at(seen(fault())))


def test_an_intermediate_that_ends_first_is_named() -> None:
    looks = Looks()
    held = seen(shown={HOST: (certificate(days=40, link="CN=Example Intermediate"),)})
    looks.at(held)
    [change] = looks.at(held, 12 * DAY)
    assert change.says.startswith('The intermediate certificate "CN=Example Intermediate" of')


def test_a_changed_certificate_names_the_settings_that_may_name_the_old_one() -> None:
    looks = Looks()
    old = certificate("A1", names=(HOST, "mail.contoso.com"))
    new = certificate("B2", issuer="CN=Example CA 2")
    looks.at(seen(shown={HOST: (old,)}, records={f"dane {HOST}:25": ("3 1 1 ab",)}))
    [change] = looks.at(seen(shown={HOST: (new,)}, records={f"dane {HOST}:25": ("3 1 1 ab",)}))
    commands = "\n".join(step.command for step in change.steps)
    assert "-eq '<I>CN=Example CA 1<S>CN=mx1.contoso.com'" in commands
    assert all(
        name in commands
        for name in ("Get-SendConnector", "Get-ReceiveConnector", "TlsSenderCertificateName", "TlsDomain")
    )
    assert f"TLSA _25._tcp.{HOST}" in commands
    assert any("no longer carries mail.contoso.com" in step.say for step in change.steps)
    assert "thumbprint A1" in change.before[0]
    assert "thumbprint B2" in change.after[0]


def test_a_renewal_under_the_same_name_asks_for_old_copies() -> None:
    looks = Looks()
    looks.at(seen(shown={HOST: (certificate("A1"),)}))
    [change] = looks.at(seen(shown={HOST: (certificate("B2"),)}))
    [step] = change.steps
    assert step.command.startswith("Get-ExchangeCertificate | Where-Object { $_.Subject -eq 'CN=mx1.contoso.com' }")


def test_servers_that_take_turns_with_their_certificates_are_no_news() -> None:
    looks = Looks()
    one, two = (certificate("A1"),), (certificate("B2"),)
    looks.at(seen(shown={HOST: one}))
    assert kinds(looks.at(seen(shown={HOST: two}))) == ["certificate"]
    for _ in range(10):
        assert looks.at(seen(shown={HOST: one})) == ()
        assert looks.at(seen(shown={HOST: two})) == ()
    assert kinds(looks.at(seen(shown={HOST: one}), FORGET)) == ["certificate"]


def test_records_that_change_are_told_when_two_looks_agree() -> None:
    looks = Looks()
    key = "mx contoso.com"
    looks.at(seen(records={key: ("10 mx1.contoso.com",)}))
    assert looks.at(seen(records={key: ("10 evil.example",)})) == ()
    assert looks.again
    assert looks.at(seen(records={key: ("10 mx1.contoso.com",)})) == ()
    assert looks.at(seen(records={key: ("10 mx9.contoso.com",)})) == ()
    [change] = looks.at(seen(records={key: ("10 mx9.contoso.com",)}))
    assert change.says == "The MX records of contoso.com changed"
    assert (change.before, change.after) == (("10 mx1.contoso.com",), ("10 mx9.contoso.com",))


def test_what_was_told_of_a_host_that_is_no_mail_server_any_more_is_over() -> None:
    looks = Looks()
    key, host = "mx contoso.com", ("10 mx1.contoso.com",)
    for faults in ((), (fault(),), (fault(),)):
        looks.at(seen(*faults, records={key: host}, shown={HOST: (certificate(days=10),)}))
    moved = seen(looked=False, records={key: ("10 mx9.contoso.com",)})
    looks.at(moved)
    assert {(each.kind, each.key.partition(" ")[0]) for each in looks.at(moved)} == {
        ("record", "record"),
        ("over", "starttls"),
        ("over", "expiring"),
    }
    assert looks.memory
    assert looks.memory.open() == ()


def test_the_next_look_comes_soon_only_after_something_unproven() -> None:
    memory = Memory()
    assert next_look(memory, NOW, 6 * HOUR, again=False) == NOW + 6 * HOUR
    assert next_look(memory, NOW, 6 * HOUR, again=True) == NOW + SOON


_FAULTS = (
    fault(),
    fault("cert_expired"),
    fault("connection_timeout", check="smtp"),
    fault("dnsbl_listed", "203.0.113.9 on zen.example", "dnsbl"),
)
_HELD = (certificate("A1", days=20), certificate("B2", days=35), certificate("C3", days=2))


@st.composite
def snapshots(draw: st.DrawFn) -> Snapshot:
    faults = draw(st.lists(st.sampled_from(_FAULTS), unique=True))
    shown = draw(st.lists(st.sampled_from(_HELD), unique=True, max_size=2))
    records = draw(st.sampled_from([{}, {"mx contoso.com": ("10 a",)}, {"mx contoso.com": ("10 b",)}]))
    return seen(*faults, looked=draw(st.booleans()), records=records, shown={HOST: tuple(shown)} if shown else {})


@given(st.lists(st.tuples(snapshots(), st.integers(0, 5000)), max_size=40))
def test_nothing_is_told_twice_for_the_same_state(steps: list[tuple[Snapshot, int]]) -> None:
    looks = Looks()
    opened: Counter[str] = Counter()
    days: dict[str, datetime] = {}
    for found, minutes in steps:
        first = looks.memory is None
        for change in looks.at(found, timedelta(minutes=minutes)):
            if change.kind == "over":
                assert opened.pop(change.key, 0)
            elif change.kind == "fault":
                assert not opened[change.key]
                opened[change.key] = 1
            elif change.kind == "expiring":
                days[change.key] = looks.now
                opened[change.key] = 1
        assert looks.memory
        if first:
            opened.update(looks.memory.open())
        assert set(looks.memory.open()) <= set(opened)
        # What is held in mind is bounded by what there is.
        assert len(looks.memory.faults) <= len(_FAULTS)


@given(st.lists(st.tuples(snapshots(), st.integers(0, 3000)), min_size=2, max_size=20))
def test_a_look_that_shows_the_same_again_and_again_falls_silent(steps: list[tuple[Snapshot, int]]) -> None:
    looks = Looks()
    for found, minutes in steps:
        looks.at(found, timedelta(minutes=minutes))
    last = steps[-1][0]
    for _ in range(17):
        looks.at(last, timedelta(seconds=1))
    assert [looks.at(last, timedelta(seconds=1)) for _ in range(3)] == [()] * 3


@given(
    st.lists(st.sampled_from(_HELD), min_size=1, max_size=30), st.lists(st.integers(1, 4000), min_size=30, max_size=30)
)
def test_a_threshold_is_told_once_however_certificates_take_turns(held: list[Certificate], waits: list[int]) -> None:
    looks = Looks()
    for each, minutes in zip(held, waits, strict=False):
        looks.at(seen(shown={HOST: (each,)}), timedelta(minutes=minutes))
    said = Counter(change.says.partition(",")[0] for change in looks.told if change.kind == "expiring")
    assert not said or len(said) <= len(DAYS) * len(_HELD)
    per_certificate = Counter(change.key for change in looks.told if change.kind == "expiring")
    assert all(count <= len(DAYS) for count in per_certificate.values())
