"""Report → outline: what an answer says, and in which order.

`full` is for the terminal and for files: nothing is folded. In Slack only what helps first is shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from diagnostics.cause import catalogue
from diagnostics.report import BeliefName, Question, Report, RuledOut, Suspect
from handlers.blocks import logs, steps, words
from handlers.blocks.outline import Line, Part, line, part

_QUOTES: Final = 6
_LISTED: Final = 4
_QUOTE_IN_FULL: Final = 2_000  # characters; a line of a log may be megabytes long

NOTHING: Final = "I can read no mail-flow error in this."
# Harmless causes explain a healthy report: a planned restart, a scanner's visit.
_NOT_SUSPECTED: Final = {
    "healthy": "What this is",
    "unknown": "It reads most like this",
    "nothing": "If mail fails, it reads most like this",
}
PASTEABLE: Final = (
    "Paste the whole bounce message (NDR), an SMTP status with its text, or `Get-Queue | Format-List`.",
    "Or the lines of one failing session from an SmtpSend or SmtpReceive protocol log, as text or as a file.",
    "Or a Schannel or MSExchangeTransport event, a message trace, or `Get-ExchangeCertificate | Format-List`.",
)


def outline(
    report: Report,
    *,
    full: bool = False,
    refusals: Sequence[str] = (),
    manual_url: str = "",
    state: Sequence[Part] = (),
) -> list[Part]:
    """The whole answer. `refusals` are sentences about files that were not read; `state` is how things stand with the case,
    which comes first on a card, where what changed comes after what it is."""
    top = blamed(report)
    others = _others(report, top, full)
    open_question = _question(report, top, full)
    remedy = steps.parts(top, full=full) if top else []
    if top is None:
        opening, middle, others = _no_blame(report), [*others, *_shared_proof(report, full), *open_question], []
    elif top.belief == "confirmed":
        opening, middle = _blame(report, top, full), [*remedy, *open_question]
    else:  # until the cause is confirmed, the next thing to do is to send what settles it
        opening, middle = _blame(report, top, full), [*open_question, *remedy]
    change = _changed(report, full, "What the last paste changed" if state else "What this changed")
    return [
        *(state or change),
        *logs.parts(report, full=full),
        *opening,
        *(change if state else ()),
        *middle,
        *others,
        *_ruled_out(report.ruled_out, full),
        *(_timeline(report) if full else []),
        *_notes(report, refusals, full),
        *(_reading(top, manual_url) if top else []),
    ]


def in_short(report: Report, *, refusals: Sequence[str] = (), state: Sequence[Part] = ()) -> list[Part]:
    """The answer for people who want no more than the cause, its proof, and what to do first. Arguments as in `outline`."""
    top = blamed(report)
    suspects = [] if top else [*_others(report, top, full=False), *_shared_proof(report, full=False)]
    opening = _blame(report, top, full=False) if top else [*_no_blame(report), *suspects]
    return [
        *state,
        *logs.parts(report, full=False),
        *opening,
        *first_thing(report),
        *_notes(report, refusals, full=False),
    ]


def first_thing(report: Report) -> list[Part]:
    """The one thing to do: until the cause is confirmed, to send what settles it."""
    if report.next and not asks_no_more(report):
        return question(report)
    top = blamed(report)
    if top is None or not top.steps:
        return []
    return part([line("heading", "First step"), *steps.lines(1, top.steps[0])], rank=1)


def asks_no_more(report: Report) -> bool:
    """Whether the first thing to do is a step, rather than to send something."""
    top = blamed(report)
    return not report.next or (top is not None and top.belief == "confirmed")


def blamed(report: Report) -> Suspect | None:
    """The suspect the answer opens with. Among several mere possibilities none is: the first would be believed."""
    return leading(report) if report.verdict == "failure" else None


def leading(report: Report) -> Suspect | None:
    """As `blamed`, and of a failure that is over as well."""
    if not report.findings:
        return None
    top = report.findings[0]
    return None if top.belief == "possible" and len(report.findings) > 1 else top


def headline(report: Report) -> str:
    """The verdict in one line."""
    if top := blamed(report):
        return f"{words.BELIEF[top.belief]}: {top.title}"
    return {
        "healthy": "No failure in this",
        "nothing": NOTHING,
        "failure": f"Not settled yet: {len(report.findings)} causes fit what you sent",
        "unknown": "A failure, and its cause is not known yet",
    }[report.verdict]


def question(report: Report) -> list[Part]:
    """The one thing to send next."""
    return _question(report.model_copy(update={"next": report.next[:1]}), blamed(report), full=False)


def _blame(report: Report, top: Suspect, full: bool) -> list[Part]:
    who = words.ACT[top.act]
    verdict = [line("title", headline(report)), line("text", top.because, lead=who)]
    return [*part(verdict, rank=0), *_proof(report, top, full)]


def _proof(report: Report, top: Suspect, full: bool) -> list[Part]:
    shown = top.evidence if full else top.evidence[:_QUOTES]
    lines = [line("quote", item.quote[:_QUOTE_IN_FULL], lead=words.where(item, report.log)) for item in shown]
    if hidden := len(top.evidence) - len(shown):
        lines.append(line("aside", f"and {hidden} more like these"))
    heading = "The lines that prove it" if top.belief == "confirmed" else "The lines that point to it"
    return part([line("heading", heading), *lines], rank=2)


def _shared_proof(report: Report, full: bool) -> list[Part]:
    """What the first of several suspects rests on: they mostly rest on the same lines."""
    return _proof(report, report.findings[0], full) if report.verdict == "failure" and report.findings else []


def _no_blame(report: Report) -> list[Part]:
    artefacts = () if report.log else report.artefacts
    read = ", ".join(words.what(artefact) for artefact in artefacts[:_LISTED])
    more = len(artefacts) - _LISTED
    reading = f"Read: {read}" + (f", and {more} more" if more > 0 else "") if read else ""
    read_part = part([line("aside", reading)], rank=4, small=True)
    if report.verdict == "healthy":
        return [*part([line("title", headline(report)), line("text", report.summary)], rank=0), *read_part]
    if report.verdict == "nothing":
        pasteable = [line("heading", "What I can read"), *(line("bullet", text) for text in PASTEABLE)]
        told = [line("text", report.summary)] if report.log else [] if report.findings else pasteable
        return part([line("title", headline(report)), *told], rank=0)
    if report.verdict == "failure":
        return part([line("title", headline(report))], rank=0)
    ask = (
        ""
        if report.next or report.notes
        else "Send the whole bounce message, or the protocol log of one failing session."
    )
    unknown = line("title", headline(report))
    return [*part([unknown, line("text", report.summary), line("text", ask)], rank=0), *read_part]


def _question(report: Report, top: Suspect | None, full: bool) -> list[Part]:
    if not report.next:
        return []
    settled = top is not None and top.belief == "confirmed"
    call = line("title", "Send me this and I can settle it" if report.findings else "Send me this next")
    heading = line("heading", "Worth a look as well") if settled else call
    titles = {suspect.cause: suspect.title for suspect in report.findings}
    parts = part([heading, *_asked(report.next[0], titles)], rank=4 if settled else 1)
    if not full:
        bullets = [line("bullet", question.ask) for question in report.next[1:3]]
        return [*parts, *part([line("heading", "Or this"), *bullets], rank=6)]
    for question in report.next[1:]:
        parts += part([line("heading", "Or this"), *_asked(question, titles)])
    return parts


def _asked(question: Question, titles: dict[str, str]) -> list[Line]:
    known = {id_: catalogue()[id_].title for id_ in question.separates if id_ in catalogue()} | titles
    apart = [known[id_] for id_ in question.separates if id_ in known]
    return [
        line("text", question.ask),
        line("aside", words.SHELL[question.shell] if question.command.strip() else ""),
        line("command", question.command),
        line("aside", "It tells apart: " + " · ".join(apart[:_LISTED]) if len(apart) > 1 else ""),
    ]


def _others(report: Report, top: Suspect | None, full: bool) -> list[Part]:
    suspects = report.findings[1:] if top else report.findings
    shown = suspects if full else suspects[:_LISTED]
    grouped: dict[tuple[BeliefName, str], list[str]] = {}
    for item in shown:  # what a bare code makes possible has one and the same reason: it is said once
        grouped.setdefault((item.belief, item.because), []).append(item.title)
    lines = [
        line("bullet", f"{'; '.join(titles)}: {because}", lead=words.BELIEF[belief] + ":")
        for (belief, because), titles in grouped.items()
    ]
    lines += _more(len(suspects) - len(shown))
    heading = _NOT_SUSPECTED.get(report.verdict, "Also suspected" if top else "Suspected")
    parts = part([line("heading", heading), *lines], rank=3)
    unsettled = report.verdict != "healthy" and top is None
    if not full or unsettled:  # where nothing is settled, the thing to do is to answer the question
        return parts
    return [
        *parts,
        *(group for item in suspects for group in steps.parts(item, full=item.belief != "possible", named=True)),
    ]


def _ruled_out(ruled_out: Sequence[RuledOut], full: bool) -> list[Part]:
    grouped: dict[str, list[str]] = {}
    for item in ruled_out:  # one reason often rules out several causes: it is said once
        grouped.setdefault(item.because, []).append(item.title or item.cause)
    reasons = list(grouped.items()) if full else list(grouped.items())[:_LISTED]
    lines = [line("bullet", f"{'; '.join(titles)}: {because}") for because, titles in reasons]
    lines += _more(sum(map(len, grouped.values())) - sum(len(titles) for _, titles in reasons))
    return part([line("heading", "Ruled out"), *lines], rank=7)


def _more(hidden: int) -> Iterable[Line]:
    return [line("bullet", f"and {hidden} more")] if hidden > 0 else []


def _changed(report: Report, full: bool, heading: str) -> list[Part]:
    shown = report.changed if full else report.changed[:_LISTED]
    lines = [line("bullet", text) for text in shown]
    lines += _more(len(report.changed) - len(shown))
    return part([line("heading", heading), *lines], rank=1)


def _timeline(report: Report) -> list[Part]:
    if report.log is not None:
        return []  # said with each failure
    lines = [line("bullet", f"{item.what} (line {item.line})", lead=item.at) for item in report.timeline]
    return part([line("heading", "What happened when"), *lines])


def _notes(report: Report, refusals: Sequence[str], full: bool) -> list[Part]:
    refused = part([line("aside", text) for text in refusals], rank=1, small=True)  # whoever sent a file has to know
    lines = []
    for note in report.notes if full else report.notes[:_LISTED]:
        seen = ", ".join(words.where(item, report.log) for item in note.evidence[:_LISTED])
        lines.append(line("aside", f"{note.text} ({seen})" if seen else note.text, lead="Note:"))
    return [*refused, *part(lines, rank=4, small=True)]


def _reading(top: Suspect, manual_url: str) -> list[Part]:
    own = [f"{manual_url}/{top.cause}.md"] if manual_url else []
    return part([line("link", url, lead="Read more:") for url in [*own, *top.references[:2]]], rank=8)
