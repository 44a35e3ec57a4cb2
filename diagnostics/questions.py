"""What to ask next: the evidence that separates the open causes best, computed from what they lack."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from msgspec.structs import replace

from diagnostics.asks import ASKABLE, ASKS, BOUNCE, INCOMING, WORD_FOR_WORD, Ask
from diagnostics.cause import EMS, Belief, Cause, catalogue
from diagnostics.elsewhere import for_unix
from diagnostics.facts import (
    ConnectFailed,
    Fact,
    InstalledCertificate,
    QueueState,
    Reply,
    SendConnector,
    Session,
    TlsFailed,
    WindowsEvent,
)
from diagnostics.judgement import Judgement
from diagnostics.looked_facts import DnsAnswer, PortTest, TlsProbe
from diagnostics.mail_facts import Configured, LookedUp, SpamVerdict, Told, Traced, Tracked
from diagnostics.patterns import linear
from diagnostics.powershell import command
from diagnostics.recognisers.configuration_kinds import kebab
from diagnostics.report import Question, Step
from diagnostics.resemblance.suspects import HARDLY_ALIKE
from diagnostics.rivals import rivals_of
from diagnostics.seen import failures
from diagnostics.verdict import Verdict, is_open

_BOUNCES: Final = frozenset({"ndr", "delivery-status", "message"})
_EVENTS: Final = frozenset(
    {"windows-event", "told-events", "told-surroundings", "told-circumstance", "told-trial", "told-multiplied"}
)
# Who speaks of a bounce has one: it tells more than a queue, which the message has left.
_BOUNCED = linear(
    r"(?i)\bbounc\w+|\bndrs?\b|\bnon-?delivery|\bundeliver\w+|\bcom(?:es?|ing) back\b|\breturned (?:to|mail)|\bunzustellbar"
    r"|\b(?:kommt?|kommen) (?:[^\s.]+ ){0,6}?zurück|\breviennent?\b|non[- ]remis|\brebota|\bdevuel|\btorna(?:no)? indietro"
    r"|\brimbalz|\bvolta(?:m|ndo)?\b|\bdevolvid|\b(?:komt|komen) (?:\w+ ){0,3}?terug|\bwraca|\bodbij|\bstudsa"
    r"|\bfår (?:\w+ )?tillbaka|\bzwrotk|\br.ckl.ufer\b|(?:戻っ|返っ)て|退信"
)
_WAITS = linear(
    r"(?i)\bqueues?\b|warteschlange|files? d.attente|\bcolas?\b|\b(?:la|in) coda\b|\bwachtrij|\bkolejk|\bfila\b|\bköe?[nr]?\b"
    r"|キュー|队列|隊列"
)
# Where nothing waits, a queue has no error to show.
_EMPTY = linear(
    r"(?i)\b(?:nothing|none|no (?:\w+ )?(?:e-?mails?|mails?|messages?)|not|nichts|keine?|rien|aucune?|nada|ning[uú]n\w*|niente"
    r"|nessun\w*|niets|geen|nic|inget)\b[^.;,\n]{0,24}"
    r"\b(?:queues?|warteschlange|files? d.attente|colas?|coda|wachtrij|kolejk\w*|fila)\b"
    r"|\b(?:queues?|warteschlangen?|files? d.attente|colas?|coda|wachtrij)\b"
    r"[^.;,\n]{0,12}\b(?:empty|clean|clear|leer|vides?|vac[ií]as?|vuot[ae]|leeg)\b"
    r"|\b(?:empty|leere) (?:queues?|warteschlange)\b"
)
# Of a failure that is told and not shown, what became of one message is the beginning.
_TRACKING: Final = next(ask for ask in ASKS if Tracked in ask.yields)
_NO_COMMON_SUITE: Final = 36874  # Schannel's event, of a server
_OF_CLIENTS: Final = frozenset({"protocol.session.command-errors"})  # told of the program that sends
_SESSION: Final = next(ask for ask in ASKS if Session in ask.holds)
_QUEUE: Final = next(ask for ask in ASKS if QueueState in ask.yields)
_OTHER_CONNECTORS: Final = frozenset({"receive-connector", "inbound-connector", "outbound-connector"})
# A whole list, or one object by its name: other arguments ask for less, or for another server's.
_GETS = linear(r"^Get-([A-Z][A-Za-z]{3,40})(?: '([^']{1,200})')?(?: -[A-Z][A-Za-z]{2,20})?(?: \||$)")
_EVERYWHERE = linear(r"\bevery (?:\w+ )?server\b")
_RESOLVES = linear(r"^Resolve-DnsName '")
_RECORDS: Final = {"v=spf1": "v=spf1", "_dmarc.": "v=dmarc1"}
_TYPED: Final[dict[str, type[Fact]]] = {"SendConnector": SendConnector, "ExchangeCertificate": InstalledCertificate}
_MOST: Final = 2
_MOST_BEHIND: Final = 3
_LEADING: Final = 3  # suspects whose own check may be asked for
_OF_SUBMISSION: Final = ("465", "587")
_SUBMISSION: Final = "From the machine or the network that sends, test the port on this server."
_TESTED: Final = (
    "Test-NetConnection {{host}} -Port {port} | Format-List ComputerName,RemoteAddress,RemotePort,TcpTestSucceeded"
)
_HANDSHAKES: Final = {
    "465": "openssl s_client -showcerts -connect {host:token}:465",
    "587": "openssl s_client -starttls smtp -showcerts -connect {host:token}:587",
}
_LATER: Final = 0.95  # what settles the first suspect is worth a little more than what settles the last
_PROPERTIES = linear(r"\| Format-(?:List|Table) ([A-Za-z,]{3,400})$")
_NAMES: Final = frozenset({"name", "identity"})
# What these do, nobody is told.
_UNREPORTED: Final = (
    "policy.transport-rule.silent-action",
    "policy.moderation.rejected-or-expired",
    "policy.forwarding.remote-domain-off",
    "policy.auto-reply.",
    "policy.journaling.report-",
)
# Servers inside Microsoft's service, which nobody reaches by their names: they are no destination to be probed.
_HIDDEN = linear(r"(?i)\.prod\.(?:protection\.)?outlook\.com$")
_STAKES: Final = {Belief.POSSIBLE: 1.0, Belief.LIKELY: 4.0, Belief.CONFIRMED: 0.0, Belief.RULED_OUT: 0.0}


def questions(shown: Sequence[Verdict], judgement: Judgement) -> tuple[Question, ...]:
    """At most two questions, the one that settles most first. None once something is confirmed.

    What nobody in the thread can answer is asked again only where nothing else is left: somebody else may know.
    """
    if shown and shown[0].finding.belief is Belief.CONFIRMED:
        return ()
    asked = _asked(shown, judgement)
    return asked if asked or not judgement.declined else _asked(shown, replace(judgement, declined=frozenset()))


def _asked(shown: Sequence[Verdict], judgement: Judgement) -> tuple[Question, ...]:
    checks = (_check_of(shown[place:], judgement) for place in range(_LEADING)) if judgement.elsewhere else ()
    asked: list[Question] = next(filter(None, checks), [])
    if not asked:
        apart = tuple(each.cause.id for each in shown)
        asked = [_question(ask, apart, shown, judgement) for ask in _unsaid(shown, judgement)]
    if not asked and _guessed(shown):
        # Of a certificate that nobody named, the list of all is asked for.
        asked = [each for each in _check_of(shown, judgement) if "<thumbprint>" not in each.command]
    covered: set[str] = {cause for each in asked for cause in each.separates}
    ranked = _ranked(shown, judgement)
    for ask, separates in ranked:
        if len(asked) == _MOST or (asked and not set(separates) - covered):
            continue
        asked.append(_question(ask, separates, shown, judgement))
        covered.update(separates)
    if not asked and shown and shown[0].finding.belief is Belief.POSSIBLE:
        asked = _about(shown, judgement)
    if shown and shown[0].cause.id not in covered:
        check = _check_of(shown, judgement)
        # What only concerns causes that the text reads like comes after what something points to; what a bare number beside a
        # story can come from, after what the story comes to.
        others = [each for each in shown if ranked and each.cause.id in ranked[0][1]]
        story = isinstance(shown[0].anchor, Told) and not any(isinstance(each.anchor, Told) for each in others)
        guessed = bool(others) and (story or all(each.alike for each in others))
        asked = [*check, *asked][:_MOST] if guessed else [*asked[: _MOST - 1], *check]
    if not asked and not shown:
        first = ASKS[:_MOST] if failures(judgement.facts) else (BOUNCE, _TRACKING)
        left = (ask for ask in first if not ask.answered(judgement.facts) and not _unable(ask, judgement))
        asked = [_question(ask, (), shown, judgement) for ask in left]
    return tuple(asked)


def _guessed(shown: Sequence[Verdict]) -> bool:
    """Whether the first suspect is one by what people tell alone: what is asked of many causes settles it less often than its own
    check does."""
    first = next(iter(shown), None)
    return first is not None and (first.alike or (isinstance(first.anchor, Told) and is_open(first)))


def _unsaid(shown: Sequence[Verdict], judgement: Judgement) -> tuple[Ask, ...]:
    """What the failing server said comes first, where nothing that was read tells it: of a queue in Retry whose last error a
    table left out, and of a bounce or a queue that somebody only tells of."""
    first: Ask | None = None
    if _waits_untold(shown, judgement):
        first = _QUEUE
    elif shown and shown[0].alike and all(each.in_words for each in judgement.artefacts):
        told = judgement.prose
        vague = WORD_FOR_WORD if shown[0].finding.weight < HARDLY_ALIKE else None
        first = (
            BOUNCE if _BOUNCED.search(told) else _QUEUE if _WAITS.search(told) and not _EMPTY.search(told) else vague
        )
    return (first,) if first and not _unable(first, judgement) else ()


def _waits_untold(shown: Sequence[Verdict], judgement: Judgement) -> bool:
    if any(each.finding.belief > Belief.POSSIBLE for each in shown):
        return False
    waiting = any(
        isinstance(fact, QueueState) and fact.status.lower() == "retry" and fact.messages for fact in judgement.facts
    )
    return waiting and not any(isinstance(fact, Reply | Session | ConnectFailed) for fact in judgement.facts)


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
    steps = first.finding.steps or first.cause.checks  # what only reads like it has none of its own
    checks = (step for step in steps if step.effect == "read-only" and step.command)
    if judgement.elsewhere:
        checks = (step for step in map(for_unix, checks) if step.shell not in (EMS, "powershell"))
    left = (step for step in checks if not _refused(step, judgement) and not _printed(step, judgement.facts))
    check = next(left, None)
    if check is None:
        return []
    separates = _apart(None, (first.cause.id,), shown, judgement)
    return [Question(ask=_sent(check), shell=check.shell, command=check.command, separates=separates)]


def _unable(ask: Ask, judgement: Judgement) -> bool:
    """Whether nobody can answer: it was asked for, or without a command the same was, of another message."""
    if not judgement.declined:
        return False  # nearly always: no ask is compared with all others for nothing
    if ask.say in judgement.declined:
        return True
    alike = (each for each in ASKS if each.say in judgement.declined and not (each.template or ask.template))
    return any(set(each.yields) & set(ask.yields) for each in alike)


def _refused(step: Step, judgement: Judgement) -> bool:
    """Whether nobody can send what the step prints, or what the same cmdlet prints."""
    return _sent(step) in judgement.declined or step.command.partition(" ")[0] in judgement.declined


def _sent(check: Step) -> str:
    return f"{check.say} Send what it prints."


def _printed(step: Step, facts: Sequence[Fact]) -> bool:
    """Whether what the step prints is there already. Of a recipient, what each directory answered counts for itself."""
    if _RESOLVES.search(step.command):
        return _resolved(step.command, facts)
    wanted = _GETS.search(step.command)
    if wanted is None or _EVERYWHERE.search(step.say):
        return False
    noun, named = wanted.groups()
    if noun == "Recipient":
        asked = "on-prem" if step.shell == EMS else "exchange-online"
        return any(isinstance(fact, LookedUp) and fact.where == asked for fact in facts)
    shown = (
        fact for fact in facts if isinstance(fact, _TYPED.get(noun, ())) or _holds(fact, kebab(noun), step.command)
    )
    return any(not named or named in (fact.connector, getattr(fact, "name", "")) for fact in shown)


def _holds(fact: Fact, kind: str, asked: str) -> bool:
    """Whether an object of the kind was pasted with most of the properties that the command asks for."""
    if not isinstance(fact, Configured) or fact.kind != kind:
        return False
    listed = _PROPERTIES.search(asked)
    wanted = {name.lower() for name in listed.group(1).split(",")} - _NAMES if listed else set()
    return 2 * len(wanted & {name.lower() for name, _ in fact.values}) >= len(wanted)


def _resolved(command_: str, facts: Sequence[Fact]) -> bool:
    """Whether the SPF or DMARC record that a step looks up was sent: of that name, or of one that nobody told."""
    mark = next((mark for word, mark in _RECORDS.items() if word in command_), "")
    answers = (fact for fact in facts if mark and isinstance(fact, DnsAnswer) and (fact.name or "<") in command_)
    return any(record.value.lower().startswith(mark) for answer in answers for record in answer.records)


def _about(shown: Sequence[Verdict], judgement: Judgement) -> list[Question]:
    """Where the open causes want nothing by name: the settings that most of them are about, else how it failed."""
    ids = tuple(each.cause.id for each in shown)
    concerned = [
        (ask, tuple(id_ for id_ in ids if id_.startswith(ask.about) and not id_.startswith(ask.not_about)))
        for ask in ASKS
        if ask.about and not ask.answered(judgement.facts) and not _unable(ask, judgement)
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
    if _only_told(kinds, judgement) and _check_of(shown, judgement):
        return []  # nobody speaks of a bounce: there may be none
    silent = any(isinstance(fact, Tracked) and fact.dropped for fact in judgement.facts)  # deleted: nobody got a report
    silent = silent or shown[0].cause.id.startswith(_UNREPORTED)
    if not silent and not kinds & _BOUNCES and not _unable(BOUNCE, judgement):
        return [_question(BOUNCE, tuple(each.cause.id for each in shown), shown, judgement)]
    act = shown[0].finding.act or shown[0].cause.act
    trace = next(ask for ask in ASKS if (Traced if act == "exchange-online" else Tracked) in ask.yields)
    everybody = tuple(each.cause.id for each in shown)
    return [] if trace.answered(judgement.facts) else [_question(trace, everybody, shown, judgement)]


def _only_told(kinds: set[str], judgement: Judgement) -> bool:
    """Whether all there is is a story, in which nothing comes back."""
    return kinds == {"told-story"} and not _BOUNCED.search(judgement.prose)


def _ranked(shown: Sequence[Verdict], judgement: Judgement) -> list[tuple[Ask, tuple[str, ...]]]:
    scored = []
    hidden = _HIDDEN.search(_first(_told_of(shown, judgement), "host"))
    comes_in = bool(shown) and _comes_in(shown[0])
    for ask in (INCOMING if comes_in and each is _SESSION else each for each in ASKS):
        if ask.answered(judgement.facts) or _unable(ask, judgement):
            continue
        if (judgement.elsewhere and ask.shell == EMS) or (hidden and TlsProbe in ask.yields):
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


def _comes_in(verdict: Verdict) -> bool:
    """Whether it is about sessions that others open: of these, the log of what is sent has nothing."""
    anchor = verdict.anchor
    served = isinstance(anchor, WindowsEvent) and (anchor.role == "server" or anchor.event == _NO_COMMON_SUITE)
    of_clients = isinstance(anchor, Told) and verdict.cause.id in _OF_CLIENTS
    return served or of_clients or getattr(anchor, "direction", "") == "receive"


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
    filled["connector"] = _first([each for each in facts if not _receives(each)], "connector")
    filled["domain"] = filled["recipient"].rpartition("@")[2] or filled["host"]
    filled["host"] = _server(shown) or filled["host"]
    if PortTest in ask.yields and (client := _submits(shown, judgement)):
        filled["host"] = filled["host"] or client[0]
        ask = replace(ask, say=_SUBMISSION, template=_TESTED.format(port=client[1]))
    if TlsProbe in ask.yields and ask.template:
        host, port = _set_to(judgement)
        filled["host"] = filled["host"] or host
        ask = replace(ask, template=_HANDSHAKES.get(port, ask.template))
    apart = _apart(ask, separates, shown, judgement)
    question = Question(ask=ask.say, shell=ask.shell, command=_filled(ask, filled), separates=apart)
    return for_unix(question) if judgement.elsewhere else question


def _submits(shown: Sequence[Verdict], judgement: Judgement) -> tuple[str, str] | None:
    """The server and the port of a client that submits mail, where that is what could not connect: it never uses 25."""
    anchor = next((each.anchor for each in shown if isinstance(each.anchor, ConnectFailed)), None)
    host, port = _set_to(judgement)
    if anchor and anchor.port:
        port = str(anchor.port) if str(anchor.port) in _OF_SUBMISSION else ""
    return (host, port) if anchor and port else None


def _set_to(judgement: Judgement) -> tuple[str, str]:
    """The server and the port of submission that a client is set to, "" where it isn't told."""
    settings = [each for each in judgement.facts if isinstance(each, Configured) and each.kind == "client-settings"]
    ports = (each.get("Port") for each in settings)
    return (
        next((each.name for each in settings if each.name), ""),
        next((each for each in ports if each in _OF_SUBMISSION), ""),
    )


def _told_of(shown: Sequence[Verdict], judgement: Judgement) -> list[Fact]:
    """The facts that a value is looked for in: those that the suspects speak of, then the latest."""
    return [each.anchor for each in shown if each.anchor is not None] + list(reversed(judgement.facts))


def _receives(fact: Fact) -> bool:
    """Whether the fact's connector is no Send connector, which is what the questions are about."""
    settings = isinstance(fact, Configured) and fact.kind in _OTHER_CONNECTORS
    return settings or getattr(fact, "direction", "") == "receive"


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
