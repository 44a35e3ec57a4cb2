"""Log lines of gateways, filters and smaller mail servers: what became of a message, and why.

The lines of each product are known by gateway_frames; what they quote or say themselves is read as a reply, as with Postfix.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final

from diagnostics.artefacts import Artefact
from diagnostics.facts import ConnectFailed, Fact, Source
from diagnostics.looked_facts import DnsAnswer
from diagnostics.patterns import linear
from diagnostics.recognisers import Reading, recogniser
from diagnostics.recognisers.building import Outcome, artefact, failed_reply
from diagnostics.recognisers.gateway_frames import FRAMES, MEANT, POLICY, VERDICTS, Frame
from diagnostics.recognisers.reply_text import codes
from diagnostics.recognisers.sources import source_of
from diagnostics.recognisers.wrapping import log_lines

# The marks of all frames, one a product: what a line has to hold before its frames are tried.
_MARKS: Final = (
    r"\b[0-9a-f]{16} mta (?:event=)?(?:delivery|error) |\bdelivery \d+: (?:success|failure|deferral): "
    r"|\b(?:Info|Warning|Critical): (?:Bounced|Delayed|Message (?:done|aborted)|Connection Error|DCID (?:\d+"
    r"|[xX*]+) (?:STARTTLS|TLS)|ICID \d+ REJECT"
    r"|MID \d+ (?:ICID|RID))|\bBounced by destination server with response:"
    r"|\bRouter: (?:Message [0-9A-F]{8}|No messages|Error |Unable to )"
    r"|\bSMTP Server\b.*(?:rejected for policy reasons|Authentication failed for user)"
    r"|\|acc=[^|]*\|(?:.*\|)?(?:RejCode|Err|Error|Delivered)="
    r'|^\s*"(?:SMTPC|SMTPD|APPLICATION|TCPIP|DEBUG)"\s'
    r"|\[[0-9A-F]{8}\] (?:\w{3}, \d\d? \w{3} \d{4} )?\d\d:\d\d:\d\d "
    r"|\] \[\w+\] (?:delivered file=|disconnect ip=|Ongoing connection failed|recipient <|bouncing mail"
    r"|Double bounce|Temp failing|MX Lookup|hook=\w+ plugin=)"
    r"|\baction=greylist, reason=.*\bclient_address="
    r"|\bamavis\[\d+\]: .*(?:Passed|Blocked) |\brspamd_task_write_log: |\bdevice_id=\S+ .*\btype=statistics "
    r"|\bwhen connecting to MX server |\bFailed to resolve any IP addresses for the Mail Exchange"
    r"|\bDNS error occurred while resolving the Mail Exchange"
    r'|\bsys="SecureMail" sub="smtp"|\[LmtpServer-\d+\] '
    r'|"smtp_enchcode":"[45]|\bremote: cannot use MX\s|"enhanced_code":(?:\{|null)'
)
_MARK = linear(f"(?i)(?:{_MARKS})")
# How any line of these logs begins: with a time in one of their forms, or with a name of the product's.
_STARTS = linear(
    r"^\s*(?:\w{3} (?:\w{3} )?[ \d]\d \d\d:\d\d:\d\d|\d{4}[-:]\d\d[-:]\d\d|\d{1,2}[./]\d{1,2}[./]\d{4}"
    r"|@4[0-9a-f]{10}|\d{10}\.\d"
    r'|"[A-Z]{4,12}"\s|(?:date|time|datetime)=|[0-9A-Fa-f.:]{3,45} +\[[0-9A-F]{4,8}\]'
    r"|SYSTEM +\[|\[(?:[0-9A-F]{4}:|INFO|NOTICE|WARN|ERROR))"
)
_LONGEST: Final = 4_000
_MOST: Final = 2_000  # lines of which facts are told; a log repeats itself
# What they say where nobody answered; beside the host that they speak of, the words need none of their own.
_NO_ANSWER = linear(r"(?i)^(?:connection )?time(?:d )?out\.?$|^(?:the )?server (?:is )?not responding\b")
_IN_PARTS: Final = ("maddy", "kumomta")  # they keep a reply's numbers in fields; others put their own code beside it
# Go's resolver, of the record that DANE needs.
_TLSA = linear(r"(?i)\brcode (SERVFAIL|REFUSED) when looking up (_25\._tcp\.[\w.-]{1,253}\w)")


@recogniser(f"(?:{_MARKS})", rank=19)
def read(reading: Reading) -> Sequence[Artefact]:
    """One artefact for all lines of the paste."""
    claims: list[int] = []
    facts: list[Fact] = []
    results: Counter[str] = Counter()
    for lines, text in log_lines(reading.free(), _MARK, _STARTS):
        told = _told(text[:_LONGEST]) if results.total() < _MOST else None
        if told is None:
            continue
        claims += lines
        results[told.result] += 1
        if told.text:
            facts += _facts(told, source_of(reading, lines))
    return [artefact(reading, "relay-log", claims, facts, {"results": dict(results)})] if claims else ()


@lru_cache(maxsize=1)
def _patterns() -> tuple[tuple[Frame, Any], ...]:
    return tuple((frame, linear(f"(?i){frame.pattern}")) for frame in FRAMES)


def _told(line: str) -> Outcome | None:
    """What the first frame that fits `line` says; none fits most lines of such a log."""
    for frame, pattern in _patterns():
        found = pattern.search(line)
        if found:
            groups = {name: value.strip() for name, value in found.groupdict().items() if value}
            return _reading(frame, groups)
    return None


def _reading(frame: Frame, groups: dict[str, str]) -> Outcome:
    if frame.result == "delivered":
        return Outcome("delivered")
    words, basic, code = groups.get("words", ""), groups.get("basic", ""), groups.get("code", "")
    code = code or ".".join(groups[part] for part in ("class", "subject", "detail") if part in groups)
    words = words.replace("_", " ") if frame.product == "qmail" else words
    words = words.replace('\\"', '"') if frame.product in _IN_PARTS else words
    if "verdict" in groups:
        return Outcome(frame.result, *_judged(frame.product, groups["verdict"], words), *_who(groups))
    said = frame.code if basic in ("", "000") else basic
    if said and not codes(words)[0]:
        beside = f"{code} " if code and frame.product in _IN_PARTS else ""
        words = f"{said} {beside}{words}"
    return Outcome(frame.result, words or code, _meant(words) or code, *_who(groups))


def _who(groups: dict[str, str]) -> tuple[str, str, str]:
    return groups.get("by", ""), groups.get("ip", ""), groups.get("to", "")


def _judged(product: str, verdict: str, words: str) -> tuple[str, str]:
    """A filter's verdict in the words of a reply, with the filter's own behind them, and its code."""
    if product == "haraka":  # it tells the client these words, behind a code that its plugins share
        return f"{'450' if 'SOFT' in verdict.upper() else '550'} {words}", ""
    code, meaning = VERDICTS.get(verdict.lower(), POLICY)
    return f"{meaning}: {words}", code


def _meant(words: str) -> str:
    low = words.lower()
    return next((code for said, code in MEANT if said in low), "")


def _facts(told: Outcome, source: Source) -> list[Fact]:
    facts = failed_reply(
        told.text, source, kind="log", code=told.code, by=told.by, ip=told.ip, recipient=told.recipient
    )
    opened = any(isinstance(fact, ConnectFailed) for fact in facts)
    if not opened and _NO_ANSWER.search(told.text):
        facts.append(ConnectFailed(source=source, kind="timeout", ip=told.ip, host=told.by.lower()))
    looked = _TLSA.search(told.text)
    if looked:
        name = str(looked.group(2)).lower()
        facts.append(
            DnsAnswer(source=source, host=name, name=name, ok=False, error=looked.group(1).upper(), asked="TLSA")
        )
    return facts
