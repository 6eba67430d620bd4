# Everything a contributor does, by name. `make` alone explains. Each target that needs the virtual environment makes it.

PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.installed
# Test files run side by side, each worker with a Kafka of its own unless PASSAGE_BOOTSTRAP names one. One more than the
# gate has cores: a good part of the tests' time is waiting for sessions to end and brokers to start.
WORKERS ?= 3
ROOMS := passage schemas log clock processors trial tests examples bench requirements
TESTS = $(BIN)/python -m pytest --numprocesses $(WORKERS) --dist loadfile --no-loadscope-reorder
# Lock files name packages, versions and hashes: never where this machine gets them from.
COMPILE := CUSTOM_COMPILE_COMMAND="make lock" $(BIN)/pip-compile --quiet --generate-hashes --strip-extras --allow-unsafe \
	--no-emit-index-url --no-emit-trusted-host --no-emit-find-links

.DEFAULT_GOAL := help
.PHONY: help init demo native twins test test-docker test-fresh coverage check bench format kafka lock chaos wheel clean

help: ## Say what each target does
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

init: $(READY) ## Create .venv with the locked dependencies and this project, in place

$(READY): requirements/dev.txt requirements/complete.py pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "passage needs Python 3.11 or newer, $(PYTHON) is $$($(PYTHON) --version 2>&1); try make init PYTHON=python3.11" >&2; exit 2; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements/dev.txt
	PASSAGE_NATIVE=0 $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	$(BIN)/python requirements/complete.py
	@touch $@

demo: init ## Two years of real invoices in seconds: ticks, payments, and what became overdue
	$(BIN)/python -m examples.overdue_invoices.demo

native: init ## Build the native parts with the C compiler, in place
	$(BIN)/python processors/build_native.py

twins: init ## `make native` where there is a C compiler, for the tests; where there is none, say so
	@$(BIN)/python processors/build_native.py --where-possible

test: twins ## All tests; a real Kafka is started where none is given (PASSAGE_BOOTSTRAP)
	$(TESTS)

test-docker: init ## The Docker path on a Docker engine: the demo, the tests' broker, the log's conformance
	@$(BIN)/python -c 'import sys; from passage_trial import docker; sys.exit(docker.why_not())' || { \
		echo "make test-docker needs a Docker engine with compose" >&2; exit 2; }
	env -u PASSAGE_BOOTSTRAP -u LOG $(BIN)/python -m pytest -m "not chaos" tests/broker tests/log/test_conformance.py

test-fresh: init ## make init with every Python there is, and the README's install line in a new environment
	$(BIN)/python -m pytest -m fresh tests/fresh

coverage: twins ## The same, and which lines they reach
	$(TESTS) --cov --cov-report term-missing:skip-covered

check: init ## What a change must pass: lint, format, types, import directions, schema evolution
	$(BIN)/ruff check $(ROOMS)
	$(BIN)/ruff format --check $(ROOMS)
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m passage_schemas.evolution

bench: init ## Run every benchmark: one question per file in bench/
	@failed=; for question in bench/[a-z]*.py; do \
		echo "== $$question"; $(BIN)/python "$$question" || failed="$$failed $$question"; \
	done; test -z "$$failed" || { echo "no answer:$$failed" >&2; exit 1; }

format: init ## Put the code in the house's format
	$(BIN)/ruff check --fix $(ROOMS)
	$(BIN)/ruff format $(ROOMS)

kafka: init ## Start a real Kafka on 127.0.0.1 for trying things, until interrupted
	$(BIN)/python -m passage_trial $(if $(PORT),--port $(PORT))

chaos: init ## The long version of the fault tests
	$(BIN)/python -m pytest -m chaos

lock: ## Compile requirements/ anew from pyproject.toml
	@test -x $(BIN)/pip-compile || { echo "make init first: pip-compile is in .venv" >&2; exit 2; }
	$(COMPILE) $(UPGRADE) --output-file requirements/runtime.txt pyproject.toml
	$(COMPILE) $(UPGRADE) --extra dev --output-file requirements/dev.txt pyproject.toml

wheel: init ## Build the source archive and both wheels into dist/: the pure one and this platform's
	PASSAGE_NATIVE=0 $(BIN)/python -m build --no-isolation --outdir dist .
	PASSAGE_NATIVE=1 $(BIN)/python -m build --no-isolation --wheel --outdir dist .

clean: ## Remove what was built, .venv included
	rm -rf .venv dist build .coverage .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
	find processors -name '*.so' -delete
