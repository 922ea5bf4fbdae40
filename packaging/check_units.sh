#!/bin/bash
# SPDX-License-Identifier: MIT
# check_units.sh FOLDER BINDIR - what systemd says of the units in FOLDER, with the program in BINDIR; 77 without systemd-analyze
set -u
folder=$1 bindir=$2 most=2.0
if ! command -v systemd-analyze >/dev/null; then
    echo "skipped: there is no systemd-analyze here"
    exit 77
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed "s#@bindir@#$bindir#" "$folder/weir.service.in" >"$work/weir.service"
cp "$folder/weir.socket" "$work"

# fail TEXT
fail() {
    echo "$1" >&2
    exit 1
}

said=$(systemd-analyze verify --man=no --recursive-errors=no "$work/weir.service" "$work/weir.socket" 2>&1) || fail "verify: $said"
[ -z "$said" ] || fail "verify: $said"
exposure=$(systemd-analyze security --no-pager --offline=yes "$work/weir.service" | sed -n 's/.*exposure level for .*: \([0-9.]*\) .*/\1/p')
awk -v got="$exposure" -v most=$most 'BEGIN { exit !(got != "" && got + 0 <= most + 0) }' ||
    fail "security: exposure $exposure, and $most is the most"
echo "exposure $exposure"
for word in Type=notify WatchdogSec= StateDirectory=weir RuntimeDirectoryPreserve=yes ProtectSystem=strict MemoryDenyWriteExecute=yes; do
    grep -q "^$word" "$work/weir.service" || fail "weir.service lacks $word"
done
# what the program wants and @privileged or @resources have in them is given back
given_back=$(sed -n '/^SystemCallFilter=~/,$p' "$work/weir.service")
for call in capset seccomp setpriority sched_setaffinity; do
    grep -Eq "^SystemCallFilter=([a-z_]+ )*$call( |\$)" <<<"$given_back" || fail "weir.service refuses $call"
done
if command -v systemd-sysusers >/dev/null; then
    said=$(systemd-sysusers --dry-run "$folder/weir.sysusers" 2>&1) || fail "sysusers: $said"
fi
# both kinds of files name the same user
grep -q '^u weir ' "$folder/weir.sysusers" && grep -q '^User=weir$' "$work/weir.service" || fail "the users differ"
