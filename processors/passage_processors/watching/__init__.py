"""Seeing in: what a worker and an app's topics tell of themselves. Nothing here writes, and no worker waits for it."""
