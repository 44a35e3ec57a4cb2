"""What a person pasted into Slack → a Submission: plain text, and a sentence for each file that can't be read.

Slack's escaping is described at https://docs.slack.dev/messaging/formatting-message-text: text arrives with `& < >` as
entities and with links, mentions and channels as `<target|label>`. Everything else that chat, mail clients and word
processors do to text is folded by `diagnostics`, which keeps the original for quoting.
"""

from __future__ import annotations

import codecs
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from diagnostics.patterns import linear

FILE_LIMIT: Final = 5_000_000
"""Bytes of one file, and of all files of one message together."""

_SCHEMES: Final = ("http://", "https://", "mailto:", "ftp://", "file:", "tel:", "sip:", "sips:", "skype:", "callto:")
_FENCE_LANGUAGES: Final = (
    "text|txt|plain|plaintext|none|log|logs|output|console|shell|sh|bash|cmd|bat|powershell|pwsh|ps|ps1|smtp|http|"
    "csv|json|xml|html|yaml|ini"
)
_FENCE = linear(rf"(?mi)`{{3,}}(?:(?:{_FENCE_LANGUAGES})[ \t]*$)?")

_SAMPLE: Final = 4096
# What a text file may hold below 0x20: tab, line feed, vertical tab, form feed, carriage return, end of file, escape.
_IN_TEXT: Final = b"\t\n\x0b\x0c\r\x1a\x1b"
_CONTROLS: Final = bytes(sorted(set(range(0x20)) - set(_IN_TEXT)))

_IMAGE: Final = (
    "is an image, and I read text only: copy the error as text (Ctrl+C works in most Windows dialogs) and paste it."
)
_VIDEO: Final = "is audio or video, and I read text only: paste the error as text."
_ARCHIVE: Final = "is an archive: unpack it and send the text file that is inside, or paste the lines that matter."
_OFFICE: Final = "is an Office document: copy its text and paste it here."
_PDF: Final = "is a PDF: select the text of the error, copy it and paste it here."
_OUTLOOK: Final = (
    "is an Outlook item: save the message as .eml, or open File > Properties and paste what is in `Internet headers`."
)
_MAILBOX: Final = "is an Outlook data file, which holds a whole mailbox: paste only the message that failed."
_PROGRAM: Final = "is a program, and I never open those: paste the error as text."
_EVENTS: Final = (
    "is a binary event log: open it in Event Viewer and save it as .txt or .csv, or copy the event's details as text."
)
_CAPTURE: Final = (
    "is a network capture: in Wireshark choose Follow > TCP Stream on the SMTP connection, and paste that text."
)
_DATABASE: Final = "is a database file, and I read text only: paste the error or the event that names it."
_KEY: Final = (
    "may hold a private key: delete it from this conversation, and paste the output of "
    "`Get-ExchangeCertificate | Format-List` instead."
)
_RTF: Final = "is a formatted document: copy its text and paste it here."

_MAGIC: Final[tuple[tuple[bytes, str], ...]] = (
    (b"\x89PNG\r\n\x1a\n", _IMAGE),
    (b"\xff\xd8\xff", _IMAGE),
    (b"GIF87a", _IMAGE),
    (b"GIF89a", _IMAGE),
    (b"II*\x00", _IMAGE),
    (b"MM\x00*", _IMAGE),
    (b"%PDF-", _PDF),
    (b"{\\rtf", _RTF),
    (b"\x1f\x8b", _ARCHIVE),
    (b"7z\xbc\xaf\x27\x1c", _ARCHIVE),
    (b"Rar!\x1a\x07", _ARCHIVE),
    (b"\xfd7zXZ\x00", _ARCHIVE),
    (b"\x28\xb5\x2f\xfd", _ARCHIVE),
    (b"MSCF\x00\x00", _ARCHIVE),
    (b"!BDN", _MAILBOX),
    (b"\x7fELF", _PROGRAM),
    (b"\xcf\xfa\xed\xfe", _PROGRAM),
    (b"ElfFile\x00", _EVENTS),
    (b"\xd4\xc3\xb2\xa1", _CAPTURE),
    (b"\xa1\xb2\xc3\xd4", _CAPTURE),
    (b"SQLite format 3\x00", _DATABASE),
    (b"\x1aE\xdf\xa3", _VIDEO),
)
# A text may begin with these as well: they count only beside a NUL.
_SHORT_MAGIC: Final = (
    (b"BM", _IMAGE),
    (b"MZ", _PROGRAM),
    (b"OggS", _VIDEO),
    (b"ID3", _VIDEO),
    (b"\n\r\r\n", _CAPTURE),
)
_ZIP: Final = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
_COMPOUND: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_COMPOUND_TEXT: Final = "__substg1.0_".encode("utf-16-le")
_OFFICE_NAMES: Final = (".docx", ".xlsx", ".pptx", ".docm", ".xlsm", ".odt", ".ods")
_KEY_NAMES: Final = (".pfx", ".p12", ".key", ".jks")


class Unreadable(ValueError):  # noqa: N818 - it says what the file is; callers show it, nobody reports it
    """A file that holds no text. The message is one sentence or two: what it is, and what to do."""


@dataclass(frozen=True, slots=True)
class Submission:
    """`text` is ready for `diagnose`; `refusals` are sentences for the person, one for each file left out."""

    text: str
    refusals: tuple[str, ...] = ()


def submission(text: str, files: Sequence[tuple[str, bytes]] = (), *, limit: int = FILE_LIMIT) -> Submission:
    """Join a message as Slack sent it and its files (name, content), in that order, with an empty line between.

    Only the message went through Slack's escaping, so only the message is unescaped. Files beyond `limit` bytes in
    total are refused, as are those that hold no text.
    """
    texts = [unslack(text)]
    refusals: list[str] = []
    left = limit
    for name, content in files:
        if left < len(content) <= limit:
            refusals.append(
                f"{_shown(name)} is left out, because the files of one message are read up to {_megabytes(limit)} "
                "together: send it in a message of its own."
            )
            continue
        try:
            texts.append(decode_file(name, content, limit=limit))
            left -= len(content)
        except Unreadable as unreadable:
            refusals.append(str(unreadable))
    return Submission("\n\n".join(part for part in texts if part.strip()), tuple(refusals))


def unslack(text: str) -> str:
    """Undo Slack's links and escapes exactly once, and drop code fences. The number of lines stays the same."""
    # Links first: once unescaped, a pasted `<I>CN=...` looks like one.
    if "<" in text:
        text = _unlinked(text)
    # `&amp;` last: `&amp;lt;` is what a person's own `&lt;` arrives as.
    text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    return str(_FENCE.sub("", text)) if "```" in text else text


def _unlinked(text: str) -> str:
    first, *rest = text.split("<")
    parts = [first]
    for piece in rest:
        inner, closed, after = piece.partition(">")
        shown = _label(inner) if closed else None
        parts.append("<" + piece if shown is None else shown + after)
    return "".join(parts)


def _label(inner: str) -> str | None:
    """What Slack shows for `<inner>`; None when that isn't one of Slack's own forms."""
    if "\n" in inner:
        return None
    target, _, label = inner.partition("|")
    if target[:1] in ("@", "#", "!"):
        return _mention(target, label)
    if not target[:8].lower().startswith(_SCHEMES) or any(char.isspace() for char in target):
        return None
    # A scheme without a label may be Slack's or the person's: keep it. Nobody types "mailto:" into an error.
    return label or target.removeprefix("mailto:")


def _mention(target: str, label: str) -> str | None:
    sign, name = target[0], target[1:]
    if sign in "@#":
        is_id = name.isascii() and name.isalnum() and name.isupper()
        return sign + (label.removeprefix(sign) or name) if is_id else None
    kind, _, ident = name.partition("^")
    if kind in ("here", "channel", "everyone") and not ident:
        return "@" + kind
    if kind == "subteam" and ident:
        return "@" + (label.removeprefix("@") or ident)
    return label if kind == "date" and ident else None


def decode_file(name: str, content: bytes, *, limit: int = FILE_LIMIT) -> str:
    """The text in a file: UTF-8, UTF-16 with or without a byte order mark, or else Windows-1252.

    Raises Unreadable for an empty file, one of more than `limit` bytes, and anything that is no text.
    """
    shown = _shown(name)
    if not content:
        raise Unreadable(f"{shown} is empty: save it again and send it, or paste the text.")
    if reason := _refusal(name, content):
        raise Unreadable(f"{shown} {reason}")
    if len(content) > limit:
        raise Unreadable(
            f"{shown} has {_megabytes(len(content))}, and I read up to {_megabytes(limit)}: send only the part around "
            "the failure."
        )
    text = _decoded(content)
    if text is None:
        raise Unreadable(f"{shown} holds binary data, no text: export it as text, or paste the lines that matter.")
    if not text.strip():
        raise Unreadable(f"{shown} holds nothing but white space: paste the text itself.")
    return text


def _shown(name: str) -> str:
    plain = "".join(char for char in name if char.isprintable()).strip()
    return (plain if len(plain) <= 80 else plain[:60] + "…" + plain[-19:]) or "The file"


def _megabytes(size: int) -> str:
    return f"{size / 1_000_000:.1f} MB" if size >= 100_000 else f"{size:,} bytes"


def _refusal(name: str, content: bytes) -> str:
    """The rest of a sentence that begins with the file's name, or "" when the file may be text."""
    lowered = name.lower()
    if lowered.endswith(_KEY_NAMES) or b"PRIVATE KEY-----" in content[:4096]:
        return _KEY
    for magic, reason in _MAGIC:
        if content.startswith(magic):
            return reason
    if content.startswith(_ZIP):
        office = lowered.endswith(_OFFICE_NAMES) or b"[Content_Types].xml" in content[:4096]
        return _OFFICE if office else _ARCHIVE
    if content.startswith(_COMPOUND):
        return _OUTLOOK if lowered.endswith((".msg", ".oft")) or _COMPOUND_TEXT in content else _OFFICE
    return _container(content)


def _container(content: bytes) -> str:
    """Formats whose first bytes could also begin a text."""
    if content[:4] == b"RIFF":
        return _IMAGE if content[8:12] == b"WEBP" else _VIDEO if content[8:12] in (b"AVI ", b"WAVE") else ""
    if content[4:8] == b"ftyp":
        return _IMAGE if content[8:11] in (b"hei", b"mif", b"avi") else _VIDEO
    if b"\x00" in content[:64]:
        return next((reason for magic, reason in _SHORT_MAGIC if content.startswith(magic)), "")
    return ""


def _decoded(content: bytes) -> str | None:
    """The text of `content`, without its byte order mark; None when it is binary. Linear time."""
    if content.startswith(codecs.BOM_UTF8):
        return content[len(codecs.BOM_UTF8) :].decode("utf-8", "replace")
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return _wide_text(content.decode("utf-16", "replace"))
    if wide := _utf16(content[:_SAMPLE]):
        return _wide_text(content.decode(wide, "replace"))
    # A log that was open when its server stopped ends in NULs.
    content = content.rstrip(b"\x00")
    if not content or _share(content, _CONTROLS) > 0.01:
        return None
    return _eight_bit(content)


def _utf16(sample: bytes) -> str:
    """The byte order of UTF-16 without a mark: mostly ASCII text has a NUL in every other byte."""
    even, odd = sample[0::2], sample[1::2]
    if not odd:
        return ""
    if _share(odd, b"\x00") > 0.4 and _share(even, b"\x00") < 0.05:
        return "utf-16-le"
    return "utf-16-be" if _share(even, b"\x00") > 0.4 and _share(odd, b"\x00") < 0.05 else ""


def _wide_text(text: str) -> str | None:
    text = text.rstrip("\x00")
    controls = sum(text[:_SAMPLE].count(chr(code)) for code in _CONTROLS)
    return None if controls * 20 > len(text[:_SAMPLE]) else text


def _eight_bit(content: bytes) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        text = content.decode("utf-8", "replace")
    # One damaged byte in a UTF-8 log doesn't make it Windows-1252: judge by what most of its letters say.
    beyond_ascii = len(text) - len(text.encode("ascii", "ignore"))
    if text.count("\ufffd") * 2 < beyond_ascii:
        return text
    return content.decode("cp1252", "replace")


def _share(content: bytes, among: bytes) -> float:
    return (len(content) - len(content.translate(None, among))) / len(content)
