"""Header fields out of pasted lines: folded, with the folds lost, or a whole header run together on one line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from msgspec import Struct

from diagnostics.patterns import linear

# Names that only a message header has. Others count between or below these.
TELLING: Final = (
    r"(?:ARC-)?Authentication-Results(?:-Original)?|ARC-Seal|ARC-Message-Signature|DKIM-Signature|Received-SPF|Return-Path"
    r"|X-Forefront-Antispam-Report(?:-Untrusted)?|X-Microsoft-Antispam(?:-[\w-]{1,40})?|X-MS-[\w-]{2,80}|X-EOP[\w-]{2,60}"
    r"|X-Forefront-[\w-]{2,60}|X-OriginatorOrg|X-Originating-IP|X-Exchange-[\w-]{2,60}|Received|Delivered-To|Auto-Submitted"
    r"|Resent-(?:From|To|Sender|Date|Message-ID)|X-Forwarded-(?:To|For)|(?:SPF|DKIM|DMARC)-Result"
)
_PLAIN: Final = (
    "From|To|Cc|Subject|Date|Message-ID|Sender|Reply-To|MIME-Version|Content-Type|Content-Transfer-Encoding"
    "|In-Reply-To|References|Thread-[A-Za-z]{1,20}|List-[A-Za-z-]{1,30}|Precedence|Resent-[A-Za-z]{1,20}|X-[A-Za-z0-9-]{2,60}"
)
_TELLING = linear(rf"(?i)^\s{{0,4}}({TELLING})\s?:(?:\s|$|\S)")
_FIELD = linear(rf"(?i)^\s{{0,4}}({TELLING}|{_PLAIN})\s?:\s*(.*)$")
_HOP = linear(r"(?i)^(?:from\s|by\s|\(|$)")
_NAME = linear(r"^\s{0,4}[A-Za-z][A-Za-z0-9-]{1,60}\s?:(?:\s|$)")
_RUN_ON = linear(rf"(?i)\s({TELLING}|Message-ID|MIME-Version|Content-Type)\s?:\s")
_RESULT = linear(
    r"(?i)\bcompauth=\w|\bspf=\w+.{0,400}\bdkim=\w|\bdkim=\w+.{0,400}\bdmarc=\w|\bspf=\w+.{0,400}\bdmarc=\w"
)
_LOOSE = linear(r"(?i)\b(spf|dkim|dmarc|compauth|action|reason|header\.\w{1,10}|smtp\.\w{1,10}) {1,3}= {0,3}")
_RESULTS: Final = ("compauth=", "spf=", "dkim=")
_CHECKS: Final = ("spf", "dkim", "dmarc")
_REPORTS: Final = ("CIP:", "SFV:")
_REPORT = linear(r"(?i)(?:^|\s)(?:CIP:[0-9a-f.:*x]+;|SFV:[A-Z]+;).{0,400}(?:SCL|CAT|SFV|CTRY|IPV|DIR):")
# What an Authentication-Results field is made of, wherever a fold that was lost cut it.
_PART = linear(
    r"(?i)^(?:smtp\.\w|header\.\w|(?:spf|dkim|dmarc|compauth|arc|action|reason|receiver|client-ip|envelope-from|identity|helo)=)"
)
_BOUNDARY = linear(r"(?i)\bboundary\s*=\s*[\"']?([^\"';\s]{1,200})")
_ENCODED = linear(r"(?i)^\s*(?:base64|quoted-printable)\b")
_MOST_LINES: Final = 60
_NEAR: Final = 12


class Field(Struct):
    """One header field. `name` is lower case, `lines` are 0-based."""

    name: str
    value: str
    lines: list[int]


def fields(lines: Iterable[tuple[int, str]]) -> list[Field]:
    """The header fields in `lines`: those that only a header has, and the others near them."""
    found = list(_unfolded(lines))
    telling = [each.lines[0] for each in found if _is_telling(each.name)]
    kept, at = [], 0
    for each in found:
        while at + 1 < len(telling) and telling[at + 1] <= each.lines[0]:
            at += 1
        if any(abs(each.lines[0] - line) <= _NEAR for line in telling[at : at + 2]):
            kept.append(each)
    return kept


def text_of(lines: Sequence[str], found: Sequence[Field]) -> range:
    """The lines (0-based) of a whole message's text below its header, where its form shows which they are; empty otherwise."""
    kind = next((each for each in found if each.name == "content-type"), None)
    boundary = _BOUNDARY.search(kind.value) if kind else None
    if kind and boundary:
        mark = f"--{boundary.group(1)}"
        parts = [index for index in range(kind.lines[-1], len(lines)) if lines[index].startswith(mark)]
        closed = bool(parts) and lines[parts[-1]].startswith(f"{mark}--")
        return range(parts[0], parts[-1] + 1 if closed else len(lines)) if parts else range(0)
    encoded = any(each.name == "content-transfer-encoding" and _ENCODED.search(each.value) for each in found)
    return range(max(line for each in found for line in each.lines), len(lines)) if encoded else range(0)


def _is_telling(name: str) -> bool:
    return bool(_TELLING.search(f"{name}: "))


def _unfolded(lines: Iterable[tuple[int, str]]) -> Iterator[Field]:
    current: Field | None = None
    for index, line in lines:
        folded = current is not None and line[:1] in " \t" and _goes_on(current, index, line)
        started = _named(line) or (None if folded else _started(line))
        if started:
            if current is not None:
                yield from _apart(current)
            current = Field(started[0].lower(), started[1], [index])
        elif current is not None and _goes_on(current, index, line):
            current.value += f" {line.strip()}"
            current.lines.append(index)
        elif current is not None:
            yield from _apart(current)
            current = None
    if current is not None:
        yield from _apart(current)


def _named(line: str) -> tuple[str, str] | None:
    """The field whose name begins this line, and its value; a mark of Markdown may stand before it."""
    named = _FIELD.search(line.lstrip("`"))
    if not named or (named.group(1).lower() == "received" and not _HOP.search(named.group(2))):
        return None
    check, _, kind = named.group(1).lower().partition("-")
    if kind == "result" and check in _CHECKS:  # as services print it that test a message
        return "authentication-results", f"{check}={named.group(2).strip()}"
    return named.group(1), named.group(2)


def _started(line: str) -> tuple[str, str] | None:
    """The field that begins inside this line: results and reports are also pasted without their name, or in a sentence."""
    inside = _RUN_ON.search(f" {line}") if ":" in line else None
    if inside:
        name, value = inside.group(1), line[inside.end() - 1 :]
        if "=" in value or (name.lower() == "received" and _HOP.search(value)):
            return name, value
    typed = tight(line)
    if "=" in typed and any(name in typed.lower() for name in _RESULTS) and _RESULT.search(typed):
        return "authentication-results", typed.strip()
    if any(name in line.upper() for name in _REPORTS) and _REPORT.search(line):
        return "x-forefront-antispam-report", line.strip()
    return None


def tight(text: str) -> str:
    """Results as a receiver writes them: who types them off a picture puts blanks around the sign."""
    return str(_LOOSE.sub(r"\1=", text)) if " =" in text else text


def _goes_on(current: Field, index: int, line: str) -> bool:
    """A folded line, or one whose fold was lost: no name of its own, after a value that is not at its end."""
    if not line.strip() or index != current.lines[-1] + 1 or len(current.lines) >= _MOST_LINES:
        return False
    if line[:1] in " \t":
        return True
    if _NAME.search(line) or not _is_telling(current.name):
        return False
    end = current.value.rstrip()[-1:]
    inside = current.value.count("(") > current.value.count(")")
    judged = current.name.endswith(("authentication-results", "received-spf"))
    if judged and (inside or _PART.search(line)):
        return True
    return end in ";,=" or (current.name == "received" and not _has_date(current.value))


def _has_date(value: str) -> bool:
    return ";" in value and ":" in value.rpartition(";")[2]


def _apart(field: Field) -> Iterator[Field]:
    """The fields that run on in one value, as a client pastes a header on one line."""
    name, start = field.name, 0
    for found in _RUN_ON.finditer(field.value):
        yield Field(name, field.value[start : found.start()].strip(), list(field.lines))
        name, start = found.group(1).lower(), found.end()
    yield Field(name, field.value[start:].strip(), list(field.lines))
