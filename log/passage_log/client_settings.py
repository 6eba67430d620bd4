"""The Kafka client's own settings, as a user gives them: by Kafka's names, each of them text.

Secrets stay out of a configuration: a setting may be `{env: NAME}` or `{file: /path}`, and `client_file` names a plain
Kafka properties file. They are read once, here. Refuses what correctness hangs on, and to show a setting's value in any
error.
"""

import re
from collections.abc import Mapping
from pathlib import Path

from passage_schemas.errors import ConfigError
from passage_schemas.given.document import Node, read_text, shown

RESERVED = frozenset(
    {
        "allow.auto.create.topics",
        "auto.offset.reset",
        "bootstrap.servers",
        "enable.auto.commit",
        "enable.auto.offset.store",
        "enable.idempotence",
        "enable.partition.eof",
        "error_cb",
        "group.id",
        "group.protocol",
        "isolation.level",
        "log.connection.close",
        "log_level",
        "logger",
        "message.max.bytes",
        "partition.assignment.strategy",
        "transaction.timeout.ms",
        "transactional.id",
    }
)
"""Not the user's to choose: what correctness hangs on. A configuration that has one is told so instead of being quietly
overruled."""


def client_settings(top: Node, environ: Mapping[str, str], folder: Path) -> dict[str, str]:
    """What the properties file that `client_file:` names says, overridden by what stands under `client:`. Files are
    looked for in `folder`, variables in `environ`. Raises ConfigError."""
    file = top.get("client_file")
    found = _properties(file, folder) if file else {}
    section = top.get("client")
    if section and not section.is_mapping:  # which could be a secret
        raise section.wrong("this is no fields; write them below it, indented")
    for setting in section or ():
        if setting.field in RESERVED:
            raise setting.wrong(_why_reserved(setting.field))
        found[setting.field] = _setting(setting, environ, folder)
    return found


def _why_reserved(name: str) -> str:
    where = "write bootstrap: beside client:" if name == "bootstrap.servers" else "take it out"
    return f"is Passage's to set, since its promises hang on it; {where}"


def _setting(setting: Node, environ: Mapping[str, str], folder: Path) -> str:
    seen = setting.value
    if isinstance(seen, bool):
        return str(seen).lower()
    if isinstance(seen, str | int | float):
        return str(seen)
    if not setting.is_mapping or set(seen) not in ({"env"}, {"file"}):
        said = shown(seen) if setting.is_mapping or setting.is_list or seen is None else "this won't do"
        raise setting.wrong(
            f"{said}; write one plain value, as the Kafka client takes it, or where a secret is: "
            "{env: NAME} or {file: /path}"
        )
    (where,) = setting
    told = where.text(re.compile(r"[^\0]+"), "the name of a variable" if "env" in setting else "a path")
    if "file" in setting:
        return _secret_file(where, folder / told)
    if told not in environ:
        raise where.wrong(f"{told} is not in the environment; set it, or take the setting out")
    return environ[told]


def _secret_file(where: Node, path: Path) -> str:
    """Without the newline that editors and `echo` leave at its end."""
    try:
        return read_text(path).removesuffix("\n").removesuffix("\r")
    except ConfigError as error:
        raise where.wrong(str(error)) from error


def _properties(file: Node, folder: Path) -> dict[str, str]:
    path = folder / file.text(re.compile(r"[^\0]+"), "the path of a Kafka client properties file")
    try:
        text = read_text(path)
    except ConfigError as error:
        raise file.wrong(str(error)) from error
    return _properties_in(text, path)


def client_properties(path: Path) -> dict[str, str]:
    """The Kafka client settings in this file. Raises ConfigError."""
    return _properties_in(read_text(path), path)


def _properties_in(text: str, path: Path) -> dict[str, str]:
    """`name=value` lines, as Kafka's own tools read them; `#` and `!` begin a comment."""
    found: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.lstrip()[0] in "#!":
            continue
        name, equals, value = line.partition("=")
        if not equals or not name.strip():
            raise ConfigError(f"{path}:{number}: no name=value; write one setting a line, or begin it with #")
        if name.strip() in RESERVED:
            raise ConfigError(f"{path}:{number}: {name.strip()}: {_why_reserved(name.strip())}")
        found[name.strip()] = value.strip()
    return found
