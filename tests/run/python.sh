#!/usr/bin/env bash
# The module for Python: its example runs and learns; what it reads is what the files and the
# commands say; errors are the program's own; reading wants nothing but Python.
# shellcheck source=tests/run/common
. "$(dirname "$0")/common"
"$PYTHON" -c "import numpy" 2>/dev/null || skip "$PYTHON has no numpy"
export PYTHONPATH=$ROOT/io/python PYTHONDONTWRITEBYTECODE=1 POLYTREE MPIRUN="mpirun --bind-to none"

expect 0 "$PYTHON" "$ROOT/io/python/example.py" .
says out "^row +accuracy on test 0\.[89]|^row +accuracy on test 1\.000"
says out "^shade runs stem "
says out "^right on new pictures: row (0\.[89].|1\.00), shade (0\.[89].|1\.00)$"
says out "^[0-9]+ networks of [0-9]+ to [0-9]+ multiply-adds"

# Predictions are those of the command, in either format, with names of classes.
expect 0 "$POLYTREE" predict PICTURES pictures.h5 -o answers.npz --logits
expect 0 "$POLYTREE" predict PICTURES pictures.h5 -o answers.h5 --logits
expect 0 "$PYTHON" - <<'PY'
import json, os, sys
import numpy as np
import polytree

run = polytree.Run("PICTURES")
assert run.is_finished and "polytree" in run.report() and repr(run) == "Run('PICTURES')"
# Every line of the journal, as another reader of JSON has it.
lines = [json.loads(line) for line in open("PICTURES/metrics.jsonl")]
assert run.events() == lines and len(run.events("final")) == 1
steps = run.steps()
weight = [e for e in lines if e["event"] == "step"]
assert np.array_equal(steps["loss"], [e["loss"] for e in weight])
assert np.array_equal(steps["task_loss.row"], [e["task_loss"]["row"] for e in weight])
assert list(steps["phase"]) == [e["phase"] for e in weight]
assert run.scores() == lines[-1]["tasks"]
# A line that is being written is not there yet.
os.makedirs("LIVE")
with open("LIVE/metrics.jsonl", "w") as f:
    f.write('{"event":"step","loss":null,"task_loss":{"a":1}}\n{"event":"step","loss":2}\n{"event":"st')
open("LIVE/config.ini", "w").close()
live = polytree.Run("LIVE")
assert len(live.events()) == 2 and not live.is_finished and live.candidates() == []
assert np.isnan(live.steps()["loss"][0]) and np.isnan(live.steps()["task_loss.a"][1])
try:
    live.scores()
    sys.exit("scores of an unfinished run")
except polytree.Error as error:
    assert "not finished" in str(error)
# All options as used.
config = run.config()
assert config["space.channels"] == "8" and float(config["retrain.ema"]) == 0.9
assert config["data.file"].endswith("pictures.h5"), config["data.file"]
# Predictions of a file, of an array, by the command.
said = polytree.predictions("answers.npz")
again = run.predict("pictures.h5", logits=True)
assert said.keys() == again.keys() and all(np.array_equal(said[k], again[k]) for k in said)
try:
    import h5py
    with h5py.File("pictures.h5", "r") as f:
        of_array = run.predict(f["test/images"][()], ranks=2, logits=True)
    packed = polytree.predictions("answers.h5")
    assert all(np.array_equal(said[k], of_array[k]) for k in said)
    assert all(np.array_equal(said[k], packed[k]) for k in said)
except ImportError:
    pass
# Tensors: those of the network, an evaluation's statistics beside them.
tensors, arch = run.tensors(), run.architecture()
used = {c for t in arch["tasks"] for c in t["candidates"]}
named = {x for c in arch["space"]["candidates"] if c["name"] in used for op in c["ops"]
         for x in op.get("tensors", [])}
assert named <= tensors.keys() and any(k.startswith("statistics/") for k in tensors)
try:
    import pandas
    assert run.frame("eval").shape[0] == len(run.events("eval"))
except ImportError:
    pass
# Errors are the program's, with its code; without check nothing is raised.
for words, code, text in ((("show", "NOWHERE"), 1, "NOWHERE"), (("no-such",), 2, "no-such")):
    try:
        polytree.command(*words)
        sys.exit("no error")
    except polytree.Error as error:
        assert error.code == code and text in str(error), (error.code, str(error))
    assert polytree.command(*words, check=False)[1] == code
try:
    polytree.Run("NOWHERE")
    sys.exit("a run that is not there")
except FileNotFoundError:
    pass
# Tasks may be called as anything else is; what the program refuses is said.
x = np.arange(80.0).reshape(40, 2)
polytree.make_dataset("named.h5", x, {"file": x[:, 0], "inputs": np.arange(40) % 2, "path": x},
                      kinds={"path": "regression"}, test=0.25, seed=3)
assert "path" in polytree.command("data", "info", "named.h5")
try:
    polytree.make_dataset("bad.h5", x, {"y": x[:7, 0]})
    sys.exit("labels of other samples")
except polytree.Error as error:
    assert "y" in str(error)
PY

# A search that is stopped is given back unfinished, and goes on.
cat >stopped.py <<'PY'
import os, polytree
run = polytree.search("pictures.ini", "STOPPED", options={
    "space.channels": 8, "retrain.steps": 20, "search.steps": 20, "warmup.steps": 5})
assert run.is_finished == ("POLYTREE_HOLD" not in os.environ)
PY
POLYTREE_HOLD="search 2" "$PYTHON" stopped.py >out 2>err </dev/null &
job=$!
wait_held STOPPED
touch STOPPED/STOP
ended 0
expect 0 "$PYTHON" stopped.py

# Read without NumPy, by the oldest Python that it is for.
expect 0 "$PYTHON" - <<'PY'
import ast, os, sys
import polytree
assert "numpy" not in sys.modules
assert polytree.Run("PICTURES").events("phase")[0]["phase"] == "warmup"
assert polytree.Run("JUDGED").candidates()[0]["number"] == 0
for name in ("polytree.py", "example.py"):
    with open(os.path.join(os.path.dirname(polytree.__file__), name)) as f:
        ast.parse(f.read(), feature_version=(3, 8))
PY
