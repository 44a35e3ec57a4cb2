"""What a person pasted into Slack → a Submission: plain text, and a sentence for each file that can't be read.

Slack's escaping is described at https://docs.slack.dev/messaging/formatting-message-text: text arrives with `& < >` as
entities and with links, mentions and channels as `<target|label>`. Everything else that chat, mail clients and word
processors do to text is folded by `diagnostics`, which keeps the original for quoting.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from diagnostics.patterns import linear
from handlers.filetypes import ARCHIVE, GZIP, OUTLOOK, ZIP, refusal
from handlers.plaintext import FILE_LIMIT, Unreadable, decode_file, megabytes, shown

_MOST_REFUSALS: Final = 3  # of one archive

_SCHEMES: Final = ("http://", "https://", "mailto:", "ftp://", "file:", "tel:", "sip:", "sips:", "skype:", "callto:")
_FENCE_LANGUAGES: Final = (
    "text|txt|plain|plaintext|none|log|logs|output|console|shell|sh|bash|cmd|bat|powershell|pwsh|ps|ps1|smtp|http|"
    "csv|json|xml|html|yaml|ini"
)
_FENCE = linear(rf"(?mi)`{{3,}}(?:(?:{_FENCE_LANGUAGES})[ \t]*$)?")


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
                f"{shown(name)} is left out, because the files of one message are read up to {megabytes(limit)} "
                "together: send it in a message of its own."
            )
            continue
        try:
            read = file_text(name, content, limit=left if len(content) <= limit else limit)
        except Unreadable as unreadable:
            refusals.append(str(unreadable))
            continue
        texts.append(read.text)
        refusals += read.refusals
        left -= max(len(content), len(read.text))
    return Submission("\n\n".join(part for part in texts if part.strip()), tuple(refusals))


def file_text(name: str, content: bytes, *, limit: int = FILE_LIMIT) -> Submission:
    """The text of a file, of the texts in an archive, or of an Outlook item; `refusals` are on what an archive also holds.

    Raises Unreadable where there is no text at all, or more than `limit` bytes.
    """
    kind = refusal(name, content) if len(content) <= limit else ""
    if kind == OUTLOOK:
        return Submission(_item(name, content, limit))
    if kind != ARCHIVE or not content.startswith((GZIP, *ZIP)):
        return Submission(decode_file(name, content, limit=limit))
    from handlers.archives import unpacked  # nearly all files are text

    texts: list[str] = []
    refusals: list[str] = []
    for inner, inside in unpacked(name, content, limit=limit):
        try:
            if refusal(inner, inside) == OUTLOOK:
                texts.append(_item(inner, inside, limit))
            else:
                texts.append(decode_file(inner, inside, limit=limit))
        except Unreadable as unreadable:
            refusals.append(str(unreadable))
    if not texts:
        raise Unreadable(refusals[0] if refusals else f"{shown(name)} is empty: send the file that belongs in it.")
    return Submission("\n\n".join(texts), _few(refusals))


def _item(name: str, content: bytes, limit: int) -> str:
    """The text of an Outlook item."""
    from handlers.outlook import text_of  # as above

    return text_of(name, content, partial(decode_file, limit=limit), limit=limit)


def _few(refusals: list[str]) -> tuple[str, ...]:
    more = len(refusals) - _MOST_REFUSALS
    return (
        *refusals[:_MOST_REFUSALS],
        *([f"The archive holds {more} more files that are no text."] if more > 0 else []),
    )


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
