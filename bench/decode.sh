#!/bin/bash
# SPDX-License-Identifier: MIT
# decode.sh [DECODE [MAKE_WORKLOAD]] - prints how fast libweir decodes each kind of export to columns, on one core
#
# The workloads take turns, so that a machine that is busy now and then disturbs all of them alike. Each figure is the
# median of the rounds; a ratio is the median of the ratios to the first workload in the same round: that is what more
# exporters, or more templates, cost a flow. A figure that cannot be had is said; this never fails.
set -u
export LC_ALL=C
decode=${1:-build/bench/decode}
make_workload=${2:-build/bench/make_workload}
rounds=7 seconds=0.2 datagrams=20000
folder=$(mktemp -d) || exit 0
trap 'rm -rf "$folder"' EXIT

labels=()
prepare() {
    local label=$1
    shift
    "$make_workload" -w "$folder/${#labels[@]}.pcap" -n "$datagrams" "$@" >/dev/null && labels+=("$label")
}

if [ ! -x "$decode" ] || [ ! -x "$make_workload" ]; then
    echo "decode.sh: $decode or $make_workload is not there; run \`make\` first"
    exit 0
fi
prepare "v9, 20 fields, 1 exporter" -e 1
prepare "v9, 1,000 exporters" -e 1000
prepare "v9, 10,000 exporters" -e 10000
prepare "v9, 200 templates in turn" -e 1 -t 200
prepare "v5" -e 1 -v 5
prepare "IPFIX, 3 strings a flow" -e 1 -v 10

for ((round = 0; round < rounds; round++)); do
    for i in "${!labels[@]}"; do
        "$decode" -r 1 -t "$seconds" "$folder/$i.pcap" 2>/dev/null |
            sed -n "s|^.* \([0-9.]*\) ns/flow.*|$i $round \1|p"
    done
done >"$folder/figures"

for i in "${!labels[@]}"; do
    awk -v label="${labels[$i]}" -v i="$i" '
        function median(list, count,   a, b, swap) {
            for (a = 2; a <= count; a++)
                for (b = a; b > 1 && list[b - 1] > list[b]; b--) {
                    swap = list[b]; list[b] = list[b - 1]; list[b - 1] = swap
                }
            return list[int((count + 1) / 2)]
        }
        $1 == 0 { first[$2] = $3 }
        $1 == i { times[++count] = $3; ratios[count] = first[$2] > 0 ? $3 / first[$2] : 0 }
        END {
            if (count == 0) { print label ": no figure"; exit }
            time = median(times, count)
            printf "decode %-26s %8.2f M flows/s %8.2f ns/flow", label, 1000 / time, time
            if (label ~ /^v9/ && i > 0) printf "   %5.2f times that of the first\n", median(ratios, count); else print ""
        }' "$folder/figures"
done
exit 0
