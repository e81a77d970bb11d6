#!/bin/sh
# Make .venv with a Python that fits. PYTHON=... names another interpreter than the usual ones.
set -u
here=$(dirname "$0")
. "$here/apt.sh"

fail() {
    echo "$*" >&2
    exit 1
}

version() { "$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null; }
fits() { "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))' 2>/dev/null; }
makes_venvs() { "$1" -c 'import ensurepip, venv' 2>/dev/null; }

# Somebody's own .venv is taken as it is; one that was moved here, or left half made, is not.
if [ ! -e .venv/.place ] && fits .venv/bin/python && .venv/bin/python -m pip --version >/dev/null 2>&1; then
    pwd -P >.venv/.place
    exit 0
fi

python=
found=
for candidate in ${PYTHON:-python3 python3.14 python3.13 python3.12 python3.11 python}; do
    seen=$(version "$candidate") || continue
    found="$found${found:+, }$candidate is $seen"
    fits "$candidate" || continue
    if makes_venvs "$candidate"; then
        python=$candidate
        break
    fi
    # Would do, but for a missing venv: taken when no other one is complete.
    incomplete=${incomplete:-$candidate}
done

if [ -z "$python" ]; then
    [ -n "${incomplete:-}" ] ||
        fail "Python 3.11 to 3.14 is needed (${found:-${PYTHON:-Python} not found}); name one with PYTHON=..."
    python=$incomplete
    number=$(version "$python")
    if [ "$(version /usr/bin/python3)" = "$number" ]; then
        package=python3-venv
    else
        package=python$number-venv
    fi
    echo "Python $number cannot make virtual environments: the package $package is missing."
    { may_install && apt_install "$package" && makes_venvs "$python"; } ||
        fail "Install it (on Debian and Ubuntu: sudo apt-get install $package), then run make again."
fi

echo "Making .venv with Python $(version "$python")."
"$python" -m venv --clear .venv || fail "Could not make .venv with $python."
pwd -P >.venv/.place
