"""The app a command works with: found by its module and name, every mistake told in one line."""

import os
import sys
import traceback
from importlib import import_module
from pathlib import Path

from passage.apps import load_app_file
from passage.cli.terminal import open_log
from passage.errors import CommandError
from passage_log.client_settings import client_properties
from passage_log.kafka import KafkaLog
from passage_processors import App, AppError, ProcessorError


def open_app_log(
    bootstrap: str | None, client_file: Path | None, connect_timeout_seconds: float, client: str | None = None
) -> KafkaLog:
    """`client`: what the brokers, and so `status`, are to call whoever asks, unless the file says it.

    Raises CommandError when nobody says where Kafka is, ConfigError for what is wrong in the file."""
    settings = {} if client is None else {"client.id": client}
    if client_file is not None:
        settings |= client_properties(client_file)
    return open_log(bootstrap, None, settings, connect_timeout_seconds)


def key_given(aggregate: str) -> str:
    """An aggregate as it was typed. Raises CommandError for bytes that are no text, which no event could name."""
    try:
        aggregate.encode()
    except UnicodeEncodeError:
        raise CommandError(f"the aggregate {aggregate!r} is not UTF-8; facts are keyed by text") from None
    return aggregate


def load_app(where: str) -> App:
    """The app at `module:name`, the working directory's modules included, or in a YAML file. Raises AppError, and
    ConfigError for what is wrong in a file."""
    if where.endswith((".yaml", ".yml")):
        sys.path.insert(0, os.getcwd())
        return load_app_file(Path(where))
    module, _, name = where.partition(":")
    if not module or not name:
        raise AppError(f"{where!r} names no app; write MODULE:APP, e.g. examples.overdue_invoices:app, or FILE.yaml")
    sys.path.insert(0, os.getcwd())
    try:
        imported = import_module(module)
    except (Exception, SystemExit) as error:
        if isinstance(error, ProcessorError):
            raise
        if isinstance(error, ModuleNotFoundError) and error.name == module.partition(".")[0]:
            raise AppError(f"{where}: {error}; run where the module is, or install it") from error
        last = traceback.extract_tb(error.__traceback__)[-1]
        said = f"{type(error).__name__}: {error}"
        raise AppError(f"{where}: can't be imported: {said} ({last.filename}:{last.lineno})") from error
    found = getattr(imported, name, None)
    if found is None:
        apps = [known for known, value in vars(imported).items() if isinstance(value, App)]
        raise AppError(f"{where}: module {module} has no {name!r}; its apps: {', '.join(apps) or 'none'}")
    if not isinstance(found, App):
        raise AppError(f"{where} is a {type(found).__name__}, not an App")
    return found
