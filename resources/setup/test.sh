#!/bin/sh
# test.sh [--quick]: the tests, on all cores; those that need no display on Qt's offscreen platform, the others under
# Xvfb. --quick leaves out those that are slow, and those that need OpenGL.
set -u
here=$(dirname "$0")

runtime=$(mktemp -d)
trap 'rm -rf "$runtime"' EXIT
export XDG_RUNTIME_DIR="$runtime"
if [ "$(uname -s)" = Linux ]; then export LC_ALL=C.UTF-8; fi
# A process on each core has no use for threads within NumPy, which would be in each other's way.
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1
tests=".venv/bin/python -m pytest -q -n auto --dist worksteal"

run_flat() {
    # shellcheck disable=SC2086  # a list of words
    env -u DISPLAY -u WAYLAND_DISPLAY QT_QPA_PLATFORM=offscreen $tests -m "$1"
}

if [ "${1:-}" = --quick ]; then
    echo "== pytest, what is quick"
    run_flat 'not gl and not slow'
    exit
fi

echo "== pytest, without a display"
run_flat 'not gl' || exit 1

echo "== pytest, OpenGL under Xvfb"
if sh "$here/virtual.sh" --check; then
    # shellcheck disable=SC2086
    sh "$here/virtual.sh" $tests -m gl || exit 1
else
    echo "SKIPPED: the OpenGL tests did not run, there is no Xvfb here." >&2
fi
