"""The group sends its mail on with an empty return path, and outside receivers drop it.

## What is happening
A distribution group whose delivery reports go to nobody (ReportToOriginatorEnabled and ReportToManagerEnabled
both False) expands with `MAIL FROM:<>`. To other systems a message with a null sender is a bounce, so they
drop or refuse it as backscatter, and because there is no return path nobody is told. Members inside get it.

## What proves it
- `Return-Path: <>` on mail to the group, but not on direct mail of the same sender
- both settings of the group are False

## Not this when
- the message itself is a report, a read receipt or an automatic reply: there the null sender is right
- ReportToOriginatorEnabled is True

## References
- https://learn.microsoft.com/en-us/powershell/module/exchangepowershell/set-distributiongroup
- https://www.rfc-editor.org/rfc/rfc5321
"""

from __future__ import annotations

from typing import Final

from diagnostics.cause import EMS, Belief, Finding, cause, change, look, shown
from diagnostics.causes.recipient.steps import EXO
from diagnostics.facts import Said, Session
from diagnostics.mail_facts import Configured, Headers, Told
from diagnostics.report import Shell, Step

_AUTOMATIC: Final = (
    "auto-submitted",
    "x-ms-exchange-generated-message-source",
    "x-failed-recipients",
    "x-ms-exchange-message-is-ndr",
)
_SUBJECTS: Final = (
    "undeliver",
    "delivery status",
    "failure notice",
    "read:",
    "automatic reply",
    "out of office",
    "returned mail",
    "undelivered",
)
_DAEMONS: Final = ("mailer-daemon", "postmaster")

# What servers say that refuse an envelope without a sender
_NO_SENDER: Final = (
    "Empty email address",
    "empty envelope sender",
    "empty return path",
    "null sender not allowed",
    "null sender is not allowed",
    "null senders not allowed",
)


@cause(id="recipient.group.null-return-path", act="exchange-online", says=_NO_SENDER)
def assess(
    anchor: Headers | Configured | Told | Said,
    headers: Headers | None,
    objects: tuple[Configured, ...],
    sessions: tuple[Session, ...],
) -> Finding | None:
    """An empty return path on an ordinary message, and the group's own setting."""
    if isinstance(anchor, Told):
        return _told(anchor)
    group = next((each for each in objects if _silent(each)), None)
    if isinstance(anchor, Said):
        return _refused(anchor, group)
    if isinstance(anchor, Configured):
        return _from_group(anchor, sessions) if _silent(anchor) and headers is None else None
    if group and anchor.get("return-path"):
        because = (
            f"The message has a return path, {anchor.get('return-path')[:120]}, so {_called(group)} did not empty it."
        )
        return Finding(Belief.RULED_OUT, because, (anchor, group))
    if not _empty(anchor):
        return None
    spoken = next((each for each in objects if each.flag("ReportToOriginatorEnabled")), None)
    if spoken and not group:
        return Finding(
            Belief.RULED_OUT,
            f"{spoken.name or 'The group'} reports to the originator, so its mail has a return path.",
            (spoken,),
        )
    to = anchor.get("to") or "the recipients"
    because = (
        f"The message to {to} has an empty return path though it is no report: outside receivers treat it as a bounce"
    )
    if group:
        because += f", and {_called(group)} reports to nobody, which is what empties it."
        return Finding(Belief.CONFIRMED, because, (group, anchor), _steps(group.name))
    because += "; a group that reports to nobody causes that."
    return Finding(Belief.POSSIBLE, because, (anchor,), _steps(""), weight=1.8)


@shown
def reports(objects: tuple[Configured, ...]) -> Finding | None:
    """To whom the group's delivery reports go, where one group was shown."""
    told = [each for each in objects if each.flag("ReportToOriginatorEnabled") is not None]
    if len(told) != 1:
        return None
    if _silent(told[0]):
        because = f"{_called(told[0])} reports to nobody, so its mail leaves without a return path."
        return Finding(Belief.CONFIRMED, f"{because[0].upper()}{because[1:]}", (told[0],), _steps(told[0].name))
    if not told[0].flag("ReportToOriginatorEnabled"):
        return None
    because = f"{told[0].name or 'The group'} reports to the originator, so its mail has a return path."
    return Finding(Belief.RULED_OUT, because, (told[0],))


def _refused(said: Said, group: Configured | None) -> Finding:
    """A server that takes nothing without a sender: a report has none, and neither has what such a group sends on."""
    because = f"{said.by or 'The receiving server'} refuses a message without a sender in its envelope, which it must not. If a "
    because += "person wrote it, a group that reports to nobody emptied the sender"
    if group:
        because += f", as {_called(group)} does."
        return Finding(Belief.LIKELY, because, (said, group), _steps(group.name), weight=1.6)
    return Finding(Belief.POSSIBLE, because + ".", (said,), _steps(""), weight=1.6)


def _told(told: Told) -> Finding | None:
    """A group whose reports were switched off, and members outside who get nothing since."""
    if told.story != "group-reports-to-nobody":
        return None
    because = (
        "The group sends delivery reports to nobody, as you tell it: then its mail leaves without a return path, and "
    )
    because += "servers outside take it for a bounce or for spam."
    return Finding(Belief.POSSIBLE, because, (told,), _steps(""), weight=1.8)


def _from_group(group: Configured, sessions: tuple[Session, ...]) -> Finding:
    because = (
        f"{group.name or 'The group'} reports neither to the originator nor to its manager: mail to members "
        "outside leaves without a return path."
    )
    sent = next((each for each in sessions if each.direction == "send" and not each.failed), None)
    if sent:  # the protocol log is of a server of ours, which takes the group's members out
        because += " The mail leaves a server of your own, and was accepted by the other side."
        return Finding(Belief.POSSIBLE, because, (group, sent), _steps(group.name, EMS), "on-prem", weight=1.8)
    return Finding(Belief.POSSIBLE, because, (group,), _steps(group.name), weight=1.3)


def _called(group: Configured) -> str:
    """Its name; who selects properties often leaves it out."""
    return group.name or "the group"


def _silent(entry: Configured) -> bool:
    return entry.flag("ReportToOriginatorEnabled") is False and entry.flag("ReportToManagerEnabled") is not True


def _empty(headers: Headers) -> bool:
    """A null return path on a message that a person wrote."""
    subject = headers.get("subject").lower()
    report = "multipart/report" in headers.get("content-type").lower() or subject.startswith(_SUBJECTS)
    automatic = headers.get("auto-submitted", "no").lower() != "no" or any(
        headers.told(each) for each in _AUTOMATIC[1:]
    )
    written = headers.told("from") and not any(each in headers.get("from").lower() for each in _DAEMONS)
    return headers.told("return-path") and not headers.get("return-path") and written and not report and not automatic


def _steps(group: str, shell: Shell = EXO) -> tuple[Step, ...]:
    return (
        look(
            "Show to whom the group sends delivery reports.",
            "Get-DistributionGroup {group} | Format-List "
            "Name,ReportToOriginatorEnabled,ReportToManagerEnabled,ManagedBy",
            shell,
            group=group,
        ),
        change(
            "Let the group report to the sender (a synchronized group is changed on-premises with the same command).",
            "Set-DistributionGroup {group} -ReportToOriginatorEnabled $true",
            shell=shell,
            changes="Mail to the group keeps the sender's return path; senders now get reports about dead members.",
            undo="The same with $false.",
            verify="The next message to an outside member has the sender in Return-Path, and arrives.",
            group=group,
        ),
    )
