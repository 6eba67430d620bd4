"""Where Kafka is, as somebody wrote it: refused at once where it can't be an address at all.

The client would take nearly anything and look for it until it gives up. Pure: whether somebody answers there is asked
later, and elsewhere.
"""

import re
from ipaddress import AddressValueError, IPv4Address, IPv6Address

_PROTOCOLS = ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")
"""What the client itself takes before `://`."""
_HOST = re.compile(r"(?=.{1,254}\Z)[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,62})(?:\.[A-Za-z0-9_][A-Za-z0-9_-]{0,62})*\.?")
_NUMBERS = re.compile(r"[0-9.]+")
_PORT = re.compile(r"[0-9]{1,5}")
_MOST_SHOWN = 60


def check_bootstrap(text: str) -> str:
    """The address, `HOST:PORT` or several with commas between. Raises ValueError, whose message begins with the part
    that can't be one."""
    for part in text.split(","):
        why = why_no_address(part)
        if why is not None:
            shown = repr(part if len(part) <= _MOST_SHOWN else part[: _MOST_SHOWN - 3] + "...")
            raise ValueError(f"{shown} is not HOST:PORT: {why}; write e.g. kafka-1:9092,kafka-2:9092")
    return text


def why_no_address(part: str) -> str | None:
    """None where it can be one."""
    if not part:
        return "there is nothing"
    if any(one.isspace() or not one.isprintable() for one in part):
        return "it has a space or a character that can't be seen"
    protocol, is_there, rest = part.rpartition("://")
    if is_there and protocol not in _PROTOCOLS:
        return f"{protocol}:// is no protocol of Kafka's brokers, so leave it out"
    if rest.startswith("["):
        host, closed, port = rest[1:].partition("]")
        if not closed:
            return "the bracket is not closed"
        return _why_no_ipv6(host) or _why_no_port(port.removeprefix(":") if port.startswith(":") else "")
    host, colon, port = rest.rpartition(":")
    if not colon:
        return "the port is missing"
    return _why_no_host(host) or _why_no_port(port)


def _why_no_host(host: str) -> str | None:
    if not host:
        return "the host is missing"
    if ":" in host:
        return "an IPv6 address stands in brackets, as [::1]:9092"
    if _NUMBERS.fullmatch(host):
        try:
            IPv4Address(host)
        except AddressValueError:
            return f"{host} is no IPv4 address"
        return None
    return None if _HOST.fullmatch(host) else f"{host} is no host's name"


def _why_no_ipv6(host: str) -> str | None:
    try:
        IPv6Address(host)
    except AddressValueError:
        return f"{host or 'nothing'} is no IPv6 address"
    return None


def _why_no_port(port: str) -> str | None:
    if not port:
        return "the port is missing"
    return None if _PORT.fullmatch(port) and 0 < int(port) < 1 << 16 else "a port is a number from 1 to 65535"
