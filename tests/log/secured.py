"""A real broker that lets nobody do what was not granted: TLS, SASL, an authorizer, certificates made on the spot.

Three ways in. PLAINTEXT is the administrator's, who may do everything. SASL_SSL takes passwords (PLAIN,
SCRAM-SHA-256) and tokens (OAUTHBEARER), SSL takes client certificates. By each of them the clock is the principal
`User:clock`, so what is granted to it is granted whatever way it comes.
"""

import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep
from typing import Any

# The client exports these, but does not declare that it does.
from confluent_kafka.admin import (  # type: ignore[attr-defined]
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
)

from passage_trial import java
from passage_trial.network import free_port

PASSWORD = "correct-horse-battery-staple"
"""Told to nobody: a test looks for it in everything that is written."""

PRINCIPAL = "User:clock"

BOUND_SECONDS = 20.0

JAAS = "org.apache.kafka.common.security"


@dataclass(frozen=True, slots=True, order=True)
class Right:
    """What a principal may do with one thing: a row of the table in the guide."""

    kind: str
    name: str
    operation: str

    def binding(self) -> AclBinding:
        return AclBinding(
            ResourceType[self.kind.upper().replace(" ", "_")],
            self.name,
            ResourcePatternType.LITERAL,
            PRINCIPAL,
            "*",
            AclOperation[_screaming(self.operation)],
            AclPermissionType.ALLOW,
        )


def _screaming(name: str) -> str:
    return "".join(f"_{letter}" if letter.isupper() else letter.upper() for letter in name).lstrip("_")


ANY: Any = None
ALL = AclBindingFilter(
    ResourceType.ANY, ANY, ResourcePatternType.ANY, PRINCIPAL, ANY, AclOperation.ANY, AclPermissionType.ANY
)


@dataclass(frozen=True, slots=True)
class Secured:
    """The running broker, its ways in, and the administrator's hand."""

    open_address: str
    sasl_address: str
    tls_address: str
    certificates: Path
    admin: AdminClient

    def sasl(self, mechanism: str, password: str = PASSWORD, authority: str = "ca") -> dict[str, str]:
        """Client settings for a password or a token, over TLS."""
        secret = (
            {"enable.sasl.oauthbearer.unsecure.jwt": "true", "sasl.oauthbearer.config": "principal=clock"}
            if mechanism == "OAUTHBEARER"
            else {"sasl.username": "clock", "sasl.password": password}
        )
        return {"security.protocol": "SASL_SSL", "sasl.mechanism": mechanism, **secret, **self._trust(authority)}

    def tls(self, authority: str = "ca") -> dict[str, str]:
        """Client settings for a certificate of the clock's own."""
        own = {
            "ssl.certificate.location": str(self.certificates / "clock.crt"),
            "ssl.key.location": str(self.certificates / "clock.key"),
        }
        return {"security.protocol": "SSL", **own, **self._trust(authority)}

    def _trust(self, authority: str) -> dict[str, str]:
        return {"ssl.ca.location": str(self.certificates / f"{authority}.crt")}

    def grant(self, rights: Sequence[Right]) -> None:
        """The clock may do this and nothing else, once it has been heard of."""
        wanted = [right.binding() for right in rights]
        held = self._held()
        for surplus in held - set(wanted):
            self.admin.delete_acls([_exactly(surplus)])[_exactly(surplus)].result(BOUND_SECONDS)
        if missing := [binding for binding in wanted if binding not in held]:
            for answer in self.admin.create_acls(missing).values():
                answer.result(BOUND_SECONDS)
        deadline = monotonic() + BOUND_SECONDS
        while self._held() != set(wanted):
            assert monotonic() < deadline, "the authorizer never heard of it"
            sleep(0.02)

    def _held(self) -> set[Any]:
        return set(self.admin.describe_acls(ALL).result(BOUND_SECONDS))


def _exactly(binding: AclBinding) -> AclBindingFilter:
    return AclBindingFilter(
        binding.restype,
        binding.name,
        binding.resource_pattern_type,
        binding.principal,
        binding.host,
        binding.operation,
        binding.permission_type,
    )


@contextmanager
def secured_broker(certificates: Path) -> Iterator[Secured]:
    make_certificates(certificates)
    sasl, tls = f"127.0.0.1:{free_port()}", f"127.0.0.1:{free_port()}"
    scram = ["--add-scram", f"SCRAM-SHA-256=[name=clock,password={PASSWORD}]"]
    with java.broker(settings=properties(sasl, tls, certificates), format_options=scram) as address:
        yield Secured(address, sasl, tls, certificates, AdminClient({"bootstrap.servers": address, "log_level": 0}))


def properties(sasl: str, tls: str, certificates: Path) -> Mapping[str, str]:
    listener = "listener.name.sasl_ssl"
    return {
        "listeners": f"SASL_SSL://{sasl},SSL://{tls}",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SASL_SSL:SASL_SSL,SSL:SSL",
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "allow.everyone.if.no.acl.found": "false",
        # Who comes without a name comes by PLAINTEXT: the administrator, and the broker itself.
        "super.users": "User:ANONYMOUS",
        "sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-256,OAUTHBEARER",
        f"{listener}.plain.sasl.jaas.config": f'{JAAS}.plain.PlainLoginModule required user_clock="{PASSWORD}";',
        f"{listener}.scram-sha-256.sasl.jaas.config": f"{JAAS}.scram.ScramLoginModule required;",
        f"{listener}.oauthbearer.sasl.jaas.config": f"{JAAS}.oauthbearer.OAuthBearerLoginModule required "
        'unsecuredLoginStringClaim_sub="broker";',
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": str(certificates / "broker.pem"),
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": str(certificates / "ca.crt"),
        "listener.name.ssl.ssl.client.auth": "required",
        "ssl.principal.mapping.rules": "RULE:^CN=(.*)$/$1/",
    }


def make_certificates(directory: Path) -> None:
    """Two authorities, of which the broker knows one; that one vouches for the broker and for the clock."""
    for authority in ("ca", "stranger"):
        _certificate(directory, authority)
    for name in ("broker", "clock"):
        signed = ["-CA", str(directory / "ca.crt"), "-CAkey", str(directory / "ca.key")]
        _certificate(directory, name, *signed, "-addext", "subjectAltName=IP:127.0.0.1")
    both = (directory / "broker.key").read_text() + (directory / "broker.crt").read_text()
    (directory / "broker.pem").write_text(both)


def _certificate(directory: Path, name: str, *more: str) -> None:
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    files = ["-keyout", str(directory / f"{name}.key"), "-out", str(directory / f"{name}.crt")]
    subprocess.run(
        ["openssl", "req", "-x509", *curve, "-days", "1", "-subj", f"/CN={name}", *files, *more],
        check=True,
        capture_output=True,
    )
