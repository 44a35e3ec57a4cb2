"""SMTP AUTH is disabled on this mailbox.

## What is happening
The mailbox has SmtpClientAuthenticationDisabled set ("Authenticated SMTP" unticked under Manage email apps), so its logon
by SMTP is refused, whatever the password: `535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled
for the Mailbox`, in older texts a bare `535 5.7.3 Authentication unsuccessful`. Outlook and Outlook on the web go on.

## What proves it
- the reply says "for the Mailbox"
- `Get-CASMailbox` says True for the account that logs on

## Not this when
- `Get-CASMailbox` says False, or nothing: then the organization's switch counts (`auth-smtp.disabled.tenant`)
- the reply says that the user's credentials were incorrect (`auth-smtp.credentials.invalid`)

## References
- https://learn.microsoft.com/en-us/exchange/clients-and-mobile-in-exchange-online/authenticated-client-smtp-submission
- https://learn.microsoft.com/en-us/troubleshoot/exchange/email-delivery/fix-issues-with-printers-scanners-and-lob-applications-that-send-email-using-off
"""

from __future__ import annotations

from diagnostics.cause import Belief, Finding, cause, change, shown
from diagnostics.causes.auth_smtp.logon import (
    ANONYMOUS,
    CRITERIA,
    CUT_OFF,
    EXO,
    LOGON_FAILED,
    PROXIED,
    UNEXPLAINED,
    UNEXPLAINED_139,
    UNNUMBERED,
    cut_off,
    disabled,
    elsewhere,
    may_be_refused,
    own_server,
    own_switch,
    password_taken,
    proxied,
    read_switches,
    refused_by,
    session_of,
    switch,
    told_right,
    unexplained,
    without_reply,
)
from diagnostics.causes.reader import complained
from diagnostics.facts import Reply, Said, Session
from diagnostics.mail_facts import Configured
from diagnostics.report import Step

_WORDS = "SmtpClientAuthentication is disabled for the Mailbox"


@cause(
    id="auth-smtp.disabled.mailbox",
    act="exchange-online",
    says=(
        _WORDS,
        "aka.ms/smtp_auth_disabled",
        UNEXPLAINED,
        UNEXPLAINED_139,
        UNNUMBERED,
        CUT_OFF,
        ANONYMOUS,
        CRITERIA,
        PROXIED,
        *LOGON_FAILED,
    ),
)
def assess(
    said: Said | Configured,
    _settings: Configured | None,
    settings: tuple[Configured, ...],
    sessions: tuple[Session, ...],
    replies: tuple[Reply, ...],
) -> Finding | None:
    """The reply says it, or the mailbox's own switch; a bare 535 of Exchange Online leaves it open."""
    if isinstance(said, Configured):
        return _set(said, replies, settings)
    low = said.text.lower()
    own = switch(settings, "cas-mailbox")
    account = own.name if own else ""
    if _WORDS.lower() in low:
        because = "Exchange Online refused the logon because SMTP AUTH is switched off on the mailbox that logs on."
        return Finding(Belief.CONFIRMED, because, (said, own), _steps(account))
    if "smtp_auth_disabled" in low and "for the tenant" not in low:
        if disabled(own) is not None:
            return _switched(said, own)
        because = "The refusal links to Microsoft's page on disabled SMTP AUTH; the switch may be the mailbox's own."
        return Finding(Belief.POSSIBLE, because, (said,), _steps(account), weight=1.2)
    if said.signature in (ANONYMOUS, CRITERIA, PROXIED):
        return _perhaps(said, own, replies, settings)
    where = refused_by(said, session_of(said, sessions))
    if without_reply(said):
        return _unanswered(said, own, replies, settings)
    if not (unexplained(said, settings) or cut_off(said)):
        return None
    if other := elsewhere(said, where):
        return other
    if disabled(own) is not None:
        return _switched(said, own)
    because = "Exchange Online refuses a mailbox whose Authenticated SMTP is switched off in the same words as a wrong password."
    if cut_off(said):
        because = "Exchange Online names the switch, and not whether it is the mailbox's or the tenant's."
        return Finding(Belief.POSSIBLE, because, (said,), _steps(account), weight=2.2)
    weight = 1.7 if where == "exchange-online" else 1.4
    return Finding(Belief.POSSIBLE, because, (said,), _steps(account), weight=weight)


@shown
def switches(settings: tuple[Configured, ...]) -> Finding | None:
    """The mailbox's own switch decides; where it has none, this is not why."""
    own, taken = own_switch(settings), password_taken(settings)
    if own is None and taken:
        return Finding(Belief.RULED_OUT, "A logon by SMTP was taken, so it is switched on.", (taken,))
    if own is None or disabled(own) is not None:
        return _switched(None, own) if own else None
    because = f"{own.name or 'The mailbox'} has no value of its own, so the organization's switch counts for it."
    return Finding(Belief.RULED_OUT, because, (own,))


def _unanswered(
    said: Said, own: Configured | None, replies: tuple[Reply, ...], settings: tuple[Configured, ...]
) -> Finding | None:
    """The client keeps the answer to itself."""
    if disabled(own):
        return _switched(said, own)
    if own_server(settings) or any(each.code for each in replies):
        return None
    because = "If the client submits to Exchange Online, Authenticated SMTP may be switched off on its mailbox."
    right = told_right(settings)
    because += " The password works in the browser, as you say." if right else ""
    weight = 1.9 if right else 1.2
    return Finding(Belief.POSSIBLE, because, (said, right), _steps(own.name if own else ""), weight=weight)


def _perhaps(
    said: Said, own: Configured | None, replies: tuple[Reply, ...], settings: tuple[Configured, ...]
) -> Finding | None:
    """What is said for other reasons mostly, and to who logs on with a mailbox that may not, at times."""
    if said.signature == ANONYMOUS and not may_be_refused(said, replies, settings):
        return None
    if said.signature == PROXIED and not proxied(said, settings):
        return None
    if disabled(own) is False:
        return _switched(said, own)
    name = own.name if own else ""
    if own and disabled(own):
        because = (
            f"SmtpClientAuthenticationDisabled is True for {name or 'the mailbox'}: a logon of it by SMTP is refused."
        )
        return Finding(Belief.LIKELY, because, (said, own), _steps(name), weight=1.2)
    because = "Authenticated SMTP may be switched off on the mailbox that the client logs on with."
    if said.signature == PROXIED:
        because += " Its front end answers so for one that is shared or has no licence, too."
    if said.signature == ANONYMOUS:
        because += " A client whose logon is refused often goes on without, and shows this answer alone."
    return Finding(Belief.POSSIBLE, because, (said,), _steps(name), weight=1.3)


def _set(own: Configured, replies: tuple[Reply, ...], settings: tuple[Configured, ...]) -> Finding | None:
    """The mailbox's switch, beside a complaint and without the answer that the client got."""
    if own.kind != "cas-mailbox" or not disabled(own) or not complained(replies, settings):
        return None
    because = (
        f"SmtpClientAuthenticationDisabled is True for {own.name or 'the mailbox'}: a logon of it by SMTP is refused, "
    )
    because += (
        "whatever the organization's own switch says. If it is the mailbox that the client logs on with, this is why."
    )
    return Finding(Belief.POSSIBLE, because, (own,), _steps(own.name), weight=2.0)


def _switched(said: Said | None, own: Configured | None) -> Finding:
    name = (own.name if own else "") or "the mailbox"
    if not disabled(own):
        return Finding(Belief.RULED_OUT, f"SMTP AUTH is allowed for {name} by its own value.", (own,))
    because = (
        f"SmtpClientAuthenticationDisabled is True for {name}: its logon by SMTP is refused, whatever the password."
    )
    return Finding(Belief.CONFIRMED, because, (said, own), _steps(own.name if own else ""))


def _steps(account: str) -> tuple[Step, ...]:
    return (
        read_switches(account),
        change(
            "Allow SMTP AUTH for the mailbox (the same tick: Microsoft 365 admin center, the user, Mail, Manage email apps).",
            "Set-CASMailbox {account} -SmtpClientAuthenticationDisabled $false",
            shell=EXO,
            changes="This mailbox may submit mail by SMTP AUTH. Security defaults or Conditional Access may still refuse it.",
            undo="Set-CASMailbox with -SmtpClientAuthenticationDisabled $true.",
            verify="After up to an hour the client logs on.",
            account=account,
        ),
    )
