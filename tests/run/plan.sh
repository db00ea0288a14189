#!/usr/bin/env bash
# What plan says beforehand is what a run takes: its resident memory within 10 %.
# shellcheck source=/dev/null
. "$(dirname "$0")/common"
[ -r /proc/self/status ] || skip "no /proc: resident memory cannot be seen"
! ldd "$POLYTREE" | grep -q libasan || skip "the address sanitizer takes memory of its own"
small_data
options=(--set space.channels=64 space.nodes=6 warmup.steps=100000 run.log_every=0.01 run.eval_every=0)

expect 0 "$POLYTREE" plan "$SMALL" --ranks 1 "${options[@]}"
awk '/at the end of start-up|arena on top/ {sum += $(NF - ($NF ~ /exact/))} END {print sum * 1024}' out >predicted
"$POLYTREE" search "$SMALL" -o run "${options[@]}" >log 2>&1 &
pid=$!
for ((turn = 0; turn < 2000; turn++)); do
    [ "$(grep -c samples/s log)" -lt 5 ] || break
    sleep 0.01
done
sed -n 's/^VmRSS:[^0-9]*\([0-9]*\).*/\1/p' /proc/$pid/status >resident
kill -TERM $pid
wait $pid || true
awk -v p="$(cat predicted)" -v r="$(cat resident)" 'BEGIN {
    printf "predicted %.0f kB, resident %.0f kB\n", p, r
    exit !(r > 0 && p > 0.9 * r && p < 1.1 * r)
}' || fail "the prediction is more than 10 % off: $(cat predicted) kB, not $(cat resident) kB"
