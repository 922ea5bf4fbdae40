#!/bin/bash
# SPDX-License-Identifier: MIT
# instructions.sh [DECODE [MAKE_WORKLOAD]] - prints how many instructions the decoder takes for a flow
#
# Counted by valgrind, so that the figure is the same on a busy machine: a slowdown of a few percent shows. What the
# program does besides decoding is taken out: three passes over a capture, less one. valgrind knows AVX2 but not every
# machine has it, so figures are to be compared on one machine only.
set -u
export LC_ALL=C
decode=${1:-build/bench/decode}
make_workload=${2:-build/bench/make_workload}
folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT

for program in "$decode" "$make_workload" valgrind; do
    if ! command -v "$program" >/dev/null; then
        echo "instructions.sh: $program is not there" >&2
        exit 1
    fi
done

# count PASSES: instructions of a run
count() {
    valgrind --tool=callgrind --callgrind-out-file=/dev/null "$decode" -r 1 -p "$1" "$folder/capture" 2>&1 >/dev/null |
        sed -n 's/.*Collected : \([0-9]*\).*/\1/p'
}

# measure LABEL OPTION...: the options are those of make_workload
measure() {
    local label=$1 flows one three
    shift
    flows=$("$make_workload" -w "$folder/capture" "$@" | sed -n 's/.* \([0-9]*\) flows$/\1/p')
    one=$(count 1)
    three=$(count 3)
    awk -v label="$label" -v one="$one" -v three="$three" -v flows="$flows" 'BEGIN {
        if (flows == 0 || one == 0) { print label ": no figure"; exit 1 }
        printf "%-36s %8.1f instructions a flow\n", label, (three - one) / 2 / flows }'
}

measure "v9, 20 fields" -n 2000
measure "v9, 20 fields, 1,000 exporters" -n 2000 -e 1000
measure "v9, 20 fields, 200 templates" -n 2000 -e 1 -t 200
measure "v5" -v 5 -n 2000
measure "IPFIX, strings of variable length" -v 10 -n 2000
