"""What Mailflow can be asked, in one message."""

from __future__ import annotations

from handlers.blocks.message import Message, message
from handlers.blocks.outline import line, part
from handlers.blocks.sections import PASTEABLE

_COMMANDS = (
    ("/mailflow diagnose <text>", "diagnoses a text for your eyes only"),
    ("/mailflow check <host or domain>", "looks for real: DNS, SMTP, TLS, certificate and policies"),
    ("/mailflow explain <code>", "explains a status code, Schannel error, event id or error token, such as 5.7.64"),
    (
        "/mailflow escalate <link to a message>",
        "pages whoever is on call; in a thread: @Mailflow escalate, ack, resolve",
    ),
    ("/mailflow help", "shows this"),
)


def help_message() -> Message:
    """What can be pasted, what can be asked, and how a thread works."""
    opening = [
        line("title", "Paste a mail-flow error, get its root cause"),
        line("text", "I read what is pasted into this channel and answer in its thread when it shows a failure."),
        line("heading", "What I can read"),
        *(line("bullet", text) for text in PASTEABLE),
    ]
    asking = [
        line("heading", "What you can ask"),
        *(line("bullet", f"`{command}` {says}") for command, says in _COMMANDS),
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
