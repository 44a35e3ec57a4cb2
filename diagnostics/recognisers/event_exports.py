"""Events as tools export them: Get-WinEvent's table, a line of CSV, the XML of the Details tab."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import Final

from diagnostics.patterns import linear
from diagnostics.recognisers.event_details import Found
from diagnostics.recognisers.event_labels import PROVIDERS, event_of
from diagnostics.recognisers.format_list import Lines, tables

_PROVIDER = linear(PROVIDERS)
_XML_DATA = linear(r"""<Data(?: Name=['"]([^'"]{1,80})['"])?>([^<]+)""")  # the last may be cut off
_XML_LEVELS: Final = {"1": "Critical", "2": "Error", "3": "Warning", "4": "Information", "5": "Verbose"}
_LONGEST_XML: Final = 120  # lines


def table_events(lines: Lines) -> Iterator[Found]:
    """Rows of Get-WinEvent's own table; its provider stands in a line above."""
    provider = next(
        (line.split(":", 1)[1].strip() for _, line in lines if line.lstrip().startswith("ProviderName:")), ""
    )
    for row in tables(lines, "id", "message"):
        number = row.cells["id"]
        told = row.cells["message"]
        named = row.cells.get("providername", "") or provider
        if number.isascii() and number.isdecimal() and len(number) < 6 and (named or event_of(told)):
            yield Found(
                line=row.line,
                lines=list(row.lines),
                provider=named,
                event=int(number),
                level=row.cells.get("leveldisplayname", ""),
                text=[(row.line, told)],
            )


def csv_events(lines: Lines) -> Iterator[Found]:
    """One line of an exported log: a provider's name, and a number beside it."""
    for index, line in lines:
        if line.count(",") < 4 or not any(name in line for name in ("Schannel", "MSExchange", "FIPFS")):
            continue
        try:
            values = [value.strip() for value in next(csv.reader([line]), [])]
        except csv.Error:  # longer than any event
            continue
        for place, value in enumerate(values):
            beside = [values[i] for i in (place - 1, place + 1) if 0 <= i < len(values)]
            number = next((n for n in beside if n.isascii() and n.isdecimal() and 3 <= len(n) <= 5), "")
            if number and _PROVIDER.fullmatch(value):
                level = next((v for v in values if v in ("Error", "Warning", "Information", "Critical")), "")
                words = max(values, key=len)
                yield Found(index, [index], value, int(number), level, values[0], [(index, words)])
                break


def xml_events(lines: Lines) -> Iterator[Found]:
    """The XML of the Details tab, on one line or many."""
    region: list[tuple[int, str]] = []
    for index, line in lines:
        opens = "<Event " in line or "<Event>" in line or "<System>" in line or "<Provider " in line
        if not region and not opens:
            continue
        if region and (
            len(region) > _LONGEST_XML or ("<Event " in line and any("<EventID" in text for _, text in region))
        ):
            yield from _xml_event(region)
            region = []
        region.append((index, line))
        if "</Event>" in line:
            yield from _xml_event(region)
            region = []
    yield from _xml_event(region)


_XML_ID = linear(r"<EventID(?: [^<>]{0,80})?>(\d{1,5})</EventID>")
_XML_PROVIDER = linear(r"""<Provider Name=['"]([^'"]{1,80})['"]""")
_XML_LEVEL = linear(r"<Level>(\d)</Level>")
_XML_TIME = linear(r"""SystemTime=['"]([^'"]{1,40})['"]""")
_XML_MESSAGE = linear(r"(?s)<Message>([^<]+)</Message>")
# CAPI2's, which has no Data: whose chain was judged, and with which result
_XML_SUBJECT = linear(r"""<Certificate [^<>]{0,200}subjectName=['"]([^'"<>]{1,200})['"]""")
# A peer is checked by its name. Schannel checks a certificate of this machine in the same form, without one.
_XML_PEER = linear(
    r"""<SSLAdditionalPolicyInfo [^<>]{0,80}authType=['"]server['"][^<>]{0,80}serverName=['"]([^'"<>]{1,253})['"]"""
)
_XML_RESULT = linear(r"""<Result value=['"]([0-9a-fA-F]{8})['"]>([^<]{0,300})""")


def _xml_event(region: list[tuple[int, str]]) -> Iterator[Found]:
    number_line = next((index for index, line in region if "<EventID" in line), -1)
    whole = "\n".join(line for _, line in region)
    number, provider = _XML_ID.search(whole), _XML_PROVIDER.search(whole)
    if number is None or provider is None:
        return
    last = max(place for place, (_, line) in enumerate(region) if "<" in line)
    level, when, message = _XML_LEVEL.search(whole), _XML_TIME.search(whole), _XML_MESSAGE.search(whole)
    data = " ".join(f"{name}: {value}" if name else value for name, value in _XML_DATA.findall(whole))
    if "CAPI2" in provider.group(1):
        data += _judged_chain(whole)
    yield Found(
        line=number_line,
        lines=[index for index, _ in region[: last + 1]],
        provider=provider.group(1),
        event=int(number.group(1)),
        level=_XML_LEVELS.get(level.group(1), "") if level else "",
        when=when.group(1) if when else "",
        text=[(number_line, f"{message.group(1) if message else ''} {data}")],
    )


def _judged_chain(xml: str) -> str:
    subject, result = _XML_SUBJECT.search(xml), _XML_RESULT.search(xml)
    peer = _XML_PEER.search(xml)
    named = f" subjectName: {subject.group(1)};" if subject else ""
    named += f" server: {peer.group(1)};" if peer else ""
    return f"{named} 0x{result.group(1)} {result.group(2)}" if result else named
