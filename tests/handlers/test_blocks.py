"""What the answers say, read as a person would read them."""

from __future__ import annotations

from typing import Any

from diagnostics import diagnose
from diagnostics.codes import explain
from diagnostics.report import Evidence, Note, Question, ReadArtefact, Report, RuledOut, Step, Suspect
from handlers.blocks import SHOW_STEPS, Message, answer, details, explained, plain
from handlers.commands import helped

KEY = "tls.certificate.private-key-permission"
SMTP = "certificate.local.not-enabled-for-smtp"

CHECK = Step(say="See who may read the key.", shell="powershell", command="icacls 'C:\\keys\\a'")
GRANT = Step(
    say="Grant NETWORK SERVICE read access.",
    shell="powershell",
    command="icacls 'C:\\keys\\a' /grant 'NETWORK SERVICE:R'",
    effect="config-change",
    changes="The ACL of one key file.",
    undo="icacls 'C:\\keys\\a' /remove 'NETWORK SERVICE'",
    verify="The next session negotiates TLS.",
)
RESTART = Step(
    say="Restart transport.",
    command="Restart-Service MSExchangeTransport",
    effect="service-restart",
    changes="Mail stops for a minute.",
    undo="Nothing to undo.",
)
QUESTION = Question(
    ask="Send the Schannel events.", shell="powershell", command="Get-WinEvent -LogName System", separates=(KEY, SMTP)
)


def suspect(**values: Any) -> Suspect:
    return Suspect(
        **{
            "cause": KEY,
            "title": "Exchange may not read its own private key",
            "belief": "likely",
            "because": "The session to mail.fabrikam.com failed with `UnknownCredentials`.",
            "evidence": (Evidence(quote='*,,"TLS negotiation failed with error UnknownCredentials"', line=22),),
            "act": "on-prem",
            "steps": (CHECK, GRANT, RESTART),
            "references": ("https://learn.microsoft.com/exchange",),
        }
        | values
    )


OTHER = suspect(cause=SMTP, title="The certificate is not enabled for SMTP", belief="possible", because="Not seen yet.")


def seen(message: Message) -> list[str]:
    """Every text on the screen from top to bottom: `#` header, `$` command, `>` quote, `-` bullet, `[ ]` button."""
    return [row for block in message.blocks for row in _seen(block)]


def _seen(block: dict[str, Any]) -> list[str]:
    if block["type"] == "header":
        return ["# " + block["text"]["text"]]
    if block["type"] == "context":
        return ["~ " + row for row in block["elements"][0]["text"].split("\n")]
    if block["type"] == "actions":
        return [f"[{button['text']['text']}]" for button in block["elements"]]
    return [row for element in block["elements"] for row in _rich(element)]


def _rich(element: dict[str, Any]) -> list[str]:
    if element["type"] == "rich_text_list":
        return ["- " + row for section in element["elements"] for row in _rich(section)]
    text = "".join(run.get("text") or run["url"] for run in element["elements"])
    sign = {"rich_text_preformatted": "$ ", "rich_text_quote": "> "}.get(element["type"], "")
    return [sign + row for row in text.split("\n")]


def test_a_likely_cause_asks_first_and_repairs_second() -> None:
    report = Report(
        verdict="failure",
        findings=(suspect(),),
        ruled_out=(
            RuledOut(cause="network.port25.outbound-blocked", title="Port 25 is blocked", because="it answered"),
        ),
        next=(QUESTION,),
        notes=(Note(text="TLS 1.0 was offered.", evidence=(Evidence(quote="x", line=4),)),),
    )
    assert seen(answer(report)) == [
        "# Likely: Exchange may not read its own private key",
        "Whoever runs your own mail server has to act. The session to mail.fabrikam.com failed with UnknownCredentials.",
        "The lines that point to it",
        '> line 22 *,,"TLS negotiation failed with error UnknownCredentials"',
        "# Send me this and I can settle it",
        "Send the Schannel events.",
        "PowerShell",
        "$ Get-WinEvent -LogName System",
        "It tells apart: Exchange may not read its own private key · The certificate is installed but not enabled for SMTP",
        "Do this, in this order",
        "1. See who may read the key.",
        "PowerShell · read-only",
        "$ icacls 'C:\\keys\\a'",
        "2. Grant NETWORK SERVICE read access.",
        "PowerShell · ⚠ changes the configuration",
        "$ icacls 'C:\\keys\\a' /grant 'NETWORK SERVICE:R'",
        "Changes: The ACL of one key file.",
        "Undo: icacls 'C:\\keys\\a' /remove 'NETWORK SERVICE'",
        "Verify: The next session negotiates TLS.",
        "3. Restart transport.",
        "Exchange Management Shell · ⚠ restarts a service",
        "$ Restart-Service MSExchangeTransport",
        "Changes: Mail stops for a minute.",
        "Undo: Nothing to undo.",
        "Ruled out",
        "- Port 25 is blocked: it answered",
        "~ Note: TLS 1.0 was offered. (line 4)",
        "Read more: https://learn.microsoft.com/exchange",
    ]


def test_a_confirmed_cause_goes_straight_to_its_steps() -> None:
    shown = seen(answer(Report(verdict="failure", findings=(suspect(belief="confirmed"),), next=(QUESTION,))))
    assert shown[0] == "# Confirmed: Exchange may not read its own private key"
    assert "The lines that prove it" in shown
    assert shown.index("Do this, in this order") < shown.index("Worth a look as well")


def test_a_single_possible_cause_offers_checks_and_hides_repairs() -> None:
    report = Report(verdict="failure", findings=(suspect(belief="possible"),), next=(QUESTION, QUESTION))
    shown = seen(answer(report))
    assert shown[0].startswith("# Possible: ")
    assert shown.index("# Send me this and I can settle it") < shown.index("If it is this")
    assert shown[shown.index("Or this") + 1] == "- Send the Schannel events."
    assert "$ icacls 'C:\\keys\\a'" in shown
    assert "$ Restart-Service MSExchangeTransport" not in shown


def test_among_several_possible_causes_none_is_blamed() -> None:
    report = Report(verdict="failure", findings=(suspect(belief="possible"), OTHER), next=(QUESTION,))
    shown = seen(answer(report))
    assert shown[0] == "# Not settled yet: 2 causes fit what you sent"
    assert shown.index("Suspected") < shown.index("# Send me this and I can settle it")
    assert any(row.startswith("- Possible: Exchange may not read its own private key: ") for row in shown)
    assert "- Possible: The certificate is not enabled for SMTP: Not seen yet." in shown
    assert (
        "It tells apart: Exchange may not read its own private key · The certificate is not enabled for SMTP" in shown
    )
    assert not any(row.startswith("$ Restart") for row in shown)
    assert shown[-1].startswith("[Show all steps (")


def test_long_step_lists_are_folded_behind_a_button() -> None:
    steps = tuple(Step(say=f"Check number {number}.", command=f"Get-Thing{number}") for number in range(1, 10))
    report = Report(verdict="failure", findings=(suspect(belief="confirmed", steps=steps),))
    folded = answer(report)
    assert [row for row in seen(folded) if row.startswith("$")] == [f"$ Get-Thing{number}" for number in range(1, 5)]
    assert folded.blocks[-1]["elements"][0]["action_id"] == SHOW_STEPS
    assert folded.file is None
    unfolded = seen(details(report))
    assert unfolded[0] == "# All steps"
    assert [row for row in unfolded if row.startswith("$")] == [f"$ Get-Thing{number}" for number in range(1, 10)]


def test_a_short_list_needs_no_button() -> None:
    assert all(block["type"] != "actions" for block in answer(Report(verdict="failure", findings=(suspect(),))).blocks)


def test_all_steps_name_the_suspect_they_belong_to() -> None:
    shown = seen(details(Report(verdict="failure", findings=(suspect(), OTHER))))
    assert shown.index("Likely: Exchange may not read its own private key") == 1
    assert "Possible: The certificate is not enabled for SMTP" in shown
    assert seen(details(Report(verdict="healthy"))) == ["There are no steps for this."]


def test_a_follow_up_says_first_what_it_changed() -> None:
    shown = seen(
        answer(Report(verdict="failure", findings=(suspect(),), changed=("It was possible, now it is likely.",)))
    )
    assert shown[:3] == [
        "What this changed",
        "- It was possible, now it is likely.",
        "# Likely: Exchange may not read its own private key",
    ]


def test_lines_of_a_follow_up_are_told_apart() -> None:
    evidence = (Evidence(quote="Schannel 36870", line=3, paste=2),)
    assert "> follow-up 2, line 3 Schannel 36870" in seen(
        answer(Report(verdict="failure", findings=(suspect(evidence=evidence),)))
    )


def test_many_lines_and_suspects_are_counted_not_listed() -> None:
    evidence = tuple(Evidence(quote=f"row {number}", line=number) for number in range(1, 11))
    ruled_out = tuple(RuledOut(cause=f"a.b.c{number}", because=f"no {number % 5}") for number in range(6))
    shown = seen(answer(Report(verdict="failure", findings=(suspect(evidence=evidence),), ruled_out=ruled_out)))
    assert "and 4 more like these" in shown
    assert "- and 1 more" in shown
    assert "- a.b.c0; a.b.c5: no 0" in shown


def test_healthy() -> None:
    report = Report(
        verdict="healthy",
        summary="Every session was accepted.",
        artefacts=(ReadArtefact(kind="smtp-send-log", lines=(1, 23)), ReadArtefact(kind="ndr", lines=(30, 30))),
    )
    assert seen(answer(report)) == [
        "# No failure in this",
        "Every session was accepted.",
        "~ Read: SMTP send log (lines 1-23), NDR (line 30)",
    ]


def test_harmless_causes_explain_a_healthy_report() -> None:
    shown = seen(answer(Report(verdict="healthy", findings=(suspect(belief="confirmed", steps=()),))))
    assert shown[0] == "# No failure in this"
    assert shown[1] == "What this is"
    assert shown[2].startswith("- Confirmed: Exchange may not read its own private key")


def test_unknown_says_so_and_what_to_send() -> None:
    assert seen(answer(Report(verdict="unknown", next=(QUESTION,)))) == [
        "# A failure, and its cause is not known yet",
        "# Send me this next",
        "Send the Schannel events.",
        "PowerShell",
        "$ Get-WinEvent -LogName System",
        (
            "It tells apart: Exchange may not read the private key of its own TLS certificate · "
            "The certificate is installed but not enabled for SMTP"
        ),
    ]
    assert "Send the whole bounce message" in seen(answer(Report(verdict="unknown")))[1]


def test_nothing_says_what_can_be_pasted() -> None:
    shown = seen(answer(Report(verdict="nothing")))
    assert shown[:2] == ["# I can read no mail-flow error in this.", "What I can read"]
    assert "Get-Queue | Format-List" in shown[2]


def test_a_text_that_nobody_can_read_is_answered_with_what_it_reads_like() -> None:
    shown = seen(answer(diagnose("the box says: sorry, we do greylisting here, come back in some minutes")))
    assert shown[:2] == ["# I can read no mail-flow error in this.", "If mail fails, it reads most like this"]
    assert "Possible: The receiving server greylists" in shown[2]
    assert any("Send me this and I can settle it" in each for each in shown)
    assert "What I can read" not in shown


def test_of_an_unknown_cause_it_says_what_it_reads_like() -> None:
    alike = Suspect(cause="a.b", title="A cause", belief="possible", because="Read alike.", act="on-prem")
    shown = seen(answer(Report(verdict="unknown", summary="It fails.", findings=(alike,))))
    assert shown[0] == "# A failure, and its cause is not known yet"
    assert shown[shown.index("It reads most like this") + 1] == "- Possible: A cause: Read alike."


def test_refused_files_are_said() -> None:
    shown = seen(answer(Report(verdict="nothing"), refusals=("shot.png is an image.",)))
    assert shown[-1] == "~ shot.png is an image."


def test_hostile_text_comes_back_as_typed_and_pings_nobody() -> None:
    hostile = "<!channel> <@U1> <http://evil.example|bank> & &lt; *bold* ~~~ ```"
    report = Report(
        verdict="failure",
        findings=(suspect(title=hostile, because=hostile, evidence=(Evidence(quote=hostile, line=1),)),),
        notes=(Note(text=hostile),),
    )
    said = answer(report)
    assert f"> line 1 {hostile}" in seen(said)
    assert f"~ Note: {hostile}" in seen(said)
    assert "<" not in said.text
    assert "&lt;!channel&gt; &lt;@U1&gt;" in said.text


def test_a_command_with_backticks_is_copied_as_it_runs() -> None:
    command = "Get-Queue `\n  -Filter \"Status -eq 'Retry'\" # ```"
    said = answer(Report(verdict="failure", findings=(suspect(steps=(Step(say="Look.", command=command),)),)))
    boxes = [
        element for block in said.blocks for element in block.get("elements", ()) if "preformatted" in element["type"]
    ]
    assert [box["elements"] for box in boxes] == [[{"type": "text", "text": command}]]
    assert command in said.text
    assert "```\nGet-Queue" not in said.text  # a fence around it would end inside it


def test_what_does_not_fit_is_in_the_file_complete() -> None:
    long = "Set-Thing " + "x" * 3000
    steps = (Step(say="First.", command=long), *(Step(say="Say. " * 150, command=f"Get-{n}") for n in range(4)))
    said = answer(Report(verdict="failure", findings=(suspect(belief="confirmed", steps=steps),)))
    assert said.file is not None
    name, content = said.file
    assert name.endswith(".txt")
    assert long in content.split("\n")
    assert all(f"Get-{n}" in content.split("\n") for n in range(4))
    assert "~ The rest did not fit: the attached file has all of it." in seen(said)
    assert not any("xxx…" in row for row in seen(said))  # a command is whole or absent


def test_steps_are_left_out_from_the_end_only() -> None:
    steps = tuple(Step(say=f"Step {n}.", command="x" * (2400 if n == 3 else 10)) for n in range(1, 5))
    findings = (suspect(belief="confirmed", steps=steps, because="y" * 990, evidence=()), suspect(because="z" * 900))
    report = Report(verdict="failure", findings=findings, changed=("c" * 1000,) * 4)
    numbers = [row[:2] for row in seen(answer(report)) if row[:2] in ("1.", "2.", "3.", "4.")]
    assert numbers == ["1.", "2."]


def test_explanation() -> None:
    shown = seen(explained(explain("QUEUE.Expired")))
    assert shown[0].startswith("# ")
    assert any("only carries another error" in row for row in shown)
    assert any(row.startswith("Said by: ") for row in shown)
    assert "Likely causes, the likeliest first" in shown


def test_explanation_of_nonsense_shows_what_is_accepted() -> None:
    shown = seen(explained(explain("banana <!here> split")))
    assert shown[0] == "# I do not know “banana <!here> split”"
    assert "5.7.64" in shown[1]
    assert seen(explained(explain("")))[0] == "# Which code?"


def test_help_names_every_command() -> None:
    shown = "\n".join(seen(helped()))
    for command in ("/mailflow diagnose <text>", "/mailflow explain <code>", "/mailflow help"):
        assert command in shown
    assert "<" not in helped().text


def test_plain_keeps_its_text() -> None:
    said = plain("Sorry, *this* failed: <!here>\nTry again.")
    assert seen(said) == ["Sorry, *this* failed: <!here>", "Try again."]
    assert said.text == "Sorry, *this* failed: &lt;!here&gt;\nTry again."


def test_a_published_manual_is_linked() -> None:
    report = Report(verdict="failure", findings=(suspect(belief="confirmed"),))
    assert "https://wiki.contoso.com/mail/" not in str(answer(report).blocks)
    linked = answer(report, manual_url="https://wiki.contoso.com/mail")
    assert f"https://wiki.contoso.com/mail/{report.findings[0].cause}.md" in str(linked.blocks)
