# Every target makes what it needs; a second call is quick when nothing changed.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: demo test lint types contracts format clean
.DEFAULT_GOAL := help

help:  ## list the targets
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/'

$(READY): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo 'profcov needs Python 3.11 or newer; set PYTHON=python3.12, say' >&2; exit 1; }
	@echo 'setting up $(VENV) ...' >&2
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

demo: $(READY)  ## play six profiles at once against a real application; artifacts/demo/
	@$(BIN)/profcov demo

test: $(READY)  ## the test suite on this Python
	@$(BIN)/python -m pytest $(ARGS)

lint: $(READY)  ## ruff: rules and format
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types: $(READY)  ## mypy --strict
	@$(BIN)/mypy

contracts: $(READY)  ## which module may import which
	@$(BIN)/lint-imports

format: $(READY)  ## ruff format, and the fixes that are safe
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

clean:  ## remove what the targets made
	rm -rf $(VENV) .nox .mypy_cache .ruff_cache .pytest_cache artifacts/demo
