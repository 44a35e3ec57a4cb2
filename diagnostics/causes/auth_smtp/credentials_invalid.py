"""The user name or password of the SMTP logon is wrong, expired, or the account is locked.

## What is happening
A client logs on and the directory refuses the account: a mistyped or old password in a printer's settings, an expired
one, a disabled or locked account, a user name without its domain. Exchange Online says `535 5.7.139 … the user credentials
were incorrect`; an Exchange server says `535 5.7.3 Authentication unsuccessful` and writes event 1035 with LogonDenied.

## What proves it
- the reply says that the credentials were incorrect, or that the account is locked
- the same account and password fail in Outlook on the web, or the sign-in log shows 50126 or 50053
- `Get-ADUser` shows LockedOut or PasswordExpired True, or Enabled False

## Not this when
- the same password works in Outlook on the web: then a switch or policy refuses SMTP AUTH
  (`auth-smtp.disabled.mailbox`, `auth-smtp.blocked.security-defaults-or-ca`)
- event 1020 says that the credentials are valid (`auth-smtp.onprem.no-submit-permission`)
- a foreign address guesses at a public connector (`auth-smtp.external.password-guessing`)
- event 1035 speaks of another Exchange server (mechanism ExchangeAuth)

## References
- https://learn.microsoft.com/en-us/troubleshoot/exchange/email-delivery/fix-issues-with-printers-scanners-and-lob-applications-that-send-email-using-off
- https://www.rfc-editor.org/rfc/rfc4954
"""

from __future__ import annotations

from typing import Final

from diagnostics.cause import Belief, Finding, cause, change, look, shown
from diagnostics.causes.auth_smtp.logon import (
    LOGON_FAILED,
    NOTHING_TOLD,
    UNEXPLAINED,
    UNEXPLAINED_139,
    Where,
    between_servers,
    client_ip,
    event_connector,
    from_outside,
    is_client_connector,
    nothing_told,
    refused_by,
    server,
    session_of,
    sign_in_error,
    sign_in_log,
    told_right,
    unexplained,
    uses_tokens,
    without_reply,
)
from diagnostics.causes.connector.relay import CLIENT_REFUSED
from diagnostics.causes.recipient.lookup import by_microsoft
from diagnostics.causes.recipient.steps import advise
from diagnostics.causes.transport_service.services import everyday_only
from diagnostics.facts import Reply, Said, Session, WindowsEvent
from diagnostics.mail_facts import Configured, LogonTried
from diagnostics.patterns import linear
from diagnostics.refusals import topics
from diagnostics.report import Act, Step
from diagnostics.text import is_cut

_TOLD: Final = ("the user credentials were incorrect", "account is locked")
_AT_THE_RECIPIENT = linear(r"^\W{0,3}55\d\b")  # a refusal of a message: the account is the addressee's
_PASSWORD_ERRORS: Final = {
    "50126": "user name or password is wrong",
    "50034": "the account does not exist",
    "50053": "the account is locked",
    "50055": "the password has expired",
    "50056": "the account has no usable password",
    "50057": "the account is disabled",
}
_NUMBER: Final = ("535 5.7.8", "535-5.7.8")
_REFUSAL: Final = "535"  # of another mail system, in words of its own


@cause(
    id="auth-smtp.credentials.invalid",
    act="sender",
    says=(
        *_TOLD,
        *_NUMBER,
        _REFUSAL,
        UNEXPLAINED,
        UNEXPLAINED_139,
        "LogonDenied",
        CLIENT_REFUSED,
        *LOGON_FAILED,
        *NOTHING_TOLD,
    ),
)
def assess(
    said: Said | Configured,
    sessions: tuple[Session, ...],
    settings: tuple[Configured, ...],
    logons: tuple[LogonTried, ...],
    replies: tuple[Reply, ...],
    events: tuple[WindowsEvent, ...],
) -> Finding | None:
    """Exchange Online names the reason; an Exchange server's event names the client."""
    if isinstance(said, Said) and said.signature == "LogonDenied" and _beside(said, replies, events):
        because = (
            "A logon failed with LogonDenied, among what every server logs; no refusal of a logon was sent beside it."
        )
        return Finding(Belief.POSSIBLE, because, (said,), _steps("on-prem"), weight=0.5)
    if isinstance(said, Said) and said.signature in NOTHING_TOLD:
        return _settings(said) if nothing_told(said, replies) else None
    return _no_token(said) if isinstance(said, Configured) else _by_reply(said, sessions, settings, logons)


def _beside(said: Said, replies: tuple[Reply, ...], events: tuple[WindowsEvent, ...]) -> bool:
    """Whether the event stands in a log that was asked for, among others of every day, and nothing else tells of a logon."""
    later = [each for each in events if each.source.paste == said.source.paste > 0]
    refused = any(each.code in (530, 535) or "auth" in each.text.lower() for each in replies)
    return said.kind == "event" and not refused and everyday_only(later) is not None


@shown
def account(objects: tuple[Configured, ...]) -> Finding | None:
    """What the directory says of the account. One that is in order may still have another password."""
    for each in objects:
        state = "locked" if each.flag("LockedOut") else ""
        state = state or ("disabled" if each.told("LockedOut") and each.flag("Enabled") is False else "")
        state = state or ("one whose password has expired" if each.flag("PasswordExpired") else "")
        if state:
            because = f"The account {each.name} is {state}" if each.name else f"The account is {state}"
            because += ": its logon is refused, whatever the password."
            return Finding(Belief.CONFIRMED, because, (each,))
    return None


def _by_reply(
    said: Said, sessions: tuple[Session, ...], settings: tuple[Configured, ...], logons: tuple[LogonTried, ...]
) -> Finding | None:
    session = session_of(said, sessions)
    where = refused_by(said, session)
    low = said.text.lower()
    bounced = said.kind in ("ndr", "dsn") and "auth" not in low
    told = "" if bounced or _AT_THE_RECIPIENT.search(low) else next((words for words in _TOLD if words in low), "")
    if told:
        because = f"{server(said, where)} looked the account up and refused it: {told}."
        locked = "lock" in told or "disabled" in told
        return Finding(Belief.CONFIRMED, because, (said,), _steps(where), _act(where) if locked else "sender")
    entry = sign_in_error(settings, *_PASSWORD_ERRORS)
    if entry:
        because = f"The sign-in log says {entry.name}: {_PASSWORD_ERRORS[entry.name]}."
        return Finding(Belief.CONFIRMED, because, (said, entry), _steps(where), _act(where))
    if where == "smart-host" and said.signature == _REFUSAL:
        return None  # connector.send.smarthost-auth-failed reads these
    if where == "smart-host":
        because = (
            f"{server(said, where)} refused the logon of our own server: the connector's stored account may be wrong."
        )
        return Finding(Belief.POSSIBLE, because, (said,), _steps(where), "on-prem", weight=1.0)
    if "logondenied" in low:
        if "outbound authentication failed" in low or between_servers(said):
            return None
        return _denied(said, client_ip(said, session))
    if any(number in low for number in _NUMBER):
        because = f"{server(said, where)} says that the user name or password is wrong (5.7.8)."
        return Finding(Belief.LIKELY, because, (said,), _steps(where), _act(where), weight=1.0)
    if without_reply(said):
        because = "The client only says that its logon failed; what the server answered tells a wrong password from the rest. "
        because += "The client's debug output has it (535 …)."
        right = told_right(settings)
        if right:
            because = (
                "The client's logon failed, though the password works in the browser, as you say: only a mistyped user "
            )
            because += "name or password in the client is left of this."
            return Finding(Belief.POSSIBLE, because, (said, right), _steps(where), weight=0.7)
        return Finding(Belief.POSSIBLE, because, (said,), _steps(where), weight=1.5)
    nameless = next((each for each in logons if each.user == "name"), None)
    if unexplained(said, settings) and where == "exchange-online" and nameless:
        because = "The user name that the client sent is no address. Exchange Online knows an account by its full user principal "
        because += "name only (name@domain)."
        return Finding(Belief.LIKELY, because, (nameless, said), _steps(where), "sender", weight=1.2)
    if unexplained(said, settings):
        return _unexplained(said, session, where, settings)
    return _turned_away(said, where) or (_worded(said, where) if said.signature == _REFUSAL else None)


def _no_token(refused: Configured) -> Finding | None:
    if refused.kind != "token-refused" or refused.name not in _PASSWORD_ERRORS:
        return None
    because = f"Microsoft Entra gave the application no token (AADSTS{refused.name}): {_PASSWORD_ERRORS[refused.name]}."
    return Finding(Belief.CONFIRMED, because, (refused,), _steps("exchange-online"), _act("exchange-online"))


def _settings(said: Said) -> Finding:
    because = "The client says no more than that it could not send with its settings: if it reached the server, its user name or "
    because += "password may be the wrong part of them. Its log, or a test with another client, tells."
    return Finding(Belief.POSSIBLE, because, (said,), _steps(""), "sender", weight=0.9)


def _turned_away(said: Said, where: Where) -> Finding | None:
    """A Postfix that serves clients only tells whoever is not logged on, with a wrong password or with none, the same."""
    if said.signature != CLIENT_REFUSED:
        return None
    because = "Postfix refuses a client as a whole that did not log on where it has to; one whose logon failed before that is "
    because += "told the same. The server's log has that (SASL … authentication failed)."
    return Finding(Belief.POSSIBLE, because, (said,), _steps(where), weight=0.9)


def _worded(said: Said, where: Where) -> Finding | None:
    """Exchange has numbers and reasons; what others say with their 535 is that the password does not fit."""
    if "password" not in topics(said) or "mechanism" in topics(said) or by_microsoft(said) or "5.7.139" in said.text:
        return None
    if where == "exchange-online":
        because = f"{server(said, where)} refused the logon, and its reason is lost: the user name or password, or a logon that "
        because += "this account may not use."
        return Finding(Belief.POSSIBLE, because, (said,), _steps(where), _act(where), weight=1.0)
    because = f"{server(said, where)} refused the user name or password (535)."
    return Finding(Belief.LIKELY, because, (said,), _steps(where), _act(where), weight=1.0)


def _denied(said: Said, ip: str) -> Finding:
    because = (
        f"The logon of {ip or 'a client'} failed with LogonDenied: user name or password wrong, or the account locked."
    )
    if from_outside(ip):
        because += " The address is outside; if nobody of yours works there, somebody guesses."
        weight = 1.2 if is_client_connector(event_connector(said)) else 1.0
        return Finding(Belief.POSSIBLE, because, (said,), _steps("on-prem"), weight=weight)
    if not ip and is_cut(said.text):
        because += " The row is cut off before the address: it may be anybody who guesses."
        return Finding(Belief.POSSIBLE, because, (said,), _steps("on-prem"), weight=0.9)
    return Finding(Belief.LIKELY, because, (said,), _steps("on-prem"), weight=1.0)


def _unexplained(said: Said, session: Session | None, where: Where, settings: tuple[Configured, ...]) -> Finding:
    ip = client_ip(said, session)
    token = uses_tokens(settings)
    if token:
        because = f"{server(said, where)} refused the logon without a reason. The client logs on with OAuth, as is told: then "
        because += "no password is wrong, but the account can be locked or gone."
        return Finding(Belief.POSSIBLE, because, (said, token), _steps(where), _act(where), weight=1.0)
    because = f"{server(said, where)} refused the logon{f' of {ip}' if ip else ''} without a reason; "
    because += "a wrong or expired password is the first thing to check."
    weight = {"exchange-online": 1.5, "on-prem": 0.8 if from_outside(ip) else 1.7}.get(where, 1.5)
    return Finding(Belief.POSSIBLE, because, (said,), _steps(where), _act(where), weight=weight)


def _act(where: Where) -> Act:
    return "exchange-online" if where == "exchange-online" else "sender"


def _steps(where: Where) -> tuple[Step, ...]:
    attempt = advise(
        "Sign in to Outlook on the web with exactly the account (full user principal name) and password that the client uses."
    )
    state = look(
        "See whether the account is locked, disabled or its password expired.",
        "Get-ADUser -LDAPFilter {filter} -Properties LockedOut,PasswordExpired,BadLogonCount,LastBadPasswordAttempt | "
        "Format-List UserPrincipalName,Enabled,LockedOut,PasswordExpired,BadLogonCount,LastBadPasswordAttempt",
        "powershell",
        filter="(|(sAMAccountName=<account>)(userPrincipalName=<account>)(mail=<account>))",
    )
    stored = look(
        "See which connector logs on to a smart host.",
        "Get-SendConnector | Format-List Name,SmartHosts,SmartHostAuthMechanism",
    )
    first = {"exchange-online": (attempt, sign_in_log()), "on-prem": (state,), "smart-host": (stored,)}
    mend = change(
        "Enter the current user name and password in the client, after unlocking the account or resetting its password if that "
        "is the reason. A password changed for one device has to be changed in all.",
        "",
        shell="portal",
        changes="The client logs on with the new credentials.",
        undo="None needed: the old ones did not work.",
        verify="The client's next logon succeeds (235 2.7.0).",
    )
    return (*first.get(where, (attempt, state)), mend)
