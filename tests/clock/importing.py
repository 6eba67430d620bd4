"""What the tests of importing share: an imported item as the schedule it would be."""

import json
from collections.abc import Mapping
from typing import Any

from passage_clock.config import schedule_of_definition
from passage_clock.schedules import Schedule


def schedule_of(item: Mapping[str, Any]) -> Schedule:
    rest = {name: value for name, value in item.items() if name != "name"}
    return schedule_of_definition(str(item["name"]), json.dumps(rest))
