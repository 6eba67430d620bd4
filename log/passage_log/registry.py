"""The way to a schema registry: by the address that is given, or the one the environment names.

Confluent's own client does the talking (the `registry` extra); whoever has no registry needs neither.
"""

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

from passage_schemas.errors import SchemaError

if TYPE_CHECKING:
    from passage_log.kafka.registry import SchemaRegistry

VARIABLE = "PASSAGE_REGISTRY"


def registry_at(address: str | None = None, settings: Mapping[str, str] | None = None) -> "SchemaRegistry | None":
    """The registry at this address, else at PASSAGE_REGISTRY's; None where neither is named. Asks it nothing yet.

    A user and password may stand in the address. `settings` are the client's own (`basic.auth.user.info`,
    `ssl.ca.location`, ...). Raises SchemaError for an address or a setting it can't have, and without the extra.
    """
    address = address or os.environ.get(VARIABLE) or None
    if address is None:
        return None
    try:
        from passage_log.kafka.registry import SchemaRegistry
    except ImportError as error:
        raise SchemaError(
            f"a schema registry needs {error.name or 'more'}, which is not installed: "
            "pip install 'passage-of-time[registry]'"
        ) from error
    return SchemaRegistry(address, settings or {})
