#!/usr/bin/env bash
# The table of a study's points (tests/bench/scaling/run.sh): table.sh FOLDER.
#
# Efficiencies in per cent, as simulated and by the cost model alone.
#
# Of the time of a weight and an alpha step, in the mean over ranks, in per cent: waiting for
# other stages (bubble), for ranks with more units (idle), and sums over ranks (reduction;
# as extrapolated with the update).
set -eu
cd "$1"

# number FILE NAME [KIND]: the first of that name, or that of a kind of step.
number() {
    if [ $# = 2 ]; then
        sed -n "1s/^[^}]*\"$2\": \([0-9.e+-]*\).*/\1/p" "$1"
    else
        sed -n "s/.*\"$3\"[^}]*\"$2\": \([0-9.e+-]*\).*/\1/p" "$1"
    fi
}

# both FILE NAME: a share of a weight step and an alpha step together.
both() {
    awk -v w="$(number "$1" seconds weight)" -v a="$(number "$1" seconds alpha)" \
        -v x="$(number "$1" "$2" weight)" -v y="$(number "$1" "$2" alpha)" \
        'BEGIN {print (w * x + a * y) / (w + a)}'
}

seconds() {
    awk -v w="$(number "$1" seconds weight)" -v a="$(number "$1" seconds alpha)" \
        'BEGIN {print w + a}'
}

# efficiency NAME BASE FROM SAMPLES: a second and node against one node's.
efficiency() {
    awk -v n="$(number "$1.said" "$4")" -v n1="$(number "$2.said" "$4")" \
        -v nodes="$(number "$1.said" nodes)" -v t="$(seconds "$1.$3")" -v t1="$(seconds "$2.$3")" \
        'BEGIN {printf "%.1f", 100 * n / t / nodes / (n1 / t1)}'
}

row() {
    local name=$1-$2-$3 base=$1-$2-1 from=took label=simulated
    local layout parts said took=""
    [ -e "$name.said" ] && [ -e "$base.said" ] || return 0
    [ -e "$name.took" ] && [ -e "$base.took" ] || from=said label=extrapolated
    layout="$(number "$name.said" stage) x $(number "$name.said" task) x $(number "$name.said" data)"
    said=$(efficiency "$name" "$base" said model_samples)
    [ $from = said ] || took=$(efficiency "$name" "$base" took samples)
    parts="$(both "$name.$from" bubble) $(both "$name.$from" imbalance) \
        $(both "$name.$from" reduction)"
    awk -v what="$1 $2" -v nodes="$3" -v layout="$layout" -v label=$label \
        -v t="$(seconds "$name.$from")" -v said="$said" -v took="$took" -v parts="$parts" \
        'BEGIN {
            printf "%-13s %5d  %-12s %9.1f ms  %5s %5s  %-12s", what, nodes, layout,
                1000 * t, took, said, label
            split(parts, p, " ")
            split("bubble idle reduction", name, " ")
            for (i = 1; i <= 3; i++) {
                if (p[i] > p[most])
                    most = i
                printf " %5.1f", 100 * p[i]
            }
            printf "  %s", p[most] < 0.01 ? "compute" : name[most]
            print ""
        }'
}

[ ! -e machine.table ] || sed -n 's/^# \(kernels .*\)/\1/p' machine.table
printf '%-13s %5s  %-12s %12s  %5s %5s  %-12s %5s %5s %5s  %s\n' workload nodes layout \
    "two steps" effic model "" bub. idle red. "bound by"
for workload in many twenty dense; do
    for mode in weak strong; do
        for nodes in 1 4 16 64 256 1024; do row $workload $mode $nodes; done
    done
done
