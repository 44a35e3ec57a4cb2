"""What the operator's TOML file says about on-call: people, rotas, targets, levels, hours, rules. See docs/oncall.md."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from bot.oncall.fields import (
    ChannelId,
    Duration,
    Group,
    Member,
    Moment,
    Name,
    PagerDutyId,
    Pause,
    TeamId,
    Url,
    WallTime,
    Zone,
    aware,
    naive,
)
from bot.oncall.hours import Window, ends, inside, instant
from bot.oncall.rota import Layer, Override, Rota

Severity = Literal["minor", "major", "critical"]
Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]

SEVERITIES: Final[tuple[Severity, ...]] = ("minor", "major", "critical")
_DAYS: Final[tuple[Day, ...]] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_WEEK: Final = timedelta(days=7)
_SOME_MONDAY: Final = datetime(2026, 1, 5)  # noqa: DTZ001 - what a wall shows


class PolicyError(Exception):
    """The on-call file cannot be used. `sentences` says why: one each, naming the place, without any value."""

    def __init__(self, *sentences: str) -> None:
        super().__init__("\n".join(sentences))
        self.sentences = sentences


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, arbitrary_types_allowed=True)


class Hours(_Table):
    """A stretch of the day on some days; `to` at or before `from` is on the next day."""

    days: tuple[Day, ...] = Field(_DAYS, min_length=1)
    begin: WallTime = Field(alias="from")
    end: WallTime = Field(alias="to")

    @property
    def window(self) -> Window:
        return Window(self.begin, self.end, frozenset(_DAYS.index(day) for day in self.days))


class QuietHours(_Table):
    """When what isn't severe enough has to wait."""

    hours: tuple[Hours, ...] = Field(min_length=1)
    breaks_through: tuple[Severity, ...] = ("critical",)


class Maintenance(_Table):
    """When nothing escalates by itself."""

    begin: Moment = Field(alias="from")
    end: Moment = Field(alias="to")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if (self.begin.tzinfo is None) != (self.end.tzinfo is None) or self.end <= self.begin:
            raise ValueError("to must come after from, and both or none have an offset")
        return self


class Person(_Table):
    slack: Member
    pagerduty: PagerDutyId | None = None


class LayerTable(_Table):
    people: tuple[Name, ...] = Field(min_length=1)
    start: Annotated[Moment, AfterValidator(naive)]
    rotate: Literal["daily", "weekly"] = "weekly"
    every: int = Field(1, ge=1, le=52)
    hours: tuple[Hours, ...] = ()


class OverrideTable(Maintenance):
    person: Name


class RotaTable(_Table):
    time_zone: Zone | None = None
    layers: tuple[LayerTable, ...] = Field(min_length=1)
    overrides: tuple[OverrideTable, ...] = ()

    def rota(self, zone: ZoneInfo) -> Rota:
        zone = self.time_zone or zone
        layers = tuple(
            Layer(
                layer.people,
                layer.start,
                layer.every * (7 if layer.rotate == "weekly" else 1),
                tuple(hours.window for hours in layer.hours),
            )
            for layer in self.layers
        )
        overrides = tuple(Override(o.person, aware(o.begin, zone), aware(o.end, zone)) for o in self.overrides)
        return Rota(zone, layers, overrides)


class Target(_Table):
    """Who is paged together: all that is named here. `webhook` is told, `webhook_people` is asked who is on call."""

    people: tuple[Name, ...] = ()
    rota: Name | None = None
    slack_user_group: Group | None = None
    pagerduty_schedule: PagerDutyId | None = None
    pagerduty: bool = False
    webhook: Name | None = None
    webhook_people: Name | None = None

    @model_validator(mode="after")
    def _somebody(self) -> Self:
        if not any(getattr(self, name) for name in type(self).model_fields):
            raise ValueError("names nobody")
        return self


class Level(_Table):
    """`targets` are tried in their order until one can be reached; after `delay` without an acknowledgement the next
    level follows. Outside of its `hours` a level is left out."""

    targets: tuple[Name, ...] = Field(min_length=1)
    delay: Pause
    hours: Literal["always", "office", "out-of-office"] = "always"


class Rule(_Table):
    """What escalates by itself, how severe it is, and how long somebody has to acknowledge it before."""

    when: Literal["connector-outage", "many-reporters", "growing-queue", "unknown-cause", "any-failure"]
    severity: Severity = "major"
    after: Duration = timedelta(0)
    at_least: int = Field(3, ge=1, le=1_000_000)
    within: Pause = timedelta(hours=1)


class PagerDutyTable(_Table):
    api_url: Url = "https://api.pagerduty.com"
    events_url: Url = "https://events.pagerduty.com"


class WebhookTable(_Table):
    url: Url


class Policy(_Table):
    """The whole file."""

    time_zone: Zone
    team: TeamId | None = None
    channel: ChannelId | None = None
    rounds: int = Field(3, ge=1, le=20)
    rearm_after: Pause = timedelta(minutes=30)
    people: dict[Name, Person] = {}
    rotas: dict[Name, RotaTable] = {}
    targets: dict[Name, Target] = Field(min_length=1)
    levels: tuple[Level, ...] = Field(min_length=1)
    office_hours: tuple[Hours, ...] = ()
    quiet_hours: QuietHours | None = None
    maintenance: tuple[Maintenance, ...] = ()
    rules: tuple[Rule, ...] = ()
    pagerduty: PagerDutyTable = PagerDutyTable()
    webhooks: dict[Name, WebhookTable] = {}

    @field_validator("quiet_hours")
    @classmethod
    def _leave_some_time(cls, value: QuietHours | None) -> QuietHours | None:
        zone = ZoneInfo("UTC")
        at = instant(_SOME_MONDAY, zone)
        if value and ends([hours.window for hours in value.hours], zone, at) - at >= _WEEK:
            raise ValueError("leaves no hour of the week")
        return value

    @model_validator(mode="after")
    def _names_lead_somewhere(self) -> Self:
        wrong = [f"{place} names what {table} doesn't have" for place, table in self._dangling()]
        if not any(level.hours == "always" for level in self.levels):
            wrong += self._uncovered()
        elif any(level.hours != "always" for level in self.levels) and not self.office_hours:
            wrong.append("levels distinguishes office hours, and office_hours is missing")
        if wrong:
            raise ValueError("; ".join(wrong))
        return self

    def _uncovered(self) -> list[str]:
        kinds = {level.hours for level in self.levels}
        return [] if len(kinds) > 1 and self.office_hours else ["levels must have one for every hour of the week"]

    def _dangling(self) -> list[tuple[str, str]]:
        named: list[tuple[str, str, tuple[str | None, ...], Mapping[str, object]]] = []
        for name, rota in self.rotas.items():
            for index, layer in enumerate(rota.layers):
                named.append((f"rotas.{name}.layers.{index}.people", "people", layer.people, self.people))
            for index, override in enumerate(rota.overrides):
                named.append((f"rotas.{name}.overrides.{index}.person", "people", (override.person,), self.people))
        for name, target in self.targets.items():
            place = f"targets.{name}"
            named += [
                (f"{place}.people", "people", target.people, self.people),
                (f"{place}.rota", "rotas", (target.rota,), self.rotas),
                (f"{place}.webhook", "webhooks", (target.webhook,), self.webhooks),
                (f"{place}.webhook_people", "webhooks", (target.webhook_people,), self.webhooks),
            ]
        for index, level in enumerate(self.levels):
            named.append((f"levels.{index}.targets", "targets", level.targets, self.targets))
        return [
            (place, table) for place, table, names, known in named if any(name and name not in known for name in names)
        ]

    @cached_property
    def compiled_rotas(self) -> dict[str, Rota]:
        return {name: table.rota(self.time_zone) for name, table in self.rotas.items()}

    def applies(self, level: Level, at: datetime) -> bool:
        """Whether a level is for this time of the week."""
        if level.hours == "always":
            return True
        office = inside([hours.window for hours in self.office_hours], self.time_zone, at)
        return office == (level.hours == "office")

    def held(self, severity: Severity, at: datetime) -> tuple[str, datetime] | None:
        """What keeps a severity from paging by itself at `at`, and until when; None for nothing."""
        over = max((end for begin, end in self._maintenance if begin <= at < end), default=None)
        if over:
            return "maintenance", over
        if self.quiet_hours is None or severity in self.quiet_hours.breaks_through:
            return None
        over = ends([hours.window for hours in self.quiet_hours.hours], self.time_zone, at)
        return ("quiet hours", over) if over > at else None

    @cached_property
    def _maintenance(self) -> list[tuple[datetime, datetime]]:
        return [(aware(m.begin, self.time_zone), aware(m.end, self.time_zone)) for m in self.maintenance]


NOBODY: Final = Policy.model_construct(time_zone=ZoneInfo("UTC"), targets={}, levels=())
"""What holds where no on-call file is set: a case is acknowledged and resolved, and nobody is ever paged."""


def load(path: Path) -> Policy:
    """Reads and checks the file. Raises PolicyError."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise PolicyError(f"The on-call file cannot be read ({type(error).__name__}).") from None
    except tomllib.TOMLDecodeError as error:
        _, at, position = str(error).partition("(at ")
        raise PolicyError(f"The on-call file is not TOML ({at and 'at '}{position.rstrip(')')}).") from None
    try:
        return Policy.model_validate(table)
    except ValidationError as error:
        raise PolicyError(*_sentences(error)) from None


def _sentences(error: ValidationError) -> list[str]:
    """One for each mistake. What fails because something in it failed is no mistake of its own."""
    details = error.errors(include_input=False, include_url=False)
    places = [detail["loc"] for detail in details]
    return [
        _sentence(detail)
        for detail in details
        if not any(len(other) > len(detail["loc"]) and other[: len(detail["loc"])] == detail["loc"] for other in places)
    ]


def _sentence(detail: Mapping[str, Any]) -> str:
    place = ".".join(str(part) for part in detail["loc"] if part != "[key]")
    if detail["type"] == "extra_forbidden":
        return f"{place} is not a key of this version."
    message = str(detail["msg"]).removeprefix("Value error, ").removesuffix(".")
    return f"{place}: {message}." if place else f"{message}."
