"""`passage clock`: run the clock, look ahead, look back, and ask the leader for something. One module for a command."""

from passage.cli.lazily import group

COMMANDS = {
    "run": "Be a candidate: stand by, and lead when it is this one's turn.",
    "plan": "List the ticks to come, by this configuration alone.",
    "diff": "Show the ticks that would come, go or move by a changed configuration.",
    "verify": "Prove that the published ticks are whole, or name the first that isn't.",
    "status": "Say who leads, since when, and each schedule's last and next tick.",
    "topics": "Look at the clock's topics: whether they are as they must be.",
    "pause": "Ask the leader to publish no more ticks of a schedule.",
    "resume": "Ask the leader to take a paused schedule up again.",
    "trigger": "Ask the leader for a schedule's event once, out of turn.",
    "schema": "Print the configuration's JSON Schema, for editors.",
    "import": "Read a crontab, Kubernetes CronJobs, Celery beat or Quartz as schedules.",
}

app = group("The clock: publishes a tick for every period that ends.", COMMANDS)
