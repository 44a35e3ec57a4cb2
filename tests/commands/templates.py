"""Every command that the sources offer, reached by a case or not: read from the sources themselves."""

from __future__ import annotations

import ast
import string
from dataclasses import dataclass
from functools import lru_cache
from itertools import product

from diagnostics.asks import ASKABLE
from diagnostics.checks.outcomes import meanings
from tests.commands.literals import Place, Sources, UnknownError, diagnostics

_SHELL = "exchange-management-shell"
# The parameters of each maker, in order; all others of a call are values for the placeholders.
_MAKERS = {
    "look": ("say", "template", "shell"),
    "change": ("say", "template", "changes", "undo", "verify", "shell", "effect"),
    "Ask": ("say", "template", "yields", "shell", "cost", "holds", "about"),
}


@dataclass(frozen=True)
class Template:
    """One offered command before its values are put in. `words` are what a reader is told, by parameter."""

    where: str
    maker: str
    shell: str
    text: str
    values: frozenset[str]
    effect: str
    words: dict[str, frozenset[str]]

    @property
    def read_only(self) -> bool:
        return self.effect == "read-only"

    @property
    def fields(self) -> list[tuple[str, str]]:
        """(name, "" or "token") of each placeholder, in order."""
        return [(name, spec or "") for _, name, spec, _ in string.Formatter().parse(self.text) if name is not None]


def collected(sources: Sources) -> tuple[list[Template], list[str]]:
    """(every template, a line for each that is not made of literals)."""
    found: list[Template] = []
    unknown: list[str] = []
    for maker in _MAKERS:
        for call, place in sources.calls(maker):
            if isinstance(call.func, ast.Name) and place.module != "diagnostics.cause":
                try:
                    found += _templates(sources, maker, call, place)
                except UnknownError as problem:
                    unknown.append(f"{place.module}:{call.lineno}: {problem}")
    return found, unknown


def _at_each_site(sources: Sources, place: Place) -> list[Place]:
    """A helper's shell and template belong together: each call of the helper is looked at by itself."""
    return [Place(place.module, place.function, site) for site in sources.sites(place)] or [place]


@lru_cache(maxsize=1)
def every() -> tuple[Template, ...]:
    return (*collected(diagnostics())[0], *_of_outcomes())


def _of_outcomes() -> list[Template]:
    """What mends an outcome of a check stands in its table."""
    values = frozenset({"host", "domain", "name", "thumbprint_of_the_new_one"})
    return [
        Template(
            f"outcomes.toml {outcome}",
            "look" if step.effect == "read-only" else "change",
            step.shell,
            step.command,
            frozenset(name for _, name, _, _ in string.Formatter().parse(step.command) if name) & values,
            step.effect,
            {
                name: frozenset({str(getattr(step, name))})
                for name in ("say", "changes", "undo", "verify")
                if getattr(step, name)
            },
        )
        for outcome, meaning in meanings().items()
        for step in meaning.steps
    ]


def _templates(sources: Sources, maker: str, call: ast.Call, place: Place) -> list[Template]:
    given = dict(zip(_MAKERS[maker], call.args, strict=False))
    given |= {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg}
    if any(keyword.arg is None for keyword in call.keywords):
        raise UnknownError(f"`{ast.unparse(call)}` hides its values behind **")

    def known(name: str, otherwise: str, at: Place) -> frozenset[str]:
        return sources.strings(given[name], at) if name in given else frozenset({otherwise})

    effect = "config-change" if maker == "change" else "read-only"
    found = {
        choice
        for at in _at_each_site(sources, place)
        for choice in product(known("shell", _SHELL, at), known("template", "", at), known("effect", effect, at))
    }
    told = ("say", "changes", "undo", "verify")
    words = {name: sources.strings(given[name], place, lenient=True) for name in told if name in given}
    values = frozenset(ASKABLE if maker == "Ask" else given) - set(_MAKERS[maker])
    where = f"{place.module}:{call.lineno}"
    return [Template(where, maker, shell, text, values, effect, words) for shell, text, effect in sorted(found)]
