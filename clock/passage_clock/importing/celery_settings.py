"""What a module of Celery's settings sets, statement by statement: tables of jobs, and timezones, each by its owner.

An owner is what stands before the name: `app.conf`, a class, nothing for the module. A function's statements are taken
to be carried out behind the module's, and each branch to be taken: what that leaves in doubt is marked. It refuses
nothing: what it can't follow is in `lost`, by line, or in a table's own.
"""

import ast
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from passage_clock.importing.python import Call, Table, Unknown, dotted, is_key, last_name, value_of

SUFFIXES = ("beat_schedule", "celerybeat_schedule")
ZONES = ("timezone", "CELERY_TIMEZONE", "TIME_ZONE")

DOUBT = "set under a condition there, or in a loop"


@dataclass(frozen=True, slots=True)
class Job:
    """One entry: whose it is, its key, and what stands there (a table, or the arguments of add_periodic_task)."""

    owner: str
    name: str
    value: object
    line: int
    remarks: tuple[str, ...] = ()


@dataclass(slots=True)
class Settings:
    """What the statements have said so far. `names` by dotted name; `branches`: how deep in what may not happen."""

    names: dict[str, object] = field(default_factory=dict)
    tables: dict[str, list[Table]] = field(default_factory=dict)
    zones: dict[str, dict[str, tuple[object, int]]] = field(default_factory=dict)
    namespaces: list[str] = field(default_factory=list)
    jobs: list[Job] = field(default_factory=list)
    lost: list[tuple[int, str, str]] = field(default_factory=list)
    functions: list[tuple[Sequence[ast.stmt], str, ast.arguments]] = field(default_factory=list)
    branches: int = 0
    in_doubt: set[int] = field(default_factory=set)
    utc_off: bool = False

    def run(self, body: Iterable[ast.stmt], scope: str) -> None:
        for statement in body:
            self._statement(statement, scope)

    def run_functions(self) -> None:
        """Behind the module: what they see is how it ends. Those inside others come behind those."""
        while self.functions:
            body, scope, arguments = self.functions.pop(0)
            every = (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg)
            outside = dict(self.names)
            for one in every:
                if one is not None:
                    self.names[one.arg] = Unknown(one.lineno)
            self.run(body, scope)
            self.names = outside

    def _statement(self, statement: ast.stmt, scope: str) -> None:
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
            self.functions.append((statement.body, f"{scope}{statement.name}().", statement.args))
        elif isinstance(statement, ast.ClassDef):
            outside = dict(self.names)
            inside = f"{scope}{statement.name}."
            self.run(statement.body, inside)
            told = {name: value for name, value in self.names.items() if name.startswith(inside)}
            self.names = {**outside, **told}
        elif isinstance(statement, ast.Assign):
            for target in statement.targets:
                self._assign(target, statement.value, scope)
        elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
            self._assign(statement.target, statement.value, scope)
        elif isinstance(statement, ast.AugAssign):
            self._augment(statement, scope)
        elif isinstance(statement, ast.Delete):
            for target in statement.targets:
                self._remove(target, scope)
        elif isinstance(statement, ast.With | ast.AsyncWith):
            self.run(statement.body, scope)
        else:
            self._expressions(statement, scope)
            self._branches(statement, scope)

    def _branches(self, statement: ast.stmt, scope: str) -> None:
        """Each is read as if it happened; what it names is unknown behind it, and what it adds is in doubt."""
        bodies = [getattr(statement, part, []) for part in ("body", "orelse", "finalbody")]
        bodies += [one.body for part in ("handlers", "cases") for one in getattr(statement, part, [])]
        if not any(bodies):
            return
        before = dict(self.names)
        if isinstance(statement, ast.For | ast.AsyncFor):
            for node in ast.walk(statement.target):
                if isinstance(node, ast.Name):
                    self.names[node.id] = Unknown(node.lineno)
        self.branches += 1
        for body in bodies:
            self.run(body, scope)
        self.branches -= 1
        for name, value in self.names.items():
            if before.get(name, self) is not value and not isinstance(value, Table):
                self.names[name] = Unknown(statement.lineno)

    def _assign(self, target: ast.expr, value: ast.expr, scope: str) -> None:
        self._expressions(value, scope)
        if isinstance(target, ast.Tuple | ast.List):
            values = value.elts if isinstance(value, ast.Tuple | ast.List) else []
            for index, one in enumerate(target.elts):
                self._assign(one, values[index] if len(values) == len(target.elts) else value, scope)
            return
        found = value_of(value, self.names)
        if isinstance(target, ast.Subscript):
            key = value_of(target.slice, self.names)
            if isinstance(key, str) and kind_of(key):
                self._set(dotted(target.value), key, found, target.lineno)
                return
            table = self._table_of(target.value, scope)
            if table is not None:
                self._put(table, key, found, target.lineno)
        elif name := dotted(target):
            owner, _, last = name.rpartition(".")
            self.names[name] = self.names[scope + name] = found
            self._set(owner or scope.rstrip("."), last, found, target.lineno)

    def _augment(self, statement: ast.AugAssign, scope: str) -> None:
        self._expressions(statement.value, scope)
        table = self._table_of(statement.target, scope)
        if table is not None and isinstance(statement.op, ast.BitOr):
            self._take(table, value_of(statement.value, self.names), statement.lineno)
        elif table is not None:
            table.lost.append(statement.lineno)
        elif name := dotted(statement.target):
            self.names[name] = Unknown(statement.lineno)

    def _remove(self, target: ast.expr, scope: str) -> None:
        table = self._table_of(target.value, scope) if isinstance(target, ast.Subscript) else None
        if table is not None and isinstance(target, ast.Subscript):
            self._pop(table, value_of(target.slice, self.names))

    def _pop(self, table: Table, key: object) -> None:
        if not self.branches and is_key(key):
            table.entries.pop(key, None)
        elif is_key(key) and key in table.entries:
            self.in_doubt.add(table.entries[key][1])

    def _expressions(self, node: ast.AST, scope: str) -> None:
        """The calls in this expression, or in what decides a branch, that change or say something."""
        parts = ("value", "test", "iter", "subject", "exc", "msg") if isinstance(node, ast.stmt) else ()
        roots = [getattr(node, part) for part in parts if getattr(node, part, None) is not None] if parts else [node]
        for root in roots:
            for inner in ast.walk(root):
                if isinstance(inner, ast.Call):
                    self._call(inner, scope)
                elif isinstance(inner, ast.Dict):
                    self._settings(inner)

    def _settings(self, node: ast.Dict) -> None:
        """A dictionary of settings: {"beat_schedule": {...}, "timezone": "Europe/London"}."""
        for key, value in zip(node.keys, node.values, strict=True):
            if isinstance(key, ast.Constant) and isinstance(key.value, str) and kind_of(key.value):
                self._set(f"line {node.lineno}", key.value, value_of(value, self.names), key.lineno)

    def _call(self, node: ast.Call, scope: str) -> None:
        kinds = [(one, kind_of(one.arg)) for one in node.keywords if one.arg]
        says_settings = last_name(node.func) in ("update", "Celery", "dict") or any(
            kind == "table" for _, kind in kinds
        )
        owner = dotted(node.func.value) if isinstance(node.func, ast.Attribute) else f"line {node.lineno}"
        for one, kind in kinds:
            if kind and says_settings and one.arg:
                self._set(owner, one.arg, value_of(one.value, self.names), one.value.lineno)
        if last_name(node.func) == "add_periodic_task":
            self._added(node)
        elif isinstance(node.func, ast.Attribute) and (table := self._table_of(node.func.value, scope)) is not None:
            self._changed(table, node, node.func.attr)

    def _changed(self, table: Table, node: ast.Call, how: str) -> None:
        found = value_of(ast.Call(ast.Name("call"), node.args, node.keywords, lineno=node.lineno), self.names)
        assert isinstance(found, Call)
        if how == "update":
            for one in found.arguments:
                self._take(table, one, node.lineno)
            for key, value in found.named.items():
                self._put(table, key, value, node.lineno)
            if found.rest:
                table.lost.append(node.lineno)
        elif how == "setdefault" and found.arguments:
            if not is_key(found.arguments[0]) or found.arguments[0] not in table.entries:
                self._put(table, found.arguments[0], found.arguments[-1], node.lineno)
        elif how == "pop" and found.arguments:
            self._pop(table, found.arguments[0])
        elif how == "clear" and not self.branches:
            table.entries.clear()

    def _added(self, node: ast.Call) -> None:
        found = value_of(node, self.names)
        if not isinstance(found, Call) or found.rest:
            self.lost.append((node.lineno, "add_periodic_task", "its arguments are worked out by the program"))
            return
        given = dict(zip(("schedule", "sig", "args", "kwargs", "name"), found.arguments, strict=False))
        given.update(found.named)
        signature = (
            node.args[1] if len(node.args) > 1 else next((k.value for k in node.keywords if k.arg == "sig"), None)
        )
        name, remarks = given.get("name"), self._doubt()
        if not isinstance(name, str) or not name:
            called = signature.func if isinstance(signature, ast.Call) else signature
            name = dotted(called).removesuffix(".s").removesuffix(".si").removesuffix(".signature") if called else ""
            name, remarks = name or "job", (*remarks, "it has no name there; beat's log names it by its signature")
        self.jobs.append(Job("", name, given.get("schedule"), node.lineno, remarks))

    def _doubt(self) -> tuple[str, ...]:
        return (DOUBT,) if self.branches else ()

    def _table_of(self, node: ast.expr, scope: str) -> Table | None:
        """What this names, if it is a table; the one of a `beat_schedule` is made where none was set in this file."""
        name = dotted(node)
        found = value_of(node, self.names)
        if not isinstance(found, Table) and name and kind_of(last_name(node)) == "table":
            found = self.names[name] = Table()
            self.tables.setdefault(name.rpartition(".")[0] or scope.rstrip("."), []).append(found)
        return found if isinstance(found, Table) else None

    def _put(self, table: Table, key: object, value: object, line: int) -> None:
        if not is_key(key):
            table.lost.append(line)
            return
        table.entries[key] = (value, line)
        if self.branches:
            self.in_doubt.add(line)

    def _take(self, table: Table, other: object, line: int) -> None:
        if isinstance(other, list) and all(isinstance(one, list) and len(one) == 2 for one in other):
            for key, value in other:
                self._put(table, key, value, line)
            return
        table.take(other, line)
        if self.branches and isinstance(other, Table):
            self.in_doubt |= {entry[1] for entry in other.entries.values()}

    def zones_of(self, owner: str) -> list[tuple[object, int]]:
        """The owner's own, the one that counts first: that of another namespace than a table's doesn't."""
        known = self.zones.get(owner, {})
        names = ("timezone", *(f"{namespace}TIMEZONE" for namespace in self.namespaces), *ZONES[1:])
        return [known[name] for name in names if name in known]

    def _set(self, owner: str, name: str, value: object, line: int) -> None:
        """A setting of this owner's."""
        kind = kind_of(name)
        if kind == "zone":
            known = self.zones.setdefault(owner, {})
            known[name] = (value if not self.branches or name not in known else Unknown(line), line)
        elif name.lower().endswith("enable_utc"):
            self.utc_off |= value is False
        elif kind == "table":
            table = value if isinstance(value, Table) else Table(lost=[line])
            self.namespaces.append(name.removesuffix("BEAT_SCHEDULE"))
            if not self.branches:
                self.tables[owner] = []
            else:
                self.in_doubt |= {entry[1] for entry in table.entries.values()}
            self.tables.setdefault(owner, []).append(table)


def kind_of(name: str) -> str:
    """Of a setting: `table`, `zone`, or neither. Any namespace may stand before it: CELERY_BEAT_SCHEDULE."""
    lower = name.lower()
    if lower.endswith(SUFFIXES):
        return "table"
    return "zone" if name in ZONES or (name.isupper() and name.endswith("_TIMEZONE")) else ""
