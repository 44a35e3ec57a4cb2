"""From tallies to an answer: which sessions stand for a failure, what differs between them, and what the causes say.

A failure is judged as a person would have it judged: a session that failed and one that succeeded, pasted together.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final

from msgspec import Struct, field

from diagnostics.engine import judge
from diagnostics.facts import Session
from diagnostics.logs.counting import Count, Names
from diagnostics.logs.episodes import Ends, Episode, Failing
from diagnostics.logs.layout import USUAL, Kind, Layout
from diagnostics.logs.model import LogChange, LogEpisode, LogFailure, LogLine, LogOthers
from diagnostics.logs.picking import Conversation, Line
from diagnostics.logs.rows import split
from diagnostics.logs.sessions import Talk
from diagnostics.logs.tally import Tally, text
from diagnostics.patterns import linear
from diagnostics.report import Evidence, Report
from diagnostics.reporting import placed, reported

MOST_JUDGED: Final = 8
_MOST_EPISODES: Final = 50
_MOST_REMOTES: Final = 20
_QUOTED: Final = 40
_LONGEST_QUOTE: Final = 1000  # characters
_BANNER = linear(r"^220[ -](\S{1,255})")
_TYPES: Final[dict[Kind, str]] = {
    "smtp-send-log": "SMTP Send Protocol Log",
    "smtp-receive-log": "SMTP Receive Protocol Log",
    "tracking-log": "Message Tracking Log",
    "connectivity-log": "Transport Connectivity Log",
}
RECOGNISERS: Final[dict[Kind, str]] = {
    "smtp-send-log": "protocol_log",
    "smtp-receive-log": "protocol_log",
    "tracking-log": "tracking_log",
    "connectivity-log": "connectivity_log",
}


class Stretch(Struct):
    """An episode and the successes next to it; the nearest of the same remote address where there is one."""

    episode: Episode
    before: Talk | None = None
    after: Talk | None = None
    same_before: Talk | None = None
    same_after: Talk | None = None
    steady: bool = True
    apart: bool = (
        False  # the connector succeeded meanwhile, with other addresses only: `before` and `after` are of the same
    )
    blurred: bool = False  # other successes may be nearer: of some only the first and the last in ten minutes are known


class Failure(Struct):
    """One failure of one connector, with what is needed to judge it."""

    kind: Kind
    connector: str
    error: str
    failing: Failing
    stretches: list[Stretch] = field(default_factory=list)
    blind: bool = False  # its connector succeeded, and it is not known when

    @property
    def ongoing(self) -> bool:
        return self.stretches[-1].after is None and not self.blind

    @property
    def weight(self) -> int:
        """What comes first: its sessions, four times where nothing succeeded in between, and all twice while it goes on."""
        steady = sum(each.episode.count for each in self.stretches if each.steady and each.episode.count > 1)
        return (self.failing.count + 3 * steady) * (1 + self.ongoing)

    def representatives(self) -> list[Talk]:
        """The sessions that stand for the latest stretch, in the order of time."""
        last = self.stretches[-1]
        picked = (last.same_before or last.before, last.episode.first, last.episode.last, last.same_after or last.after)
        return list({talk.id: talk for talk in picked if talk is not None}.values())


def failures(tallies: dict[Kind, Tally]) -> list[Failure]:
    """Every failure, worst first."""
    found = []
    for kind, tally in tallies.items():
        ends: dict[str, list[Ends]] = {}
        for (name, _, _), each in tally.near.items():
            ends.setdefault(text(name), []).append(each)
        near = {name: _Near.of(ends.get(name, [])) for name in {connector for connector, _ in tally.failures}}
        for (connector, error), failing in tally.failures.items():
            blind = tally.blind and connector not in ends and not _only_fails(tally, connector)
            stretches = _stretches(near[connector], failing, blind=blind)
            found.append(Failure(kind, connector, error, failing, stretches, blind))
    return sorted(found, key=lambda each: (-each.weight, each.connector, each.error))


def _only_fails(tally: Tally, connector: str) -> bool:
    count = tally.counts()[0].kept.get(connector)
    return count is not None and not count.partial and count.failed == count.sessions


class _Near(Struct, frozen=True):
    """What is known of a connector's successes: some of them, in order, and the times between which there may be more, as
    stretches that do not overlap."""

    talks: list[Talk]
    times: list[bytes]
    begins: list[bytes]
    ends: list[bytes]
    peers: dict[str, list[Talk]]

    @classmethod
    def of(cls, ends: Sequence[Ends]) -> _Near:
        known = {talk.id: talk for each in ends for talk in (each.first, each.last)}
        talks = sorted(known.values(), key=lambda talk: (talk.at, talk.first))
        peers: dict[str, list[Talk]] = {}
        for talk in talks:
            peers.setdefault(text(peer(talk)), []).append(talk)
        begins, over = list[bytes](), list[bytes]()
        for begin, end in sorted((each.first.at, each.last.at) for each in ends):
            if over and begin < over[-1]:
                over[-1] = max(over[-1], end)
            elif begin < end:
                begins.append(begin)
                over.append(end)
        return cls(talks, [talk.at for talk in talks], begins, over, peers)

    def blurred(self, at: bytes) -> bool:
        """Whether successes that are not known may stand right beside this time."""
        place = bisect_left(self.begins, at)
        return place > 0 and at < self.ends[place - 1]

    def before(self, to: Talk) -> Talk | None:
        """The last success with the same address before a session."""
        talks = self.peers.get(text(peer(to)), [])
        place = bisect_left(talks, to.at, key=_at)
        return talks[place - 1] if place else None

    def after(self, to: Talk) -> Talk | None:
        """The first success with the same address after a session."""
        talks = self.peers.get(text(peer(to)), [])
        place = bisect_right(talks, to.at, key=_at)
        return talks[place] if place < len(talks) else None

    def reached(self, names: Names, episode: Episode) -> bool:
        """Whether something succeeded with one of these addresses during an episode; with any, where not all are known."""
        begin, end = bisect_left(self.times, episode.first.at), bisect_right(self.times, episode.last.at)
        if names.full:
            return end > begin
        if end - begin < len(names.kept):
            return any(text(peer(talk)) in names.kept for talk in self.talks[begin:end])
        several = (self.peers.get(name, []) for name in names.kept)
        first = ((talks, bisect_left(talks, episode.first.at, key=_at)) for talks in several)
        return any(place < len(talks) and talks[place].at <= episode.last.at for talks, place in first)


def _stretches(near: _Near, failing: Failing, *, blind: bool) -> list[Stretch]:
    found = []
    for episode in failing.whole(near.times):
        first, last = episode.first, episode.last
        begin, end = bisect_left(near.times, first.at), bisect_right(near.times, last.at)
        same_before, same_after = near.before(first), near.after(last)
        steady = not blind and not near.reached(failing.remotes, episode)
        # What was under way when it began, or came up while the last attempt failed, tells nothing of the time between.
        apart = steady and any(talk.began > first.at and talk.at < last.began for talk in near.talks[begin:end])
        found.append(
            Stretch(
                episode,
                before=same_before if apart else near.talks[begin - 1] if begin else None,
                after=same_after if apart else near.talks[end] if end < len(near.talks) else None,
                same_before=same_before,
                same_after=same_after,
                steady=steady,
                apart=apart,
                blurred=near.blurred(first.at) or near.blurred(last.at),
            )
        )
    return found


def _at(talk: Talk) -> bytes:
    return talk.at


def peer(talk: Talk) -> bytes:
    """The remote address, without its port."""
    return talk.remote.rpartition(b":")[0] or talk.remote


class Judged(Struct):
    """A failure's report, whose evidence points into files, its entry in the summary, and the text that was judged."""

    report: Report
    entry: LogFailure
    paste: str


def judged(failure: Failure, picked: dict[bytes, Conversation], layout: Callable[[Talk], Layout]) -> Judged:
    """The verdict on one failure, from the conversations that stand for it; `layout` is that of a session's rows."""
    told_by = [(layout(talk), picked[talk.id].lines) for talk in failure.representatives() if talk.id in picked]
    lines = [line for _, some in told_by for line in some]
    columns, rows = _as_pasted(failure.kind, [(each, [line.text for line in some]) for each, some in told_by])
    head = [f"#Log-type: {_TYPES[failure.kind]}", f"#Fields: {','.join(columns)}"]
    paste = "\n".join([*head, *rows])
    judgement = judge((paste,), only=RECOGNISERS[failure.kind])
    report = _placed(reported(judgement), [None, None, *lines], [*head, *rows])
    told = {fact.session.encode(): fact for fact in judgement.facts if isinstance(fact, Session)}
    quoted = picked[failure.stretches[-1].episode.first.id].lines if picked else []
    return Judged(report, entry(failure, told, [each.cause for each in report.findings], quoted), paste)


def _as_pasted(kind: Kind, told_by: Sequence[tuple[Layout, list[str]]]) -> tuple[tuple[str, ...], list[str]]:
    """The columns and the rows, in the order and with the quotes that Exchange writes: by those a row of a paste is known."""
    rows = [row for _, some in told_by for row in some]
    layouts = {layout.columns for layout, _ in told_by}
    if len(layouts) == 1 and not any(row.startswith('"') for row in rows):
        (columns,) = layouts
        known = [name for name in columns if name in USUAL[kind]]
        if columns[0] == USUAL[kind][0] and known == [name for name in USUAL[kind] if name in columns]:
            return columns, rows
    written = []
    for layout, some in told_by:
        places = [layout.columns.index(name) if name in layout.columns else -1 for name in USUAL[kind]]
        for row in some:
            cells = [cell.decode("utf-8", "replace") for cell in split(row.encode())]
            written.append(",".join(_cell(cells[place]) if -1 < place < len(cells) else "" for place in places))
    return USUAL[kind], written


def _cell(value: str) -> str:
    return '"' + value.replace('"', '""') + '"' if "," in value or '"' in value else value


def entry(
    failure: Failure, told: dict[bytes, Session], causes: Iterable[str] = (), quoted: Iterable[Line] = ()
) -> LogFailure:
    """What the summary says of a failure. `told` are the sessions that were read whole, by id."""
    kept = _latest(failure.stretches)
    remotes, others = greatest(failure.failing.remotes, _MOST_REMOTES)
    return LogFailure(
        kind=failure.kind,
        connector=failure.connector,
        error=failure.error,
        sessions=failure.failing.count,
        ongoing=failure.ongoing,
        partial=failure.failing.partial,
        episodes=tuple(
            _episode(stretch, told if stretch is kept[-1] else {}, sends=failure.kind != "smtp-receive-log")
            for stretch in kept
        ),
        remotes={name: count.sessions for name, count in remotes},
        other_remotes=others,
        hours={name: count.sessions for name, count in sorted(failure.failing.hours.kept.items())},
        causes=tuple(causes),
        lines=tuple(
            LogLine(file=line.file, line=line.number, quote=line.text[:_LONGEST_QUOTE])
            for line in list(quoted)[:_QUOTED]
        ),
    )


def _latest(stretches: Sequence[Stretch]) -> list[Stretch]:
    """All stretches; of very many the earliest as one, in which others succeeded."""
    early = max(len(stretches) - _MOST_EPISODES + 1, 0)
    if early < 2:
        return list(stretches)
    one, other = stretches[0], stretches[early - 1]
    count = sum(each.episode.count for each in stretches[:early])
    episode = Episode(one.episode.first, other.episode.last, count)
    return [Stretch(episode, before=one.before, after=other.after, steady=False), *stretches[early:]]


def greatest(names: Names, most: int) -> tuple[list[tuple[str, Count]], LogOthers | None]:
    """The names with most sessions, and what the others come to; None where there are none."""
    ordered = sorted(names.kept.items(), key=lambda item: (-item[1].sessions, item[0]))
    rest = Count()
    for count in (names.others, *(count for _, count in ordered[most:])):
        rest.join(count)
    found = LogOthers(
        names=max(len(ordered) - most, 0),
        more=names.full,
        sessions=rest.sessions,
        failed=rest.failed,
        messages=rest.messages,
    )
    return ordered[:most], found if found.names or found.more else None


def _episode(stretch: Stretch, told: dict[bytes, Session], *, sends: bool) -> LogEpisode:
    episode = stretch.episode
    before, after = stretch.same_before or stretch.before, stretch.same_after or stretch.after
    changes = [
        *_changes(
            told.get(before.id) if before else None,
            told.get(episode.first.id),
            "began",
            same=stretch.same_before is not None,
            sends=sends,
        ),
        *_changes(
            told.get(episode.last.id),
            told.get(after.id) if after else None,
            "ended",
            same=stretch.same_after is not None,
            sends=sends,
        ),
    ]
    return LogEpisode(
        began=text(episode.first.at),
        ended=text(episode.last.at),
        sessions=episode.count,
        last_success=text(stretch.before.at) if stretch.before else "",
        next_success=text(stretch.after.at) if stretch.after else "",
        steady=stretch.steady,
        elsewhere=stretch.apart,
        first_session=text(episode.first.id),
        last_session=text(episode.last.id),
        changes=tuple(changes),
    )


def _changes(
    one: Session | None, other: Session | None, moment: str, *, same: bool, sends: bool
) -> Iterator[LogChange]:
    """What differs. What belongs to the remote side is compared only where both sessions went to the same address; that another
    client calls is no change of the side that is called."""
    if one is None or other is None:
        return
    pairs = [
        ("our certificate's thumbprint", one.thumbprint, other.thumbprint),
        ("the TLS version", one.protocol, other.protocol),
    ]
    if same:
        pairs += [
            ("the remote certificate's thumbprint", _thumbprint(one), _thumbprint(other)),
            ("the remote server's name", _named(one), _named(other)),
            ("the size that the EHLO reply allows", _bytes(one), _bytes(other)),
            *_capabilities(one, other),
        ]
    elif sends:
        pairs.append(("the remote address", one.remote_ip, other.remote_ip))
    for what, old, new in pairs:
        if old and new and old != new:
            yield LogChange(what=what, before=old, after=new, moment=moment)


def _capabilities(one: Session, other: Session) -> Iterator[tuple[str, str, str]]:
    if one.capabilities and other.capabilities:
        for name in sorted(set(one.capabilities) ^ set(other.capabilities)):
            old, new = ("offered", "missing") if name in one.capabilities else ("missing", "offered")
            yield f"{name} in the EHLO reply", old, new


def _bytes(session: Session) -> str:
    return f"{session.size:,} bytes" if session.size else ""


def _thumbprint(session: Session) -> str:
    return session.remote.thumbprint if session.remote else ""


def _named(session: Session) -> str:
    found = _BANNER.search(session.banner)
    return found.group(1) if found else ""


def _placed(report: Report, lines: list[Line | None], judged_lines: list[str]) -> Report:
    """The report with every line of the judged text replaced by where it stands: `paste` becomes the file's number.

    A row that was written anew to be judged is quoted as the log has it.
    """

    def place(each: Evidence) -> Evidence:
        at = lines[each.line - 1]
        if at is None:
            return each
        quote = each.quote if at.text == judged_lines[each.line - 1] else at.text[:_LONGEST_QUOTE]
        return Evidence(quote=quote, line=at.number, paste=at.file)

    return placed(report, place).model_copy(update={"artefacts": (), "timeline": ()})
