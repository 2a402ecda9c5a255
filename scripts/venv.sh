# Sourced by the other scripts: a virtual environment in .venv with the package in it. Usage: source scripts/venv.sh [EXTRAS]
# PYTHON chooses the interpreter; VENV the folder. The extras "tested" are those of which the tests are not skipped.
extras=${1:-}
if [ "$extras" = tested ]; then
    extras=dev,fast,ray,baselines,sentences,export
fi
source scripts/interpreter.sh
# pip compiles nothing: most modules are never imported, and the first import compiles the others, if it may.
unset PYTHONDONTWRITEBYTECODE
made_of="$PWD $extras $(cat pyproject.toml scripts/constraints.txt | cksum)"
if [ "$(cat "$venv/made-of" 2>/dev/null)" != "$made_of" ]; then
    install=(-m pip install --quiet --disable-pip-version-check --no-compile --constraint scripts/constraints.txt)
    # torch by its exact version: a range would let the index answer with several GB of CUDA packages.
    "$venv/bin/python" "${install[@]}" torch==2.13.0 --editable ".${extras:+[$extras]}"
    echo "$made_of" >"$venv/made-of"
fi
export PATH="$PWD/$venv/bin:$PATH"
