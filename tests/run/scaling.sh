#!/usr/bin/env bash
# A schedule replayed in simulated time takes what the predictor says where messages are
# cheap, over task x data ranks and over stages: both go through the same sections in the
# same order.  Where kernels take next to nothing, sums do.  Kernels take the seconds of the
# table that layout.cost names, which must have all of them.  A simulated rank brings in the
# bytes that a real one does.
# shellcheck source=tests/run/common
. "$(dirname "$0")/common"

command -v smpicc >/dev/null || skip "no smpicc: SimGrid is not here (libsimgrid-dev)"
export BUILD=${BUILD:-$ROOT/build}
scaling=$ROOT/tests/bench/scaling
"$BUILD/tests/bench/scaling/tasks" tasks.h5 8 5 8 35

# predict NODES CORES OPTIONS...: of nodes with two ranks each.
predict() {
    "$BUILD/tests/bench/scaling/shares" "$ROOT/configs/omniglot20.ini" schedule "$1" 2 "$2" \
        data.file=tasks.h5 train.tasks_per_step=8 train.batch=64 layout.cost=counted "${@:3}"
}

# shares NODES CORES OPTIONS...: the predictions in file said, what is simulated in took.
shares() {
    predict "$@" >said
    "$scaling/simulate.sh" "$PWD/schedule" "$1" 2 >took || fail "the replay failed"
    cat said took
}

# number FILE KIND NAME: of a kind of step.
number() {
    sed -n "s/.*\"$2\"[^}]*\"$3\": \([0-9.e+-]*\).*/\1/p" "$1"
}

agree() {
    local kind said took
    for kind in weight alpha; do
        said=$(number said $kind seconds) took=$(number took $kind seconds)
        # Sums and messages are some thousandths of these steps, and differ by their factors.
        awk -v s="$said" -v t="$took" 'BEGIN {exit !(s > 0 && t > 0.97 * s && t < 1.03 * s)}' ||
            fail "$* $kind: predicted $said s, simulated $took s"
    done
}

for layout in "stage=1 task=1" "stage=1 task=4" stage=2 stage=4; do
    # shellcheck disable=SC2086
    shares 2 1 $layout
    agree "$layout"
done
bubble=$(number took weight bubble)
awk -v b="$bubble" 'BEGIN {exit !(b > 3 / 35)}' ||
    fail "four stages of 32 units have a bubble of $bubble, less than any can"

shares 2 1e6 stage=1
largest=$(number took weight reduction)
awk -v r="$largest" 'BEGIN {exit !(r > 0.9)}' ||
    fail "of a step without kernels sums take $largest"

"$POLYTREE" plan "$ROOT/configs/omniglot20.ini" --ranks 1 --set data.file=tasks.h5 \
    --table quick.table >/dev/null
awk '!/^#/ {$1 *= 3} {print}' quick.table >slow.table
grep -v -e "^#" -e " backward conv" quick.table >lacking.table
for table in quick slow; do predict 2 1 stage=1 layout.cost=$table.table >$table; done
awk -v q="$(number quick weight seconds)" -v s="$(number slow weight seconds)" \
    'BEGIN {exit !(s > 2.97 * q && s < 3.03 * q)}' ||
    fail "with all thrice as slow: $(cat slow), not thrice $(cat quick)"
expect 1 predict 2 1 stage=1 layout.cost=lacking.table
says err "lacking.table lacks 'backward conv .* more of .*omniglot20.ini"

# bytes FILE KIND: of each sort, of rank 0 in a step.
bytes() {
    sed -n "s/.*\"kind\": \"$2\".*\"bytes\": {\([^}]*\)}.*/\1/p" "$1"
}

# alike A B: the same bytes, but for the weights of own blocks, which in a simulation are all
# as large as the mean, and for exact sums (control, alpha), which travel as long as their
# values ask for.
alike() {
    paste <(tr , '\n' <<<"$1") <(tr , '\n' <<<"$2") | awk '
        {a = $2; b = $4; most = 1}
        $1 ~ /weight/ {most = 1.05}
        $1 ~ /control|alpha/ {most = 2}
        $1 != $3 || a > most * b || b > most * a {exit 1}'
}

few=(data.tasks="task0000 task0001" train.tasks_per_step=2 train.batch=16)
for layout in "1 1 2" "1 2 1" "2 1 1"; do
    read -r stage task data <<<"$layout"
    shares 1 1 stage="$stage" task="$task" "${few[@]}"
    for kind in weight alpha; do
        mpirun --bind-to none -n 2 "$BUILD/tests/bench/steps" "$ROOT/configs/omniglot20.ini" $kind 0.01 \
            data.file=tasks.h5 "${few[@]}" layout.cost=counted \
            layout.mode=manual layout.stage="$stage" layout.task="$task" layout.data="$data" >real
        echo "$layout $kind: $(bytes real $kind)"
        [ -n "$(bytes real $kind)" ] || fail "no bytes: $(cat real)"
        alike "$(bytes real $kind)" "$(bytes took $kind)" || fail "simulated: $(bytes took $kind)"
    done
done

mkdir bin
for tool in bash dirname id; do ln -s "$(command -v $tool)" bin; done
PATH=$PWD/bin expect 1 "$BASH" "$scaling/run.sh" study
[ "$(wc -l <err)" = 1 ] || fail "run.sh says more than one line without SimGrid"
says err "^run: no smpicc: install SimGrid"
