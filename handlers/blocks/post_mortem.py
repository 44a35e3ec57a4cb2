"""The draft of a post-mortem, as Markdown: what is on record, and what only people can add left open.

It claims nothing that nobody said. Its quotes are redacted, because it is written to be passed on; links lead to the originals.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Final

from diagnostics.patterns import linear
from diagnostics.report import Report, Suspect
from handlers.blocks import happened, limits, words
from handlers.blocks.happened import lasted
from handlers.blocks.markdown import fenced, inline, table
from handlers.blocks.outline import cleaned
from handlers.blocks.sections import leading

if TYPE_CHECKING:  # the command line draws with this, and needs no ports
    from handlers.ports.history import Happened, Incident

POST_MORTEM: Final = "post_mortem"
"""`action_id` of the button that asks for it."""

_QUOTES: Final = 12
_QUOTE: Final = 1_000
_COMMANDS: Final = 30
_ROWS: Final = 300
_TITLE: Final = 120
# A command line as a terminal shows it: `[PS] C:\>Get-Queue`, `C:\Users\alex>nslookup …`, `alex@host:~$ openssl …`.
_PROMPT = linear(r"^\s*(?:(?:\[PS\] ?|PS )?[A-Za-z]:\\[^>]{0,200}>|[\w.-]+@[\w.-]+:[^$#]{0,200}[$#] )(.+)$")
_INTRODUCTION: Final = (
    "A draft from what is on record in the thread; times are UTC. Addresses, message ids and credentials are replaced. What only "
    "people can add is left open at the end."
)
_TO_ADD: Final = (
    "Why did it begin when it did? What was changed before?",
    "Who and what was affected, and for how long?",
    "How could it have been noticed earlier?",
    "What keeps it from happening again, who does it, and until when?",
)


@dataclass(frozen=True, slots=True)
class Material:
    """All that goes into a post-mortem.

    `pasted` are the texts of the case; `names` and `links` go by the members and the messages of the history; `was` is what
    people said that the cause had been, "" where nobody did. `redact` takes out what isn't to be passed on.
    """

    report: Report
    incident: Incident
    history: Sequence[Happened]
    pasted: Sequence[str]
    redact: Callable[[str], str]
    names: Mapping[str, str] = field(default_factory=dict)
    links: Mapping[str, str] = field(default_factory=dict)
    was: str = ""


def post_mortem(of: Material) -> str:
    """The draft. Times are UTC."""
    top = leading(of.report)
    sections = [
        f"# Post-mortem: {_inline(of, _what(of))}",
        _INTRODUCTION,
        _headed("Summary", _summary(of, top)),
        _headed("Timeline", [_timeline(of)]),
        _headed("Cause", _cause(of, top)),
        _headed("Proof", _proof(of)),
        _headed("What was run", _run(of)),
        _headed("What it took", [_took(of)]),
        _headed("Open questions", _open(of, top)),
    ]
    return "\n\n".join(sections) + "\n"


def title_of(of: Material) -> str:
    """What the draft is called where files are listed: the incident, as its card has it, and the day of its first report."""
    what = " ".join(cleaned(of.redact(_what(of))).split())
    return f"Post-mortem: {limits.clip(what, _TITLE)}, {of.incident.opened:%Y-%m-%d}"


def _what(of: Material) -> str:
    top = leading(of.report)
    return of.was or (top.title if top else "mail flow failed")


def _headed(heading: str, paragraphs: Iterator[str] | Sequence[str]) -> str:
    return "\n\n".join([f"## {heading}", *paragraphs])


def _inline(of: Material, text: str) -> str:
    return inline(of.redact(text))


def _summary(of: Material, top: Suspect | None) -> Iterator[str]:
    yield _inline(of, top.because if top else of.report.summary) or "What failed is not on record any more."
    incident = of.incident
    where = f", [in its thread]({of.links[incident.thread.ts]})" if incident.thread.ts in of.links else ""
    counted = f"{_number(incident.reports, 'report')}, {_number(incident.reporters, 'person', 'people')}"
    if incident.state == "resolved" and incident.ended:
        took = lasted(incident.ended - incident.opened)
        state = f"Resolved {_time(incident.ended)} by {_name(of, incident.holder)}, {took} later."
    else:
        has_it = f"; {_name(of, incident.holder)} has it" if incident.holder else ""
        state = f"Not resolved yet{has_it}."
    yield f"- Reported {_time(incident.opened)}{where}; {counted}.\n- {state}"


def _timeline(of: Material) -> str:
    rows = [_row(of, each) for each in of.history[:_ROWS]]
    return table(("When", "Who", "What"), rows) if rows else "Nothing is on record any more."


def _row(of: Material, each: Happened) -> tuple[str, str, str]:
    what = _inline(of, happened.said(each))
    link = of.links.get(each.message_ts, "")
    return _time(each.at), inline(happened.by(each, of.names)), f"[{what}]({link})" if link else what


def _cause(of: Material, top: Suspect | None) -> Iterator[str]:
    if of.was:
        yield f"Resolved as: {_inline(of, of.was)}."
    if top:
        yield f"{words.BELIEF[top.belief]} by what was pasted: **{_inline(of, top.title)}** ({_code(top.cause)})."
        yield words.ACT[top.act]
    elif of.report.findings:
        yield "Not settled by what was pasted. Possible are:"
        yield "\n".join(f"- {_inline(of, each.title)} ({_code(each.cause)})" for each in of.report.findings[:10])
    else:
        yield "Not known by what was pasted."
    if of.report.ruled_out:
        yield "Ruled out:"
        yield "\n".join(
            f"- {_inline(of, each.title or each.cause)}: {_inline(of, each.because)}"
            for each in of.report.ruled_out[:10]
        )


def _proof(of: Material) -> Iterator[str]:
    evidence = of.report.findings[0].evidence[:_QUOTES] if of.report.findings else ()
    if not evidence:
        yield "No line of what was pasted proves a cause."
        return
    yield fenced([f"{words.where(each, of.report.log)}: {of.redact(each.quote)[:_QUOTE]}" for each in evidence])
    changes = [moment for moment in of.report.changed if moment]
    if changes:
        yield "What was pasted last changed:"
        yield "\n".join(f"- {_inline(of, change)}" for change in changes)


def _run(of: Material) -> Iterator[str]:
    """What is known to have been run is what shows in pastes, and our own checks."""
    checks = [each for each in of.history if each.what == "checked"]
    typed = [command for text in of.pasted for command in commands(text)][:_COMMANDS]
    if checks:
        yield "By Mailflow, because somebody asked: " + ", ".join(f"a check {_time(each.at)}" for each in checks) + "."
    if typed:
        yield "Commands that show in what was pasted:"
        yield fenced([of.redact(command) for command in typed])
    if not checks and not typed:
        yield "Nobody said what was run."
    top = leading(of.report)
    if top and top.steps:
        yield "Mailflow proposed these steps. Whether anybody took them is not on record:"
        yield "\n".join(f"- {_inline(of, step.say)} ({words.EFFECT[step.effect].lstrip('⚠ ')})" for step in top.steps)


def commands(text: str) -> Iterator[str]:
    """The commands behind the prompts of a terminal in a text."""
    for line in text.splitlines():
        found = _PROMPT.match(line[:_QUOTE])
        if found and found[1].strip():
            yield found[1].strip()


def _took(of: Material) -> str:
    begun = of.incident.opened
    people = {who for each in of.history for who in each.who if who.startswith("@")}
    rows = [
        (name, lasted(at - begun) if at else "not on record")
        for name, at in (
            ("Until the first answer", _first(of, "answered")),
            ("Until somebody had it", _first(of, "acknowledged")),
            ("Until it was resolved", of.incident.ended),
        )
    ]
    rows.append(("People in the record", str(len(people))))
    rows.append(("Times that people were paged", str(sum(each.what == "paged" for each in of.history))))
    rows.append(("Messages pasted", str(sum(each.what == "pasted" for each in of.history))))
    return table(("", ""), rows)


def _open(of: Material, top: Suspect | None) -> Iterator[str]:
    asked = [] if top and top.belief == "confirmed" else [each.ask for each in of.report.next]
    yield "\n".join(f"- [ ] {_inline(of, question)}" for question in (*asked, *_TO_ADD))


def _first(of: Material, what: str) -> datetime | None:
    return next((each.at for each in of.history if each.what == what), None)


def _name(of: Material, who: str) -> str:
    return inline(of.names.get(who, who.removeprefix("@"))) or "nobody"


def _time(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S}"


def _number(count: int, unit: str, several: str = "") -> str:
    return f"{count} {unit if count == 1 else several or f'{unit}s'}"


def _code(cause: str) -> str:
    return f"`{cause}`"
