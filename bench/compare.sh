#!/bin/bash
# SPDX-License-Identifier: MIT
# compare.sh [WEIR [MAKE_WORKLOAD]] - prints what keeping flows and asking for them costs here, with nfdump beside
#
# The same made flows, 23 to a datagram: Weir reads them from a capture, nfcapd receives them on the loopback interface at a
# rate that it can take (RATE datagrams a second). CPU is user and system time; a query's time is that of the clock, the best of three,
# with files in the page cache. What is not installed is named and left out; this never fails.
set -u
export LC_ALL=C TIMEFORMAT='%U %S %R'
weir=${1:-build/weir}
make_workload=${2:-build/bench/make_workload}
datagrams=${DATAGRAMS:-400000}
rate=${RATE:-15000}
folder=$(mktemp -d -p "${TMPDIR:-/tmp}") || exit 0
collector=''
trap 'kill "$collector" 2>/dev/null; rm -rf "$folder"' EXIT

for program in "$weir" "$make_workload"; do
    [ -x "$program" ] || { echo "compare.sh: $program is not there; run \`make\` first"; exit 0; }
done
nfdump=1
for program in nfcapd nfdump; do
    command -v $program >/dev/null || { echo "$program is not installed: its column stays empty"; nfdump=0; }
done

# best COMMAND...: seconds by the clock, the best of three
best() {
    local run times seconds least=''
    for run in 1 2 3; do
        { times=$( { time "$@" >/dev/null 2>&1; } 2>&1 1>&3); } 3>/dev/null
        seconds=${times##* }
        least=$(awk -v a="$seconds" -v b="${least:-$seconds}" 'BEGIN { print a < b ? a : b }')
    done
    echo "$least"
}

row() { printf '%-44s %14s %14s\n' "$1" "$2" "$3"; }
per_flow() { awk -v total="$1" -v flows="$flows" -v by="$2" 'BEGIN { printf "%.1f", total * by / flows }'; }
size_of() { find "$1" -type f -printf '%s\n' | awk '{ sum += $1 } END { printf "%.0f", sum }'; }

capture=$folder/capture.pcap
"$make_workload" -w "$capture" -n "$datagrams" >"$folder/made" || exit 0
flows=$(sed -n 's/.* \([0-9]*\) flows$/\1/p' "$folder/made")

{ times=$( { time "$weir" collect -r "$capture" -o "store:$folder/store" >/dev/null 2>&1; } 2>&1 1>&3); } 3>/dev/null
weir_cpu=$(awk '{ print $1 + $2 }' <<<"$times")
weir_bytes=$(size_of "$folder/store/flows")

nf_cpu='' nf_bytes=''
if [ $nfdump = 1 ]; then
    mkdir "$folder/nfdump"
    port=$((20000 + RANDOM % 20000))
    nfcapd -y -w "$folder/nfdump" -p $port -b 127.0.0.1 -B 16000000 >"$folder/nfcapd.log" 2>&1 &
    collector=$!
    sleep 1 # it says nowhere that it listens
    "$make_workload" -u 127.0.0.1:$port -n "$datagrams" -r "$rate" >/dev/null
    sleep 1
    nf_cpu=$(awk -v hertz="$(getconf CLK_TCK)" '{ print ($14 + $15) / hertz }' "/proc/$collector/stat")
    kill "$collector"
    wait "$collector"
    collector=''
    nf_flows=$(nfdump -R "$folder/nfdump" -I 2>/dev/null | sed -n 's/^Flows: \([0-9]*\)$/\1/p')
    nf_bytes=$(size_of "$folder/nfdump")
fi
# of the flows that nfcapd kept
nf_per_flow() { [ -n "$1" ] && awk -v total="$1" -v flows="${nf_flows:-0}" -v by="$2" 'BEGIN { if (flows > 0) printf "%.1f", total * by / flows }'; }

sql() { best "$weir" sql --store "$folder/store" -o csv "$1"; }
nf() { if [ $nfdump = 1 ]; then best nfdump -R "$folder/nfdump" "$@"; fi; }

echo "$flows flows${nf_flows:+; nfcapd kept $nf_flows of them}"
row '' weir nfdump
row 'CPU to store a flow, ns' "$(per_flow "$weir_cpu" 1e9)" "$(nf_per_flow "$nf_cpu" 1e9)"
row 'bytes of a flow on disk' "$(per_flow "$weir_bytes" 1)" "$(nf_per_flow "$nf_bytes" 1)"
top='SELECT addr(src_ipv4, src_ipv6), b FROM (SELECT src_ipv4, src_ipv6, sum(bytes) b FROM flows GROUP BY ALL ORDER BY b DESC LIMIT 10)'
row 'top 10 sources by bytes, s' "$(sql "$top")" "$(nf -s srcip/bytes -n 10)"
row 'top 10 destination ports, s' "$(sql 'SELECT dst_port, sum(bytes) FROM flows GROUP BY 1 ORDER BY 2 DESC LIMIT 10')" \
    "$(nf -s dstport/bytes -n 10)"
row 'dst port 53, count and sum, s' "$(sql 'SELECT count(*), sum(bytes) FROM flows WHERE dst_port = 53')" \
    "$(nf -A dstport 'dst port 53')"
row 'all flows as CSV, s' "$(sql 'SELECT time_start, time_end, protocol, src, src_port, dst, dst_port, packets, bytes FROM flows')" \
    "$(nf -o csv)"
row 'start, on one flow, s' "$("$weir" collect -r "$capture" --count 1 -o "store:$folder/one" 2>/dev/null
    best "$weir" sql --store "$folder/one" 'SELECT count(*) FROM flows')" ''
row 'weir --version, s' "$(best "$weir" --version)" ''
exit 0
