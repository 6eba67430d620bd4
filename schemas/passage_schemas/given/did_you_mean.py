"""What a word that isn't known may have been meant to be: the end of the message that refuses it."""

from collections.abc import Collection
from difflib import get_close_matches


def nearest(seen: str, known: Collection[str], least_alike: float = 0.6) -> str | None:
    """The known word that looks most like it; None where none is so much alike, from 0 to 1 for the word itself."""
    return next(iter(get_close_matches(seen, known, n=1, cutoff=least_alike)), None)


def did_you_mean(seen: str, known: Collection[str], otherwise: str | None = None) -> str:
    """The nearest of the known words, or all there are. `otherwise`: what to say instead of all."""
    near = nearest(seen, known)
    if near is not None:
        return f"did you mean {near!r}?"
    return f"write one of {', '.join(known)}" if otherwise is None else otherwise
