"""The draft of a post-mortem: what it says, what it never claims, and that nothing in it is markup of a stranger."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from diagnostics import diagnose
from diagnostics.redaction import Redactor
from handlers.blocks.happened import lasted
from handlers.blocks.markdown import fenced, inline, table
from handlers.blocks.post_mortem import Material, commands, post_mortem, title_of
from handlers.ports.history import Happened, Incident
from handlers.ports.thread import Thread
from tests.bot.pastes import FAILING

BEGAN = datetime(2026, 11, 18, 8, 13, tzinfo=UTC)
THREAD = Thread("T1", "C1", "1795000000.000100")
TYPED = "[PS] C:\\>Get-Queue EXCH01\\7 | Format-List\n" + FAILING
MINUTE = timedelta(minutes=1)


def incident(**more: object) -> Incident:
    return replace(
        Incident(THREAD, "resolved", "", "", "@U1", BEGAN, BEGAN + 95 * MINUTE, reports=1, reporters=1),
        **more,  # type: ignore[arg-type]  # fields of Incident
    )


def material(**more: object) -> Material:
    history = (
        Happened(BEGAN, "pasted", ("@U2",), message_ts=THREAD.ts),
        Happened(BEGAN + timedelta(seconds=3), "answered", detail="Likely: the key", message_ts="1795000003.000100"),
        Happened(BEGAN + 5 * MINUTE, "paged", ("@U1",)),
        Happened(BEGAN + 12 * MINUTE, "acknowledged", ("@U1",)),
        Happened(BEGAN + 95 * MINUTE, "resolved", ("@U1",)),
    )
    made = Material(
        report=diagnose(TYPED),
        incident=incident(),
        history=history,
        pasted=(TYPED,),
        redact=Redactor(keep_domains=True),
        names={"@U1": "Priya Nair", "@U2": "Alex"},
        links={THREAD.ts: "https://contoso.slack.com/archives/C1/p1795000000000100"},
    )
    return replace(made, **more)  # type: ignore[arg-type]  # fields of Material


def section(text: str, heading: str) -> str:
    return text.split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]


def test_it_has_its_sections_in_order() -> None:
    assert re.findall(r"^## (.+)$", post_mortem(material()), re.MULTILINE) == [
        "Summary",
        "Timeline",
        "Cause",
        "Proof",
        "What was run",
        "What it took",
        "Open questions",
    ]


def test_the_timeline_says_who_when_and_what_and_links_to_it() -> None:
    rows = section(post_mortem(material()), "Timeline").strip().splitlines()[2:]
    assert rows[0] == (
        "| 2026-11-18 08:13:00 | Alex | [pasted something](https://contoso.slack.com/archives/C1/p1795000000000100) |"
    )
    assert rows[1] == "| 2026-11-18 08:13:03 | Mailflow | Likely: the key |"
    assert rows[-1] == "| 2026-11-18 09:48:00 | Priya Nair | resolved it |"


def test_it_counts_what_it_took() -> None:
    took = section(post_mortem(material()), "What it took")
    assert "| Until the first answer | 3 s |" in took
    assert "| Until somebody had it | 12 min |" in took
    assert "| Until it was resolved | 1 h 35 min |" in took
    open_one = material(incident=incident(state="acknowledged", ended=None))
    assert "| Until it was resolved | not on record |" in section(post_mortem(open_one), "What it took")


def test_the_proof_is_quoted_without_addresses() -> None:
    proof = section(post_mortem(material()), "Proof")
    assert "TLS negotiation failed with error UnknownCredentials" in proof
    text = "550 5.1.1 <sam.okafor@fabrikam.com>: Recipient address rejected: User unknown"
    quoted = post_mortem(material(report=diagnose(text), pasted=(text,)))
    assert "sam.okafor" not in quoted
    assert "fabrikam.com" in section(quoted, "Proof")


def test_a_step_that_was_offered_is_not_said_to_have_been_taken() -> None:
    run = section(post_mortem(material()), "What was run")
    offered = run.index("Whether anybody took them is not on record")
    assert run.index("Get-Queue EXCH01") < offered
    nothing = section(post_mortem(material(pasted=(FAILING,))), "What was run")
    assert "Nobody said what was run." in nothing


def test_a_confirmed_cause_leaves_only_what_people_have_to_add() -> None:
    unsure, sure = material(), material(report=diagnose(FAILING))
    asked = section(post_mortem(unsure), "Open questions")
    assert all(line.startswith("- [ ] ") for line in asked.strip().splitlines())
    assert len(asked.strip().splitlines()) == 4 + len(unsure.report.next)
    confirmed = sure.report.model_copy(
        update={"findings": (sure.report.findings[0].model_copy(update={"belief": "confirmed"}),)}
    )
    left = section(post_mortem(replace(sure, report=confirmed)), "Open questions")
    assert len(left.strip().splitlines()) == 4


def test_what_people_said_it_was_stands_beside_what_the_pastes_show() -> None:
    cause = section(post_mortem(material(was="the *old* certificate")), "Cause")
    assert cause.strip().splitlines()[0] == "Resolved as: the \\*old\\* certificate."


def test_its_title_is_that_of_the_incident_with_its_day() -> None:
    assert title_of(material()) == (
        "Post-mortem: Exchange may not read the private key of its own TLS certificate, 2026-11-18"
    )
    told = "the key of sam.okafor@fabrikam.com\n\x1b[31m" + "is old " * 40
    title = title_of(material(was=told))
    assert title.startswith("Post-mortem: the key of user1@")
    assert title.endswith("…, 2026-11-18")
    assert "sam.okafor" not in title
    assert title.isprintable()
    assert len(title) < 150
    assert title_of(material(report=diagnose("lunch?"))) == "Post-mortem: mail flow failed, 2026-11-18"


def test_commands_are_what_stands_behind_a_prompt() -> None:
    text = (
        "[PS] C:\\Windows\\system32>Get-Queue\nC:\\Users\\alex>nslookup contoso.com\n"
        "alex@relay:~$ openssl s_client -connect mx:25\nPS C:\\> Test-NetConnection\nwe ran Get-Queue > out.txt\n> quoted"
    )
    assert list(commands(text)) == [
        "Get-Queue",
        "nslookup contoso.com",
        "openssl s_client -connect mx:25",
        "Test-NetConnection",
    ]


def test_times_are_told_as_people_do() -> None:
    assert [lasted(timedelta(seconds=s)) for s in (-1, 40, 720, 3600, 11_100, 90_000, 86_400)] == [
        "0 s",
        "40 s",
        "12 min",
        "1 h",
        "3 h 5 min",
        "1 d 1 h",
        "1 d",
    ]


@given(st.text(max_size=80))
def test_a_line_holds_no_markup_of_a_stranger(text: str) -> None:
    shown = inline(f"{text}[x](http://evil.example)<img src=x>|www.evil.example")
    assert "\n" not in shown
    assert not re.search(r"(?<!\\)(?:\\\\)*[\[\]|*_`]", shown)
    assert "<" not in shown
    assert "://" not in shown
    assert "www." not in shown


@given(st.lists(st.text(alphabet="`~ab\n", max_size=20), max_size=5))
def test_no_quote_ends_its_fence(lines: list[str]) -> None:
    opening, *rest = fenced(lines).split("\n")
    fence = opening.removesuffix("text")
    assert rest[-1] == fence
    assert all(fence not in line for line in rest[:-1])


def test_a_table_has_a_cell_for_each_column() -> None:
    assert table(("a", "b"), [("1", inline("x|y"))]) == "| a | b |\n| --- | --- |\n| 1 | x\\|y |"
