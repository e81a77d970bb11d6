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

# Sets offered to the names under which this system's archive has the given packages, and unknown to
# the packages that it does not have. Newer releases gave some libraries a new name with the same
# file inside: libglib2.0-0t64. One call for all: in containers apt reads its whole lists each time.
look_up() {
    candidates=$(
        for name in "$@"; do echo "$name ${name}t64"; done | LC_ALL=C xargs apt-cache policy 2>/dev/null |
            awk '/^[^ ]/ { sub(/:$/, ""); name = $0 } /^  Candidate: [^(]/ { print name }' | xargs
    )
    offered=
    unknown=
    for name in "$@"; do
        case " $candidates " in
        *" $name "*) offered="$offered $name" ;;
        *" ${name}t64 "*) offered="$offered ${name}t64" ;;
        *) unknown="$unknown $name" ;;
        esac
    done
}

refresh() {
    echo "Refreshing the list of system packages."
    apt_quietly update
}

apt_install() {
    fresh=no
    look_up "$@"
    if [ -n "$unknown" ]; then
        refresh || return 1
        fresh=yes
        look_up "$@"
    fi
    # One name that this release does not know must not keep the others out.
    if [ -n "$unknown" ]; then echo "Not in this system's archive:$unknown" >&2; fi
    [ -n "$offered" ] || return 1
    echo "Installing system packages."
    # shellcheck disable=SC2086  # a list of names
    if ! apt_quietly install -y --no-install-recommends $offered; then
        # A list older than the archive names files that are gone.
        [ "$fresh" = no ] && refresh || return 1
        # shellcheck disable=SC2086
        apt_quietly install -y --no-install-recommends $offered || return 1
    fi
    [ -z "$unknown" ]
}
