"""The values of the code tables: a row as it stands in a table, and what `explain` answers."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from diagnostics.values import Value

Said = Annotated[str, Meta(min_length=1)]


class Row(Struct, frozen=True, forbid_unknown_fields=True):
    """One line of a table.

    `code` is a reply number ("550"), an enhanced code with or without one ("5.7.64", "550 5.7.64"), a class of
    them ("X.7.1", "5.7.900-5.7.999"), a hex result, an event ("Event 12014"), an alert ("alert 48") or a word.
    `text` must occur in what is judged for the row to apply; "…" in it stands for anything in between, and ""
    means that the code alone is enough. `aliases` are other names of the same thing. `causes` are cause ids with
    their weights (0 to 1), best first. `wrapper` marks a code that only carries another error, `calm` an event that
    tells of nothing that mail suffers from, whatever its level, `usual` the one that
    is meant where a number of several programs is told without its program.
    """

    code: Said
    name: Said
    emitter: Said
    meaning: Said
    source: Said
    aliases: tuple[str, ...] = ()
    text: str = ""
    wrapper: bool = False
    calm: bool = False
    usual: bool = False
    causes: tuple[tuple[str, float], ...] = ()


class Meaning(Value, frozen=True, kw_only=True):
    """One thing that a code can mean. `causes` are cause ids, the likeliest first."""

    code: str
    name: str
    meaning: str
    emitter: str
    wrapper: bool = False
    causes: tuple[str, ...] = ()
    source: str


class Explanation(Value, frozen=True, kw_only=True):
    """What is known about `query`: the meanings, best first, and one sentence on what to do next (or "")."""

    query: str
    found: bool
    meanings: tuple[Meaning, ...] = ()
    hint: str = ""
