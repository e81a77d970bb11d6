#!/bin/sh
# Start the application with the given arguments. Without a display and arguments: its pictures.
set -u
here=$(dirname "$0")

if [ $# -gt 0 ]; then exec .venv/bin/loss-explorer "$@"; fi

# No stamp: some libraries could not be installed. Perhaps they were not the ones that matter.
if ! ls .venv/.libraries-* >/dev/null 2>&1 &&
    ! .venv/bin/python -c 'from PySide6 import QtOpenGLWidgets' >/dev/null 2>&1; then
    echo "The application cannot start without these libraries." >&2
    exit 1
fi

if [ "$(uname -s)" != Linux ] || [ -n "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ]; then
    exec .venv/bin/loss-explorer
fi

echo "No display here: drawing the default experiment's descent into out/ instead of a window."
if sh "$here/virtual.sh" --check; then
    exec sh "$here/virtual.sh" .venv/bin/loss-explorer showcase --out out
fi
QT_QPA_PLATFORM=offscreen exec .venv/bin/loss-explorer showcase --out out
