"""What to ask next: the evidence that separates the open causes best, computed from what they lack."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from diagnostics.asks import ASKABLE, ASKS, BOUNCE, Ask
from diagnostics.cause import EMS, Belief, Cause, catalogue
from diagnostics.engine import Judgement
from diagnostics.facts import ConnectFailed, Fact, QueueState, Reply, Session, TlsFailed
from diagnostics.mail_facts import Traced, Tracked
from diagnostics.powershell import command
from diagnostics.report import Question
from diagnostics.rivals import rivals_of
from diagnostics.seen import by_own_log, failures
from diagnostics.verdict import Verdict

_BOUNCES: Final = frozenset({"ndr", "delivery-status", "message"})
_EVENTS: Final = frozenset(
    {"windows-event", "told-events", "told-surroundings", "told-circumstance", "told-trial", "told-multiplied"}
)
# Of a failure that is told and not shown, what became of one message is the beginning.
_TRACKING: Final = next(ask for ask in ASKS if Tracked in ask.yields)
_QUEUE: Final = next(ask for ask in ASKS if QueueState in ask.yields)
_MOST: Final = 2
_MOST_BEHIND: Final = 3
_LEADING: Final = 3  # suspects whose own check may be asked for
_LATER: Final = 0.95  # what settles the first suspect is worth a little more than what settles the last
_STAKES: Final = {Belief.POSSIBLE: 1.0, Belief.LIKELY: 4.0, Belief.CONFIRMED: 0.0, Belief.RULED_OUT: 0.0}


def questions(shown: Sequence[Verdict], judgement: Judgement) -> tuple[Question, ...]:
    """At most two questions, the one that settles most first. None once something is confirmed."""
    if shown and shown[0].finding.belief is Belief.CONFIRMED:
        return ()
    other = _by_another_system(judgement)
    checks = (_check_of(shown[place:], judgement) for place in range(_LEADING)) if other else ()
    asked: list[Question] = next(filter(None, checks), [])
    if _waits_untold(shown, judgement):
        asked = [_question(_QUEUE, tuple(each.cause.id for each in shown), shown, judgement)]
    covered: set[str] = {cause for each in asked for cause in each.separates}
    for ask, separates in _ranked(shown, judgement, other=other):
        if len(asked) == _MOST or (asked and not set(separates) - covered):
            continue
        asked.append(_question(ask, separates, shown, judgement))
        covered.update(separates)
    if not asked and shown and shown[0].finding.belief is Belief.POSSIBLE:
        asked = _about(shown, judgement)
    if shown and shown[0].cause.id not in covered:
        asked = [*asked[: _MOST - 1], *_check_of(shown, judgement)]
    if not asked and not shown:
        first = ASKS[:_MOST] if failures(judgement.facts) else (BOUNCE, _TRACKING)
        asked = [_question(ask, (), shown, judgement) for ask in first if not ask.answered(judgement.facts)]
    return tuple(asked)


def _waits_untold(shown: Sequence[Verdict], judgement: Judgement) -> bool:
    """Whether a queue is in Retry and nothing in the text says why: its last error was left out, as a table leaves it."""
    if any(each.finding.belief > Belief.POSSIBLE for each in shown):
        return False
    waiting = any(
        isinstance(fact, QueueState) and fact.status.lower() == "retry" and fact.messages for fact in judgement.facts
    )
    return waiting and not any(isinstance(fact, Reply | Session | ConnectFailed) for fact in judgement.facts)


def _by_another_system(judgement: Judgement) -> bool:
    """Whether a mail server of another kind refused a client: it has none of Exchange's settings to ask for."""
    return any(isinstance(fact, Reply) and by_own_log(fact) for fact in judgement.facts)


def _unshown(shown: Sequence[Verdict], judgement: Judgement) -> list[tuple[Cause, frozenset[type[Fact]]]]:
    """What an answer can still bring up, though it isn't shown, and what each lacks: the possible, then rivals of the first.

    Rivals that the text has judged are not among them: they are shown, possible, or ruled out.
    """
    named = {each.cause.id for each in shown}
    behind = [(each.cause, each.missing) for each in judgement.of(Belief.POSSIBLE) if each.cause.id not in named]
    judged = {each.cause.id for each in judgement.verdicts}
    present = {type(fact) for fact in judgement.facts}
    rivals = [catalogue()[each] for each in rivals_of(shown[0].cause.id) if each not in judged] if shown else []
    return [row for row in behind if not row[0].modifier] + [(each, each.wanted - present) for each in rivals]


def _apart(ask: Ask | None, helped: tuple[str, ...], shown: Sequence[Verdict], judgement: Judgement) -> tuple[str, ...]:
    """The causes that an answer tells apart: all that read it. What settles one alone tells it from all beside and behind it."""
    beside = tuple(each.cause.id for each in shown if each.cause.id not in helped) if len(helped) == 1 else ()
    if not shown or shown[0].cause.id not in helped:
        return (*helped, *beside)
    unshown = _unshown(shown, judgement)
    readers = [cause.id for cause, missing in unshown if ask is not None and ask.helps(cause, missing)]
    if len(helped) == 1:
        readers += [cause.id for cause, _ in unshown if cause.id not in readers]
    return (*helped, *beside, *readers[:_MOST_BEHIND])


def _check_of(shown: Sequence[Verdict], judgement: Judgement) -> list[Question]:
    """Where nothing that is asked for concerns the first suspect: its own first check, whose output tells it from the others."""
    if not shown:
        return []
    first = shown[0]
    check = next((step for step in first.finding.steps if step.effect == "read-only" and step.command), None)
    if check is None:
        return []
    separates = _apart(None, (first.cause.id,), shown, judgement)
    return [
        Question(ask=f"{check.say} Send what it prints.", shell=check.shell, command=check.command, separates=separates)
    ]


def _about(shown: Sequence[Verdict], judgement: Judgement) -> list[Question]:
    """Where the open causes want nothing by name: the settings that most of them are about, else how it failed."""
    concerned = [
        (ask, tuple(v.cause.id for v in shown if v.cause.id.startswith(ask.about)))
        for ask in ASKS
        if ask.about and not ask.answered(judgement.facts)
    ]
    best = max(concerned, key=lambda row: len(row[1]), default=None)
    kinds = {artefact.kind for artefact in judgement.artefacts}
    crash = kinds <= _EVENTS and not shown[0].cause.id.startswith("transport-service.service.")
    if crash and _check_of(shown, judgement):
        return []  # a process that crashes, or a queue that fills, is asked about itself, not for settings or a bounce
    if best and best[1]:
        return [_question(best[0], best[1], shown, judgement)]
    silent = any(isinstance(fact, Tracked) and fact.dropped for fact in judgement.facts)  # deleted: nobody got a report
    if not silent and not kinds & _BOUNCES:
        return [_question(BOUNCE, tuple(each.cause.id for each in shown), shown, judgement)]
    act = shown[0].finding.act or shown[0].cause.act
    trace = next(ask for ask in ASKS if (Traced if act == "exchange-online" else Tracked) in ask.yields)
    everybody = tuple(each.cause.id for each in shown)
    return [] if trace.answered(judgement.facts) else [_question(trace, everybody, shown, judgement)]


def _ranked(shown: Sequence[Verdict], judgement: Judgement, *, other: bool) -> list[tuple[Ask, tuple[str, ...]]]:
    """`other`: a server that is none of Exchange's refused, so its shell has nothing to tell."""
    scored = []
    for ask in ASKS:
        if ask.answered(judgement.facts) or (other and ask.shell == EMS):
            continue
        helped = [
            (place, each)
            for place, each in enumerate(shown)
            if not _out_of_reach(each) and ask.helps(each.cause, each.missing)
        ]
        if helped:
            score = sum(_worth(each) * _LATER**place for place, each in helped)
            scored.append((-score, ask.cost, ask, tuple(each.cause.id for _, each in helped)))
    scored.sort(key=lambda row: row[:2])
    return [(ask, separates) for _, _, ask, separates in scored]


def _out_of_reach(verdict: Verdict) -> bool:
    """Whether the fault is most likely inside Microsoft's service: what a cause wants to see then is on servers of theirs."""
    act = verdict.finding.act or verdict.cause.act
    return act == "microsoft" and verdict.finding.belief is Belief.LIKELY


def _worth(verdict: Verdict) -> float:
    worth = _STAKES[verdict.finding.belief] * (0.2 + min(verdict.finding.weight, 1.0))
    return worth / 2 if verdict.alike else worth  # what only reads alike is asked about after what something points to


def _question(ask: Ask, separates: tuple[str, ...], shown: Sequence[Verdict], judgement: Judgement) -> Question:
    facts = [each.anchor for each in shown if each.anchor is not None] + list(reversed(judgement.facts))
    filled = {key: _first(facts, key) for key in ASKABLE}
    filled["domain"] = filled["recipient"].rpartition("@")[2] or filled["host"]
    filled["host"] = _server(shown) or filled["host"]
    apart = _apart(ask, separates, shown, judgement)
    return Question(ask=ask.say, shell=ask.shell, command=_filled(ask, filled), separates=apart)


def _filled(ask: Ask, values: dict[str, str]) -> str:
    """The command with what is known; a value that can't be quoted safely is left for the reader to fill in."""
    used = {key: value for key, value in values.items() if "{" + key in ask.template}
    return command(ask.template, **used) or command(ask.template, **dict.fromkeys(used, ""))


def _server(shown: Sequence[Verdict]) -> str:
    """The server that the first suspect is about, by its address where nothing names it: another one's name would not do."""
    for each in shown:
        fact = each.anchor
        if isinstance(fact, ConnectFailed | TlsFailed) and not fact.host:
            ip = fact.ip if isinstance(fact, ConnectFailed) else "" if fact.direction == "receive" else fact.remote_ip
            return "" if ":" in ip else ip  # a port behind it would be read as part of it
        if fact is not None and fact.host:
            return fact.host
    return ""


def _first(facts: Sequence[Fact], key: str) -> str:
    return next((value for fact in facts if (value := str(getattr(fact, key, "")))), "")
