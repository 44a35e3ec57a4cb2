"""Log lines of other mail systems that relay to or from Exchange: Postfix, Exim, Sendmail.

The words in brackets quote the other server's answer; the `dsn=` beside them is the relay's own summary of it.
Sources: https://www.postfix.org/postconf.5.html, https://www.exim.org/exim-html-current/doc/html/spec_html/ch-log_files.html
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final

from diagnostics.artefacts import Artefact
from diagnostics.facts import CertificateRejected, ConnectFailed, Fact, Source
from diagnostics.mail_facts import Configured
from diagnostics.patterns import linear
from diagnostics.recognisers import Reading, recogniser
from diagnostics.recognisers.building import Outcome, artefact, failed_reply
from diagnostics.recognisers.remarks import spoken
from diagnostics.recognisers.sources import source_of
from diagnostics.recognisers.tls_words import alerted
from diagnostics.recognisers.wrapping import log_lines

_POSTFIX: Final = (
    r"(?:\bpostfix(?:[-/][\w-]{1,30}){1,3}(?:\[\d+\])?:|^\s*posttls-finger: (?:(?:server |CA )?certificate|Failed to))"
)
# What people quote of a refusal of Postfix's own when they leave the program and the time out.
_REFUSES: Final = r"\b(?:milter-)?reject: (?:CONNECT|EHLO|HELO|MAIL|RCPT|DATA|END-OF-MESSAGE|BDAT) from [\w.-]{0,253}\["
_STATUS: Final = r"\bstatus=(?:deferred|bounced|expired|sent|undeliverable|deliverable) \("
_SENDMAIL: Final = (
    r"\bstat=(?:Deferred|Sent|User unknown|Service unavailable|Host unknown|Data format error|[A-Z][a-z])"
)
_EXIM: Final = (
    r"\b[0-9A-Za-z]{6}-[0-9A-Za-z]{6,11}-[0-9A-Za-z]{2,4} (?:\*\*|==|=>|->|\*>) \S+@|\sR=\w+ T=\w+ (?:defer|H=|:)"
)
# What Exim itself refuses to a client, in its main log and its reject log.
_EXIM_REFUSES: Final = r"\bH=.*\[[0-9A-Fa-f.:]+\].* rejected (?:RCPT|MAIL|EHLO|HELO|connection|after DATA)\b"
_EXIM_TLS: Final = (
    r"\bSSL verify error: depth=|\bTLS error on connection (?:to|from) |\bDANE attempt failed; TLS connection to "
)
# A program that Sendmail or Exim asks about a message, and that gives no answer.
_UNASKED: Final = (
    r"\bMilter \([\w.-]{1,60}\): (?:error connecting to filter|to error state|local socket name|timeout (?:before|during)|"
    r"(?:read|write|init|negotiat)\w*[^:]{0,40} (?:error|failed))|\b(?:malware|spam) acl condition: "
)
# A look-up of a block list that failed: Postfix's smtpd and postscreen, Exim, rspamd, mox, Haraka, Stalwart, SpamAssassin.
_LIST_SILENT: Final = (
    r"\bdnsblog(?:_query: lookup error| reply timeout)|: RBL lookup error:|\bDNS list lookup defer\b"
    r"|\brspamd_monitored_dns_cb\b|\bDNS reply returned '[\w ]{3,30}' for [\w.-]{3,100} while\b"
    r"|\bdnsbl zone \S{3,253} unhealthy\b|\[dnsbl\] .{3,80} err\b|\b(?i:DNSBL (?:query|lookup) (?:failed|error|timeout))\b"
    r"|\bdns: (?:query failed|timeout|aborted)\b.{0,80}\b(?:spamhaus|spamcop|barracudacentral|uribl|surbl|sorbs)\b"
)
_STARTS: Final = (
    f"(?:{_POSTFIX}|{_REFUSES}|{_STATUS}|{_SENDMAIL}|{_EXIM}|{_EXIM_REFUSES}|{_EXIM_TLS}|{_UNASKED}|{_LIST_SILENT})"
)
_START = linear(_STARTS)
_SILENT = linear(_LIST_SILENT)
_MIDDLE = linear(f"(?:{_STATUS}|{_SENDMAIL})")
_IS_POSTFIX = linear(f"(?:{_POSTFIX}|{_REFUSES}|{_STATUS})")
_IS_EXIM = linear(_EXIM)
_OTHER_TROUBLE = linear(rf"((?:{_EXIM_TLS}|{_UNASKED}).*)$")
_NEW_LINE = linear(
    r"^\s*(?:[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d |\d{4}-\d\d-\d\d[ T]\d\d:\d\d|(?:\S{1,60} )?[a-z][\w/-]{1,40}\[\d+\]: )"
)
# A message without a sender is a report on another one: as Postfix's queue manager has it, and Exim.
_REPORT = linear(r"\]: ([0-9A-Za-z]{5,20}): from=<>,|\b(\w{6}-\w{6,11}-\w{2,4}) <= <>")
_NUMBERED = linear(r"\]: ([0-9A-Za-z]{5,20}): |\b(\w{6}-\w{6,11}-\w{2,4}) ")
# Without the reason, where the line was cut.
_RESULT = linear(r"\bstatus=(\w+)(?:\s+\((.*))?$")
_TO = linear(r"\bto=<([^<>\s]{1,320})>")
_DSN = linear(r"\bdsn=([245]\.\d{1,3}\.\d{1,3})\b")
_RELAY = linear(r"\brelay=([\w.-]{1,253})\.?\s?\[([0-9A-Fa-f.:]{3,45})\]")
_SAID = linear(r"\bhost ([\w.-]{1,253})\[([0-9A-Fa-f.:]{3,45})\](?::\d+)? (?:said|refused to talk to me): (.*)$")
# What procmail writes beside it: the message that Postfix calls sent is lost.
_LOST = linear(r"\bQuota exceeded while writing\b.*$")
_IN_REPLY = linear(r"\s*\(in reply to [^()]{1,60}\)\s*\)?\s*$")
# postscreen, in front of smtpd, knows no name of the client.
_REJECT = linear(
    r"\b(?:milter-)?reject: ([\w-]+) from ([\w.-]{0,253})\[([0-9A-Fa-f.:]{3,45})\](?::\d+)?: ([45](?:\d\d|\.\d\.\d{1,3}) .*)$"
)
# What -v adds: `< smtp.contoso.com[192.0.2.5]:587: 530 5.7.57 …` is the other server's answer to Postfix as a client.
_HEARD = linear(r"\]: < ([\w.-]{1,253})\[([0-9A-Fa-f.:]{3,45})\](?::\d{1,5})?: ([45]\d\d[ -].*)$")
_TROUBLE = linear(
    r"(?:\]:\s|^|posttls-finger: |/smtpd?: )(?:[0-9A-Za-z]{5,20}: )?((?:warning: )?(?:connect to|SSL_(?:connect|accept) error"
    r"|(?:server |CA )?certificate verification failed for|Failed to establish session"
    r"|(?:DANE )?TLSA lookup (?:problem|error)\b|TLS policy lookup for"
    r"|Cannot start TLS|TLS library problem"
    r"|do not list domain \S{1,253} in BOTH"
    r"|problem talking to server |milter \S{1,200}: can't read SMFI|(?:timeout|premature end-of-input) on (?:private/|\d)"
    r"|numeric domain name in resource data|no MX host for |valid hostname or network address required"
    r"|(?:SMTPS|CLIENT) wrappermode \("
    r"|cannot (?:get|load) .{1,40}(?:certificate|key)\b|SASL authentication failure: All-whitespace|lost connection with"
    r"|host [\w.-]{1,253}\[).*)$"
)
_EXIM_LINE = linear(
    r"(\*\*|==|=>|->|\*>) <?([^\s<>]{1,320}?)>?(?: <[^<>]{0,320}>)?(?: \([^()]{0,300}\))?(?: F=\S+)?(?: P=\S+)? R=\w+(.*)$"
)
_EXIM_HOST = linear(r"\bH=([\w.-]{1,253}) \[([0-9A-Fa-f.:]{3,45})\]")
_EXIM_REPLY = linear(
    r"(?:SMTP error from remote mail server after [^:]{1,60}(?::<[^<>]{0,320}>[^:]{0,60})?|defer \(-?\d+\)[^:]{0,200}):\s*(.*)$"
)
_EXIM_SAID = linear(r"^host ([\w.-]{1,253}) \[([0-9A-Fa-f.:]{3,45})\](?::\d{1,5})?: (\S.*)$")
_EXIM_WORDS = linear(r"(?::\d+)? ?: (\S.*)$|\bdefer \(-?\d+\): (.*)$")
_EXIM_REFUSED = linear(
    r"\bH=[^\[]*\[([0-9A-Fa-f.:]+)\].*? (temporarily )?rejected (?:RCPT <?([^\s<>:]+@[^\s<>:]+)>?|[A-Za-z][^:]*): (\S.*)$"
)
_STAT = linear(r"\bstat=(.*)$")
_REPLY = linear(r"\breply=([45]\d\d[ -].*?)(?:, stat=|$)")
# For want of a better one, sendmail names any 550 by the class of its exit code; the code beside it tells more.
_CLASSES: Final = {
    "User unknown": ("5.1.", "4.1."),
    "Host unknown": ("5.1.", "4.1."),
    "Data format error": ("5.6.", "5.5."),
}
# Relatives of sendmail quote the answer behind that class: `User unknown(Reason from remote:550 5.1.7 …)`.
_BEHIND_CLASS = linear(
    r"^(?:User unknown|Host unknown|Data format error|Service unavailable)\b[^\d]{0,60}([45]\d\d[ -].*?)\)?$"
)
# A client that refuses the certificate of the server whose log this is says why by an alert (RFC 8446, 6.2).
_SERVES = linear(r"\bpostfix/(?:[\w-]{1,30}/)?smtpd\[|\bTLS error on connection from |\(SSL_accept\)|STARTTLS=server")
# Who delivers here and asks no other server: Postfix's own transports, Exim's routers of that sort, Sendmail's mailer.
_HERE = linear(
    r"\bpostfix/(?:local|virtual|lmtp)\[|\brelay=(?:local|virtual|dovecot\w{0,12}|maildrop|procmail)\b"
    r"|\bmailer=(?:local|lmtp|cyrus\w{0,4}|dovecot|procmail)\b|\brelay=[\w.-]{0,253}\[(?:private/|/|127\.0\.0\.1\]:24\b)"
    r"|\brelay=none\b.{1,200}\(User unknown in "
    r"|\bR=(?:local|virtual|system_)\w{0,30}(?: T=\w{1,40})?:"
)
# Whom Postfix refused: it looks for its own users among its own domains' alone.
_REFUSED_TO = linear(
    r"(?i)<([^<>\s]{1,320})>: Recipient address rejected: (?:undeliverable address|User unknown|[^:]{0,40}unknown)"
)
# The connection was open: it is the session that timed out.
_IN_SESSION = linear(
    r"(?i)timeout after|timed out (?:while|after)|after (?:sending|end of|initial|MAIL|RCPT|DATA|EHLO)|while sending"
)


# Which process wrote a line; it works on one message at a time.
_SPEECH = linear(r"(?i)\b[^\W\d]{2,30}[,;:]? [^\W\d_]{2,30}\b")
_REMARK: Final = 12  # characters
_PROCESS = linear(r"\bpostfix/(?:[\w-]{1,30}/)?smtp\[\d{1,10}\]")
_TLS_WORDS = linear(r"(?i)SSL_connect|certificate verification failed|Cannot start TLS|TLS library")


@recogniser(_STARTS, rank=18)
def read(reading: Reading) -> Sequence[Artefact]:
    """One artefact for all lines of the paste."""
    claims: list[int] = []
    facts: list[Fact] = []
    of_reports: list[Fact] = []
    results: Counter[str] = Counter()
    entries = list(log_lines(reading.free(), _START, _NEW_LINE, _MIDDLE))
    reports = {str(found.group(1) or found.group(2)) for _, text in entries if (found := _REPORT.search(text))}
    outcomes = [_told(text) for _, text in entries]
    overcome = _overcome([text for _, text in entries], outcomes)
    for place, ((lines, text), told) in enumerate(zip(entries, outcomes, strict=True)):
        claims += lines
        reading.quoting.update(lines if _in_a_sentence(text) else ())
        if told is None:
            continue
        results[told.result] += 1
        if told.text and place not in overcome:
            mine = of_reports if _is_of(reports, text) else facts
            mine += _facts(told, source_of(reading, lines))
            facts += _held_here(text, told, source_of(reading, lines))
        if _SERVES.search(text) and (reason := alerted(text)):
            facts.append(
                CertificateRejected(source=source_of(reading, lines), reason=reason, whose="local", by="remote")
            )
    # That the report of a failure was refused as well tells nothing of the failure.
    told_of = facts or of_reports
    return [artefact(reading, "relay-log", claims, told_of, {"results": dict(results)})] if results else ()


def _in_a_sentence(text: str) -> bool:
    """Whether somebody quotes the log within a line of their own, in front of it or behind it."""
    begins = None if _NEW_LINE.search(text) else _START.search(text)
    return bool(begins and _SPEECH.search(text[: begins.start()])) or len(spoken(text)) < len(text) - _REMARK


def _overcome(texts: Sequence[str], outcomes: Sequence[Outcome | None]) -> set[int]:
    """The places of what TLS had against it before the same process sent its message all the same: a certificate that nobody
    has to trust, or a handshake that it went on without."""
    over: set[int] = set()
    pending: dict[str, list[int]] = {}
    for place, (text, told) in enumerate(zip(texts, outcomes, strict=True)):
        process = _PROCESS.search(text) if told else None
        if told is None or process is None:
            continue
        if told.result == "trouble":
            pending.setdefault(process.group(), []).extend([place] if _TLS_WORDS.search(told.text) else ())
        else:
            earlier = pending.pop(process.group(), ())
            over.update(earlier if told.result == "sent" else ())
    return over


def _is_of(reports: set[str], text: str) -> bool:
    """Whether a line is of one of these messages, by their number in the queue."""
    found = _NUMBERED.search(text) if reports else None
    return found is not None and str(found.group(1) or found.group(2)) in reports


def _facts(told: Outcome, source: Source) -> list[Fact]:
    facts = failed_reply(
        told.text, source, kind="log", code=told.code, by=told.by, ip=told.ip, recipient=told.recipient
    )
    # Beside the host it speaks of, these words need none of their own.
    opened = _IN_SESSION.search(told.text)
    if (
        told.text.lower().startswith("connection timed out")
        and not opened
        and not any(isinstance(f, ConnectFailed) for f in facts)
    ):
        facts.append(ConnectFailed(source=source, kind="timeout", ip=told.ip, host=told.by.lower()))
    return facts


def _held_here(text: str, told: Outcome, source: Source) -> list[Fact]:
    """The recipient's domain where this system took it for one of its own, or refused it to its client without asking anybody."""
    name = (told.recipient or _first(_REFUSED_TO, told.text)).rpartition("@")[2].lower()
    here = told.result == "rejected" or _HERE.search(text)
    return [Configured(source=source, kind="local-delivery", name=name)] if name and here else []


def _told(text: str) -> Outcome | None:
    silent = _SILENT.search(text)
    if silent:
        return Outcome("trouble", text[silent.start() :] if "RBL" not in silent.group(0) else text)
    if _IS_POSTFIX.search(text):
        return _postfix(text)
    trouble = _first(_OTHER_TROUBLE, text)
    if trouble:
        return Outcome("trouble", trouble)
    refused = _EXIM_REFUSED.search(text)
    if refused:
        ip, later, to, words = refused.groups()
        return Outcome("rejected", str(words), "4.0.0" if later else "5.0.0", ip=str(ip), recipient=to or "")
    return _exim(text) if _IS_EXIM.search(text) else _sendmail(text)


def _postfix(text: str) -> Outcome | None:
    rejected = _REJECT.search(text)
    if rejected:
        return Outcome("rejected", rejected.group(4), ip=rejected.group(3))
    heard = _HEARD.search(text)
    if heard and "/smtp[" in text:
        return Outcome("refused", heard.group(3), by=heard.group(1), ip=heard.group(2))
    result = _RESULT.search(text)
    if not result:
        trouble = _TROUBLE.search(text)
        said = _SAID.search(text)
        if said:
            return Outcome("deferred", _answer(said.group(3)), by=said.group(1), ip=said.group(2))
        return Outcome("trouble", trouble.group(1)) if trouble else None
    status, words = result.group(1), result.group(2)
    lost = _LOST.search(text)
    if lost:
        return Outcome("failed", lost.group(0), "5.2.2", recipient=_first(_TO, text))
    if status in ("sent", "deliverable"):
        return Outcome(status)
    code, to, relay = _first(_DSN, text), _first(_TO, text), _RELAY.search(text)
    if words is None:
        words = f"{code} refused, in words that this log leaves out"
    said = _SAID.search(words)
    if said:
        return Outcome(status, _answer(said.group(3)), code, said.group(1), said.group(2), to)
    by, ip = (relay.group(1), relay.group(2)) if relay else ("", "")
    return Outcome(status, words.strip().removesuffix(")"), code, by, ip, to)


def _answer(words: str) -> str:
    """The other server's answer without the relay's remark behind it."""
    return str(_IN_REPLY.sub("", words)).strip()


def _exim(text: str) -> Outcome | None:
    line = _EXIM_LINE.search(text)
    if not line:
        return None
    flag, to, rest = line.groups()
    if flag in ("=>", "->"):
        return Outcome("delivered")
    host = _EXIM_HOST.search(rest)
    by, ip = (host.group(1), host.group(2)) if host else ("", "")
    found = _EXIM_REPLY.search(rest) or _EXIM_WORDS.search(rest)
    words = next((str(group) for group in found.groups() if group), "") if found else rest.strip()
    said = _EXIM_SAID.search(words)  # older versions name the host in front of its words
    by, ip, words = said.groups() if said else (by, ip, words)
    return Outcome("failed" if flag == "**" else "deferred", words, "", by, ip, to)


def _sendmail(text: str) -> Outcome | None:
    stat = _first(_STAT, text).strip()
    if stat.startswith("Sent"):
        return Outcome("sent")
    relay = _RELAY.search(text)
    by, ip = (relay.group(1).rstrip("."), relay.group(2)) if relay else ("", "")
    code = _first(_DSN, text)
    words = _first(_REPLY, text) or _first(_BEHIND_CLASS, stat) or stat.removeprefix("Deferred:").strip()
    if words in _CLASSES and not code.startswith(_CLASSES[words]):
        words = f"{code} refused, in words that this log leaves out"
    result = "deferred" if stat.startswith("Deferred") else "failed"
    return Outcome(result, words, code, by, ip, _first(_TO, text)) if words else None


def _first(pattern: object, text: str) -> str:
    found = pattern.search(text)  # type: ignore[attr-defined]  # re2 ships no types
    return str(found.group(1)) if found else ""
