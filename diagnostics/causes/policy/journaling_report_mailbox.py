"""The mailbox takes undeliverable journal reports, so its rules and automatic replies don't run.

## What is happening
Of the mailbox that JournalingReportNdrTo names, Exchange Online runs no Inbox rules and sends no automatic replies,
and what it sends or gets isn't journaled. Whoever gave a person's mailbox there finds that its replies and rules
stopped, with all settings right. That is by design.

## What proves it
- Get-TransportConfig shows the mailbox's address under JournalingReportNdrTo

## Not this when
- the address there is another one, or `<>`
- the mailbox forwards by a setting (`policy.auto-reply.mailbox-forwards`)

## References
- https://learn.microsoft.com/en-us/troubleshoot/exchange/email-delivery/understand-troubleshoot-oof-replies
- https://learn.microsoft.com/en-us/troubleshoot/exchange/outlook-issues/resolve-inbox-rule-issues
- https://learn.microsoft.com/en-us/powershell/module/exchangepowershell/set-transportconfig
"""

from __future__ import annotations

from diagnostics.cause import Belief, Finding, cause, change, look, shown
from diagnostics.causes.policy.auto_reply_mailbox_forwards import REPLY_IS_ON
from diagnostics.causes.recipient.steps import EXO
from diagnostics.causes.stories import told_as
from diagnostics.mail_facts import Configured, Told
from diagnostics.patterns import linear
from diagnostics.report import Step

_TO = "JournalingReportNdrTo"
_STORY = "mailbox-of-journal-reports"
_NOBODY = ("", "<>")
# The names of mailboxes that nobody works in.
_SERVICE = linear(
    r"(?i)^(?:[a-z]{0,12}[._-]?)?(?:journal\w*|ndr\w*|report\w*|archiv\w*|undeliver\w*|postmaster|no-?reply|svc\w*)\b"
)
_FEWEST_LETTERS = 3  # of a name that an address is known by


@cause(id="policy.journaling.report-mailbox", act="exchange-online")
def assess(told: Told, _setting: Configured | None, objects: tuple[Configured, ...]) -> Finding | None:
    """The name of the setting among what is told, or the setting itself beside a reply that never comes."""
    because = "No rule runs and no automatic reply is sent in the mailbox that takes undeliverable journal reports: by design."
    if told.story != REPLY_IS_ON:
        return told_as(_STORY, told, because, _steps(), weight=1.9)
    setting = _named(objects)
    address = setting.get(_TO) if setting else ""
    if address in _NOBODY:
        return None
    because = f"Undeliverable journal reports go to `{address}`: if that is the mailbox, it sends no automatic replies."
    return Finding(Belief.POSSIBLE, because, (setting, told), _steps(), weight=1.9)


@shown
def setting(objects: tuple[Configured, ...], stories: tuple[Told, ...]) -> Finding | None:
    """Whose address stands there: nobody's, that of the mailbox that was sent beside it, or somebody else's."""
    found = _named(objects)
    if found is None:
        return None
    address = found.get(_TO).removeprefix("smtp:").removeprefix("SMTP:")
    if address in _NOBODY:
        return Finding(Belief.RULED_OUT, f"{_TO} names no mailbox.", (found,))
    boxes = [each for each in objects if each.kind == "mailbox" and (each.name or each.told("PrimarySmtpAddress"))]
    if any(_is_of(each, address) for each in boxes):
        because = f"{_TO} is `{address}`, this mailbox: no rule runs in it, and no automatic reply is sent, by design."
        return Finding(Belief.LIKELY, because, (found, *boxes[:1]), _steps())
    if _SERVICE.search(address) or any("@" in each.get("PrimarySmtpAddress") for each in boxes):
        because = f"{_TO} is `{address}`, another mailbox than the one whose rules don't run."
        return Finding(Belief.RULED_OUT, because, (found, *boxes[:1]))
    told = {each.story for each in stories}
    if boxes or (REPLY_IS_ON in told and _STORY not in told):
        return None  # whose address it is, a person knows
    because = f"Undeliverable journal reports go to `{address}` ({_TO}): in that mailbox no rule runs, and no automatic reply "
    because += "is sent, by design."
    return Finding(Belief.LIKELY, because, (found,), _steps())


def _named(objects: tuple[Configured, ...]) -> Configured | None:
    return next((each for each in objects if each.told(_TO)), None)


def _is_of(mailbox: Configured, address: str) -> bool:
    """Whether it is the mailbox's address, as far as its own one or its name tells: `r.ostrowski@` is Robert Ostrowski's."""
    primary = mailbox.get("PrimarySmtpAddress").lower()
    local = address.lower().partition("@")[0]
    words = mailbox.name.lower().replace(",", " ").split()
    named = any(len(word) >= _FEWEST_LETTERS and word in local for word in words)
    return primary == address.lower() if primary else named


def _steps() -> tuple[Step, ...]:
    return (
        look(
            "See which mailbox takes undeliverable journal reports.",
            "Get-TransportConfig | Format-List JournalingReportNdrTo",
            EXO,
        ),
        change(
            "Name a mailbox there that nobody works in, or an address outside that takes the reports.",
            "Set-TransportConfig -JournalingReportNdrTo {journal_reports_to}",
            shell=EXO,
            changes="Undeliverable journal reports go to that address; the person's mailbox runs its rules again.",
            undo="Set-TransportConfig with the address that the first step printed.",
            verify="After an hour, a message to the person's mailbox gets its automatic reply.",
            journal_reports_to="",
        ),
    )
