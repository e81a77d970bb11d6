# Sourced by the other scripts: install Debian packages where that is allowed.

may_install() {
    command -v apt-get >/dev/null 2>&1 || return 1
    if [ "$(id -u)" -eq 0 ]; then
        as_root=
    elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
        as_root='sudo -n'
    else
        return 1
    fi
}

apt_quietly() {
    # Silent when all is well; everything that apt said when it is not.
    apt_log=$(mktemp)
    if $as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get -q -o DPkg::Lock::Timeout=120 "$@" >"$apt_log" 2>&1 </dev/null; then
        rm -f "$apt_log"
    else
        cat "$apt_log" >&2
        rm -f "$apt_log"
        return 1
    fi
}

available() {
    apt-cache policy "$1" 2>/dev/null | grep -q '^  Candidate: [^(]'
}

# Newer releases gave some libraries a new name with the same file inside: libglib2.0-0t64.
name_here() {
    if ! available "$1" && available "$1t64"; then echo "$1t64"; else echo "$1"; fi
}

names_here() {
    for name in "$@"; do name_here "$name"; done | xargs
}

all_available() {
    for name in "$@"; do available "$(name_here "$name")" || return 1; done
}

apt_install() {
    updated=no
    if ! all_available "$@"; then
        echo "Refreshing the list of packages."
        apt_quietly update || return 1
        updated=yes
    fi
    names=$(names_here "$@")
    echo "Installing system packages ($#)."
    # shellcheck disable=SC2086  # a list of names
    apt_quietly install -y --no-install-recommends $names && return 0
    [ "$updated" = no ] || return 1
    # The list is older than the archive.
    apt_quietly update || return 1
    names=$(names_here "$@")
    # shellcheck disable=SC2086
    apt_quietly install -y --no-install-recommends $names
}
