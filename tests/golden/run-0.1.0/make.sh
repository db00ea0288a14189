#!/usr/bin/env bash
# Made the archive beside it with the program of version 0.1.0: two data sets, a dag and a
# branch run that are finished, a dag run that is not, and a sweep.  Kept to be read by
# every later version.
#
#   POLYTREE=polytree-of-0.1.0 ./make.sh
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=/tmp/polytree-0.1.0 # its name stands in the runs' configs
rm -rf $work
mkdir $work
cd $work

cat >dag.ini <<END
[data]
file = shapes.h5

[run]
metrics_every = 1
eval_every = 2

[space]
nodes = 4
flow = 2
channels = 4 4 6 6
stride = 1 1 2 1
stem_channels = 4

[train]
batch = 8
microbatch = 4
bundle = each

[bn]
calibrate = 2

[warmup]
steps = 2

[search]
steps = 4

[retrain]
steps = 4
END

cat >tiny-encoder.ini <<END
[encoder]
stem = conv3x3_bn_relu out=4 stride=1
layers =
    conv3x3_bn_relu out=6 stride=2
    conv3x3_bn_relu out=6 stride=1
    conv3x3_bn_relu out=8 stride=2
END

cat >branch.ini <<END
[data]
file = rooms.h5
tasks = parts depth edges

[run]
metrics_every = 1
eval_every = 2

[space]
kind = branch
encoder = tiny-encoder.ini

[head]
kind = deeplab
width = 4
skip = l01
separable = 1

[train]
batch = 4
microbatch = 2

[bn]
calibrate = 2

[warmup]
steps = 2

[search]
steps = 4

[augment]
rotate = 0
scale = 0
shear = 0
shift = 0

[resource]
weight = 0.002

[retrain]
steps = 4
END

polytree() { "$POLYTREE" "$@" </dev/null; }

polytree data shapes shapes.h5 --size 16 --train 30 --val 8 --test 8
polytree data scenes rooms.h5 --size 16 --train 8 --val 2 --test 2 --seed 3
polytree search dag.ini -o dag
polytree search branch.ini -o branch
mkdir unfinished
polytree search dag.ini -o unfinished --time-limit 0.01 || [ $? = 75 ]
{
    sed 's/^steps = .*/steps = 2/; s/^eval_every = .*/eval_every = 0/' dag.ini
    printf '%s\n' '' '[sweep]' 'methods = search single' 'seeds = 1'
} >sweep.ini
polytree sweep sweep.ini -o sweep

# What a reader of finished runs does not look at.
find . -name checkpoint.prev.h5 -exec rm {} +
find . -name '*.svg' -exec rm {} +
tar -cz --owner 0 --group 0 -f "$here/files.tar.gz" dag.ini sweep.ini shapes.h5 rooms.h5 \
    dag branch unfinished sweep
