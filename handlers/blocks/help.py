"""What Mailflow can be asked, in one message."""

from __future__ import annotations

from collections.abc import Sequence

from handlers.blocks.message import Message, message
from handlers.blocks.outline import line, part
from handlers.blocks.sections import PASTEABLE


def help_message(requests: Sequence[tuple[str, str]]) -> Message:
    """What can be pasted, what can be asked, and how a thread works. `requests` are what is typed, and what it does."""
    opening = [
        line("title", "Paste a mail-flow error, get its root cause"),
        line(
            "text",
            "Paste it into a channel that I am in, or send it to me. In a channel I answer only what shows a failure.",
        ),
        line("heading", "What I can read"),
        *(line("bullet", text) for text in PASTEABLE),
        line("bullet", "Files: logs, `.eml`, `.msg`, `.txt`, `.csv`, `.html`, and those in a `.zip` or `.gz`."),
    ]
    asking = [
        line("heading", "What you can ask"),
        *(line("bullet", f"`{typed}` {does}") for typed, does in requests),
        line(
            "text",
            "Mention me with the same words, or send them to me directly. In a thread, where Slack has no "
            "commands, mention me.",
        ),
    ]
    thread = [
        line("heading", "A thread is one case"),
        line(
            "text",
            "My first answer is the card of the case, and always shows how things stand. Send what I ask for into the "
            "same thread: I judge everything in it again. Edit a message and I correct my answer; delete it and I forget it.",
        ),
    ]
    return message([*part(opening, rank=0), *part(asking, rank=1), *part(thread, rank=2)])
