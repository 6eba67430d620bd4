"""What somebody at a terminal sees of a backfill."""

from io import StringIO

import pytest
import structlog
from rich.console import Console

from passage.cli.clock.catching_up import CatchUpBar

BATCH = {"event": "ticks_published", "count": 5_000}


@pytest.fixture
def screen() -> Console:
    return Console(file=StringIO(), force_terminal=True, width=80)


def test_a_backfill_is_a_bar_in_place_of_a_line_for_each_batch(screen: Console) -> None:
    bar = CatchUpBar(screen)
    assert bar.drop_batches(None, "info", dict(BATCH)) == BATCH

    bar.catching_up(20_000)
    bar.catching_up(5_000)
    with pytest.raises(structlog.DropEvent):
        bar.drop_batches(None, "info", dict(BATCH))
    assert bar.drop_batches(None, "info", {"event": "office_taken"}) == {"event": "office_taken"}

    bar.catching_up(None)
    assert bar.drop_batches(None, "info", dict(BATCH)) == BATCH
    assert isinstance(screen.file, StringIO)
    assert "15000/20000" in screen.file.getvalue()


def test_the_bar_grows_with_what_falls_due_and_can_be_taken_away_twice(screen: Console) -> None:
    bar = CatchUpBar(screen)
    bar.catching_up(100)
    bar.catching_up(250)
    bar.close()
    bar.close()

    assert isinstance(screen.file, StringIO)
    assert "0/250" in screen.file.getvalue()
