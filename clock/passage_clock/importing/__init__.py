"""From the schedulers people have to schedules: a crontab, Kubernetes CronJobs, Celery beat, Quartz.

Each reader takes text and gives what it found as items of a configuration's `schedules:`, and what it had to leave out
with the reason. None runs what it reads. What the old scheduler did is held against the new schedules by `shadow`.
"""

from passage_clock.importing.found import Imported, JobsFound, LeftOut
from passage_clock.importing.readers import READERS, read

__all__ = ["READERS", "Imported", "JobsFound", "LeftOut", "read"]
