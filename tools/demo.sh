#!/bin/bash
# SPDX-License-Identifier: MIT
# demo.sh [WEIR] - shows Weir measuring real traffic on this machine
#
# Starts a collector, a real exporter (softflowd) on the loopback interface and transfers over HTTP; then shows what Weir
# tells about them. Where nobody may listen on the interface, a capture of such a run is replayed. Everything that is
# started ends with the script; the files lie in a temporary folder that goes too.
#
# demo.sh --record FILE.pcap [WEIR] makes that capture anew (needs tcpdump).
set -u
PATH=$PATH:/usr/sbin:/sbin
[ -n "${LC_ALL:-}${LC_CTYPE:-}${LANG:-}" ] || export LC_ALL=C.UTF-8 # a bare machine; the graph has better characters then
source_root=$(cd "$(dirname "$0")/.." && pwd)
traffic=$source_root/tools/demo_traffic.py
sample=$source_root/examples/softflowd-v9.pcap

record=''
if [ "${1:-}" = --record ]; then
    record=${2:?demo.sh: --record FILE.pcap}
    shift 2
fi
weir=$(realpath -m "${1:-$source_root/build/weir}")
if [ ! -x "$weir" ]; then
    echo "demo.sh: $weir is not there; run \`make\` first" >&2
    exit 1
fi

folder=$(mktemp -d) || exit 1
export STATE_DIRECTORY=$folder/state # templates are not kept for another run
flows=$folder/flows.ndjson
collector='' exporter='' recorder='' mover=''

# End what was started, by its process ID, and wait until it is gone.
end() {
    local pid
    for pid in "$@"; do
        kill -TERM "$pid" 2>/dev/null
        for _ in $(seq 50); do
            kill -0 "$pid" 2>/dev/null || break
            sleep 0.1
        done
        kill -KILL "$pid" 2>/dev/null
        wait "$pid" 2>/dev/null
    done
}
clean_up() {
    trap '' INT TERM # a second Ctrl-C must not leave half of it behind
    end $mover $exporter $recorder $collector
    rm -rf "$folder"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# wait_for SECONDS COMMAND...: until the command succeeds
wait_for() {
    local tries=$(($1 * 10))
    shift
    until "$@"; do
        tries=$((tries - 1))
        [ $tries -gt 0 ] || return 1
        sleep 0.1
    done
}

bold='' plain=''
if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
    bold=$'\033[1m' plain=$'\033[0m'
fi
say() { printf '\n%s\n' "$*"; }

# Shows a weir command as one would type it in the folder, and what it prints.
show() {
    printf '\n%s$ weir %s%s\n' "$bold" "$*" "$plain"
    (cd "$folder" && "$weir" "$@")
}

collector_listens() { grep -qi ":$(printf '%04X' "$collector_port") " /proc/net/udp; }
collector_listens_or_ended() { collector_listens || ! kill -0 "$collector" 2>/dev/null; }
exporter_listens() { softflowctl -c "$folder/control" statistics >/dev/null 2>&1; }
exporter_listens_or_ended() { exporter_listens || ! kill -0 "$exporter" 2>/dev/null; }
has_ended() { ! kill -0 "$1" 2>/dev/null; }

start_collector() {
    (cd "$folder" && exec "$weir" collect -p "$collector_port" -b 127.0.0.1 -o flows.ndjson 2>collector.txt) &
    collector=$!
    wait_for 10 collector_listens_or_ended
    if ! collector_listens; then
        cat "$folder/collector.txt" >&2
        echo "demo.sh: weir collect did not start; its words are above" >&2
        exit 1
    fi
}

# Fails where softflowd is missing or may not listen; softflowd.txt then says why.
start_exporter() {
    if ! command -v softflowd >/dev/null; then
        echo "softflowd is not installed" >"$folder/softflowd.txt"
        return 1
    fi
    # softflowd locks itself into this empty folder; the boot makes it, where there was one
    [ "$(id -u)" != 0 ] || mkdir -p /run/softflowd/chroot
    softflowd -i lo -n "127.0.0.1:$collector_port" -v 9 -t tcp.fin=5 -t maxlife=60 -t expint=5 -B 16777216 -d \
        -p "$folder/pid" -c "$folder/control" "tcp port $http_port or ether proto 0x88b5" \
        >"$folder/softflowd.txt" 2>&1 &
    exporter=$!
    wait_for 5 exporter_listens_or_ended
    exporter_listens
}

start_recorder() {
    tcpdump -i lo -n --immediate-mode -U -w "$record" "udp dst port $collector_port" 2>"$folder/tcpdump.txt" &
    recorder=$!
    wait_for 5 grep -q 'listening on' "$folder/tcpdump.txt"
}

# softflowd has seen the frames that follow the last packet of the transfers.
exporter_is_through() {
    "$traffic" push && softflowctl -c "$folder/control" statistics | grep -q 'Ignored packets: [1-9]'
}

# Real traffic, a real exporter.
watch_traffic() {
    say "Moving data over HTTP between this machine and itself, watched by softflowd:"
    [ -z "$record" ] || start_recorder || exit 1
    "$traffic" move "$http_port" &
    mover=$!
    wait "$mover"
    local moved=$?
    mover=''
    [ $moved = 0 ] || exit 1
    wait_for 5 exporter_is_through || echo "demo.sh: softflowd holds packets back" >&2
    softflowctl -c "$folder/control" expire-all >/dev/null
    if ! wait_for 10 "$traffic" arrived "$http_port" "$flows"; then
        echo "demo.sh: not all flows came from softflowd; what came is shown" >&2
    fi
    end $exporter
    exporter=''
    end $recorder $collector
    recorder='' collector=''
}

replay_sample() {
    say "Nobody may watch the loopback interface here ($(tail -n 1 "$folder/softflowd.txt")),"
    echo "so a capture of what softflowd exported on another machine is replayed. As root you see your own traffic."
    end $exporter $collector
    exporter='' collector=''
    rm -f "$flows"
    cp "$sample" "$folder/"
    show collect -r "$(basename "$sample")" -o flows.ndjson || exit 1
}

show_what_weir_tells() {
    local failed=0
    show analyze flows.ndjson || failed=1
    show analyze --table flows.ndjson || failed=1
    show analyze --stats flows.ndjson || failed=1
    show analyze --graph flows.ndjson || failed=1
    return $failed
}

read -r collector_port http_port < <("$traffic" ports) || exit 1
start_collector
replayed=0
if start_exporter; then
    grep -q '^0*1 .* lo$' /proc/net/if_inet6 2>/dev/null ||
        say "There is no IPv6 on this machine's loopback interface; IPv4 alone is shown."
    watch_traffic
    printf '\n%s$ weir collect -p %s -b 127.0.0.1 -o flows.ndjson%s\n' "$bold" "$collector_port" "$plain"
    cat "$folder/collector.txt"
else
    replayed=1
    replay_sample
fi
failed=0
show_what_weir_tells || failed=1
if [ $replayed = 0 ]; then
    echo
    "$traffic" compare "$http_port" "$flows" || failed=1
fi
say "To see your own network: weir collect -p 9000 -o text, and let your router or softflowd export to port 9000."
exit $failed
