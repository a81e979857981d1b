#!/usr/bin/env bash
# Builds the program: scripts/build.sh release|debug|program
#   release  optimized and hardened                      build/posthaste
#   debug    under address and undefined-behaviour checks   build/debug/posthaste, and the unit tests
#   program  of debug what tests/e2e run, without the unit tests
# Installs the Debian packages it needs first.
set -euo pipefail
cd "$(dirname "$0")/.."

configure() {
    local folder=$1
    shift
    [ -f "$folder/build.ninja" ] || meson setup "$folder" "$@" >"$folder.log" 2>&1 || {
        tail -n 20 "$folder.log" >&2
        echo "build: meson setup $folder failed" >&2
        exit 1
    }
}

# Quiet where all is well: ninja's words are shown only when something fails.
compile() {
    local folder=$1
    shift
    ninja -C "$folder" "$@" >"$folder.log" 2>&1 || {
        grep -v '^\[' "$folder.log" | tail -n 60 >&2
        echo "build: $folder failed, all of it is in $folder.log" >&2
        exit 1
    }
}

linker() {
    local name
    for name in lld gold; do
        command -v "ld.$name" >/dev/null && { echo "$name"; return; }
    done
    echo bfd
}

program() {
    meson introspect --targets "$1" | /usr/bin/python3 -c '
import json, sys
names = [t["filename"][0] for t in json.load(sys.stdin) if t["name"] == "posthaste" and t["type"] == "executable"]
sys.exit("build: meson.build has no executable named posthaste") if not names else print(names[0])'
}

[ $# = 1 ] || { echo "usage: $0 release|debug|program" >&2; exit 2; }
scripts/install-packages.sh build
mkdir -p build
case $1 in
release)
    configure build/release --buildtype=release
    path=$(program build/release)
    compile build/release "$(realpath --relative-to=build/release "$path")"
    # Into place in one step: a server may be running the old one.
    install -m 755 "$path" build/posthaste.new
    mv build/posthaste.new build/posthaste
    echo "built build/posthaste"
    ;;
debug | program)
    # What the tests' build takes is a good part of what they take in all: optimized a little, lines without
    # variables for a debugger (who needs them: meson configure build/debug -Dc_args=-g), by the quickest linker there
    # is, and at fixed addresses, which spares each start of a process what else is moved. b_pie=false alone leaves
    # that to the compiler, and Debian's makes PIE.
    CC_LD=$(linker) configure build/debug -Db_sanitize=address,undefined -Db_lundef=false -Doptimization=1 \
        -Dc_args=-g1 -Db_pie=false -Dc_link_args=-no-pie -Db_staticpic=false
    path=$(program build/debug)
    wanted=()
    [ "$1" = debug ] || wanted=("$(realpath --relative-to=build/debug "$path")" tests/tool_{dkim,report,seven_bit,spf}
        tests/overload/{flood,meter})
    compile build/debug "${wanted[@]}"
    [ "$path" -ef build/debug/posthaste ] || ln -sf "$path" build/debug/posthaste
    ;;
*)
    echo "usage: $0 release|debug|program" >&2
    exit 2
    ;;
esac
