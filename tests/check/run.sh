#!/usr/bin/env bash
# Run every test program, JOBS at once (as many as there are cores), and say what came of it as it
# ends; `long` adds tests/run/long-*.sh, and runs what waits for something once more, with steps
# that take twenty times as long.  `repeat N` runs only what waits, N times: no test may depend on
# the machine's speed.  The last line is "N passed, N failed, N skipped".
set -u
cd "$(dirname "$0")/../.." || exit 1
export LC_ALL=C
build=$(cd "${BUILD:-build}" && pwd) || exit 1
log=$build/log
mkdir -p "$log"

POLYTREE=$build/polytree
export POLYTREE POLYTREE_TEST_DATA=${POLYTREE_TEST_DATA:-$PWD/../shared/data}
export PYTHON=${PYTHON:-/usr/bin/python3} BUILD=$build
# shellcheck source=tests/check/mpi
. tests/check/mpi
own_sessions "$log"

counts=$log/counts # a line for each program: passed, failed, skipped
: >"$counts"
jobs=${JOBS:-$(nproc)}
limit=${LIMIT:-900} # seconds for one program, on any machine
if [ "${1:-}" = long ]; then
    limit=${LIMIT:-1200}
    export POLYTREE_TEST_LONG=1
fi

# report NAME SECONDS PASSED FAILED SKIPPED [NOTE]
report() {
    local line="$3 passed"
    [ "$4" = 0 ] || line+=", $4 FAILED"
    [ "$5" = 0 ] || line+=", $5 skipped${6:+: $6}"
    printf '%-44s %6.1f s  %s\n' "$1" "$2" "$line"
    echo "$3 $4 $5" >>"$counts"
}

# Waits until fewer than JOBS programs run.
place() {
    while [ "$(jobs -pr | wc -l)" -ge "$jobs" ]; do
        wait -n
    done
}

# What one program has to say comes in one piece.
piece() {
    printf '%s\n' "$(cat)"
}

# cmocka's own count of one outcome, summed over the groups in a log.
count() {
    grep -oE "\[  $1 +\] [0-9]+ test" "$2" | awk '{n += $(NF - 1)} END {print n + 0}'
}

# Names of the tests skipped, each with what it printed last: "name (why), name (why)".
skipped() {
    awk '/^\[ RUN  / { why = "" }
         /^\[  SKIPPED \] [a-zA-Z_0-9]+$/ {
             if (!seen[$4]++) { printf "%s%s (%s)", sep, $4, why == "" ? "no reason given" : why; sep = ", " }
         }
         !/^\[/ && NF { why = $0 }' "$1"
}

# run NAME LIMIT COMMAND...: leaves $code, $seconds and the output in $out.
run() {
    out=$log/${1//[\/ ]/_}.log
    local begin=$EPOCHREALTIME most=$2
    shift 2
    timeout -k 5 "$most" "$@" >"$out" 2>&1 </dev/null
    code=$?
    seconds=$(awk -v a="$begin" -v b="$EPOCHREALTIME" 'BEGIN {print b - a}')
    [ "$code" != 124 ] || echo "no end within $most s" >>"$out"
}

show_failure() {
    tail -n 40 "$out" | sed 's/^/    | /'
}

run_cmocka() {
    run "$@"
    local summary=$out ok bad skips names
    if grep -q '^\[1,0\]<std' "$out"; then
        summary=$out.rank0
        # mpirun passes the two on in any order; why a test is skipped stands in stdout.
        sed -n 's/^\[1,0\]<stdout>://p' "$out" >"$summary"
        sed -n 's/^\[1,0\]<stderr>://p' "$out" >>"$summary"
    fi
    ok=$(count PASSED "$summary") bad=$(count FAILED "$summary") skips=$(count SKIPPED "$summary")
    names=$(skipped "$summary")
    if [ "$code" != 0 ] && [ "$bad" = 0 ]; then
        bad=1
        echo "exit code $code" >>"$out"
    elif [ "$code" = 0 ] && [ $((ok + skips)) = 0 ]; then
        bad=1
        echo "no test was run" >>"$out"
    fi
    report "$1" "$seconds" "$ok" "$bad" "$skips" "$names"
    [ "$bad" = 0 ] || show_failure
}

run_script() {
    run "$@"
    case $code in
    0) report "$1" "$seconds" 1 0 0 ;;
    77) report "$1" "$seconds" 0 0 1 "$(tail -n 1 "$out")" ;;
    *)
        echo "exit code $code" >>"$out"
        report "$1" "$seconds" 0 1 0
        show_failure
        ;;
    esac
}

# Scripts that hold runs or wait for what others do.
waiting() {
    grep -lE '^[^#]*\b(held|wait_held|wait_for|wait_until)\b' tests/run/*.sh | grep -v /long-
}

finish() {
    local passed failed skipped
    wait
    read -r passed failed skipped < <(awk '{p += $1; f += $2; s += $3} END {print p + 0, f + 0, s + 0}' "$counts")
    echo "$passed passed, $failed failed, $skipped skipped"
    [ "$failed" = 0 ]
    exit
}

if [ "${1:-}" = repeat ]; then
    for ((turn = 1; turn <= ${2:?}; turn++)); do
        for script in $(waiting); do
            place
            run_script "${script#tests/} $turn" "$limit" "$script" | piece &
        done
    done
    finish
fi

programs() {
    local source
    for source in "$@"; do
        [ ! -e "$source" ] || echo "${source%.c}"
    done
}

for name in $(programs tests/unit/test_*.c tests/op/test_*.c tests/op/test64_*.c tests/fuzz/test_*.c); do
    place
    run_cmocka "${name#tests/}" "$limit" "$build/$name" | piece &
done

run_lint() {
    local ok bad skips
    run "lint" "$limit" tests/lint/run.sh
    grep -vE '^[0-9]+ passed,' "$out" | sed 's/^/lint: /'
    if read -r ok _ bad _ skips _ < <(grep -E '^[0-9]+ passed,' "$out"); then
        report lint "$seconds" "$ok" "$bad" "$skips"
    else
        report lint "$seconds" 0 1 0
    fi
}
place
run_lint | piece &

for name in $(programs tests/mpi/test_*.c); do
    for ranks in 1 2 3 4; do
        place
        ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=0} run_cmocka "${name#tests/} -n $ranks" "$limit" \
            mpirun --oversubscribe --bind-to none --tag-output -n $ranks "$build/$name" | piece &
    done
done

for script in tests/run/*.sh; do
    most=$limit
    if [[ $script = tests/run/long-* ]]; then
        [ "${1:-}" = long ] || continue
        most=3600
    fi
    place
    run_script "${script#tests/}" "$most" "$script" | piece &
done

if [ "${1:-}" = long ]; then
    for script in $(waiting); do
        place
        POLYTREE_SLOW=20 run_script "${script#tests/} slowed" 3600 "$script" | piece &
    done
fi
finish
