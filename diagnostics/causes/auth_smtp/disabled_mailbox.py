"""SMTP AUTH is disabled on this mailbox.

## What is happening
The mailbox has SmtpClientAuthenticationDisabled set ("Authenticated SMTP" unticked under Manage email apps), so its logon
by SMTP is refused, whatever the password: `535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled
for the Mailbox`, in older texts a bare `535 5.7.3 Authentication unsuccessful`. Outlook and Outlook on the web go on.

## What proves it
- the reply says "for the Mailbox"
- `Get-CASMailbox` says True for the account that logs on

## Not this when
- `Get-CASMailbox` says False
- the reply says that the user's credentials were incorrect (`auth-smtp.credentials.invalid`)

## References
- https://learn.microsoft.com/en-us/exchange/clients-and-mobile-in-exchange-online/authenticated-client-smtp-submission
- https://learn.microsoft.com/en-us/troubleshoot/exchange/email-delivery/fix-issues-with-printers-scanners-and-lob-applications-that-send-email-using-off
"""

from __future__ import annotations

from diagnostics.cause import Belief, Finding, cause, change
from diagnostics.causes.auth_smtp.logon import (
    EXO,
    LOGON_FAILED,
    UNEXPLAINED,
    UNEXPLAINED_139,
    disabled,
    elsewhere,
    own_server,
    read_switches,
    refused_by,
    session_of,
    switch,
    told_right,
    unexplained,
    without_reply,
)
from diagnostics.causes.network.providers import submission_host
from diagnostics.facts import Reply, Said, Session
from diagnostics.mail_facts import Configured
from diagnostics.report import Step

_PROXIED = "Please try again later. PRX"  # a digit follows
_WORDS = "SmtpClientAuthentication is disabled for the Mailbox"


@cause(
    id="auth-smtp.disabled.mailbox",
    act="exchange-online",
    says=(_WORDS, _PROXIED, "aka.ms/smtp_auth_disabled", UNEXPLAINED, UNEXPLAINED_139, *LOGON_FAILED),
)
def assess(
    said: Said,
    _settings: Configured | None,
    settings: tuple[Configured, ...],
    sessions: tuple[Session, ...],
    replies: tuple[Reply, ...],
) -> Finding | None:
    """The reply says it, or the mailbox's own switch; a bare 535 of Exchange Online leaves it open."""
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
    if said.signature == _PROXIED:
        because = "The front end of Exchange Online says that, too, to an account that may not submit: one without a licence, a "
        because += "shared mailbox, or one whose Authenticated SMTP is switched off."
        found = Finding(Belief.POSSIBLE, because, (said,), _steps(account), weight=1.2)
        return found if submission_host(said, settings) else None
    where = refused_by(said, session_of(said, sessions))
    if without_reply(said) and disabled(own):
        return _switched(said, own)
    if without_reply(said) and not own_server(settings) and not any(each.code for each in replies):
        because = "If the client submits to Exchange Online, Authenticated SMTP may be switched off on its mailbox."
        right = told_right(settings)
        because += " The password works in the browser, as you say." if right else ""
        return Finding(Belief.POSSIBLE, because, (said, right), _steps(account), weight=1.9 if right else 1.2)
    if not unexplained(low):
        return None
    if other := elsewhere(said, where):
        return other
    if disabled(own) is not None:
        return _switched(said, own)
    because = "Exchange Online refuses a mailbox whose Authenticated SMTP is switched off in the same words as a wrong password."
    weight = 1.7 if where == "exchange-online" else 1.4
    return Finding(Belief.POSSIBLE, because, (said,), _steps(account), weight=weight)


def _switched(said: Said, own: Configured | None) -> Finding:
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
