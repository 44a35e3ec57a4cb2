"""SMTP reply text, wherever it stands: wrappers peeled, codes read, and what the words state told as facts.

Innermost wins: `A -> B -> C`, `… responded with: "…"`, `[Message=…]`, `(…)` after an expiry are read from outside in. A
wrapper that holds nothing else stays, and is itself the reply.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final, Literal

import re2
from msgspec import Struct
from msgspec.structs import replace

from diagnostics.facts import (
    CertificateRejected,
    ConnectFailed,
    ConnectionDropped,
    Fact,
    Reply,
    Side,
    Source,
    StarttlsNotOffered,
    TlsFailed,
)
from diagnostics.log_forms import WINSOCK, unreached
from diagnostics.patterns import linear
from diagnostics.recognisers.remarks import spoken
from diagnostics.recognisers.reply_wording import reads_on
from diagnostics.refusals import topics_of
from diagnostics.text import glued, squeezed

Kind = Literal["queue", "ndr", "dsn", "log", "trace", "event", "client", "bare"]

_QUOTED: Final = frozenset({"bare", "log", "client"})  # what people put into lines of their own
# "550 5.7.1", "550-5.7.1", "#550 5.7.1", "421.4.4.2", "(535, b'5.7.139", "421 4.4 2" (typed by hand), "4.4.7" alone.
CODES: Final = (
    r"(?:\b(?P<basic>[245]\d\d)(?:[ .:+-]{1,3}|, ?b?['\"]))?#?(?P<enhanced>[245]\.\d{1,3}\.\d{1,3})"
    r"|\b(?P<typed>[45]\d\d) (?P<hand>[45]\.\d{1,2} \d{1,2})\b"
)
_CODES = linear(CODES)
# Who has not kept the last digits says so: "5.7.6-something", "4.7.6.." (three dots end a quotation).
_CUT_SHORT = linear(
    r"(?i)^(?:\.\.(?:[^.]|$)|-?(?:something|whatever|irgendwas|ish\b|x{1,3}\b|y{2,3}\b)|[?*]|-?quelque|-?algo\b)"
)
_BASIC = linear(r"^\W{0,3}([245]\d\d)(?:[ ,:-]|$)")
_CONTINUED = linear(r"^(?:\W{0,3}LED=)?\W{0,3}(\d{3})-(?:(\d\.\d{1,3}\.\d{1,3})\b)?")
_REPEATED = linear(r"^[45]\d\d-\S|^[45]\d\d-? +[45]\.\d{1,3}\.\d{1,3}\s+[a-z]")
_CODE_ENDS = linear(r"\b[45]\d\d\s*$")
_NUMBERS_ALONE = linear(r"^#?[45]\d\d(?:[ -]#?[45]\.\d{1,3}\.\d{1,3})?:?$")
_STATUS_BEGINS = linear(r"^\s*[45]\.\d{1,3}\.\d{1,3}\b")
_LOG_ROW = linear(
    r"^[A-Z][a-z]{2} [ \d]?\d \d\d:\d\d:\d\d [\w.-]+ [\w./-]+\[\d+\]: "
)  # a syslog's next row is no rest of this one
# Postfix and Sendmail, of a program beside them that looks at messages: no mail goes to it.
_TO_FILTER = linear(
    r"(?i)connect to (?:milter service|proxy filter|private/)|problem talking to server|error connecting to filter"
    r"|\bmilter \S{1,200}: can't read|\bacl condition: "
)
_LABEL = linear(r"^[A-Z][A-Za-z ]{2,40}\s?:(?:\s|$)")
_LONGEST: Final = 4000  # a reply line has at most 512 octets, and a chain of quoted ones a few thousand
_TOO_MUCH: Final = frozenset(
    {"fast", "rate", "listed"}
)  # why a server that answers "connection refused" closes what it opened
_TOO_LONG = linear(
    r"(?i)\b(?:in the queue too long|could not be delivered for too long|envelope expired|failing for a long time"
    r"|retry time(?:out)? (?:not reached|exceeded)"
    r"|after multiple retries|delivery time expired|message (?:has )?expired"
    r"|cannot send message (?:for|within) \d+ (?:days|hours)"
    r"|still undelivered after \d+|has been delayed|delayed for more than"
    r"|(?:could not|unable to|not|un)(?: be)? ?deliver(?:ed|able)?(?: this message)? (?:for|after|within) [^\d.]{0,20}\d+ [smhd]"
    r"|delivery failed \d+ attempts|not yet received your message)"
)
_WRAP: Final = 64  # shorter lines than this were not broken by a mail client or a console
_NESTED = r"[^\[\]]*(?:\[[^\[\]]*\][^\[\]]*)*"
_INNER = (
    linear(r'(?i)(?:responded with|target IP address)\s*:?\s*"([^"]+)'),
    linear(r"(?i)target IP address responded(?: with)?\s*:?\s+(\d{3}[ .-].+?)(?:\.?\s+Attempted |$)"),
    linear(r"(?i)\breturned\s+'(.+)'"),
    linear(r"(?i)(?:error|exception|server response was): (\(?\d{3}[ ,:-].*|\d\.\d{1,3}\.\d{1,3} .*)$"),
    linear(rf"\[Message=({_NESTED})"),
)
# Cisco's gateways: a name that they give to every such number, and the server's own words in quotes behind it.
_CLASSED = linear(
    r"^[45]\.\d\.\d{1,3} - [A-Za-z][^'0-9]{3,60} ([45]\d\d)[ -]?'(.+?)'?(?: \(delivery attempts: \d+\))?$"
)
_EXPIRED = linear(r"(?i)Message expired[^()]{0,80}\(")
_ARROW = linear(r"\s*-{1,3}>\s*")
_LED = linear(r"(?i)(?:[\[{]|^|\s)LED=(.*?)(?:\}\s*;\s*\{|\}\s*\]|\}?\s*$)")
_LED_ANGLED = linear(r"(?i)<LED[=-](.*?)(?:>\s*;\s*<|>\s*\]|>?\s*$)")
_LED_MSG = linear(r"(?i)\{MSG=(.*?)\}\s*(?:;|\]|$)")
_LED_HOST = linear(r"(?i)[{<]FQDN[=-]([^{}<>\s]*)[}>]")
_LED_IP = linear(r"(?i)[{<]IP[=-]([^{}<>\s]*)[}>]")
# The server tag that Exchange Online puts behind its own replies.
_TAG = linear(r"\[([A-Za-z0-9.-]+\.(?i:outlook\.com|exchangelabs\.com))(?: \d{4}-[^\[\]]*)?\]")
# sendmail's "Connection timed out with mx.example.com.", "Connection refused by mx.example.com."
_OF_SENDMAIL = linear(
    r"(?i)\bconnection (?:timed out with|refused by|reset by) ([a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){1,8})\.?(?:\s|$)"
)
# Postfix's own words, in which the other side stands with its address: connect to mx1.fabrikam.com[198.51.100.25]:25: …
_OF_POSTFIX = linear(
    r"(?i)\b(?:connect to|conversation with|lost connection with|(?:by|of|with) (?:host|server)) "
    r"([a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){1,8})\[[0-9a-f.:]{3,45}\]"
)
# Exim's "host mx1.fabrikam.com [198.51.100.25]: Connection refused"
_OF_EXIM = linear(
    r"(?i)\bhost ([a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){1,8}) \[[0-9a-f.:]{3,45}\]:? (?:connection|no route|network is)\b"
)
# Google's, which no other mail system has, and each attempt below it: [mx1.fabrikam.com. 203.0.113.4: timed out]
_OF_GOOGLE = linear(r"(?i)\bdid not accept our requests to connect\b")
_ATTEMPT = linear(r"\[([A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,8})\.? ([0-9a-fA-F.:]{3,45}): ([^\[\]]{3,80})\]")
_REASONS: Final = ("refused", "unreachable")  # any other is no answer
_MOST_ATTEMPTS: Final = 20
_LAST_HOST = linear(r"(?i)\[?LastAttemptedServerName=([A-Za-z0-9._-]{1,253})")
_LAST_IP = linear(
    r"(?i)(?:LastAttemptedIP=|last endpoint attempted was |connect to (?:[\w.-]{1,253}\[)?|failed to respond |refused it )"
    r"\[?((?:\d{1,3}\.){3}\d{1,3}|[0-9A-F]{0,4}(?::[0-9A-F]{0,4}){2,8})\]?:\d+"
)

_DROPPED = linear(
    r"(?i)connection (?:was )?(?:dropped|reset)\b|connection (?:was )?closed abruptly|SuspiciousRemoteServerError"
)
_DROP_REASON = linear(
    r"(?i)\b(SocketError|socket error|ConnectionReset|ConnectionAborted|TimedOut|SuspiciousRemoteServerError)\b"
)
_TLS = linear(r"(?i)TLS negotiation failed with error (socket error|\w{1,40})")
_REJECTED = linear(
    r"(?i)\b(UntrustedRoot|SubjectMismatch|CertificateExpired|PartialChain|CertificateRevoked|Revoked|ChainValidationFailed|CertificateUnknown|NotTimeValid)\b"
)
# OpenSSL's words in the logs of other mail systems, in Exchange's terms.
_UNVERIFIED = linear(
    r"(?i)certificate verif(?:ication|y) (?:failed|error)|SSL verify error|TLS failed: verify error"
    r"|Server certificate not (?:trusted|verified)|cert must be signed by a valid ca"
)
_UNVERIFIED_REASONS: Final = (
    ("has expired", "CertificateExpired"),
    ("not yet valid", "NotTimeValid"),
    ("self-signed", "UntrustedRoot"),
    ("self signed", "UntrustedRoot"),
    ("untrusted issuer", "UntrustedRoot"),
    ("unable to get local issuer", "PartialChain"),
    ("signed by a valid ca", "UntrustedRoot"),  # Symantec's gateway
    ("unable to verify the first", "PartialChain"),
    ("hostname mismatch", "SubjectMismatch"),
    ("certificate revoked", "Revoked"),
)
_UNVERIFIED_HOST = linear(r"(?i)(?:failed|error) for ([\w.-]{1,253})\[([0-9a-f.:]{3,45})\]")
_EXPECTED = linear(r"(?i)Expected Subject:\s*([^\s,;\[\]]{1,253}?)\.?(?:\s|$|\.\s)")
_PRESENTED = linear(r"(?i)Presented Subject:\s*(.+?)\.?\s*(?:Thumbprint|\]|$)")
_THUMBPRINT = linear(r"(?i)Thumbprint:\s*([0-9A-F]{31,64})")
# "Must issue a STARTTLS command first" is the opposite: there the server offered it and the client did not use it.
_NEEDS_TLS = linear(
    r"(?i)STARTTLS is required to send mail|remote SMTP service does not support TLS"
    r"|TLS is required, but was not offered by host|Host did not advertise STARTTLS"
    r"|TLS session is required, but the server did not offer TLS|using STARTTLS since it does(?: not|n.t) advertise"
)


class Code(Struct, frozen=True):
    """A status code in a text: `basic` is 0 where only the enhanced code is there; `start`, `end` are offsets."""

    basic: int
    enhanced: str
    start: int
    end: int


def find_codes(text: str) -> Iterator[Code]:
    """Every enhanced code in `text`, with the basic code before it. Addresses, versions and build numbers are none."""
    for found in _CODES.finditer(text):
        if found.group("hand"):
            yield Code(int(found.group("typed")), found.group("hand").replace(" ", "."), found.start(), found.end())
            continue
        start, end = found.span()
        before, after = text[start - 1 : start], text[end : end + 2]
        if glued(before) or before == "." or glued(after[:1]) or (after[:1] == "." and after[1:].isdigit()):
            continue
        if is_cut(text, end):
            continue
        yield Code(int(found.group("basic") or 0), found.group("enhanced"), start, end)


def is_cut(text: str, end: int) -> bool:
    """Whether the code that ends there lacks digits, as who wrote it down shows: then it is another one."""
    return bool(_CUT_SHORT.search(text[end : end + 14]))


def has_words_in(line: str, text: str) -> bool:
    """Whether `text` has nothing but a reply's numbers so far, and `line` below it reads as the words."""
    return bool(_NUMBERS_ALONE.search(text.strip())) and reads_on(line)


_CLAUSE: Final = 30  # characters that a server writes before it comes to the verb
# What a sentence does not begin with, a person's neither.
_PREDICATE = linear(
    r"^(?:does not|did not|is not|was (?:not|rejected|blocked|refused)|has (?:been|an?|not)|due to|because of|and has) "
)


def goes_on(text: str, line: str) -> bool:
    """Whether `line` is the wrapped rest of the reply that ends `text`: by indent, open bracket or quote, or width."""
    if not line.strip() or len(text) > _LONGEST or _LOG_ROW.search(line):
        return False
    if _CODE_ENDS.search(text[-8:]) and _STATUS_BEGINS.search(line):
        return True  # broken between the code and the enhanced one
    if line[:1] in " \t" or _REPEATED.search(line) or _same_reply(text, line) or _awaits(text, line):
        return True
    tail = text[-500:]
    if any(tail.rfind(opened) > tail.rfind(closed) for opened, closed in ("()", "[]", "{}")):
        return True
    if tail.count('"') % 2:
        return True
    width = len(text) - text.rfind("\n") - 1
    if width >= _CLAUSE and _PREDICATE.search(line) and tail.rstrip()[-1:] not in ".!?":
        return True
    if _LABEL.search(line):
        return False
    if tail.rstrip().endswith((";", "->")):
        return True
    return width >= _WRAP and tail.rstrip()[-1:] not in ".!?\"')]}#"


def _awaits(text: str, line: str) -> bool:
    """Whether a reply of several lines, whose code is repeated with a dash, was wrapped anew and goes on in `line`."""
    code = text[:4]
    marked = code[:1] in "45" and code[1:3].isdecimal() and code[3:] == "-"
    return marked and (code in line or code in text[4:]) and f" {code[:3]} " not in f"{text} ".replace("\n", " ")


def _same_reply(text: str, line: str) -> bool:
    """Whether the last line of `text` has a dash after its code, and `line` repeats that code."""
    last = text[text.rfind("\n") + 1 :]
    return (
        last[:1] in "45" and last[1:3].isdecimal() and last[3:4] == "-" and line[:3] == last[:3] and line[3:4] in " -"
    )


def unwrapped(text: str) -> tuple[str, tuple[str, ...]]:
    """The innermost reply in `text` and the layers around it, outermost first. Bounded at eight layers."""
    layers: list[str] = []
    current = squeezed(text)
    for _ in range(8):
        inner = _inner(current)
        if inner is None:
            break
        layers.append(current)
        current = inner
    return current, tuple(layers)


def _inner(text: str) -> str | None:
    led = _LED.search(text) or _LED_ANGLED.search(text)
    if led and led.group(1).strip():
        message = _LED_MSG.search(text)
        detail = message.group(1).strip() if message else ""
        return squeezed(f"{led.group(1)} [Message={detail}]" if detail else led.group(1))
    chain = [part for part in _ARROW.split(text) if part.strip()]
    speaking = [part for part in chain if _speaks(part)]
    if len(chain) > 1 and speaking:
        return str(speaking[-1]).strip()
    for pattern in _INNER:
        found = pattern.search(text)
        if found and _speaks(found.group(1)):
            return squeezed(found.group(1))
    expired = _EXPIRED.search(text)
    inner = _bracketed(text, expired.end()) if expired else ""
    return inner if _speaks(inner) else None


def _bracketed(text: str, start: int) -> str:
    """What stands between the round bracket that opened before `start` and the one that closes it, or the end."""
    depth = 1
    for at in range(start, len(text)):
        depth += {"(": 1, ")": -1}.get(text[at], 0)
        if depth == 0:
            return text[start:at].strip()
    return text[start:].strip()


def _speaks(text: str) -> bool:
    """Whether an inner layer says something by itself: a code, a socket error or a verdict word."""
    return bool(
        next(find_codes(text), None)
        or _BASIC.search(text)
        or WINSOCK.search(text)
        or _REJECTED.search(text)
        or _TLS.search(text)
        or _DROP_REASON.search(text)
    )


def codes(text: str) -> tuple[int, str]:
    """The first (basic, enhanced) code in `text`; 0 and "" for what is missing."""
    basic = _BASIC.search(text)
    found = next(find_codes(text), None)
    # "550 Rejected, see 5.7.1": the number in front belongs to the reply, the one further on to its words.
    if found and (found.basic or not basic or found.start <= basic.end() + 20):
        return found.basic or (int(basic.group(1)) if basic else 0), found.enhanced
    return (int(basic.group(1)), "") if basic else (0, "")


def joined(text: str) -> str:
    """`text` in one line: a reply of several lines repeats its code on each."""
    whole = squeezed(text)
    several = _CONTINUED.search(whole)
    if several:
        number, enhanced = several.groups()
        again = rf" {number}[ -]" + (rf"(?:{re2.escape(enhanced)} ?)?" if enhanced else "")
        whole = squeezed(whole[: several.end()] + re2.sub(again, " ", whole[several.end() :]))
    return whole


def read_reply(
    text: str,
    source: Source,
    *,
    kind: Kind,
    by: str = "",
    ip: str = "",
    recipient: str = "",
    at: str = "",
    connector: str = "",
    session: str = "",
    reporter: str = "",
) -> list[Fact]:
    """The reply in `text`, and what its words state. `by` is the host that gave it, `reporter` the one that tells of it in a
    bounce, "" when unknown."""
    whole = spoken(joined(text)) if kind in _QUOTED else joined(text)
    named = _CLASSED.search(whole)
    if named:
        whole = f"{named.group(1)} {named.group(2)}"
    inner, wrappers = unwrapped(whole)
    basic, enhanced = _own_or_outer_codes(inner, wrappers)
    by = by or ("" if wrappers else _first(_TAG, whole))
    host = (by or _first(_LAST_HOST, whole) or _first(_LED_HOST, whole) or other_side(whole)).lower()
    address = ip or _first(_LAST_IP, whole) or _first(_LED_IP, whole)
    keys: dict[str, Any] = {"source": source, "connector": connector, "session": session, "host": host}
    said: dict[str, Any] = {"by": by.lower(), "ip": address, "recipient": recipient, "at": at, "kind": kind}
    reply = Reply(code=basic, enhanced=enhanced, text=inner, whole=whole, wrappers=wrappers, **said, **keys)
    return [reply, *_by_reporter(_stated(whole, inner, address, at, keys), whole, reporter.lower())]


def other_side(text: str) -> str:
    """The host that a mail system names where it tells in its own words what became of the connection to it; "" for none."""
    return _first(_OF_SENDMAIL, text) or _first(_OF_POSTFIX, text) or _first(_OF_EXIM, text)


def _by_reporter(stated: Iterable[Fact], whole: str, reporter: str) -> Iterator[Fact]:
    """The facts of a reply; a connection that did not open has who tried, and is one fact for each host that was tried."""
    for fact in stated:
        if not isinstance(fact, ConnectFailed):
            yield fact
        elif _OF_GOOGLE.search(whole):
            yield from _by_google(fact, whole)
        else:
            yield replace(fact, reporter=reporter) if reporter else fact


def _by_google(failed: ConnectFailed, whole: str) -> Iterator[ConnectFailed]:
    attempts = _ATTEMPT.findall(whole)[:_MOST_ATTEMPTS]
    for host, ip, reason in attempts:
        kind = next((each for each in _REASONS if each in reason.lower()), "timeout")
        yield replace(failed, host=host.lower(), ip=ip, kind=kind, reporter="google.com")
    if not attempts:
        yield replace(failed, reporter="google.com")


def classed(reply: Reply, *, delayed: bool) -> Reply:
    """A reply that has no number as one of its class: X.0.0 is the code of an error of which only that is known, and
    X.4.7 of one that waited too long (RFC 3463)."""
    if reply.code or reply.enhanced:
        return reply
    detail = "4.7" if _TOO_LONG.search(reply.whole) else "0.0"
    return replace(reply, enhanced=f"{4 if delayed else 5}.{detail}")


def _own_or_outer_codes(inner: str, wrappers: tuple[str, ...]) -> tuple[int, str]:
    """The codes of the innermost reply; "-> Socket error code 10060" has those of the layer around it."""
    basic, enhanced = codes(inner)
    if basic or enhanced or not wrappers:
        return basic, enhanced
    around = list(find_codes(wrappers[-1].partition(inner)[0])) or list(find_codes(wrappers[-1]))
    return (around[-1].basic, around[-1].enhanced) if around else codes(wrappers[-1])


def _first(pattern: Any, text: str) -> str:
    found = pattern.search(text)
    return str(found.group(1)) if found else ""


# Exchange Online, of a connection that it could not open, without Winsock's reason.
_UNOPENED = linear(
    r"(?i)\b[45]\.4\.3\d\d\b.{0,60}cannot connect to remote server\W{1,3}421 4\.\d\.\d unable to connect\b"
)


def _about_connecting(inner: str) -> bool:
    """A 5xx reply that a server spoke came over an open connection, whatever it calls refused; x.4.x is the network's. A filter
    beside the mail server is none that mail goes to."""
    if _TO_FILTER.search(inner):
        return False
    basic, enhanced = codes(inner)
    if basic and not enhanced and topics_of(inner[:_LONGEST]) & _TOO_MUCH:
        return False
    return basic < 500 or enhanced[2:3] == "4" or bool(WINSOCK.search(inner))


def _stated(whole: str, inner: str, ip: str, at: str, keys: dict[str, Any]) -> Iterator[Fact]:
    """Facts in the words of a reply, beside the reply itself."""
    tls = _TLS.search(whole)
    if tls:
        error = "SocketError" if tls.group(1).lower() == "socket error" else tls.group(1)
        yield TlsFailed(error=error, remote_ip=ip, at=at, **keys)
    failure = connect_failure(whole, keys["source"]) if _about_connecting(inner) else None
    if failure is not None:
        yield ConnectFailed(kind=failure.kind, winsock=failure.winsock, ip=ip, at=at, **keys)
    elif _UNOPENED.search(whole):
        yield ConnectFailed(kind="unknown", ip=ip, at=at, **keys)
    elif not tls and _dropped(inner):
        reason = _first(_DROP_REASON, inner)
        reason = "SocketError" if reason.lower() == "socket error" else reason
        yield ConnectionDropped(reason=reason, at=at, **keys)
    if _NEEDS_TLS.search(whole) and not _refuses_client(inner, whole):
        yield StarttlsNotOffered(side="unknown", **keys)
    rejected = _REJECTED.search(whole)
    if rejected and not tls:
        yield _rejection(whole, rejected.group(1), keys)
    elif _UNVERIFIED.search(whole):
        yield from _unverified(whole, keys)


def _refuses_client(inner: str, whole: str) -> bool:
    """Whether Exchange Online itself asks its client for TLS: the reply is its own, and no layer is around it."""
    return inner == whole and bool(_TAG.search(whole)) and codes(whole)[1] == "5.7.3"


def _dropped(text: str) -> bool:
    """Whether an open session broke. 4.4.2 with a socket reason says so in every language Exchange speaks."""
    return bool(_DROPPED.search(text)) or (codes(text)[1] == "4.4.2" and bool(_DROP_REASON.search(text)))


def rejection_in(text: str) -> str:
    """The first word for a refused certificate in `text`, as Exchange writes it ("UntrustedRoot"); "" where there is none."""
    return _first(_REJECTED, text)


def _rejection(whole: str, reason: str, keys: dict[str, Any]) -> CertificateRejected:
    """Exchange Online's 4.4.317 and 4.7.320 speak of the certificate it was shown; 4.7.5 of the one we were shown."""
    low = whole.lower()
    whose: Side = "remote" if "4.7.5 " in low else "unknown"
    if "failed to establish appropriate tls channel" in low:
        whose = "local"
    by: Side = "local" if whose == "remote" else "remote"
    return CertificateRejected(
        reason=reason,
        whose=whose,
        by=by,
        expected=_first(_EXPECTED, whole),
        presented=_first(_PRESENTED, whole).rstrip("."),
        **{**keys, "thumbprint": _first(_THUMBPRINT, whole).upper()},
    )


def mismatch(text: str, source: Source) -> CertificateRejected | None:
    """The certificate that Exchange Online was shown in place of another, told without a number; None where neither is named."""
    reason, presented = rejection_in(text), _first(_PRESENTED, text).rstrip(".")
    if not reason or not presented:
        return None
    found = {
        "expected": _first(_EXPECTED, text),
        "presented": presented,
        "thumbprint": _first(_THUMBPRINT, text).upper(),
    }
    return CertificateRejected(source=source, reason=reason, whose="unknown", by="remote", **found)


def _unverified(whole: str, keys: dict[str, Any]) -> Iterator[Fact]:
    """A certificate that another mail system could not verify as a client; nothing where it doesn't say why."""
    low = whole.lower()
    reason = next((reason for words, reason in _UNVERIFIED_REASONS if words in low), "")
    if reason:
        host = _first(_UNVERIFIED_HOST, whole).lower() or keys["host"]
        yield CertificateRejected(reason=reason, whose="remote", by="local", **{**keys, "host": host})


def connect_failure(text: str, source: Source) -> ConnectFailed | None:
    """A TCP connection that did not open, if `text` says so. A reset of an open session isn't one."""
    found = unreached(text)
    if found is None:
        return None
    kind, winsock = found
    return ConnectFailed(source=source, kind=kind, winsock=winsock)
