"""Exchange Online no longer accepts a password for SMTP client submission.

## What is happening
A device or an application logs on to `smtp.office365.com` with user name and password (AUTH LOGIN or PLAIN), and
Exchange Online answers `550 5.7.30 Basic authentication is not supported for Client Submission`. The tenant, or the
service, has given up Basic authentication there. The password is right; no switch of the mailbox helps. The client has
to use OAuth, or send another way.

## What proves it
- the reply says so itself
- 535 5.7.139 says that basic authentication is disabled, and the account is a private one of Outlook.com, or the server
  `smtp-mail.outlook.com`: those take no password by SMTP since 16 September 2024

## Not this when
- the reply says that SmtpClientAuthentication is disabled (`auth-smtp.disabled.tenant`, `auth-smtp.disabled.mailbox`)
- 535 5.7.139 says that basic authentication is disabled to an organization's account: mostly an authentication policy
  (`auth-smtp.blocked.security-defaults-or-ca`)
- a session shows that AUTH LOGIN or PLAIN was answered with 235

## References
- https://techcommunity.microsoft.com/blog/exchange/updated-exchange-online-smtp-auth-basic-authentication-deprecation-timeline/4489835
- https://techcommunity.microsoft.com/t5/exchange-team-blog/exchange-online-to-retire-basic-auth-for-client-submission-smtp/ba-p/4114750
"""

from __future__ import annotations

from diagnostics.cause import Belief, Finding, cause, change, look, shown
from diagnostics.causes.auth_smtp.logon import EXO, password_taken, to_microsoft, uses_tokens, whose
from diagnostics.facts import Said
from diagnostics.mail_facts import Configured
from diagnostics.patterns import linear
from diagnostics.report import Step
from diagnostics.text import short

_WORDS = "Basic authentication is not supported for Client Submission"


_DISABLED = "basic authentication is disabled"
# What Exchange Online answers to a mechanism that it does not offer; a client with nothing but a password gets it.
_UNRECOGNIZED = "504 5.7.4 Unrecognized authentication type"
_STAMP = linear(r"(?i)\.PROD\.OUTLOOK\.COM (20\d\d-\d\d-\d\d)T")
_SINCE = "2024-09-16"  # private accounts lost password logons


@cause(
    id="auth-smtp.basic.retired",
    act="sender",
    says=(_WORDS, "5.7.30", _DISABLED, _UNRECOGNIZED),
    against={
        "SmtpClientAuthentication is disabled for the Tenant": (
            "is a switch that the tenant can turn; the end of password logons says `5.7.30`"
        ),
        "TLS 1.0 and 1.1 are not supported": "refuses the client's TLS version, before any password is sent",
    },
)
def assess(said: Said, settings: tuple[Configured, ...]) -> Finding | None:
    """The words are proof; the number alone is registered for something else too (REQUIRETLS)."""
    if _WORDS.lower() in said.text.lower():
        because = (
            "The client logged on with user name and password, which Exchange Online no longer takes for submission "
        )
        because += "(5.7.30); it needs OAuth."
        return Finding(Belief.CONFIRMED, because, (said,), _steps())
    if said.signature == _DISABLED:
        return _disabled(said, whose(settings))
    if said.signature == _UNRECOGNIZED:
        return _no_password(said, settings)
    if "dkim" in said.text.lower():
        return None  # Gmail's number for a message whose DKIM signature does not hold
    because = (
        "Exchange Online gives 5.7.30 to clients that log on with a password (Basic authentication) to submit mail."
    )
    return Finding(Belief.LIKELY, because, (said,), _steps(), weight=1.0)


@shown
def logon(settings: tuple[Configured, ...]) -> Finding | None:
    """Where passwords are no longer taken, none is."""
    taken = password_taken(settings)
    if taken is None:
        return None
    because = f"A logon with user name and password (AUTH {taken.get('Taken')}) was taken: `{short(taken.source.quote.strip())}`."
    return Finding(Belief.RULED_OUT, because, (taken,))


def _no_password(said: Said, settings: tuple[Configured, ...]) -> Finding | None:
    """Mostly another kind of password logon would do; where the tenant takes none any more, none does."""
    if uses_tokens(settings) or not to_microsoft(said, settings):
        return None
    because = (
        "Exchange Online does not offer the kind of logon that the client chose. If it refuses AUTH LOGIN as well, it "
    )
    because += "takes no password from this tenant any more (5.7.30), and the client needs OAuth."
    return Finding(Belief.POSSIBLE, because, (said,), _steps(), weight=1.1)


def _disabled(said: Said, account: Configured | None) -> Finding | None:
    """No policy of a tenant stands behind it where the account is a private one of Outlook.com."""
    because = "Outlook.com takes no password logon by SMTP from private accounts since September 2024; the client needs OAuth."
    if account is None:
        stamp = _STAMP.search(said.text)
        if stamp is None or stamp.group(1) < _SINCE:
            return None
        because += " Is it a private account (smtp-mail.outlook.com), or an organization's? Say which."
        return Finding(Belief.POSSIBLE, because, (said,), _steps(), weight=1.5)
    if account.name != "Private":
        return None
    return Finding(Belief.LIKELY, because, (said, account), _steps(), weight=1.5)


def _steps() -> tuple[Step, ...]:
    return (
        look(
            "List who still submits by SMTP AUTH: the Exchange admin center, Reports, Mail flow, SMTP AUTH clients report "
            "(column: authentication protocol).",
            "Get-TransportConfig | Format-List SmtpClientAuthenticationDisabled",
            EXO,
        ),
        change(
            "Move the client to OAuth (XOAUTH2). If it can't: relay through an Exchange server or a connector that knows it by "
            "certificate or address, or a service for applications (High Volume Email inside, Azure Communication Services "
            "outside).",
            "",
            shell="portal",
            changes="The device or application authenticates another way; mailboxes and mail flow stay as they are.",
            undo="Restore the client's former settings.",
            verify="The client sends a message, and the report lists it with OAuth or no longer lists it.",
        ),
    )
