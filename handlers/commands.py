"""The words that the bot understands, and `/mailflow`, after which each of them may stand.

A word more is a line more in WORDS: help, suggestions, commands, mentions and direct messages all go by it.
"""

from __future__ import annotations

from typing import Final

from diagnostics import explain
from handlers import checks, duty, incidents, oncall, post_mortem, privately, status, watches
from handlers.blocks import Message, explained, help_message, plain
from handlers.intake import submission, unslack
from handlers.judging import judge
from handlers.ports.cases import Pasted
from handlers.ports.inbox import Delivery
from handlers.ports.services import Services
from handlers.telemetry import concluded
from handlers.words import Word, find, hint, split

_LONGEST_CODE: Final = 200


async def run(services: Services, delivery: Delivery) -> str:
    """A slash command. Answers only the person who asked, but for what concerns the channel, such as a check."""
    word = find(WORDS, delivery.text) or (_HELP if not delivery.text.strip() else None)
    if word and word.from_command:
        return await word.from_command(services, delivery)
    if word and word.reply:
        return await privately.tell(services, delivery, await word.reply(services, delivery))
    return await privately.tell(services, delivery, unknown(delivery.text))


def unknown(text: str) -> Message:
    """What is said to a command that is none."""
    said, known = plain(hint(WORDS, text) or "I do not know that command."), helped()
    return Message(f"{said.text}\n{known.text}", (*said.blocks, *known.blocks))


def helped() -> Message:
    """Everything that can be asked."""
    return help_message(
        [
            (f"{'/mailflow' if word.reply or word.from_command else '@Mailflow'} {word.usage}", word.says)
            for word in WORDS
        ]
    )


async def _diagnose(services: Services, delivery: Delivery) -> str:
    _, rest = split(delivery.text)
    report = await judge([Pasted("", submission(rest).text)])
    concluded(report)
    return await privately.diagnosed(services, delivery, report)


async def _explain(_services: Services, delivery: Delivery) -> Message:
    _, rest = split(delivery.text)
    code = unslack(rest).strip()
    return explained(explain(code)) if code else plain("Which code? For example: explain 5.7.64")


async def _help(_services: Services, _delivery: Delivery) -> Message:
    return helped()


def _is_code(text: str) -> bool:
    code = unslack(split(text)[1]).strip()
    return len(code) <= _LONGEST_CODE and "\n" not in code


def _alone(text: str) -> bool:
    return not split(text)[1].strip()


_HELP: Final = Word(("help", "?"), "shows this", _alone, reply=_help, anybody=True)
WORDS: Final = (
    Word(
        ("diagnose",),
        "finds the cause of an error, for your eyes only; alone, it opens a form that also takes files",
        lambda _text: True,
        takes="<text>",
        from_command=_diagnose,
        anybody=True,
    ),
    Word(
        ("check",),
        "looks for real: DNS, SMTP, TLS, certificate and policies",
        checks.asked,
        takes="<host or domain>",
        from_command=checks.from_command,
        in_thread=checks.in_thread,
        edits=True,
    ),
    Word(
        ("watch", "unwatch"),
        "looks on a schedule, and speaks here when something changes; watch stop <host> ends it, watch alone lists",
        watches.asked,
        takes="<host or domain> [every 6h]",
        from_command=watches.from_command,
        in_thread=watches.in_thread,
        edits=True,
    ),
    Word(
        ("explain",),
        "explains a status code, Schannel error, event id or error token, such as 5.7.64",
        _is_code,
        takes="<code>",
        reply=_explain,
        anybody=True,
    ),
    Word(
        ("status",),
        "says in two lines how a case stands: in its thread, mention me",
        oncall.alone_or_linked,
        takes="<link to a message>",
        reply=status.told,
        anybody=True,
    ),
    Word(
        ("escalate",),
        "pages whoever is on call: in the thread of a case, mention me",
        oncall.alone_or_linked,
        takes="<link to a message>",
        from_command=oncall.from_command,
        in_thread=oncall.in_thread,
    ),
    Word(
        ("ack", "acknowledge"),
        "says that you have it, so nobody else is paged",
        oncall.alone_or_linked,
        takes="<link to a message>",
        from_command=oncall.from_command,
        in_thread=oncall.in_thread,
    ),
    Word(
        ("resolve", "resolved"),
        "says that it is over",
        oncall.alone_or_linked,
        takes="<link to a message>",
        from_command=oncall.from_command,
        in_thread=oncall.in_thread,
    ),
    Word(
        (incidents.WORD,),
        "lists what is open, for you alone; also resolved, all, mine, cause, channel, since 7d",
        incidents.wanted,
        from_command=incidents.from_command,
        in_thread=incidents.asked,
    ),
    Word(
        ("postmortem", "post-mortem"),
        "in a thread: drafts the post-mortem of its incident",
        _alone,
        in_thread=post_mortem.asked,
    ),
    Word(("oncall", "on-call"), "says who is on call now, and until when; pages nobody", _alone, reply=duty.told),
    _HELP,
)
