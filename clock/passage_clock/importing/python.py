"""A Python module read and never run: what its names stand for, as far as it can be told without running it.

Values are numbers, texts, lists, timedeltas, tables (dictionaries, which remember their lines) and calls that were not
carried out. All else is `Unknown`, which is a value too: whoever needs it says so. It refuses to guess: what only a
branch, a loop or an import decides is unknown.
"""

import ast
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from passage_clock.errors import ClockError
from passage_clock.importing.found import shown

MOST = 10**12
"""No number of a schedule is larger: nothing is reckoned with one that is."""

LONGEST_RANGE = 10_000

UNITS = ("days", "seconds", "microseconds", "milliseconds", "minutes", "hours", "weeks")
"""In the order timedelta(...) takes them."""

COPIES = frozenset({"dict", "OrderedDict", "copy", "deepcopy", "MappingProxyType"})


@dataclass(frozen=True, slots=True)
class Unknown:
    """What the program works out, there."""

    line: int


@dataclass(frozen=True, slots=True)
class Call:
    """A call that was not carried out: crontab(hour=5). `rest`: it has arguments that are not known."""

    name: str
    arguments: Sequence[object]
    named: Mapping[str, object]
    node: ast.Call
    rest: bool = False


@dataclass(slots=True)
class Table:
    """A dictionary, with the line of each entry. `lost`: lines of what it has beside, which is not known."""

    entries: dict[object, tuple[object, int]] = field(default_factory=dict)
    lost: list[int] = field(default_factory=list)

    def get(self, key: object) -> object:
        return self.entries[key][0] if key in self.entries else None

    def take(self, other: object, line: int) -> None:
        if isinstance(other, Table):
            self.entries.update(other.entries)
            self.lost += other.lost
        else:
            self.lost.append(line)

    def copy(self) -> "Table":
        return Table(dict(self.entries), list(self.lost))


NamedValues = Mapping[str, object]
"""Values by dotted name: `TZ`, `Base.beat_schedule`."""


def parsed(given: bytes, file: str) -> ast.Module:
    """A module says its own encoding. Raises ClockError for what is no Python."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the file's own spelling
            return ast.parse(given)
    except SyntaxError as error:
        raise ClockError(f"{file}:{error.lineno or 1}: not Python: {shown(error.msg)}") from error
    except (ValueError, RecursionError, MemoryError) as error:
        why = str(error) if isinstance(error, ValueError) else "it is nested too deep"
        raise ClockError(f"{file}: not Python: {shown(why)}") from error


def dotted(node: ast.expr) -> str:
    """`app.conf.timezone`; nothing for what is no name."""
    if isinstance(node, ast.Attribute):
        base = dotted(node.value)
        return f"{base}.{node.attr}" if base else ""
    return node.id if isinstance(node, ast.Name) else ""


def last_name(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def value_of(node: ast.expr, names: NamedValues) -> object:
    """What this expression stands for."""
    if isinstance(node, ast.Constant):
        if isinstance(node.value, int) and abs(node.value) > MOST:
            return Unknown(node.lineno)
        return node.value if isinstance(node.value, str | int | float | None) else Unknown(node.lineno)
    if isinstance(node, ast.Name | ast.Attribute):
        name = dotted(node)
        return names[name] if name in names else Unknown(node.lineno)
    if isinstance(node, ast.List | ast.Tuple | ast.Set):
        found = [value_of(one, names) for one in node.elts]
        return Unknown(node.lineno) if any(isinstance(one, Unknown) for one in found) else found
    if isinstance(node, ast.Dict):
        return _table(node, names)
    if isinstance(node, ast.UnaryOp | ast.BinOp):
        return _reckoned(node, names)
    if isinstance(node, ast.Subscript):
        table = value_of(node.value, names)
        key = value_of(node.slice, names)
        return table.get(key) if isinstance(table, Table) and is_key(key) else Unknown(node.lineno)
    return _called(node, names) if isinstance(node, ast.Call) else Unknown(node.lineno)


def is_key(value: object) -> bool:
    return isinstance(value, str | int | float)


def _table(node: ast.Dict, names: NamedValues) -> Table:
    table = Table()
    for key, value in zip(node.keys, node.values, strict=True):
        if key is None:
            table.take(value_of(value, names), value.lineno)
            continue
        known = value_of(key, names)
        if is_key(known):
            table.entries[known] = (value_of(value, names), key.lineno)
        else:
            table.lost.append(key.lineno)
    return table


def _reckoned(node: ast.UnaryOp | ast.BinOp, names: NamedValues) -> object:
    unknown = Unknown(node.lineno)
    if isinstance(node, ast.UnaryOp):
        value = value_of(node.operand, names)
        return -value if isinstance(node.op, ast.USub) and isinstance(value, int | float) else unknown
    left, right = value_of(node.left, names), value_of(node.right, names)
    if isinstance(left, Table) and isinstance(node.op, ast.BitOr):
        joined = left.copy()
        joined.take(right, node.lineno)
        return joined
    if isinstance(left, str) and isinstance(right, str) and isinstance(node.op, ast.Add):
        return left + right if len(left) + len(right) < LONGEST_RANGE else unknown
    if isinstance(left, list) and isinstance(right, list) and isinstance(node.op, ast.Add):
        return left + right
    if not (_is_small(left) and _is_small(right)):
        return unknown
    return _sum(node.op, left, right, unknown)


def _is_small(value: object) -> bool:
    return isinstance(value, timedelta) or (isinstance(value, int | float) and abs(value) <= MOST)


def _sum(sign: ast.operator, left: object, right: object, unknown: Unknown) -> object:
    """By Python's own operators: which of them go together, of numbers and timedeltas, is what they know."""
    try:
        if isinstance(sign, ast.Add):
            return left + right  # type: ignore[operator]
        if isinstance(sign, ast.Sub):
            return left - right  # type: ignore[operator]
        if isinstance(sign, ast.Mult):
            return left * right  # type: ignore[operator]
        if isinstance(sign, ast.Div):
            return left / right  # type: ignore[operator]
        return left // right if isinstance(sign, ast.FloorDiv) else unknown  # type: ignore[operator]
    except (TypeError, ArithmeticError, ValueError):
        return unknown


def _called(node: ast.Call, names: NamedValues) -> object:
    name, unknown = last_name(node.func), Unknown(node.lineno)
    arguments, rest = _arguments(node, names)
    named = Table()
    for one in node.keywords:
        if one.arg is None:
            named.take(value_of(one.value, names), node.lineno)
        else:
            named.entries[one.arg] = (value_of(one.value, names), one.value.lineno)
    call = Call(name, arguments, {str(key): value for key, (value, _) in named.entries.items()}, node, rest=rest)
    if rest or named.lost:
        return Call(name, arguments, call.named, node, rest=True)
    if isinstance(node.func, ast.Attribute) and name in ("copy", "total_seconds", "get") and name not in names:
        return _method(node.func, call, names)
    if name == "timedelta":
        return _timedelta(call, unknown)
    if name in COPIES:
        table = Table()
        if arguments:
            table.take(arguments[0], node.lineno)
        table.entries.update(named.entries)
        return table
    if name in ("list", "tuple", "set", "frozenset", "sorted") and len(arguments) == 1:
        return arguments[0] if isinstance(arguments[0], list) else unknown
    return _range(arguments, unknown) if name == "range" else call


def _arguments(node: ast.Call, names: NamedValues) -> tuple[list[object], bool]:
    """And whether there are others, unknown."""
    arguments: list[object] = []
    for one in node.args:
        value = value_of(one.value if isinstance(one, ast.Starred) else one, names)
        if not isinstance(one, ast.Starred):
            arguments.append(value)
        elif isinstance(value, list):
            arguments += value
        else:
            return arguments, True
    return arguments, False


def _method(func: ast.Attribute, call: Call, names: NamedValues) -> object:
    owner = value_of(func.value, names)
    if isinstance(owner, timedelta) and call.name == "total_seconds":
        return owner.total_seconds()
    if isinstance(owner, Table) and call.name == "copy":
        return owner.copy()
    if isinstance(owner, Table) and call.name == "get" and call.arguments and is_key(call.arguments[0]):
        return owner.get(call.arguments[0])
    if call.name == "copy" and call.arguments:  # the module's function
        return call.arguments[0].copy() if isinstance(call.arguments[0], Table) else call
    return call


def _timedelta(call: Call, unknown: Unknown) -> object:
    given = {**dict(zip(UNITS, call.arguments, strict=False)), **call.named}
    numbers = {name: value for name, value in given.items() if isinstance(value, int | float) and _is_small(value)}
    if numbers.keys() != given.keys() or not given.keys() <= set(UNITS) or len(call.arguments) > len(UNITS):
        return unknown
    try:
        return timedelta(**numbers)
    except (ArithmeticError, ValueError):
        return unknown


def _range(arguments: Sequence[object], unknown: Unknown) -> object:
    whole = [one for one in arguments if isinstance(one, int) and _is_small(one)]
    if len(whole) != len(arguments) or not 1 <= len(whole) <= 3 or 0 in whole[2:]:
        return unknown
    found = range(*whole)
    return list(found) if len(found) <= LONGEST_RANGE else unknown
