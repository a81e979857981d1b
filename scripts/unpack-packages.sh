#!/usr/bin/env bash
# Lays the files of the packages of group `unpack` out in a folder; installs nothing, starts nothing and
# needs no privilege:
#   scripts/unpack-packages.sh FOLDER
# Does nothing, quickly, where that was done with the same list.
set -euo pipefail

[ $# = 1 ] || { echo "usage: $0 FOLDER" >&2; exit 2; }
folder=$1
names=$(sed -n 's/^unpack //p' "$(dirname "$0")/packages")
[ "$(cat "$folder/.packages" 2>/dev/null)" != "$names" ] || exit 0

rm -rf "$folder"
mkdir -p "$folder/.archives"
cd "$folder/.archives"
# shellcheck disable=SC2086 # one word a package
download() { apt-get -qq download $names; }
# An archive that is gone from the mirror means that the lists are old.
download 2>/dev/null || { if [ "$(id -u)" = 0 ]; then apt-get -qq update; else sudo apt-get -qq update; fi && download; } || {
    echo "unpack-packages: apt-get could not download:" $names >&2
    exit 1
}
for archive in *.deb; do dpkg-deb -x "$archive" ..; done
cd ..
rm -rf .archives
echo "$names" >.packages
