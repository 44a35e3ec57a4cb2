"""Lines of firewalls about port 25: from which address a connection was let in or kept out.

Every product names the fields its own way: `SRC=… DPT=25` (netfilter), `srcip=… dstport=25 action="deny"` (FortiGate, Sophos),
`Deny tcp src outside:…/51823 dst inside:…/25` (Cisco ASA), columns (Windows, pfSense). Only the first packet of a connection
counts: what a firewall drops of sessions that it has forgotten says nothing of its rules.
Sources: https://www.cisco.com/c/en/us/td/docs/security/asa/syslog/b_syslog.html,
https://docs.fortinet.com/document/fortigate/7.4.0/fortios-log-message-reference, https://docs.netgate.com/pfsense/en/latest/monitoring/logs/raw-filter-format.html
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from diagnostics.artefacts import Artefact
from diagnostics.mail_facts import Configured
from diagnostics.patterns import linear
from diagnostics.recognisers import Reading, recogniser
from diagnostics.recognisers.building import artefact
from diagnostics.recognisers.sources import source_at

KEPT_OUT: Final = "kept-out"
_IP: Final = r"(\d+\.\d+\.\d+\.\d+|[0-9A-Fa-f]{0,4}:[0-9A-Fa-f:]+)"
_KEPT_OUT: Final = r"den(?:y|ied)|drop(?:ped)?|block(?:ed)?|reject(?:ed)?|discard(?:ed)?"
_LET_IN: Final = r"allow(?:ed)?|accept(?:ed)?|pass(?:ed)?|permit(?:ted)?|built inbound"
_VERDICT = linear(rf"(?i)\b(?:({_KEPT_OUT})|{_LET_IN})\b")
# The source and the destination with its port, or each beside its own name.
_POINTED = linear(rf"(?i)\b(?:from|src|for) (?:\w+:)?{_IP}/\d+(?: \([^()]*\))? (?:to|dst) (?:\w+:)?{_IP}/25\b")
_COLUMNS = linear(rf"(?i)(?:\bTCP|,tcp,\d+),? ?{_IP}[, ]+{_IP}[, ]+\d+[, ]+25\b")
_SOURCE = linear(rf"(?i)\b(?:src|src_?ip|source(?:_?ip)?|srcaddr)[=: ]\"?(?:[a-z]\w*:)?{_IP}")
_TARGET = linear(rf"(?i)\b(?:dst|dst_?ip|dest(?:ination)?(?:_?ip)?|dstaddr)[=: ]\"?(?:[a-z]\w*:)?{_IP}")
_PORT = linear(
    r"(?i)\b(?:dpt|dport|dst_?port|dest(?:ination)?_?port)[=: ]\"?25\b|\b(?:dst|destination)[=: ]\"?(?:\w+:)?[\d.]+[:/]25\b"
)
# No new connection: a packet of a session that the firewall doesn't know (any more), or what it ended for what was said in it.
_NO_OPENING = linear(
    r"(?i)no connection|out of state|first packet isn.t SYN|\bflags (?:RST|FIN|ACK|PSH)|\b(?:ACK|RST|FIN)\b.*URGP="
    r"|\bESMTP\b|inspect|malicious|signature"
)
_MOST: Final = 2_000


@recogniser(
    r"(?:\b(?:dpt|dport|dst_?port|dest(?:ination)?_?port)[=: ]\"?25\b"
    r"|[\d.]+[:/]25\b.*(?:den(?:y|ied)|access-group|dropped)|(?:den(?:y|ied)|dropped|blocked)\b.*[\d.]+[:/]25\b"
    r"|\bBuilt inbound TCP |^\S+ \S+ (?:DROP|ALLOW) TCP |,(?:block|pass),in,4,)",
    rank=17,
)
def read(reading: Reading) -> Sequence[Artefact]:
    """One artefact for all lines; its facts are the pairs of addresses, each once for what became of it."""
    lines: list[int] = []
    facts: dict[tuple[str, ...], Configured] = {}
    for index, verdict, ends in _rows(reading):
        lines.append(index)
        facts[verdict, *ends] = Configured(
            source=source_at(reading, index),
            kind="firewall-row",
            name=verdict,
            values=tuple(zip(("From", "To"), ends, strict=True)),
            failing=verdict == KEPT_OUT,
        )
    if not lines:
        return []
    out = sum(each.failing for each in facts.values())
    return [
        artefact(reading, "firewall-log", lines, list(facts.values()), {"kept_out": out, "let_in": len(facts) - out})
    ]


def _rows(reading: Reading) -> Iterator[tuple[int, str, tuple[str, str]]]:
    """(0-based line, what became of it, from where to where) of each attempt at port 25."""
    for index, line in reading.free()[:_MOST]:
        told = _VERDICT.search(line)
        ends = _ends(line) if told and not _NO_OPENING.search(line) else None
        if told and ends:
            yield index, KEPT_OUT if told.group(1) else "let-in", ends


def _ends(line: str) -> tuple[str, str] | None:
    found = _POINTED.search(line) or _COLUMNS.search(line)
    if found:
        return str(found.group(1)), str(found.group(2)).rstrip(":.")
    source, target = _SOURCE.search(line), _TARGET.search(line)
    if not (source and target and _PORT.search(line)):
        return None
    return str(source.group(1)).rstrip(":."), str(target.group(1)).rstrip(":.")
