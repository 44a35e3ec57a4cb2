"""What to ask next: the evidence that separates the open causes best, computed from what they lack."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from diagnostics.asks import ASKABLE, ASKS, BOUNCE, Ask
from diagnostics.cause import EMS, Belief, Cause, catalogue
from diagnostics.engine import Judgement
from diagnostics.facts import Fact, Reply
from diagnostics.looked_facts import TlsProbe
from diagnostics.mail_facts import Configured, SpamVerdict, Traced, Tracked
from diagnostics.patterns import linear
from diagnostics.powershell import command
from diagnostics.recognisers.configuration_kinds import kebab
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
_MOST: Final = 2
_MOST_BEHIND: Final = 3
_LEADING: Final = 3  # suspects whose own check may be asked for
_LATER: Final = 0.95  # what settles the first suspect is worth a little more than what settles the last
_PRINTS = linear(r"^Get-([A-Z][A-Za-z]{2,50}) \| Format-(?:List|Table) ([A-Za-z,]{3,400})$")
_NAMES: Final = frozenset({"name", "identity"})
# What these do, nobody is told.
_UNREPORTED: Final = (
    "policy.transport-rule.silent-action",
    "policy.moderation.rejected-or-expired",
    "policy.forwarding.remote-domain-off",
)
# Servers inside Microsoft's service, which nobody reaches by their names: they are no destination to be probed.
_HIDDEN = linear(r"(?i)\.prod\.(?:protection\.)?outlook\.com$")
_STAKES: Final = {Belief.POSSIBLE: 1.0, Belief.LIKELY: 4.0, Belief.CONFIRMED: 0.0, Belief.RULED_OUT: 0.0}


def questions(shown: Sequence[Verdict], judgement: Judgement) -> tuple[Question, ...]:
    """At most two questions, the one that settles most first. None once something is confirmed."""
    if shown and shown[0].finding.belief is Belief.CONFIRMED:
        return ()
    other = _by_another_system(judgement)
    checks = (_check_of(shown[place:], judgement) for place in range(_LEADING)) if other else ()
    asked: list[Question] = next(filter(None, checks), [])
    covered: set[str] = {cause for each in asked for cause in each.separates}
    ranked = _ranked(shown, judgement, other=other)
    for ask, separates in ranked:
        if len(asked) == _MOST or (asked and not set(separates) - covered):
            continue
        asked.append(_question(ask, separates, shown, judgement))
        covered.update(separates)
    if not asked and shown and shown[0].finding.belief is Belief.POSSIBLE:
        asked = _about(shown, judgement)
    if shown and shown[0].cause.id not in covered:
        check = _check_of(shown, judgement)
        # What only concerns causes that the text reads like comes after what something points to.
        guessed = bool(ranked) and all(each.alike for each in shown if each.cause.id in ranked[0][1])
        asked = [*check, *asked][:_MOST] if guessed else [*asked[: _MOST - 1], *check]
    if not asked and not shown:
        first = ASKS[:_MOST] if failures(judgement.facts) else (BOUNCE, _TRACKING)
        asked = [_question(ask, (), shown, judgement) for ask in first if not ask.answered(judgement.facts)]
    return tuple(asked)


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
    checks = (step for step in first.finding.steps if step.effect == "read-only" and step.command)
    check = next((step for step in checks if not _was_sent(step.command, judgement)), None)
    if check is None:
        return []
    separates = _apart(None, (first.cause.id,), shown, judgement)
    return [
        Question(ask=f"{check.say} Send what it prints.", shell=check.shell, command=check.command, separates=separates)
    ]


def _was_sent(check: str, judgement: Judgement) -> bool:
    """Whether an object of the kind that the command prints was pasted with all the properties that it asks for."""
    asked = _PRINTS.search(check)
    if asked is None:
        return False
    kind, wanted = kebab(asked.group(1)), {name.lower() for name in asked.group(2).split(",")} - _NAMES
    sent = (fact for fact in judgement.facts if isinstance(fact, Configured) and fact.kind == kind)
    return bool(wanted) and any(wanted <= {name.lower() for name, _ in fact.values} for fact in sent)


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
    arrived = "message-headers" in kinds or any(isinstance(fact, SpamVerdict) for fact in judgement.facts)
    if arrived and _check_of(shown, judgement):
        return []  # its receiver judged the message and wrote that down: there is no bounce of it
    silent = any(isinstance(fact, Tracked) and fact.dropped for fact in judgement.facts)  # deleted: nobody got a report
    silent = silent or shown[0].cause.id.startswith(_UNREPORTED)
    if not silent and not kinds & _BOUNCES:
        return [_question(BOUNCE, tuple(each.cause.id for each in shown), shown, judgement)]
    act = shown[0].finding.act or shown[0].cause.act
    trace = next(ask for ask in ASKS if (Traced if act == "exchange-online" else Tracked) in ask.yields)
    everybody = tuple(each.cause.id for each in shown)
    return [] if trace.answered(judgement.facts) else [_question(trace, everybody, shown, judgement)]


def _ranked(shown: Sequence[Verdict], judgement: Judgement, *, other: bool) -> list[tuple[Ask, tuple[str, ...]]]:
    """`other`: a server that is none of Exchange's refused, so its shell has nothing to tell."""
    scored = []
    hidden = _HIDDEN.search(_first(_told_of(shown, judgement), "host"))
    for ask in ASKS:
        if ask.answered(judgement.facts) or (other and ask.shell == EMS) or (hidden and TlsProbe in ask.yields):
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
    facts = _told_of(shown, judgement)
    filled = {key: _first(facts, key) for key in ASKABLE}
    filled["domain"] = filled["recipient"].rpartition("@")[2] or filled["host"]
    apart = _apart(ask, separates, shown, judgement)
    return Question(ask=ask.say, shell=ask.shell, command=_filled(ask, filled), separates=apart)


def _told_of(shown: Sequence[Verdict], judgement: Judgement) -> list[Fact]:
    """The facts that a value is looked for in: those that the suspects speak of, then the latest."""
    return [each.anchor for each in shown if each.anchor is not None] + list(reversed(judgement.facts))


def _filled(ask: Ask, values: dict[str, str]) -> str:
    """The command with what is known; a value that can't be quoted safely is left for the reader to fill in."""
    used = {key: value for key, value in values.items() if "{" + key in ask.template}
    return command(ask.template, **used) or command(ask.template, **dict.fromkeys(used, ""))


def _first(facts: Sequence[Fact], key: str) -> str:
    return next((value for fact in facts if (value := str(getattr(fact, key, "")))), "")
