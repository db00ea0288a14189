#!/usr/bin/env bash
# Tasks are added to the network of a finished run: what it says of its own tasks keeps its
# bits, also where a new task gets layers of its own, a new one is scored nearly as by a
# network that had it from the start, and all of it is the same on any ranks, killed or not.
# shellcheck source=tests/run/common
. "$(dirname "$0")/common"
"$PYTHON" -c "import h5py" 2>/dev/null || skip "$PYTHON has no h5py"

# keeps OLD NEW DATA: what OLD puts out has the same bits in NEW, which puts out more.
keeps() {
    expect 0 ranks 1 predict "$1" "$3" -o before.npz --logits --force
    expect 0 ranks 2 predict "$2" "$3" -o after.npz --logits --force
    "$PYTHON" - <<'PY' || fail "$2 does not say what $1 does"
import numpy as np
old, new = np.load("before.npz"), np.load("after.npz")
assert set(old) < set(new)
for name in old:
    assert old[name].tobytes() == new[name].tobytes(), name
PY
}

# value RUN METRIC TASK: of its final scores.
value() {
    "$PYTHON" - "$@" <<'PY'
import json, sys
run, metric, task = sys.argv[1:]
for line in open(run + "/metrics.jsonl"):
    event = json.loads(line)
    if event["event"] == "final":
        print(event["tasks"][task][metric])
PY
}

# ---- A dag of pictures ----

small_data
one=(--set data.file=shapes.h5 "data.tasks=shape place" train.tasks_per_step=1 report.html=0)
expect 0 ranks 1 search "$SMALL" -o one "${one[@]}"
expect 0 ranks 1 extend one shapes.h5 -o more --tasks fill
says out "^the network of one: its 2 tasks stay as they are"
says out "^task fill reads (the stem|node [1-4] of task (shape|place)|the graph of task (shape|place) up to node [1-4]): linear models explain"
says out "^  fill +60 "
says more/report.txt "^as in (.*/)?one:$"
says more/report.txt "^  place +accuracy +[01]\.[0-9]+"
keeps one more shapes.h5

# All commands have all of its tasks.
for task in shape place fill; do
    expect 0 "$POLYTREE" show more --task $task
    says out "^  $task .* out "
done
expect 0 ranks 1 eval one
grep -E "^  (shape|place) " out >before
expect 0 ranks 1 eval more
says out "^  fill +60 "
says out "^note .* eval more --data FILE.h5"
expect 0 ranks 1 eval more --data shapes.h5
says out "^  fill +60 "
grep -E "^  (shape|place) " out >after
cmp before after || fail "old tasks have other scores"
expect 0 ranks 1 export more more.onnx --safetensors more.safetensors
expect 0 "$POLYTREE" report more -o more.html
says more.html ">place<"
says more.html "place +accuracy +[01]\.[0-9]+"
expect 0 "$POLYTREE" status more
says out "^state +finished"
expect 0 "$POLYTREE" checkpoint verify more/checkpoint.h5

# It is a run like others: tasks are added one after the other, on any ranks.
expect 0 ranks 1 search "$SMALL" -o first "${one[@]}" data.tasks=shape
expect 0 ranks 1 extend first shapes.h5 -o second --tasks place
expect 0 ranks 1 extend second shapes.h5 -o third --tasks fill
keeps second third shapes.h5
keeps first third shapes.h5
says third/report.txt "^as in (.*/)?first:$"
many=(extend first shapes.h5 --tasks place fill --set layout.mode=manual)
expect 0 ranks 1 "${many[@]}" -o pair
expect 0 ranks 2 "${many[@]}" -o tasks --set layout.task=2
same_result pair tasks
expect 0 ranks 2 "${many[@]}" -o stages --set layout.stage=2
same_result pair stages
expect 0 ranks 3 extend first shapes.h5 --tasks place fill -o three
same_result pair three

# Stopped, then killed, it goes on to the same, and needs the old run no longer.
held killed "retrain 7" 2 extend first shapes.h5 --tasks place fill -o killed --set run.checkpoint_every=0.001
send USR1
ended 75
held killed "retrain 13" 1 extend first shapes.h5 --tasks place fill -o killed --set run.checkpoint_every=0.001
send KILL
ended 137
rm -f killed/HELD
mv first elsewhere
expect 0 ranks 1 search killed/config.ini -o killed
mv elsewhere first
same_result pair killed

# ---- A dag of tables, whose new task wants what no old one reads out ----

"$PYTHON" - <<'PY'
import h5py, numpy as np
rng = np.random.default_rng(2)
def write(name, tasks, n_train=400):
    with h5py.File(name, "w") as f:
        f.attrs["format"], f.attrs["version"] = "polytree dataset", 1
        for t in tasks:
            kind = "classification" if t == "part" else "regression"
            f.create_group("tasks/" + t).attrs["kind"] = kind
            if t == "part":
                f["tasks/part"].attrs["classes"] = 4
        for split, n in {"train": n_train, "test": 200}.items():
            x = rng.normal(size=(n, 8))
            y = {"left": x[:, :4] @ [1, 2, -1, 1], "right": x[:, 4:] @ [2, -1, 1, 1],
                 "rest": x @ [1, 1, 1, -2, 1, 2, -1, 1], "both": x.sum(1)}
            y["part"] = 2 * (x[:, 0] > 0) + (x[:, 4] > 0)
            f[split + "/inputs"] = x.astype("f4")
            for t in tasks:
                f[f"{split}/tasks/{t}/labels"] = y[t].astype("i4" if t == "part" else "f4")
write("sides.h5", ["left", "right"])
write("rest.h5", ["rest", "part"])
write("both.h5", ["both"])
write("twelve.h5", ["part"], 12)
PY
cat >dag.ini <<'INI'
[run]
eval_every = 0
[space]
nodes = 4
flow = 2
min_depth = 2
op = linear_bn_relu
stem = linear_bn_relu
stride = 1
channels = 32 24 16 8
stem_channels = 32
[train]
batch = 32
microbatch = 16
[warmup]
steps = 60
[search]
steps = 60
[retrain]
steps = 300
lr = 0.02
[report]
svg = 0
html = 0
INI
expect 0 ranks 1 search dag.ini -o sides --set data.file=sides.h5
expect 0 ranks 1 extend sides rest.h5 -o rest
says out "^task rest reads (the stem|node [1-3] of task (left|right)): linear models explain [89].*; its head begins there$"
keeps sides rest sides.h5
awk -v r="$(value rest r2 rest)" 'BEGIN { exit !(r > 0.7) }' ||
    fail "rest: r2 $(value rest r2 rest), a linear model of the stem has 0.9"
expect 0 ranks 3 extend sides rest.h5 -o rest3
same_result rest rest3
held halved "retrain 150" 1 extend sides rest.h5 -o halved --set run.checkpoint_every=0.001
send KILL
ended 137
rm -f halved/HELD
expect 0 ranks 2 search halved/config.ini -o halved
same_result rest halved
# Before any training it is as good as these linear models; chance is 0 and a quarter.
expect 0 ranks 1 extend sides rest.h5 -o begun_there --set retrain.steps=1 retrain.lr=1e-12
awk -v r="$(value begun_there r2 rest)" -v a="$(value begun_there accuracy part)" 'BEGIN { exit !(r > 0.75 && a > 0.5) }' ||
    fail "heads do not begin there: r2 $(value begun_there r2 rest), accuracy $(value begun_there accuracy part)"
# How sure it is of classes is learnt from samples left out: a coin's loss is log 4 = 1.4.
expect 0 ranks 1 extend sides twelve.h5 -o twelve --set retrain.steps=1 retrain.lr=1e-12 data.val_fraction=0
awk -v l="$(value twelve loss part)" 'BEGIN { exit !(l < 2) }' ||
    fail "a head begins at a loss of $(value twelve loss part)"
# What it trained stands still from then on.
expect 0 ranks 1 extend rest both.h5 -o twice
keeps rest twice sides.h5

# ---- Branches of tables, with units ----

"$PYTHON" - <<'PY'
import h5py, numpy as np
rng = np.random.default_rng(1)
real = ("heat", "wave", "twice")
def write(name, n, tasks, columns="abcdef", as_double=False):
    x = rng.uniform([300, 3, 0, 1900, -5, 1e4], [900, 7, 0.4, 2020, 5, 3e4], (n + 200, 6))
    u = (x - [600, 5, 0.2, 1960, 0, 2e4]) / [173, 1.15, 0.115, 34.6, 2.9, 5774]
    y = {"heat": 50 * np.sin(2 * u[:, 0]) * u[:, 1] + 400,
         "sort": (u[:, 1] > 0) * 2 + (u[:, 0] > 0),
         "wave": 3 * np.sin(2 * u[:, 4]) + u[:, 5] + 30,
         "side": u[:, 0] * u[:, 1] > 0, "twice": 2 * u[:, 0]}
    with h5py.File(name, "w") as f:
        f.attrs["format"], f.attrs["version"] = "polytree dataset", 1
        f.attrs["input_names"] = list(columns)
        for t in tasks:
            f.create_group("tasks/" + t).attrs["kind"] = (
                "regression" if t in real else "classification")
            if t not in real:
                f["tasks/" + t].attrs["classes"] = 4 if t == "sort" else 2
        for split, rows in {"train": slice(0, n), "test": slice(n, None)}.items():
            f[split + "/inputs"] = x[rows, :len(columns)].astype("f4")
            for t in tasks:
                f[f"{split}/tasks/{t}/labels"] = y[t][rows].astype("f4" if t in real else "i4")
write("old.h5", 1000, ["heat", "sort"])
write("new.h5", 600, ["wave", "side"])
write("all.h5", 1000, ["heat", "sort", "wave", "side"])
write("twice.h5", 300, ["twice"])
write("turned.h5", 100, ["wave"], "bacdef")
write("narrow.h5", 100, ["wave"], "abcde")
PY
cat >table.ini <<'INI'
[run]
eval_every = 0
[space]
kind = branch
copies = 2
[encoder]
stem = linear_bn_relu out=32
layers = linear_bn_relu out=32
    linear_bn_relu out=32
    linear_bn_relu out=4
[train]
batch = 32
microbatch = 16
[choose]
judge = alpha
[warmup]
steps = 20
[search]
steps = 20
[retrain]
steps = 600
optimizer = adam
lr = 3e-3
[report]
svg = 0
html = 0
[task.heat]
weight = 2
INI
expect 0 ranks 1 search table.ini -o table --set data.file=old.h5
expect 0 ranks 1 extend table new.h5 -o wide
# The last layer has room for what its tasks want, and no more.
says out "^task wave shares stem( to l0[12])? with task (heat|sort), then has [123] layers? of its own"
keeps table wide old.h5
# Without a stem the input is no entry, but every layer is.
sed 's/^stem = .*/stem = none/' table.ini >bare.ini
expect 0 ranks 1 search bare.ini -o bare --set data.file=old.h5
expect 0 ranks 1 extend bare new.h5 -o barer --set retrain.steps=2
says out "^task wave shares stem to l0[123] with task (heat|sort)"
keeps bare barer old.h5
expect 0 ranks 3 extend table new.h5 -o wide3
same_result wide wide3
expect 0 ranks 1 eval table
grep -E "^  (heat|sort) " out >before
expect 0 ranks 1 eval wide --data old.h5
grep -E "^  (heat|sort) " out >after
cmp before after || fail "old tasks have other scores"

# Chance is r2 = 0 and a half; beside a network that had all tasks from the start the new
# ones lose little: tenths are what runs of other seeds differ by, twice over.
expect 0 ranks 1 search table.ini -o whole --set data.file=all.h5
awk -v r="$(value wide r2 wave)" -v w="$(value whole r2 wave)" 'BEGIN { exit !(r > 0.5 && r > w - 0.2) }' ||
    fail "wave: r2 $(value wide r2 wave), in a network trained with it $(value whole r2 wave)"
awk -v r="$(value wide accuracy side)" -v w="$(value whole accuracy side)" 'BEGIN { exit !(r > 0.75 && r > w - 0.2) }' ||
    fail "side: accuracy $(value wide accuracy side), in a network trained with it $(value whole accuracy side)"

# ---- Fine-tuned ----

# What is there learns with the new tasks, at its share of the rate, and its own tasks change;
# the report has these as they were and as they are.
tuned=(extend table new.h5 --set extend.finetune=0.5)
expect 0 ranks 1 "${tuned[@]}" -o tuned
says out "^the network of table is fine-tuned, at 0.5 times the learning rate: its 2 tasks will change$"
awk -v t="$(value tuned r2 wave)" -v w="$(value wide r2 wave)" 'BEGIN { exit !(t > w) }' ||
    fail "wave: r2 $(value tuned r2 wave) fine-tuned, $(value wide r2 wave) with the old network as it was"
expect 0 ranks 2 eval tuned --data old.h5
heat=$(sed -n 's/^  heat .* rmse *\([0-9.]*\).*/\1/p' out) before=$(sed -n 's/^  heat .* rmse *\([0-9.]*\).*/\1/p' before)
[ "$heat" != "$before" ] || fail "heat has the score of before"
says tuned/report.txt "^as in (.*/)?table, and as fine-tuned since:$"
says tuned/report.txt "^  heat +rmse, lower +$before +$heat$"
expect 0 "$POLYTREE" report tuned -o tuned.html
says tuned.html "^  heat +rmse, lower +$before +$heat$"
expect 0 ranks 3 "${tuned[@]}" -o tuned3
same_result tuned tuned3
held tuned2 "retrain 300" 1 "${tuned[@]}" -o tuned2 --set run.checkpoint_every=0.001
send KILL
ended 137
rm -f tuned2/HELD
expect 0 ranks 2 search tuned2/config.ini -o tuned2 --set layout.mode=manual layout.stage=2
same_result tuned tuned2
# A rate of nothing at all is a frozen network, and what was fine-tuned is frozen next.
expect 0 ranks 1 extend table new.h5 -o still --set extend.finetune=1e-30
keeps table still old.h5
expect 0 ranks 1 extend tuned twice.h5 -o again
says out "^the network of tuned: its 4 tasks stay as they are$"
keeps tuned again old.h5
says again/report.txt "^as in (.*/)?tuned:$"
says again/report.txt "^  heat +rmse, lower +$before +$heat$"
# Its data may be gone.
mv old.h5 gone.h5
expect 0 "$POLYTREE" report tuned -o gone.html
says out "^note .* tasks of .*table are not scored anew: the data set .*old.h5 is not at hand$"
says gone.html "table, before they were fine-tuned:$"
mv gone.h5 old.h5
# Of pictures: convolutions and pooling, heads that begin at their ridge.
expect 0 ranks 1 extend one shapes.h5 -o picture --tasks fill --set extend.finetune=1
expect 0 ranks 2 extend one shapes.h5 -o picture2 --tasks fill --set extend.finetune=1 layout.mode=manual layout.stage=2
same_result picture picture2
says picture/report.txt "^  place +accuracy +[01]\.[0-9]+ +[01]\.[0-9]+$"
refuses 2 "extend.finetune" extend table new.h5 -o none --set extend.finetune=2

# ---- What does not go ----

refuses 1 "one has a task shape already; name those of shapes.h5 that are new: --tasks NAME" \
    extend one shapes.h5 -o none
refuses 1 "narrow.h5: input_names: no 'f', which the network was trained on" \
    extend table narrow.h5 -o none
refuses 1 "new.h5: .*6 features, expected images of 16 x 16 x 1" extend one new.h5 -o none
refuses 1 "feature 1 of turned.h5 is 'b', that of table 'a': import it with its features in the same order" \
    extend table turned.h5 -o none
refuses 1 "new.h5: no task 'wvae'; it has" extend table new.h5 -o none --tasks wvae
refuses 1 "\[task.wavee\]: there is no such task; the nearest is wave" extend table new.h5 -o none \
    --set task.wavee.weight=2
# Sections of tasks that neither the old run nor the new data has stand in the old config.
"$PYTHON" - <<'PY'
import h5py
with h5py.File("new.h5") as new:
    for name, n in {"few": 4, "same": 64, "noval": 64}.items():
        with h5py.File(name + ".h5", "w") as f:
            f.attrs.update(new.attrs)
            new.copy("tasks/side", f.create_group("tasks"))
            for split in "train", "test":
                f[split + "/inputs"] = new[split + "/inputs"][:n]
                y = new[split + "/tasks/side/labels"][:n]
                f[split + "/tasks/side/labels"] = 0 * y if name == "same" else y
            if name == "noval":
                f["val/inputs"] = new["test/inputs"][:32]
PY
expect 0 ranks 1 search table.ini -o half --set data.file=old.h5 data.tasks=heat task.sort.weight=2 retrain.steps=20
expect 0 ranks 1 extend half new.h5 -o halves --set retrain.steps=20
for data in few same; do
    expect 0 ranks 1 extend table $data.h5 -o $data --set retrain.steps=20 data.val_fraction=0
    says out "^task side shares .*, at the least cost: too few labels to choose by, or all the same"
    if grep -E "explain" out; then fail "$data.h5: says what linear models explain"; fi
done
refuses 1 "and there are none with labels: retrain.keep=last does without" \
    extend table noval.h5 -o none --set retrain.keep=best run.eval_every=10
refuses 1 "the network of table cannot be changed: options differ: train.microbatch = 8, not 16" \
    extend table new.h5 -o none --set train.microbatch=8
refuses 1 "the network of sides cannot be changed: options differ: space.nodes = 3, not 4" \
    extend sides rest.h5 -o none --set space.nodes=3
refuses 1 "more has a checkpoint of another config" extend one shapes.h5 -o more --tasks fill \
    --set retrain.lr=0.5
refuses 2 "-o one is the run that tasks are added to" extend one shapes.h5 -o one
refuses 2 "-o RUN2 is missing" extend one shapes.h5
refuses 1 "nowhere is not the folder of a run" extend nowhere shapes.h5 -o none
expect 75 ranks 1 search "$SMALL" -o begun "${one[@]}" --time-limit 0.001
refuses 1 "begun has no network yet: it cannot be extended" extend begun shapes.h5 -o none --tasks fill
held begun "retrain 3" 1 search "$SMALL" -o begun "${one[@]}"
send USR1
ended 75
refuses 1 "begun is not finished: its network cannot be extended yet" extend begun shapes.h5 -o none --tasks fill
expect 0 ranks 1 search "$SMALL" -o chain "${one[@]}" search.method=shared baseline.steps=2 baseline.match=native
refuses 1 "chain has search.method = shared: only networks of a dag or branch space" \
    extend chain shapes.h5 -o none --tasks fill
refuses 1 "search.method = extended adds tasks to the network of another run" \
    search "$SMALL" -o none "${one[@]}" search.method=extended
refuses_on 2 1 "one has a task shape already" extend one shapes.h5 -o none
[ ! -e none ] || fail "a folder is left of what was refused"
