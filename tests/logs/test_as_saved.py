"""Logs as people save them: other columns, other quotes, copies beside them, one of many addresses that fails."""

from __future__ import annotations

import csv
import gzip
import io
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from diagnostics import Report
from diagnostics.logs import summary
from diagnostics.logs.answer import answer, find
from diagnostics.logs.finding import without_copies
from diagnostics.logs.following import Follower
from diagnostics.logs.judging import Judged, judged
from diagnostics.logs.model import LogSummary
from diagnostics.logs.tally import Only
from tests.logs.reading import generated, write
from tests.logs_generator import Plan

TEXT, TRUTH = generated(Plan(size=120_000))
_COLUMNS = "date-time,connector-id,session-id,sequence-number,local-endpoint,remote-endpoint,event,data,context"
_RECEIVES = f"#Log-type: SMTP Receive Protocol Log\r\n#Fields: {_COLUMNS}\r\n"
_SENDS = f"#Log-type: SMTP Send Protocol Log\r\n#Fields: {_COLUMNS}\r\n"
_TRACKED = "date-time,client-ip,source,event-id,connector-id,network-message-id,recipient-status,server-hostname"


def _log(report: Report) -> LogSummary:
    assert report.log is not None
    return report.log


def _answer(text: str, folder: Path) -> Report:
    return answer(find(write(folder, text)))


def _again(text: str, columns: str, quoting: int) -> str:
    """The text as another program writes it: its columns in this order."""
    order = [_COLUMNS.split(",").index(name) for name in columns.split(",")]
    out = io.StringIO()
    for line in text.splitlines():
        if line.startswith("#"):
            out.write((f"#Fields: {columns}" if line.startswith("#Fields") else line) + "\r\n")
        else:
            cells = next(csv.reader([line]))
            csv.writer(out, quoting=quoting).writerow([cells[place] for place in order])  # type: ignore[arg-type]
    return out.getvalue()


def _other_order(text: str) -> str:
    order = "session-id,sequence-number,event,data,context,remote-endpoint,local-endpoint,connector-id,date-time"
    return _again(text, order, csv.QUOTE_MINIMAL)


def _all_quoted(text: str) -> str:
    return _again(text, _COLUMNS, csv.QUOTE_ALL)


@pytest.mark.parametrize("saved", [_other_order, _all_quoted])
def test_the_same_sessions_are_judged_alike_in_whatever_columns(saved: Callable[[str], str], tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    text = saved(TEXT)
    plain, other = _answer(TEXT, tmp_path / "a"), _answer(text, tmp_path / "b")
    assert plain.verdict == other.verdict == "failure"
    assert [(each.cause, each.belief) for each in other.findings] == [
        (each.cause, each.belief) for each in plain.findings
    ]
    assert _log(other).bad == 0
    for one, two in zip(_log(plain).failures, _log(other).failures, strict=True):
        assert (one.error, one.sessions, one.episodes) == (two.error, two.sessions, two.episodes)
    lines = text.split("\r\n")
    quotes = [each for finding in other.findings for each in finding.evidence]
    assert quotes
    assert all(lines[each.line - 1] == each.quote for each in quotes)


def test_the_order_of_the_columns_may_change_in_the_middle_of_a_file(tmp_path: Path) -> None:
    tails = ("+,,", "<,250 2.6.0 <1@contoso.com> Queued mail for delivery,", ">,QUIT,", "-,,Local")
    before = "".join(
        f"2026-11-17T08:00:0{number}.000Z,Another,08DE2A6B91C0F4A2,{number},192.0.2.20:1,192.0.2.25:25,{tail}\r\n"
        for number, tail in enumerate(tails)
    )
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    plain, changed = _answer(TEXT, tmp_path / "a"), tmp_path / "b" / "SEND.LOG"
    changed.write_text(_SENDS + before + _other_order(TEXT), newline="")
    report = answer(find([str(changed)]))
    followed = Follower(find([str(changed)]), Only()).poll()
    assert [each.cause for each in report.findings] == [each.cause for each in plain.findings]
    assert {each.cause for one in followed for each in one.findings} == {each.cause for each in plain.findings}


def test_a_log_with_failures_is_never_healthy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def blind(*given: Any) -> Judged:
        found = judged(*given)
        return Judged(found.report.model_copy(update={"verdict": "healthy", "findings": ()}), found.entry, found.paste)

    monkeypatch.setattr(summary, "judged", blind)
    assert _answer(TEXT, tmp_path).verdict == "unknown"


def test_a_greylist_is_no_failure_and_an_unknown_one_beside_it_is(tmp_path: Path) -> None:
    def text(replies: Iterable[str]) -> str:
        rows = (_mail(minute, reply) for minute, reply in enumerate(replies))
        return _SENDS + "".join(row for some in rows for row in some)

    taken, later = (
        "250 2.6.0 <x@contoso.com> Queued mail for delivery",
        "450 4.2.0 <b@fabrikam.com>: Greylisted, see later",
    )
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    assert _answer(text((taken, later, taken)), tmp_path / "a").verdict == "healthy"
    mixed = _answer(text((taken, later, taken, later, taken, "550 5.9.9 Quux")), tmp_path / "b")
    assert mixed.verdict == "failure"
    assert [each.cause for each in mixed.findings].index("quota-throttle.remote.greylisting") > 0


def _mail(minute: int, reply: str) -> Iterable[str]:
    tails = (
        "+,,",
        "<,220 mx.fabrikam.com ESMTP,",
        ">,EHLO mail.contoso.com,",
        "<,250 mx.fabrikam.com,",
        ">,RCPT TO:<b@fabrikam.com>,",
    )
    for number, tail in enumerate((*tails, f"<,{reply},", ">,QUIT,", "-,,Local")):
        at = f"2026-11-18T08:{minute:02}:0{number}.000Z"
        yield f"{at},Internet,08DE2A6B91C0E{minute:03},{number},192.0.2.20:1,192.0.2.25:25,{tail}\r\n"


def test_copies_are_counted_once_and_named(tmp_path: Path) -> None:
    (tmp_path / "SEND1.LOG").write_text(TEXT, newline="")
    (tmp_path / "SEND1 - Copy.LOG").write_text(TEXT, newline="")
    (tmp_path / "SEND1.LOG.gz").write_bytes(gzip.compress(TEXT.encode()))
    (tmp_path / "saved at noon.log").write_text(TEXT[: len(TEXT) // 3], newline="")
    found = without_copies(find([str(tmp_path)]))
    log = _log(answer(found))
    assert (len(log.files), log.kinds[0].sessions, log.lines) == (1, TRUTH.count, TRUTH.lines)
    assert len([each for each in log.problems if "is a copy of" in each]) == 3


def test_logs_that_begin_at_the_same_time_are_no_copies(tmp_path: Path) -> None:
    """Two servers begin a file at midnight, to the millisecond; one more has nothing in it yet."""
    (tmp_path / "EX01.LOG").write_text(TEXT, newline="")
    (tmp_path / "EX02.LOG").write_text(TEXT.replace("08DE", "09DE"), newline="")
    (tmp_path / "EX03.LOG").write_text(_SENDS, newline="")
    (tmp_path / "EX04.LOG").write_text(_SENDS, newline="")
    found = without_copies(find([str(tmp_path)]))
    assert (len(found.logs), found.problems) == (4, [])


def test_a_packed_log_in_an_archive_is_read_and_an_archive_in_it_named(tmp_path: Path) -> None:
    path = tmp_path / "logs.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("EX01/SEND.LOG.gz", gzip.compress(TEXT.encode()))
        archive.writestr("EX02/all.zip", b"PK\x05\x06" + bytes(18))
    found = find([str(path)])
    assert _log(answer(found)).kinds[0].sessions == TRUTH.count
    assert ["EX02/all.zip" in problem for problem in found.problems] == [True]


def _tracked(minute: int, status: str) -> str:
    return f"2026-11-18T08:{minute:02}:00.000Z,,AGENT,FAIL,,2d0b7a1c-6f0e-4a55-2b7c-08de2a6c3f{minute:02},{status},\r\n"


def test_what_a_block_of_the_tracking_log_says_names_the_failure(tmp_path: Path) -> None:
    block = "[{LED=550 %s};{MSG=};{FQDN=};{IP=};{LRT=}]"
    said = (
        "5.7.1 TRANSPORT.RULES.RejectMessage; the message was rejected",
        "5.1.10 RESOLVER.ADR.RecipientNotFound; not found",
    )
    rows = (_tracked(minute, block % said[minute % 2]) for minute in range(10))
    head = f"#Log-type: Message Tracking Log\r\n#Fields: {_TRACKED}\r\n"
    failed = {each.error: each.sessions for each in _log(_answer(head + "".join(rows), tmp_path)).failures}
    assert failed == {f"FAIL: 550 {reply}": 5 for reply in said}


def _call(minute: int, client: str, reply: str) -> Iterable[str]:
    tails = ("+,,", "<,EHLO printer,", "<,MAIL FROM:<a@contoso.com>,", f">,{reply},", "<,QUIT,", "-,,Local")
    for number, tail in enumerate(tails):
        at = f"2026-11-18T{8 + minute // 60:02}:{minute % 60:02}:0{number}.000Z"
        yield f"{at},EX01\\Relay,08DE2A6B91C0F{minute:03},{number},192.0.2.20:25,{client}:5000,{tail}\r\n"


_TAKEN = "250 2.6.0 <x@contoso.com> Queued mail for delivery"
_REFUSED = "550 5.7.54 SMTP; Unable to relay recipient in non-accepted domain"


def _calls(worked: bool) -> str:
    """Clients of a relay: one of them is refused from minute 30 on, every other minute."""
    rows = []
    for minute in range(90):
        refused = minute >= 30 and minute % 2 == 1
        late = "192.0.2.66" if refused or (worked and minute == 10) else f"192.0.2.{77 + minute % 3}"
        rows += _call(minute, late, _REFUSED if refused else _TAKEN)
    return _RECEIVES + "".join(rows)


@pytest.mark.parametrize("worked", [True, False])
def test_what_others_achieve_is_no_success_of_the_one_that_fails(worked: bool, tmp_path: Path) -> None:
    (failure,) = _log(_answer(_calls(worked), tmp_path)).failures
    (episode,) = failure.episodes
    assert (failure.sessions, episode.steady, episode.elsewhere, failure.ongoing) == (30, True, True, True)
    assert episode.last_success == ("2026-11-18T08:10:04.000Z" if worked else "")
    assert episode.next_success == ""
    assert "the remote address" not in {each.what for each in episode.changes}


def test_a_connector_that_is_down_works_again_with_whichever_address(tmp_path: Path) -> None:
    rows = []
    for minute in range(60):
        down = 20 <= minute < 40
        client = f"192.0.2.{77 + minute % 3 + (10 if down else 0)}"
        rows += _call(minute, client, "451 4.7.0 Temporary server error" if down else _TAKEN)
    (failure,) = _log(_answer(_RECEIVES + "".join(rows), tmp_path)).failures
    (episode,) = failure.episodes
    assert (episode.last_success[11:16], episode.next_success[11:16], failure.ongoing) == ("08:19", "08:40", False)
    assert not episode.elsewhere


def test_what_was_asked_for_and_is_not_there_is_said(tmp_path: Path) -> None:
    names = write(tmp_path, TEXT)
    report = answer(find(names), Only(since="2031-01-01", connector="Partner & Söhne"))
    (problem,) = _log(report).problems
    assert "2031-01-01" in problem
    assert "Partner & Söhne" in problem
    assert TEXT.splitlines()[5][:24] in problem
    assert _log(answer(find(names), Only(until="2031-01-01"))).problems == ()


def test_a_log_that_is_followed_is_told_with_what_was_read(tmp_path: Path) -> None:
    (report, *_) = Follower(find(write(tmp_path, TEXT)), Only()).poll()
    assert (_log(report).lines, [kind.kind for kind in _log(report).kinds]) == (TRUTH.lines, ["smtp-send-log"])


@pytest.mark.parametrize(("allowed", "changed"), [(10485760, True), (157286400, False)])
def test_a_limit_that_went_down_is_a_change(allowed: int, changed: bool, tmp_path: Path) -> None:
    rows = []
    for minute, (size, reply) in enumerate(
        ((157286400, _TAKEN), (allowed, "552 5.3.4 Message size exceeds fixed limit"))
    ):
        tails = (
            "+,,", "<,220 mx.fabrikam.com ESMTP,", ">,EHLO mail.contoso.com,", "<,250-mx.fabrikam.com Hello [203.0.113.10],",
            f"<,250-SIZE {size},", "<,250 CHUNKING,", ">,MAIL FROM:<a@contoso.com> SIZE=1,", f"<,{reply},", ">,QUIT,",
        )  # fmt: skip
        rows += [
            f"2026-11-18T08:0{minute}:{number:02}.000Z,Internet,08DE2A6B91C0F0{minute}0,{number},192.0.2.20:1,192.0.2.25:25,{tail}\r\n"
            for number, tail in enumerate(tails)
        ]
    (failure,) = _log(_answer(_SENDS + "".join(rows), tmp_path)).failures
    changes = [(each.what, each.before, each.after) for each in failure.episodes[0].changes]
    told = ("the size that the EHLO reply allows", "157,286,400 bytes", "10,485,760 bytes")
    assert changes == ([told] if changed else [])
