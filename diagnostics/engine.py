"""From pasted text to judged causes: recognise, derive, ask every cause whose needs are met.

Pure: no clock, no I/O, no state between calls but compiled patterns; safe in threads.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Sequence
from typing import Any, Final

from msgspec.structs import replace

from diagnostics import checked, codes
from diagnostics.artefacts import Artefact
from diagnostics.book import Book, whole
from diagnostics.cause import Belief, Cause, Finding, Parameter
from diagnostics.comparison import changes_of
from diagnostics.complaint import COMPLAINT
from diagnostics.facts import (
    ConnectFailed,
    DnsServers,
    Fact,
    QueueState,
    Reply,
    Said,
    SendConnector,
    Session,
    Source,
    WindowsEvent,
)
from diagnostics.hints import doubted, hints, leaning
from diagnostics.judgement import Judgement, strength
from diagnostics.looked_facts import Checked, Stray, TlsProbe
from diagnostics.mail_facts import Configured, Traced
from diagnostics.patterns import linear
from diagnostics.policies import policies
from diagnostics.recognisers import recognise
from diagnostics.recognisers.mending import MENDS, rows_apart
from diagnostics.rivals import denied, explained
from diagnostics.seen import failures
from diagnostics.showing import after_looks, set_aside
from diagnostics.strays import strays
from diagnostics.text import Paste, short
from diagnostics.told_sizes import sizes
from diagnostics.verdict import PROVED, Verdict, in_order
from diagnostics.weighing import read_of, settle, weigh

_MOST_ANCHORS: Final = 24  # a storm of equal failures is judged on this many of them, the latest
_MOST_COMPANIONS: Final = 1_000  # and against this many facts of each kind
_NO_SETTINGS: Final = frozenset({COMPLAINT, "own-server", "told-not-listed"})
_TECHNICAL: Final = 0.2  # what a code of Windows says more than a number that every mail server uses
_BARE: Final = 0.95  # the most that a code without words weighs
_NUMBER = linear(r"^(?:[45]\d\d )?[45]\.\d{1,3}\.\d{1,3}$")
_JOINED: Final = ("session", "connector", "thumbprint")


def judge(texts: Sequence[str], book: Book | None = None, *, only: str = "") -> Judgement:
    """Judge the texts of one case, first paste first. `book` defaults to the whole catalogue.

    `only` is the recogniser that reads them, where that is known.
    """
    book = book or whole()
    pastes = tuple(rows_apart(Paste.of(text, index)) for index, text in enumerate(texts))
    first = judge(texts[:1], book, only=only) if len(texts) > 1 else None
    began = first is not None and _fails(first)
    judgement = _judged(pastes, book, only, began=began)
    for mended in () if only else MENDS:
        if judgement.best >= (Belief.LIKELY, 0.0):
            break
        # Nothing is sure: words that would tell may have been taken apart.
        before, pastes = pastes, tuple(map(mended, pastes))
        other = _judged(pastes, book, only, began=began) if pastes != before else judgement
        judgement = other if _surer(other, judgement) else judgement
    if first is not None and began:
        judgement.verdicts = set_aside(judgement.verdicts, first.verdicts)
    if book.compares and not only:
        weigh(judgement, book, read_of(first))
    if judgement.complaint or failures(judgement.facts):
        told = (*judgement.facts, *sizes(judgement.pastes), *policies(judgement.pastes))
        hearsay = _in_words(judgement.artefacts)
        judgement.verdicts = after_looks(judgement.verdicts, told, hearsay, first.verdicts if first else None)
    return judgement


def _surer(other: Judgement, judgement: Judgement) -> bool:
    """Whether the other reading tells more. One that no longer sees what rules a cause out tells less."""
    out = {each.cause.id for each in judgement.of(Belief.RULED_OUT)}
    return other.best > judgement.best and other.verdicts[0].cause.id not in out


def _in_words(artefacts: Iterable[Artefact]) -> frozenset[Fact]:
    """The facts that no artefact shows: a state told in a sentence."""
    return frozenset(fact for each in artefacts if each.in_words for fact in each.facts)


def _fails(judgement: Judgement) -> bool:
    """Whether there is a failure, or something that the text may come of."""
    open_ = (each for each in judgement.verdicts if each.finding.belief > Belief.RULED_OUT)
    suspected = any(not each.cause.benign and not each.cause.modifier for each in open_)
    return not judgement.talk and (suspected or bool(failures(judgement.facts)))


def _judged(pastes: tuple[Paste, ...], book: Book, only: str, *, began: bool = False) -> Judgement:
    artefacts = tuple(artefact for paste in pastes for artefact in _read(paste, book, only))
    facts = tuple(fact for artefact in artefacts for fact in artefact.facts)
    facts += tuple(changes_of(facts))
    judgement = Judgement(pastes, artefacts, facts, began=began)
    facts = judgement.facts = (*facts, *_complaint(judgement))
    held = _Held(facts, book.signatures.said(facts), _in_words(artefacts))
    for each in _worth_asking(book, held):
        verdict = _ask(each, held)
        if verdict is not None:
            judgement.verdicts.append(verdict)
    _see(judgement, book)
    judgement.verdicts.extend(_suspects(book.causes, held, judgement.verdicts))
    _lean(judgement)
    settle(judgement)
    judgement.verdicts = denied(explained(judgement.verdicts, facts), book.against.said(facts), book.causes)
    judgement.verdicts = in_order(judgement.verdicts)
    return judgement


def _complaint(judgement: Judgement) -> Iterator[Fact]:
    """That mail fails, as somebody says in any of the texts: settings or a handshake, which show no failure, may be why."""
    kinds = Configured | SendConnector | DnsServers | TlsProbe
    settings = next((each for each in judgement.facts if isinstance(each, kinds)), None)
    if settings is not None and judgement.complaint:
        yield Configured(source=settings.source, kind=COMPLAINT)


def _read(paste: Paste, book: Book, only: str) -> list[Artefact]:
    found = recognise(paste, only)
    found += strays(paste, found, book.signatures)
    return sorted(found, key=lambda each: (each.first, each.last))


def _see(judgement: Judgement, book: Book) -> None:
    """Add what active checks saw."""
    seen = [fact for fact in judgement.facts if isinstance(fact, Checked)]
    if not seen:
        return
    judged = {each.cause.id: each.finding for each in judgement.verdicts}
    found = checked.findings(seen, judged, book.causes)
    judgement.verdicts = [each for each in judgement.verdicts if each.cause.id not in found]
    judgement.verdicts += [Verdict(book.causes[id_], finding, frozenset(), seen[0]) for id_, finding in found.items()]


def _lean(judgement: Judgement) -> None:
    """Order what is merely possible by what the person says. That can cast doubt, and never makes anything believed."""
    told = judgement.told = hints(judgement.prose)
    if not told:
        return
    for index, each in enumerate(judgement.verdicts):
        belief = each.finding.belief
        if belief is Belief.LIKELY and doubted(each.cause.id, told):
            belief = Belief.POSSIBLE
        by = leaning(each.cause.id, told) if belief is Belief.POSSIBLE else 0.0
        if by or belief is not each.finding.belief:
            finding = replace(each.finding, belief=belief, weight=max(0.0, each.finding.weight + by))
            judgement.verdicts[index] = replace(each, finding=finding)


class _Held:
    """The facts of a case by type, and what was said that bears a cause's signature."""

    def __init__(self, facts: Iterable[Fact], said: dict[str, list[Said]], in_words: frozenset[Fact]) -> None:
        self.by_type: dict[type[Fact], list[Fact]] = defaultdict(list)
        for fact in facts:
            self.by_type[type(fact)].append(fact)
        self.said = said
        self.in_words = in_words

    def hearsay(self, anchor: Fact, finding: Finding) -> bool:
        """Whether a finding rests on what no artefact shows: words of unknown origin, or a state told in a sentence."""
        if isinstance(anchor, Said) and anchor.kind == "stray":
            return True
        return any(isinstance(each, Fact) and each in self.in_words for each in (anchor, *finding.evidence))

    def of(self, kinds: tuple[type[Fact], ...], cause: Cause) -> list[Fact]:
        """The facts of any of `kinds`, in the order read; signatures are the asking cause's own."""
        found: list[Fact] = []
        for kind in kinds:
            found.extend(self.said.get(cause.id, ()) if kind is Said else self.by_type.get(kind, ()))
        return found


def _worth_asking(book: Book, held: _Held) -> list[Cause]:
    """The causes that the text has an anchor or a signature for."""
    ids = {each for kind in held.by_type for each in book.anchors.get(kind, ())} | set(held.said)
    return [book.causes[each] for each in sorted(ids)]


def _ask(each: Cause, held: _Held) -> Verdict | None:
    """Ask a cause about every anchor, and keep the strongest answer."""
    needs = [p for p in each.parameters if p.mode == "need"]
    if not needs:
        return None
    best: Verdict | None = None
    for anchor in held.of(needs[0].kinds, each)[-_MOST_ANCHORS:]:
        verdict = _ask_about(each, anchor, needs[0], held)
        if verdict and (best is None or strength(verdict) >= strength(best)):
            best = verdict
    return best


def _ask_about(each: Cause, anchor: Fact, first: Parameter, held: _Held) -> Verdict | None:
    arguments: list[Any] = []
    missing: set[type[Fact]] = set()
    for parameter in each.parameters:
        if parameter is first:
            arguments.append(anchor)
        elif parameter.mode == "all":
            arguments.append(tuple(held.of(parameter.kinds, each)))
        else:
            fact = companion(anchor, held.of(parameter.kinds, each))
            if fact is None and parameter.mode == "need":
                return None
            if fact is None:
                missing.update(parameter.kinds)
            arguments.append(fact)
    finding = each.assess(*arguments)
    if (
        finding
        and finding.belief is Belief.CONFIRMED
        and (held.hearsay(anchor, finding) or _by_number(anchor, finding))
    ):
        finding = replace(finding, belief=Belief.LIKELY, weight=max(finding.weight, PROVED))
    if finding is None:
        return None
    return Verdict(each, finding, frozenset() if finding.complete else frozenset(missing - {Said}), anchor)


def _by_number(anchor: Fact, finding: Finding) -> bool:
    """Whether nothing but a status code speaks for the finding: other systems give it for reasons of their own."""
    alone = isinstance(anchor, Said) and bool(_NUMBER.search(anchor.signature))
    return alone and all(each is anchor for each in finding.evidence if each is not None)


def companion(anchor: Fact, candidates: Sequence[Fact]) -> Fact | None:
    """The candidate that speaks of the same thing as `anchor`: no key contradicts; the latest of the closest."""
    best: Fact | None = None
    best_score = (-1, -1, -1)
    for fact in candidates[-_MOST_COMPANIONS:]:
        keys = [(_key(anchor, key), _key(fact, key)) for key in _JOINED]
        # That mail fails, or whose server it is, is no setting: what the cause wants to see is still to be asked for.
        told = isinstance(fact, Configured) and fact.kind in _NO_SETTINGS
        if told or any(mine and theirs and mine != theirs for mine, theirs in keys):
            continue
        shared = sum(1 for mine, theirs in keys if mine and mine == theirs) + (
            bool(fact.host) and fact.host == anchor.host
        )
        score = (shared, fact.source.paste, fact.source.line)
        if score > best_score:
            best, best_score = fact, score
    return best


def _key(fact: Fact, key: str) -> str:
    """What facts are joined on. A receive log writes `EX01\\Default Frontend EX01`, its events only the last part."""
    value = str(getattr(fact, key))
    return value.rpartition("\\")[2].casefold() if key == "connector" else value


def _suspects(known: dict[str, Cause], held: _Held, verdicts: Sequence[Verdict]) -> list[Verdict]:
    """Causes that a code makes possible, though nothing in the text could judge them yet."""
    found: dict[str, Verdict] = {}
    judged = {each.cause.id for each in verdicts}
    anchors = [each.anchor for each in verdicts if each.anchor and each.finding.belief > Belief.RULED_OUT]
    read = {
        each.source for each in anchors if not isinstance(each, Configured)
    }  # a state told beside it reads no event
    present = {kind for kind, facts in held.by_type.items() if facts}
    for fact, text, id_, weight in _coded(held, bool(judged), read):
        each = known.get(id_)
        if each is None or id_ in judged or each.modifier or (id_ in found and found[id_].finding.weight >= weight):
            continue
        because = f"`{short(text)}` can come from this; nothing sent so far tells it from the others."
        finding = Finding(Belief.POSSIBLE, because, (fact,), weight=weight)
        found[id_] = Verdict(each, finding, frozenset(each.wanted - present - {Said}), fact)
    return list(found.values())


def _coded(held: _Held, judged: bool, read: Container[Source]) -> Iterator[tuple[Fact, str, str, float]]:
    """The failing facts that bear a code, what to quote of them, and each cause that the code can come from.

    An event or a stray line that a cause has `read` is more than its code.
    """
    placed = judged and any(getattr(fact, "failed", False) for fact in held.by_type.get(Session, ()))
    for fact in held.by_type.get(Reply, ()):
        assert isinstance(fact, Reply)
        if fact.failing and not (placed and fact.kind != "log" and _general(fact)):
            for id_, weight in codes.suspects(str(fact.code or ""), fact.enhanced, fact.whole):
                yield fact, fact.text, id_, weight
    for fact in failures(each for kind in (WindowsEvent, Stray) for each in held.by_type.get(kind, ())):
        assert isinstance(fact, WindowsEvent | Stray)
        if fact.source in read:
            continue
        rows = codes.technical(fact.text)
        if isinstance(fact, WindowsEvent):
            rows += codes.of_event(fact.provider, fact.event, fact.text)
        for row in rows:
            for id_, weight in row.causes:
                yield fact, f"{row.code} {row.name}", id_, min(weight + _TECHNICAL, _BARE)
    yield from _waiting(held)
    for fact, text in _worded(held, read):
        for row in codes.shown(text):
            for id_, weight in row.causes:
                yield fact, row.name, id_, min(weight + _TECHNICAL, _BARE)


def _waiting(held: _Held) -> Iterator[tuple[Fact, str, str, float]]:
    """What stops queues of their kind, where no error of any was sent."""
    if any(held.by_type.get(kind) for kind in (Reply, ConnectFailed, Session)):
        return
    for fact in failures(held.by_type.get(QueueState, ())):
        assert isinstance(fact, QueueState)
        row = codes.of_queue(fact.identity, fact.delivery_type)
        if row and fact.status.lower() != "suspended":
            for id_, weight in row.causes:
                yield fact, f"{row.code} queue in {fact.status}", id_, weight


def _worded(held: _Held, read: Container[Source]) -> Iterator[tuple[Fact, str]]:
    """What may be a sentence that a program shows to people: stray lines, replies and events of a trace that have no code, and
    that no cause has `read`."""
    for fact in held.by_type.get(Stray, ()):
        assert isinstance(fact, Stray)
        if fact.source not in read:
            yield fact, fact.text
    for fact in held.by_type.get(Reply, ()):
        assert isinstance(fact, Reply)
        if fact.source not in read and not fact.code and fact.enhanced[1:] in ("", ".0.0"):
            yield fact, fact.whole
    for fact in held.by_type.get(Traced, ()):
        assert isinstance(fact, Traced)
        yield fact, fact.detail


def _general(reply: Reply) -> bool:
    """Whether a reply only says that delivery failed: where a session shows how, it has nothing to add."""
    return reply.enhanced.startswith("4.4.") or codes.is_wrapper(str(reply.code or ""), reply.enhanced, reply.whole)
