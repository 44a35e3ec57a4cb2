"""The application's OAuth token is not accepted for SMTP: a permission, the service principal or the mailbox is missing.

## What is happening
A client logs on with AUTH XOAUTH2, and Exchange Online refuses the token: `535 5.7.3 Authentication unsuccessful`, without
a reason. The token was made for another audience (it has to be outlook.office365.com), it lacks the scope SMTP.Send
or the application permission SMTP.SendAsApp with an administrator's consent, the application has no service principal in
Exchange or no Full Access to the mailbox, or SMTP AUTH is switched off for that mailbox, which concerns OAuth as well.

## What proves it
- the client's log shows AUTH XOAUTH2 before the 535, and one of these is missing
- the claims of the decoded token: another `aud`, `roles` without SMTP.SendAsApp, or `scp` without SMTP.Send

## Not this when
- the client uses LOGIN or PLAIN: then it is the password or a policy
- the logon succeeds and the message is refused with SendAsDenied (`auth-smtp.sendas.mismatch`)

## References
- https://learn.microsoft.com/en-us/exchange/client-developer/legacy-protocols/how-to-authenticate-an-imap-pop-smtp-application-by-using-oauth
- https://techcommunity.microsoft.com/t5/exchange-team-blog/exchange-online-to-retire-basic-auth-for-client-submission-smtp/ba-p/4114750
"""

from __future__ import annotations

from typing import Final

from diagnostics.cause import Belief, Finding, cause, change, look
from diagnostics.causes.auth_smtp.logon import (
    ANONYMOUS,
    EXO,
    UNEXPLAINED,
    UNNUMBERED,
    elsewhere,
    may_be_refused,
    read_switches,
    refused_by,
    server,
    session_of,
    sign_in_error,
    unexplained,
    uses_tokens,
)
from diagnostics.causes.recipient.steps import advise
from diagnostics.facts import Reply, Said, Session
from diagnostics.mail_facts import Configured
from diagnostics.report import Step

# A refusal inside XOAUTH2 is a JSON object in base64: {"status":"400", …
# What the numbers say of the application: https://learn.microsoft.com/entra/identity-platform/reference-error-codes
_TOKEN_ERRORS: Final = {
    "65001": "nobody consented to its permissions",
    "650052": "the tenant lacks the service that it asks for",
    "650057": "it asks for a resource that its registration does not list",
    "700016": "its registration is not known in this tenant",
    "7000215": "its client secret is wrong (the secret's ID was taken for its value, mostly)",
    "7000222": "its client secret has expired",
    "7000218": "it sent no client secret or assertion",
    "700027": "its certificate or assertion was not accepted",
    "70008": "its refresh token has expired",
    "700082": "its refresh token has expired, as it was not used for too long",
    "50173": "its refresh token was revoked, as by a new password",
    "70011": "the scope that it asks for is not valid",
    "500011": "the resource that it asks for is not known in this tenant",
    "50105": "the account is not assigned to it",
    "90002": "the tenant that it names does not exist",
}
# Exchange Online by its names, and by the number that its first-party application has in every tenant.
_AUDIENCES: Final = ("outlook.office365.com", "outlook.office.com", "00000002-0000-0ff1-ce00-000000000000")
_CHALLENGES: Final = ("334 eyJ", "334, b'eyJ")


@cause(
    id="auth-smtp.oauth.misconfigured",
    act="exchange-online",
    says=(*_CHALLENGES, "AUTH XOAUTH2", UNEXPLAINED, UNNUMBERED, ANONYMOUS),
)
def assess(
    said: Said | Configured,
    sessions: tuple[Session, ...],
    settings: tuple[Configured, ...],
    replies: tuple[Reply, ...],
) -> Finding | None:
    """XOAUTH2 in the words tells; a bare 535 does not say how the client logged on."""
    if isinstance(said, Configured):
        return _no_token(said)
    if said.signature == ANONYMOUS:
        return _went_on(said, replies, settings)
    if said.signature == UNNUMBERED and not unexplained(said, settings):
        return None
    where = refused_by(said, session_of(said, sessions))
    if other := elsewhere(said, where):
        return other
    claims = next((each for each in settings if each.kind == "token-claims"), None)
    lacking = _lacking(claims) if claims else ""
    if lacking and where == "exchange-online":
        because = f"{server(said, where)} refused the logon, and the token's own claims tell why: {lacking}."
        return Finding(Belief.CONFIRMED, because, (said, claims), _steps())
    if said.signature in _CHALLENGES or "xoauth2" in f"{said.text} {said.source.quote}".lower():
        because = f"{server(said, where)} refused an OAuth token (XOAUTH2): scope, consent, service principal or mailbox access "
        because += "is missing."
        return Finding(Belief.LIKELY, because, (said,), _steps(), weight=1.0)
    token = uses_tokens(settings) or sign_in_error(settings, *_TOKEN_ERRORS)
    if token:
        because = f"{server(said, where)} refused a client that logs on with OAuth: its token, or what the application may do, "
        because += "was not accepted."
        return Finding(Belief.LIKELY, because, (said, token), _steps(), weight=1.5)
    because = "If the client logs on with OAuth (XOAUTH2): its token, or what the application may do, was not accepted."
    return Finding(Belief.POSSIBLE, because, (said,), _steps(), weight=1.1)


def _no_token(refused: Configured) -> Finding | None:
    """Microsoft Entra refused before any mail server was asked."""
    if refused.kind != "token-refused":
        return None
    reason = _TOKEN_ERRORS.get(refused.name, "")
    if reason:
        because = f"Microsoft Entra gave the application no token (AADSTS{refused.name}): {reason}."
        return Finding(Belief.LIKELY, because, (refused,), _steps(), weight=1.5)
    because = (
        f"Microsoft Entra gave the application no token (AADSTS{refused.name}). One that sends without a user has to "
    )
    because += "ask in its own name (client credentials, SMTP.SendAsApp), which no policy for users concerns."
    return Finding(Belief.POSSIBLE, because, (refused,), _steps(), weight=1.2)


def _went_on(said: Said, replies: tuple[Reply, ...], settings: tuple[Configured, ...]) -> Finding | None:
    """A client that is set to use tokens, and was not logged on at MAIL FROM."""
    token = uses_tokens(settings)
    if token is None or not may_be_refused(said, replies, settings):
        return None
    because = "The client logs on with OAuth, as is told, and was not logged on at MAIL FROM: it got no token, or its token was "
    because += "refused, and it went on without."
    return Finding(Belief.POSSIBLE, because, (said, token), _steps(), weight=1.6)


def _lacking(claims: Configured) -> str:
    """What the token should hold and doesn't, for a sentence; "" where nothing shows, or the claims were cut off."""
    audience, roles, scope = (claims.get(name).lower() for name in ("aud", "roles", "scp"))
    if audience and not any(each in audience for each in _AUDIENCES):
        return f"it was made for `{claims.get('aud')}`, not for https://outlook.office365.com"
    if roles and not scope and "smtp.sendasapp" not in roles:
        return (
            f"its roles are {claims.get('roles')}, without SMTP.SendAsApp, which an application needs to log on to SMTP"
        )
    if scope and not roles and "smtp.send" not in scope:
        return f"its scope is `{claims.get('scp')}`, without SMTP.Send"
    return ""


def _steps() -> tuple[Step, ...]:
    return (
        read_switches(),
        look(
            "See whether Exchange knows the application, and whether it has access to the mailbox.",
            "Get-ServicePrincipal | Format-List DisplayName,AppId,ObjectId; "
            "Get-MailboxPermission {mailbox} | Format-Table User,AccessRights",
            EXO,
            mailbox="",
        ),
        advise(
            "Decode the token and compare: aud is https://outlook.office365.com, and it holds the scope SMTP.Send (a user's) or "
            "the role SMTP.SendAsApp with an administrator's consent (an application's)."
        ),
        change(
            "For an application without user: register it in Exchange (ObjectId: of the enterprise application, not of the app "
            "registration) and give it the mailbox.",
            "New-ServicePrincipal -AppId {app_id} -ObjectId {object_id}; "
            "Add-MailboxPermission {mailbox} -User {object_id} -AccessRights FullAccess",
            shell=EXO,
            changes="The application may open this mailbox and submit mail as it.",
            undo="Remove-MailboxPermission with the same values, then Remove-ServicePrincipal.",
            verify="With a new token the logon is answered with 235.",
            app_id="",
            object_id="",
            mailbox="",
        ),
    )
