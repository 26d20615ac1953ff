# Everything a developer or a newcomer does. `make` alone lists it.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all:
INSTALL_CHECKOUT := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
COMPILE := $(BIN)/uv pip compile pyproject.toml --extra embedded --universal --python-version 3.11 --generate-hashes \
	--only-binary :all: --no-annotate --no-header --no-emit-index-url --quiet

.DEFAULT_GOAL := help
.PHONY: help demo up test explore lint audit format browser chaos bench load pictures lock clean

help:  ## List the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 10

demo: .venv/runtime  ## Start everything with a sample network and plan 500 booking requests (DEMO=once ends after the outcome)
	@$(BIN)/slotwise demo $(if $(filter once,$(DEMO)),--once)

up: .venv/runtime  ## Start everything without the sample; data lasts in .data/
	@$(BIN)/slotwise up

test: lint audit browser  ## Run every check and every test
	@$(BIN)/python -m pytest --numprocesses 2 --dist worksteal

explore: .venv/dev  ## Run the tests that generate their inputs with new inputs, not the same ones as ever
	@$(BIN)/python -m pytest --numprocesses 2 --dist worksteal --hypothesis-profile default $$(grep -rl "from hypothesis" tests --include="test_*.py")

lint: .venv/dev  ## Run the formatter's check, ruff, mypy and import-linter
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo

audit: .venv/dev  ## Look up what is locked among the known vulnerabilities; a known one fails
	@$(BIN)/python .ci/audit.py

format: .venv/dev  ## Format the code and mend what ruff can mend
	@$(BIN)/ruff check --quiet --fix .
	@$(BIN)/ruff format --quiet .

browser: .venv/dev
	@$(BIN)/python -m tests.browser.chromium

chaos: .venv/dev  ## Break a running instance in every way and check what is left (SEED=7 MINUTES=5; CHAOS=--prove switches the guards off)
	@$(BIN)/python -m tests.chaos $(if $(SEED),--seed $(SEED)) $(if $(MINUTES),--minutes $(MINUTES)) $(CHAOS)

bench: .venv/dev  ## Measure the speed and write docs/performance.md (BENCH="500 tight --quick" selects; BENCH=--help)
	@$(BIN)/python -m bench $(BENCH)

load: .venv/dev  ## Load an instance with callers and write docs/load.md (LOAD=--quick only tries it)
	@$(BIN)/python -m bench.load $(LOAD)

pictures: browser  ## Draw the pictures of the README and the documentation from a real run of the demo
	@$(BIN)/python -m bench.pictures

lock: .venv/dev  ## Write the lock files anew from pyproject.toml
	@$(COMPILE) --upgrade --group build --output-file requirements.lock
	@$(COMPILE) --upgrade --group dev --output-file requirements-dev.lock

clean:  ## Remove the virtual environment, the caches and the data folder
	rm -rf .venv .data .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Slotwise needs Python 3.11 or newer; try: make PYTHON=python3.12")'
	@$(PYTHON) -m venv .venv

.venv/runtime: requirements.lock pyproject.toml | .venv/bin/python
	@echo "Installing the locked dependencies into .venv ..."
	@$(PIP) --requirement requirements.lock
	@$(INSTALL_CHECKOUT)
	@touch $@

.venv/dev: requirements-dev.lock pyproject.toml | .venv/bin/python
	@echo "Installing the locked development dependencies into .venv ..."
	@$(PIP) --requirement requirements-dev.lock
	@$(INSTALL_CHECKOUT)
	@touch $@ .venv/runtime
