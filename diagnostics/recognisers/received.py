"""Received fields: the hops of a message, how long each took, which were in clear text, and whether it went in circles.

Microsoft's form: from A (ip) by B (ip) with Microsoft SMTP Server (version=TLS1_2, cipher=…) id 15.20.n.n; date.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

from msgspec.structs import replace

from diagnostics.mail_facts import Hop
from diagnostics.patterns import linear
from diagnostics.recognisers.header_lines import Field

_FROM = linear(r"(?i)^\s*from\s+([^\s;()]{1,253})(?:\s*\(([^()]*(?:\([^()]*\)[^()]*)?)\))?")
_BY = linear(r"(?i)(?:^|\s)by\s+([^\s;()]{1,253})")
_WITH = linear(r"(?i)\swith\s+(.{1,300}?)(?:\s+id\s|\s+for\s|\s+via\s|;|$)")
_TLS = linear(r"(?i)version=(TLS[\w.]{1,12}|SSL[\w.]{1,12})|using (TLSv[\d.]{1,5})|\b(TLSv?[\d._]{1,5})\b|\((TLS)\)")
_SECURE = linear(r"(?i)\b(?:ESMTPS|ESMTPSA|UTF8SMTPS|UTF8SMTPSA|HTTPS|LMTPS)\b")
_IP = linear(r"\[?((?:\d{1,3}\.){3}\d{1,3}|(?:IPv6:)?[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7})\]?")
_LONGEST_DATE: Final = 80
_CLOUD: Final = "protection.outlook.com"
_HERE: Final = "localhost"
_FILTERS: Final = 4  # a content filter hands the message back to its host, and there are several


def hops_of(fields: Iterable[Field]) -> tuple[list[Hop], list[str]]:
    """The hops, oldest first, with their delays; and the hosts that got the message again over the same hop."""
    hops = [_hop(each) for each in fields]
    hops.reverse()
    timed = [replace(hop, delay=_delay(before, hop)) for before, hop in zip([None, *hops], hops, strict=False)]
    taken = Counter(_over(hop) for hop in timed if hop.sender and hop.by)
    taken = Counter({pair: times for pair, times in taken.items() if pair[0] != pair[1]})
    loops = dict.fromkeys(
        by for (sender, by), times in taken.items() if times > (_FILTERS if _HERE in (sender, by) else 1)
    )
    return timed, list(loops)


def _over(hop: Hop) -> tuple[str, str]:
    """The two ends of a hop. Microsoft's servers are one: another of them takes part each time a message comes round."""
    sender, by = (_CLOUD if name.endswith(".outlook.com") else name for name in (hop.sender, hop.by))
    return sender, by


def _hop(field: Field) -> Hop:
    head, _, date = field.value.rpartition(";")
    text = head or field.value
    sender = _FROM.search(text)
    by = _BY.search(text)
    protocol = _WITH.search(text)
    about = sender.group(2) or "" if sender else ""
    ip = _IP.search(about)
    return Hop(
        sender=sender.group(1).lower().strip("[]") if sender else "",
        ip=ip.group(1).removeprefix("IPv6:") if ip else "",
        about=about,
        by=by.group(1).lower() if by else "",
        protocol=" ".join(protocol.group(1).split()) if protocol else "",
        tls=_tls(text),
        at=utc(date),
        line=field.lines[0],
    )


def _tls(text: str) -> str:
    found = _TLS.search(text)
    if found:
        return next(str(group) for group in found.groups() if group)
    return "TLS" if _SECURE.search(text) else ""


def utc(date: str) -> str:
    """The date of RFC 5322 as ISO 8601 in UTC; "" where it is none or has no zone."""
    try:
        parsed = parsedate_to_datetime(date.strip()[:_LONGEST_DATE])
    except (ValueError, TypeError, OverflowError):
        return ""
    if parsed.tzinfo is None:
        return ""
    try:
        # Not strftime: of the year 206 it makes three digits, which nothing reads again.
        return parsed.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds") + "Z"
    except (ValueError, OverflowError):  # a year beyond what can be moved to another zone
        return ""


def _delay(before: Hop | None, hop: Hop) -> float | None:
    if before is None or not before.at or not hop.at:
        return None
    return (datetime.fromisoformat(hop.at) - datetime.fromisoformat(before.at)).total_seconds()
