#!/usr/bin/env bash
# Everything that must hold: style, types, tests. Arguments go to pytest: bash scripts/test.sh tests/test_tags.py -k bmes
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/venv.sh dev,fast,ray
ruff check .
ruff format --check .
mypy
python -m pytest "$@"
