"""The client wants to log on where no logon, or not that kind, is offered.

## What is happening
AUTH is refused not for its password but because the server has none to offer there: an MX host of Exchange Online (direct
send knows no logon), a relay connector for anonymous devices, or a Receive connector that lists other mechanisms (NTLM and
GSSAPI, but no LOGIN). Exchange says `504 5.7.4 Unrecognized authentication type`; clients say that the server
does not support AUTH.

## What proves it
- the session is encrypted, and the EHLO reply after STARTTLS lists no AUTH, or not the mechanism that the client used

## Not this when
- AUTH was sent before STARTTLS and is offered only after it (`tls.starttls.client-did-not-encrypt`)
- 535: the mechanism was taken, the credentials or a policy refused
- a foreign address tries AUTH on port 25 and leaves (`auth-smtp.external.password-guessing`)

## References
- https://learn.microsoft.com/en-us/exchange/mail-flow-best-practices/how-to-set-up-a-multifunction-device-or-application-to-send-email-using-microsoft-365-or-office-365
- https://learn.microsoft.com/en-us/powershell/module/exchangepowershell/set-receiveconnector
"""

from __future__ import annotations

from typing import Final

from diagnostics.cause import Belief, Finding, cause, change, look
from diagnostics.causes.auth_smtp.logon import (
    LOGON_FAILED,
    client_settings,
    encrypts,
    from_outside,
    is_client_connector,
    session_of,
)
from diagnostics.causes.connector.steps import show_send_connector
from diagnostics.causes.recipient.lookup import by_microsoft
from diagnostics.facts import Said, Session, Stage, TlsSucceeded
from diagnostics.mail_facts import Configured, LogonTried
from diagnostics.patterns import linear
from diagnostics.refusals import topics
from diagnostics.report import Act, Step

_PASSWORD: Final = frozenset({"LOGIN", "PLAIN", "CRAM-MD5", "DIGEST-MD5"})
_UNRECOGNIZED: Final = "5.7.4 Unrecognized authentication type"
MX_HOST = linear(
    r"(?i)\.mail\.protection\.outlook\.com\b|\.mx\.microsoft\b|\.eop-[\w-]{2,20}\.prod\.protection\.outlook\.com\b|\.mail\.eo\.outlook\.com\b"
)
# The server offers no logon at all.
NO_LOGON: Final = (
    "SMTP AUTH extension not supported by server",
    "SMTP server does not support authentication",
    "Host did not advertise authentication",
    "does not support SMTP authentication",
    "AUTH not supported by server",
    "No authentication type was advertised",
    "does not advertise AUTH",
    "server doesn't support AUTH",
    "the server does not support authentication",
    "AUTH command used when not advertised",
)
CLIENT_WORDS: Final = (
    *NO_LOGON,
    "No suitable authentication method found",
    "no authentication mechanism is available",
    "Unable to find suitable auth mechanism",
    "No compatible authentication mechanism was found",  # lettre
    "No compatible authentication mechanisms found",  # MailKit
    "None of the authentication methods supported by this client",  # Outlook; its number for it, 0x800CCC80, is among the codes
    "von diesem Client unterstützten Authentifizierungsmethoden",
    "authentication mechanism is not supported by the server",
    "No authentication mechanisms supported by both server and client",
    "SMTP server does not support the requested authentication",
    "SASL authentication failure: No worthy mechs found",
    "cannot authenticate to server",
    "Unrecognized authentication type",
    "does not support the selected authentication method",  # Thunderbird
    "does not seem to support encrypted passwords",  # Thunderbird
    "Missing credentials for",  # nodemailer, which got no user for what the server offers
    "Authentication cancelled",  # libcurl
    "unencrypted connection",  # Go, which gives no password away in clear
)
# A server of one's own that is to log on to the next one: Exchange's own words, and those of a queue before 2007.
_SMART_HOST: Final = ("5.7.3 Require basic authentication", "The remote SMTP service rejected AUTH negotiation")
# Nouns of other systems' refusals, and what is to stand beside them (refusals.toml).
_NOUNS: Final = (
    "AUTH",
    "authentication type",
    "authentication method",
    "authentication mechanism",
    "authentication is not",
    "mechanism",
    "XOAUTH2",
)


@cause(
    id="auth-smtp.mechanism.not-offered",
    act="sender",
    says=(_UNRECOGNIZED, "authentication not enabled", *CLIENT_WORDS, *_SMART_HOST, *_NOUNS, *LOGON_FAILED),
    against={
        "the user credentials were incorrect": "judges a password, so the mechanism was there and was used",
    },
)
def assess(
    said: Said | Configured,
    sessions: tuple[Session, ...],
    encrypted: tuple[TlsSucceeded, ...],
    _logon: LogonTried | None,
    _connectors: Configured | None,
    settings: tuple[Configured, ...],
    logons: tuple[LogonTried, ...],
) -> Finding | None:
    """An MX host offers no logon; on an Exchange server an encrypted session and the connector's list tell."""
    if isinstance(said, Configured):
        return _without_mechanism(said)
    return _by_reply(said, sessions, encrypted, settings, logons)


def _by_reply(
    said: Said,
    sessions: tuple[Session, ...],
    encrypted: tuple[TlsSucceeded, ...],
    settings: tuple[Configured, ...],
    logons: tuple[LogonTried, ...],
) -> Finding | None:
    if said.signature in _SMART_HOST:
        return _of_smart_host(said)
    if said.signature in _NOUNS and not _worded(said):
        return None
    if "invalid domain name" in said.text.lower():
        return None  # its EHLO was refused: what the server offers, the client has not seen
    session = session_of(said, sessions)
    mx = MX_HOST.search(f"{said.by} {said.text}")
    if mx:
        because = f"{said.by or 'The server'} is an MX host of Exchange Online, which offers no logon; the client must not try."
        return Finding(Belief.LIKELY, because, (said,), _steps(""), weight=1.2)
    client = client_settings(settings)
    if client and MX_HOST.search(client.get("Host")):
        because = f"The client logs on to {client.get('Host')}, an MX host of Exchange Online, which offers no logon."
        return Finding(Belief.LIKELY, because, (said, client), _steps(""), weight=1.2)
    # One that offers none at all may do so once the session is encrypted.
    tried = next((each for each in logons if each.offered and each.mechanism not in each.offered), None)
    if said.signature in LOGON_FAILED and tried is None:
        return None  # nothing is told of what the server offers
    if tried:
        because = f"The client logs on with AUTH {tried.mechanism}, and {tried.host or 'the server'} offers only "
        because += f"{' '.join(tried.offered)} there."
        # A client can change to another kind of password logon; NTLM and its like are for those of the domain.
        act: Act = "sender" if _PASSWORD & set(tried.offered) else "on-prem"
        return Finding(Belief.LIKELY, because, (tried, said), _steps(""), act, weight=1.5)
    told = next((each for each in settings if each.kind == "told-mechanism"), None)
    if told:
        because = f"`{said.signature}`, and what the client uses is not among the server's mechanisms ({told.name}), as you tell "
        because += "it: the client has to use one that stands in the answer to EHLO after STARTTLS."
        return Finding(Belief.LIKELY, because, (said, told), _steps(""), weight=1.3)
    if session:
        return _in_log(said, session, _secured(session, encrypted), settings)
    if said.signature == "authentication not enabled" or said.signature in _NOUNS:
        because = f"{said.by or 'The server'} takes no logon of that kind on this port."
        return Finding(Belief.LIKELY, because, (said,), _steps(""), weight=1.0)
    if client and encrypts(client):
        because = f"`{said.signature}`, though the client is set to encrypt ({client.get('Encryption')}): what it "
        because += "reached offers no logon, as an MX host or a relay connector."
        return Finding(Belief.LIKELY, because, (said, client), _steps(""), weight=1.2)
    because = f"`{said.signature}`: the server offers no logon, or not the kind that the client wants. It can also be that the "
    because += "client did not encrypt first, for many servers offer AUTH only then."
    # Whoever reaches Exchange Online's submission mostly encrypts, as it asks for it in so many words.
    return Finding(Belief.POSSIBLE, because, (said,), _steps(""), weight=1.55 if by_microsoft(said) else 1.4)


def _without_mechanism(offered: Configured) -> Finding | None:
    """AUTH with nothing behind it, as a connector has it whose authentication methods were all taken away."""
    if offered.kind != "told-logon" or offered.name != "Empty":
        return None
    because = (
        f"{offered.host or 'The server'} lists AUTH in its answer to EHLO, without a mechanism: a client that wants to "
    )
    because += "log on finds none. Either it sends without a logon, or the connector gets a method."
    return Finding(Belief.LIKELY, because, (offered,), _steps(""), weight=1.2)


def _of_smart_host(said: Said) -> Finding:
    """Whether the next server offers none, or refused the connector's account, only its answer to EHLO tells."""
    because = "The connector is set to log on, and the next server may offer no logon where it is asked: on that port, or before "
    because += "STARTTLS. Its answer to EHLO shows it."
    return Finding(Belief.POSSIBLE, because, (said,), _smart_host_steps(), "on-prem", weight=1.2)


def _smart_host_steps() -> tuple[Step, ...]:
    return (
        show_send_connector(""),
        look(
            "See what the smart host offers after STARTTLS, and the same with -port 587: type EHLO test, and look for 250-AUTH.",
            "openssl s_client -starttls smtp -crlf -quiet -connect {host:token}:25",
            "bash",
            host="",
        ),
        change(
            "If it offers AUTH on its port for submission only: send there.",
            "Set-SendConnector {connector} -Port 587 -SmartHostAuthMechanism BasicAuthRequireTLS",
            changes="The connector sends to port 587, and logs on once the session is encrypted.",
            undo="Set-SendConnector with the Port and SmartHostAuthMechanism that it had before.",
            verify="The next session in the protocol log shows 235 behind AUTH, and the queue drains.",
            connector="",
        ),
    )


def _worded(said: Said) -> bool:
    """Whether a reply says that the logon is not there. That of Exchange Online to a password is a retirement."""
    low = said.text.lower()
    retired = "5.7.30" in low or "5.7.139" in low or "client submission" in low
    encrypt = "encryption required" in low or "5.7.11" in low or "starttls" in low
    return "mechanism" in topics(said) and not retired and not encrypt


def _secured(session: Session, encrypted: tuple[TlsSucceeded, ...]) -> bool:
    mine = any(each.direction == "receive" and each.session == session.session for each in encrypted)
    return mine or session.stage >= Stage.SECURED


def _in_log(said: Said, session: Session, secured: bool, settings: tuple[Configured, ...]) -> Finding | None:
    if session.direction != "receive":
        return None
    name = session.connector.rpartition("\\")[2].casefold()
    connector = next(
        (s for s in settings if s.kind == "receive-connector" and s.name.rpartition("\\")[2].casefold() == name), None
    )
    who = session.remote_ip or "The client"
    because = f"{who} wanted to log on to `{session.connector}` in a way that the connector does not offer"
    act: Act = "sender" if secured else "on-prem"
    if connector and connector.told("AuthMechanism") and "basicauth" not in connector.get("AuthMechanism").lower():
        because += f" (AuthMechanism: {connector.get('AuthMechanism')})."
        return Finding(Belief.LIKELY, because, (said, connector), _steps(session.connector), "sender", weight=1.1)
    if secured:
        because += ", although the session was encrypted."
        return Finding(Belief.LIKELY, because, (said, session), _steps(session.connector), act, weight=1.1)
    weight = 0.6 if from_outside(session.remote_ip) else 1.1
    return Finding(Belief.POSSIBLE, f"{because}.", (said, session), _steps(session.connector), act, weight)


def _steps(connector: str) -> tuple[Step, ...]:
    return (
        look(
            "If the server is your own Exchange: see what each connector offers (Basic authentication appears as LOGIN).",
            "Get-ReceiveConnector | Format-List Identity,Bindings,AuthMechanism,PermissionGroups",
        ),
        look(
            "See what the server offers after STARTTLS: type EHLO test, and look for 250-AUTH.",
            "openssl s_client -starttls smtp -crlf -quiet -connect {host:token}:25",
            "bash",
            host="",
        ),
        *_mend(connector),
    )


def _mend(connector: str) -> tuple[Step, ...]:
    """Basic authentication is offered on a connector for clients alone, so only such a one is named."""
    return (
        change(
            "Switch authentication off in the client if it sends through an MX host or a relay connector; if it has to log on, "
            "give it smtp.office365.com, port 587, STARTTLS, or your server's port 587.",
            "",
            shell="portal",
            changes="The client sends without a logon, or logs on where that is offered.",
            undo="Restore the client's former settings.",
            verify="The client's log shows MAIL FROM answered with 250.",
        ),
        change(
            "If an application can only do LOGIN: offer it, inside TLS, on the client connector (587), not on the one that faces "
            "the Internet.",
            "Set-ReceiveConnector {connector} -AuthMechanism Tls,Integrated,BasicAuth,BasicAuthRequireTLS",
            changes="Clients of this connector may log on with LOGIN once the session is encrypted.",
            undo="Set-ReceiveConnector with the AuthMechanism that the first step printed.",
            verify="The EHLO reply after STARTTLS lists AUTH LOGIN.",
            connector=connector if is_client_connector(connector) else "",
        ),
    )
