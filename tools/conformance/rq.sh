#!/usr/bin/env bash
# RQ's own test suite with profcov's hooks; a version of RQ may be given, and what jobs.py takes. PYTHON: as in the Makefile.
exec "${PYTHON:-python3}" "$(dirname "${BASH_SOURCE[0]}")/jobs.py" "$@"
