"""Examples: each one runs, and is a test."""
