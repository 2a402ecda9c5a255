#!/usr/bin/env bash
# Everything that must hold: style, types, tests. Arguments go to pytest: bash scripts/test.sh tests/tags/test_schemes.py -k bmes
# Without the slow tests, in under two minutes: bash scripts/test.sh -m "not slow". Properties have ten examples then.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/venv.sh tested
ruff check .
ruff format --check .
# mypy runs beside the tests. Its status counts as theirs does.
mypy &
types=$!
export OMP_NUM_THREADS=1
if [[ "$*" == *"not slow"* ]]; then
    export HYPOTHESIS_PROFILE="${HYPOTHESIS_PROFILE:-brief}"
fi
# Three workers with a thread each, a test file at a time: on two cores, one of them mostly waits for other processes.
# They are forks of the process that has imported and collected all tests. WORKERS=0 runs all in that process.
python -m pytest -p tests.parallel --workers "${WORKERS:-3}" "$@" || failed=$?
wait "$types"
exit "${failed:-0}"
