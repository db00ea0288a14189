#!/usr/bin/env bash
# What a network says of inputs without labels is what it is scored by: accuracies and errors
# taken from the file of its predictions are those of `eval`, in the labels' own units, on any
# number of ranks, without the data set that it was trained on.
# shellcheck source=tests/run/common
. "$(dirname "$0")/common"
"$PYTHON" -c "import h5py" 2>/dev/null || skip "$PYTHON has no h5py"

# A run of features, of which one task labels some; its inputs and labels have units.
"$PYTHON" - <<'PY'
import h5py, numpy as np
rng = np.random.default_rng(0)
x = rng.uniform([300, 3, 0, 1900], [900, 7, 0.4, 2020], (200, 4)).astype("f4")
y = np.stack([400 * (x[:, 1] > 5) + x[:, 0], 1e-3 * x[:, 2]], 1).astype("f4")
sort = (x[:, 3] > 1960).astype("i4") + (x[:, 1] > 6)
names = ["old", 'new, or "so"', "=1+1"]
def write(name, splits, labelled=True):
    with h5py.File(name, "w") as f:
        f.attrs["format"], f.attrs["version"] = "polytree dataset", 1
        if labelled:
            f.create_group("tasks/heat").attrs["kind"] = "regression"
            f.create_group("tasks/sort").attrs.update(kind="classification", classes=3,
                                                      class_names=names)
        for split, rows in splits.items():
            f[split + "/inputs"] = x[rows]
            if labelled:
                f[split + "/tasks/heat/labels"] = y[rows]
                f[split + "/tasks/sort/labels"] = sort[rows][::3]
                f[split + "/tasks/sort/index"] = np.arange(len(x[rows]))[::3]
write("table.h5", {"train": slice(0, 140), "test": slice(140, 199)})
write("bare.h5", {"test": slice(140, 199)}, False)
write("narrow.h5", {"test": slice(140, 199)}, False)
with h5py.File("narrow.h5", "a") as f:
    del f["test/inputs"]
    f["test/inputs"] = x[:5, :3]
write("hole.h5", {"test": slice(140, 199)}, False)
with h5py.File("hole.h5", "a") as f:
    f["test/inputs"][37, 2] = np.nan
with h5py.File("other.h5", "w") as f:
    f["x"] = x
# Data sets of the same tasks to score: without train, without one task, with another kind.
write("later.h5", {"test": slice(140, 199)})
write("fewer.h5", {"test": slice(140, 199)})
with h5py.File("fewer.h5", "a") as f:
    del f["test/tasks/sort"]
write("four.h5", {"test": slice(140, 199)})
with h5py.File("four.h5", "a") as f:
    f["tasks/sort"].attrs["classes"] = 4
    del f["tasks/sort"].attrs["class_names"]
PY
cat >c.ini <<'INI'
[run]
eval_every = 0
[space]
nodes = 3
flow = 2
min_depth = 1
op = linear_bn_relu
stem = linear_bn_relu
stride = 1
channels = 8
stem_channels = 8
[train]
batch = 16
microbatch = 8
[warmup]
steps = 4
[search]
steps = 4
[retrain]
steps = 40
[report]
svg = 0
INI
expect 0 ranks 1 search c.ini -o run --set data.file=table.h5
expect 0 ranks 1 eval run
mv out scores
# Samples of a task are those that it labels, also where its bundle has others.
expect 0 ranks 1 search c.ini -o whole --set data.file=table.h5 train.bundle=all
says out "^  heat +59 "
says out "^  sort +20 "
"$PYTHON" - <<'PY'
import json
final = [e for e in map(json.loads, open("whole/metrics.jsonl")) if e["event"] == "final"]
assert [final[0]["tasks"][name]["n"] for name in ("heat", "sort")] == [59, 20], final
PY
expect 0 ranks 1 eval whole
mv out whole.scores
expect 0 ranks 1 eval whole --data later.h5
cmp out whole.scores || fail "other scores of the same samples in another file, of one bundle"
mv table.h5 away.h5

for out in one.h5 one.npz one.csv; do
    expect 0 ranks 1 predict run bare.h5 -o $out
    says out "^inputs      bare.h5, test, 59 for 2 tasks$"
    says out "^written     $out$"
done
if command -v mpirun >/dev/null; then
    for n in 2 3 6; do
        for end in h5 npz csv; do
            expect 0 ranks $n predict run bare.h5 -o $n.$end
            cmp one.$end $n.$end || fail "other predictions on $n ranks ($end)"
        done
    done
fi
expect 0 ranks 1 predict run bare.h5 -o raw.npz --logits
"$PYTHON" - <<'PY'
import csv, h5py, numpy as np, re
names = ["old", 'new, or "so"', "=1+1"]
z, f, raw = np.load("one.npz"), h5py.File("one.h5"), np.load("raw.npz")
with h5py.File("away.h5") as data:
    heat, sort = data["test/tasks/heat/labels"][()], data["test/tasks/sort/labels"][()]
    index = data["test/tasks/sort/index"][()]
scores = open("scores").read()
said = lambda name, word: float(re.search(rf"^  {name} .*?{word} +([0-9.]+)", scores, re.M | re.S)[1])
assert abs((z["sort/class"][index] == sort).mean() - said("sort", "accuracy")) < 1e-4
# Of rmse the mean over the channels' own: the first is in hundreds, the second in 1e-4.
error = np.sqrt(((z["heat/value"].astype("f8") - heat) ** 2).mean())
assert abs(error / said("heat", "rmse") - 1) < 1e-3, (error, scores)
assert z["heat/value"].shape == (59, 2) and z["sort/probability"].shape == (59, 3)
assert (z["sort/probability"].argmax(1) == z["sort/class"]).all()
assert np.allclose(z["sort/probability"].sum(1), 1, atol=1e-6)
assert [n.decode() for n in z["sort/class_names"]] == names

for name in ("heat/value", "sort/class", "sort/probability"):
    assert f[name].dtype == z[name].dtype and (f[name][()] == z[name]).all(), name
assert list(f["sort/class"].attrs["class_names"]) == names
assert f.attrs["format"] == b"polytree predictions" or f.attrs["format"] == "polytree predictions"

rows = list(csv.DictReader(open("one.csv", newline="")))
assert [int(r["row"]) for r in rows] == list(range(59))
assert [names.index(r["sort"]) for r in rows] == z["sort/class"].tolist()
for c, name in enumerate(names):
    column = np.array([float(r["sort.probability." + name]) for r in rows])
    assert (column.astype("f4") == z["sort/probability"][:, c]).all(), name
assert (np.array([float(r["heat.1"]) for r in rows]) == z["heat/value"][:, 1]).all()

assert sorted(raw.files) == ["heat/logits", "sort/class_names", "sort/logits"]
e = np.exp(raw["sort/logits"].astype("f8"))
assert np.allclose(e / e.sum(1, keepdims=True), z["sort/probability"], rtol=1e-5)
assert np.abs(raw["heat/logits"]).max() < 10 # in the network's units
PY

# A data set's split; by default the first of test, val, train that it has.
expect 0 ranks 1 predict run away.h5 -o train.npz --split train
says out "^inputs      away.h5, train, 140 for 2 tasks$"
expect 0 ranks 1 predict run away.h5 -o test.npz
cmp test.npz one.npz || fail "labels in the file make a difference"
refuses 1 "away.h5: it has no inputs in val$" predict run away.h5 -o x.npz --split val
refuses 2 "--split all: expected test, val or train" predict run away.h5 -o x.npz --split all

# Scored on any file of its tasks, by the statistics that stand beside the weights.
for n in 1 3; do
    [ $n = 1 ] || command -v mpirun >/dev/null || continue
    expect 0 ranks $n eval run --data later.h5
    cmp out scores || fail "other scores of the same samples in another file, on $n ranks"
done
expect 0 ranks 1 eval run --data fewer.h5
says out "^note        task sort has no labels in test of fewer.h5, so no score$"
cmp <(grep "^  heat" out) <(grep "^  heat" scores) || fail "heat has another score without sort"
refuses 1 "four.h5: task 'sort' is classification of 4, the network was trained for classification of 3" \
    eval run --data four.h5
# Labels are numbers of classes, which names tell apart.
cp later.h5 renumbered.h5
cp later.h5 stranger.h5
cp later.h5 unnamed.h5
"$PYTHON" - <<'PY'
import h5py, numpy as np
def name(file, names):
    with h5py.File(file, "a") as f:
        del f["tasks/sort"].attrs["class_names"]
        if names:
            f["tasks/sort"].attrs["class_names"] = names
# The same classes under other numbers, and of a later day's samples two of the three.
name("renumbered.h5", ["=1+1", "old", 'new, or "so"'])
with h5py.File("renumbered.h5", "a") as f:
    labels = f["test/tasks/sort/labels"]
    labels[...] = np.array([1, 2, 0])[labels[()]]
with h5py.File("two.h5", "w") as f, h5py.File("later.h5") as g:
    f.attrs.update(g.attrs)
    labels, index = g["test/tasks/sort/labels"][()], g["test/tasks/sort/index"][()]
    assert (labels == 0).any()
    f["test/inputs"] = g["test/inputs"][()]
    f["test/tasks/sort/labels"] = np.array([1, -1, 0])[labels[labels != 1]].astype("i4")
    f["test/tasks/sort/index"] = index[labels != 1]
    f.create_group("tasks/sort").attrs.update(kind="classification", classes=2, class_names=["=1+1", "old"])
with h5py.File("later.h5") as g, h5py.File("three.h5", "w") as f:
    for key in g:
        g.copy(key, f)
    f.attrs.update(g.attrs)
    del f["test/tasks/heat"], f["tasks/heat"]
    labels, index = g["test/tasks/sort/labels"][()], g["test/tasks/sort/index"][()]
    del f["test/tasks/sort/labels"], f["test/tasks/sort/index"]
    f["test/tasks/sort/labels"] = labels[labels != 1]
    f["test/tasks/sort/index"] = index[labels != 1]
name("stranger.h5", ["old", "odd", "=1+1"])
name("unnamed.h5", None)
PY
for n in 1 3; do
    [ $n = 1 ] || command -v mpirun >/dev/null || continue
    expect 0 ranks $n eval run --data renumbered.h5
    says out "^note        task sort: classes of renumbered.h5 by their names"
    cmp <(grep -v "^note" out) scores || fail "other scores of classes with other numbers, on $n ranks"
    expect 0 ranks $n eval run --data two.h5
    grep "^  sort" out >two
    expect 0 ranks $n eval run --data three.h5
    cmp two <(grep "^  sort" out) || fail "other scores where a class is not named, on $n ranks"
done
refuses 1 "stranger.h5: task 'sort' has the class 'odd', which the network was not trained on" \
    eval run --data stranger.h5
expect 0 ranks 1 eval run --data unnamed.h5
cmp out scores || fail "other scores where the data set does not name its classes"
refuses 1 "bare.h5: /tasks: |bare.h5: no group|no task of the network" eval run --data bare.h5
refuses 1 "later.h5: it has no inputs in val" eval run --data later.h5 --split val
refuses 2 "--pictures does not go with --data" eval run --data later.h5 --pictures 2

# What cannot be: nothing is left of it.
refuses 2 "-o OUT is missing" predict run bare.h5
refuses 2 "x.txt: expected a name that ends in .h5, .npz or .csv" predict run bare.h5 -o x.txt
refuses 1 "one.npz is there already: --force replaces it" predict run bare.h5 -o one.npz
expect 0 ranks 1 predict run bare.h5 -o train.npz --force
cmp train.npz one.npz || fail "what was replaced is not what was asked for"
refuses 1 "narrow.h5: /test/inputs: 3 features, expected 4 features" predict run narrow.h5 -o x.npz
refuses 1 "hole.h5: row 37 has a value that is not finite" predict run hole.h5 -o x.npz
refuses 1 "no data set of polytree's" predict run other.h5 -o x.npz
refuses 1 "none.h5: No such file or directory" predict run none.h5 -o x.npz
refuses 1 "c.ini: no inputs: expected " predict run c.ini -o x.npz
refuses 1 "nowhere is not the folder of a run" predict nowhere bare.h5 -o x.npz
refuses 1 "none/x.npz: cannot write: No such file" predict run bare.h5 -o none/x.npz
if command -v mpirun >/dev/null; then
    refuses_on 3 1 "hole.h5: row 37 has a value that is not finite" predict run hole.h5 -o x.npz
fi
expect 75 ranks 1 search c.ini -o half --set data.file=away.h5 --time-limit 0.001
refuses 1 "half is not finished: its network cannot be used yet" predict half bare.h5 -o x.npz
cp -r run mixed
"$PYTHON" - <<'PY'
import json
net = json.load(open("mixed/architecture.json"))
del net["tasks"][1]["kind"]
json.dump(net, open("mixed/architecture.json", "w"))
PY
refuses 1 "mixed/architecture.json: task 'sort' lacks kind or bundle" predict mixed bare.h5 -o x.npz
for left in x.*; do
    [ ! -e "$left" ] || fail "$left was left"
done

# Maps: depth in its own units, normals of length 1, classes of every pixel.
"$POLYTREE" data scenes rooms.h5 --size 17 --train 40 --val 8 --test 12 >/dev/null
expect 0 ranks 1 search "$ROOT/configs/scenes-branch-quick.ini" -o rooms \
    --set data.file=rooms.h5 warmup.steps=2 search.steps=2 retrain.steps=5 report.svg=0
expect 0 ranks 1 eval rooms
mv out scores
expect 0 ranks 1 predict rooms rooms.h5 -o rooms.npz
refuses 1 "x.csv: a line of CSV has no place for the map parts/class: use .h5 or .npz" \
    predict rooms rooms.h5 -o x.csv
refuses 1 "bare.h5: /test/inputs: 4 features, expected images of 17 x 17 x 3" \
    predict rooms bare.h5 -o x.npz
"$PYTHON" - <<'PY'
import h5py, numpy as np, re
z = np.load("rooms.npz")
with h5py.File("rooms.h5") as f:
    label = {name: f[f"test/tasks/{name}/labels"][()] for name in f["test/tasks"]}
scores = open("scores").read()
said = lambda name, word: float(re.search(rf"^  {name} .*?{word} +([0-9.]+)", scores, re.M | re.S)[1])
right = (z["parts/class"] == label["parts"])[label["parts"] >= 0]
assert abs(right.mean() - said("parts", "pixel_accuracy")) < 1e-4
depth = label["depth"].reshape(z["depth/value"].shape)
error = (z["depth/value"].astype("f8") - depth)[depth > 0]
assert abs(np.sqrt((error ** 2).mean()) - said("depth", "rmse")) < 1e-3
normal = z["normals/value"].astype("f8")
assert np.allclose(np.linalg.norm(normal, axis=3), 1, atol=1e-6)
is_there = np.linalg.norm(label["normals"], axis=3) > 0
angle = np.degrees(np.arccos(np.clip((normal * label["normals"]).sum(3)[is_there], -1, 1)))
assert abs(angle.mean() - said("normals", "mean_angle")) < 1e-2
for name in ("edges", "saliency"):
    p = z[name + "/probability"]
    assert p.shape == (12, 17, 17) and 0 < p.min() <= p.max() < 1
assert (z["parts/confidence"] >= 1 / 6).all()
PY

# Classes of pixels, and of several a sample, are scored by their names too.
"$PYTHON" - <<'PY'
import h5py, numpy as np
with h5py.File("rooms.h5") as f, h5py.File("parts.h5", "w") as g:
    g.attrs.update(f.attrs)
    names = list(f["tasks/parts"].attrs["class_names"])
    labels = f["test/tasks/parts/labels"][()]
    place = np.array([3, 0, 5, 1, 2, 4])
    g["test/images"] = f["test/images"][()]
    g["test/tasks/parts/labels"] = np.where(labels >= 0, place[labels], labels).astype("i4")
    g.create_group("tasks/parts").attrs.update(f["tasks/parts"].attrs)
    g["tasks/parts"].attrs["class_names"] = [names[c] for c in np.argsort(place)]
rng = np.random.default_rng(0)
x = {s: rng.normal(size=(n, 4)).astype("f4") for s, n in (("train", 200), ("test", 53))}
for name, columns in (("marks", [0, 1, 2]), ("turned", [2, 0, 1])):
    with h5py.File(name + ".h5", "w") as f:
        f.attrs["format"], f.attrs["version"] = "polytree dataset", 1
        f.create_group("tasks/marks").attrs.update(
            kind="multilabel", classes=3, ignore=-1, class_names=[("a", "b", "c")[c] for c in columns])
        for split, inputs in x.items():
            y = (inputs[:, :3] > 0).astype("i4")
            y[::5, 0] = -1
            f[split + "/inputs"], f[split + "/tasks/marks/labels"] = inputs, y[:, columns]
PY
expect 0 ranks 1 search c.ini -o marks --set data.file=marks.h5
expect 0 ranks 1 eval marks --data marks.h5
grep "^  marks" out >marks.scores
expect 0 ranks 1 eval rooms --data rooms.h5
grep -A 1 "^  parts" out >parts.scores
for n in 1 2; do
    [ $n = 1 ] || command -v mpirun >/dev/null || continue
    expect 0 ranks $n eval rooms --data parts.h5
    says out "^note        task parts: classes of parts.h5 by their names"
    cmp <(grep -A 1 "^  parts" out) parts.scores || fail "other scores of parts, on $n ranks"
    expect 0 ranks $n eval marks --data turned.h5
    cmp <(grep "^  marks" out) marks.scores || fail "other scores of marks, on $n ranks"
done

# Arrays of NumPy's: as they are in the data set they give the same answers.
"$PYTHON" - <<'PY'
import h5py, numpy as np
with h5py.File("bare.h5") as f:
    x = f["test/inputs"][()]
np.save("x.npy", x)
np.save("wide.npy", x.astype(">f8"))
np.savez_compressed("x.npz", other=np.arange(3), inputs=x)
np.savez("x2.npz", y=np.arange(3), x=x)
np.savez("two.npz", a=x, b=x)
np.savez("both.npz", inputs=x, x=x)
np.save("narrow.npy", x[:, :3])
np.save("ints.npy", x.astype("i4"))
y = x.copy()
y[40, 0] = np.inf
np.save("hole.npy", y)
PY
for inputs in x.npy wide.npy x.npz x2.npz; do
    for n in 1 3; do
        [ $n = 1 ] || command -v mpirun >/dev/null || continue
        expect 0 ranks $n predict run $inputs -o again.npz --force
        says out "^inputs      $inputs, 59 for 2 tasks$"
        cmp again.npz one.npz || fail "other answers for $inputs on $n ranks"
    done
done
rm x.npy x.npz x2.npz
for inputs in two.npz both.npz; do
    refuses 1 "$inputs: 2 arrays, expected one alone, or one called 'images', 'inputs' or 'x'" \
        predict run $inputs -o x.npz
done
refuses 1 "narrow.npy: 3 features, expected 4 features" predict run narrow.npy -o x.npz
refuses 1 "ints.npy: integers of 32 bits, expected uint8, uint16, int16 or floats" \
    predict run ints.npy -o x.npz
refuses 1 "hole.npy: row 40 has a value that is not finite" predict run hole.npy -o x.npz

# Pictures in a folder, by name; of bytes as the training's were.
if "$PYTHON" -c "import PIL" 2>/dev/null; then
    "$PYTHON" - <<'PY'
import h5py, numpy as np, os
from PIL import Image
with h5py.File("rooms.h5") as f:
    x = f["test/images"][()]
os.makedirs("photos/more")
os.makedirs("large")
for i, image in enumerate(x):
    Image.fromarray(image).save("photos/%s%02d.png" % ("more/" if i > 8 else "a", i))
Image.fromarray(x[0]).resize((34, 34), 0).save("large/double.png")
np.save("floats.npy", x.astype("f4") / 255)
np.save("bright.npy", x.astype("f4"))
PY
    for n in 1 3; do
        [ $n = 1 ] || command -v mpirun >/dev/null || continue
        expect 0 ranks $n predict rooms photos -o photos.$n.npz
        says out "^inputs      photos, 12 for 5 tasks$"
    done
    [ ! -e photos.3.npz ] || cmp photos.1.npz photos.3.npz || fail "other answers on 3 ranks"
    expect 0 ranks 1 predict rooms floats.npy -o floats.npz
    expect 0 ranks 1 predict rooms large -o large.npz --resize
    "$PYTHON" - <<'PY'
import numpy as np
a, b, c, d = (np.load(n + ".npz") for n in ("photos.1", "rooms", "floats", "large"))
names = [n.decode() for n in a["name"]]
assert names == ["a%02d.png" % i for i in range(9)] + ["more/%02d.png" % i for i in (9, 10, 11)]
for key in b.files:
    assert (a[key] == b[key]).all(), key
    if not key.endswith("names"):
        assert np.allclose(c[key], b[key], atol=1e-5), key
        assert np.allclose(d[key][0], b[key][0], atol=1e-5), key
PY
    refuses 1 "large/double.png: 34 x 34 pixels, expected 17 x 17 .*--resize" \
        predict rooms large -o x.npz
    refuses 1 "bright.npy: row 0 has the value [0-9]+, but the network was trained on bytes" \
        predict rooms bright.npy -o x.npz
    refuses 1 "photos: pictures have 1 or 3 channels, .* trained on 4 features" \
        predict run photos -o x.npz
    echo broken >photos/b.png
    refuses 1 "photos/b.png: " predict rooms photos -o x.npz
fi
mkdir nothing
refuses 1 "nothing: no .png, .jpg or .jpeg in it" predict rooms nothing -o x.npz

# Tables: without names of features by their order; of an imported one by its columns.
"$PYTHON" - <<'PY'
import h5py, numpy as np
rng = np.random.default_rng(1)
with h5py.File("bare.h5") as f:
    x = f["test/inputs"][()].astype("f8")
with open("x.csv", "w") as f:
    print("a,b,c,d", file=f)
    for row in x:
        print(",".join(repr(float(v)) for v in row), file=f)
towns = ["Ulm", "Bad Boll", "Jena"]
rows = [(rng.normal(), towns[rng.integers(3)], rng.integers(2) == 1) for _ in range(120)]
with open("people.csv", "w") as f, open("new.csv", "w") as g:
    print("age,town,open,rent", file=f)
    print("note,open,town,age", file=g)
    for age, town, is_open in rows:
        print(f"{age!r},{town},{is_open},{3 * age + len(town)!r}", file=f)
        print(f'"x, y",{is_open}, {town} ,{age!r}', file=g)
PY
expect 0 ranks 1 predict run x.csv -o again.npz --force
cmp again.npz one.npz || fail "other answers for x.csv"
rm x.csv
expect 0 ranks 1 data import csv people.csv people.h5 --tasks rent
expect 0 ranks 1 search c.ini -o people --set data.file=people.h5
expect 0 ranks 1 predict people people.h5 -o a.csv
"$PYTHON" - <<'PY'
# The rows of the data set's test, found by their features, as a table of other columns.
import csv, h5py, json
with h5py.File("people.h5") as f:
    x = f["test/inputs"][()]
names = json.load(open("people/architecture.json"))["input"]["names"]
assert names == ["age", "town=Bad Boll", "town=Jena", "town=Ulm", "open"], names
rows = list(csv.reader(open("new.csv", newline="")))
place = {round(float(r[3]), 5): r for r in rows[1:]}
with open("test.csv", "w", newline="") as f:
    csv.writer(f).writerows([rows[0]] + [place[round(float(v[0]), 5)] for v in x])
PY
expect 0 ranks 1 predict people test.csv -o b.csv
cmp a.csv b.csv || fail "other answers for the rows of the table than for the data set's"
says out "^left out    of the columns, which the network does not take: 'note'$"
# The columns of a data set's features are known by their names too.
cp people.h5 swapped.h5
cp people.h5 nameless.h5
cp people.h5 lacking.h5
cp people.h5 twice.h5
"$PYTHON" - <<'PY'
import h5py
import numpy as np
with h5py.File("swapped.h5", "a") as f:
    for split in ("train", "val", "test"):
        x = f[split + "/inputs"][()]
        del f[split + "/inputs"]
        f[split + "/inputs"] = np.insert(x[:, [4, 2, 1, 0, 3]], 2, 7, axis=1)
    f.attrs["input_names"] = ["open", "town=Jena", "mood", "town=Bad Boll", "age", "town=Ulm"]
with h5py.File("lacking.h5", "a") as f:
    f.attrs["input_names"] = ["AGE", "town=Bad Boll", "town=Jena", "town=Ulm", "OPEN"]
with h5py.File("twice.h5", "a") as f:
    f.attrs["input_names"] = ["open", "town=Bad Boll", "town=Jena", "town=Ulm", "open"]
with h5py.File("nameless.h5", "a") as f:
    del f.attrs["input_names"]
PY
for n in 1 2 3 6; do
    [ $n = 1 ] || command -v mpirun >/dev/null || continue
    expect 0 ranks $n predict people swapped.h5 -o swapped.csv --force
    says out "^features    by their names, as they stand in another order"
    says out "^left out    of the features, which the network does not take: 'mood'$"
    cmp a.csv swapped.csv || fail "other answers for features in another order, on $n ranks"
done
expect 0 ranks 1 eval people --data people.h5
mv out scores
expect 0 ranks 1 eval people --data swapped.h5
cmp <(grep -vE "^(features|left out) " out) scores || fail "other scores of features in another order"
lacking="lacking.h5: input_names: no 'age', 'open', which the network was trained on$"
refuses 1 "$lacking" predict people lacking.h5 -o x.npz
refuses 1 "$lacking" eval people --data lacking.h5
refuses 1 "twice.h5: input_names: 'open' is there twice|twice.h5: input_names: no 'age'" \
    predict people twice.h5 -o x.npz
expect 0 ranks 1 predict people nameless.h5 -o nameless.csv
cmp a.csv nameless.csv || fail "other answers where the data set does not name its features"
sed 's/,town,/,city,/' test.csv >city.csv
refuses 1 "city.csv: no column 'town', of which the network takes features$" predict people city.csv -o x.npz
sed '1s/.*/note,Open,city,age/' test.csv >cities.csv
refuses 1 "cities.csv: no column 'town', 'open', of which" predict people cities.csv -o x.npz
sed '3s/Ulm\|Jena\|Bad Boll/Paris/' test.csv >paris.csv
refuses 1 "paris.csv: row 2 .*column 'town': 'Paris' is none of the values that the network" \
    predict people paris.csv -o x.npz
sed '4s/,[^,]*$/,/' test.csv >gap.csv
mean=$("$PYTHON" -c 'import json
print("%.9g" % json.load(open("people/architecture.json"))["input"]["standard"][0]["mean"])')
refuses 1 "gap.csv: row 3 .*column 'age': no value: .* the mean over train, $mean, which --fill mean takes, or" \
    predict people gap.csv -o x.npz
# What is filled in is the mean, wherever it is missing, and said.
sed "4s/,[^,]*$/,$mean/" test.csv >mean.csv
sed '4s/,[^,]*$/,-999/' test.csv >word.csv
cp people.h5 gap.h5
"$PYTHON" - <<'PY'
import h5py, numpy as np
with h5py.File("gap.h5", "a") as f:
    f["test/inputs"][2, 0] = np.nan
    np.save("gap.npy", f["test/inputs"][()])
    np.savez("gap.npz", x=np.zeros((3, 5)), later=f["test/inputs"][()])
PY
expect 0 ranks 1 predict people mean.csv -o mean.npz
expect 0 ranks 1 predict people gap.csv -o filled.npz --fill mean
says out "^filled      1 value by the mean in the training: 1 of 'age'$"
cp filled.npz first.npz
"$PYTHON" - <<'PY'
import numpy as np
a, b = np.load("mean.npz")["rent/value"], np.load("first.npz")["rent/value"]
assert np.allclose(a, b, rtol=1e-5), (a, b)
PY
for n in 1 2 3 6; do
    [ $n = 1 ] || command -v mpirun >/dev/null || continue
    for inputs in "gap.csv" "word.csv --missing -999 none" "gap.h5" "gap.npy" "gap.npz --inputs later"; do
        # shellcheck disable=SC2086
        expect 0 ranks $n predict people $inputs -o filled.npz --fill mean --force
        says out "^filled      1 value by the mean in the training: 1 of 'age'$"
        cmp filled.npz first.npz || fail "other answers for $inputs on $n ranks"
    done
done
expect 0 ranks 1 predict people test.csv -o filled.csv --fill mean
says out "^filled      0 values by the mean in the training$"
cmp a.csv filled.csv || fail "nothing is filled in and answers are others"
refuses 1 "word.csv: row 3 .*column 'age': no value: " predict people word.csv -o x.npz --missing -999
refuses 1 "gap.h5: row 2 has a value that is not finite" predict people gap.h5 -o x.npz
refuses 2 "--missing: gap.npy is no table" predict people gap.npy -o x.npz --missing -999
refuses 2 "--fill median: expected mean" predict people gap.csv -o x.npz --fill median
refuses 2 "--fill mean is for features" predict rooms rooms.h5 -o x.npz --fill mean
refuses 2 "--inputs x: gap.h5 has no arrays of names" predict people gap.h5 -o x.npz --inputs x
refuses 1 "gap.npz: no array 'sooner'" predict people gap.npz -o x.npz --inputs sooner
printf 'age,town,open\n' >none.csv
refuses 1 "none.csv: no row below the line of names" predict people none.csv -o x.npz
refuses 1 "test.csv: 4 columns, expected 4|test.csv: row 1.*column 'note': 'x, y', expected a number" \
    predict run test.csv -o x.npz
refuses 1 "test.csv: a table has features, but the network was trained on images" \
    predict rooms test.csv -o x.npz
for left in x.*; do
    [ ! -e "$left" ] || fail "$left was left"
done

# A run of 0.1.0 did not write down what goes in: its data set says so.
tar -xzf "$ROOT/tests/golden/run-0.1.0/files.tar.gz"
refuses 1 "dag was made by version 0.2.0 or before.*data set: data.file .*No such file" \
    predict dag shapes.h5 -o x.npz
expect 0 ranks 1 predict dag shapes.h5 -o old.npz --set data.file=shapes.h5
expect 0 ranks 1 eval dag --set data.file=shapes.h5
"$PYTHON" - <<'PY'
import h5py, numpy as np, re
z, said = np.load("old.npz"), open("out").read()
for name, labels in h5py.File("shapes.h5")["test/tasks"].items():
    share = (z[name + "/class"] == labels["labels"][()]).mean()
    assert abs(share - float(re.search(rf"^  {name} .*accuracy ([0-9.]+)", said, re.M)[1])) < 1e-4
PY
