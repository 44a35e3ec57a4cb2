"""Objects that PowerShell wrote as JSON or CSV, spelled as Format-List prints them, line by line.

`ConvertTo-Json` puts each property on a line of its own, `Export-Csv` an object on each. Only the names of Exchange's own
properties are taken: other JSON (a TLS report, the record of a check) has readers of its own.
Source: https://learn.microsoft.com/powershell/module/microsoft.powershell.utility/convertto-json
"""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from typing import Final

from diagnostics.patterns import linear

_PROPERTY = linear(r'^\s*"([A-Z][A-Za-z0-9]{1,60})"\s*:\s*(.*?),?\s*$')
_ANY = linear(r'^\s*"[^"]{1,60}"\s*:')
_ELEMENT = linear(r'^\s*("(?:[^"\\]|\\.)*"|[\w.+-]+)\s*,?\s*$')
_BRACKETS = linear(r"^[\s{}\[\],]*$")
_HEADER = linear(r'^\s*"[A-Z][A-Za-z0-9]{1,60}"(?:[,;]"[A-Z][A-Za-z0-9]{1,60}"){2,}\s*$')
_OBJECTS: Final = ('"Identity"', '"Thumbprint"', '"NextHopDomain"', '"DomainName"', '"SmartHosts"', '"LastError"')
_OTHERS: Final = ('"EventId"', '"RecipientAddress"', '"Recipient_status"')  # of logs and traces
_FEWEST: Final = 3
_MOST: Final = 100  # elements of a collection
_WORDS: Final = {"null": "", "true": "True", "false": "False", "[]": "{}", "{}": ""}


def spelled_out(lines: list[str]) -> list[str]:
    """The lines, with objects as lists. As many lines as before; linear time."""
    if not any('"' in line and line.lstrip()[:1] == '"' for line in lines):
        return lines
    properties = [line for line in lines if _ANY.search(line)]
    named = sum(1 for line in properties if _PROPERTY.search(line))
    if named >= _FEWEST and named * 2 > len(properties):
        return _of_json(lines)
    return _of_csv(lines) if any(_is_header(line) for line in lines) else lines


def _of_json(lines: Sequence[str]) -> list[str]:
    found: list[str] = []
    depth = base = 0  # of braces: nested objects are left out
    at, elements = -1, list[str]()
    for number, line in enumerate(lines):
        within = f"More{number} :"  # a blank line would end the object
        property_ = _PROPERTY.search(line)
        element = _ELEMENT.search(line) if at >= 0 and not property_ else None
        if property_:
            base = base or depth
            value = property_.group(2)
            kept = depth == base
            found.append(f"{property_.group(1)} : {_value(value)}" if kept else within)
            at, elements = (len(found) - 1 if value == "[" and kept else -1), []
            depth += value == "{"
        elif element:
            if len(elements) < _MOST:
                elements.append(_value(element.group(1)))
            found[at] = f"{found[at].partition(' : ')[0]} : {{{', '.join(elements)}}}"
            found.append(within)
        elif at >= 0 and not line.strip():
            found.append(within)
        elif _BRACKETS.search(line) and line.strip():
            depth += line.count("{") - line.count("}")
            at = -1
            found.append(within if base and depth >= base else "")
        else:
            at = -1
            found.append(line)
    return found


def _value(text: str) -> str:
    """A value as Format-List shows it."""
    if text in _WORDS:
        return _WORDS[text]
    if text in ("[", "{"):
        return "{}" if text == "[" else ""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return text
    if isinstance(value, list):
        return f"{{{', '.join(str(each) for each in value)}}}"
    return " ".join(str(value).split())


def _is_header(line: str) -> bool:
    told = any(name in line for name in _OBJECTS) and not any(name in line for name in _OTHERS)
    return told and bool(_HEADER.search(line))


def _of_csv(lines: Sequence[str]) -> list[str]:
    found: list[str] = []
    names: list[str] = []
    separator = ","
    for line in lines:
        if _is_header(line):
            separator = ";" if '";"' in line else ","
            names = next(csv.reader([line.strip()], delimiter=separator))
            found.append("")
            continue
        cells = _cells(line, separator) if names and line.lstrip()[:1] == '"' else []
        if len(cells) == len(names) > 0:
            found.append("  ".join(f"{name} : {cell}" for name, cell in zip(names, cells, strict=True)))
        else:
            names = names if line.lstrip()[:1] == '"' else []
            found.append(line)
    return found


def _cells(line: str, separator: str) -> list[str]:
    try:
        return next(csv.reader([line.strip()], delimiter=separator), [])
    except csv.Error:
        return []
