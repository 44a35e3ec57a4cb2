"""What watches say: how things stand as one begins, what changed, what is over, and which there are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from diagnostics.checks.model import CheckReport
from diagnostics.report import Step
from diagnostics.watching import Change, snapshot
from handlers.blocks import steps, words
from handlers.blocks.check import VERDICT
from handlers.blocks.limits import HEADER, clip, clip_beside
from handlers.blocks.message import Button, Message, message, plain
from handlers.blocks.mrkdwn import escape
from handlers.blocks.outline import Line, Part, cleaned, line, part
from handlers.blocks.page import ACKNOWLEDGE, ESCALATE
from handlers.blocks.report import CHECK_HOST, SHOW_STEPS

if TYPE_CHECKING:
    from handlers.ports.watches import Watch

_SAID: Final = 300  # characters of a sentence or a value
_ROOM: Final = ((8, 5), (6, 3), (4, 1), (1, 0))  # changes and steps: what fits is shown, the fullest first
_UNTOLD: Final = 4
_IN_A_LINE: Final = 3
_LISTED: Final = 25
_HOUR: Final = timedelta(hours=1)
_DAY: Final = timedelta(days=1)


def often(every: timedelta) -> str:
    """`every 6 h`, `every 90 min`, `every day`."""
    if every % _DAY == timedelta(0):
        return "every day" if every == _DAY else f"every {every // _DAY} days"
    return (
        f"every {every // _HOUR} h" if every % _HOUR == timedelta(0) else f"every {every // timedelta(minutes=1)} min"
    )


def started(report: CheckReport, every: timedelta, who: str, *, over: Mapping[str, str]) -> Message:
    """How things stand as a watch begins. `over` holds when faults of then ended, by key (ISO time)."""
    found = snapshot(report)
    faults = [
        line("bullet", clip(fault.says, _SAID), lead=_ended(over.get(key, "")) or "✗")
        for key, fault in found.faults.items()
    ]
    ends = [
        line("bullet", clip(f"the certificate of {host} ends on {each.ends:%Y-%m-%d}", _SAID))
        for host, shown in found.certificates.items()
        for each in shown
    ]
    title = line("title", clip(f"Watching {report.target} {often(every)}", HEADER))
    text = f"Begun by {who}. I look {often(every)}, and speak here only when something changes."
    head = part([title, line("text", clip(text, _SAID))], rank=0)
    ending = part([line("aside", f"/mailflow watch stop {report.target} ends it.")], rank=2, small=True)

    def now(most: int) -> list[Part]:
        more = max(0, len(faults) - most) + max(0, len(ends) - most)
        shown = [*faults[:most], *ends[:most], line("bullet", f"and {more} more" if more else "")]
        heading = line("heading", f"Now: {VERDICT[report.verdict]}")
        return part([heading, *shown], rank=1) or part([line("text", heading.text)], rank=1)

    return _fitting(message([*head, *now(most), *ending]) for most, _ in _ROOM)


def news(
    target: str,
    changes: Sequence[Change],
    report: CheckReport | None,
    *,
    over: Mapping[str, str],
    oncall: bool,
) -> Message:
    """What changed, and the first steps. `over` as in `started`: once all is over, the message folds. `oncall`: there is
    somebody who can be paged."""
    ended = bool(changes) and all(change.key in over or change.kind == "over" for change in changes)
    buttons = [] if ended else _buttons(target, report, oncall=oncall)
    cause = [] if ended else _cause(report, changes)

    def parts(most: int, most_steps: int) -> list[Part]:
        first = [] if ended else _steps(changes, most_steps)
        return [*_head(target, changes[:most], len(changes), over, ended=ended), *cause, *first]

    return _fitting(message(parts(*room), buttons=buttons) for room in _ROOM)


def _fitting(made: Iterable[Message]) -> Message:
    """The first message that needs no file, for a watch takes none along; else the last, which is the shortest."""
    shortest = plain("")
    for shortest in made:
        if shortest.file is None:
            break
    return replace(shortest, file=None)


def line_of(ended: Sequence[Change]) -> Message:
    """One line in the thread of what is over."""
    said = ". ".join(clip(change.says, _SAID) for change in ended[:_IN_A_LINE])
    more = f", and {len(ended) - _IN_A_LINE} more" if len(ended) > _IN_A_LINE else ""
    return plain(f"✓ {said}{more}.")


def paused(target: str, channel: str, why: str, untold: Sequence[Change]) -> Message:
    """For whoever began a watch that can't go on; `channel` is an id."""
    first = clip(cleaned(f"I have paused the watch of {target} in "), _SAID)
    rest = clip(
        cleaned(f": {clip(why, _SAID // 2).removesuffix('.')}. Once that is mended, begin it again there."), _SAID
    )
    place = {"type": "channel", "channel_id": channel}
    elements = [{"type": "text", "text": first}, place, {"type": "text", "text": rest}]
    block = {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": elements}]}
    lines = [line("bullet", clip(change.says, _SAID)) for change in untold[:_UNTOLD]]
    more = message(part([line("heading", "What it has not told there"), *lines]))
    text = "\n".join(filter(None, (f"{escape(first)}<#{channel}>{escape(rest)}", more.text)))
    return Message(clip_beside(text), (block, *more.blocks))


def listing(watches: Sequence[Watch]) -> Message:
    """The watches of a channel: how each stands, when it looked last and looks next."""
    if not watches:
        return plain("Nothing is watched here. Begin with: watch mail.contoso.com every 6h")
    lines = [line("bullet", stands(each), lead=f"{each.target}:") for each in watches[:_LISTED]]
    if len(watches) > _LISTED:
        lines.append(line("bullet", f"and {len(watches) - _LISTED} more"))
    head = part([line("title", "Watched here")], rank=0)
    ending = part([line("aside", "To end one: watch stop mail.contoso.com")], rank=1, small=True)
    return message([*head, *part(lines, rank=1), *ending])


def stands(watch: Watch) -> str:
    """How a watch stands, in one line."""
    if watch.paused:
        return f"paused: {watch.paused.removesuffix('.')}; begin it again to go on"
    if watch.looked_at is None or not watch.verdict:
        return f"{often(watch.every)}; the first look is under way"
    told = f", {watch.open} still open" if watch.open else ""
    following = f", next look {_at(watch.next_at)}" if watch.next_at else ""
    return f"{VERDICT[watch.verdict]}{told}; {often(watch.every)}, last look {_at(watch.looked_at)}{following}"


def _at(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def _ended(at: str) -> str:
    """`✓ over since 2026-11-27 14:05 UTC`."""
    return f"✓ over since {_at(datetime.fromisoformat(at))}:" if at else ""


def _head(target: str, changes: Sequence[Change], count: int, over: Mapping[str, str], *, ended: bool) -> list[Part]:
    first = next((each for each in changes if each.key not in over), changes[0])
    title = first.says if target in first.says else f"{target}: {first.says}"
    if ended:
        title = f"Over: {title.removeprefix('Over: ')}"
    lines: list[Line] = [line("title", clip(title, HEADER))]
    for change in changes:
        at = _ended(over.get(change.key, ""))
        said = change is first and (count == 1 or not at) and len(title) <= HEADER
        lines.append(line("bullet", "" if said else clip(change.says, _SAID), lead=at))
        if said and at:
            lines.append(line("text", at.removesuffix(":")))
        if change.kind in ("certificate", "record"):
            lines += [_value("Before:", change.before), _value("Now:", change.after)]
        elif change.kind == "expiring" and not at:
            lines += [line("quote", clip(each, _SAID)) for each in change.after]
    if count > len(changes):
        lines.append(line("bullet", f"and {count - len(changes)} more"))
    return part(lines, rank=0)


def _value(lead: str, value: Sequence[str]) -> Line:
    return line("quote", clip("; ".join(value), _SAID) or "nothing", lead=lead)


def _cause(report: CheckReport | None, changes: Sequence[Change]) -> list[Part]:
    """The cause, where a fault began and one is believed."""
    believed = [each for each in report.findings if each.belief != "possible"] if report else []
    if not believed or not any(change.kind == "fault" for change in changes):
        return []
    top = believed[0]
    return part([line("text", clip(top.title, _SAID), lead=f"{words.BELIEF[top.belief]}:")], rank=1)


def _steps(changes: Sequence[Change], most: int) -> list[Part]:
    """The first steps, of each kind of change; a command is shown once."""
    found: dict[str, Step] = {step.command or step.say: step for change in changes for step in change.steps}
    chosen = sorted(found.values(), key=lambda step: step.effect != "read-only")[:most]
    parts: list[Part] = []
    for number, step in enumerate(chosen, 1):
        above = [line("heading", "First steps" if len(chosen) > 1 else "First step")] if number == 1 else []
        parts += part([*above, *steps.lines(number, step)], rank=3, chain="steps")
    return parts


def _buttons(target: str, report: CheckReport | None, *, oncall: bool) -> list[Button]:
    buttons = [Button("Check again", CHECK_HOST, target)]
    if report is not None and report.findings:
        buttons.append(Button("All steps", SHOW_STEPS))
    if oncall:
        buttons += [Button("I have it", ACKNOWLEDGE), Button("Page who is on call", ESCALATE)]
    return buttons
