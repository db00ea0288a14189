#!/usr/bin/env bash
# `make bench-peer` at small sizes: every kind of row does in PyTorch what ours does, to 1e-4 of the
# losses, gates' gradients or outputs, and a row that does not is void.  Of speed nothing is asked.
# shellcheck source=tests/run/common
. "$(dirname "$0")/common"
export BUILD=${BUILD:-$ROOT/build}
for module in h5py torch; do
    "$PYTHON" -c "import $module" 2>/dev/null || skip "$PYTHON has no $module"
done

expect 0 "$PYTHON" "$ROOT/tests/bench/peer/peer.py" table --cores 1 --rounds 2 --seconds 0 --out found.json
says out '^[|] weight step of a search on a table, 7 tasks, 64 wide, batch 64 [|] 1 [|]'
"$PYTHON" - <<'PY'
import json
row, = json.load(open("found.json"))["rows"]
assert not row["void"] and row["differences"]["loss"] <= 1e-4 and len(row["ratios"]) == 2
assert row["ours_madds"] == row["theirs_madds"] > 0 and row["ours_mib"] > 0 and row["theirs_mib"] > 0
PY

cat >kinds.py <<'PY'
import sys
sys.path.insert(0, sys.argv[1] + "/tests/bench/peer")
import peer, rows, theirs

net = rows.OMNIGLOT.replace("nodes = 8", "nodes = 7").replace("32 32 48 48 64 64 64 64", "8 8 12 12 16 16 16")
def pictures(path, batch):
    rows.pictures(path, 9, 1, 3, 5, batch)
def measure(kind, cores):
    rows.ROWS["x"] = rows.Row("", kind, net, pictures, 4, 2)
    found = peer.measure("x", cores, 1, 0)
    assert found["ours_madds"] == found["theirs_madds"] > 0
    return found
assert not measure("weight", 2)["void"]  # before this process is bound to one core
for kind in "weight", "alpha", "retrain", "predict":
    assert not measure(kind, 1)["void"], kind
theirs.Settings.momentum = 0.8
assert measure("retrain", 1)["void"]
PY
[ "$(nproc)" -ge 2 ] || sed -i '/", 2/d' kinds.py
expect 0 "$PYTHON" kinds.py "$ROOT"

# Where our half fails, it says why, and nobody waits for it.
sed -i 's/"nodes = 7"/"nodes = 1"/' kinds.py
expect 1 "$PYTHON" kinds.py "$ROOT"
says err "^ours: .*space.nodes"
says err "^peer.py: our half has ended"
expect 2 "$PYTHON" "$ROOT/tests/bench/peer/peer.py" nothing
says err "no row nothing: stack weight "
