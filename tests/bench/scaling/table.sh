#!/usr/bin/env bash
# The table of a study's points (tests/bench/scaling/run.sh): table.sh FOLDER.
#
# Of the time of a weight and an alpha step, in the mean over ranks, in per cent: waiting for
# other stages (bubble), for ranks with more units and steps that are not full (idle), sums
# over ranks (reduction), and the update.
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

row() {
    local name=$1-$2-$3 base=$1-$2-1 from=took label=simulated
    local said=$name.said layout parts=""
    [ -e "$said" ] || return 0
    [ -e "$name.took" ] || from=said label=extrapolated
    [ -e "$base.$from" ] || return 0
    layout="$(number "$said" stage) x $(number "$said" task) x $(number "$said" data)"
    [ $from = said ] || parts="$(both "$name.took" bubble) $(both "$name.took" imbalance) \
        $(both "$name.took" reduction) $(both "$name.took" update)"
    awk -v what="$1 $2" -v nodes="$3" -v layout="$layout" -v label=$label -v full="$(number "$said" full)" \
        -v t="$(seconds "$name.$from")" -v t1="$(seconds "$base.$from")" \
        -v n="$(number "$said" samples)" -v n1="$(number "$base.said" samples)" -v parts="$parts" \
        'BEGIN {
            efficiency = n / t / nodes / (n1 / t1)
            printf "%-13s %5d  %-12s %9.1f ms  %5.1f %%  %-12s", what, nodes, layout,
                1000 * t, 100 * efficiency, label
            if (split(parts, p, " ") == 4) {
                split("bubble idle reduction update", name, " ")
                p[2] += 1 - n / full
                for (i = 1; i <= 4; i++) {
                    if (p[i] > p[most])
                        most = i
                    printf " %5.1f", 100 * p[i]
                }
                printf "  %s", p[most] < 0.01 ? "compute" : name[most]
            }
            print ""
        }'
}

printf '%-13s %5s  %-12s %12s  %7s  %-12s %5s %5s %5s %5s  %s\n' workload nodes layout \
    "two steps" effic. "" bub. idle red. upd. "bound by"
for workload in many twenty dense; do
    for mode in weak strong; do
        for nodes in 1 4 16 64 256 512 1024; do row $workload $mode $nodes; done
    done
done
