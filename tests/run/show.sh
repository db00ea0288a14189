#!/usr/bin/env bash
# show: a branch space as a table of layers, the networks that are known beforehand with
# their cost, and a trained network of maps with the cost that its report has.
# shellcheck source=tests/run/common
. "$(dirname "$0")/common"
"$POLYTREE" data scenes scenes.h5 --size 16 --train 40 --val 8 --test 8 >/dev/null
cat >branch.ini <<END
[data]
file = scenes.h5
tasks = parts depth edges
[space]
kind = branch
encoder = $ROOT/configs/encoders/plain.ini
copies = 2
END

expect 0 "$POLYTREE" show branch.ini
says out "^  stem +conv3x3_bn_relu out=32 stride=1 +16 x 16 x 32 +1 +1 +1 +221184 +"
says out "^  l02 +conv3x3_bn_relu out=48 stride=2 +4 x 4 x 48 +2 +1 +2 +221184 +13920$"
says out "^  depth +16 x 16 x 1 "
if grep -q "^branching" out; then fail "a space that is not searched has a branching"; fi
shared=$(sed -n 's/^encoder: \([0-9]*\) .*/\1/p' out)

expect 0 "$POLYTREE" show branch.ini --set search.method=shared
says out "^branching: stem-l03 all$"
says out "^  here $shared: 1.00 times"
expect 0 "$POLYTREE" show branch.ini --set search.method=single
says out "^branching: stem-l03 each alone$"
says out "^  here $((3 * shared)): 3.00 times"
expect 0 "$POLYTREE" show branch.ini --set search.method=exhaustive --set baseline.branching=0
says out "^branching: stem-l03 all$"
expect 0 "$POLYTREE" show branch.ini --set search.method=full --task depth
says out "^  depth +stem with all | l01-l03 alone$"
[ "$(wc -l <out)" = 2 ] || fail "show --task shows more than one"

if command -v dot >/dev/null; then
    expect 0 "$POLYTREE" show branch.ini --set search.method=full --svg tree.svg
    says tree.svg "l01&#45;l03"
fi

# A trained network is shown with the cost that it was made with, heads of maps included.
STEPS=(--set warmup.steps=2 --set search.steps=2 --set retrain.steps=2 --set report.svg=0
    --set augment.rotate=0 --set augment.scale=0 --set augment.shear=0 --set augment.shift=0)
for kind in dag branch; do
    config=$SMALL
    [ $kind = dag ] || config=branch.ini
    expect 0 "$POLYTREE" search "$config" -o $kind --set data.file=scenes.h5 "${STEPS[@]}" \
        --set data.tasks="parts depth" --set run.eval_every=0
    said=$(sed -n 's/^network .*, \([0-9]*\) multiply-adds .*/\1/p' out)
    expect 0 "$POLYTREE" show $kind
    says out "all: .* $said multiply-adds"
done
says out "^branching: stem.* \{?(all|parts|depth|each alone)"
