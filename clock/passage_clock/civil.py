"""Civil time. Stub of the interface."""


def tzdata_version() -> str:
    """'2026f'"""
    raise NotImplementedError


def zone_names() -> frozenset[str]:
    raise NotImplementedError
