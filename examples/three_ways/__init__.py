"""One rule, four ways of finding what a tick makes due: three in PostgreSQL, and Passage's own due index.

python -m examples.three_ways
"""
