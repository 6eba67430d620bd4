"""A schema registry, by Confluent's own client: which schema a number stands for, and the other way round.

What a registry does not say must not turn a fact into a dead letter. So only one of its answers is about the value, "I
don't know this number"; all else (nobody there, not let in, another thing at the address) is an error of the log, which
drops the step, and the fact comes again.
"""

import json
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, TypeVar
from urllib.parse import unquote, urlsplit, urlunsplit

import structlog
from confluent_kafka.schema_registry import Schema as Registered
from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.error import SchemaRegistryError

from passage_log.errors import Unfit, Unreachable
from passage_log.kafka import bounded
from passage_log.kafka.access import SECRET
from passage_schemas.errors import Interrupted, SchemaError
from passage_schemas.fingerprint import Schema
from passage_schemas.formats.naming import full_name
from passage_schemas.formats.references import whole

Answer = TypeVar("Answer")

_log = structlog.get_logger("passage.log")

TIMEOUT_SECONDS = 5
_PATIENCE: Mapping[str, object] = {"timeout": TIMEOUT_SECONDS, "max.retries": 1, "retries.wait.ms": 200}
"""The worker comes back by itself; meanwhile it should still hear that it is to stop."""

_UNKNOWN_NUMBER = 40403
_LATER = frozenset({408, 429, 500, 502, 503, 504})
_NOT_LET_IN = frozenset({401, 403})
_CREDENTIALS = "basic.auth.user.info"


class RegistryUnreachable(Unreachable, Interrupted):
    """The registry did not answer. Come back later; the value it was asked for is not at fault."""


class RegistryRefuses(Unfit, Interrupted):
    """The registry answered that it won't, or is none. An operator has to change something."""


class _Unexplained(RegistryRefuses):
    """Whether it is the question's fault or the registry's is not said."""


class SchemaRegistry:
    """`settings` are the client's own. Asks nothing before it is needed. Raises SchemaError for an address or a setting
    that can't be."""

    def __init__(self, address: str, settings: Mapping[str, str] | None = None) -> None:
        self.address, credentials = _split(address)
        chosen = {**_PATIENCE, **(settings or {}), "url": self.address}
        if credentials is not None:
            # Out of the address: whoever logs a request logs its address too.
            chosen[_CREDENTIALS] = credentials
        self._secrets = _secrets(chosen)
        try:
            self._client = SchemaRegistryClient(chosen)
            self._seconds = _longest(chosen)
        except (ValueError, TypeError, OSError) as error:
            raise SchemaError(f"registry {self.address}: {self._said(error)}") from None

    def __repr__(self) -> str:
        return f"SchemaRegistry({self.address!r})"

    def schema(self, number: int) -> Schema:
        """The Avro schema of this number. Raises SchemaError where there is none, RegistryUnreachable,
        RegistryRefuses."""
        try:
            found = self._known(number)
        except _Unknown:
            raise SchemaError(
                f"the registry at {self.address} knows no schema {number}; the value was framed for another registry, "
                "or not framed at all"
            ) from None
        if found.schema_type not in (None, "AVRO"):
            raise SchemaError(f"schema {number} in the registry is of type {found.schema_type}; a fact's is AVRO")
        try:
            schema: Schema = json.loads(found.schema_str or "")
            return whole(schema, self._others(found)) if found.references else schema
        except ValueError as error:
            raise SchemaError(f"schema {number} in the registry is not JSON: {error}") from None

    def _known(self, number: int) -> Registered:
        """Raises _Unknown also where the registry won't say why, and is one all the same: it answers other questions,
        so it is this number it has nothing for."""
        try:
            return self._ask(f"schema {number}", lambda: self._client.get_schema(number))
        except _Unexplained as error:
            self._ask("its subjects", self._client.get_subjects)
            raise _Unknown(str(error)) from error

    def number(self, subject: str, schema: Schema, register: bool) -> int:
        """The schema's number under the subject. Raises RegistryUnreachable; RegistryRefuses where it is not registered
        and should not or can't be."""
        text = Registered(json.dumps(schema), "AVRO")
        what = f"{full_name(schema)} under subject {subject!r}"
        if register:
            number: int = self._ask(what, lambda: self._client.register_schema(subject, text))
            _log.info("schema_registered", subject=subject, number=number, registry=self.address)
            return number
        try:
            found = self._ask(what, lambda: self._client.lookup_schema(subject, text).schema_id)
        except _Unknown:
            found = None
        if found is None:
            raise RegistryRefuses(
                f"the registry at {self.address} does not have {what}; register it, or say register=True"
            )
        return found

    def _others(self, referring: Registered) -> list[Schema]:
        """What a schema refers to, and what that refers to."""
        found: list[Schema] = []
        for one in referring.references or ():
            subject, version = str(one.subject), int(one.version or 0)
            try:
                other = self._ask(f"{subject} {version}", partial(self._client.get_version, subject, version))
            except _Unknown:
                # It was there when the other was registered: that it is gone now is the registry's affair.
                raise RegistryRefuses(
                    f"the registry at {self.address} has lost version {version} of {subject!r}, which another needs"
                ) from None
            found += [json.loads(other.schema.schema_str or ""), *self._others(other.schema)]
        return found

    def _ask(self, what: str, question: Callable[[], Answer]) -> Answer:
        try:
            return bounded.call(f"registry {self.address}: {what}", self._seconds, question, RegistryUnreachable)
        except SchemaRegistryError as error:
            raise self._answered(what, error) from None
        except RegistryUnreachable:
            raise
        except Exception as error:  # noqa: BLE001 - its HTTP library has one for each way of not being reached
            raise RegistryUnreachable(
                f"no registry answered at {self.address} ({self._said(error)}); nothing is refused for it, trying on"
            ) from None

    def _answered(self, what: str, error: SchemaRegistryError) -> Exception:
        status, code, said = error.http_status_code, error.error_code, self._said(error.error_message)
        if status == 404 and code in (_UNKNOWN_NUMBER, 40401, 40402):
            return _Unknown(said)
        if status in _LATER:
            return RegistryUnreachable(f"the registry at {self.address} can't answer now: {status} {said}; trying on")
        if status in _NOT_LET_IN:
            return RegistryRefuses(
                f"the registry at {self.address} does not let us in: {status} {said}; check the user and password in "
                "its address"
            )
        if status == 404:
            return _Unexplained(
                f"no schema registry at {self.address}: {status} {said}; is a path missing, as Apicurio's "
                "/apis/ccompat/v7?"
            )
        return _Unexplained(f"the registry at {self.address} refuses {what}: {status} {said}")

    def _said(self, error: object) -> str:
        said = " ".join(str(error).split()) or type(error).__name__
        for secret in self._secrets:
            said = said.replace(secret, "[secret]")
        return said if len(said) <= 300 else said[:297] + "..."


def _longest(settings: Mapping[str, Any]) -> float:
    """Seconds in which the client has an answer or gives up, if its time-out is kept. It is not kept by a server that
    answers byte by byte: the client counts anew from each."""
    tries = 1 + int(settings["max.retries"])
    return tries * (float(settings["timeout"]) + float(settings["retries.wait.ms"]) / 1000) + bounded.GRACE_SECONDS


class _Unknown(Exception):
    """It has nothing of that name or number."""


def _split(address: str) -> tuple[str, str | None]:
    """The address without user and password, and these."""
    try:
        parts = urlsplit(address)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise SchemaError(f"registry: not an address: {error}; it looks like http://registry:8081") from None
    if parts.scheme not in ("http", "https") or not host:
        # Not repeated: who knows what stands in it.
        raise SchemaError("registry: not an address; it looks like http://registry:8081")
    host = f"[{host}]" if ":" in host else host
    bare = urlunsplit(parts._replace(netloc=host if port is None else f"{host}:{port}"))
    if parts.username is None:
        return bare, None
    return bare, f"{unquote(parts.username)}:{unquote(parts.password or '')}"


def _secrets(settings: Mapping[str, object]) -> list[str]:
    found = [str(value) for name, value in settings.items() if SECRET.search(name) and value]
    if credentials := str(settings.get(_CREDENTIALS) or ""):
        found += [credentials, credentials.partition(":")[2]]
    return sorted((secret for secret in found if secret), key=len, reverse=True)
