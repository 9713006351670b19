# Every target makes what it needs; a second call is quick when nothing changed.
# PYTHON: which Python to use, the first that fits if none is given. VENV: where its packages go.
PYTHON ?= $(shell for p in python3 python3.11 python3.12 python3.13 python3.14 python3.15; do \
	$$p -c '$(FITS)' >/dev/null 2>&1 && echo $$p && exit; done; echo python3)
VENV ?= .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
DOCS_VENV := .venv-docs
# A process runs tests in their order, so that fixtures of a file are made once; one that is idle takes tests from the end of another's.
PARALLEL := -n auto --dist worksteal
FITS := import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))

.PHONY: help demo examples pictures check-examples quick test coverage full bench soak long compat conformance crash break-engine lint types contracts format frontend frontend-check docs lock clean interpreter
.DEFAULT_GOAL := help

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(READY)  ## play the demo's profiles at once against a real application; results in artifacts/demo/
	@$(BIN)/profcov demo

examples: demo  ## play the demo, and renew the committed artifacts/example/
	@$(BIN)/python tools/examples.py

pictures: $(READY)  ## renew the README's pictures from artifacts/example/ (needs Chromium)
	@$(BIN)/python tools/screenshots.py

check-examples: $(READY)  ## check that artifacts/example/ is what the last `make demo` recorded
	@$(BIN)/python tools/examples.py --check

quick: $(VENV)/.core  ## run the unit tests that start no process, with the few packages they need: about a minute
	@PYTEST_DISABLE_PLUGIN_AUTOLOAD=1 $(BIN)/python -m pytest -p pytest_timeout -p xdist.plugin $(PARALLEL) --quick -rfE $(or $(ARGS),tests/unit)

test: $(READY)  ## run the test suite, in several processes; ARGS="-k words" goes to pytest, ARGS=-n0 uses one process
	@$(BIN)/python -m pytest $(PARALLEL) $(ARGS)

coverage: $(READY)  ## measure what the tests reach of src/: build/coverage/html (Python 3.14 or newer: PYTHON=python3.14 VENV=.venv-3.14)
	@$(BIN)/python tools/suite_coverage.py $(ARGS)

full: $(READY)  ## also run the tests that take minutes: each framework on each server, 100,000 hostile values
	@$(BIN)/python -m pytest $(PARALLEL) --full $(ARGS)

bench: $(READY)  ## measure what profcov costs, on each Python that is found; writes artifacts/bench/overhead.json
	@missed=0; $(BIN)/python tools/bench/overhead.py $(or $(ARGS),--every-python) || missed=1; \
	$(if $(ARGS),,for part in store rq_jobs playback matrix minimise dashboard route; do $(BIN)/python tools/bench/$$part.py || missed=1; done;) exit $$missed

soak: $(READY)  ## send a million traced requests, without and with new generations, and with 100,000 code objects: memory must not grow
	@$(BIN)/python tools/bench/soak.py $(ARGS)
	@$(BIN)/python tools/bench/soak.py --combine-every 2500 $(ARGS)
	@$(BIN)/python tools/bench/soak.py --combine-every 500 --requests 200000 --same-lines
	@$(BIN)/python tools/bench/soak.py --compile

long: $(READY)  ## run the exactness suite for some hours: 20,000 random programs, ten minutes of stress, forty of strikes, an hour of locks; replay 500 mutations of the demo
	@$(BIN)/python tests/exactness/random_programs.py --seeds 1000000 20000 $(ARGS)
	@$(BIN)/python tests/exactness/stress.py 300
	@$(BIN)/python tests/exactness/stress.py 300 --wide
	@$(BIN)/python tests/exactness/strikes.py 600 raise
	@$(BIN)/python tests/exactness/strikes.py 600 collect
	@$(BIN)/python tests/exactness/store_strikes.py 600 raise
	@$(BIN)/python tests/exactness/store_strikes.py 600 collect
	@$(BIN)/python -W ignore tests/exactness/hang.py 3600
	@$(BIN)/python tests/decisions/oracle.py score --replay --seeds 100000 100499

compat: $(READY)  ## test every framework on every server, on each Python; writes docs/reference/compatibility.md
	@$(BIN)/python tools/compat.py $(ARGS)

conformance: $(READY)  ## run Flask's, Starlette's and RQ's own test suites, with everything traced (a quarter of an hour)
	@failed=0; for suites in run rq_suite; do $(BIN)/python tools/conformance/$$suites.py $(ARGS) || failed=1; done; exit $$failed

crash: $(READY)  ## kill the workers of a traced server at 500 random instants under load: nothing may be lost
	@PROFCOV_KILLS=500 $(BIN)/python -m pytest -q -s --timeout=900 tests/integration/servers/test_crash.py tests/integration/rq/test_crash.py $(ARGS)

break-engine: $(READY)  ## break the monitoring engine on purpose, and check that the suite finds it (Python 3.12 or newer)
	@$(BIN)/python tests/exactness/break_engine.py

lint: $(READY)  ## run ruff: rules and format
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types: $(READY)  ## run mypy --strict, and pyright, which reads the public API as its users do
	@$(BIN)/mypy
	@PYRIGHT_PYTHON_IGNORE_WARNINGS=1 $(BIN)/pyright --pythonpath $(BIN)/python

contracts: $(READY)  ## check which module imports which
	@$(BIN)/lint-imports

format: $(READY)  ## run ruff format, and the safe fixes
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

frontend: frontend/node_modules/.package-lock.json  ## build the dashboard's script and style from frontend/ (needs Node; using profcov does not)
	@node frontend/build.mjs

frontend-check: frontend/node_modules/.package-lock.json  ## lint and test the dashboard's script, and check that the committed build is up to date
	@cd frontend && node_modules/.bin/biome lint --error-on-warnings .
	@node frontend/build.mjs --check

frontend/node_modules/.package-lock.json: frontend/package-lock.json
	@npm ci --prefix frontend --no-audit --no-fund --loglevel=error
	@touch $@

docs: $(DOCS_VENV)/.ready  ## build the docs site into build/docs/; a warning or a dead link is an error
	@$(DOCS_VENV)/bin/python tools/docs_site.py $(ARGS)

$(DOCS_VENV)/.ready: requirements-docs.lock
	@python='$(PYTHON)'; $(CHECK_VERSION); "$$python" -m venv --clear $(DOCS_VENV)
	@$(DOCS_VENV)/bin/python -m pip install -qq --disable-pip-version-check --require-hashes --requirement requirements-docs.lock
	@touch $@

lock: | interpreter  ## renew requirements.lock and requirements-docs.lock, the pinned versions; ARGS=--keep changes only what pyproject.toml requires
	@place=$$(mktemp -d) && trap 'rm -rf "$$place"' EXIT && $(PYTHON) -m venv "$$place" && \
	"$$place/bin/python" -m pip install -qq --disable-pip-version-check packaging uv && "$$place/bin/python" tools/lock.py $(ARGS)

clean:  ## remove what the targets made
	rm -rf $(VENV) $(DOCS_VENV) build .nox .mypy_cache .ruff_cache .pytest_cache .import_linter_cache artifacts/demo frontend/node_modules

# Everything, or what `make quick` needs of it. pip -qq prints errors only.
$(READY): pyproject.toml requirements.lock src/profcov.pth | interpreter
	@$(MAKE_VENV)
	@$(INSTALL) --require-hashes --requirement requirements.lock
	@$(BIN)/python tools/lock.py --check
	@$(INSTALL) --no-deps --no-build-isolation --editable .
	@touch $(VENV)/.core $@

$(VENV)/.core: pyproject.toml requirements.lock src/profcov.pth tools/lock.py | interpreter
	@$(MAKE_VENV)
	@$(BIN)/python tools/lock.py --group core >$(VENV)/core.lock
	@$(INSTALL) --require-hashes --requirement $(VENV)/core.lock
	@$(INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@

INSTALL = $(BIN)/python -m pip install -qq --disable-pip-version-check

# An environment without pip was not finished: it is made again.
define MAKE_VENV
python='$(PYTHON)'; $(CHECK_VERSION); $(CHECK_VENV); \
	echo "setting up $(VENV) with $$("$$python" --version) ..." >&2; \
	$(BIN)/python -m pip --version >/dev/null 2>&1 || "$$python" -m venv --clear $(VENV)
endef

# If a Python was named, and the environment belongs to another one: report that instead of using the wrong one.
interpreter:
ifneq ($(filter command line environment,$(origin PYTHON)),)
	@python='$(PYTHON)'; $(CHECK_VERSION); test ! -x $(BIN)/python || $(CHECK_SAME)
endif

define CHECK_VERSION
"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 || \
	{ echo "profcov needs Python 3.11 or newer, and '$$python' is older or does not run: name another, such as PYTHON=python3.12" >&2; exit 1; }
endef

define CHECK_VENV
"$$python" -c '$(FITS)' 2>/dev/null || \
	{ echo "$$python cannot make virtual environments: install its venv package (Debian: python3-venv), or name another with PYTHON=" >&2; exit 1; }
endef

define CHECK_SAME
test "$$("$$python" --version)" = "$$($(BIN)/python --version)" || \
	{ echo "$(VENV) has $$($(BIN)/python --version): to use $$python beside it, add VENV=$(VENV)-other; or run make clean" >&2; exit 1; }
endef
