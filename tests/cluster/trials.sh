#!/usr/bin/env bash
# The life of jobs on a real Slurm: preempted, put back, their nodes and ranks lost, on other
# ranks each time.  Whatever happens, the result is that of a run
# that nothing has happened to.
# shellcheck source=tests/cluster/slurm
. "$(dirname "$0")/slurm"
trials=${*:-preempt node rank}
RANDOM=${SEED:-18}
echo "seed ${SEED:-18}"

slurm_up
cd "$site/trials"
small_data
export POLYTREE POLYTREE_SRUN_MPI=pmix PMIX_MCA_psec=native
unset OMPI_MCA_orte_tmpdir_base OMPI_MCA_btl OMPI_MCA_pml # nodes have networks here
jobs=$ROOT/jobs
some=(--nodes="1-$N_NODE" --ntasks-per-node=2 --time=10) all=(--nodes="$N_NODE" --ntasks-per-node=2 --time=10)

# Runs that nothing happens to.
# shellcheck disable=SC2034  # read by name
dag=("$SMALL" --set data.file=shapes.h5)
# whole KIND
whole() {
    local -n arguments=$1
    [ -e "WHOLE-$1/report.txt" ] || expect 0 "$POLYTREE" search "${arguments[@]}" -o "WHOLE-$1"
}

# same KIND RUN: payload, metrics and network.
same() {
    same_result "WHOLE-$1" "$2"
    cmp "WHOLE-$1/architecture.json" "$2/architecture.json" || fail "the networks of WHOLE-$1 and $2 differ"
    ! compgen -G "$2/*.tmp.*" >/dev/null || fail "temporaries are left in $2"
}

# preempt_once JOB STEP: another takes one node or both for a moment; the job is begun again,
# and halts at that step if it comes there.
preempt_once() {
    local before n
    hold "$2"
    until_so is_running "$1"
    until_so has_begun "$1"
    sleep "0.$RANDOM"
    sleep $((RANDOM % 3))
    until_so is_running "$1"
    before=$(times_said "$1" ' job: .*, restart ')
    n=$((1 + RANDOM % N_NODE))
    sbatch -p high --exclusive --nodes="$n" --ntasks-per-node=1 --time=2 --output=/dev/null \
        --wrap "sleep $((1 + RANDOM % 3))" >/dev/null || fail "sbatch of what preempts"
    until_so begun_again "$1" "$before"
    preempted=$((preempted + 1))
}
has_begun() { [ "$(times_said "$1" ' job: .*, restart ')" -gt 0 ]; }
begun_again() {
    ! is_over "$1" || return 0
    [ "$(times_said "$1" ' job: .*, restart ')" -gt "$2" ]
}

# What jobs run: halted at the step that the file `hold` names when they start, so that a run
# cannot end before it is let, however fast the machine is.
cat >held.sh <<HELD
#!/bin/sh
POLYTREE_HOLD=\$(cat "$PWD/hold") exec "$POLYTREE" "\$@"
HELD
chmod +x held.sh
hold() { echo "$1" >hold.new && mv hold.new hold; }

# held_job STEP KIND RUN OPTIONS OF SBATCH...
held_job() {
    local run=$3
    local -n arguments=$2
    hold "$1"
    shift 3
    POLYTREE=$PWD/held.sh submit "$@" "$jobs/search.sbatch" "${arguments[0]}" "$run" "${arguments[@]:1}"
}
let_go() {
    until_so may_go "$1" "$2"
}
may_go() {
    rm -f "$1/HELD"
    is_over "$2"
}

trial_preempt() {
    local step
    preempted=0
    whole dag
    held_job "warmup 2" dag PREEMPT "${some[@]}"
    for step in "warmup 5" "warmup 8" "warmup 11" "warmup 14" "warmup 17" "search 3" "search 7" "search 11" \
        "search 15" "retrain 5" "retrain 12"; do
        preempt_once "$job" "$step"
    done
    let_go PREEMPT "$job"
    done_well "$job"
    same dag PREEMPT
    echo "preempt: $preempted preemptions, ranks $(grep -hoE '^ranks +[0-9]+' slurm-"$job"_*.out | awk '{print $2}' | uniq | paste -sd' ')"
}

trial_node() {
    whole dag
    held_job "search 12" dag NODE "${all[@]}"
    until_so test -e NODE/HELD
    scontrol update nodename="node$N_NODE" state=down reason=trial
    let_go NODE "$job"
    done_well "$job"
    scontrol update nodename="node$N_NODE" state=resume 2>/dev/null || true # it may be back by itself
    until_so nodes_are_up
    same dag NODE
    said "$job" "started again on node1|, restart 1"
    echo "node: $(grep -hoE 'started again on .*|, restart [1-9].*' slurm-"$job"_*.out | head -n 1)"
}

trial_rank() {
    whole dag
    held_job "search 12" dag RANK "${all[@]}"
    until_so test -e RANK/HELD
    kill -KILL "$(pgrep -f "^$POLYTREE search .* -o RANK " | tail -n 1)"
    rm -f RANK/HELD
    let_go RANK "$job"
    done_well "$job"
    same dag RANK
    said "$job" "ended with code [0-9]+: started again on node1,node2"
    echo "rank: $(grep -ho 'ended with code .*' slurm-"$job"_*.out | head -n 1)"
}

begin=$SECONDS
for trial in $trials; do "trial_$trial"; done
echo "all trials passed in $((SECONDS - begin)) s: ${trials// /, }"
