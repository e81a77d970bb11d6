#!/bin/sh
# Start the application with the given arguments. Without a display and arguments: its pictures.
set -u
here=$(dirname "$0")

if [ $# -gt 0 ] || [ "$(uname -s)" != Linux ] || [ -n "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ]; then
    exec .venv/bin/loss-explorer "$@"
fi

echo "No display here: drawing the default experiment's descent into out/ instead of a window."
if sh "$here/virtual.sh" --check; then
    exec sh "$here/virtual.sh" .venv/bin/loss-explorer showcase --out out
fi
QT_QPA_PLATFORM=offscreen exec .venv/bin/loss-explorer showcase --out out
