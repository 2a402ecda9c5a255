# Sourced by scripts/venv.sh and .ci/run: a virtual environment without packages in .venv, whose path is $venv.
# PYTHON chooses the interpreter; VENV the folder.
venv=${VENV:-.venv}
if [ ! -x "$venv/bin/python" ]; then
    "${PYTHON:-python3}" -m venv "$venv"
    # The pip of Python 3.11 takes twice as long to choose among wheels.
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check pip==25.3 || echo "pip stays as it is" >&2
fi
