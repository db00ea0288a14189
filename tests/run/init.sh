#!/usr/bin/env bash
# A drafted config fits its data: it runs as it is, on tables, images and maps, and says why.
# shellcheck source=tests/run/common
. "$(dirname "$0")/common"

quick="warmup.steps=2 search.steps=2 retrain.steps=4 run.eval_every=2 report.svg=0"
# drafts FILE KEY=VALUE...: a config is drafted, and a run of it, so changed, ends well.
drafts() {
    expect 0 "$POLYTREE" init "$1.h5" -o "$1.ini"
    says out "wrote $1.ini"
    # shellcheck disable=SC2086
    expect 0 "$POLYTREE" search "$1.ini" -o "run-$1" --set $quick "${@:2}"
    says "$1.ini" "^file = $1.h5"
}

{
    echo a,b,y,z
    for ((i = 1; i <= 300; i++)); do
        echo "$i.5,$((i * 7919 % 100)),$((i * 31 % 57)).5,$([ $((i % 3)) = 0 ] || echo k$((i % 2)))"
    done
} >table.csv
expect 0 "$POLYTREE" data import csv table.csv table.h5 --tasks y z
drafts table
says table.ini "^op = linear$"
says table.ini "^linear = 1 "
says table.ini "^bundle = all "
says table.ini "^keep = best "
says out "^kept: the weights (of step [24] of 4, whose loss on val is the least|before the first of 4 steps)"
says run-table/report.txt "^weights of (step [24]|before) .*retrain.keep = best"
[ ! -e run-table/best ] || fail "what was kept is left behind"

expect 0 "$POLYTREE" data shapes shapes.h5 --size 16 --train 40 --val 0 --test 8
drafts shapes
says shapes.ini "^keep = last "
says shapes.ini "^op = conv3x3_bn_relu$"
expect 0 "$POLYTREE" data scenes rooms.h5 --size 32 --train 24 --val 8 --test 8
drafts rooms
says rooms.ini "^kind = deeplab$"
says rooms.ini "inverted residuals at a quarter of the size"
expect 0 "$POLYTREE" data scenes small.h5 --size 16 --train 24 --val 8 --test 8
expect 0 "$POLYTREE" init small.h5 -o small.ini
says small.ini "inverted residuals at half the size"

refuses 1 "table.ini is there already: --force" init table.h5 -o table.ini
refuses 1 "none.h5" init none.h5 -o none.ini
refuses 2 "-o CONFIG.ini is missing" init table.h5
# shellcheck disable=SC2086
refuses 1 "retrain.keep = best wants samples in val, and there are none" search shapes.ini -o no --set $quick \
    retrain.keep=best
[ ! -e no ] || fail "a refused run leaves a folder"
