#!/usr/bin/env bash
# Runs a command in a network of its own: a loopback on which every port is free, and no way out. What listens on this
# machine, and what another run left behind a minute ago, is not met there. Who may not make one (not root, or a
# container that forbids it) runs the command in the network that there is.
#
#   scripts/own-network.sh COMMAND [ARGUMENT...]
set -euo pipefail
[ $# -gt 0 ] || { echo "usage: $0 COMMAND [ARGUMENT...]" >&2; exit 2; }

# shellcheck disable=SC2016
inside=(unshare --net sh -c 'ip link set lo up && exec "$@"' sh)
if "${inside[@]}" true 2>/dev/null; then
    exec "${inside[@]}" "$@"
fi
exec "$@"
