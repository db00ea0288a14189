#!/usr/bin/env bash
# The event file for TensorBoard: framed as TFRecord says, with what metrics.jsonl has and no
# more; the same bytes on any ranks, after a kill, and where it is made when the run is over.
# shellcheck source=tests/run/common
. "$(dirname "$0")/common"
small_data
FILE=events.out.tfevents.polytree
ON=report.tensorboard=1

for n in 1 2 3; do
    expect 0 ranks $n search "$SMALL" -o run$n --set data.file=shapes.h5 $ON run.eval_every=10
    cmp run1/$FILE run$n/$FILE || fail "$n ranks give another file"
done
same_result run1 run3
expect 0 "$POLYTREE" search "$SMALL" -o plain --set data.file=shapes.h5 run.eval_every=10
[ ! -e plain/$FILE ] || fail "a file that nobody wanted"
same_result run1 plain

# A reader of its own, which knows the format from TensorFlow's description alone.
cat >read.py <<'PY'
import json, math, struct, sys

def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF

def masked(data):
    crc = crc32c(data)
    return (((crc >> 15) | (crc << 17)) + 0xA282EAD8) & 0xFFFFFFFF

def records(data):
    while data:
        (n, head_sum), body = struct.unpack("<QI", data[:12]), data[12:]
        assert head_sum == masked(data[:8]), "checksum of a length"
        assert struct.unpack("<I", body[n : n + 4])[0] == masked(body[:n]), "checksum of data"
        yield body[:n]
        data = body[n + 4 :]

def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return value, at

def fields(data):
    at = 0
    while at < len(data):
        key, at = varint(data, at)
        if key & 7 == 0:
            value, at = varint(data, at)
        elif key & 7 == 2:
            n, at = varint(data, at)
            value, at = data[at : at + n], at + n
        else:
            assert key & 7 == 5, key
            value, at = struct.unpack("<f", data[at : at + 4])[0], at + 4
        yield key >> 3, value

def scalars(path):
    events = [dict(fields(r)) for r in records(open(path, "rb").read())]
    assert events[0] == {3: b"brain.Event:2"}, events[0]
    for event in events[1:]:
        assert event.keys() == {2, 5}, event
        for number, value in fields(event[5]):
            assert number == 1
            value = dict(fields(value))
            assert value.keys() == {1, 2}, value
            yield value[1].decode(), event[2], value[2]

def wanted(path):
    for e in map(json.loads, open(path)):
        if e["event"] == "step":
            for key in "loss lr grad_norm tau edges squeeze cost".split():
                yield f"{e['phase']}/{key}/{e['kind']}", e["step"], e.get(key)
            for key, what in (("task_loss", "loss"), ("task_weight", "task_weight")):
                for task, x in e.get(key, {}).items():
                    yield f"{e['phase']}/{task}/{what}/{e['kind']}", e["step"], x
        elif e["event"] in ("eval", "final"):
            for key in ("mean", "edges"):
                yield f"{e['phase']}/{key}/{e['part']}", e["step"], e.get(key)
            for task, score in e["tasks"].items():
                for key, x in score.items():
                    if key not in ("n", "confusion") and not key.endswith("_bound"):
                        yield f"{e['phase']}/{task}/{key}/{e['part']}", e["step"], x

def check(run, file):
    found = list(scalars(f"{run}/{file}"))
    narrow = lambda x: struct.unpack("<f", struct.pack("<f", x))[0]
    want = [(tag, step, narrow(x)) for tag, step, x in wanted(f"{run}/metrics.jsonl") if x is not None]
    assert sorted(found) == sorted(want), set(found) ^ set(want)
    tags = {tag for tag, _, _ in found}
    for tag in ("retrain/loss/weight", "search/tau/alpha", "retrain/shape/loss/weight",
                "retrain/shape/accuracy/val", "retrain/shape/loss/test"):
        assert tag in tags, (tag, sorted(tags))
    try:  # TensorBoard's own, where it is installed
        from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    except ImportError:
        pass
    else:
        board = EventAccumulator(run, size_guidance={"scalars": 0})
        board.Reload()
        own = [(tag, s.step, s.value) for tag in board.Tags()["scalars"] for s in board.Scalars(tag)]
        assert sorted(own) == sorted(want), set(own) ^ set(want)

if __name__ == "__main__":
    check(*sys.argv[1:])
PY
expect 0 "$PYTHON" read.py run1 $FILE
# The reader would see a byte that is wrong.
for at in 3 9 14 200; do
    mkdir -p bad
    "$PYTHON" -c "
import sys
data = bytearray(open('run1/$FILE', 'rb').read())
data[$at] ^= 1
open('bad/$FILE', 'wb').write(data)"
    cp run1/metrics.jsonl bad
    expect 1 "$PYTHON" read.py bad $FILE
done

# With weights of tasks.
expect 0 "$POLYTREE" search "$SMALL" -o weighed --set data.file=shapes.h5 $ON train.weighting=uncertainty
expect 0 "$PYTHON" read.py weighed $FILE
says weighed/metrics.jsonl '"task_weight"'

# Whoever reads along has whole records while the run is at work; after a kill it is cut back
# with the journal, and ends as if nothing had been.
expect 75 "$POLYTREE" search "$SMALL" -o killed --set data.file=shapes.h5 $ON run.eval_every=10 --time-limit 0.001
held killed "search 12" 2 search "$SMALL" -o killed --set data.file=shapes.h5 $ON run.eval_every=10
"$PYTHON" - killed $FILE <<'PY'
import sys
from read import scalars

run, file = sys.argv[1:]
steps = [step for tag, step, _ in scalars(f"{run}/{file}") if tag == "search/loss/weight"]
assert steps == list(range(1, 13)), steps
PY
send KILL
ended 137
# Ranks of a killed mpirun end by themselves.
wait_until "$POLYTREE" search "$SMALL" -o killed --set data.file=shapes.h5 $ON run.eval_every=10 >out 2>err
same_result run1 killed
cmp run1/$FILE killed/$FILE || fail "another file after a kill"

# Of a run that is over, by setting the option.
expect 0 "$POLYTREE" search plain/config.ini -o plain --set $ON
cmp run1/$FILE plain/$FILE || fail "another file where it is made later"
same_result run1 plain

# What is in the way is said before anything is computed.
mkdir -p taken/$FILE
refuses 1 "taken/$FILE: cannot open to write: Is a directory" search "$SMALL" -o taken --set data.file=shapes.h5 $ON
refuses 2 "report.tensorboard" search "$SMALL" -o other --set data.file=shapes.h5 report.tensorboard=yes-please
