#!/usr/bin/env bash
# What plan says beforehand is what a run takes: the resident memory of its fullest rank
# within 10 %, and the arena of a network that is known to the page.
# shellcheck source=tests/run/common
. "$(dirname "$0")/common"
[ -r /proc/self/smaps ] || skip "no /proc: resident memory cannot be seen"
! ldd "$POLYTREE" | grep -q libasan || skip "the address sanitizer takes memory of its own"
# The memory is to be that of any run.
unset OMPI_MCA_pml OMPI_MCA_btl
small_data
calm=(--set run.eval_every=0 run.checkpoint_every=0 warmup.steps=20 search.steps=20 retrain.steps=20)

# stepping STEP RANKS ARGUMENTS...: a search that has made so many steps; its ranks are in $pids.
stepping() {
    rm -rf run
    held run "$1" "$2" search "${@:3}" -o run
    pids=$job
    [ "$2" = 1 ] || pids=$(pgrep -P "$job")
}

stop() {
    touch run/STOP
    ended 75
}

# resident RANKS CONFIG OPTIONS...
resident() {
    local n=$1 config=$2 predicted taken=0 rank size
    shift 2
    expect 0 "$POLYTREE" plan "$config" --ranks "$n" "$@"
    # Of the arena, warm-up takes its own part; alpha steps, to come, need more.
    predicted=$(awk '$1 == "warm-up" {arena = $NF} /at the end of start-up/ {base = $NF}
        END {printf "%.0f", base * 1024 + arena / 1024}' out)
    stepping "warmup 12" "$n" "$config" "$@"
    for rank in $pids; do
        size=$(sed -n 's/^VmRSS:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$rank/status")
        [ "${size:-0}" -le "$taken" ] || taken=$size
    done
    stop
    echo "$n ranks: predicted $predicted kB, resident $taken kB"
    awk -v p="$predicted" -v t="$taken" 'BEGIN {exit !(p > 0.9 * t && p < 1.1 * t)}' ||
        fail "the prediction is more than 10 % off: $predicted kB, not $taken kB"
}

resident 1 "$SMALL" "${calm[@]}"
resident 1 "$SMALL" "${calm[@]}" space.channels=64 space.nodes=6
if command -v mpirun >/dev/null; then
    resident 2 "$SMALL" "${calm[@]}"
fi
if [ -r "$POLYTREE_TEST_DATA/omniglot20/omniglot20.tar.gz" ]; then
    tar -xzf "$POLYTREE_TEST_DATA/omniglot20/omniglot20.tar.gz"
    "$POLYTREE" data import omniglot omniglot20 omniglot20.h5 --size 35 --split fixed >/dev/null
    resident 1 "$ROOT/configs/omniglot20.ini" "${calm[@]}" data.file="$PWD/omniglot20.h5"
fi

# The shared baseline is the same network in every step of its only stage.  Its arena is the
# largest mapping without reserved swap; parts of it that no step has touched are no memory.
# (The heaps of threads are such mappings too, and would be merged with one beside them.)
export MALLOC_ARENA_MAX=1
fixed=("${calm[@]}" search.method=shared space.channels=64)
expect 0 "$POLYTREE" plan "$SMALL" --ranks 1 "${fixed[@]}"
predicted=$(awk '$1 == "retrain" {print $NF}' out)
stepping "retrain 12" 1 "$SMALL" "${fixed[@]}"
awk '$1 == "Size:" {size = $2} $1 == "Rss:" {rss = $2}
    $1 == "VmFlags:" && / wr / && / nr/ && size > most {most = size; arena = rss}
    END {print arena * 1024}' "/proc/$job/smaps" >touched
stop
touched=$(cat touched)
echo "arena: predicted $predicted bytes, touched $touched bytes"
# The last pages may belong to a kernel's scratch, of which it need not use the end.
awk -v p="$predicted" -v t="$touched" 'BEGIN {exit !(t < p + 4096 && t > p - 2 * 4096)}' ||
    fail "the arena is to have $predicted bytes, and $touched were touched"

# So many groups of ranks judge, and so much sooner: eight trainings of one unit a step, four and then
# one by one, take six turns of two groups, five of three and more.
judged=("$SMALL" --set data.val_fraction=0 choose.judge=regression choose.budget=7 retrain.from=scratch
    retrain.steps=20 train.batch=16 train.microbatch=16 train.tasks_per_step=1 layout.cost=counted)
for groups in "2 75" "5 6[23]"; do
    read -r n percent <<<"$groups"
    expect 0 "$POLYTREE" plan "${judged[@]}" --ranks "$n"
    says out "^choose: up to [2-5] groups of ranks judge candidates, in $percent % of the time of one after the other"
done
expect 0 ranks 2 search "${judged[@]}" -o judged
says out "^regression: 8 x "
says out "^choose: 2 groups of ranks judge candidates$"
expect 0 "$POLYTREE" plan "${judged[@]}" layout.groups=1 --ranks 2
! grep -q "groups of ranks" out || fail "plan has groups where there are none"
