"""Short files to copy: each is an app with its words.

passage processors run examples.templates.rental:app
"""

from pathlib import Path

CLOCK = Path(__file__).with_name("clock.yaml")
