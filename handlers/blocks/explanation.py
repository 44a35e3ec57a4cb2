"""What a code means, as an outline and as a Slack message."""

from __future__ import annotations

from typing import Final

from diagnostics.codes.model import Explanation, Meaning
from handlers.blocks.incidents import title_of
from handlers.blocks.message import Message, message
from handlers.blocks.outline import Part, line, part

_CAUSES: Final = 5
WRAPPER: Final = (
    "It only carries another error: look for the reply or code inside it, or on the next line. That one is the reason."
)


def explained(explanation: Explanation) -> Message:
    """The meanings of a code, best first; what doesn't fit into a message is in its file."""
    return message(explanation_outline(explanation))


def explanation_outline(explanation: Explanation) -> list[Part]:
    """One Part a meaning, and the hint last."""
    hint = part([line("text", explanation.hint)], rank=1)
    meanings = enumerate(explanation.meanings if explanation.found else ())
    told = [group for place, item in meanings for group in _meaning(item, rank=place)]
    if not told:
        asked = " ".join(explanation.query.split())[:100]
        told = part([line("title", f"I do not know “{asked}”" if asked else "Which code?")], rank=0)
    return [*told, *hint]


def _meaning(item: Meaning, rank: int) -> list[Part]:
    named = item.name and item.name.casefold() != item.code.casefold()
    title = line("title" if rank == 0 else "heading", f"{item.code} {item.name}" if named else item.code)
    meaning = [title, line("text", item.meaning), line("text", WRAPPER if item.wrapper else "")]
    more = [
        line("text", item.emitter, lead="Said by:"),
        *([line("heading", "Likely causes, the likeliest first")] if item.causes else []),
        *(line("bullet", f"{title_of(cause)} (`{cause}`)") for cause in item.causes[:_CAUSES]),
        line("link", item.source, lead="Source:"),
    ]
    return part([*meaning, *more], rank=rank)
