"""The card of an incident: what it is, how things stand, what to do next. And what is said below it as the case moves."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, tzinfo
from typing import TYPE_CHECKING, Final

from diagnostics.report import Report, Suspect
from handlers.blocks import logs, words
from handlers.blocks.limits import HEADER, PARAGRAPH, clip
from handlers.blocks.message import ATTACHED, TOO_LONG, Asked, Button, Message, message
from handlers.blocks.outline import Line, Part, cleaned, line, part
from handlers.blocks.page import ACKNOWLEDGE, ESCALATE
from handlers.blocks.post_mortem import POST_MORTEM
from handlers.blocks.report import SHOW_STEPS, buttons
from handlers.blocks.sections import blamed, first_thing, headline, in_short, outline

if TYPE_CHECKING:  # the command line draws with this, and needs no ports
    from handlers.ports.incidents import Standing

RESOLVE_CASE: Final = "resolve_case"
RIGHT: Final = "was_right"
WRONG: Final = "was_wrong"
"""`action_id`s of a card's own buttons. The first carries the escalation's id, the others the cause that the card names."""

FORM_ACTIONS: Final = (RESOLVE_CASE, WRONG)
"""Those that open a form."""

_FOLDED: Final = "More of it does not fit here: press “Show all steps”."
_TOO_LONG: Final = "(too long for a message: press “Show all steps”)"
_QUOTES: Final = 2
_CHANGES: Final = 4
_ID: Final = 200  # of a cause; the catalogue's are far shorter, an operator's own may be anything
_NAMED: Final = 4


@dataclass(frozen=True, slots=True)
class Shown:
    """What a card shows. `log` is the report of the newest large logs among what the case holds, `only_log` when that is all
    there is. `who` has names for people; `was` is what it was, once somebody has resolved it; `unread` are sentences on files;
    `short`: who reported it wants no more than the cause, its proof and what to do first.
    """

    report: Report
    standing: Standing
    zone: tzinfo
    who: str = ""
    reopened: str = ""
    was: str = ""
    log: Report | None = None
    only_log: bool = False
    unread: tuple[str, ...] = ()
    manual_url: str = ""
    short: bool = False


def card(shown: Shown) -> Message:
    """The card. It takes no file along: what doesn't fit is behind its button."""
    if shown.standing.phase == "resolved":
        made = message(
            _resolved(shown), buttons=[Button("Draft a post-mortem", POST_MORTEM), *_steps_button(shown.report)]
        )
        return _without_file(made, _FOLDED, _TOO_LONG)
    parts, asked = _open(shown), Asked("Was this right?", _votes(shown.report))
    made = message(parts, buttons=_buttons(shown, folded=False), asked=asked)
    if made.file is not None:
        made = message(parts, buttons=_buttons(shown, folded=True), asked=asked)
    return _without_file(made, _FOLDED, _TOO_LONG)


def joined(link: str) -> Message:
    """What a later reporter of the same failure gets: the way to where it is being worked on."""
    said = [
        line("text", "The same failure has been reported already: what is known of it, and who has it, is there."),
        line("jump", link, lead="There:"),
        line("aside", "If yours is another one, paste more of it here, and I look at it by itself."),
    ]
    return message(part(said, rank=0))


def moved(report: Report, link: str, *, above: Sequence[Part] = (), unread: Sequence[str] = ()) -> Message:
    """The short answer to what came later: what it changed, where the case stands, and what to do first. `link` leads to the
    card. `above` is what else there is to say of the message; `unread` are sentences on files that were not read."""
    below = part([line("aside", text) for text in unread], rank=4, small=True)
    made = message([*above, *moved_parts(report, link), *below])
    return _without_file(
        made, "More of it is on the card.", "(too long for a message: it is behind the card's “Show all steps”)"
    )


def moved_parts(report: Report, link: str) -> list[Part]:
    """What `moved` says, as parts."""
    top = blamed(report)
    changed = [line("bullet", clip(text, PARAGRAPH)) for text in report.changed[:_CHANGES]]
    if top:
        because = [line("text", clip(top.because, PARAGRAPH - 100), lead=words.ACT[top.act])]
    elif report.verdict == "failure":
        because = [line("text", "; ".join(each.title for each in report.findings[:_NAMED]), lead="Suspected:")]
    else:
        because = [line("text", report.summary)]
    lead = "The card has all of it"
    card = [line("jump", link, lead=f"{lead}:") if link else line("aside", f"{lead}.")]
    return [
        *part([line("title", clip(headline(report), HEADER)), *because], rank=0),
        *part([line("heading", "What this changed"), *changed], rank=2),
        *part(_proof(report, top), rank=1),
        *first_thing(report),
        *part(card, rank=1),
    ]


def _proof(report: Report, top: Suspect | None) -> list[Line]:
    """The lines that prove a cause, those of the last paste first."""
    if top is None or top.belief == "possible":
        return []
    found = sorted(top.evidence, key=lambda item: -item.paste)[:_QUOTES]
    return [line("quote", item.quote, lead=words.where(item, report.log)) for item in found]


def _open(shown: Shown) -> list[Part]:
    state = part([_state(shown), *_counted(shown.standing)], rank=0)
    if shown.log is None or shown.only_log:
        return _case(shown, shown.log or shown.report, state)
    title = part([line("title", "Together with what this thread holds")], rank=2)
    return [*state, *logs.parts(shown.log, full=False), *title, *_case(shown, shown.report)]


def _case(shown: Shown, report: Report, state: Sequence[Part] = ()) -> list[Part]:
    if shown.short:
        return in_short(report, refusals=shown.unread, state=state)
    return outline(report, refusals=shown.unread, manual_url=shown.manual_url, state=state)


def _state(shown: Shown) -> Line:
    standing = shown.standing
    if standing.phase == "acknowledged":
        return line("text", f"{shown.who} has it since {_time(standing.since, shown.zone)}.", lead="In hand.")
    if standing.held:
        return line("text", f"Nobody is paged yet because of {standing.held}.", lead="Open.")
    if standing.phase == "paging":
        return line("text", f"{shown.who or 'whoever is on call'}.", lead="Paged:" if shown.who else "Paging")
    if standing.reopened:
        return line("text", f"{shown.reopened} has brought it back; nobody has it yet.", lead="Open again.")
    return line("text", "Nobody has it yet.", lead="Open.")


def _counted(standing: Standing) -> list[Line]:
    if standing.reports < 2:
        return []
    people = f" by {standing.people} people" if standing.people > 1 else ""
    return [line("text", f"{standing.reports} times{people}.", lead="Reported")]


def _resolved(shown: Shown) -> list[Part]:
    """A resolved card folds to what it was."""
    standing = shown.standing
    took = f", {_span(standing.took)} after the first report" if standing.took is not None else ""
    said = [
        line("title", clip(f"Resolved: {shown.was}" if shown.was else f"Resolved. {headline(shown.report)}", HEADER)),
        line("text", f"Resolved by {shown.who} at {_time(standing.since, shown.zone)}{took}."),
        line("text", clip(shown.was, PARAGRAPH), lead="It was:"),
        *_counted(standing),
        line("aside", "New evidence in this thread opens it again."),
    ]
    return part(said, rank=0)


def _buttons(shown: Shown, *, folded: bool) -> list[Button]:
    standing, report = shown.standing, shown.report
    have = "Take over" if standing.phase == "acknowledged" else "I have it"
    made = [
        Button(have, ACKNOWLEDGE, standing.escalation, primary=standing.phase != "acknowledged"),
        Button("Resolve …", RESOLVE_CASE, standing.escalation),
    ]
    if standing.anybody:
        label = "Page the next" if standing.phase == "paging" else "Page who is on call"
        made.append(Button(label, ESCALATE, standing.escalation))
    if not standing.escalation:
        made = []
    found = buttons(report, short=shown.short)
    if folded and not any(each.action_id == SHOW_STEPS for each in found):
        found = [Button("Show all steps", SHOW_STEPS), *found]
    return [*made, *found]


def _votes(report: Report) -> tuple[Button, ...]:
    top = blamed(report)
    if top is None:
        return ()
    cause = clip(cleaned(top.cause), _ID)
    return (Button("Yes, it was this", RIGHT, cause), Button("No, it was …", WRONG, cause))


def _steps_button(report: Report) -> list[Button]:
    return [Button("Show all steps", SHOW_STEPS)] if any(each.steps for each in report.findings) else []


def _without_file(made: Message, rest: str, command: str) -> Message:
    blocks = json.loads(json.dumps(made.blocks).replace(json.dumps(ATTACHED)[1:-1], rest).replace(TOO_LONG, command))
    return replace(made, text=made.text.replace(ATTACHED, rest), blocks=tuple(blocks), file=None)


def _time(at: datetime | None, zone: tzinfo) -> str:
    return f"{at.astimezone(zone):%a %H:%M} ({zone})" if at else "an unknown time"


def _span(time: timedelta) -> str:
    """`3 min`, `2 h 5 min`, `4 days`."""
    minutes = int(time.total_seconds() // 60)
    if minutes < 1:
        return "less than a minute"
    if minutes < 60:
        return f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60} min" if minutes < 48 * 60 else f"{minutes // (24 * 60)} days"
