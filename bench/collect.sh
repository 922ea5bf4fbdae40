#!/bin/bash
# SPDX-License-Identifier: MIT
# collect.sh [WEIR [MAKE_WORKLOAD]] - prints how fast weir collects and decodes here
#
# Each line is the best of three runs over a capture of made datagrams, 23 flows each. CPU is user and system time, so
# that a busy machine does not count against the program. A figure that cannot be had is said; this never fails.
set -u
export LC_ALL=C
weir=${1:-build/weir}
make_workload=${2:-build/bench/make_workload}
folder=$(mktemp -d) || exit 0
trap 'rm -rf "$folder"' EXIT

# measure LABEL DATAGRAMS OUTPUT
measure() {
    local label=$1 datagrams=$2 output=$3 flows run times cpu best=''
    local capture=$folder/$datagrams.pcap
    [ -e "$capture" ] || "$make_workload" -w "$capture" -n "$datagrams" >"$folder/$datagrams.txt" || return 0
    flows=$(sed -n 's/.* \([0-9]*\) flows$/\1/p' "$folder/$datagrams.txt")
    for run in 1 2 3; do
        rm -f "$folder"/out*
        TIMEFORMAT='%U %S %R'
        # the outer braces keep bash's own figures apart from what weir says
        { times=$( { time "$weir" collect -r "$capture" -o "$output" >/dev/null 2>"$folder/words"; } 2>&1 1>&3); } 3>/dev/null
        if ! grep -q "^weir: $datagrams datagrams, $flows flows" "$folder/words"; then
            echo "$label: no figure; weir said: $(head -n 1 "$folder/words")"
            return 0
        fi
        cpu=$(awk '{ print $1 + $2 }' <<<"$times")
        best=$(awk -v cpu="$cpu" -v best="${best:-$cpu}" 'BEGIN { print cpu < best ? cpu : best }')
    done
    awk -v label="$label" -v datagrams="$datagrams" -v flows="$flows" -v cpu="$best" 'BEGIN {
        printf "%-5s %8d datagrams %9d flows %8.3f s of CPU", label, datagrams, flows, cpu
        if (cpu > 0) printf " %8.2f M flows/s\n", flows / cpu / 1e6; else print "" }'
    measured[$label-$datagrams]=$best
}

if [ ! -x "$weir" ] || [ ! -x "$make_workload" ]; then
    echo "collect.sh: $weir or $make_workload is not there; run \`make\` first"
    exit 0
fi
declare -A measured
measure json 10000 "json:$folder/out.json"
measure json 100000 "json:$folder/out.json"
measure null 10000 null
measure null 100000 null
if [ -n "${measured[json-10000]:-}" ] && [ -n "${measured[json-100000]:-}" ]; then
    awk -v few="${measured[json-10000]}" -v many="${measured[json-100000]}" 'BEGIN {
        if (few > 0) printf "json: ten times the datagrams take %.1f times as long\n", many / few }'
fi
exit 0
