"""The answer on a terminal: coloured, wrapped, copyable, and deaf to escape sequences in what was pasted."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.terminal import render, render_explanation
from diagnostics.codes import explain
from diagnostics.report import Evidence, Moment, Note, Question, ReadArtefact, Report, RuledOut, Step, Suspect

LONG_COMMAND = (
    "Get-MessageTrackingLog -Server 'mbx01.contoso.com' -EventId FAIL -Start '11/18/2026 08:00' | Format-List *"
)
HERE_STRING = "$text = @'\n  kept as it is\n'@\n$text"


def report(**values: object) -> Report:
    top = Suspect(
        cause="tls.certificate.private-key-permission",
        title="Exchange may not read its own private key",
        belief="likely",
        because="The session to mail.fabrikam.com failed with UnknownCredentials.",
        evidence=(Evidence(quote='*,,"TLS negotiation failed with error UnknownCredentials"', line=22),),
        act="on-prem",
        steps=(
            Step(say="Look for failures.", command=LONG_COMMAND),
            Step(
                say="Write it down.",
                shell="powershell",
                command=HERE_STRING,
                effect="config-change",
                changes="A variable.",
                undo="Close the window.",
            ),
        ),
    )
    return Report.model_validate(
        {
            "verdict": "failure",
            "artefacts": (ReadArtefact(kind="smtp-send-log", lines=(1, 23)),),
            "findings": (top,),
            "ruled_out": (RuledOut(cause="network.port25.outbound-blocked", because="the session reached STARTTLS"),),
            "next": (
                Question(ask="Send the Schannel events.", shell="powershell", command="Get-WinEvent -LogName System"),
            ),
            "timeline": (Moment(at="2026-11-18T08:00:00Z", line=22, what="TLS failed"),),
            "notes": (Note(text="TLS 1.0 was offered."),),
        }
        | values
    )


def test_plain_text_in_a_pipe() -> None:
    assert render(report(), width=0, colour=False).split("\n") == [
        "Likely: Exchange may not read its own private key",
        "Whoever runs your own mail server has to act. The session to mail.fabrikam.com failed with UnknownCredentials.",
        "",
        "The lines that point to it",
        '  | line 22 *,,"TLS negotiation failed with error UnknownCredentials"',
        "",
        "Send me this and I can settle it",
        "Send the Schannel events.",
        "PowerShell",
        "Get-WinEvent -LogName System",
        "",
        "Do this, in this order",
        "1. Look for failures.",
        "Exchange Management Shell · read-only",
        LONG_COMMAND,
        "",
        "2. Write it down.",
        "PowerShell · ⚠ changes the configuration",
        *HERE_STRING.split("\n"),
        "Changes: A variable.",
        "Undo: Close the window.",
        "",
        "Ruled out",
        "- network.port25.outbound-blocked: the session reached STARTTLS",
        "",
        "What happened when",
        "- 2026-11-18T08:00:00Z TLS failed (line 22)",
        "",
        "Note: TLS 1.0 was offered.",
        "",
    ]


@pytest.mark.parametrize("width", [0, 20, 40, 80, 200])
@pytest.mark.parametrize("colour", [False, True])
def test_commands_are_copyable_at_every_width(width: int, colour: bool) -> None:
    rows = _without_colour(render(report(), width=width, colour=colour)).split("\n")
    assert LONG_COMMAND in rows
    start = rows.index("$text = @'")
    assert rows[start : start + 4] == HERE_STRING.split("\n")


def test_prose_is_wrapped_at_the_width() -> None:
    rows = render(report(), width=50, colour=False).split("\n")
    assert all(len(row) <= 50 for row in rows if row != LONG_COMMAND)
    assert len(rows) > len(render(report(), width=0, colour=False).split("\n"))


def test_colour_only_adds_colour() -> None:
    coloured = render(report(), width=80, colour=True)
    assert "\x1b[" in coloured
    assert _without_colour(coloured) == render(report(), width=80, colour=False)


def _without_colour(text: str) -> str:
    from rich.text import Text

    return "\n".join(Text.from_ansi(row).plain for row in text.split("\n"))


ATTACK = "ok\x1b[2J\x1b]0;title\x07\x9b31m\r\x08\x08\x00 \u202egnp.exe \u2066x\u2069\u2028end"


def attacked() -> Report:
    hostile = Suspect(
        cause="a.b.c",
        title=ATTACK,
        belief="possible",
        because=ATTACK,
        evidence=(Evidence(quote=ATTACK, line=1),),
        act="dns",
        steps=(Step(say=ATTACK, command=ATTACK, changes=ATTACK, undo=ATTACK, verify=ATTACK),),
        references=(ATTACK,),
    )
    return report(
        findings=(hostile, hostile),
        ruled_out=(RuledOut(cause=ATTACK, title=ATTACK, because=ATTACK),),
        next=(Question(ask=ATTACK, command=ATTACK),),
        timeline=(Moment(at=ATTACK, line=1, what=ATTACK),),
        notes=(Note(text=ATTACK),),
        changed=(ATTACK,),
        summary=ATTACK,
    )


def test_pasted_escape_sequences_never_reach_the_terminal() -> None:
    shown = render(attacked(), width=80, colour=False)
    assert not [char for char in shown if char != "\n" and not char.isprintable()]
    assert "ok␛[2J␛]0;title␇" in shown


def test_colour_does_not_let_them_through_either() -> None:
    assert "\x1b[2J" not in render(attacked(), width=80, colour=True)
    assert _without_colour(render(attacked(), width=80, colour=True)) == render(attacked(), width=80, colour=False)


@settings(max_examples=50, deadline=None)
@given(st.text(st.characters(codec=None)), st.integers(-1, 120))
def test_any_text_is_shown_tamely(text: str, width: int) -> None:
    shown = render(
        Report(verdict="unknown", summary=text, notes=(Note(text=text),), changed=(text,)), width=width, colour=False
    )
    shown.encode()
    assert not [char for char in shown if (ord(char) < 0x20 and char not in "\n\t") or 0x7F <= ord(char) < 0xA0]


def test_other_verdicts() -> None:
    assert render(Report(verdict="nothing"), width=80, colour=False).startswith(
        "I can read no mail-flow error in this.\n"
    )
    healthy = Report(verdict="healthy", summary="All accepted.", artefacts=(ReadArtefact(kind="ndr", lines=(2, 9)),))
    assert render(healthy, width=80, colour=False) == "No failure in this\nAll accepted.\n\nRead: NDR (lines 2-9)\n"


def test_explanations() -> None:
    shown = render_explanation(explain("QUEUE.Expired"), width=80, colour=False)
    assert "only carries another error" in " ".join(shown.split())
    assert "Said by:" in shown
    assert "https://" in shown
    assert "\x1b[" in render_explanation(explain("5.7.64"), width=80, colour=True)


def test_a_pipe_loads_neither_rich_nor_slacks_libraries() -> None:
    script = (
        "import sys; from bot.terminal import render, render_explanation; from diagnostics.codes import explain\n"
        "render_explanation(explain('4.4.7'), width=0, colour=False)\n"
        "print(sorted({'rich', 'slack_bolt', 'slack_sdk', 'aiohttp', 'asyncpg'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
