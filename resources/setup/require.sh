#!/bin/sh
# require.sh LIST... : the system libraries in LIST.txt are there, or are named and installed where
# that is allowed. Leaves with 1 when some are still missing.
set -u
here=$(dirname "$0")
. "$here/apt.sh"

[ "$(uname -s)" = Linux ] || exit 0

wanted() {
    for list in "$@"; do grep -v -e '^#' -e '^ *$' "$here/$list.txt"; done
}

missing_packages() {
    # Of this machine's own architecture: a 32-bit libgl1 is of no use to a 64-bit Python.
    dpkg-query -W -f '${db:Status-Status} ${Architecture} ${Package}\n' 2>/dev/null |
        awk -v native="$(dpkg --print-architecture)" '
            NR == FNR { if ($1 == "installed" && ($2 == native || $2 == "all")) have[$3] = 1; next }
            !($1 in have) && !(($1 "t64") in have) { print $1 }
        ' - "$wanted_file"
}

missing_files() {
    while read -r _ file; do
        case $file in
        -) ;;
        lib*.so*) printf '%s\n' "$libraries" | grep -qF "	$file " || echo "$file" ;;
        *) command -v "$file" >/dev/null 2>&1 || echo "$file" ;;
        esac
    done <"$wanted_file"
}

wanted_file=$(mktemp)
trap 'rm -f "$wanted_file"' EXIT
wanted "$@" >"$wanted_file"

if command -v dpkg-query >/dev/null 2>&1 && command -v apt-get >/dev/null 2>&1; then
    missing=$(missing_packages | xargs)
    [ -n "$missing" ] || exit 0
    echo "Missing system packages: $missing"
    if may_install; then
        # shellcheck disable=SC2086  # a list of names
        apt_install $missing && exit 0
    fi
    # shellcheck disable=SC2086
    look_up $missing
    echo "Install them with: sudo apt-get install --no-install-recommends$offered$unknown" >&2
    exit 1
fi

PATH=$PATH:/sbin:/usr/sbin
if libraries=$(ldconfig -p 2>/dev/null); then
    missing=$(missing_files | xargs)
    [ -n "$missing" ] || exit 0
    echo "Missing system libraries, to be installed with this system's package manager: $missing" >&2
else
    echo "These system libraries are needed: $(awk '$2 != "-" { print $2 }' "$wanted_file" | xargs)" >&2
fi
exit 1
