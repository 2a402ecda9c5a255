#!/usr/bin/env bash
# What takes too long for every change: long fuzzing, models of all combinations, the whole sample comparison, every
# Python with the newest releases, BILSTM_KILLS (500) kills, and predictions that go on for SOAK_MINUTES (30). Arguments
# go to the latter: bash scripts/soak.sh --seed 7
# What fails does not keep the rest from its night; the exit status says that something did.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/venv.sh tested
patient=(-o faulthandler_timeout=0)
seed=${BILSTM_KILLS_SEED:-$RANDOM}

failed=0
# A process a file, as many at a time as there are cores.
printf '%s\n' tests/fuzz/test_*.py tests/test_{models,same_bits,python_versions}.py \
    tests/tasks/classification/test_contract.py |
    HYPOTHESIS_PROFILE=nightly OMP_NUM_THREADS=1 xargs -P "$(nproc)" -n 1 python -m pytest "${patient[@]}" || failed=1
BILSTM_KILLS=${BILSTM_KILLS:-500} BILSTM_KILLS_SEED=$seed python -m pytest "${patient[@]}" -s tests/runs/test_kills.py || failed=1
python -m scripts.soak --minutes "${SOAK_MINUTES:-30}" "$@" || failed=1
exit $failed
