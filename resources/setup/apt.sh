# shellcheck shell=sh
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

unavailable() {
    for name in $(names_here "$@"); do available "$name" || echo "$name"; done | xargs
}

refresh() {
    echo "Refreshing the list of system packages."
    apt_quietly update
}

apt_install() {
    fresh=no
    if [ -n "$(unavailable "$@")" ]; then
        refresh || return 1
        fresh=yes
    fi
    unknown=$(unavailable "$@")
    # One name that this release does not know must not keep the others out.
    if [ -n "$unknown" ]; then echo "Not in this system's archive: $unknown" >&2; fi
    names=
    for name in $(names_here "$@"); do
        case " $unknown " in *" $name "*) ;; *) names="$names $name" ;; esac
    done
    [ -n "$names" ] || return 1
    echo "Installing system packages."
    # shellcheck disable=SC2086  # a list of names
    if ! apt_quietly install -y --no-install-recommends $names; then
        # A list older than the archive names files that are gone.
        [ "$fresh" = no ] && refresh || return 1
        # shellcheck disable=SC2086
        apt_quietly install -y --no-install-recommends $names || return 1
    fi
    [ -z "$unknown" ]
}
