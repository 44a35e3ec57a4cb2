"""A whole bounce as a message file (.eml): MIME undone, its parts handed to the readers of their texts.

A bounce whose text has no known frame is still one by its header (`returned`): its own words, up to the copy of the
message, are what the system that sent it says.
"""

from __future__ import annotations

import quopri
from collections.abc import Iterable, Iterator, Sequence
from email import message_from_string
from email.message import Message
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from diagnostics.artefacts import Artefact
from diagnostics.facts import Fact, Reply, Source
from diagnostics.markup import visible
from diagnostics.patterns import linear
from diagnostics.recognisers import Reading, delivery_status, ndr, recogniser
from diagnostics.recognisers.returned import FROM_DAEMON, SENT_BACK, decoded, report, returned
from diagnostics.text import Paste, squeezed

_LARGEST: Final = 4_000_000  # characters; a bounce that returns more than this is read as plain text
_MOST_PARTS: Final = 100  # also the bound on nesting: the parser recurses once for each part that holds others
_LONGEST_PART: Final = 400_000
_HEADER = linear(r"^([A-Za-z][A-Za-z0-9-]{1,60}):")
_OUTER: Final = frozenset(
    {"received", "return-path", "from", "to", "date", "subject", "message-id", "mime-version", "content-type"}
)
_HOLDS_OTHERS = linear(r"(?i)\bboundary\s*=|content-type:\s*message/")
_WORDS = linear(r"[^\W\d_]{3}")
_CUT_OFF = linear(r"^[45]\d\d-")  # of a reply with more lines
_WRAPPER = linear(r"(?i)QUEUE\.Expired|message (?:expired|delayed)")


class _Text(Struct, frozen=True):
    """A decoded part: its `lines`, and the 0-based line of the message that each began on. `plain`: not encoded."""

    kind: str
    lines: list[str]
    origins: list[int]
    plain: bool


@recogniser(rf"^(?:content-type:\s*(?:multipart|text|message)/|mime-version:\s*1|{SENT_BACK})", rank=20)
def read(reading: Reading) -> Sequence[Artefact]:
    """The bounce that the paste holds as a message with headers and body, if it holds one."""
    start = _start(reading)
    if start is None:
        return ()
    raw = reading.paste.raw if _HEADER.search(reading.paste.raw[start]) else reading.paste.lines
    raw = raw[start:]
    text = "\n".join(raw)
    if len(text) > _LARGEST or len(_HOLDS_OTHERS.findall(text)) > _MOST_PARTS:
        return ()
    message = message_from_string(text)
    found = _artefact(message, raw, start, reading.paste)
    return [found] if found else ()


def _start(reading: Reading) -> int | None:
    """The first line (0-based) of a block of message headers that also says what the body is."""
    for block in reading.blocks():
        names: set[str] = set()
        first = -1
        for index, line in block:
            named = _HEADER.search(line)
            if named:
                first = index if first < 0 else first
                names.add(named.group(1).lower())
        whole = bool(names & {"mime-version", "content-type", "return-path", "message-id"})
        whole = whole or ("date" in names and any(FROM_DAEMON.search(line) for _, line in block))
        if len(names & _OUTER) >= 3 and whole:
            return first
    return None


def _artefact(message: Message, raw: Sequence[str], start: int, paste: Paste) -> Artefact | None:
    texts = list(_texts(message, raw))
    dsn = [found for each in texts if each.kind == "status" for found in _read(each, raw, start, paste)]
    human = [found for each in texts if each.kind == "plain" for found in _read(each, raw, start, paste)]
    if not human:
        human = [found for each in texts if each.kind == "html" for found in _read(each, raw, start, paste)]
    if not _quotes(human) and not _tells(dsn) and returned(message):
        words = list(_in_words(message, texts, raw, start, paste))
        # The header is surer of what is said than a headline; whom it reached not, the headline's list tells.
        human = [*(replace(each, facts=()) for each in human), *words] if words else human
    # What it says is in a form that is not read; that it came back, its header tells. Where the blank line below the header
    # was lost, its fields are still read elsewhere.
    if not dsn and not human and message.get_payload() and returned(message) and not _has_fields(raw):
        human = list(_in_words(message, list(_headline(message, raw)), raw, start, paste))
    if not dsn and not human:
        return None
    failed = str(message.get("X-Failed-Recipients", "")).partition(",")[0].strip()
    if failed and not any(each["address"] for one in [*dsn, *human] for each in one.shown["recipients"]):
        dsn, human = [_named(each, failed) for each in dsn], [_named(each, failed) for each in human]
    original = _original(message)
    outer = {"recipients": [], "reporting_mta": "", "message_id": "", "subject": decoded(message["Subject"])}
    return Artefact(
        kind="message",
        first=start + 1,
        last=start + _end(message, raw),
        facts=tuple(_telling(dsn, human)),
        shown=delivery_status.merged([original, *(each.shown for each in [*dsn, *human]), outer]),
        paste=paste.index,
    )


def _named(found: Artefact, recipient: str) -> Artefact:
    """A report that names nobody, with the recipient that the header names."""
    facts = tuple(replace(each, recipient=recipient) if isinstance(each, Reply) else each for each in found.facts)
    rows = [{**each, "address": recipient} for each in found.shown["recipients"]]
    return replace(found, facts=facts, shown={**found.shown, "recipients": rows})


def _telling(dsn: list[Artefact], human: list[Artefact]) -> Iterable[Fact]:
    """The delivery status is the exact account, unless it has no words, or only that the message expired: then the text is."""
    exact = [fact for each in dsn for fact in each.facts]
    attempts = [fact for each in human for fact in each.facts]
    empty = all(_is_empty(fact) for fact in exact if isinstance(fact, Reply))
    if attempts and empty and (_tells(human) or not _tells(dsn)):
        return attempts
    to_sender = any(fact.to_sender for fact in attempts if isinstance(fact, Reply))
    return [replace(fact, to_sender=to_sender) if isinstance(fact, Reply) else fact for fact in exact]


def _is_empty(reply: Reply) -> bool:
    """Whether a delivery status quotes no words of its own, or the first line of several only."""
    return bool(_WRAPPER.search(reply.text) or not _WORDS.search(reply.text) or _CUT_OFF.search(reply.whole))


def _read(text: _Text, raw: Sequence[str], start: int, paste: Paste) -> Iterator[Artefact]:
    """What a part's reader finds in it, with its sources moved to the lines of the paste."""
    part = Paste.of("\n".join(text.lines), paste.index)
    lines = list(enumerate(part.lines))
    stated = [delivery_status.artefact(each, part) for each in delivery_status.notifications(lines)]
    found = stated
    if text.kind != "status":
        fields = {line for each in stated for line in each.claims}
        found = ndr.read_lines([each for each in lines if each[0] not in fields], part)
        if not _tells(found):
            found = stated if stated and (_quotes(stated) or not _quotes(found)) else found
    for each in found:
        facts = tuple(_moved(fact, text, raw, start) for fact in each.facts)
        yield replace(each, facts=facts)


def _tells(found: Iterable[Artefact]) -> bool:
    """Whether a server's own words were found, and not only that a message came back."""
    return any(isinstance(fact, Reply) and fact.enhanced[1:] != ".0.0" for each in found for fact in each.facts)


def _quotes(found: Iterable[Artefact]) -> bool:
    """Whether a bounce quotes a reply, and has more than its headline."""
    return any(each["diagnostic"] for one in found for each in one.shown["recipients"])


def _in_words(
    message: Message, texts: Sequence[_Text], raw: Sequence[str], start: int, paste: Paste
) -> Iterator[Artefact]:
    """What the first readable part says, where no reader knows its frame."""
    text = next((each for kind in ("plain", "html") for each in texts if each.kind == kind), None)
    found = report(message, Paste.of("\n".join(text.lines), paste.index)) if text else None
    if text and found:
        yield replace(found, facts=tuple(_moved(fact, text, raw, start) for fact in found.facts))


def _has_fields(raw: Sequence[str]) -> bool:
    return bool(delivery_status.notifications(list(enumerate(raw))))


def _headline(message: Message, raw: Sequence[str]) -> Iterator[_Text]:
    """The subject of a bounce as its text, with its label: alone it may read like the line above the copy of the message."""
    at = next((i for i, line in enumerate(raw) if line.lower().startswith("subject:")), None)
    if at is not None:
        yield _Text("plain", [f"Subject: {decoded(message['Subject'])}"], [at], plain=True)


def _moved(fact: Fact, text: _Text, raw: Sequence[str], start: int) -> Fact:
    origin = text.origins[fact.source.line - 1]
    quote = raw[origin].strip() if text.plain else fact.source.quote
    return replace(fact, source=Source(start + origin + 1, quote, fact.source.paste))


def _texts(message: Message, raw: Sequence[str]) -> Iterator[_Text]:
    """The readable parts in order. The copied original is history and not among them."""
    cursor = 0
    for part in _leaves(message):
        kind = part.get_content_type()
        at = _locate(part, raw, cursor)
        if at is None:
            continue
        cursor = at + 1
        if kind in ("message/delivery-status", "message/global-delivery-status"):
            end = next((i for i in range(at, len(raw)) if raw[i].startswith("--")), len(raw))
            yield _Text("status", *_decoded(part, raw[at:end], at))
        elif kind == "text/plain" or (part.get_content_maintype() == "multipart" and not part.is_multipart()):
            # A boundary that was masked away leaves the parts as one text.
            yield _Text("plain", *_decoded(part, _typed(part), at))
        elif kind == "text/html":
            yield _from_html(*_decoded(part, _typed(part), at)[:2])


def _leaves(message: Message) -> Iterator[Message]:
    """The parts that hold text. Bounded in number; what is inside a returned message is left out."""
    waiting = [message]
    for _ in range(_MOST_PARTS):
        if not waiting:
            return
        part = waiting.pop(0)
        inner = part.get_payload()
        if part.get_content_maintype() == "multipart" and isinstance(inner, list):
            waiting = [each for each in inner if isinstance(each, Message)] + waiting
        elif part.get_content_type() not in ("message/rfc822", "text/rfc822-headers"):
            yield part


def _locate(part: Message, raw: Sequence[str], cursor: int) -> int | None:
    """The line of `raw` where the text of `part` begins, searched from `cursor` on."""
    payload = part.get_payload()
    if isinstance(payload, list):
        first = payload[0] if payload else None
        name = next(iter(first.keys()), "") if isinstance(first, Message) else ""
        if name:
            return next((i for i in range(cursor, len(raw)) if raw[i].startswith(f"{name}:")), None)
        payload = first.get_payload() if isinstance(first, Message) else ""  # fields that are encoded look like a text
    lines = str(payload).split("\n")
    filled = next((i for i, line in enumerate(lines) if line.strip()), None)
    if filled is None:
        return None
    found = next((i for i in range(cursor, len(raw)) if raw[i] == lines[filled]), None)
    return None if found is None else max(0, found - filled)


def _typed(part: Message) -> list[str]:
    """The lines of a text part as they were pasted."""
    return str(part.get_payload())[:_LONGEST_PART].split("\n")


def _decoded(part: Message, typed: Sequence[str], at: int) -> tuple[list[str], list[int], bool]:
    """The lines that `typed`, the pasted ones of `part`, stand for, the lines they came from, and whether they read as pasted."""
    encoding = str(part.get("Content-Transfer-Encoding", "")).strip().lower()
    if encoding == "base64":
        text = _to_text(_from_base64(typed), part)[:_LONGEST_PART]
        return _one_line_each(text.split("\n")), _base64_origins(text.split("\n"), typed, at), False
    if encoding != "quoted-printable":
        return list(typed), list(range(at, at + len(typed))), True
    lines, origins, held, first = [], [], "", 0
    for index, line in enumerate(typed):
        first = first if held else index
        held += line.rstrip().removesuffix("=")
        if not line.rstrip().endswith("="):
            lines.append(_to_text(quopri.decodestring(held.encode("utf-8", "replace")), part).replace("\n", " "))
            origins.append(at + first)
            held = ""
    if held:
        lines.append(held)
        origins.append(at + first)
    return lines, origins, False


def _from_base64(typed: Sequence[str]) -> bytes:
    """What `typed` encodes; the library's own reading, which puts up with line ends and a lost end."""
    carrier = Message()
    carrier["Content-Transfer-Encoding"] = "base64"
    carrier.set_payload("\n".join(typed))
    content = carrier.get_payload(decode=True)
    return content if isinstance(content, bytes) else b""


def _one_line_each(lines: list[str]) -> list[str]:
    """`lines` without line ends inside, which an encoded part can hold."""
    return [line.removesuffix("\r").replace("\r", " ").replace("\n", " ") for line in lines]


def _base64_origins(lines: list[str], typed: Sequence[str], at: int) -> list[int]:
    """The encoded line that each decoded one begins in: every encoded line but the last carries equally many bytes."""
    filled = next((i for i, line in enumerate(typed) if line.strip()), 0)
    width = max(1, len(typed[filled].strip()) * 3 // 4)
    origins, offset = [], 0
    for line in lines:
        origins.append(at + min(filled + offset // width, len(typed) - 1))
        offset += len(line.encode("utf-8", "replace")) + 1
    return origins


def _to_text(content: bytes, part: Message) -> str:
    charset = part.get_content_charset() or "utf-8"
    try:
        return content.decode(charset, "replace")
    except LookupError:
        return content.decode("utf-8", "replace")


def _from_html(lines: list[str], origins: list[int]) -> _Text:
    """The visible text of an HTML part, one line for each block element."""
    seen = list(visible("\n".join(lines)))
    moved = [origins[min(index, len(origins) - 1)] for index, _ in seen]
    return _Text("html", [text for _, text in seen], moved, plain=False)


def _original(message: Message) -> dict[str, Any]:
    """Message-ID and subject of the message that bounced, from its copy."""
    shown: dict[str, Any] = {"recipients": [], "reporting_mta": "", "message_id": "", "subject": ""}
    for part in message.walk():
        payload = part.get_payload()
        copy: Any = None
        if part.get_content_type() == "message/rfc822" and isinstance(payload, list) and payload:
            copy = payload[0]
        elif part.get_content_type() == "text/rfc822-headers" and isinstance(payload, str):
            copy = message_from_string(payload[:_LONGEST_PART])
        if copy is not None:
            shown["message_id"] = squeezed(str(copy.get("Message-ID", "")))
            shown["subject"] = decoded(copy.get("Subject"))
            break
    return shown


def _end(message: Message, raw: Sequence[str]) -> int:
    """How many lines the message has: up to its closing boundary, or all."""
    boundary = message.get_boundary()
    closing = f"--{boundary}--"
    return next((i + 1 for i, line in enumerate(raw) if boundary and line.startswith(closing)), len(raw))
