#!/bin/sh
# The tests: those that need no display on Qt's offscreen platform, the others under Xvfb.
set -u
here=$(dirname "$0")

runtime=$(mktemp -d)
trap 'rm -rf "$runtime"' EXIT
export XDG_RUNTIME_DIR="$runtime"
if [ "$(uname -s)" = Linux ]; then export LC_ALL=C.UTF-8; fi

echo "== pytest, without a display"
env -u DISPLAY -u WAYLAND_DISPLAY QT_QPA_PLATFORM=offscreen \
    .venv/bin/python -m pytest -q -m 'not gl' || exit 1

echo "== pytest, OpenGL under Xvfb"
if sh "$here/virtual.sh" --check; then
    sh "$here/virtual.sh" .venv/bin/python -m pytest -q -m gl || exit 1
else
    echo "SKIPPED: the OpenGL tests did not run, there is no Xvfb here." >&2
fi
