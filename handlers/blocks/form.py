"""The form for a diagnosis, what people entered in it, and the message that opens a thread for it.

Views and their state: https://docs.slack.dev/reference/views and https://docs.slack.dev/reference/block-kit/block-elements
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from diagnostics import redaction
from diagnostics.patterns import linear
from handlers.blocks.limits import QUOTE, clip
from handlers.blocks.log_bins import redacted
from handlers.blocks.message import Message
from handlers.blocks.mrkdwn import escape
from handlers.blocks.outline import cleaned
from handlers.message_text import whole
from handlers.ports.files import SlackFile

FORM: Final = "diagnose_form"
"""`callback_id` of the global shortcut and of the form that it opens."""

_PASTE, _FILES, _WHERE, _CHANNEL = "paste", "files", "where", "channel"
_HERE, _ME = "here", "me"
_MOST: Final = 3_000  # characters that Slack lets people type into a field
_MOST_FILES: Final = 10
_LINES: Final = 2
_NAMES: Final = 3
_SIGN_IN = linear(r"(?i)\b(AUTH\s+[a-z0-9-]+)\s.*")
_SECRET = linear(r"[A-Za-z0-9+/_-]*[0-9][A-Za-z0-9+/_-]{15,}=*|[A-Za-z0-9+/_-]{8,}=+")


@dataclass(frozen=True, slots=True)
class Entered:
    """What a form holds. `channel` is where the answer goes, "" for only to whoever asks; `problems` are sentences by field."""

    text: str
    files: tuple[SlackFile, ...]
    channel: str
    problems: dict[str, str]


def form(channel: str = "") -> dict[str, Any]:
    """An empty form; `channel` is where it was asked for, "" for nowhere that others can read."""
    here = _option(_HERE, "In a channel: everybody there can help")
    me = _option(_ME, "Only to me, as a direct message")
    where: dict[str, Any] = {"type": "radio_buttons", "action_id": _WHERE, "options": [here, me]}
    select: dict[str, Any] = {
        "type": "conversations_select",
        "action_id": _CHANNEL,
        "placeholder": _plain("Choose a channel"),
        "filter": {"include": ["public", "private"], "exclude_bot_users": True},
        **({"initial_conversation": channel} if channel else {"default_to_current_conversation": True}),
    }
    typed = {
        "type": "plain_text_input",
        "action_id": _PASTE,
        "multiline": True,
        "max_length": _MOST,
        "placeholder": _plain("550 5.7.64 TenantAttribution; Relay Access Denied"),
    }
    files = {"type": "file_input", "action_id": _FILES, "max_files": _MOST_FILES}
    return {
        "type": "modal",
        "callback_id": FORM,
        "title": _plain("Diagnose mail flow"),
        "submit": _plain("Diagnose"),
        "close": _plain("Cancel"),
        "blocks": [
            _input(_PASTE, "What failed", typed, "An error, a bounce, a queue, or the lines of one session."),
            _input(_FILES, "Files", files, "Logs, .eml, .msg, .txt, .csv, .html, or a .zip or .gz of them."),
            _input(
                _WHERE, "Where the answer goes", {**where, "initial_option": here if channel else me}, optional=False
            ),
            _input(
                _CHANNEL, "Channel", select, "I have to be a member of it. Not needed where only you get the answer."
            ),
        ],
    }


def entered(view: dict[str, Any]) -> Entered:
    """Reads the state of a submitted form."""
    fields = {
        name: field
        for block in ((view.get("state") or {}).get("values") or {}).values()
        for name, field in block.items()
    }
    text = str(fields.get(_PASTE, {}).get("value") or "").strip()
    files = tuple(described(file) for file in fields.get(_FILES, {}).get("files") or ())
    private = ((fields.get(_WHERE, {}).get("selected_option")) or {}).get("value") == _ME
    channel = "" if private else str(fields.get(_CHANNEL, {}).get("selected_conversation") or "")
    problems = {}
    if not text and not files:
        problems[_PASTE] = "Paste what failed, or attach a file below."
    if not private and not channel:
        problems[_CHANNEL] = "Choose the channel, or have the answer sent to you alone."
    return Entered(text, files, channel, problems)


def described(file: dict[str, Any]) -> SlackFile:
    """A file as Slack describes it: https://docs.slack.dev/reference/objects/file-object"""
    return SlackFile(
        id=str(file.get("id") or ""),
        name=whole(str(file.get("name") or file.get("title") or "")),
        url=str(file.get("url_private_download") or file.get("url_private") or ""),
        mimetype=str(file.get("mimetype") or ""),
        size=int(file.get("size") or 0),
    )


def opening(text: str, names: Sequence[str], *, asker: str = "", notice: str = "") -> Message:
    """What opens the thread of a case from a form: who asks (a Slack id; "" for the reader), the first lines of what was pasted,
    without addresses and long numbers, and the names of its files. `notice` comes first."""
    quote = "\n".join(map(_quoted, _telling(text)))
    files = _listed(names)
    before = f"{notice} " if notice else ""
    said = " asks why mail fails." if asker else "You asked why mail fails."
    more = f" {files}" if files else ""
    asks = [{"type": "user", "user_id": asker}] if asker else []
    section = {
        "type": "rich_text_section",
        "elements": [*([_run(before)] if before else []), *asks, _run(f"{said}{more}")],
    }
    quoted = [{"type": "rich_text_quote", "elements": [_run(quote)]}] if quote else []
    shown = f"{escape(before)}{f'<@{asker}>' if asker else ''}{escape(said + more)}"
    plain = "\n".join([shown, *(f"> {escape(row)}" for row in quote.split("\n") if row)])
    return Message(plain, ({"type": "rich_text", "elements": [section, *quoted]},))


def _telling(text: str) -> list[str]:
    """The first lines that are no comments of a log: those are the same in all of them."""
    rows = [row for row in text.splitlines() if row.strip()]
    return ([row for row in rows if not row.startswith("#")] or rows)[:_LINES]


def _quoted(row: str) -> str:
    """Enough of a line to know it again, for a channel: without addresses, long numbers, and what signs people in. Passwords go
    first: what masks the rest may take their names."""
    shown = _SECRET.sub("*", _SIGN_IN.sub(r"\1 *", redaction.redacted(cleaned(row.strip()))))
    return clip(redacted(shown), QUOTE // 2)


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(clip(cleaned(name).replace("\n", " "), 80) or "a file" for name in names[:_NAMES])
    more = f" and {len(names) - _NAMES} more" if len(names) > _NAMES else ""
    return f"With {shown}{more}." if names else ""


def _input(block: str, label: str, element: dict[str, Any], hint: str = "", *, optional: bool = True) -> dict[str, Any]:
    made = {"type": "input", "block_id": block, "label": _plain(label), "element": element, "optional": optional}
    return {**made, "hint": _plain(hint)} if hint else made


def _option(value: str, text: str) -> dict[str, Any]:
    return {"text": _plain(text), "value": value}


def _plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text, "emoji": False}


def _run(text: str) -> dict[str, Any]:
    return {"type": "text", "text": text}
