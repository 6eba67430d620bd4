"""The `passage` command."""

from passage.cli.main import main

__all__ = ["main"]
