"""From the schedulers people have to schedules: a crontab, Kubernetes CronJobs, Celery beat, Quartz.

    a file ──> readers ──> crontab, kubernetes, celery, quartz ──> found: items of `schedules:`, and what was left out
                                       │         │        │
                                    robfig    celery_*  quartz_cron    each scheduler's own cron, in ours
    its log ──> runs ──> shadow: where the old scheduler and the new schedules disagree

None runs what it reads; `celery` follows a Python module by `python`, `runs` a log's dates by `stamps`. What can't be
said in our words is left out with its reason, and a remark says where the meaning is not quite the same. Read `found`
first, then `crontab`.
"""

from passage_clock.importing.found import Imported, JobsFound, LeftOut
from passage_clock.importing.readers import READERS, read

__all__ = ["READERS", "Imported", "JobsFound", "LeftOut", "read"]
