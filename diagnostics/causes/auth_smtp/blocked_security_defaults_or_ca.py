"""Security defaults, Conditional Access or an authentication policy block the password logon by SMTP.

## What is happening
SMTP AUTH with a password cannot answer a second factor, so identity policies refuse it: security defaults, a Conditional
Access policy against legacy authentication, or an Exchange authentication policy without AllowBasicAuthSmtp. Exchange
Online says `535 5.7.139 Authentication unsuccessful, user is locked by your organization's security defaults policy`, or
that the request did not meet the criteria, or that basic authentication is disabled. Interactive sign-in goes on working.

## What proves it
- the reply names the policy, or the sign-in log shows the block (53003, 50076)

## Not this when
- the reply says that the credentials were incorrect (`auth-smtp.credentials.invalid`)
- 550 5.7.30: Basic authentication is gone altogether (`auth-smtp.basic.retired`), as it is for private accounts of Outlook.com

## References
- https://learn.microsoft.com/en-us/troubleshoot/exchange/email-delivery/fix-issues-with-printers-scanners-and-lob-applications-that-send-email-using-off
- https://learn.microsoft.com/en-us/exchange/clients-and-mobile-in-exchange-online/disable-basic-authentication-in-exchange-online
- https://learn.microsoft.com/en-us/entra/fundamentals/security-defaults
"""

from __future__ import annotations

from diagnostics.cause import Belief, Finding, cause, change, look
from diagnostics.causes.auth_smtp.logon import (
    ANONYMOUS,
    CRITERIA,
    EXO,
    LOGON_FAILED,
    UNEXPLAINED,
    UNEXPLAINED_139,
    UNNUMBERED,
    elsewhere,
    may_be_refused,
    own_server,
    refused_by,
    session_of,
    sign_in_error,
    sign_in_log,
    told_right,
    unexplained,
    uses_tokens,
    whose,
    without_reply,
)
from diagnostics.facts import Reply, Said, Session
from diagnostics.mail_facts import Configured, Told
from diagnostics.report import Step

# Conditional Access, MFA asked for, security defaults.
_POLICY_ERRORS = (
    "53000",
    "53001",
    "53002",
    "53003",
    "530003",
    "530032",
    "530035",
    "50076",
    "50079",
    "50072",
    "50074",
    "500121",
)
_DEFAULTS = "user is locked by your organization's security defaults policy"
_POLICY = "basic authentication is disabled"


@cause(
    id="auth-smtp.blocked.security-defaults-or-ca",
    act="exchange-online",
    says=(_DEFAULTS, CRITERIA, _POLICY, UNEXPLAINED, UNEXPLAINED_139, UNNUMBERED, ANONYMOUS, *LOGON_FAILED),
    against={
        "Basic authentication is not supported for Client Submission": (
            "ends password logons for everybody, whatever the policies for this account"
        ),
    },
)
def assess(
    said: Said | Told | Configured,
    sessions: tuple[Session, ...],
    settings: tuple[Configured, ...],
    replies: tuple[Reply, ...],
) -> Finding | None:
    """Exchange Online tells which policy; a refusal without a reason leaves it open."""
    if isinstance(said, Told):
        return _told(said)
    if isinstance(said, Configured):
        return _no_token(said)
    if said.signature == ANONYMOUS:
        return _went_on(said, replies, settings)
    low = said.text.lower()
    if _DEFAULTS in low:
        because = "The tenant's security defaults refuse logons by password alone, which SMTP AUTH is; the password may be right."
        return Finding(Belief.CONFIRMED, because, (said,), _steps())
    if CRITERIA in low:
        because = "Microsoft Entra ID refused the logon by a rule, not by the password: Conditional Access, MFA or an "
        because += "authentication policy; rarely SMTP AUTH is merely switched off for the mailbox."
        return Finding(Belief.LIKELY, because, (said,), _steps(), weight=1.0)
    if _POLICY in low:
        return _disabled(said, whose(settings))
    if without_reply(said):
        return _unanswered(said, replies, settings)
    if not unexplained(said, settings):
        return None
    entry = sign_in_error(settings, *_POLICY_ERRORS)
    if entry:
        because = f"The sign-in log says {entry.name}: an identity policy refused the logon, not the password."
        return Finding(Belief.CONFIRMED, because, (said, entry), _steps())
    where = refused_by(said, session_of(said, sessions))
    if other := elsewhere(said, where):
        return other
    because = "An identity policy (security defaults, Conditional Access, MFA) may refuse password logons by SMTP, though the "
    because += "same password works in the browser."
    weight = 1.8 if UNEXPLAINED_139 in said.text else 1.4 if where == "exchange-online" else 1.2
    return Finding(Belief.POSSIBLE, because, (said,), _steps(), weight=weight)


def _unanswered(said: Said, replies: tuple[Reply, ...], settings: tuple[Configured, ...]) -> Finding | None:
    """The client keeps the answer to itself."""
    right = told_right(settings)
    if own_server(settings):
        return None
    if right:
        because = "The password works in the browser, as you say: if the client submits to Exchange Online, an identity policy "
        because += "(security defaults, Conditional Access, MFA) may refuse it by SMTP."
        return Finding(Belief.POSSIBLE, because, (said, right), _steps(), weight=1.7)
    if any(each.code for each in replies):
        return None
    because = (
        "If the client submits to Exchange Online, an identity policy (security defaults, Conditional Access, MFA) may "
    )
    because += "refuse its password."
    return Finding(Belief.POSSIBLE, because, (said,), _steps(), weight=1.1)


def _went_on(said: Said, replies: tuple[Reply, ...], settings: tuple[Configured, ...]) -> Finding | None:
    """Not logged on at MAIL FROM: as it was never tried, or as it was refused."""
    if uses_tokens(settings) or not may_be_refused(said, replies, settings):
        return None
    because = "If the client did try to log on: an identity policy (security defaults, Conditional Access, MFA) may have refused "
    because += "its password, and it went on without."
    return Finding(Belief.POSSIBLE, because, (said,), _steps(), weight=1.25)


def _disabled(said: Said, account: Configured | None) -> Finding:
    """The same words are for private accounts, which no policy concerns."""
    if account is not None and account.name == "Private":
        because = "The account is a private one of Outlook.com, which belongs to no tenant and obeys no policy of one."
        return Finding(Belief.RULED_OUT, because, (said, account))
    because = (
        "Basic authentication is disabled for this user, mostly by an authentication policy without AllowBasicAuthSmtp."
    )
    belief = Belief.LIKELY if account is not None else Belief.POSSIBLE
    return Finding(belief, because, (said, account), _steps(), weight=1.0)


def _no_token(refused: Configured) -> Finding | None:
    """The application was sent to a second factor or a policy before it got as far as a mail server."""
    if refused.kind != "token-refused" or refused.name not in _POLICY_ERRORS:
        return None
    because = f"Microsoft Entra gave the application no token (AADSTS{refused.name}): a policy asks for more than a name and a "
    because += "password, such as a second factor, which a program without a user can't answer."
    return Finding(Belief.LIKELY, because, (refused,), _steps(), weight=1.4)


def _told(told: Told) -> Finding | None:
    """A program that can't send since more than a password is asked for."""
    if told.story != "password-alone-since-a-policy":
        return None
    because = "The program fails since more than a password is asked for, as you tell it: SMTP AUTH with a password answers no "
    because += "second factor, and security defaults refuse it altogether."
    return Finding(Belief.POSSIBLE, because, (told,), _steps(), weight=1.7)


def _steps() -> tuple[Step, ...]:
    return (
        sign_in_log(),
        look(
            "See whether an authentication policy forbids Basic authentication by SMTP.",
            "Get-AuthenticationPolicy | Format-Table Name,AllowBasicAuthSmtp; "
            "Get-OrganizationConfig | Format-List DefaultAuthenticationPolicy; "
            "Get-User {account} | Format-List AuthenticationPolicy",
            EXO,
            account="",
        ),
        change(
            "Move the client to OAuth, or to a connector that needs no password. Only where neither can be: exclude this one "
            "service account from the Conditional Access policy (security defaults know no exclusion), limited to its address.",
            "",
            shell="portal",
            changes="The client authenticates another way, or one account may use a password from one address.",
            undo="Remove the exclusion.",
            verify="The sign-in log shows success for the client app Authenticated SMTP.",
        ),
    )
