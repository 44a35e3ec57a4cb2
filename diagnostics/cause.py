"""What a cause is: a pure function from facts to a finding, whose signature is its list of evidence.

A parameter of a fact type is needed: without such a fact the cause isn't considered. The first one is the anchor, and
the cause is asked once for each fact of that type. `T | U` is satisfied by either. `T | None` is wanted: its absence is
what the report asks for next. `tuple[T, ...]` gets every fact of that type, and is never asked for; `T | U` in it gets both.

Beside it a cause may have a function that is `shown`: what settings and look-ups show of it, whatever made it a suspect.
"""

from __future__ import annotations

import inspect
import pkgutil
import types
import typing
from collections.abc import Callable, Iterable, Mapping
from enum import IntEnum
from functools import lru_cache
from importlib import import_module
from types import MappingProxyType
from typing import Any, Final

from msgspec import Struct

from diagnostics.facts import Fact, Source
from diagnostics.kept import kept, loaded
from diagnostics.powershell import command
from diagnostics.report import Act, Effect, Shell, Step


class Belief(IntEnum):
    """Ordered. "Confirmed" is a promise kept in 99 of 100 cases, "likely" in 85."""

    RULED_OUT = 0
    POSSIBLE = 1
    LIKELY = 2
    CONFIRMED = 3


class Finding(Struct, frozen=True):
    """What a cause says of one anchor. `because` names this incident's values in one or two plain sentences.

    `evidence` are the facts that speak for it (or against, when ruled out), most telling first. `act` overrides the
    cause's own; `weight` orders findings of equal belief, higher first. `complete`: the evidence that the cause wants and lacks
    would add nothing to what this text tells, so nobody is asked for it.
    """

    belief: Belief
    because: str
    evidence: tuple[Fact | Source | None, ...] = ()
    steps: tuple[Step, ...] = ()
    act: Act | None = None
    weight: float = 0.0
    complete: bool = False


class Parameter(Struct, frozen=True):
    kinds: tuple[type[Fact], ...]
    mode: typing.Literal["need", "want", "all"]


class Cause(Struct, frozen=True):
    """A catalogued cause. `says` are literal signatures, matched over replies and events (see signatures.py).

    `against` are literals of look-alikes, matched in the same way, each with what it means for a reader who suspected
    this cause: such words rule it out where nothing else makes it likely.
    """

    id: str
    title: str
    act: Act
    module: str
    function: str
    parameters: tuple[Parameter, ...]
    says: tuple[str, ...]
    against: tuple[tuple[str, str], ...]
    benign: bool
    modifier: bool
    look: str = ""  # the name of the function that is `shown`
    looked: tuple[Parameter, ...] = ()  # its parameters

    @property
    def show(self) -> Callable[..., Finding | None] | None:
        """The function that tells by settings and look-ups whether this is the fault, where there is one."""
        found: Callable[..., Finding | None] | None = loaded(self.module, self.look) if self.look else None
        return found

    @property
    def assess(self) -> Callable[..., Finding | None]:
        """The function itself: most texts concern a few causes."""
        found: Callable[..., Finding | None] = loaded(self.module, self.function)
        return found

    @property
    def checks(self) -> tuple[Step, ...]:
        """What to look at where nothing names a value yet: the read-only steps of the module's `_steps`, if it takes strings."""
        return _checks(self.module)

    @property
    def manual(self) -> str:
        """The manual page: the module's docstring."""
        return inspect.cleandoc(import_module(self.module).__doc__ or "")

    @property
    def family(self) -> str:
        return self.id.split(".", 1)[0]

    @property
    def references(self) -> tuple[str, ...]:
        """The links under the manual page's References heading."""
        _, _, tail = self.manual.partition("## References")
        return tuple(line.strip()[2:] for line in tail.splitlines() if line.strip().startswith("- http"))

    @property
    def wanted(self) -> frozenset[type[Fact]]:
        """Fact types that would settle this cause, needed or wanted."""
        return frozenset(kind for p in self.parameters if p.mode != "all" for kind in p.kinds)


@lru_cache(maxsize=512)
def _checks(module: str) -> tuple[Step, ...]:
    steps = getattr(import_module(module), "_steps", None)
    if steps is None:
        return ()
    hints = typing.get_type_hints(steps)
    wanted = [each.name for each in inspect.signature(steps).parameters.values() if each.default is each.empty]
    if any(hints[name] is not str for name in wanted):
        return ()
    return tuple(step for step in steps(*("" for _ in wanted)) if step.effect == "read-only" and step.command)


_ATTRIBUTE: Final = "__mailflow_cause__"
_SHOWN: Final = "__mailflow_shown__"


class _Declared(Struct, frozen=True):
    id: str
    act: Act
    says: tuple[str, ...]
    against: tuple[tuple[str, str], ...]
    benign: bool
    modifier: bool


def cause(
    id: str,  # noqa: A002  the field's own word, and what the catalogue calls it
    *,
    act: Act,
    says: tuple[str, ...] = (),
    against: Mapping[str, str] = MappingProxyType({}),
    benign: bool = False,
    modifier: bool = False,
) -> Callable[[Callable[..., Finding | None]], Callable[..., Finding | None]]:
    """Declare the decorated function a cause. Its module docstring is the manual page. Found by being there."""

    def declare(assess: Callable[..., Finding | None]) -> Callable[..., Finding | None]:
        setattr(assess, _ATTRIBUTE, _Declared(id, act, says, tuple(against.items()), benign, modifier))
        return assess

    return declare


def shown(look: Callable[..., Finding | None]) -> Callable[..., Finding | None]:
    """Declare what settings and look-ups show of the module's cause, once it is a suspect for any reason.

    Every parameter is a `tuple[T, ...]`; it is asked where the first one has facts. It says CONFIRMED where a system that prints
    this has the fault, LIKELY where one without it may print the same, RULED_OUT where all of it was shown and is in order, and
    None where it can't tell. A look alone proves no failure: only what was likely before is confirmed by it.
    """
    setattr(look, _SHOWN, True)
    return look


def _parameters(assess: Callable[..., Any]) -> tuple[Parameter, ...]:
    hints = typing.get_type_hints(assess)
    return tuple(_parameter(hints[name]) for name in inspect.signature(assess).parameters)


def _parameter(hint: Any) -> Parameter:
    if typing.get_origin(hint) is tuple:
        of = typing.get_args(hint)[0]
        return Parameter(typing.get_args(of) or (of,), "all")
    if typing.get_origin(hint) in (types.UnionType, typing.Union):
        members = typing.get_args(hint)
        kinds = tuple(member for member in members if member is not types.NoneType)
        return Parameter(kinds, "want" if types.NoneType in members else "need")
    return Parameter((hint,), "need")


@lru_cache(maxsize=1)
def catalogue() -> dict[str, Cause]:
    """Every cause by id, ordered by id: all modules below diagnostics.causes, known from an index of them."""
    package = import_module("diagnostics.causes")
    rows = kept("causes", lambda: [_row(each) for each in load(package.__path__, "diagnostics.causes.").values()])
    return {each.id: each for each in map(_of_row, rows)}


def load(path: Iterable[str], prefix: str) -> dict[str, Cause]:
    """The causes in the modules below `path`, by id. Raises ValueError when two share an id."""
    found: dict[str, Cause] = {}
    for info in pkgutil.walk_packages(path, prefix):
        if info.ispkg:
            continue
        own = [each for each in vars(import_module(info.name)).values() if getattr(each, "__module__", "") == info.name]
        look = next((each for each in own if getattr(each, _SHOWN, False)), None)
        for member in own:
            declared = getattr(member, _ATTRIBUTE, None)
            if declared is None:
                continue
            if declared.id in found:
                raise ValueError(f"two causes are called {declared.id}")
            found[declared.id] = _cause(declared, member, look)
    return dict(sorted(found.items()))


def _cause(declared: _Declared, assess: Callable[..., Any], look: Callable[..., Any] | None) -> Cause:
    manual = inspect.cleandoc(import_module(assess.__module__).__doc__ or "")
    return Cause(
        id=declared.id,
        title=manual.split("\n", 1)[0].rstrip("."),
        act=declared.act,
        module=assess.__module__,
        function=assess.__name__,
        parameters=_parameters(assess),
        says=declared.says,
        against=declared.against,
        benign=declared.benign,
        modifier=declared.modifier,
        look=look.__name__ if look else "",
        looked=_parameters(look) if look else (),
    )


def _row(each: Cause) -> dict[str, Any]:
    """A cause as the index has it: a fact type is the name of its module and its own."""
    named = {name: list(map(_named, getattr(each, name))) for name in ("parameters", "looked")}
    return {name: getattr(each, name) for name in Cause.__struct_fields__} | named


def _named(parameter: Parameter) -> tuple[list[tuple[str, str]], str]:
    return [(kind.__module__, kind.__name__) for kind in parameter.kinds], parameter.mode


def _of_row(row: dict[str, Any]) -> Cause:
    typed = {
        name: tuple(
            Parameter(tuple(getattr(import_module(module), kind) for module, kind in kinds), mode)
            for kinds, mode in row[name]
        )
        for name in ("parameters", "looked")
    }
    against = tuple((words, meaning) for words, meaning in row["against"])
    return Cause(**(row | typed | {"says": tuple(row["says"]), "against": against}))


EMS: Final[Shell] = "exchange-management-shell"


def look(say: str, template: str, shell: Shell = EMS, **values: str) -> Step:
    """A read-only step."""
    return Step(say=say, shell=shell, command=command(template, **values))


def change(
    say: str,
    template: str,
    *,
    changes: str,
    undo: str,
    verify: str = "",
    shell: Shell = EMS,
    effect: Effect = "config-change",
    **values: str,
) -> Step:
    """A changing step: it says what it changes and how to undo it, or why there is no undo."""
    return Step(
        say=say,
        shell=shell,
        command=command(template, **values),
        effect=effect,
        changes=changes,
        undo=undo,
        verify=verify,
    )
