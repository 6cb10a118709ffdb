# Sourced by the scripts beside it: `use_venv EXTRAS` makes the environment and sets $bin to its bin folder.
# It lies in .venv of the checkout, or where CUBE_VENV says.

# $0 is the script that sources this; all of them lie one folder below the root
root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
unset PYTHONDONTWRITEBYTECODE # modules would be compiled again by every process

find_python() {
    for python in "${PYTHON:-}" python3 python3.14 python3.13 python3.12 python3.11 python3.10; do
        [ -n "$python" ] && "$python" -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null && return
    done
    echo "No Python 3.10 or newer was found. Install one, or name it: PYTHON=/path/to/python3 $0" >&2
    exit 1
}

use_venv() {
    venv=${CUBE_VENV:-$root/.venv}
    bin=$venv/bin
    if ! [ -x "$bin/python" ] || ! "$bin/python" -m pip --version >/dev/null 2>&1; then
        find_python
        if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
            echo "$python cannot make virtual environments. On Debian and Ubuntu: apt-get install python3-venv" >&2
            exit 1
        fi
        echo "Making $venv with $("$python" --version)"
        "$python" -m venv "$venv"
    fi
    # what is installed follows from pyproject.toml and from where the checkout lies
    want="$root $(cksum <"$root/pyproject.toml")"
    if [ "$(cat "$venv/installed-$1" 2>/dev/null)" != "$want" ]; then
        echo "Installing jupyter-cube[$1]"
        # without hatch's hooks, which would build the front end: scripts/frontend does, where it is wanted
        HATCH_BUILD_NO_HOOKS=true "$bin/python" -m pip install --quiet --disable-pip-version-check --editable "$root[$1]"
        echo "$want" >"$venv/installed-$1"
    fi
}
