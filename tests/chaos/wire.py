"""The wire between clients and brokers, in a test's own hand: it can hold one request back, or its answer, cut the
connection there, or let nothing pass for a while.

Every broker has a door on this machine, and the answers that name brokers name the doors instead. Only the frames'
outermost layer is read (length, kind, correlation): what they hold goes through as it is.
"""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from enum import IntEnum
from typing import Literal

from confluent_kafka.admin import AdminClient

HERE = "127.0.0.1"
LONG_SECONDS = 60.0


class Api(IntEnum):
    """Requests, by their number in Kafka's protocol."""

    PRODUCE = 0
    METADATA = 3
    FIND_COORDINATOR = 10
    JOIN_GROUP = 11
    END_TXN = 26


NAMES_BROKERS = frozenset({Api.METADATA, Api.FIND_COORDINATOR})


class Trap:
    """The n-th request of a kind from now on that names such a thing, or its answer: held where it is until `go` or
    `cut`."""

    def __init__(self, api: Api, nth: int, at: Literal["request", "answer"], naming: str) -> None:
        self.api = api
        self.naming = naming.encode()
        self.at = at
        self.left = nth
        self.connection: Connection | None = None
        self._caught, self._released, self._answered = threading.Event(), threading.Event(), threading.Event()

    @property
    def has_caught(self) -> bool:
        return self._caught.is_set()

    def wait(self) -> None:
        assert self._caught.wait(LONG_SECONDS), f"no {self.api.name} came"

    def go(self) -> None:
        """Let it go where it was sent, which for a request may be a broker whose client is gone."""
        self._released.set()

    def cut_client(self) -> None:
        """The client hears that its connection is over. What is held goes on being held."""
        assert self.connection is not None
        shut(self.connection.client)

    def cut(self) -> None:
        """Both ends hear it. A request that is held never arrives; of one that did, nobody hears the answer."""
        assert self.connection is not None
        self.connection.close()
        self._answered.set()
        self._released.set()

    def wait_until_answered(self) -> None:
        assert self._answered.wait(LONG_SECONDS), f"the broker never answered {self.api.name}"

    def hold(self, connection: "Connection") -> None:
        self.connection = connection
        self._caught.set()
        self._released.wait()

    def tell_answered(self) -> None:
        self._answered.set()


class Wire:
    """`bootstrap` is what clients are to be told. Close it when they are gone."""

    def __init__(self, bootstrap: str) -> None:
        brokers = AdminClient({"bootstrap.servers": bootstrap}).list_topics(timeout=LONG_SECONDS).brokers.values()
        self._doors = {(str(one.host), one.port): socket.create_server((HERE, 0)) for one in brokers}
        self.bootstrap = ",".join(f"{HERE}:{door.getsockname()[1]}" for door in self._doors.values())
        self._lock = threading.Lock()
        self._traps: list[Trap] = []
        self._passable = threading.Event()
        self._passable.set()
        self._connections: list[Connection] = []
        for address, door in self._doors.items():
            threading.Thread(target=self._welcome, args=[address, door], daemon=True).start()

    def trap(self, api: Api, nth: int = 1, at: Literal["request", "answer"] = "request", naming: str = "") -> Trap:
        trap = Trap(api, nth, at, naming)
        with self._lock:
            self._traps.append(trap)
        return trap

    def block(self) -> None:
        """Nothing passes, in either direction, and nobody is told."""
        self._passable.clear()

    def unblock(self) -> None:
        """What was sent meanwhile arrives now."""
        self._passable.set()

    def close(self) -> None:
        for door in self._doors.values():
            shut(door)
        for connection in self._connections:
            connection.close()
        self._passable.set()
        for trap in self._traps:
            trap.go()

    def _welcome(self, address: tuple[str, int], door: socket.socket) -> None:
        while True:
            try:
                client, _ = door.accept()
            except OSError:
                return  # the door is closed
            try:
                broker = socket.create_connection(address, LONG_SECONDS)
            except OSError:
                shut(client)
                continue
            broker.settimeout(None)
            self._connections.append(Connection(self, client, broker))

    def caught(self, api: int, at: Literal["request", "answer"], frame: bytes) -> Trap | None:
        """The trap that is to hold this one."""
        with self._lock:
            for trap in self._traps:
                if trap.api == api and trap.at == at and trap.left > 0 and trap.naming in frame:
                    trap.left -= 1
                    if trap.left == 0:
                        return trap
        return None

    def pass_on(self, to: socket.socket, frame: bytes) -> None:
        self._passable.wait()
        to.sendall(len(frame).to_bytes(4, "big") + frame)

    def with_doors(self, answer: bytes) -> bytes:
        """The brokers' addresses in it become those of their doors."""
        for (host, port), door in self._doors.items():
            ours = HERE.encode(), int(door.getsockname()[1]).to_bytes(4, "big")
            theirs = host.encode(), port.to_bytes(4, "big")
            for before, after in zip(written(*theirs), written(*ours), strict=True):
                answer = answer.replace(before, after)
        return answer


def written(host: bytes, port: bytes) -> tuple[bytes, bytes]:
    """A host and a port as older and as flexible versions of an answer hold them."""
    return len(host).to_bytes(2, "big") + host + port, (len(host) + 1).to_bytes(1, "big") + host + port


class Connection:
    """One client's to one broker, each direction in a thread of its own."""

    def __init__(self, wire: Wire, client: socket.socket, broker: socket.socket) -> None:
        self.client = client
        self.broker = broker
        self._wire = wire
        self._held: Trap | None = None
        self._asked: dict[bytes, tuple[int, Trap | None]] = {}
        """Correlation -> what was asked."""
        for handle, source in ((self._ask, client), (self._answer, broker)):
            threading.Thread(target=self._pump, args=[handle, source], daemon=True).start()

    def close(self) -> None:
        shut(self.client)
        shut(self.broker)

    def _pump(self, handle: Callable[[bytes], None], source: socket.socket) -> None:
        with suppress(OSError):  # one end is over, so the other shall be
            for frame in frames(source):
                handle(frame)
        if source is self.client and self._held is not None:
            self._held.wait_until_answered()
        self.close()

    def _ask(self, frame: bytes) -> None:
        api, correlation = int.from_bytes(frame[:2], "big"), frame[4:8]
        trap = self._wire.caught(api, "request", frame)
        self._asked[correlation] = api, trap
        if trap is not None:
            self._held = trap
            trap.hold(self)
        self._wire.pass_on(self.broker, frame)

    def _answer(self, frame: bytes) -> None:
        api, asked_in = self._asked.pop(frame[:4])
        if asked_in is not None:
            asked_in.tell_answered()
        trap = self._wire.caught(api, "answer", frame)
        if trap is not None:
            trap.hold(self)
        self._wire.pass_on(self.client, self._wire.with_doors(frame) if api in NAMES_BROKERS else frame)


def frames(source: socket.socket) -> Iterator[bytes]:
    """Until the connection is over."""
    stream = source.makefile("rb")
    while len(size := stream.read(4)) == 4:
        yield stream.read(int.from_bytes(size, "big"))


def shut(one: socket.socket) -> None:
    try:
        one.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # it is over already
