"""One rebuilt SMTP session, told as facts.

The same words mean opposite things by who says them: in a send log `<` is the remote server, in a receive log `<` is the
client. Everything here is seen from the Exchange server that wrote the log.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from msgspec import Struct, field
from msgspec.structs import replace

from diagnostics.facts import (
    Certificate,
    CertificateRejected,
    ConnectFailed,
    ConnectionDropped,
    Fact,
    Session,
    SessionMasked,
    Side,
    SmtpReached,
    Source,
    Stage,
    StarttlsNotOffered,
    TlsFailed,
    TlsSucceeded,
)
from diagnostics.log_forms import CLOSED_SILENTLY, TLS_FAILED, UNNAMED, accepted, logon_denied, refuses, unconnected
from diagnostics.patterns import linear
from diagnostics.recognisers.certificate_rows import certificates
from diagnostics.recognisers.masking import MASKED_BANNER, MASKED_CAPABILITY
from diagnostics.recognisers.protocol_rows import Row
from diagnostics.recognisers.reply_text import connect_failure, joined, read_reply

Direction = Literal["send", "receive"]
_TLS_SUCCEEDED = linear(
    r"(?i)TLS protocol (\w{1,40}) negotiation succeeded(?:.{0,60}?algorithm (\w+))?(?:.{0,60}?MAC hash algorithm (\w+))?"
)
# What our server made of the peer's certificate, and why a connection ended: `Remote(TimedOut)`.
_JUDGED = linear(
    r"(?i)(?:\bStatus='|validation status:? ?'?|validation failure,? reason: ?|authentication failed with error )"
    r"(UntrustedRoot|SubjectMismatch|CertificateExpired|PartialChain|ChainValidationFailed|NotTimeValid|Revoked)\b"
)
_ENDED = linear(r"(?i)\b(?:(?:Remote|Local)\((\w{3,40})\)|(Timed ?Out|Timeout)\b)")
_GREETINGS: Final = ("EHLO", "HELO")
_ANNOUNCED = linear(r"(?i)\sSIZE=(\d{1,12})\b")
_GREETING = linear(r"(?i)^(?:EHLO|HELO)\s+(\S+)")
# Exchange and Exim say Hello, with or without the name before the address; Gmail is at your service.
_SEEN_AS = linear(r"(?i)\b(?:Hello(?: [^\s\[]+)?|at your service,) \[(?:IPv6:)?([0-9a-f.:]{3,45})\]")
_BANNER_HOST = linear(r"^220[ -]([A-Za-z0-9_.-]{3,253}) ")
# The reply to STARTTLS, where the excerpt begins with it: a banner has no enhanced code (RFC 2034) and names its host first.
_TLS_READY = linear(r"(?i)^220[ -](?:2\.\d\.\d{1,3}\b|(?:ready|go|begin|start|tls)\b.{0,30}\btls\b|tls\b)")
_MECHANISMS: Final = linear(r"(?i)^250[- ]AUTH[ =]([A-Z0-9 _-]{1,200})")
_SIZE: Final = linear(r"\bSIZE[ =](\d{1,15})\b")
_CAPABILITY: Final = linear(
    r"\b(STARTTLS|SIZE|PIPELINING|DSN|ENHANCEDSTATUSCODES|8BITMIME|BINARYMIME|CHUNKING|SMTPUTF8|X-ANONYMOUSTLS|X-EXPS|AUTH|XRDST|XSHADOW\w*)\b"
)

# Credentials and providers are ours; a peer that was never seen can't have refused anything.
_OWN_ERRORS: Final = frozenset(
    {"nocredentials", "unknowncredentials", "internalerror", "logondenied", "certificatenotfound"}
)
_ADDRESS = linear(r"<([^<>\s]{1,64}@[^<>\s]{1,253})>")
_VERBS: Final = ("EHLO", "HELO", "AUTH", "MAIL", "RCPT", "DATA", "BDAT", "STARTTLS", "X-EXPS", "RSET")
# What Exchange notes of a session that it could not go on with: the next hop's reply stands in quotes behind it.
_TELLING: Final = ("fail", "status", "acked")  # one of them is in what both of these match
_REPORTS = linear(
    r"(?i)authentication failed|\bfailed\b.{0,80}['\":] ?[45]\d\d[ -]|acked with status \w+ and response [45]\d\d"
)


_RIGHTS_SET: Final = "set session permissions"
_FIRST_GREETING: Final = 6  # rows: the connection, a banner of several lines, what the session may do
# Why our own server ends the session, without a number: it demands what the other one did not offer.
_GIVES_UP: Final = ("does not support tls", "cannot achieve exchange server authentication")
_PATIENCE: Final = timedelta(minutes=1)  # a reply that takes longer was waited for in vain
_LONGEST_REPLY: Final = 4_000  # characters
_LONGEST_NAME: Final = 255


class Told(Struct, frozen=True):
    session: Session
    facts: tuple[Fact, ...]


class _Conversation(Struct):
    """What has been read of the session so far."""

    direction: Direction
    begins: int = -1  # the number of its first row
    connected: Row | None = None
    failed_connect: ConnectFailed | None = None
    attempted: Row | None = None
    banner: str = ""
    greeting: str = ""
    seen_as: str = ""
    stage: Stage = Stage.ATTEMPTED
    capabilities: list[str] = field(default_factory=list)
    size: int = 0
    mechanisms: tuple[str, ...] = ()
    ehlo: Row | None = None
    ehlo_done: bool = False
    asked_starttls: bool = False
    tls_failed: tuple[Row, str] | None = None
    tls_ok: tuple[Row, str, str, str] | None = None
    judged: tuple[Row, str] | None = None
    masked: list[tuple[Row, Literal["banner", "verb", "capability"]]] = field(default_factory=list)
    refusals: list[tuple[Row, str]] = field(default_factory=list)
    denied: tuple[Row, str] | None = None  # a logon; the reply that tells the client may have been cut away
    verb: str = ""
    answers: str = ""  # the verb before the first refusal
    recipient: str = ""
    refused: dict[int, str] = field(default_factory=dict)  # the recipient of a refusal, by the row's line
    more: str = ""  # the code of a refusal whose last line has not come yet
    quit: bool = False
    logged_on: bool = False
    proxied: bool = False
    mail_from: str = ""
    rights: tuple[str, ...] = ()
    sent: int = 0
    spoken: Row | None = None  # the last row before the one that ends it
    closed: Row | None = None
    closed_by: Literal["local", "remote", ""] = ""
    ended: str = ""  # the reason in the closing row's brackets


def tell(rows: list[Row], sources: dict[int, Source], direction: Direction) -> Told:
    """The session and its facts. `rows` are in order; `sources` maps a row's 0-based line to its source."""
    talk = _Conversation(direction, rows[0].sequence)
    for row in rows:
        _hear(talk, row)
    if talk.denied and not talk.refusals and talk.stage is not Stage.DELIVERED:
        talk.refusals = [talk.denied]
    shown = list(certificates(rows, sources, rows[0].session, rows[0].connector))
    session = _session(talk, rows, sources, shown)
    return Told(session, (session, *shown, *_facts(talk, session, sources)))


def _hear(talk: _Conversation, row: Row) -> None:
    text = (row.data or row.context).strip()
    talk.spoken = row if row.event in ("<", ">") else talk.spoken
    if row.event == "+":
        talk.connected, talk.stage = row, max(talk.stage, Stage.CONNECTED)
    elif row.event == "-":
        talk.closed = row
        talk.closed_by = "remote" if "remote" in text.lower() else "local" if "local" in text.lower() else ""
        ended = _ENDED.search(text) if "(" in text or talk.closed_by == "" else None
        talk.ended = (ended.group(1) or ended.group(2)) if ended else ""
    elif row.event == "*" or row.event == "":
        _hear_note(talk, row, f"{row.data} {row.context}".strip())
    elif (row.event == "<") == (talk.direction == "send"):
        _hear_server(talk, row, text)
        talk.answers = talk.answers or (talk.verb if talk.refusals else "")
        talk.refused[row.line] = talk.recipient if talk.verb == "RCPT" else ""
    else:
        _hear_client(talk, text)


def _hear_note(talk: _Conversation, row: Row, text: str) -> None:
    low = text.lower()
    negotiated = "negotiation" in low
    telling = any(word in low for word in _TELLING)
    failed = TLS_FAILED.search(text) if negotiated else None
    succeeded = _TLS_SUCCEEDED.search(text) if negotiated else None
    if row.context.strip().lower() == "authenticated":
        talk.logged_on = True
    elif row.context.strip().lower() == _RIGHTS_SET:
        talk.rights = talk.rights if talk.logged_on else tuple(row.data.replace(",", " ").split())
    elif failed:
        talk.tls_failed = (row, failed.group(1) or UNNAMED)
    elif succeeded:
        talk.tls_ok = (row, succeeded.group(1), succeeded.group(2) or "", succeeded.group(3) or "")
        talk.stage = max(talk.stage, Stage.SECURED)
    elif "attempting to connect" in text:
        talk.attempted = row
    elif telling and (judged := _JUDGED.search(text)):
        talk.judged = (row, judged.group(1))
    elif refuses(text) or (telling and _REPORTS.search(text)) or any(words in low for words in _GIVES_UP):
        talk.refusals.append((row, text))
    elif telling and logon_denied(text):
        talk.denied = talk.denied or (row, text)
    elif "error" in low or "failed" in low:
        talk.failed_connect = connect_failure(text, Source(row.line + 1, "")) or talk.failed_connect


def _hear_client(talk: _Conversation, spoken: str) -> None:
    text = spoken.upper()
    verb = _verb(text)
    talk.verb = verb or talk.verb
    if verb in _GREETINGS and not talk.greeting:
        greeting = _GREETING.search(spoken)
        talk.greeting = greeting.group(1)[:_LONGEST_NAME] if greeting else ""
    if talk.ehlo is not None:
        talk.ehlo_done = True  # the client went on, so it had seen the whole reply
    talk.proxied = talk.proxied or text.startswith("XPROXY")
    if text.startswith("STARTTLS"):
        talk.asked_starttls = True
    elif text.startswith("QUIT"):
        talk.quit = True
    elif text.startswith("MAIL FROM"):
        talk.stage = max(talk.stage, Stage.MAIL)
        talk.mail_from = _first_address(spoken)
        announced = _ANNOUNCED.search(spoken)
        talk.sent = int(announced.group(1)) if announced else 0
    elif text.startswith("RCPT TO"):
        talk.stage = max(talk.stage, Stage.RECIPIENT)
        talk.recipient = _first_address(spoken)
    elif text.startswith(("DATA", "BDAT")):
        talk.stage = max(talk.stage, Stage.DATA)


def _verb(text: str) -> str:
    """The verb that a command in upper case begins with, "" for another: every line of a client is asked."""
    verb = next((each for each in _VERBS if text.startswith(each)), "")
    behind = text[len(verb) : len(verb) + 1]
    return "" if behind.isalnum() or behind == "_" else verb


def _hear_server(talk: _Conversation, row: Row, text: str) -> None:
    code = text[:3]
    if "**" in text and MASKED_BANNER.search(text):
        talk.masked.append((row, "banner"))
    if code == "220":
        talk.asked_starttls = talk.asked_starttls or bool(_TLS_READY.search(text))
        if talk.asked_starttls:
            talk.stage = max(talk.stage, Stage.STARTTLS)
        else:
            talk.banner, talk.stage = text, max(talk.stage, Stage.BANNER)
    elif code == "235":
        talk.logged_on = True
    elif code == "250" or not code.isdigit():
        _hear_250(talk, row, text)
    elif code[:1] in "45" and code.isdigit():
        _hear_refusal(talk, row, text)


def _hear_refusal(talk: _Conversation, row: Row, text: str) -> None:
    """A refusal, or the next line of one: those have a dash after the code. The longest line is the one to quote."""
    if talk.more and talk.refusals and text[:3] == talk.more:
        first, said = talk.refusals.pop()
        row = max(first, row, key=lambda each: len(each.data))
        talk.refusals.append((row, f"{said}\n{text}"[:_LONGEST_REPLY]))
    else:
        talk.refusals.append((row, text))
    talk.more = text[:3] if text[3:4] == "-" else ""


def _hear_250(talk: _Conversation, row: Row, text: str) -> None:
    offered = _MECHANISMS.search(text) if talk.stage < Stage.MAIL and "AUTH" in text[:8].upper() else None
    if offered:
        talk.mechanisms = tuple(str(offered.group(1)).upper().split())
    if accepted(text):  # nothing else has these words; DATA may have been cut away
        talk.stage = Stage.DELIVERED
    elif talk.stage < Stage.STARTTLS and not talk.ehlo_done:
        talk.ehlo, talk.stage = row, max(talk.stage, Stage.EHLO)
        seen = _SEEN_AS.search(text) if "[" in text and not talk.seen_as else None
        talk.seen_as = seen.group(1) if seen else talk.seen_as
        words = _CAPABILITY.findall(text)
        talk.capabilities.extend(word for word in words if word not in talk.capabilities)
        size = _SIZE.search(text) if "SIZE" in text else None
        talk.size = int(size.group(1)) if size else talk.size
        talk.ehlo_done = text.startswith("250 ")
        if "XXXX" in text and MASKED_CAPABILITY.search(text):
            talk.masked.append((row, "capability"))


def _session(talk: _Conversation, rows: list[Row], sources: dict[int, Source], shown: list[Certificate]) -> Session:
    last = talk.tls_failed[0] if talk.tls_failed else talk.refusals[0][0] if talk.refusals else rows[-1]
    times = sorted(row.at for row in rows if row.at)
    local = next((c for c in reversed(shown) if c.owner == "local"), None)
    return Session(
        source=sources[last.line],
        session=rows[0].session,
        connector=next((row.connector for row in rows if row.connector), ""),
        thumbprint=local.thumbprint if local else "",
        host=_host(talk),
        direction=talk.direction,
        began=times[0] if times else "",
        ended=times[-1] if times else "",
        stage=talk.stage,
        local_ip=_ip(next((row.local for row in rows if row.local), "")),
        remote_ip=_ip(next((row.remote for row in rows if row.remote), "")),
        banner=talk.banner,
        greeting=talk.greeting,
        seen_as=talk.seen_as,
        capabilities=tuple(talk.capabilities),
        size=talk.size,
        mechanisms=talk.mechanisms,
        protocol=talk.tls_ok[1] if talk.tls_ok else "",
        cipher=talk.tls_ok[2] if talk.tls_ok else "",
        tls_error=talk.tls_failed[1] if talk.tls_failed else "",
        error=_error(talk),
        answers=talk.answers,
        closed_by=talk.closed_by,
        logged_on=_logged_on(talk),
        mail_from=talk.mail_from,
        rights=talk.rights,
        sent=talk.sent,
        local=local,
        remote=next((c for c in reversed(shown) if c.owner == "remote"), None),
    )


def _logged_on(talk: _Conversation) -> bool | None:
    """Whether the client had logged on before it sent; a session that a front end handed on shows only that server's logon."""
    if talk.proxied:
        return None
    return talk.logged_on or (False if talk.greeting and talk.stage >= Stage.MAIL else None)


def _error(talk: _Conversation) -> str:
    if talk.refusals:
        return joined(talk.refusals[0][1])
    if talk.failed_connect:
        return unconnected(talk.failed_connect.kind, talk.failed_connect.winsock)
    return CLOSED_SILENTLY if _dropped(talk) else ""


def _dropped(talk: _Conversation) -> bool:
    """The peer closed an open conversation before anything was delivered, without QUIT, refusal or TLS error; or nobody
    took the message that was sent, until the conversation ended."""
    over = talk.quit or talk.refusals or talk.tls_failed or talk.stage in (Stage.DELIVERED, Stage.ATTEMPTED)
    if over or talk.closed is None or talk.direction != "send":
        return False
    return talk.closed_by == "remote" or talk.stage is Stage.DATA


def _waited(talk: _Conversation) -> str:
    """Our own server gives a session up that has been silent for too long; that it was long, the times of the rows tell."""
    if talk.closed_by != "local" or talk.spoken is None or talk.closed is None:
        return ""
    try:
        waited = datetime.fromisoformat(talk.closed.at) - datetime.fromisoformat(talk.spoken.at)
    except ValueError:
        return ""
    return "TimedOut" if waited >= _PATIENCE else ""


def _host(talk: _Conversation) -> str:
    found = _BANNER_HOST.search(talk.banner) if talk.direction == "send" else None
    return found.group(1).lower() if found and "." in found.group(1) else ""


def _ip(endpoint: str) -> str:
    return endpoint.rpartition(":")[0].strip("[]") if ":" in endpoint else endpoint


def _facts(talk: _Conversation, session: Session, sources: dict[int, Source]) -> Iterator[Fact]:
    keys: dict[str, Any] = {"session": session.session, "connector": session.connector, "host": session.host}
    at = session.began
    if talk.stage >= Stage.BANNER:
        row = talk.ehlo or talk.connected
        source = sources[row.line] if row else session.source
        yield SmtpReached(source=source, stage=talk.stage, direction=talk.direction, at=at, **keys)
    if talk.failed_connect and talk.stage is Stage.ATTEMPTED:
        row = talk.attempted
        source = sources.get(talk.failed_connect.source.line - 1, session.source)
        ip = session.remote_ip or talk.failed_connect.ip
        yield replace(talk.failed_connect, source=source, ip=ip, at=row.at if row else at, **keys)
    yield from _tls_facts(talk, session, sources, keys)
    for row, what in talk.masked:
        yield SessionMasked(source=sources[row.line], what=what, **keys)
    if _dropped(talk) and talk.closed:
        source = sources[talk.closed.line]
        yield ConnectionDropped(
            source=source,
            stage=talk.stage,
            by=talk.closed_by or "unknown",
            reason=talk.ended or _waited(talk),
            direction=talk.direction,
            at=talk.closed.at,
            **keys,
        )
    for row, text in _first_refusals(talk):
        by = session.host if talk.direction == "send" and row.event == "<" else ""
        noted = talk.direction == "receive" and row.event not in ("<", ">")
        told = read_reply(
            text,
            sources[row.line],
            kind="log",
            by=by,
            ip="" if noted else session.remote_ip,
            recipient=talk.refused.get(row.line, ""),
            at=row.at,
            connector=session.connector,
            session=session.session,
        )
        yield from (fact for fact in told if not (noted and _between_services(fact, session)))


def _between_services(fact: Fact, session: Session) -> bool:
    """What a front end notes of the back end that it passes a session on to is no fault of the way to the client, nor out."""
    way = isinstance(fact, ConnectFailed | ConnectionDropped)
    return way and "outbound proxy" not in session.connector.lower()


def _first_address(text: str) -> str:
    return found.group(1) if (found := _ADDRESS.search(text)) else ""


def _first_refusals(talk: _Conversation) -> list[tuple[Row, str]]:
    """The first refusal of a session is the finding; with pipelining it drags others (503 …) behind it."""
    first, rest = talk.refusals[:1], talk.refusals[1:]
    return first + [(row, text) for row, text in rest if not text.startswith("503") and text != first[0][1]][:20]


def _tls_facts(
    talk: _Conversation, session: Session, sources: dict[int, Source], keys: dict[str, Any]
) -> Iterator[Fact]:
    if talk.tls_failed:
        row, error = talk.tls_failed
        yield TlsFailed(
            source=sources[row.line],
            error=error,
            side=_side(error, session),
            direction=talk.direction,
            at=row.at,
            saw_remote=session.remote is not None,
            offered=session.local,
            presented=session.remote,
            remote_ip=session.remote_ip,
            thumbprint=session.thumbprint,
            **keys,
        )
    if talk.judged and not talk.tls_failed:
        row, reason = talk.judged
        presented = session.remote.subject if session.remote else ""
        yield CertificateRejected(
            source=sources[row.line], reason=reason, whose="remote", by="local", presented=presented, **keys
        )
    if talk.tls_ok:
        row, protocol, cipher, mac = talk.tls_ok
        yield TlsSucceeded(
            source=sources[row.line],
            protocol=protocol,
            cipher=cipher,
            mac=mac,
            direction=talk.direction,
            at=row.at,
            offered=session.local,
            presented=session.remote,
            thumbprint=session.thumbprint,
            **keys,
        )
    offered = "STARTTLS" in talk.capabilities or talk.asked_starttls or talk.tls_ok or talk.tls_failed
    missed = talk.direction == "receive" or talk.stage is not Stage.DELIVERED  # else our own server did without it
    if talk.ehlo and talk.ehlo_done and talk.capabilities and missed and not offered and not _later(talk):
        side: Side = "remote" if talk.direction == "send" else "local"
        yield StarttlsNotOffered(
            source=sources[talk.ehlo.line],
            side=side,
            direction=talk.direction,
            capabilities=tuple(talk.capabilities),
            at=talk.ehlo.at,
            **keys,
        )


def _later(talk: _Conversation) -> bool:
    """Whether the greeting is the second one, inside TLS, where STARTTLS is not offered any more, or the rest of a reply:
    the excerpt begins too late for the first."""
    return talk.begins > _FIRST_GREETING


def _side(error: str, session: Session) -> Side:
    return "local" if error.lower() in _OWN_ERRORS and session.remote is None else "unknown"
