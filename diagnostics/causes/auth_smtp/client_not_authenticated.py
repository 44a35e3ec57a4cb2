"""The client sends through Exchange Online's submission server without logging on.

## What is happening
A device or application connects to `smtp.office365.com` and issues MAIL FROM without AUTH, or after AUTH was refused, or
without STARTTLS, before which that server offers no AUTH. Exchange Online takes nothing anonymous there: `530 5.7.57
Client was not authenticated to send anonymous mail during MAIL FROM`. Either the client logs on, or it uses the
tenant's MX host, which takes mail for the tenant's own recipients without a logon.

## What proves it
- the refusing server is Exchange Online's submission server, and the client's log holds no AUTH
- another server's port for submission (587) was asked, and the client's log holds no AUTH
- a mail server of one's own refuses a device of one's own for its reverse DNS or its greeting: it asks that of foreign servers
  alone, and takes the device for one because it comes on port 25 and does not log on

## Not this when
- an Exchange server of your own refused it: then its Receive connector takes nothing anonymous
  (`connector.receive.anonymous-permission-missing`)
- AUTH was answered with 535 or 504 in the same session, or with 503 `Send hello first`: then that reply names the
  fault, and this one only follows from it

## References
- https://learn.microsoft.com/en-us/troubleshoot/exchange/email-delivery/ndr/fix-error-code-5-7-57-in-exchange-online
- https://learn.microsoft.com/en-us/exchange/mail-flow-best-practices/how-to-set-up-a-multifunction-device-or-application-to-send-email-using-microsoft-365-or-office-365
"""

from __future__ import annotations

from diagnostics.cause import Belief, Finding, cause, change
from diagnostics.causes.auth_smtp.logon import (
    ALSO_REFUSED,
    REFUSED_SENDER,
    Where,
    asked,
    client_settings,
    is_client_connector,
    read_switches,
    refused_by,
    relays_on,
    server,
    session_of,
    submits,
)
from diagnostics.causes.connector import relay
from diagnostics.causes.connector.heard import Heard, heard
from diagnostics.causes.connector.steps import find_session
from diagnostics.causes.connector.turned_away import NAMELESS_CLIENT, Client, own_client, turned_away
from diagnostics.causes.network.reach import told_crossing
from diagnostics.causes.policy.said import from_itself
from diagnostics.causes.recipient.lookup import by_microsoft, domain, told_own
from diagnostics.causes.recipient.steps import advise
from diagnostics.facts import Reply, Said, Session
from diagnostics.mail_facts import Configured
from diagnostics.patterns import linear
from diagnostics.refusals import topics
from diagnostics.report import Step
from diagnostics.seen import by_own_log

# A logon that was tried, Exchange's own words, and servers that want another one's identity.
_SPECIAL = linear(
    r"(?i)\b53[458]\b|\b(?:RESOLVER|STOREDRV|SMTPSEND|TRANSPORT)\.|\b[45]\.7\.(?:3|57|64|1[0-9]{2})\b|starttls|\bspf\b|\bdkim\b"
    r"|\bdmarc\b|exchange server auth|\b504 need to authenticate first"
)
_NOUNS = (
    "authentication",
    "authenticate",
    "SMTP AUTH",
    "AUTH command",
    "log in",
    "login",
    "log on",
)  # as refusals.toml reads them
_OLD = "5.7.1 Client was not authenticated"  # before Exchange 2013, of one's own and online
OWNED = "rejected: not logged"  # in; Postfix: the address in MAIL FROM belongs to an account
# Postfix, of a sender in a table of its own: mostly the server's own domain, which only clients may write in.
NO_SUCH_SENDER = "Sender address rejected: Access denied"
_NO_NAME = "All-whitespace username"  # Cyrus SASL, as Postfix quotes it: name and password are set, and empty
AS_A_SERVER = (*NAMELESS_CLIENT, "Helo command rejected")
_LOGON_REFUSED = (504, 535)  # RFC 4954: the mechanism, the credentials
_TOO_SOON = linear(r"(?i)^\W{0,3}503\b.{0,20}\be?he?l+o\b")  # the greeting after STARTTLS is missing
_BELOW = 3  # lines; libraries print the inner error below their own

_LOG_ON = (
    advise(
        "In the client's settings: turn the logon for outgoing mail on, with user name and password, on port 587 with STARTTLS. "
        "What can't log on has to be let in by its address at that server."
    ),
)

_RELAY_LOGS_ON = advise(
    "On the relay: set the user and password for this host (Postfix: smtp_sasl_auth_enable and smtp_sasl_password_maps, under "
    "the very name that relayhost has). A relay with a fixed address can instead use the tenant's MX host with an "
    "inbound connector."
)


@cause(
    id="auth-smtp.client.not-authenticated",
    act="sender",
    says=(
        "Client was not authenticated to send anonymous mail during MAIL FROM",
        "Client not authenticated to send mail",
        "5.7.57",
        _OLD,
        OWNED,
        relay.CLIENT_REFUSED,
        NO_SUCH_SENDER,
        _NO_NAME,
        *AS_A_SERVER,
        *relay.SIGNATURES,
        *relay.FOREIGN,
        *relay.UNTOLD,
        *REFUSED_SENDER,
        "The SmtpClient is not authenticated",  # MailKit, of a session without a logon
        *_NOUNS,
    ),
    against={
        "Must issue a STARTTLS command first": "asks for encryption; a logon is asked for only after it",
    },
)
def assess(
    said: Said,
    sessions: tuple[Session, ...],
    replies: tuple[Reply, ...],
    settings: tuple[Configured, ...],
) -> Finding | None:
    """Who refused decides: Exchange Online's submission server, or a Receive connector of one's own."""
    if said.signature in (*relay.UNTOLD, *REFUSED_SENDER):
        return _untold(said) if relay.untold(said, replies) else None
    if said.signature == _NO_NAME:
        because = "The relay logs on with an empty user name: what is set for this host holds no name and no password."
        return Finding(Belief.LIKELY, because, (said,), (_RELAY_LOGS_ON,), "on-prem", weight=1.4)
    return _by_reply(said, sessions, replies, settings)


def _by_reply(
    said: Said, sessions: tuple[Session, ...], replies: tuple[Reply, ...], settings: tuple[Configured, ...]
) -> Finding | None:
    if said.signature in relay.SIGNATURES:
        return _relays_for_users(said, heard(said, replies, sessions), settings)
    if said.signature == NO_SUCH_SENDER:
        return _own_sender(said)
    if said.signature in (*relay.FOREIGN, *_NOUNS):
        of_connector = refused_by(said, session_of(said, sessions)) == "smart-host"
        return None if of_connector else _of_another(said, settings)
    if said.signature in AS_A_SERVER:
        return _like_a_server(said, turned_away(said, replies, sessions), settings)
    if said.signature == relay.CLIENT_REFUSED:
        return _refused_host(said, settings)
    if said.signature == OWNED:
        because = f"{server(said, '')} takes the address in MAIL FROM only from the account that it belongs to, and the client "
        because += "did not log on. It says the same to another server that sends with this address from outside."
        belief = Belief.POSSIBLE if from_itself(said, replies) else Belief.LIKELY
        return Finding(belief, because, (said,), _LOG_ON, weight=1.6)
    if ALSO_REFUSED.search(said.text):
        because = "The same error gives the reply to the logon (535): the client did try, and was refused."
        return Finding(Belief.RULED_OUT, because, (said,))
    tried = _refused_logon(said, replies)
    if tried:
        because = f"The client did try to log on, and was refused: `{tried.text[:80]}`."
        return Finding(Belief.RULED_OUT, because, (tried,))
    session = session_of(said, sessions)
    where = refused_by(said, session)
    if relays_on(said) and by_microsoft(said):
        because = (
            f"{server(said, where)}, Exchange Online's submission server, refused MAIL FROM: the relay whose log this "
        )
        because += "is does not log on there."
        return Finding(Belief.LIKELY, because, (said,), (_RELAY_LOGS_ON, *_steps()), "on-prem", weight=1.5)
    between = said.signature == _OLD and said.kind in ("ndr", "dsn", "trace")  # servers don't log on to each other
    if where == "smart-host" or between:
        return None
    if where == "on-prem" and session is not None:
        return _by_own_server(said, session)
    return _anonymous(said, where, settings, logged=any(each.direction == "receive" for each in sessions))


def _relays_for_users(said: Said, what: Heard, settings: tuple[Configured, ...]) -> Finding | None:
    """An Exchange server relays for who logged on, whatever its connectors let others do. No server logs on for that."""
    own = any(told_own(domain(each), settings) for each in what.recipients) or _between_servers(settings)
    if not relay.by_exchange_server(what) or what.reported or relay.rewritten(what) or relay.own_recipient(what) or own:
        return None
    if what.incoming and what.peer != "internal":
        return None
    session = what.session
    if session and session.logged_on:
        because = f"{what.client} had logged on before it was refused."
        return Finding(Belief.RULED_OUT, because, (session, said))
    because = f"{what.who} relays for clients that log on, and refused this one as it refuses strangers: if it has an "
    because += "account, it did not use it."
    told = said.kind in ("client", "log") or session
    return Finding(Belief.POSSIBLE, because, (said, session), _LOG_ON, weight=1.3 if told else 1.0)


def _between_servers(settings: tuple[Configured, ...]) -> bool:
    """Whether the mail passes between the premises and the cloud, as is told, or as the connector's setting for that shows."""
    return told_crossing(settings) is not None or any(each.told("TlsDomainCapabilities") for each in settings)


def _untold(said: Said) -> Finding:
    what = "recipients" if said.signature in relay.UNTOLD else "sender"
    because = f"The client only says that the server refused the {what}: so it does where a logon is wanted and the client has "
    because += "none."
    return Finding(Belief.POSSIBLE, because, (said,), _LOG_ON, weight=1.3)


def _own_sender(said: Said) -> Finding | None:
    """A program's refusal. To another organization's server, whose bounce comes back, nobody logs on."""
    if said.kind not in ("client", "bare"):
        return None
    because = "If that sender is of the server's own domain: it takes it from who logs on, and this client did not."
    return Finding(Belief.POSSIBLE, because, (said,), _LOG_ON, weight=1.2)


def _refused_host(said: Said, settings: tuple[Configured, ...]) -> Finding | None:
    """Postfix turns away, in the same words, who is in its table and who did not log on where all have to."""
    if said.kind not in ("client", "bare"):
        return None
    because = f"{server(said, '')} turned the client away as a whole, as Postfix does where only clients that logged on may send."
    if submits(said, settings):
        because += " The port is the one for them, and this client did not log on."
        return Finding(Belief.LIKELY, because, (said,), _LOG_ON, weight=1.4)
    return Finding(Belief.POSSIBLE, because, (said,), _LOG_ON, weight=1.5)


def _like_a_server(said: Said, client: Client | None, settings: tuple[Configured, ...]) -> Finding | None:
    """What is asked of foreign servers only, before anybody logged on."""
    own = own_client(client, settings) if client else ""
    if not own:
        return None
    because = f"The client that was refused is {own}, and is judged like a foreign server, as it did not log on (on port 25 many "
    because += "servers offer no logon): a client that logs on, on port 587, is asked for no reverse DNS and no name."
    return Finding(Belief.POSSIBLE, because, (said,), _LOG_ON, weight=1.8)


def _anonymous(said: Said, where: Where, settings: tuple[Configured, ...], *, logged: bool) -> Finding:
    """No logon was tried. Whether one was meant is told by the server, by the port, or by the client's settings.

    `logged` is whether the server's own log of it was sent.
    """
    because = (
        f"{server(said, where)} refused MAIL FROM ({'5.7.1' if said.signature == _OLD else '5.7.57'}): the client did "
    )
    because += "not log on before it, and the submission server takes no anonymous mail."
    client = client_settings(settings)
    if client and client.told("User") and not client.get("User"):
        because += f" Its settings name no user (host {client.get('Host') or 'not told'})."
        return Finding(Belief.LIKELY, because, (said, client), _steps(), weight=1.2)
    online = where == "exchange-online" or "client not authenticated to send mail" in said.text.lower()
    if online:
        return Finding(Belief.LIKELY, because, (said,), _steps(), weight=1.0)
    if submits(said, settings):
        because = f"{server(said, where)} was asked on the port that is for clients that log on, and this one did not."
        steps: tuple[Step, ...] = _LOG_ON
        if client and client.get("User"):
            steps = _LOG_ON if logged else (_read_session(), *_LOG_ON)
            because += " Its settings name a user: either it never sends AUTH, or it left STARTTLS out, before which AUTH is not "
            because += "offered."
        return Finding(Belief.LIKELY, because, (said, client), steps, weight=1.0)
    if other := asked(said, settings):
        because = f"If the client is meant to log on to {other}: it did not."
        return Finding(Belief.POSSIBLE, because, (said,), _steps(), weight=1.0)
    because += " If the server is your own Exchange, its Receive connector is meant instead."
    return Finding(Belief.POSSIBLE, because, (said,), _steps(), weight=1.0 if said.signature == _OLD else 1.7)


def _of_another(said: Said, settings: tuple[Configured, ...]) -> Finding | None:
    """Another mail system: it asks for a logon, or refuses to relay, which it does only for who logged on."""
    own = (
        by_microsoft(said)
        or said.kind in ("queue", "ndr", "dsn", "trace", "report", "tracking")
        or _SPECIAL.search(said.text)
    )
    about = topics(said)
    if own or "mechanism" in about or "owner" in about:
        return None
    if relay.by_google_relay(said):
        because = (
            "Google's relay service knows a sender by its registered address or domain, or by the logon of a Workspace "
        )
        because += "account: it saw neither."
        return Finding(Belief.POSSIBLE, because, (said,), _LOG_ON, weight=1.2)
    if "logon" in about:
        because = f"{server(said, '')} takes mail for others only from clients that log on: this one did not."
        return Finding(Belief.LIKELY, because, (said,), _LOG_ON, weight=1.0)
    if not relay.foreign(said):
        return None
    because = f"If the client is to send through {said.by or 'that server'}: it relays for who logs on, and this client did not."
    other = next((each for each in settings if each.kind == "told-elsewhere" and each.name == "client"), None)
    if other and not any(
        each.kind == "own-domain" for each in settings
    ):  # there the refused domain's own server is at fault
        because = "Another client sends through the same server, as you say: it relays for who logs on, and this client did not."
        return Finding(Belief.POSSIBLE, because, (said, other), _LOG_ON, weight=2.2)
    moved = any(each.kind == "told-moved" for each in settings)
    weight = 0.8 if moved else 1.5 if by_own_log(said) else 1.2  # a former provider's logon mends nothing
    return Finding(Belief.POSSIBLE, because, (said,), _LOG_ON, weight=weight)


def _refused_logon(said: Said, replies: tuple[Reply, ...]) -> Reply | None:
    """What the same session was refused for: above, by a client that went on; right below, in a client's nested errors."""
    session = next((r.session for r in replies if r.source == said.source), "")
    same = (
        r for r in replies if r.source.paste == said.source.paste and r.session == session and r.source != said.source
    )
    near = [r for r in same if r.source.line < said.source.line + _BELOW]
    logon = next((r for r in near if r.code in _LOGON_REFUSED), None)
    above = (r for r in near if r.source.line < said.source.line)
    return logon or next((r for r in above if _TOO_SOON.search(r.text)), None)


def _by_own_server(said: Said, session: Session | None) -> Finding:
    connector = session.connector if session else ""
    if is_client_connector(connector) and session:
        because = f"{session.remote_ip or 'The client'} did not log on to `{connector}`, which is for clients that do."
        return Finding(Belief.POSSIBLE, because, (said, session), _steps(), weight=1.2)
    because = "A Receive connector of your own refused, not Exchange Online's submission server."
    return Finding(Belief.RULED_OUT, because, (said,))


def _read_session() -> Step:
    """What tells a client that is not set to log on from one that never got to it."""
    return find_session(
        "",
        "Read that session in the receive log of the server: does it show STARTTLS, and AUTH behind it, before MAIL FROM?",
    )


def _steps() -> tuple[Step, ...]:
    return (
        read_switches(),
        change(
            "Let the client log on: server smtp.office365.com, port 587, STARTTLS with TLS 1.2, the full user principal name, "
            "OAuth or the password.",
            "",
            shell="portal",
            changes="The client submits as that mailbox, and may send as it alone unless it has Send As on others.",
            undo="Restore the client's former settings.",
            verify="The client's log shows STARTTLS, AUTH, 235 and then 250 to MAIL FROM.",
        ),
        change(
            "If it can't log on and writes only to your own users: name the tenant's MX host, port 25, in place of "
            "smtp.office365.com (direct send). To write outside it needs an inbound connector.",
            "",
            shell="portal",
            changes="Mail goes to the MX host, and is judged like mail from the Internet: put the sending address into SPF.",
            undo="Restore the client's former settings.",
            verify="A test message reaches a mailbox of the tenant.",
        ),
    )
