"""Resource records as nslookup, host and dig print them on one line, and as Resolve-DnsName puts them into columns.

Sources: https://learn.microsoft.com/powershell/module/dnsclient/resolve-dnsname,
https://bind9.readthedocs.io/en/latest/manpages.html
"""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import ip_address
from typing import Final

from diagnostics.looked_facts import DnsRecord
from diagnostics.patterns import linear

NAME: Final = r"([A-Za-z0-9_*][A-Za-z0-9_.*-]*)"
_LONGEST: Final = 254  # characters of a name, with its last dot
_HOST: Final = r"([A-Za-z0-9_.*-]+|\(root\))"
# What stands between a name and the value, by the record's type.
_WORDED: Final = tuple(
    (kind, linear(rf"(?i)^\s*{NAME}\s+{words}\s*$"))
    for kind, words in (
        ("MX", rf"MX preference = (\d{{1,5}}), mail exchanger = {_HOST}"),
        ("MX", rf"mail exchanger = (\d{{1,5}}) {_HOST}"),
        ("MX", rf"mail is handled by (\d{{1,5}}) {_HOST}"),
        ("MX", rf"(?:\d{{1,10}}\s+)?IN\s+(?:\d{{1,10}}\s+)?MX\s+(\d{{1,5}})\s+{_HOST}(?:\s*;.*)?"),
        ("A", r"(?:internet address = |has address )([0-9.]{7,15})"),
        ("A", r"(?:\d{1,10}\s+)?IN\s+A\s+([0-9.]{7,15})"),
        ("AAAA", r"(?:AAAA IPv6 address = |has AAAA address |has IPv6 address )([0-9A-Fa-f:.]{2,45})"),
        ("AAAA", r"(?:\d{1,10}\s+)?IN\s+AAAA\s+([0-9A-Fa-f:.]{2,45})"),
        ("CNAME", rf"(?:canonical name = |is an alias for |(?:\d{{1,10}}\s+)?IN\s+CNAME\s+){_HOST}"),
        ("PTR", rf"(?:name = |domain name pointer |(?:\d{{1,10}}\s+)?IN\s+PTR\s+){_HOST}"),
        ("NS", rf"(?:nameserver = |name server |(?:\d{{1,10}}\s+)?IN\s+NS\s+){_HOST}"),
        ("TXT", r"(?:text = ?|descriptive text |(?:\d{1,10}\s+)?IN\s+TXT\s+)(\S.*)?"),
    )
)
# A line of a zone file: its class may be left out, and @ is the zone itself, whose name stands elsewhere.
_ZONE = linear(
    rf"^\s*(@|[A-Za-z0-9_*][A-Za-z0-9_*-]*\.[A-Za-z0-9_.*-]*)\s+(?:\d{{1,10}}\s+)?(?:IN\s+)?MX\s+(\d{{1,5}})\s+{_HOST}(?:\s*;.*)?$"
)
# One of these stands in every such line, for a quick look before the patterns.
_MARKS: Final = (
    " = ",
    "IN ",
    "IN\t",
    "MX ",
    "MX\t",
    "text =",
    "has ",
    "handled by",
    "alias for",
    "pointer",
    "descriptive",
)
_STRING = linear(r'"((?:[^"\\]|\\.)*)"')
_ONLINE: Final = "mail.protection.outlook.com"
_TOLD: Final = len("mail.")  # no other host of that name begins so
_COLUMNS: Final = ("nameexchange", "strings", "namehost", "ipaddress", "ip4address", "ip6address")


def host(name: str) -> str:
    return name[:_LONGEST].rstrip(".").lower()


def reverse_name(name: str) -> str:
    """The name under which an address is looked up; any other name as it is."""
    try:
        return ip_address(name).reverse_pointer
    except ValueError:
        return host(name)


def _column(written: str) -> str:
    """A host in a column that may be too narrow for it: one that is cut off ends in "...", unless it is known how it goes on."""
    if not written.rstrip().endswith(("...", "\u2026")):
        return host(written)
    name = host(written.rstrip().rstrip("\u2026"))
    label, _, behind = name.partition(".")
    return f"{label}.{_ONLINE}" if len(behind) > _TOLD and _ONLINE.startswith(behind) else f"{name}..."


def text_of(written: str) -> str:
    """A TXT record's strings as one: `"v=spf1 inc" "lude:…"`, `{v=spf1 …}`, or without quotes."""
    strings = _STRING.findall(written)
    return "".join(strings) if strings else written.strip().strip("{}").strip()


def record_on(line: str) -> tuple[str, DnsRecord] | None:
    """(name, record) if one line holds both; a TXT record whose strings follow on the next lines is empty."""
    if not any(mark in line for mark in _MARKS):
        return None
    for kind, pattern in _WORDED:
        found = pattern.search(line)
        if not found:
            continue
        name, *values = found.groups()
        value = text_of(values[-1] or "") if kind == "TXT" else host(values[-1]).replace("(root)", "")
        return host(name), DnsRecord(kind, value, int(values[0]) if kind == "MX" else -1)
    zone = _ZONE.search(line)
    if zone:
        return host(zone.group(1)).strip("@"), DnsRecord(
            "MX", host(zone.group(3)).replace("(root)", ""), int(zone.group(2))
        )
    return None


def record_in(value: Callable[[str], str]) -> DnsRecord | None:
    """The record in the columns or properties of Resolve-DnsName; `value` gives one by its lower-case name."""
    column = next((name for name in _COLUMNS if value(name)), "")
    written = value(column) if column else ""
    if column == "nameexchange":
        digits = value("preference")
        return DnsRecord("MX", _column(written), int(digits) if digits.isdecimal() and len(digits) < 6 else -1)
    if column == "strings":
        return DnsRecord("TXT", text_of(written))
    if column == "namehost":
        return DnsRecord(value("type").upper() or value("querytype").upper() or "CNAME", _column(written))
    return DnsRecord("AAAA" if ":" in written else "A", written.lower()) if column else None
