#!/usr/bin/env bash
# Installs what is missing of the given groups of scripts/packages, and starts no service:
#   scripts/install-packages.sh GROUP...
# Does nothing, quickly, where nothing is missing. Needs root or sudo otherwise.
set -euo pipefail

list="$(dirname "$0")/packages"
policy=/usr/sbin/policy-rc.d

wanted() {
    local group
    for group in "$@"; do
        grep -q "^$group " "$list" || { echo "install-packages: no group $group in $list" >&2; exit 2; }
        sed -n "s/^$group //p" "$list"
    done | sort -u
}

missing() {
    local package
    for package in $(wanted "$@"); do
        dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || echo "$package"
    done
}

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo -- "$@"; fi
}

# invoke-rc.d and deb-systemd-invoke both ask policy-rc.d; 101 forbids every start. Works in
# containers and chroots alike. What stood there before is put back.
forbid_starts() {
    # A copy that is there already is from a run that was killed: it holds the true one.
    [ ! -e "$policy" ] || as_root mv -n "$policy" "$policy.before-posthaste"
    trap allow_starts EXIT
    printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
    as_root chmod 755 "$policy"
}

allow_starts() {
    as_root rm -f "$policy"
    [ ! -e "$policy.before-posthaste" ] || as_root mv "$policy.before-posthaste" "$policy"
}

apt() {
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -y -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=300 "$@"
}

# A server that was pulled in for a comparison shall not come up at the next boot either.
keep_stopped() {
    local package unit
    command -v systemctl >/dev/null || return 0
    for package in "$@"; do
        case "$package" in
        postfix) unit=postfix ;;
        dovecot-core) unit=dovecot ;;
        *) continue ;;
        esac
        as_root systemctl disable --quiet "$unit" 2>/dev/null || true
    done
}

install() {
    local log
    log=$(mktemp)
    echo "installing Debian packages: $*"
    printf 'postfix postfix/main_mailer_type select No configuration\n' | as_root debconf-set-selections || true
    if ! apt install --no-install-recommends "$@" >"$log" 2>&1; then
        # Most often the lists are old or not there.
        { apt update && apt install --no-install-recommends "$@"; } >"$log" 2>&1 || {
            tail -n 20 "$log" >&2
            echo "install-packages: apt-get could not install: $*" >&2
            exit 1
        }
    fi
    rm -f "$log"
}

[ $# -gt 0 ] || { echo "usage: $0 GROUP..." >&2; exit 2; }
names=$(missing "$@")
[ -n "$names" ] || exit 0
# shellcheck disable=SC2086 # one word a package
set -- $names
if [ "$(id -u)" != 0 ] && ! command -v sudo >/dev/null; then
    echo "install-packages: missing packages and neither root nor sudo; as root run: apt-get install $*" >&2
    exit 1
fi
forbid_starts
install "$@"
keep_stopped "$@"
