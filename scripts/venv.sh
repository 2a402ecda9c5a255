# Sourced by the other scripts: a virtual environment in .venv with the package in it. Usage: source scripts/venv.sh [EXTRAS]
# PYTHON chooses the interpreter; VENV the folder.
venv=${VENV:-.venv}
if [ ! -x "$venv/bin/python" ]; then
    "${PYTHON:-python3}" -m venv "$venv"
fi
# torch first and by its exact version: a range would let the index answer with several GB of CUDA packages.
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --constraint scripts/constraints.txt torch==2.13.0
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --constraint scripts/constraints.txt --editable ".${1:+[$1]}"
export PATH="$PWD/$venv/bin:$PATH"
