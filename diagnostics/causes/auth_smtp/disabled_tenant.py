"""SMTP AUTH is disabled for the whole organization.

## What is happening
The tenant's transport settings have SmtpClientAuthenticationDisabled set, the default of newer tenants. Every mailbox
without a value of its own is then refused: `535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled
for the Tenant`. The password is not looked at. A mailbox may have its own value, which wins.

## What proves it
- the reply says "for the Tenant"
- `Get-TransportConfig` says True, and the mailbox's own value is empty

## Not this when
- the mailbox's own value is False: then this switch does not concern it
- `Get-TransportConfig` says False
- the reply says "for the Mailbox" (`auth-smtp.disabled.mailbox`)

## References
- https://learn.microsoft.com/en-us/exchange/clients-and-mobile-in-exchange-online/authenticated-client-smtp-submission
- https://learn.microsoft.com/en-us/powershell/module/exchangepowershell/set-transportconfig
"""

from __future__ import annotations

from diagnostics.cause import Belief, Finding, cause, change, shown
from diagnostics.causes.auth_smtp.logon import (
    ANONYMOUS,
    CRITERIA,
    CUT_OFF,
    EXO,
    PROXIED,
    UNEXPLAINED,
    UNEXPLAINED_139,
    UNNUMBERED,
    cut_off,
    disabled,
    elsewhere,
    may_be_refused,
    own_switch,
    password_taken,
    proxied,
    read_switches,
    refused_by,
    session_of,
    switch,
    unexplained,
)
from diagnostics.facts import Reply, Said, Session
from diagnostics.mail_facts import Configured
from diagnostics.report import Step

_WORDS = "SmtpClientAuthentication is disabled for the Tenant"


@cause(
    id="auth-smtp.disabled.tenant",
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
    ),
)
def assess(
    said: Said | Configured,
    _settings: Configured | None,
    settings: tuple[Configured, ...],
    sessions: tuple[Session, ...],
    replies: tuple[Reply, ...],
) -> Finding | None:
    """The reply mostly says it; an unexplained refusal leaves it to the switches."""
    if isinstance(said, Configured):
        return None if replies else _picked_out(said)
    low = said.text.lower()
    own, all_ = switch(settings, "cas-mailbox"), switch(settings, "transport-config")
    account = own.name if own else ""
    if _WORDS.lower() in low:
        because = (
            "Exchange Online refused the logon because SMTP AUTH is switched off for the whole tenant, and the mailbox "
        )
        because += "has no value of its own."
        return Finding(Belief.CONFIRMED, because, (said, all_), _steps(account))
    if "smtp_auth_disabled" in low and "for the mailbox" not in low:
        if disabled(own) is not None or disabled(all_) is not None:
            return _switched(said, own, all_)
        because = "The refusal links to Microsoft's page on disabled SMTP AUTH: the tenant's switch, or the mailbox's."
        return Finding(Belief.LIKELY, because, (said,), _steps(account), weight=1.0)
    if said.signature in (ANONYMOUS, CRITERIA, PROXIED):
        doubtful = said.signature == ANONYMOUS and not may_be_refused(said, replies, settings)
        doubtful = doubtful or (said.signature == PROXIED and not proxied(said, settings))
        return None if doubtful else _switched(said, own, all_, weight=1.2)
    if not (unexplained(said, settings) or cut_off(said)):
        return None
    return elsewhere(said, refused_by(said, session_of(said, sessions))) or _switched(
        said, own, all_, weight=2.3 if cut_off(said) else 1.3
    )


@shown
def switches(settings: tuple[Configured, ...]) -> Finding | None:
    """Both switches: the mailbox's own value wins."""
    own, all_, taken = own_switch(settings), switch(settings, "transport-config"), password_taken(settings)
    if taken and not (own or all_):
        return Finding(Belief.RULED_OUT, "A logon by SMTP was taken, so it is switched on.", (taken,))
    finding = _switched(None, own, all_) if own or all_ else None
    return None if finding and finding.belief is Belief.POSSIBLE else finding


def _picked_out(setting: Configured) -> Finding | None:
    """Somebody who shows this one switch, and nothing that failed, asks about it."""
    if setting.kind not in ("smtp-auth", "transport-config") or len(setting.values) > 1 or not disabled(setting):
        return None
    because = "SmtpClientAuthenticationDisabled is True: who logs on to send is refused, unless the mailbox has its own value."
    return Finding(Belief.POSSIBLE, because, (setting,), _steps(setting.name), weight=1.3)


def _switched(said: Said | None, own: Configured | None, all_: Configured | None, weight: float = 1.3) -> Finding:
    """The refusal gives no reason, or a wider one: what do the switches say? `weight` is for where they were not sent."""
    if disabled(own) is False or disabled(all_) is False:
        because = (
            "The mailbox has SMTP AUTH allowed by its own value." if disabled(own) is False else "The tenant allows it."
        )
        return Finding(Belief.RULED_OUT, because, (own if disabled(own) is False else all_,))
    if disabled(all_) and own and disabled(own) is None:
        because = (
            f"The tenant's SmtpClientAuthenticationDisabled is True, and {own.name or 'the mailbox'} has no own value."
        )
        return Finding(Belief.CONFIRMED, because, (said, all_, own), _steps(own.name))
    if disabled(all_) and not own:
        because = (
            "The tenant's SmtpClientAuthenticationDisabled is True, which counts unless the mailbox has its own value."
        )
        return Finding(Belief.LIKELY, because, (said, all_), _steps(""), weight=1.0)
    because = "SMTP AUTH may be switched off for the tenant; newer tenants start that way."
    return Finding(Belief.POSSIBLE, because, (said,), _steps(""), weight=weight)


def _steps(account: str) -> tuple[Step, ...]:
    return (
        read_switches(account),
        change(
            "Allow SMTP AUTH for this one mailbox; the tenant's switch stays off.",
            "Set-CASMailbox {account} -SmtpClientAuthenticationDisabled $false",
            shell=EXO,
            changes="This mailbox may submit mail by SMTP AUTH. Better is a client that needs no password (OAuth, a connector).",
            undo="Set-CASMailbox with -SmtpClientAuthenticationDisabled $null.",
            verify="After up to an hour the client logs on.",
            account=account,
        ),
    )
