"""What others want to know of a clock: its log lines, metrics, health and status, and whether its topic is whole."""
