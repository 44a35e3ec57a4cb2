"""What strings an expression of our sources can be.

An expression that is made of literals, constants, and parameters that only ever get such, has known values. Anything
else (above all a value of a fact) is unknown. So a known command is a proof that no stranger's text is in it.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from pathlib import Path

Function = ast.FunctionDef | ast.AsyncFunctionDef
UNKNOWN = "\u2026"  # stands for what is not known, where the caller can live with that
_DEEPEST = 12
_TALKING = ("diagnostics.checks.", "diagnostics.network.", "diagnostics.logs.")
_OFFERING = ("diagnostics.checks.outcomes",)


class UnknownError(ValueError):
    """The expression holds something that is no literal of ours."""


@dataclass(frozen=True)
class Place:
    """Where an expression stands: names mean something only there."""

    module: str
    function: Function | None
    site: tuple[ast.Call, Place] | None = None  # the one call of `function` that is looked at; None: all of them


@dataclass(frozen=True)
class Module:
    name: str
    path: Path
    tree: ast.Module

    def imported(self) -> dict[str, tuple[str, str]]:
        """What each imported name means: (module, the name there)."""
        froms = [node for node in self.tree.body if isinstance(node, ast.ImportFrom) and node.module]
        return {a.asname or a.name: (str(f.module), a.name) for f in froms for a in f.names}


class Sources:
    """The modules of a folder, as far as strings are concerned."""

    def __init__(self, root: Path, folder: str) -> None:
        paths = sorted((root / folder).rglob("*.py"))
        named = {".".join(p.relative_to(root).with_suffix("").parts).removesuffix(".__init__"): p for p in paths}
        self.modules = {name: Module(name, p, ast.parse(p.read_text("utf-8"))) for name, p in named.items()}
        self._calls: dict[str, list[tuple[ast.Call, Place]]] = defaultdict(list)
        for node, place in self.walk():
            if isinstance(node, ast.Call):
                self._calls[_called(node)].append((node, place))
        self._members = self._read_members()

    def walk(self) -> Iterator[tuple[ast.AST, Place]]:
        """Every node with its place. A function inside a function counts as the outer one."""
        for module in self.modules.values():
            for top in module.tree.body:
                inside = [top] if not isinstance(top, ast.ClassDef) else top.body
                for node in inside:
                    function = node if isinstance(node, Function) else None
                    yield from ((each, Place(module.name, function)) for each in ast.walk(node))

    def calls(self, name: str) -> list[tuple[ast.Call, Place]]:
        """All calls of anything called `name`, bare or as an attribute; not of what another module means by that name."""
        return [(call, place) for call, place in self._calls[name] if not self._means_another(call, name, place)]

    def _means_another(self, call: ast.Call, name: str, place: Place) -> bool:
        """Whether `name` is known here as a function of the active checks, which talk to servers and offer nothing."""
        if isinstance(call.func, ast.Attribute):
            return place.module.startswith(_TALKING) and place.module not in _OFFERING
        origin, _ = self.modules[place.module].imported().get(name, (place.module, name))
        return origin.startswith(_TALKING) and origin not in _OFFERING

    def strings(self, node: ast.expr, place: Place, *, lenient: bool = False, depth: int = 0) -> frozenset[str]:
        """All that `node` can be. Raises UnknownError, or with `lenient` puts an ellipsis in the unknown's place."""
        try:
            return self._strings(node, place, lenient, depth)
        except UnknownError:
            if lenient:
                return frozenset({UNKNOWN})
            raise

    def _strings(self, node: ast.expr, place: Place, lenient: bool, depth: int) -> frozenset[str]:
        if depth > _DEEPEST:
            raise UnknownError(f"{ast.unparse(node)} is too deep")

        def of(part: ast.expr) -> frozenset[str]:
            return self.strings(part, place, lenient=lenient, depth=depth + 1)

        match node:
            case ast.Constant(value=str(text)):
                return frozenset({text})
            case ast.JoinedStr(values=parts):
                return _joined([of(part) for part in parts])
            case ast.FormattedValue(value=inner, conversion=-1, format_spec=None):
                return of(inner)
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                return _joined([of(left), of(right)])
            case ast.IfExp(body=one, orelse=other):
                return of(one) | of(other)
            case ast.BoolOp(op=ast.Or(), values=choices):
                return frozenset().union(*map(of, choices))
            case ast.Call(func=ast.Name(id="next"), args=[ast.GeneratorExp(elt=one), other]):
                return of(one) | of(other)
        found = [*self._meanings(node, place)]
        if not found:
            raise UnknownError(f"`{ast.unparse(node)}` is no literal")
        return frozenset().union(*(self.strings(e, p, lenient=lenient, depth=depth + 1) for e, p in found))

    def _meanings(self, node: ast.expr, place: Place) -> Iterator[tuple[ast.expr, Place]]:
        """The expressions that a name, an attribute or a call can stand for, each with its own place."""
        match node:
            case ast.Name(id=name):
                local = [*self._locals(name, place)]
                yield from local or self._globals(name, place.module)
            case ast.Attribute(attr=name):
                yield from self._property(name)
            case ast.Call(func=ast.Name(id=name)):
                for function, home in self._functions(name, place.module):
                    yield from ((expr, Place(home, function)) for expr in _returned(function))

    def _locals(self, name: str, place: Place) -> Iterator[tuple[ast.expr, Place]]:
        if place.function is None:
            return
        for node in ast.walk(place.function):
            for target, value in self._bindings(node, place):
                if isinstance(target, ast.Name) and target.id == name:
                    yield value, place
        if name in _parameters(place.function):
            yield from self._arguments(name, place)

    def _bindings(self, node: ast.AST, place: Place) -> Iterator[tuple[ast.expr, ast.expr]]:
        """Pairs of a target and what is put into it."""
        match node:
            case ast.Assign(targets=[target], value=value) | ast.NamedExpr(target=target, value=value):
                yield from _pairs(target, value)
            case ast.AnnAssign(target=target, value=ast.expr() as value):
                yield target, value
            case ast.AugAssign(target=ast.Name() as target):
                yield target, ast.Name(id="what += adds")  # never known
            case ast.For(target=target, iter=iterated) | ast.comprehension(target=target, iter=iterated):
                for element in self._elements(iterated, place):
                    yield from _pairs(target, element)

    def _elements(self, node: ast.expr, place: Place) -> list[ast.expr]:
        if isinstance(node, ast.Tuple | ast.List):
            return node.elts
        named = [*self._globals(node.id, place.module)] if isinstance(node, ast.Name) else []
        return [each for value, _ in named if isinstance(value, ast.Tuple | ast.List) for each in value.elts]

    def _globals(self, name: str, module: str) -> Iterator[tuple[ast.expr, Place]]:
        here = self.modules.get(module)
        if here is None:
            return
        for node in here.tree.body:
            for target, value in self._bindings(node, Place(module, None)):
                if isinstance(target, ast.Name) and target.id == name:
                    yield value, Place(module, None)
        if name in (known := here.imported()):
            yield from self._globals(known[name][1], known[name][0])

    def _arguments(self, name: str, place: Place) -> Iterator[tuple[ast.expr, Place]]:
        """What a parameter gets: at every call, and by default."""
        function = place.function
        assert function is not None
        default = _defaults(function).get(name)
        for call, there in [place.site] if place.site else self.sites(place):
            given = _given(call, function, name)
            if given is not None:
                yield given, there
            elif default is not None:
                yield default, Place(place.module, None)
            else:
                yield ast.Name(id=f"{name} of {ast.unparse(call)}"), there  # by * or **: never known

    def sites(self, place: Place) -> list[tuple[ast.Call, Place]]:
        """The calls of the function that `place` is in."""
        found = self.calls(place.function.name) if place.function else []
        return [(call, there) for call, there in found if place.module in self._homes(call, there)]

    def _homes(self, call: ast.Call, place: Place) -> set[str]:
        """The modules that the called function can be of."""
        known = self.modules[place.module].imported()
        match call.func:
            case ast.Name(id=name):
                return {known[name][0]} if name in known else {place.module}
            case ast.Attribute(value=ast.Name(id=name)) if name in known:
                return {".".join(known[name])}
        return set(self.modules)

    def _functions(self, name: str, module: str) -> Iterator[tuple[Function, str]]:
        here = self.modules.get(module)
        if here is None:
            return
        yield from ((n, module) for n in here.tree.body if isinstance(n, Function) and n.name == name)
        if name in (known := here.imported()):
            yield from self._functions(known[name][1], known[name][0])

    def _property(self, name: str) -> Iterator[tuple[ast.expr, Place]]:
        """What properties of this name return; a field of a fact or a helper's value is not known."""
        for member, owner, module in self._members[name]:
            if isinstance(member, Function):
                yield from ((expr, Place(module, member)) for expr in _returned(member))
            else:
                yield ast.Name(id=f"{owner}.{name}"), Place(module, None)

    def _read_members(self) -> dict[str, list[tuple[ast.stmt, str, str]]]:
        """(member, class, module) of every class by the member's name, but for those that commands are put into."""
        found: dict[str, list[tuple[ast.stmt, str, str]]] = defaultdict(list)
        for module in self.modules.values():
            for each in (n for n in module.tree.body if isinstance(n, ast.ClassDef)):
                for member in each.body if each.name not in ("Step", "Ask", "Question") else ():
                    if isinstance(member, Function):
                        found[member.name].append((member, each.name, module.name))
                    elif isinstance(member, ast.AnnAssign):
                        found[ast.unparse(member.target)].append((member, each.name, module.name))
        return found


@lru_cache(maxsize=1)
def diagnostics() -> Sources:
    return Sources(Path(__file__).parent.parent.parent, "diagnostics")


def _joined(parts: list[frozenset[str]]) -> frozenset[str]:
    return frozenset("".join(choice) for choice in product(*parts))


def _called(call: ast.Call) -> str:
    match call.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""


def _pairs(target: ast.expr, value: ast.expr) -> Iterator[tuple[ast.expr, ast.expr]]:
    if isinstance(target, ast.Tuple):
        for choice in (value.body, value.orelse) if isinstance(value, ast.IfExp) else (value,):
            if isinstance(choice, ast.Tuple):
                yield from zip(target.elts, choice.elts, strict=True)
            else:
                yield from ((each, choice) for each in target.elts if isinstance(choice, ast.Call))
    else:
        yield target, value


def _returned(function: Function) -> list[ast.expr]:
    return [n.value for n in ast.walk(function) if isinstance(n, ast.Return) and n.value is not None]


def _parameters(function: Function) -> list[str]:
    return [each.arg for each in (*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs)]


def _defaults(function: Function) -> dict[str, ast.expr]:
    args = function.args
    plain = [each.arg for each in (*args.posonlyargs, *args.args)]
    found = dict(zip(plain[len(plain) - len(args.defaults) :], args.defaults, strict=True))
    found.update({a.arg: d for a, d in zip(args.kwonlyargs, args.kw_defaults, strict=True) if d is not None})
    return found


def _given(call: ast.Call, function: Function, name: str) -> ast.expr | None:
    """The argument of `call` that becomes the parameter `name`."""
    for keyword in call.keywords:
        if keyword.arg == name:
            return keyword.value
    plain = [each.arg for each in (*function.args.posonlyargs, *function.args.args)]
    position = plain.index(name) if name in plain else len(call.args)
    starred = any(isinstance(each, ast.Starred) for each in call.args[: position + 1])
    return call.args[position] if position < len(call.args) and not starred else None
