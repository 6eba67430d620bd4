"""Functions of the user's must be pure: what a replay asks again it must get again.

Two nets, neither without holes. `impurity_of` reads a function's code when the app is built and knows the clocks, dice
and doors of the standard library by name; `twice_the_same` calls a function twice, in tests, and compares.
"""

import builtins
import dis
from collections.abc import Callable, Iterator
from datetime import date
from functools import partial, wraps
from inspect import getattr_static
from types import BuiltinFunctionType, CodeType, FunctionType, MethodType, ModuleType
from typing import Any, NamedTuple

from passage_processors.errors import Impure

_MODULES = frozenset(
    (
        "time", "random", "secrets", "socket", "requests", "httpx", "aiohttp", "urllib.request", "http.client",
        "subprocess", "numpy.random", "threading", "multiprocessing",
    )
)  # fmt: skip
_FUNCTION_MODULES = _MODULES | {"os", "posix", "nt", "_random", "_socket"}
_NAMED = frozenset((("uuid", "uuid1"), ("uuid", "uuid4"), ("pathlib", "Path"), ("io", "open"), ("_io", "open")))
_BUILTINS = frozenset(("open", "print", "input", "id", "hash"))
"""`hash` of a text differs from one process to the next, and `id` always."""
_MOMENTS = frozenset(("now", "utcnow", "today"))
_ATTRIBUTES = ("LOAD_ATTR", "LOAD_METHOD")
_MISSING = object()


class Impurity(NamedTuple):
    """What a function uses that it must not."""

    what: str
    where: str
    """File and line."""


def impurity_of(function: Callable[..., Any]) -> Impurity | None:
    """The first clock, die or door a function's code names, itself or through functions of its own package; None where
    none is found. What it reaches through its arguments is not seen."""
    while isinstance(function, partial):
        function = function.func
    if (what := _forbidden(function)) is not None:
        return Impurity(what, "the function itself")
    return _search(function, set())


def _search(function: Any, seen: set[CodeType]) -> Impurity | None:
    while isinstance(function, partial | MethodType):
        function = function.func if isinstance(function, partial) else function.__func__
    function = getattr(function, "__wrapped__", function)
    if not isinstance(function, FunctionType):
        return None
    names = dict(function.__globals__)
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        names[name] = _content(cell)
    return _search_code(function.__code__, names, vars(builtins), _package(function), seen)


def _content(cell: Any) -> Any:
    try:
        return cell.cell_contents
    except ValueError:
        return _MISSING


def _package(function: FunctionType) -> str:
    return str(function.__globals__.get("__name__", "")).partition(".")[0]


def _search_code(
    code: CodeType, names: dict[str, Any], beneath: dict[str, Any], package: str, seen: set[CodeType]
) -> Impurity | None:
    if code in seen:
        return None
    seen.add(code)
    line = code.co_firstlineno
    present: Any = _MISSING
    instructions = list(dis.get_instructions(code))
    for place, instruction in enumerate(instructions):
        line = instruction.starts_line if type(instruction.starts_line) is int else line
        operation, name = instruction.opname, instruction.argval
        if operation in ("LOAD_GLOBAL", "LOAD_NAME", "LOAD_DEREF", "LOAD_CLASSDEREF"):
            present = names.get(name, beneath.get(name, _MISSING))
        elif operation in _ATTRIBUTES and isinstance(present, ModuleType | type):
            present = _attribute(present, name)
        elif operation == "IMPORT_NAME":
            present = _MISSING
            if name in _MODULES:
                return Impurity(name, f"{code.co_filename}:{line}")
        else:
            present = _MISSING
        if (what := _forbidden(present)) is not None:
            after = instructions[place + 1] if isinstance(present, ModuleType) else None
            if after is not None and after.opname in _ATTRIBUTES:
                what = f"{what}.{after.argval}"
            return Impurity(what, f"{code.co_filename}:{line}")
        is_ours = isinstance(present, FunctionType) and _package(present) == package
        if is_ours and (impurity := _search(present, seen)) is not None:
            return impurity
    for inner in code.co_consts:
        if isinstance(inner, CodeType) and (impurity := _search_code(inner, names, beneath, package, seen)) is not None:
            return impurity
    return None


def _attribute(owner: Any, name: str) -> Any:
    if isinstance(owner, type) and isinstance(getattr_static(owner, name, None), property):
        return _MISSING
    return getattr(owner, name, _MISSING)


def _forbidden(value: Any) -> str | None:
    """How to call it, if it is a clock, a die or a door."""
    if isinstance(value, ModuleType):
        return value.__name__ if value.__name__ in _MODULES else None
    module, name = getattr(value, "__module__", None), getattr(value, "__name__", None)
    owner = getattr(value, "__self__", None)
    if isinstance(owner, type) and issubclass(owner, date) and name in _MOMENTS:
        return f"{owner.__name__}.{name}"
    if type(value).__name__ == "_Environ" and type(value).__module__ == "os":
        return "os.environ"
    if not isinstance(value, FunctionType | BuiltinFunctionType | MethodType | type):
        return None
    if owner is not None and type(owner).__module__ in ("random", "_random", "secrets"):
        return f"random.{name}"
    if module == "builtins" and name in _BUILTINS and not isinstance(value, type):
        return str(name)
    if (module, name) in _NAMED:
        return str(name) if module in ("io", "_io") else f"{module}.{name}"
    if module in _FUNCTION_MODULES and not isinstance(value, type):
        return f"{module}.{name}"
    if module == "pendulum" and name in _MOMENTS:
        return f"pendulum.{name}"
    return None


def twice_the_same(function: Callable[..., Any], name: str) -> Callable[..., Any]:
    """The function, called twice each time. Raises Impure where the answers, or the errors, differ."""

    @wraps(function)
    def asked(*args: Any) -> Any:
        first, second = _answer(function, args), _answer(function, args)
        if repr(first) != repr(second):
            raise Impure(
                f"{name} gave two answers for the same fact: it must not look at a clock, chance or anything outside, "
                f"nor change what it is given; first {_short(first)}, then {_short(second)}"
            )
        answer, error = first
        if error is not None:
            raise error
        return answer

    return asked


def _answer(function: Callable[..., Any], args: tuple[Any, ...]) -> tuple[Any, Exception | None]:
    try:
        answer = function(*args)
        if isinstance(answer, Iterator):
            answer = tuple(answer)  # a generator answers only when it is asked on
    except Exception as error:  # noqa: BLE001 - it is raised again, once it is known to be the answer
        return None, error
    return answer, None


def _short(answered: tuple[Any, Exception | None]) -> str:
    text = repr(answered[0] if answered[1] is None else answered[1])
    return text if len(text) <= 200 else text[:200] + "..."
