#!/usr/bin/env bash
# The life of jobs on a real Slurm: preempted at random times, put back by hand, by Slurm and by
# their time, their nodes and ranks lost, on other ranks each time.  Whatever happens, the result
# is that of a run that nothing has happened to.
# shellcheck source=tests/cluster/slurm
. "$(dirname "$0")/slurm"
trials=${*:-preempt choose sweep share array time node rank site}
RANDOM=${SEED:-18}
echo "seed ${SEED:-18}"

slurm_up
cd "$site/trials"
small_data
expect 0 "$POLYTREE" data scenes rooms.h5 --size 16 --train 40 --val 0 --test 8
export POLYTREE POLYTREE_SRUN_MPI=pmix PMIX_MCA_psec=native
unset OMPI_MCA_orte_tmpdir_base OMPI_MCA_btl OMPI_MCA_pml # nodes have networks here
jobs=$ROOT/jobs
some=(--nodes="1-$N_NODE" --ntasks-per-node=2 --time=10) all=(--nodes="$N_NODE" --ntasks-per-node=2 --time=10)

# shellcheck disable=SC2034  # read by name
dag=("$SMALL" --set data.file=shapes.h5)
# shellcheck disable=SC2034
branch=("$ROOT/configs/scenes-branch-quick.ini" --set data.file=rooms.h5 choose.judge=supernet choose.budget=60
    choose.population=5 choose.generations=3 warmup.steps=4 search.steps=8 retrain.steps=3 bn.calibrate=1)
# shellcheck disable=SC2034
sweep=("$SMALL" --set data.file=shapes.h5 sweep.methods="search shared" sweep.seeds=7 warmup.steps=8 search.steps=8
    retrain.steps=8)

# whole COMMAND KIND: a run or a sweep that nothing happens to.
whole() {
    local -n arguments=$2
    [ -e "WHOLE-$2" ] || expect 0 "$POLYTREE" "$1" "${arguments[@]}" -o "WHOLE-$2"
}

# same KIND RUN: payload, metrics and network.
same() {
    same_result "WHOLE-$1" "$2"
    cmp "WHOLE-$1/architecture.json" "$2/architecture.json" || fail "the networks of WHOLE-$1 and $2 differ"
    ! compgen -G "$2/*.tmp.*" >/dev/null || fail "temporaries are left in $2"
}

# What jobs run: halted at the step in that line of the file $HOLDS which is the number of their
# start, so that a run cannot end before it is let, however fast the machine is.
cat >held.sh <<HELD
#!/bin/sh
n=\$((\${SLURM_RESTART_COUNT:-0} + 1))
POLYTREE_HOLD=\$(sed -n "\${n}p" "\$HOLDS") POLYTREE_SLOW=3 exec "$POLYTREE" "\$@"
HELD
chmod +x held.sh

# held_job COMMAND KIND RUN STEPS OPTIONS OF SBATCH...: as $job; at each start it is held at the
# next of these steps, with commas between them.
held_job() {
    local command=$1 run=$3
    local -n arguments=$2
    tr ',' '\n' <<<"$4" >"$run.holds"
    shift 4
    HOLDS=$PWD/$run.holds POLYTREE=$PWD/held.sh submit "$@" "$jobs/$command.sbatch" "${arguments[0]}" "$run" \
        "${arguments[@]:1}"
}

# let_go RUN JOB: past all steps, to its end.
let_go() {
    until_so may_go "$1" "$2"
    done_well "$2"
}
may_go() {
    rm -f "$1/HELD"
    is_over "$2"
}

# begun JOB N: it has for the Nth time.
begun() {
    [ "$(times_said "$1" ' job: .*, restart ')" -lt "$2" ] || return 0
    ! is_over "$1" || { show "$1" && fail "job $1 is over and was not begun for the time $2"; }
    return 1
}

# preempt JOB N: N times another wants a node of it, at any time: before its run has begun, in a
# step, or where it is held.  One that has two nodes goes on on the other, one that has one on two.
preempt() {
    local i node
    for ((i = 1; i <= $2; i++)); do
        until_so begun "$1" "$i"
        sleep "$((RANDOM % 4)).$RANDOM"
        mapfile -t node < <(scontrol show hostnames "$(field "$1" NodeList)")
        sbatch -p high --exclusive --nodelist="${node[RANDOM % ${#node[@]}]}" --time=2 --output=/dev/null \
            --wrap "sleep $((${#node[@]} == 1 ? 1 : 25))" >/dev/null || fail "sbatch of what preempts"
    done
    until_so begun "$1" "$i"
}

# preempted COMMAND KIND RUN N STEPS: to its end.
preempted() {
    local nodes
    whole "$1" "$2"
    POLYTREE_NODES=1-$N_NODE held_job "$1" "$2" "$3" "$5" "${some[@]}"
    preempt "$job" "$4"
    let_go "$3" "$job"
    nodes=$(output "$job" | sed -n 's/.* job: .*, on \(.*\), until.*/\1/p' | paste -sd' ')
    [ "$(tr ' ' '\n' <<<"$nodes" | sort -u | wc -l)" -gt 1 ] || fail "always on the same nodes: $nodes"
    echo "$3: $4 preemptions, on $nodes"
}

trial_preempt() {
    preempted search dag PREEMPT 7 "warmup 3,warmup 8,warmup 14,search 3,search 10,retrain 3,retrain 9,retrain 17"
    same dag PREEMPT
}

trial_choose() {
    preempted search branch CHOOSE 4 "warmup 2,search 4,choose 7,choose 30,retrain 2"
    same branch CHOOSE
    cmp WHOLE-branch/candidates.jsonl CHOOSE/candidates.jsonl
}

trial_sweep() {
    local run
    preempted sweep sweep SWEEP 2 "warmup 5,search 4,retrain 4"
    for run in search shared; do same_result WHOLE-sweep/seed-7/$run SWEEP/seed-7/$run; done
    cmp WHOLE-sweep/sweep.json SWEEP/sweep.json
}

# Two jobs share a sweep: what the one is at, and what needs that, is left to it by the other.
trial_share() {
    local run
    whole sweep sweep
    held_job sweep sweep SHARE "search 4" --nodes=1 --ntasks-per-node=2 --time=10 --array=0-1
    until_so test -e SHARE/HELD
    until_so any_is_over "${job}_0" "${job}_1"
    let_go SHARE "${job}_0"
    let_go SHARE "${job}_1"
    for run in search shared; do same_result WHOLE-sweep/seed-7/$run SHARE/seed-7/$run; done
    cmp WHOLE-sweep/sweep.json SHARE/sweep.json
    said "$job" "2 runs are left to other jobs"
    echo "share: $(output "$job" | grep -o '2 runs are left.*')"
}
any_is_over() { is_over "$1" || is_over "$2"; }

# One element of two is put back by hand, the one that has the array's own number.
trial_array() {
    whole search dag
    held_job search dag ARRAY-%a "search 12,retrain 4" --nodes=1 --ntasks-per-node=2 --time=10 --array=0-1
    until_so test -e ARRAY-0/HELD
    until_so test -e ARRAY-1/HELD
    scontrol requeue "${job}_1"
    until_so grep -q 'restart 1' "slurm-${job}_1.out"
    let_go ARRAY-1 "${job}_1"
    let_go ARRAY-0 "${job}_0"
    same dag ARRAY-0
    same dag ARRAY-1
    ! grep 'restart 1' "slurm-${job}_0.out" || fail "the other element was put back too"
    echo "array: $(grep -ho 'restart 1.*' "slurm-${job}_1.out")"
}

# The warning of the time's end, and the run's own limit where there is no time for a warning.
trial_time() {
    local short
    whole search dag
    held_job search dag SHORT "search 12,retrain 4" --nodes=1 --ntasks-per-node=2 --time=1
    short=$job
    held_job search dag WARNED "search 6,retrain 5" --nodes=1 --ntasks-per-node=2 --time=5
    until_so begun "$short" 2
    let_go SHORT "$short"
    same dag SHORT
    said "$short" "stopped by the time limit with a good checkpoint"
    until_so begun "$job" 2
    let_go WARNED "$job"
    same dag WARNED
    said "$job" "stopped by its job with a good checkpoint"
    echo "time: $(grep -ho 'stopped by.*checkpoint' slurm-"$short"_*.out), $(grep -ho 'stopped by.*checkpoint' slurm-"$job"_*.out)"
}

trial_node() {
    whole search dag
    held_job search dag NODE "search 12" "${all[@]}"
    until_so test -e NODE/HELD
    scontrol update nodename="node$N_NODE" state=down reason=trial
    let_go NODE "$job"
    scontrol update nodename="node$N_NODE" state=resume 2>/dev/null || true # it may be back by itself
    until_so nodes_are_up
    same dag NODE
    said "$job" "started again on node1|, restart 1"
    echo "node: $(grep -hoE 'started again on .*|, restart [1-9].*' slurm-"$job"_*.out | head -n 1)"
}

trial_rank() {
    whole search dag
    held_job search dag RANK "search 12" "${all[@]}"
    until_so test -e RANK/HELD
    kill -KILL "$(pgrep -f "^$POLYTREE search .* -o RANK " | tail -n 1)"
    rm -f RANK/HELD
    let_go RANK "$job"
    same dag RANK
    said "$job" "ended with code [0-9]+: started again on node1,node2"
    echo "rank: $(grep -ho 'ended with code .*' slurm-"$job"_*.out | head -n 1)"
}

# The page that a site sends back, of two nodes.
trial_site() {
    SECONDS_EACH=1 submit "${all[@]}" --wrap="'$ROOT/tests/bench/site.sh' '$PWD/page.md'"
    done_well "$job"
    grep -qE '^\| node 2 \| [0-9.]+ \| [0-9]+ \|' page.md || { cat page.md >&2 && fail "no link to another node"; }
    grep -q 'the same bytes' page.md || fail "nodes have other bytes"
    echo "site: $(grep '^| node 2' page.md), $(grep 'short search' -A 2 page.md | tail -n 1)"
}

begin=$SECONDS
for trial in $trials; do "trial_$trial"; done
echo "all trials passed in $((SECONDS - begin)) s: ${trials// /, }"
