"""What tests of Passage's users load: a plugin for pytest, and steps for pytest-bdd.

    plugin   fixtures; found by pytest's entry point, wherever Passage is installed
    steps    given, when, then for .feature files; `pytest_plugins = ["passage.testing.steps"]` in conftest.py

Refuses to weigh on a run that asks for none of it: the plugin imports what a fixture needs when that is asked for.
"""
