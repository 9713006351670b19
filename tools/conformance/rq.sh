#!/usr/bin/env bash
# RQ's own test suite with profcov's hooks; a version of RQ may be given, and what rq_suite.py takes. PYTHON, VENV: as in the Makefile.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
make -s "${VENV:-.venv}/.ready"
exec "${VENV:-.venv}/bin/python" tools/conformance/rq_suite.py "$@"
