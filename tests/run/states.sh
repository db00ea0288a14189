#!/usr/bin/env bash
# Every command on every state of every sort of run: a run that is stopped in each of its phases
# goes on, on 1, 2 and 3 ranks, to the bytes of one that never was, and `eval`, `status`, `show`
# and a report made anew say of each state what there is to say.
#
# Of the cross a part, with all of its rows and columns; `states.sh whole` goes through all sorts
# and phases, with each command on 1, 2 or 3 ranks in turn, `states.sh all` on each of these.
# shellcheck source=tests/run/common
. "$(dirname "$0")/common"
command -v mpirun >/dev/null || skip "no mpirun"
extent=${1:-${POLYTREE_TEST_STATES:-part}} # or whole, or all
# Hundreds of processes are looked at for heaps overrun; leaks are for the tests beside this one.
export ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0:fast_unwind_on_malloc=1:malloc_context_size=20

# The sorts: name; whether they are of the part, or only where they stand late, in retraining or at
# the end; space; what is said of the network found; options.  Runs named there are other sorts',
# HERE is this folder.
sorts() {
    cat <<'END'
single-dag     part  dag     -                    search.method=single
dag            part  dag     derived:.*_edges
dag-sized      whole dag     derived:.*_edges     data.search_size=12
dag-scratch    whole dag     derived:.*_edges     retrain.from=scratch
dag-random     late  dag     derived:.*_edges     search.method=random baseline.cost_of=dag
dag-shared     whole dag     -                    search.method=shared
single-branch  part  branch  -                    search.method=single
full           whole branch  -                    search.method=full
shared-all     late  branch  derived:_stem-l02_all$      alpha.lr=0
shared-some    part  branch  derived:.*\{[a-z]+_[a-z_]+\}_\{ resource.budget=80%
shared-none    late  branch  l01-l02_each_alone$  search.method=random baseline.cost_of=full
layers-18      late  branch  derived:_stem.*l18   space.encoder=layers-18.ini
copies         part  branch  derived:_stem        space.copies=2
sized          late  branch  derived:_stem        data.search_size=12
from-file      late  branch  derived:_stem        retrain.from=HERE/full/checkpoint.h5
scratch        whole branch  derived:_stem        retrain.from=scratch
by-task        whole branch  derived:_stem        train.turn=tasks train.tasks_per_step=2
soft           whole branch  derived:_stem        search.gates=soft search.run=all
shared         whole branch  -                    search.method=shared
exhaustive     late  branch  -                    search.method=exhaustive baseline.branching=3
END
}

"$POLYTREE" data shapes dag.h5 --size 16 --train 48 --val 12 --test 15 >/dev/null
"$POLYTREE" data scenes branch.h5 --size 16 --train 24 --val 6 --test 6 >/dev/null

cat >steps.ini <<'END'
; A job that finds its time to be up makes two steps: here one to the end of warm-up, one into
; the search, one into retraining and one to its end.
[run]
eval_every = 0
metrics_every = 1
[train]
batch = 4
microbatch = 2
[bn]
calibrate = 2
[search]
steps = 1
alternate = 1
[warmup]
steps = 2
[retrain]
steps = 3
[report]
svg = 0
END
cat - steps.ini >dag.ini <<'END'
[data]
file = dag.h5
[space]
nodes = 4
flow = 2
min_depth = 2
channels = 4 4 6 6
stride = 1 1 2 1
stem_channels = 4
END
cat - steps.ini >branch.ini <<'END'
[data]
file = branch.h5
[space]
kind = branch
encoder = layers-2.ini
[head]
kind = deeplab
width = 8
skip = l01
[augment]
rotate = 0
scale = 0
shear = 0
shift = 0
END
# encoder N: an encoder of so many layers.
encoder() {
    printf '[encoder]\nstem = conv3x3_bn_relu out=4 stride=2\nlayers =\n'
    for ((i = 1; i < $1; i++)); do
        echo "    conv3x3_bn_relu out=4 stride=1"
    done
    echo "    conv3x3_bn_relu out=4 stride=2"
}
encoder 2 >layers-2.ini
encoder 18 >layers-18.ini

# The numbers of ranks that a command is tried on: each in turn, or all.
n_case=0
some_ranks() {
    n_case=$((n_case + 1))
    if [ "$extent" = all ]; then
        numbers=(1 2 3)
    else
        numbers=($((n_case % 3 + 1)))
    fi
}

# look PHASE: what all commands but the search itself make of the run `at`, which stands there.
look() {
    local n
    some_ranks
    for n in "${numbers[@]}"; do
        expect 0 ranks "$n" eval at --split val
        says out "^val .*samples +loss +metric"
        [ "$1" = "done" ] || says out "^not finished: $1, step [12]$"
    done
    expect 0 "$POLYTREE" status at
    if [ "$1" = "done" ]; then
        says out "^state +finished$"
    else
        says out "^phase +$1, step [12] of [1-9][0-9]?$"
    fi
    expect 0 "$POLYTREE" show at
    case $1 in
    warmup | search | choose) says out "^at has no network yet; its search space:$" ;;
    *) says out "^ *all: [0-9]+ parameters" ;;
    esac
}

# goes_on NAME: from where it stands run `at` comes to the end that the run NAME has come to.
goes_on() {
    local n
    some_ranks
    for n in "${numbers[@]}"; do
        rm -rf copy
        cp -r at copy
        expect 0 ranks "$n" "${command[@]}" -o copy
        same_result "$1" copy
    done
}

# report_anew NAME SPACE: of a finished run, with a baseline to compare it with.
report_anew() {
    local n before
    before=$(digest at)
    some_ranks
    for n in "${numbers[@]}"; do
        expect 0 ranks "$n" search at/config.ini -o at --set "report.single=single-$2"
        says out "^Delta_m +[-+0-9.]+ %"
        says at/report.txt "^  Delta_m, % "
    done
    [ "$(digest at)" = "$before" ] || fail "a report has changed the run"
}

while read -r name part space found options; do
    [ "$part" != whole ] || [ "$extent" != part ] || [ "$name" = full ] || continue
    # shellcheck disable=SC2086,SC2206 # several words
    command=(search "$space.ini" ${options:+--set ${options//HERE/$PWD}})
    expect 0 ranks 1 "${command[@]}" -o "$name"
    [ "$found" = - ] || says out "${found//_/ }"
    [ "$part" != whole ] || [ "$extent" != part ] || continue
    rm -rf at
    phases=
    while :; do
        code=0
        "$POLYTREE" "${command[@]}" -o at --time-limit 0.01 >out 2>err </dev/null || code=$?
        [ "$code" = 75 ] || break
        phase=$(sed -n 's/^phase *\([a-z]*\),.*/\1/p' <("$POLYTREE" status at))
        [[ $phases != *$phase* ]] || continue
        phases+=" $phase"
        [ "$phase" = retrain ] || [ "$part" != late ] || [ "$extent" != part ] || continue
        look "$phase"
        goes_on "$name"
    done
    [ "$code" = 0 ] || {
        cat out err >&2
        fail "$name: code $code where it goes on"
    }
    same_result "$name" at
    # Candidates that train from scratch are judged without a search before.
    [ "$phases" = " warmup search retrain" ] || [ "$phases" = " choose retrain" ] ||
        { [ "$phases" = " retrain" ] && [ "$found" = - ]; } ||
        fail "$name was stopped in$phases only"
    look "done"
    goes_on "$name"
    report_anew "$name" "$space"
    echo "$name:$phases done"
done < <(sorts)
