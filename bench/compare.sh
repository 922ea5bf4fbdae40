#!/bin/bash
# SPDX-License-Identifier: MIT
# compare.sh [WEIR [MAKE_WORKLOAD]] - prints what keeping flows and asking for them costs here, with nfdump beside
#
# The same made flows, 23 to a datagram: Weir reads them from a capture, nfcapd receives them on the loopback interface at a
# rate that it can take (RATE datagrams a second), so that its CPU has receiving in it. CPU is user and system time; a query's time is that
# of the clock, the best of three (RUNS), with files in the page cache. What is not installed is named and left out; this never fails.
#
#     DATAGRAMS   how many (400,000: 9.2 million flows)
#     PCAP        a capture of NetFlow v9 to be read instead of what make_workload makes; nfcapd gets nothing then
#     SEGMENTS    of how many small files a store is asked (10,000; 0: leave it out)
#     COPIES      so many times the flows an address is looked for in, after merging (1; 11 are 100 million)
set -u
export LC_ALL=C TIMEFORMAT='%U %S %R'
weir=${1:-build/weir}
make_workload=${2:-build/bench/make_workload}
datagrams=${DATAGRAMS:-400000}
rate=${RATE:-15000}
runs=${RUNS:-3}
segments=${SEGMENTS:-10000}
copies=${COPIES:-1}
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
[ -n "${PCAP:-}" ] && nfdump=0
[ -x /usr/bin/time ] || echo "/usr/bin/time is not installed: memory stays empty"

# measure COMMAND...: sets cpu, seconds and mib
measure() {
    local times
    mib='' cpu='' seconds=''
    if [ -x /usr/bin/time ]; then
        times=$(/usr/bin/time -f '%U %S %e %M' "$@" 2>&1 >/dev/null | tail -n 1)
        mib=$(awk '{ printf "%.0f", $4 / 1024 }' <<<"$times")
    else
        times=$( { time "$@" >/dev/null 2>&1; } 2>&1)
    fi
    cpu=$(awk '{ print $1 + $2 }' <<<"$times")
    seconds=$(awk '{ print $3 }' <<<"$times")
}

# best COMMAND...: seconds by the clock, the best of three
best() {
    local run least='' times
    for ((run = 0; run < runs; run++)); do
        { times=$( { time "$@" >/dev/null 2>&1; } 2>&1 1>&3); } 3>/dev/null
        least=$(awk -v a="${times##* }" -v b="${least:-${times##* }}" 'BEGIN { print a < b ? a : b }')
    done
    echo "$least"
}

row() { printf '%-48s %12s %12s\n' "$1" "${2:--}" "${3:--}"; }
per_flow() { awk -v total="$1" -v flows="$flows" -v by="$2" 'BEGIN { printf "%.1f", total * by / flows }'; }
millions() { awk -v seconds="$1" -v flows="$flows" 'BEGIN { if (seconds > 0) printf "%.1f", flows / seconds / 1e6 }'; }
size_of() { find "$1" -type f -printf '%s\n' | awk '{ sum += $1 } END { printf "%.0f", sum }'; }

capture=${PCAP:-$folder/capture.pcap}
if [ -z "${PCAP:-}" ]; then
    "$make_workload" -w "$capture" -n "$datagrams" >"$folder/made" || exit 0
fi

measure "$weir" collect -r "$capture" -o "store:$folder/store"
weir_cpu=$cpu weir_mib=$mib
flows=$("$weir" sql --store "$folder/store" -o csv 'SELECT count(*) FROM flows' 2>/dev/null | tail -n 1)
case ${flows:-0} in
    '' | 0 | *[!0-9]*) echo "compare.sh: weir sql cannot count the flows: $("$weir" sql --store "$folder/store" 'SELECT 1' 2>&1 | head -n 1)"; exit 0;;
esac
weir_bytes=$(size_of "$folder/store/flows")

nf_cpu='' nf_bytes='' nf_flows=''
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
nf() { if [ $nfdump = 1 ]; then best nfdump -R "$folder/nfdump" "$@"; fi; }

# merging what was written as it is live: small files, lightly packed
"$weir" collect -r "$capture" -o "store:$folder/live" --segment-size 16M --effort light >/dev/null 2>&1
live_bytes=$(size_of "$folder/live/flows")
measure "$weir" store merge --store "$folder/live" --all --grace 1s
merge_cpu=$cpu merge_mib=$mib
sleep 1.1
"$weir" store merge --store "$folder/live" --all --grace 1s >/dev/null 2>&1 # removes what was merged
merged_bytes=$(size_of "$folder/live/flows")

echo "$flows flows${nf_flows:+; nfcapd kept $nf_flows of them}; weir $("$weir" --version | sed 's/^weir //')"
row '' weir nfdump
row 'CPU to store a flow, ns' "$(per_flow "$weir_cpu" 1e9)" "$(nf_per_flow "$nf_cpu" 1e9)"
row '  memory, MiB' "$weir_mib" ''
row 'bytes of a flow as first written' "$(per_flow "$weir_bytes" 1)" "$(nf_per_flow "$nf_bytes" 1)"
row '  --effort light, segments of 16 MiB' "$(per_flow "$live_bytes" 1)" ''
row '  merged' "$(per_flow "$merged_bytes" 1)" ''
row 'merge, million flows a second of CPU' "$(millions "$merge_cpu")" ''
row '  memory, MiB' "$merge_mib" ''

store=$folder/store
weir_best() { best "$weir" "$1" --store "$store" "${@:2}"; }
row 'top 10 sources by bytes, s' "$(weir_best top src -n 10 -o csv)" "$(nf -s srcip/bytes -n 10)"
row 'top 10 destination ports by bytes, s' "$(weir_best top dstport -n 10 -o csv)" "$(nf -s dstport/bytes -n 10)"
row 'dst port 53, count and sum, s' \
    "$(weir_best sql -o csv 'SELECT count(*), sum(bytes) FROM flows WHERE dst_port = 53')" "$(nf -A dstport 'dst port 53')"
row 'all flows as CSV, s' "$(runs=1 weir_best flows --order none -o csv)" "$(runs=1 nf -o csv)"
row 'all flows as JSON, s' "$(runs=1 weir_best flows --order none -o ndjson)" "$(runs=1 nf -o json)"

# one address, in files that were merged
store=$folder/live
for ((copy = 1; copy < copies; copy++)); do
    for file in "$folder"/live/flows/*/*/*-*.parquet; do
        case $file in *.copy-*) continue;; esac
        name=${file##*/} # FIRST-LAST-WRITER-FROM-TO-TIER.parquet: another writer
        ln "$file" "${file%/*}/$(awk -F- -v OFS=- -v n=$copy '{ $3 = sprintf("%08x", n); print }' <<<"$name")" 2>/dev/null
    done
done
# one that has few flows: the list of many would be what is measured
rare='SELECT addr(src_ipv4, src_ipv6) FROM (SELECT src_ipv4, src_ipv6 FROM flows GROUP BY ALL HAVING count(*) = 1 ORDER BY 1, 2 LIMIT 1)'
address=$("$weir" sql --store "$folder/store" -o csv "$rare" 2>/dev/null | tail -n 1)
row "one address in $((flows * copies / 1000000)) million flows, merged, s" "$(weir_best flows --order none -o csv "src ip $address")" \
    "$(nf "src ip $address")"

"$weir" collect -r "$capture" --count 1 -o "store:$folder/one" >/dev/null 2>&1
mkdir -p "$folder/none"
store=$folder/none
row 'start of weir top, on an empty store, s' "$(weir_best top src)" ''
store=$folder/one
row '  on one flow, s' "$(weir_best top src)" ''
row 'weir --version, s' "$(best "$weir" --version)" ''

if [ "$segments" -gt 0 ]; then
    # as many files as there would be after so many commits, of one datagram each
    mkdir -p "$folder/many"
    cp -r "$folder/one/." "$folder/many"
    file=$(find "$folder/one/flows" -name '*.parquet' | head -n 1)
    name=${file##*/} place=$folder/many/${file#"$folder/one/"}
    seq 2 "$segments" | awk -F- -v OFS=- -v name="$name" '{ n = $1; $0 = name; $3 = sprintf("%08x", n); print }' |
        (cd "${place%/*}" && while read -r other; do ln "$name" "$other"; done)
    store=$folder/many
    row "first row of $(find "$folder/many/flows" -name '*.parquet' | wc -l) files, s" "$(weir_best flows --order none -n 1 -o csv)" ''
fi
exit 0
