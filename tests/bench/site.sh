#!/usr/bin/env bash
# What a site with several nodes makes of polytree: the links between its ranks, steps in several
# layouts and a short search, held against `polytree plan`, as a page to send back.  It names no
# host and no user.  In a job with nodes of its own:
#
#     salloc --nodes=4 --ntasks-per-node=32 make bench-site          # BUILD/site.md
#     tests/bench/site.sh PAGE.md [CONFIG.ini [key=value ...]]
#
# Without Slurm mpirun starts RANKS ranks (2).  How ranks are started is in jobs/site.sh; SECONDS_EACH
# (5) is how long each layout takes steps; RANKS_PER_NODE=R takes each R ranks for a node, to
# rehearse many on one.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
page=$(realpath -m "${1:?usage: tests/bench/site.sh PAGE.md [CONFIG.ini [key=value ...]]}")
config=$(realpath -e "${2:-$root/configs/demo.ini}")
is_own=$(($# < 2)) # data
shift $(($# < 2 ? $# : 2))
options=("$@")
BUILD=$(realpath "${BUILD:-$root/build}")
polytree=${POLYTREE:-$BUILD/polytree}
# shellcheck source=jobs/site.sh
. "$root/jobs/site.sh"
POLYTREE=$polytree
# shellcheck source=tests/bench/common
. "$root/tests/bench/common"
mkdir -p "$(dirname "$page")"
[ -w "$(dirname "$page")" ] || { echo "$0: cannot write to $(dirname "$page")" >&2 && exit 1; }
# Where all nodes see it: FOLDER of common may be one node's.
work=$(mktemp -d "$page.XXXXXX")
trap 'rm -rf "$work" "$FOLDER"' EXIT

launcher=$POLYTREE_LAUNCH
if [ -z "$launcher" ]; then
    if [ -n "${SLURM_JOB_ID:-}" ] && command -v srun >/dev/null; then launcher=srun; else launcher=mpirun; fi
fi
all=${SLURM_NTASKS:-${RANKS:-2}} each=${RANKS_PER_NODE:-${SLURM_NTASKS_PER_NODE:-$all}}
nodes=$(((all + each - 1) / each))

# on RANKS COMMAND...: on as few nodes as hold them.
on() {
    local n=$1
    shift
    case $launcher in
    srun) srun --mpi="$POLYTREE_SRUN_MPI" --nodes=$(((n + each - 1) / each)) --ntasks="$n" \
        --ntasks-per-node="$((n < each ? n : each))" "$@" ;;
    *) "$launcher" -n "$n" "$@" ;;
    esac </dev/null
}
# try NAME COMMAND...: its output in the file NAME of $work; what fails is said, and ends all.
try() {
    local name=$work/$1
    shift
    "$@" >"$name" 2>"$name.err" || {
        grep -E '^(polytree|steps): ' "$name.err" >&2 || tail -n 5 "$name.err" >&2
        echo "$0: this failed: $*" >&2
        exit 1
    }
}
seconds=${SECONDS_EACH:-5}
short=(--set run.eval_every=0 run.checkpoint_every=0 warmup.steps=10 search.steps=10 retrain.steps=10)
if [ "$is_own" = 1 ]; then
    "$polytree" data shapes "$work/shapes.h5" --size 32 --train $((64 * (all > 16 ? all : 16))) --val 64 --test 64 >/dev/null
    # A unit of eight samples for each rank, and the same step for fewer.
    options=(data.file="$work/shapes.h5" train.microbatch=8 train.batch=$((8 * (all > 8 ? all : 8))))
fi

try links on "$all" "$BUILD/tests/bench/links" "${RANKS_PER_NODE:-0}"
latency=$(awk '$1 == "between" && $3 > x {x = $3} END {print x / 1e6}' "$work/links")
bandwidth=$(awk '$1 == "between" && (!x || $4 < x) {x = $4} END {print x * 1e6}' "$work/links")
[ "$nodes" -gt 1 ] || latency=0 bandwidth=0

# layouts RANKS: those that plan names which leave none idle, as "stage task data milliseconds".
layouts() {
    try "plan.$1" on 1 "$polytree" plan "$config" --ranks "$1" --nodes $((($1 + each - 1) / each)) --set "${options[@]}" \
        layout.latency="$latency" layout.bandwidth="$bandwidth"
    sed -n 's/^[* ] *\([0-9]*\) x \([0-9]*\) x \([0-9]*\)  *\([0-9.]*\) .*/\1 \2 \3 \4/p' "$work/plan.$1" |
        awk -v n="$1" '$1 * $2 * $3 == n' | head -n 4
}

# A line for each layout: ranks, layout, measured and planned milliseconds of a weight step.
: >"$work/steps"
for n in $(printf '%s\n' 1 "$each" "$all" | sort -nu); do
    layouts "$n" >"$work/named"
    while read -r stage task data planned; do
        try measured on "$n" "$STEPS" "$config" weight "$seconds" "${options[@]}" layout.mode=manual \
            layout.stage="$stage" layout.task="$task" layout.data="$data"
        echo "$n $stage x $task x $data $(field seconds_per_step "$work/measured") $planned" >>"$work/steps"
    done <"$work/named"
done

payload() {
    "$polytree" checkpoint inspect "$1/checkpoint.h5" | sed -n 's/^payload *//p'
}
for n in 1 "$all"; do
    begin=$EPOCHREALTIME
    try "search.$n" on "$n" "$polytree" search "$config" -o "$work/run.$n" "${short[@]}" "${options[@]}" \
        layout.ranks_per_node="${RANKS_PER_NODE:-0}"
    awk -v a="$begin" -v b="$EPOCHREALTIME" 'BEGIN {printf "%.1f\n", b - a}' >"$work/took.$n"
done

try processors on "$all" sh -c 'sed -n "s/^model name[^:]*: *//p" /proc/cpuinfo | sort | uniq -c | head -n 1'
{
    echo "# polytree on $all ranks, $each a node"
    echo
    "$polytree" version | sed 's/^/    /'
    echo
    echo "Processors (cores of a node, model): $(sort -u "$work/processors" | sed 's/^ *//' | paste -sd'|' | sed 's/|/; /g')."
    echo "Started by $launcher; config $(basename "$config") with $(printf '%s\n' "${options[@]}" | sed 's|=.*/|=|' | paste -sd' ')."
    [ -z "${RANKS_PER_NODE:-}" ] || echo "**A rehearsal**: each $each ranks are taken for a node."
    echo
    echo "## Links"
    echo
    echo "| from the first rank to | messages of 8 bytes, us | messages of 4 MiB, MB/s |"
    echo "|---|---|---|"
    awk '$1 == "within" {printf "| a rank of its node | %s | %s |\n", $3, $4}
        $1 == "between" {printf "| node %d | %s | %s |\n", $2, $3, $4}' "$work/links"
    echo
    awk '$1 == "sums" {printf "Sums over all ranks: of 8 bytes %s us, of 4 MiB %s us.\n", $3, $4}' "$work/links"
    echo
    echo "## Steps"
    echo
    echo "A weight step; planned by \`polytree plan\` with the slowest link between nodes."
    echo
    echo "| ranks | stage x task x data | measured, ms | planned, ms | planned by measured | times one rank |"
    echo "|---|---|---|---|---|---|"
    awk '{ms = $7 * 1e3; if ($1 == 1) one = ms
        printf "| %d | %s x %s x %s | %.3f | %.3f | %.3f | %.2f |\n", $1, $2, $4, $6, ms, $8, $8 / ms, one / ms}' "$work/steps"
    echo
    echo "## A short search"
    echo
    echo "$(<"$work/took.1") s on one rank, $(<"$work/took.$all") s on $all, with start and end;" \
        "the results are $([ "$(payload "$work/run.1")" = "$(payload "$work/run.$all")" ] && echo "the same bytes" || echo "**DIFFERENT**")."
} >"$work/page.md"
mv "$work/page.md" "$page"
echo "written     $page"
grep -q "the same bytes" "$page"
