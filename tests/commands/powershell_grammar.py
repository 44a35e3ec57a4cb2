"""A second opinion on our commands: what tree-sitter's PowerShell grammar makes of them."""

from __future__ import annotations

from collections.abc import Iterator

import tree_sitter_powershell
from tree_sitter import Language, Node, Parser

_PARSER = Parser(Language(tree_sitter_powershell.language()))


def parsed(command: str) -> Node:
    return _PARSER.parse(command.encode()).root_node


def nodes(node: Node) -> Iterator[Node]:
    yield node
    for child in node.children:
        yield from nodes(child)


def errors(command: str) -> list[str]:
    """The stretches that the grammar cannot read. Bare comma lists (`Format-List A,B`) are fine in PowerShell."""
    return [
        n.text.decode() for n in nodes(parsed(command)) if (n.type == "ERROR" or n.is_missing) and n.text is not None
    ]


def literals(command: str) -> list[str]:
    """The verbatim (single-quoted) strings of a command, as written."""
    return [
        n.text.decode() for n in nodes(parsed(command)) if n.type == "verbatim_string_characters" and n.text is not None
    ]
