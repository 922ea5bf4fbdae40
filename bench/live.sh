#!/bin/bash
# SPDX-License-Identifier: MIT
# live.sh [WEIR] - prints what receiving and storing costs here, and what is lost; with nfcapd beside it, in one run
#
# `weir replay` sends made NetFlow v9, 23 or 14 flows to a datagram, on the loopback interface. Sender and collector have a core each
# where there are two. CPU is user and system time of the collector's process, without what it took to start; what is lost is what the
# kernel dropped, as it counts it itself (/proc/net/udp). What is not installed is named and left out; this never fails. It takes some
# three minutes, and the figures are worth what the machine has left: its load is told.
#
#     RATE       flows a second where CPU and memory are measured (500,000)
#     SECONDS_A  how long that goes on (8)
#     STEP_S     how long each rate is tried (3)
#     KILLS      how often the collector is killed (5)
#     ONLY       of cpu, rates, commits, killed, restarted, memory: those (all)
set -u
export LC_ALL=C
weir=$(realpath "${1:-build/weir}")
rate=${RATE:-500000}
duration=${SECONDS_A:-8}
step_s=${STEP_S:-3}
kills=${KILLS:-5}
here=$(realpath "$0")

[ -x "$weir" ] || { echo "live.sh: $weir is not there; run \`make\` first"; exit 0; }
# A socket that outlives the collectors, as one of a service manager does, is descriptor 3 from here on.
if [ -z "${LIVE_PORT:-}" ]; then
    if command -v python3 >/dev/null; then
        exec python3 -c '
import os, socket, sys
held = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for option in (33, socket.SO_RCVBUF):  # SO_RCVBUFFORCE
    try:
        held.setsockopt(socket.SOL_SOCKET, option, 64 << 20)
        break
    except OSError:
        pass
held.bind(("127.0.0.1", 0))
os.environ["LIVE_PORT"] = str(held.getsockname()[1])
os.dup2(held.fileno(), 3) if held.fileno() != 3 else os.set_inheritable(3, True)
os.execvp("bash", ["bash", *sys.argv[1:]])' "$here" "$weir"
    fi
    echo "python3 is not installed: what needs a socket that is held is left out"
    LIVE_PORT=0
fi

folder=$(mktemp -d -p "${TMPDIR:-/tmp}") || exit 0
running=''
# shellcheck disable=SC2086
trap '[ -z "$running" ] || kill $running 2>/dev/null; rm -rf "$folder"' EXIT
nfcapd=1
command -v nfcapd >/dev/null || { echo "nfcapd is not installed: its columns stay empty"; nfcapd=0; }
if [ "$(nproc)" -ge 2 ] && command -v taskset >/dev/null; then
    sender_on=(taskset -c 0) collector_on=(taskset -c 1)
else
    echo "there is one core, or no taskset: sender and collector share"
    sender_on=() collector_on=()
fi

# --------------------------------------------------------------------------------------------------------- collectors

# ticks PID: CPU that a process had, in ticks of the clock
ticks() { awk '{ sub(/.*\) /, ""); print $12 + $13 }' "/proc/$1/stat" 2>/dev/null || echo 0; }

# drops_of PORT: datagrams that the kernel dropped
drops_of() {
    awk -v port="$(printf ':%04X' "$1")" '$2 ~ port "$" { sum += $NF } END { print sum + 0 }' /proc/net/udp /proc/net/udp6 2>/dev/null
}
queue_of() {
    awk -v port="$(printf ':%04X' "$1")" '$2 ~ port "$" { split($5, q, ":"); sum += ("0x" q[2]) != "0x00000000" }
        END { print sum + 0 }' /proc/net/udp /proc/net/udp6 2>/dev/null
}
wait_empty() { while [ "$(queue_of "$1")" != 0 ]; do sleep 0.05; done; }
wait_port() { while ! grep -q "$(printf ':%04X ' "$port")" /proc/net/udp /proc/net/udp6 && kill -0 "$pid" 2>/dev/null; do sleep 0.02; done; }

# start KIND FOLDER OPTION...: sets pid, port, and idle: the ticks it took to start
start() {
    local kind=$1 store=$2
    shift 2
    mkdir -p "$store"
    port=$((20000 + RANDOM % 20000))
    case $kind in
        weir) "${collector_on[@]}" "$weir" collect -p $port -b 127.0.0.1 --state none --journal "$store.journal" -o "store:$store" "$@" \
            >"$store.log" 2>&1 3<&- &;;
        lz4) "${collector_on[@]}" nfcapd -y -w "$store" -p $port -b 127.0.0.1 -B 64000000 >"$store.log" 2>&1 3<&- &;;
        raw) "${collector_on[@]}" nfcapd -w "$store" -p $port -b 127.0.0.1 -B 64000000 >"$store.log" 2>&1 3<&- &;;
    esac
    pid=$! running=$!
    wait_port
    sleep 0.3
    idle=$(ticks "$pid")
}

# stop [SIGNAL]: sets used_ticks, when it is not killed
stop() {
    kill "-${1:-TERM}" "$pid" 2>/dev/null
    wait "$pid" 2>/dev/null
    running=''
}

# send FLOWS-A-SECOND SECONDS OPTION...: sets sent (datagrams), flows, reached (flows a second)
send() {
    local per_s=$1 seconds=$2 pace=()
    shift 2
    [ "$per_s" = max ] || pace=(--flow-rate "$per_s")
    "${sender_on[@]}" "$weir" replay "${pace[@]}" --duration "${seconds}s" "$@" "127.0.0.1:$port" >"$folder/sent" 2>/dev/null 3<&-
    sent=$(awk '$1 == "sent_datagrams" { print $2 }' "$folder/sent")
    flows=$(awk '$1 == "flows" { print $2 }' "$folder/sent")
    reached=$(awk '$1 == "flows_per_second" { printf "%.0f", $2 }' "$folder/sent")
}

row() { printf '%-66s %12s %12s %12s\n' "$1" "${2:--}" "${3:--}" "${4:--}"; }
million() { awk -v n="$1" 'BEGIN { printf "%.2f M", n / 1e6 }'; }
hertz=$(getconf CLK_TCK)

# -------------------------------------------------------------------------------------------------------------- CPU

# A commit comes after 5 s: the last rows are written, too, before the process is looked at.
cpu_of() {
    local kind=$1 before
    local options=()
    [ "$kind" = weir ] && options=(--no-merge --effort light)
    start "$kind" "$folder/cpu-$kind" "${options[@]}"
    before=$(drops_of "$port")
    send "$rate" "$duration" --no-segment --exporters 16
    wait_empty "$port"
    [ "$kind" != weir ] || sleep 6
    ns=$(awk -v t=$(($(ticks "$pid") - idle)) -v hz="$hertz" -v n="$flows" 'BEGIN { if (n > 0) printf "%.0f", t / hz * 1e9 / n }')
    dropped=$(($(drops_of "$port") - before))
    stop
    [ "$dropped" = 0 ] || echo "$kind: $dropped of $sent datagrams were dropped while CPU was measured: it looks better than it is"
}

cpu() {
    local weir_ns lz4_ns='' raw_ns='' merge_ns
    cpu_of weir
    weir_ns=$ns
    merge_ns=$( { TIMEFORMAT='%U %S'; time "$weir" store merge --store "$folder/cpu-weir" --all -q 2>/dev/null; } 2>&1 |
        awk -v n="$flows" '{ printf "%.0f", ($1 + $2) * 1e9 / n }')
    if [ $nfcapd = 1 ]; then
        cpu_of lz4
        lz4_ns=$ns
        cpu_of raw
        raw_ns=$ns
    fi
    row "UDP to store, CPU per flow, ns ($(million "$rate") flows/s, not merged)" "$weir_ns" "$lz4_ns" "$raw_ns"
    row "  the merge beside" "$merge_ns"
}

# ------------------------------------------------------------------------------------------------------------- rate

# highest KIND SENDER-OPTION...: sets best (flows a second without loss) and limit
highest() {
    local kind=$1 per_s=400000 before dropped
    shift
    best=0 limit=receiver
    start "$kind" "$folder/rate-$kind-$RANDOM"
    while :; do
        before=$(drops_of "$port")
        send "$per_s" "$step_s" --exporters 16 "$@"
        wait_empty "$port"
        dropped=$(($(drops_of "$port") - before))
        [ "$dropped" = 0 ] || break
        [ "$reached" -gt "$best" ] && best=$reached
        if awk -v r="$reached" -v w="$per_s" 'BEGIN { exit !(r < 0.93 * w) }'; then
            limit=sender
            break
        fi
        per_s=$((per_s * 13 / 10))
    done
    stop
    rm -rf "$folder"/rate-*
}

rates() {
    local name=$1 kind told=()
    shift
    for kind in weir lz4 raw; do
        if [ "$kind" = weir ] || [ $nfcapd = 1 ]; then
            highest "$kind" "$@"
            told+=("$(million "$best") ${limit:0:1}")
        else
            told+=('')
        fi
    done
    row "$name" "${told[@]}"
}

# ------------------------------------------------------------------------------------------------------------- loss

commits() {
    local before merged
    start weir "$folder/commits" --commit 1s
    before=$(drops_of "$port")
    send "$rate" 15 --no-segment --exporters 16
    wait_empty "$port"
    merged=$(find "$folder/commits/flows" -name '*.parquet' | grep -cv -- '-0\.parquet$')
    row "loss at commits each second and merges ($merged merged files), datagrams" $(($(drops_of "$port") - before))
    stop
    rm -rf "$folder/commits"
}

# start_held STORE: on the socket that is held
start_held() {
    port=$LIVE_PORT
    # shellcheck disable=SC2016
    "${collector_on[@]}" bash -c 'LISTEN_PID=$$ LISTEN_FDS=1 exec "$@"' - "$weir" collect --state "$1.state" --journal "$1.journal" \
        -o "store:$1" --commit 1s >>"$1.log" 2>&1 &
    pid=$! running=$!
}
# count STORE: flows, and different ones; nothing where `weir sql` cannot be had
count() { "$weir" sql --store "$1" -o csv 'SELECT count(*), count(DISTINCT flowId) FROM flows' 2>/dev/null | tail -n 1; }
# behind_start STORE N: until it has started N times
behind_start() { until [ "$(grep -cs '^Listening' "$1.log")" = "$2" ] || ! kill -0 "$pid" 2>/dev/null; do sleep 0.01; done; }

killed() {
    local store=$folder/killed sender kill before got
    [ "$LIVE_PORT" != 0 ] || return
    before=$(drops_of "$LIVE_PORT")
    start_held "$store"
    behind_start "$store" 1
    (send 1000000 $((kills * 2)) --exporters 16; echo "$flows" >"$folder/killed-flows") &
    sender=$!
    for ((kill = 1; kill <= kills; kill++)); do
        sleep "1.$((RANDOM % 9))"
        kill -9 "$pid"
        wait "$pid" 2>/dev/null
        start_held "$store"
        behind_start "$store" $((kill + 1))
    done
    wait "$sender"
    wait_empty "$LIVE_PORT"
    stop
    got=$(count "$store")
    [ -n "$got" ] || { echo "weir sql cannot count what was stored: a row is left out"; return; }
    row "SIGKILL $kills times under 1 M flows/s: flows lost, doubled" \
        "$(awk -F, -v n="$(cat "$folder/killed-flows")" '{ print n - $2 ", " $1 - $2 }' <<<"$got")"
    row "  of them dropped by the kernel, as the held socket was full, datagrams" $(($(drops_of "$LIVE_PORT") - before))
    rm -rf "$store"
}

restarted() {
    local store=$folder/restarted sender before per_s=10000 got
    if [ "$LIVE_PORT" != 0 ]; then
        before=$(drops_of "$LIVE_PORT")
        start_held "$store"
        behind_start "$store" 1
        (send "$rate" 6 --exporters 16; echo "$flows" >"$folder/restarted-flows") &
        sender=$!
        sleep 2
        stop
        start_held "$store"
        wait "$sender"
        wait_empty "$LIVE_PORT"
        stop
        got=$(count "$store")
        [ -n "$got" ] || { echo "weir sql cannot count what was stored: a row is left out"; return; }
        row "restart, with socket activation: flows lost" $(($(cat "$folder/restarted-flows") - ${got##*,}))
    fi
    # at an even rate, how many are missing tells how long nobody listened
    store=$folder/restarted-alone
    start weir "$store"
    (send $((per_s * 20)) 6 --exporters 1 --no-segment --flows-per-datagram 20; echo "$flows" >"$folder/restarted-flows") &
    sender=$!
    sleep 2
    stop
    "${collector_on[@]}" "$weir" collect -p "$port" -b 127.0.0.1 --state none --journal "$store.journal" -o "store:$store" \
        >>"$store.log" 2>&1 3<&- &
    pid=$! running=$!
    wait "$sender"
    wait_empty "$port"
    stop
    got=$(count "$store")
    [ -n "$got" ] || { echo "weir sql cannot count what was stored: a row is left out"; return; }
    row "  without: gap, ms" $((($(cat "$folder/restarted-flows") - ${got##*,}) * 1000 / (per_s * 20)))
}

# ----------------------------------------------------------------------------------------------------------- memory

memory() {
    local kind told=()
    for kind in weir lz4 raw; do
        [ "$kind" = weir ] || [ $nfcapd = 1 ] || { told+=(''); continue; }
        start "$kind" "$folder/memory-$kind"
        send 1000000 20 --exporters 1000
        told+=("$(awk '/^VmHWM/ { printf "%.0f", $2 / 1024 }' "/proc/$pid/status")")
        [ "$(drops_of "$port")" = 0 ] || echo "$kind: $(drops_of "$port") of $sent datagrams were dropped while memory was measured"
        stop
        rm -rf "$folder/memory-$kind"
    done
    row 'resident memory at defaults, 1 M flows/s, 1,000 exporters, MB' "${told[@]}"
}

echo "load $(cut -d ' ' -f 1-3 /proc/loadavg), $(nproc) cores; $("$weir" --version)$([ $nfcapd = 0 ] || nfcapd -V 2>&1 | sed 's/^[^:]*: */; nfcapd /;q')"
row '' weir 'nfcapd -y' 'nfcapd'
all_rates() {
    rates 'highest rate without loss, flows/s, each datagram by itself' --no-segment
    rates '  handed to the kernel many at once' --turn 64
}
for part in ${ONLY:-cpu rates commits killed restarted memory}; do
    case $part in
        rates) all_rates;;
        cpu | commits | killed | restarted | memory) $part;;
    esac
done
echo "load $(cut -d ' ' -f 1-3 /proc/loadavg); the limit of a rate is the sender's (s) or the receiver's (r)"
exit 0
