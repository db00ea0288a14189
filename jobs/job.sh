# What the job scripts beside it share: one command under srun or mpirun, which is warned, put
# back into the queue, and started anew on the nodes that are left.
# shellcheck shell=bash

script=$0
told=$(mktemp -d) # what is said on stderr, and a file for each signal that has come
trap 'rm -rf "$told"' EXIT
launcher=$POLYTREE_LAUNCH
if [ -z "$launcher" ] && [ -n "${SLURM_JOB_ID:-}" ] && command -v srun >/dev/null; then
    launcher=srun
fi

say() {
    printf '%(%F %T)T job: %s\n' -1 "$*"
}

# usage SCRIPT: the comment that it begins with.
usage() {
    sed -n '2,/^#SBATCH/{/^#SBATCH/d; s/^# \{0,1\}//p}' "$1"
}

# The job as Slurm knows it; the last element of an array has the array's own number, which
# speaks for all elements.
job_id() {
    if [ -n "${SLURM_ARRAY_JOB_ID:-}" ]; then
        echo "${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID"
    else
        echo "${SLURM_JOB_ID:-}"
    fi
}

# job_field NAME: of what scontrol says of this job.
job_field() {
    scontrol show job -o "$(job_id)" 2>/dev/null | tr ' ' '\n' | sed -n "s/^$1=//p" | head -n 1
}

# Seconds since 1970 at which the job's time is up; empty: nobody knows.
job_end() {
    local text=${SLURM_JOB_END_TIME:-}
    [ -n "$(job_id)" ] || return 0
    if [ -z "$text" ]; then # Slurm before 23.02
        text=$(date -d "$(job_field EndTime)" +%s 2>/dev/null) || text=
    fi
    echo "$text"
}

# Seconds before its end at which this shell is warned: of --signal above.
warning() {
    sed -n 's/^#SBATCH --signal=B:USR1@\([0-9]*\)$/\1/p' "$script" | head -n 1
}

# Nodes that the job still has and that answer, in their order, separated by commas.
nodes_left() {
    local node list
    list=$(job_field NodeList)
    for node in $(scontrol show hostnames "${list:-$SLURM_JOB_NODELIST}"); do
        case $(sinfo -h -N -n "$node" -o %T | head -n 1) in
        *'*' | down* | drained* | fail* | error* | unknown* | '') ;;
        *) echo "$node" ;;
        esac
    done | paste -sd,
}

# What grows with every step that is kept: nothing else tells progress from none.
progress() {
    cat "$1"/metrics.jsonl "$1"/*/*/metrics.jsonl 2>/dev/null | wc -c
}

# was_lost: a rank was killed, or a node is gone: by the code, or by what was said.
was_lost() {
    [ "$code" -gt 128 ] || grep -qE 'was killed or has crashed|: Killed|Node failure' "$told/stderr"
}

# launch COMMAND...: as $launched.  On the nodes that are left, as many ranks as each had.
launch() {
    local left n
    case $launcher in
    srun)
        left=$(nodes_left)
        n=$(tr ',' '\n' <<<"$left" | wc -l)
        local where=() as=()
        if [ "$n" -lt "${SLURM_JOB_NUM_NODES:-1}" ]; then
            as=(env -u SLURM_JOB_NUM_NODES -u SLURM_NNODES -u SLURM_NTASKS -u SLURM_NPROCS -u SLURM_JOB_NODELIST
                -u SLURM_NODELIST -u SLURM_TASKS_PER_NODE -u SLURM_JOB_CPUS_PER_NODE)
            where=(--nodes="$n" --nodelist="$left" --ntasks-per-node="${SLURM_NTASKS_PER_NODE:-1}")
            where+=(--ntasks=$((n * ${SLURM_NTASKS_PER_NODE:-1})))
        fi
        # Of a node that is lost the step ends; the job does not.
        "${as[@]}" srun --mpi="$POLYTREE_SRUN_MPI" --kill-on-bad-exit=1 --no-kill=off "${where[@]}" "$@" \
            2> >(tee "$told/stderr" >&2) &
        ;;
    *)
        local hosts=()
        if [ -n "${SLURM_JOB_ID:-}" ]; then
            left=$(nodes_left)
            n=$(tr ',' '\n' <<<"$left" | wc -l)
            [ "$n" = "${SLURM_JOB_NUM_NODES:-1}" ] ||
                hosts=(--host "$(sed "s/,/:${SLURM_NTASKS_PER_NODE:-1},/g; s/\$/:${SLURM_NTASKS_PER_NODE:-1}/" <<<"$left")")
        fi
        mpirun "${hosts[@]}" "$@" 2> >(tee "$told/stderr" >&2) &
        ;;
    esac
    launched=$!
}

# is_warned: by Slurm before the job's end, where that warning is heeded, or by a SIGTERM, as a
# preemption sends.
is_warned() {
    [ -e "$told/TERM" ] || { [ -n "$heeds_usr1" ] && [ -e "$told/USR1" ]; }
}

# pass_on: a warning reaches the script alone: a file tells rank 0, under srun and mpirun alike.
pass_on() {
    while kill -0 "$launched" 2>/dev/null; do
        if is_warned; then
            mkdir -p "$folder" && : >"$POLYTREE_STOP"
            return
        fi
        sleep 0.5
    done
}

# is_preempted: Slurm wants it gone; ranks may have been told by a SIGTERM to them alone.
is_preempted() {
    case $(job_field PreemptTime) in None | '') return 1 ;; esac
}

# is_timed: it was stopped by its time, or by hand with the warning; not by its user's STOP.
is_timed() {
    is_warned || { [ -n "$end" ] && [ $((end - $(date +%s))) -le $(($(warning) + 60)) ]; }
}

# put_back: into the queue, unless Slurm has done that already.
put_back() {
    local restarts
    restarts=$(job_field Restarts)
    if [ "${restarts:-0}" -gt "${SLURM_RESTART_COUNT:-0}" ]; then
        say "Slurm has put it back into the queue"
    elif scontrol requeue "$(job_id)"; then
        say "stopped with a checkpoint, and put back into the queue"
    else
        return
    fi
    [ -z "$POLYTREE_NODES" ] || ask_for_nodes
}

# ask_for_nodes: as many as at first, once the job waits again.
ask_for_nodes() {
    local least=${POLYTREE_NODES%%-*} try
    for try in 1 2 3 4 5; do
        sleep "$try"
        ! scontrol update jobid="$(job_id)" NumNodes="$POLYTREE_NODES" \
            NumTasks=$((least * ${SLURM_NTASKS_PER_NODE:-1})) || return 0
    done
}

# gained: whether there is a step more than at the last look, or not too often none.  Kept
# beside the run, as what is put back begins anew.
gained() {
    local now tries=0 was=-1 file
    file=$folder/job-$(job_id).tries
    now=$(progress "$folder")
    [ ! -r "$file" ] || read -r was tries <"$file"
    if [ "$now" -gt "$was" ]; then tries=0; else tries=$((tries + 1)); fi
    mkdir -p "$folder" && echo "$now $tries" >"$file"
    if [ "$tries" -ge "$POLYTREE_RETRIES" ]; then
        say "no step was gained $tries times in a row: given up; mend the cause and submit it again"
        rm -f "$file"
        return 1
    fi
}

# limit_time ARGUMENTS...: leaves in $limit what ends the run before the job's end, unless the
# arguments do so.
limit_time() {
    local left argument
    limit=()
    [ -n "$end" ] || return 0
    left=$((end - $(date +%s)))
    if [ "$left" -le "$(($(warning) + 60))" ]; then
        # Slurm sends the warning at once, and would for ever.
        say "warning: $left s are left, no more than the $(warning) s of the warning before the end (and Slurm's minute): it is not heeded; ask for more --time, or change the line '#SBATCH --signal' of the script"
        heeds_usr1=''
    fi
    limit=(--time-limit "$((left > 30 ? left - 20 : left > 10 ? left - 5 : 5))")
    for argument in "$@"; do
        [ "$argument" != --time-limit ] || limit=()
    done
}

# go_on COMMAND...: started, and started again, until it is done or has to stop.
go_on() {
    local code end until='' limit passing heeds_usr1=1
    trap '' USR1 TERM
    export POLYTREE_STOP
    POLYTREE_STOP=$folder/job-$(job_id | grep . || echo $$).stop
    rm -f "$POLYTREE_STOP"
    end=$(job_end)
    [ -z "$end" ] || printf -v until ', until %(%F %T)T' "$end"
    say "$(job_id | grep . || echo without Slurm), restart ${SLURM_RESTART_COUNT:-0}, on ${SLURM_JOB_NODELIST:-$(uname -n)}$until"
    while :; do
        limit_time "$@"
        launch "$@" "${limit[@]}"
        pass_on &
        passing=$!
        code=0
        wait "$launched" || code=$?
        kill "$passing" 2>/dev/null
        rm -f "$POLYTREE_STOP"
        if [ "$code" -gt 2 ] && [ -n "${SLURM_JOB_ID:-}" ] && is_preempted; then
            put_back # were it before the first step: that is not the run's fault
            return "$code"
        fi
        case $code in
        0)
            rm -f "$folder/job-$(job_id).tries"
            return 0
            ;;
        75)
            [ -n "${SLURM_JOB_ID:-}" ] || return 75
            if is_timed && gained; then put_back; fi
            return 75
            ;;
        esac
        # What a run says in one line comes again; a rank or a node that is lost does not.
        [ -n "${SLURM_JOB_ID:-}" ] && ! is_warned && was_lost || return "$code"
        gained || return "$code"
        say "ended with code $code: started again on $(nodes_left)"
    done
}

# run_job FOLDER COMMAND...: until it is done, in this job and those that follow.  Signals come
# to this shell, which does nothing but wait: bash 5.2 fails to parse a substitution of a
# command that a trap interrupts.
run_job() {
    folder=$1
    local code=0 worker is_told
    shift
    # srun does not take the cores of a rank from sbatch by itself.
    export SRUN_CPUS_PER_TASK=${SRUN_CPUS_PER_TASK:-${SLURM_CPUS_PER_TASK:-1}}
    # Ranks that wait must not hold a core that others need.
    export OMPI_MCA_mpi_yield_when_idle=${OMPI_MCA_mpi_yield_when_idle:-1}
    trap ': >"$told/USR1"; is_told=1' USR1
    trap ': >"$told/TERM"; is_told=1' TERM
    go_on "$@" &
    worker=$!
    is_told=1
    while [ -n "$is_told" ]; do # a signal ends the wait, not the work
        is_told='' code=0
        wait "$worker" || code=$?
    done
    return "$code"
}
