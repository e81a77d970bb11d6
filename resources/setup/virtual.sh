#!/bin/sh
# virtual.sh COMMAND... : run it under a virtual display. virtual.sh --check: is there one?
# The display comes from Xvfb, which is installed where that is allowed.
set -u
here=$(dirname "$0")

there() { command -v xvfb-run >/dev/null 2>&1 && command -v xauth >/dev/null 2>&1; }

if ! there; then
    [ "$(uname -s)" = Linux ] || exit 1
    sh "$here/require.sh" window display
    there || exit 1
fi
[ "$1" != --check ] || exit 0

unset WAYLAND_DISPLAY
QT_QPA_PLATFORM=xcb exec xvfb-run -a -s '-screen 0 1920x1200x24 +extension GLX' "$@"
