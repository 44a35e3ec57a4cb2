"""The sending client or server goes on without TLS where TLS is required.

## What is happening
The receiving side insists on encryption, by its connector or as a policy, and offers STARTTLS. The client (an
application, a printer, a Postfix without `smtp_tls_security_level`) issues MAIL FROM or AUTH in clear text
and is refused: `Must issue a STARTTLS command first`, `538 5.7.11`, `504 5.7.4 Unrecognized authentication
type`, or `454 4.7.0 Failed to establish appropriate TLS channel: Access Denied`.

An application that is set to STARTTLS and leaves it out is not offered AUTH either: then it is refused as one that did not log
on (`5.7.57`), though its settings name a user.

## What proves it
- the receive log shows EHLO, a reply that lists STARTTLS, and then MAIL FROM or AUTH, without STARTTLS in
  between
- AUTH in clear text was refused (`504 5.7.4`), and a logon by hand finds that the server lists it behind STARTTLS alone
- a client's own trace shows that AUTH came in clear text, behind an EHLO reply that lists STARTTLS and no AUTH

## Not this when
- the EHLO reply lists no STARTTLS: the server can't offer it (`connector.receive.tls-auth-disabled`, or its
  certificate)
- the session was encrypted before the refusal
- inside TLS the server lists no logon with a password either (GSSAPI, NTLM alone)
- the client speaks TLS at once, and its library reports a broken record (`tls.implicit.port-mismatch`)
- strangers try AUTH from outside, again and again (`auth-smtp.external.password-guessing`)
- the client tried STARTTLS and failed, as an Exchange server does before it goes on in clear text: then it is
  a TLS version, a cipher or a certificate

## References
- https://learn.microsoft.com/en-us/exchange/mail-flow-best-practices/how-to-set-up-a-multifunction-device-or-application-to-send-email-using-microsoft-365-or-office-365
- https://learn.microsoft.com/en-us/powershell/module/exchangepowershell/set-receiveconnector
- https://www.postfix.org/TLS_README.html#client_tls
"""

from __future__ import annotations

from diagnostics.cause import Belief, Finding, cause, change, look, shown
from diagnostics.causes.auth_smtp.logon import client_settings, encrypts, submits
from diagnostics.causes.auth_smtp.mechanism_not_offered import CLIENT_WORDS
from diagnostics.causes.network.reach import by_exchange_online, kind_of
from diagnostics.causes.recipient.lookup import by_microsoft
from diagnostics.facts import Reply, Said, Session, Stage, StarttlsNotOffered, TlsFailed, TlsSucceeded
from diagnostics.mail_facts import Configured, LogonTried
from diagnostics.patterns import linear
from diagnostics.refusals import topics
from diagnostics.report import Step

_DEMANDED = "STARTTLS is required to send mail"
_THEIRS = ("destination", "remote host", "remote server", "remote system", "recipient server", "starttls-not-supported")
_OF_A_PORT = "typically reserved for plain-text"  # MailKit, of a client that spoke TLS at once
_OTHERWISE = {"tls-missing", "tls-old"}
_SUBMITS = ("smtp.", "smtp-")  # hosts of Microsoft that take clients alone: no server delivers there
_CLOUD = ("outlook.com", "office365.com")
_MX_HOST = linear(r"(?i)\.protection\.outlook\.com$|\.mx\.microsoft$|\.eo\.outlook\.com$")  # never offers AUTH
# What a reply speaks of; its other words tell whether it asks for encryption.
_NOUNS = ("TLS", "STARTTLS", "encrypt", "clear text", "cleartext", "plain text", "plaintext")
_OWN_ATTEMPT = linear(r"SSL_connect error|\bCannot start TLS: ")  # Postfix as a client
_IN_HANDSHAKE = linear(r"(?i)\benable_crypto\b|\bcertificate verif|\bSSL routines\b|\balert (?:handshake|protocol)")
_NOT_LOGGED_ON = "5.7.57"  # MAIL FROM came without AUTH, which Exchange offers behind STARTTLS only
_BASIC = "Require basic authentication"  # Exchange, of a smart host in whose answer it found no AUTH
_IN_CLEAR = ("5.7.4", "504 ", "538 ", "5.7.11", "5.7.57")
_WITH_PASSWORD = frozenset({"LOGIN", "PLAIN"})
_PLAIN = ("must issue a starttls", "5.7.11", "encryption required", "5.7.10")


@cause(
    id="tls.starttls.client-did-not-encrypt",
    act="sender",
    says=(
        "Must issue a STARTTLS command first",
        "538 5.7.11",
        "Encryption required for requested authentication mechanism",
        "504 5.7.4 Unrecognized authentication type",
        "Failed to establish appropriate TLS channel: Access Denied",
        _DEMANDED,
        _NOT_LOGGED_ON,
        _BASIC,
        *CLIENT_WORDS,
        *_NOUNS,
    ),
)
def assess(
    said: Said,
    sessions: tuple[Session, ...],
    encrypted: tuple[TlsSucceeded, ...],
    broken: tuple[TlsFailed, ...],
    missing: tuple[StarttlsNotOffered, ...],
    settings: tuple[Configured, ...],
    replies: tuple[Reply, ...],
    logons: tuple[LogonTried, ...],
) -> Finding | None:
    """The receive log decides: was STARTTLS offered, and was it used?"""
    if said.signature == _NOT_LOGGED_ON:
        return _never_got_to_log_on(said, settings, sessions, replies)
    if said.signature in (_BASIC, *CLIENT_WORDS):
        judged = bool(sessions or logons or encrypted)
        return None if judged else _offered_none(said, client_settings(settings))
    if said.signature in _NOUNS:
        return _asked(said, next((each for each in replies if _OWN_ATTEMPT.search(each.whole)), None))
    if said.signature == _DEMANDED:
        return _demanded(said, missing, settings, replies)
    early = next((each for each in logons if each.clear and not each.offered and not _MX_HOST.search(each.host)), None)
    if early:
        because = f"The client sent AUTH {early.mechanism} in clear text: {early.host or 'the server'} had answered EHLO with "
        because += "STARTTLS and without AUTH."
        if not early.host.endswith(_CLOUD):
            because += " Most servers offer that only once the session is encrypted."
            return Finding(Belief.LIKELY, because, (early, said), _steps(), weight=1.4)
        because += " Exchange Online offers that only once the session is encrypted."
        return Finding(Belief.CONFIRMED, because, (early, said), _steps())
    session = next((s for s in sessions if s.direction == "receive" and s.source == said.source), None)
    refuting = _refuting(said, session, encrypted, broken, missing)
    if refuting:
        return refuting
    if session and session.stage not in (Stage.STARTTLS, Stage.SECURED):
        return _proven(said, session)
    plain = any(words in said.text.lower() for words in _PLAIN)
    # Exchange answers 451 5.7.3 to servers that failed to encrypt as well; an application shows what its own attempt got.
    if plain and (said.kind == "client" or "451 5.7.3" not in said.text):
        because = f"The server refused with `{said.signature}`: the client went on in clear text where TLS is required."
        return Finding(Belief.LIKELY, because, (said,), _steps(), weight=1.3)
    because = f"`{said.signature}` is what a client gets that did not encrypt first; its own log, or the log of the "
    because += "receiving server, shows whether it did."
    return Finding(Belief.POSSIBLE, because, (said,), _steps(), weight=1.5)


@shown
def listed(settings: tuple[Configured, ...], replies: tuple[Reply, ...]) -> Finding | None:
    """Which logons a session by hand found in clear text and behind STARTTLS, beside the refusal of one in clear text."""
    seen = next((each for each in reversed(settings) if each.kind == "logons-listed"), None)
    refused = next((each for each in replies if each.failing and any(words in each.whole for words in _IN_CLEAR)), None)
    if seen is None:
        return None
    where, inside = seen.name or "The server", seen.get("Inside").split()
    if not set(inside) & _WITH_PASSWORD:
        because = f"{where} lists no logon with a password inside TLS either ({' '.join(inside) or 'no AUTH'})."
        return Finding(Belief.RULED_OUT, because, (seen,))
    if refused is None or not seen.told("Before") or set(seen.get("Before").split()) & _WITH_PASSWORD:
        return None
    before = seen.get("Before") or "no logon"
    because = f"{where} lists {' '.join(inside)} behind STARTTLS and {before} before it, and refused one "
    because += f"that came in clear text ({refused.code} {refused.enhanced})."
    return Finding(Belief.LIKELY, because, (seen, refused), _steps())


def _asked(said: Said, tried: Reply | None) -> Finding | None:
    """Another server's own words for it. The same nouns stand in replies about certificates, versions and missing TLS."""
    low, about = said.text.lower(), topics(said)
    if _IN_HANDSHAKE.search(said.text):
        return None  # it did begin to
    if said.kind in ("event", "command", "stray", "report") or "tls-wanted" not in about or about & _OTHERWISE:
        return None
    if by_exchange_online(said.text) or any(
        words in low for words in (*_PLAIN, _DEMANDED.lower(), *_THEIRS, _OF_A_PORT)
    ):
        return None  # judged by those words, or spoken of the other server
    if tried:
        because = (
            "The client did start TLS, and the handshake failed; only then it went on in clear text: why did it fail?"
        )
        return Finding(Belief.POSSIBLE, because, (said, tried), _steps(), weight=0.6)
    because = (
        f"{said.by or 'The server'} takes mail only over an encrypted connection, and the client went on in clear text."
    )
    return Finding(Belief.LIKELY, because, (said,), _steps(), weight=1.25)


def _never_got_to_log_on(
    said: Said, settings: tuple[Configured, ...], sessions: tuple[Session, ...], replies: tuple[Reply, ...]
) -> Finding | None:
    """A client with a user in its settings that sent none, on the port for those who log on; the receive log settles it."""
    client = client_settings(settings)
    if client is None or not client.get("User"):
        return _in_clear(said, sessions, replies)
    if not submits(said, settings):
        return None
    refused = {each.source for each in replies if each.enhanced == _NOT_LOGGED_ON}
    seen = next((each for each in sessions if each.direction == "receive" and each.source in refused), None)
    if seen and (seen.protocol or seen.local):  # negotiated, or at least the server's certificate was shown
        return Finding(Belief.RULED_OUT, "The receive log shows that the client did begin TLS.", (seen,))
    if seen and "STARTTLS" in seen.capabilities:
        because = f"`{seen.connector}` offered STARTTLS, and the client sent MAIL FROM in clear text: so it never came to log on "
        because += "with the user that its settings name."
        return Finding(Belief.LIKELY, because, (seen, said, client), _steps(), weight=1.4)
    because = "The client has a user to log on with and did not: a server offers AUTH only behind STARTTLS, which it may have "
    because += "left out, whatever its settings say."
    return Finding(Belief.POSSIBLE, because, (said, client), _steps(), weight=1.3)


def _in_clear(said: Said, sessions: tuple[Session, ...], replies: tuple[Reply, ...]) -> Finding | None:
    """Exchange Online offers AUTH behind STARTTLS only, and whether the client began TLS is not shown.

    An Exchange server encrypts by itself, and who got another refusal came further.
    """
    further = any(each.failing and _NOT_LOGGED_ON not in each.whole for each in replies)
    if sessions or further or said.kind in ("queue", "trace", "log") or _MX_HOST.search(said.host or said.by):
        return None
    if not by_microsoft(said):
        because = "A Receive connector may offer its logon only once the session is encrypted: a client that leaves STARTTLS out "
        because += "is taken for an anonymous one."
        return Finding(Belief.POSSIBLE, because, (said,), _steps(), weight=0.9)
    because = "Exchange Online offers AUTH only once the session is encrypted: a client that leaves STARTTLS out can't log on, "
    because += "and its MAIL FROM is taken for an anonymous one."
    return Finding(Belief.POSSIBLE, because, (said,), _steps(), weight=1.0)


def _offered_none(said: Said, client: Configured | None) -> Finding | None:
    """A client that found no AUTH in the answer to EHLO, which many servers list only once the session is encrypted."""
    if (client and encrypts(client)) or _MX_HOST.search(said.host or said.by):
        return None
    because = "The server listed no logon that the client could use; many offer AUTH only behind STARTTLS, or on another port "
    because += "than 25."
    return Finding(Belief.POSSIBLE, because, (said,), _steps(), weight=1.0)


def _demanded(
    said: Said, missing: tuple[StarttlsNotOffered, ...], settings: tuple[Configured, ...], replies: tuple[Reply, ...]
) -> Finding | None:
    """The same words are a sender's complaint and a server's refusal. Exchange Online's own reply, or a client of it, tells."""
    complaint = next((m for m in missing if m.source == said.source), None)
    layered = any(r.source == said.source and r.wrappers for r in replies)  # a server passes on what another one said
    client = _sends_online(settings, by_name=not layered)
    if client is None and complaint and said.kind != "client":
        return None  # a library prints what it got; a server complains, too
    because = "Exchange Online takes mail only over an encrypted connection, and the client sent `MAIL FROM` without STARTTLS."
    return Finding(Belief.LIKELY, because, (said, client), _steps(), weight=1.6)


def _sends_online(settings: tuple[Configured, ...], *, by_name: bool) -> Configured | None:
    """The client that is told to submit through Exchange Online: by the host in its settings, or (`by_name`) in the text."""
    client = client_settings(settings)
    if client is None or client.get("Host"):
        return client if client and client.get("Host").lower().endswith(_CLOUD) else None
    named = next((each.name.lower() for each in settings if each.kind == "told-destination"), "")
    return client if by_name and named.startswith(_SUBMITS) and named.endswith(_CLOUD) else None


def _refuting(
    said: Said,
    session: Session | None,
    encrypted: tuple[TlsSucceeded, ...],
    broken: tuple[TlsFailed, ...],
    missing: tuple[StarttlsNotOffered, ...],
) -> Finding | None:
    absent = next((m for m in missing if m.side == "local"), None)
    if absent:
        because = "The server's EHLO reply offers no STARTTLS, so no client could use it."
        return Finding(Belief.RULED_OUT, because, (absent,))
    ours = next((f for f in broken if f.direction == "send"), None)
    if ours and session is None and said.kind in ("queue", "log"):
        because = (
            f"Our server did start TLS, and the handshake failed with {ours.error}; only then it went on in clear text."
        )
        return Finding(Belief.RULED_OUT, because, (ours,))
    tried = next((f for f in broken if f.direction == "receive"), None)
    if tried:
        because = f"The client did start TLS, and the handshake failed with {tried.error}."
        return Finding(Belief.RULED_OUT, because, (tried,))
    mine = [e for e in encrypted if session and e.direction == "receive" and e.session == session.session]
    if mine:
        return Finding(
            Belief.RULED_OUT,
            f"The session was encrypted ({mine[0].protocol}) before the refusal.",
            (mine[0],),
        )
    return None


def _proven(said: Said, session: Session) -> Finding:
    who = session.remote_ip or "The client"
    because = f"{who} sent on `{session.connector}` at {session.began} without STARTTLS, "
    offered = "STARTTLS" in session.capabilities
    because += "although the EHLO reply offered it." if offered else "and was refused for it."
    if any(words in said.text.lower() for words in _PLAIN):
        belief = Belief.CONFIRMED if offered else Belief.LIKELY
        return Finding(belief, because, (said, session), _steps(), weight=1.4)
    if kind_of(session.remote_ip) == "internal":
        return Finding(Belief.LIKELY, because, (said, session), _steps(), weight=1.2)
    # From outside, AUTH in clear text is as often somebody who guesses passwords.
    return Finding(Belief.POSSIBLE, because, (said, session), _steps(), weight=0.7)


def _steps() -> tuple[Step, ...]:
    return (
        look(
            "See which Receive connectors require TLS, and which log.",
            "Get-ReceiveConnector | Format-List "
            "Identity,RequireTLS,AuthMechanism,PermissionGroups,ProtocolLoggingLevel",
        ),
        change(
            "Switch STARTTLS on in the client, and let it accept TLS 1.2.",
            "",
            shell="portal",
            changes="Postfix: smtp_tls_security_level = may (or encrypt). .NET: $smtp.EnableSsl = $true. "
            "Send-MailMessage: -UseSsl. "
            "Printers: STARTTLS on port 587 or 25, not SSL on 465.",
            undo="Set the client back as it was.",
            verify="The receive log shows STARTTLS after EHLO, and the message is accepted.",
        ),
    )
