"""What reading large logs found, as it is printed, shown and dumped as JSON.

Times are ISO 8601 in UTC, as the log has them. A session of a message tracking log is one delivery or failure of one message.
A session's hour is that in which it connected.
"""

from __future__ import annotations

from msgspec import field

from diagnostics.values import Value


class LogFile(Value, frozen=True, kw_only=True):
    """A file that was read. `lines` counts those that were read; `bytes` is what it takes on disk."""

    name: str
    kind: str
    bytes: int
    lines: int


class LogLine(Value, frozen=True, kw_only=True):
    """A line as it was written. `file` is its index in the summary's `files`; `line` is 1-based."""

    file: int
    line: int
    quote: str


class LogCount(Value, frozen=True, kw_only=True):
    """`partial` says that these may not be all: a log that names tens of thousands is counted together where a name is rare."""

    name: str
    sessions: int
    failed: int
    messages: int
    partial: bool = False


class LogOthers(Value, frozen=True, kw_only=True):
    """What is counted together, as there is too much of it to be listed. `names` are those that were told apart; `more` says that
    there were others, of which only the sessions were counted."""

    names: int
    more: bool
    sessions: int
    failed: int
    messages: int


class LogChange(Value, frozen=True, kw_only=True):
    """What differs between the last success before a failure began and the failure (`moment` "began"), or between the failure
    and the first success after it ended (`moment` "ended")."""

    what: str
    before: str
    after: str
    moment: str = "began"


class LogEpisode(Value, frozen=True, kw_only=True):
    """One stretch of a failure; of more than 50 the earliest are told as one.

    `last_success` is before it, `next_success` after it: "" where there is none in the log. Where the connector succeeded
    meanwhile with other addresses, both are those of the addresses that failed.

    `steady` says that the connector succeeded with none of the remote addresses in between: it is down, not unlucky.
    `elsewhere` says that it succeeded with other addresses meanwhile.
    """

    began: str
    ended: str
    sessions: int
    last_success: str = ""
    next_success: str = ""
    steady: bool = False
    elsewhere: bool = False
    first_session: str = ""
    last_session: str = ""
    changes: tuple[LogChange, ...] = ()


class LogFailure(Value, frozen=True, kw_only=True):
    """One failure of one connector, worst first. `causes` are ids of the report's findings that its sessions gave rise to.

    `lines` are those of the first failing session of the latest episode; `ongoing` says that no success followed. `remotes` are
    those with most of its sessions, 20 at most. `partial`: it may have begun earlier and have more sessions, being
    one of thousands of failures.
    """

    kind: str
    connector: str
    error: str
    sessions: int
    ongoing: bool
    partial: bool = False
    episodes: tuple[LogEpisode, ...] = ()
    remotes: dict[str, int] = field(default_factory=dict)
    other_remotes: LogOthers | None = None
    hours: dict[str, int] = field(default_factory=dict)
    causes: tuple[str, ...] = ()
    lines: tuple[LogLine, ...] = ()


class LogKind(Value, frozen=True, kw_only=True):
    """The counts of one kind of log. `connectors` and `remotes` come with most sessions first, 1,000 at most, `hours` and
    `minutes` in order.

    `minutes` are there where sessions began in at most 1,440 of them: where hours tell too little.
    """

    kind: str
    sessions: int
    failed: int
    messages: int
    began: str
    ended: str
    connectors: tuple[LogCount, ...] = ()
    remotes: tuple[LogCount, ...] = ()
    other_connectors: LogOthers | None = None
    other_remotes: LogOthers | None = None
    hours: tuple[LogCount, ...] = ()
    other_hours: LogOthers | None = None
    minutes: tuple[LogCount, ...] = ()


class LogSummary(Value, frozen=True, kw_only=True):
    """The answer to large logs. `evidence.paste` of the report's findings is an index into `files`. `failures` are the 1,000
    worst at most.

    `complete` is False where reading was stopped; `problems` are sentences on what could not be read.
    """

    files: tuple[LogFile, ...]
    kinds: tuple[LogKind, ...] = ()
    failures: tuple[LogFailure, ...] = ()
    other_failures: LogOthers | None = None
    bytes: int = 0
    lines: int = 0
    bad: int = 0
    bad_lines: tuple[LogLine, ...] = ()
    complete: bool = True
    problems: tuple[str, ...] = ()
