"""What our own steps and questions ask to be run, pasted back: it settles the cause where it has the fault, and rules it out
where it is in order. shown/*.toml has, by cause, what was told first, and what is printed in both worlds.
"""

from __future__ import annotations

import inspect
import tomllib
from pathlib import Path
from typing import Final

import pytest

from diagnostics import diagnose
from diagnostics.cause import catalogue
from diagnostics.report import Report

_KNOWN: Final = {
    f"{id_}-{number}": (id_, entry)
    for path in sorted(Path(__file__).with_name("shown").glob("*.toml"))
    for id_, entries in tomllib.loads(path.read_text(encoding="utf-8")).items()
    for number, entry in enumerate(entries)
}
_WITH: Final = {world: [name for name, (_, entry) in _KNOWN.items() if world in entry] for world in ("fault", "clean")}
_LOOKING: Final = [each for each in catalogue().values() if each.look]


def _belief(report: Report, id_: str) -> str:
    if any(each.cause == id_ for each in report.ruled_out):
        return "ruled out"
    return next((each.belief for each in report.findings if each.cause == id_), "none")


@pytest.mark.parametrize("name", _KNOWN)
def test_it_is_a_suspect_before(name: str) -> None:
    id_, entry = _KNOWN[name]
    assert _belief(diagnose(entry["text"]), id_) in ("possible", "likely")


@pytest.mark.parametrize("name", _WITH["fault"])
def test_what_has_the_fault_settles_it(name: str) -> None:
    id_, entry = _KNOWN[name]
    report = diagnose(entry["text"], followups=[entry["fault"]])
    assert report.verdict == "failure"
    assert (report.findings[0].cause, report.findings[0].belief) in ((id_, "likely"), (id_, "confirmed"))


@pytest.mark.parametrize("name", _WITH["clean"])
def test_what_is_in_order_rules_it_out(name: str) -> None:
    id_, entry = _KNOWN[name]
    report = diagnose(entry["text"], followups=[entry["clean"]])
    assert _belief(report, id_) == "ruled out"
    assert report.verdict in ("failure", "unknown"), "whoever tells of a failure hears no all-clear"


@pytest.mark.parametrize("each", _LOOKING, ids=lambda each: each.id)
def test_a_look_is_seen_in_both_worlds(each) -> None:  # type: ignore[no-untyped-def]
    show = each.show
    assert show is not None
    assert all(parameter.mode == "all" for parameter in each.looked), "it is given every fact of a kind"
    told = inspect.getsource(show)
    worlds = {
        world for id_, entry in _KNOWN.values() if id_ == each.id for world in ("fault", "clean") if world in entry
    }
    assert worlds >= {"clean"} or "RULED_OUT" not in told
    assert worlds >= {"fault"} or ("LIKELY" not in told and "CONFIRMED" not in told)
    assert worlds


_EVERYDAY: Final = """
TimeCreated  : 6/1/2026 9:10:00 AM
ProviderName : Schannel
Id           : 36887
Message      : A fatal alert was received from the remote endpoint. The TLS protocol defined fatal alert code is 46.

TimeCreated  : 6/1/2026 8:31:12 AM
ProviderName : MSExchangeTransport
Id           : 1035
Message      : Inbound authentication failed with error LogonDenied for Receive connector Client Proxy EX1. The
               authentication mechanism is Login. The source IP address of the client who tried to authenticate to
               Microsoft Exchange is [10.8.0.40].

TimeCreated  : 6/1/2026 7:02:44 AM
ProviderName : Schannel
Id           : 36874
Message      : An TLS 1.2 connection request was received from a remote client application, but none of the cipher
               suites supported by the client application are supported by the server."""


def test_what_every_server_logs_makes_nothing_likely() -> None:
    text = "Our gateway gets 452 4.3.1 Insufficient system resources from Exchange."
    report = diagnose(text, followups=[_EVERYDAY])
    assert all(each.belief == "possible" for each in report.findings)
