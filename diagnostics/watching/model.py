"""What is kept of a watched target from one look to the next, and what is told of it. All of it is stored as JSON."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from msgspec import field

from diagnostics.checks.outcomes import Outcome, Severity
from diagnostics.report import Step
from diagnostics.values import Value

Kind = Literal["fault", "expiring", "certificate", "record", "over"]


class Certificate(Value, frozen=True, kw_only=True):
    """A certificate as Exchange shows it. `name` is what connectors compare, `<I>…<S>…`, or "" where it was too long to be
    kept. `ends` is when it or an intermediate of its chain ends, whichever comes first; `link` names that intermediate."""

    thumbprint: str
    issuer: str
    subject: str
    name: str
    names: tuple[str, ...]
    ends: datetime
    link: str = ""

    def __str__(self) -> str:
        until = f"{self.ends:%Y-%m-%d}"
        return f"{self.subject or 'no subject'}, issued by {self.issuer}, until {until}, thumbprint {self.thumbprint}"


class Fault(Value, frozen=True, kw_only=True):
    """Something wrong at a place (a host, a domain, an address). `says` is a sentence without its full stop."""

    check: str
    place: str
    outcome: Outcome
    severity: Severity
    says: str
    subject: str

    @property
    def sure(self) -> bool:
        """Whether one look is enough: a certificate that was shown was shown."""
        return self.outcome.startswith("cert_")


class Known(Value, frozen=True, kw_only=True):
    """A fault that was seen. `seen`: once, and not told; `told`; `over`: told that it has gone. `clean` counts the looks in a
    row that did not see it, `times` how often it has gone before; `at` is when its place was looked at last."""

    fault: Fault
    stage: Literal["seen", "told", "over"]
    at: datetime
    clean: int = 0
    times: int = 0


class Kept(Value, frozen=True, kw_only=True):
    """The value of a record, and another one that was seen once since."""

    value: tuple[str, ...]
    other: tuple[str, ...] | None = None


class Shown(Value, frozen=True, kw_only=True):
    """A certificate that a host showed, last at `at`."""

    certificate: Certificate
    at: datetime


class Warned(Value, frozen=True, kw_only=True):
    """How many days before a certificate's end was told last, and whether it was told that it is no longer shown."""

    days: int
    over: bool = False


class Memory(Value, frozen=True, kw_only=True):
    """Faults by key, records by key, certificates by host with the last one at the end, warnings by thumbprint."""

    faults: dict[str, Known] = field(default_factory=dict)
    records: dict[str, Kept] = field(default_factory=dict)
    certificates: dict[str, tuple[Shown, ...]] = field(default_factory=dict)
    warned: dict[str, Warned] = field(default_factory=dict)

    def open(self) -> tuple[str, ...]:
        """The keys of everything that was told and isn't over."""
        return (
            *(key for key, known in self.faults.items() if known.stage == "told"),
            *(f"expiring {thumbprint}" for thumbprint, warned in self.warned.items() if not warned.over),
        )


class Change(Value, frozen=True, kw_only=True):
    """One thing to tell. `key` names the state that begins with it; a change of kind "over" ends the state of that key.
    `says` is a sentence without its full stop; `before` and `after` are lines."""

    kind: Kind
    key: str
    severity: Severity
    says: str
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    steps: tuple[Step, ...] = ()
