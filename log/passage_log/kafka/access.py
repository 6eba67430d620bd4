"""Who we are to the brokers, and what they say when they won't have us.

A client tries for ever: a wrong password and a broker that restarts are the same to it, and what is wrong it says only
beside, to whoever listens. All clients of one log listen here, so that a question that gets no answer can be answered
with the reason. Refuses to repeat a secret, whoever says it.
"""

import logging
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TypeVar

import structlog
from confluent_kafka import KafkaError, KafkaException

from passage_log.errors import Unfit
from passage_log.kafka import errors

Client = TypeVar("Client")

SECRET = re.compile(r"password|secret|\.pem$|oauthbearer\.config|jaas|token")
"""Settings whose values are nobody's business, by their names."""

REFUSALS = re.compile(r"certificate|SSL alert", re.IGNORECASE)
"""A connection the client calls lost although somebody was there who would not have us: the client has no code for it,
only words."""

HINTS = (
    (re.compile(r"PLAINTEXT broker listener"), "does it speak no TLS? then set client security.protocol to PLAINTEXT"),
    (re.compile(r"Disconnected.*APIVERSION_QUERY"), "does it want TLS? then set client security.protocol to SSL"),
)
"""What a connection that ends at once may mean. It is what a broker that restarts looks like, too; so it is said when
nobody answers, and never taken for a refusal."""

MENDS = {
    "alert bad certificate": "the broker wants a certificate of this client: set client ssl.certificate.location and "
    "ssl.key.location, or name another listener",
    "certificate verify failed": "set client ssl.ca.location to the authority that signed the broker's certificate",
    "credentials": "check client sasl.username and sasl.password",
    "username or password": "check client sasl.username and sasl.password",
    "mechanism": "set client sasl.mechanism to one of the broker's",
}
"""What would mend it, by a phrase of what was said; the first that fits."""

NOT_MADE = re.compile(r"^Failed to create [a-z ]+: ")

LOST = re.compile(r"FAIL .*in state UP")
"""A connection that was in use has ended: closed, reset, or given up because an answer took too long."""

WHERE_IT_STOOD = re.compile(r" \(after \d+ms in state .*\)|, \d+ identical error\(s\) suppressed")

logger = logging.getLogger("passage_log.kafka.client")
brokers = structlog.get_logger("passage.log")


class Access:
    """`settings` are the client's own, for every client of a log. Given to each as the ear for its errors and logs."""

    def __init__(self, bootstrap: str, settings: Mapping[str, str]) -> None:
        self.bootstrap = bootstrap
        self.settings = dict(settings)
        self._secrets = [value for name, value in self.settings.items() if SECRET.search(name) and value]
        self._refusal: str | None = None
        self._hint: str | None = None
        self._told: set[str] = set()
        self._asking = 0

    def __repr__(self) -> str:
        return f"Access({self.bootstrap})"

    def make(self, client: Callable[[], Client]) -> Client:
        """The client, when its settings are ones it knows. Raises Unfit."""
        try:
            return client()
        except KafkaException as error:
            said = NOT_MADE.sub("", self.without_secrets(errors.of(error).str()))
            raise Unfit(f"client settings: {said}{self.without_secrets(self._mend(said))}") from None

    def _mend(self, said: str) -> str:
        """What would mend a setting the client does not take; of a file it can't use, which that is."""
        if said.startswith("No such configuration property"):
            return "; check its spelling: the names are librdkafka's"
        file = self.settings.get(said.partition(" ")[0]) if ".location failed" in said else None
        return f"; check that {file} is there, can be read, and is what the setting wants" if file else ""

    def without_secrets(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, "[secret]")
        return text

    def hear_error(self, error: KafkaError) -> None:
        """The client's error callback."""
        said = self.without_secrets(error.str())
        logger.debug("client_error error=%s", said)
        self._guess(said)
        if error.code() == KafkaError._AUTHENTICATION or REFUSALS.search(said):
            self._refuse(_mended(WHERE_IT_STOOD.sub("", said)))

    def log(self, level: int, message: str, *fields: object) -> None:
        """The client's logger. What it would print to standard error is no news to a user who is told `Unreachable`."""
        said = self.without_secrets(message % fields if fields else message)
        logger.debug("level=%d %s", level, said)
        self._guess(said)

    @contextmanager
    def question(self) -> Iterator[None]:
        """While something is asked, what is heard is about this; the one who asked is told, by `check`. One within
        another is the same asked again: it forgets a refusal, which may have passed, but not what was guessed."""
        self._refusal = None
        if not self._asking:
            self._hint = None
        self._asking += 1
        try:
            yield
        finally:
            self._asking -= 1

    def check(self) -> None:
        """Raises Unfit, with the reason, when brokers refused us since the question began."""
        if self._refusal is not None:
            raise Unfit(f"the brokers at {self.bootstrap} refuse this client: {self._refusal}")

    def no_answer(self, timeout_seconds: float) -> str:
        """What to say when nobody answered in this time."""
        said = f"no broker answered at {self.bootstrap} within {timeout_seconds:g} s; check PASSAGE_BOOTSTRAP"
        if self._hint is not None:
            return f"{said}, or whoever is there: it closes the connection at once; {self._hint}"
        return f"{said} or start one with `make kafka`"

    def _guess(self, said: str) -> None:
        self._hint = next((hint for phrase, hint in HINTS if phrase.search(said)), self._hint)

    def _refuse(self, reason: str) -> None:
        """Who waits for a broker without having asked anything is told in the log, once for each reason."""
        self._refusal = reason
        if not self._asking and reason not in self._told:
            self._told.add(reason)
            brokers.warning("brokers_refuse", bootstrap=self.bootstrap, reason=reason, consequence="trying on")


class Ear:
    """One client's logger: what it says goes on to `access`, and lost connections are counted.

    The client tells of each on the spot, and here alone: its error callback hears of none as long as a broker is left.
    It speaks only when it is polled."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self.lost_connections = 0

    def log(self, level: int, message: str, *fields: object) -> None:
        self.lost_connections += LOST.search(message % fields if fields else message) is not None
        self._access.log(level, message, *fields)


def _mended(said: str) -> str:
    mend = next((mend for phrase, mend in MENDS.items() if phrase in said), None)
    return f"{said}; {mend}" if mend else said
