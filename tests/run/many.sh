#!/usr/bin/env bash
# Two hundred tasks on 8 copies of every layer go through search, derive and training, with
# the same bytes on any number of ranks; what is found keeps its budget and can be shown.
# shellcheck source=tests/run/common
. "$(dirname "$0")/common"

# 20 alphabets of 20 characters: bars whose places say which, shifted by drawer.
"$PYTHON" - <<'PY'
import io, struct, tarfile, zlib

def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

def drawing(character, drawer):
    bars = [(5 * (character % 10) + 5 * b + 2 * (drawer % 4)) for b in range(3 + character // 10 * 6)]
    row = bytearray(b"\xff" * 105)
    for x in bars:
        row[x + 10 : x + 13] = b"\0\0\0"
    rows = (b"\0" + bytes(row)) * (50 + drawer) + (b"\0" + b"\xff" * 105) * (55 - drawer)
    head = struct.pack(">IIBBBBB", 105, 105, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows, 1)) + chunk(b"IEND", b"")

with tarfile.open("many.tar", "w") as tar:
    for alphabet in range(20):
        for character in range(20):
            for drawer in range(1, 21):
                data = drawing(character, drawer)
                info = tarfile.TarInfo(f"A{alphabet:02d}/character{character + 1:02d}/{character + 1:04d}_{drawer:02d}.png")
                info.size = len(data)
                tar.addfile(info, io.BytesIO(data))
PY
expect 0 "$POLYTREE" data import omniglot many.tar many.h5 --size 12 --tasks all --characters 2
says out "^A19_10 +classification +2 +20 +8 +12  own"

many=(search "$ROOT/configs/omniglot-many.ini" --set data.file=many.h5 bn.calibrate=1 warmup.steps=10
    search.steps=10 retrain.steps=10)
expect 0 ranks 1 "${many[@]}" -o one
says out "^budget: .* parameters"
[ "$(grep -cE '^  A[01][0-9]_[01][0-9] .* accuracy' out)" = 200 ] || fail "not 200 scores"
says out "^ +mean +0\.[0-9]+$"
"$PYTHON" - <<'PY'
import json
network = json.load(open("one/architecture.json"))
layers = network["space"]["layers"][1:]
groups = [len(layer["groups"]) for layer in layers]
assert all(sum(map(len, layer["groups"])) == 200 for layer in layers), "a task lacks a layer"
assert groups == sorted(groups) and groups[0] <= 8, groups
cost = network["space"]["layers"][0]["parameters"] + sum(n * layer["parameters"] for n, layer in zip(groups, layers))
full = network["space"]["layers"][0]["parameters"] + 200 * sum(layer["parameters"] for layer in layers)
assert cost <= 0.15 * full, (cost, full)
PY
expect 0 "$POLYTREE" show one
expect 0 "$POLYTREE" show one --task A07_03
if command -v dot >/dev/null; then
    says one/architecture.svg "</svg>"
fi
expect 0 "$POLYTREE" plan one/config.ini --ranks 3
says out "200 tasks in 200 bundles"
refuses 1 "no task 'nobody'; it has A00_01, .*, A0[0-9]_[0-9]+, \.\.\.$" "${many[@]}" -o none --set data.tasks=nobody
if command -v mpirun >/dev/null; then
    expect 0 ranks 3 "${many[@]}" -o three
    same_result one three
    # More bundles than there is room for compiled plans, of which stages need some at once.
    expect 0 ranks 2 "${many[@]}" -o stages --set layout.stage=2
    same_result one stages
    dag=(search "$SMALL" --set data.file=many.h5 data.tasks="$(printf '%s ' A0{0..7}_0{1..9})"
        train.tasks_per_step=0 train.batch=4 train.microbatch=2 bn.calibrate=1 run.eval_every=0 warmup.steps=2
        search.steps=2 retrain.steps=2)
    expect 0 ranks 1 "${dag[@]}" -o dag
    expect 0 ranks 3 "${dag[@]}" -o dag-stages --set layout.stage=3
    same_result dag dag-stages
fi
