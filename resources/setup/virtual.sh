#!/bin/sh
# virtual.sh COMMAND... : run it under a virtual display. virtual.sh --check: is there one?
set -u
command -v xvfb-run >/dev/null 2>&1 && command -v xauth >/dev/null 2>&1 || exit 1
[ "$1" != --check ] || exit 0

unset WAYLAND_DISPLAY
QT_QPA_PLATFORM=xcb exec xvfb-run -a -s '-screen 0 1920x1200x24 +extension GLX' "$@"
