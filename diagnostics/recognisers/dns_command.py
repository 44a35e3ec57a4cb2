"""The command lines of nslookup, dig and host: what was asked, whom, and whether only values are printed."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from diagnostics.looked_facts import DnsRecord
from diagnostics.patterns import linear
from diagnostics.recognisers.dns_records import NAME, host, text_of

# Another command may follow on the line; dig repeats its own above what it prints.
_PROGRAM = linear(r"(?i)(?:^|[>$#]\s*)(?:(?:nslookup|dig|host)\s|; <<>> DiG \S{1,60} <<>>)\s*(\S[^;|]{0,300})")
_NEXT = linear(r";|&&")
_ANYWHERE = linear(r"(?i)\b(?:nslookup|dig|host|Resolve-DnsName)\s+(\S.{0,200})$")
_WORD = linear(rf"^@?{NAME}$")
_TYPES: Final = frozenset({"a", "aaaa", "any", "cname", "mx", "ns", "ptr", "soa", "srv", "tlsa", "txt"})
_MOST_WORDS: Final = 2  # the name, and the server; more is a sentence
_EXCHANGER = linear(r"^\s*(\d{1,5}) ([A-Za-z0-9_.-]{1,253})\s*$")
_ADDRESS = linear(r"^\s*([0-9]{1,3}(?:\.[0-9]{1,3}){3}|[0-9A-Fa-f]{0,4}:[0-9A-Fa-f:.]{1,40})\s*$")
_HOST = linear(r"^\s*([A-Za-z0-9_*-]{1,63}(?:\.[A-Za-z0-9_-]{1,63})+\.)\s*$")


class Command(Struct, frozen=True):
    """`server` is "" where the machine's own was asked; `short` is dig's +short, `backwards` its -x.

    `record` is the type that was asked for, "" where none was named.
    """

    name: str
    server: str = ""
    short: bool = False
    backwards: bool = False
    record: str = ""


def command_on(line: str) -> Command | None:
    """The look-up that `line` starts, None where it is none."""
    found = _PROGRAM.search(line)
    words = [word.strip("'\"") or "-" for word in str(found.group(1)).split()] if found else []
    named = [word for i, word in enumerate(words) if _names(word, words[i - 1] if i else "")]
    plain = [word for word in named if word[0] != "@"]
    if not plain or len(named) > _MOST_WORDS or not all(_WORD.search(word) for word in named):
        return None
    server = next((word[1:] for word in named if word[0] == "@"), plain[1] if len(plain) > 1 else "")
    typed = (word.rpartition("=")[2] for word in words)
    record = next((word.upper() for word in typed if word.lower() in _TYPES), "")
    return Command(plain[0], server, "+short" in words, "-x" in words, record)


def commands_on(line: str) -> list[Command]:
    """The look-ups that `line` starts, one after the other."""
    first = command_on(line)
    if first is None:
        return []
    rest = _NEXT.split(line)[1:] if ";" in line or "&&" in line else ()
    return [first, *(command for part in rest if (command := command_on(part.strip())))]


def sentence_on(line: str) -> Command | None:
    """The look-up that somebody tells of, with words of their own around it; None where no name is there."""
    found = _ANYWHERE.search(line)
    words = str(found.group(1)).split() if found else []
    name = next((word for word in words if "." in word and word[0] not in "-+@" and _WORD.search(word)), "")
    server = next((word[1:] for word in words if word[0] == "@"), "")
    typed = (word.rpartition("=")[2] for word in words)
    record = next((word.upper() for word in typed if word.lower() in _TYPES - {"a", "any"}), "")
    return Command(name.rstrip("."), server, record=record) if name else None


def _names(word: str, before: str) -> bool:
    """Whether a word is a name, not an option or a record's type."""
    return word[0] not in "-+" and word.lower() not in _TYPES and before != "-t"


def fits(command: Command, record: DnsRecord) -> bool:
    """Whether the bare value may be of what the command asked for; an address may stand behind an alias."""
    kind = "PTR" if command.backwards else command.record or "A"
    return record.kind == kind or (record.kind == "CNAME" and kind != "MX") or kind == "ANY"


def value_on(line: str, *, backwards: bool) -> DnsRecord | None:
    """The record that +short prints as its bare value."""
    if exchanger := _EXCHANGER.search(line):
        return DnsRecord("MX", host(exchanger.group(2)), int(exchanger.group(1)))
    if address := _ADDRESS.search(line):
        return DnsRecord("AAAA" if ":" in address.group(1) else "A", address.group(1).lower())
    if line.strip()[:1] == '"':
        return DnsRecord("TXT", text_of(line.strip()))
    named = _HOST.search(line)
    return DnsRecord("PTR" if backwards else "CNAME", host(named.group(1))) if named else None
