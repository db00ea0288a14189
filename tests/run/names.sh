#!/usr/bin/env bash
# What a data set may call its tasks is said as it is by every file and table, whatever
# program reads it, and can be named in a config; other names are refused at once.
# shellcheck source=tests/run/common
. "$(dirname "$0")/common"
"$PYTHON" -c 'import h5py' 2>/dev/null || skip "python3-h5py is not here"

# All of ASCII that is printed but '/' and ',' in two names; then letters of 1 and 2 columns,
# words that Graphviz and HTML would replace, and 63 bytes.
cat >names.py <<'END_OF_NAMES'
printed = "".join(map(chr, range(0x21, 0x7f))).translate({ord(c): None for c in "/,"})
NAMES = [printed[:47], printed[47:] + "größe漢字", "`date`$x@y{Bold", "'+system('date')+'", ".system(\"date\").",
         "\\N&lt;\"<B>\\", "#[k]=v.weight=;b]", "x" * 63]
END_OF_NAMES
cat >make.py <<'END_OF_MAKE'
import sys, h5py, numpy as np
from names import NAMES

rng = np.random.default_rng(0)
with h5py.File(sys.argv[1], "w") as f:
    f.attrs["format"] = "polytree dataset"
    f.attrs["version"] = 1
    f.create_group("tasks", track_order=True)
    names = [n.encode() for n in NAMES] if len(sys.argv) < 3 else [eval(sys.argv[2])]
    for k, name in enumerate(names):
        f["tasks"].create_group(name).attrs.update({"kind": "regression"} if k == 0 else
                                                   {"kind": "classification", "classes": 3})
    for split, n in (("train", 32), ("val", 16), ("test", 16)):
        f[split + "/images"] = rng.integers(0, 256, (n, 8, 8, 1)).astype("u1")
        for k, name in enumerate(names):
            y = rng.random(n).astype("f4") if k == 0 and len(names) > 1 else rng.integers(0, 3, n).astype("i4")
            group = f.require_group(split + "/tasks")
            group.create_group(name)["labels"] = y
END_OF_MAKE
"$PYTHON" make.py names.h5
expect 0 "$POLYTREE" data check names.h5
expect 0 "$POLYTREE" data info names.h5
cp out info.txt

# Each of them has options of its own.
SET=()
while IFS= read -r name; do
    SET+=("task.$name.weight=2")
done < <("$PYTHON" -c 'from names import *; print("\n".join(NAMES))')
FEW=(data.file=names.h5 warmup.steps=2 search.steps=2 retrain.steps=2 warmup.lr_warmup=0
    retrain.lr_warmup=0 train.tasks_per_step=0 train.bundle=auto run.eval_every=1)
expect 0 ranks 1 search "$SMALL" -o run --set "${FEW[@]}" "${SET[@]}"
cp out search.txt
expect 0 "$POLYTREE" show run
cp out show.txt
expect 0 "$POLYTREE" eval run
[ -s run/curves.svg ] || fail "no curves"
if command -v dot >/dev/null; then
    for k in 0 1 2 3 4 5 6 7; do
        name=$("$PYTHON" -c "from names import *; print(NAMES[$k])")
        expect 0 "$POLYTREE" show run --task "$name" --svg "task$k.svg"
    done
fi

cat >look.py <<'END_OF_LOOK'
import glob, json, unicodedata, xml.etree.ElementTree as ET
from names import NAMES

def texts(path):
    "Every text and tooltip of a picture."
    all = set()
    for e in ET.parse(path).iter():
        all |= {"".join(e.itertext()).strip()} | set(e.attrib.values())
    return all

def columns(text):
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)

def has(path, names):
    seen = texts(path)
    for name in names:
        assert any(name in t for t in seen), f"{path} does not show {name}"

has("run/curves.svg", NAMES[1:])
for path in glob.glob("task*.svg"):
    has(path, [NAMES[int(path[4])]])
for line in open("run/metrics.jsonl", encoding="utf-8"):
    event = json.loads(line)
    if event["event"] == "eval" and "tasks" in event:
        assert set(event["tasks"]) == set(NAMES), event
assert [t["name"] for t in json.load(open("run/architecture.json"))["tasks"]] == NAMES

# In each table a task's name ends before the column where its numbers begin, which is one.
for path, pick in {"info.txt": lambda rest: rest.split()[0],
                   "search.txt": lambda rest: rest.split()[0],
                   "run/report.txt": lambda rest: rest.split()[0]}.items():
    lines = open(path, encoding="utf-8").read().split("\n")
    for of in {"info.txt": ["classification"], "search.txt": [" 16 "],
               "run/report.txt": [" accuracy ", " 16 "]}[path]:
        ends = set()
        for name in NAMES[1:]:
            mine = [l for l in lines if l.strip().startswith(name + " ") and of in l[len(name):]]
            assert mine, f"{path} has no line of {name} with {of}"
            for l in mine:
                ends.add(columns(l[: l.index(of, len(name))]))
        assert len(ends) == 1, f"{path}: {of} stands in columns {ends}"
END_OF_LOOK
"$PYTHON" look.py

# Names that no config or no JSON could have are refused by all that open the data.
export LC_ALL=C
while IFS='|' read -r name why; do
    "$PYTHON" make.py bad.h5 "$name"
    expect 1 "$POLYTREE" data check bad.h5
    says out "is no task name: .*$why"
    [ "$(grep -c "is no task name" out)" = 1 ] || fail "a name is refused more than once: $(cat out)"
    refuses 1 "is no task name: .*$why" search "$SMALL" -o none --set data.file=bad.h5
    [ ! -e none/checkpoint.h5 ] || fail "a search began with the name $name"
done <<'END_OF_BAD'
b"gr\xf6\xdfe"|expected UTF-8
b"\xed\xa0\x80"|expected UTF-8
b"\xc0\xaf"|expected UTF-8
b"a\x1b[1m"|cannot be seen
"a\x9bm".encode()|cannot be seen
b"two words"|blanks and commas
b"a,b"|blanks and commas
b","|blanks and commas
b".."|places in a file
"a\u200bb".encode()|cannot be seen
"\u202egnp.a".encode()|cannot be seen
"a\u00adb".encode()|cannot be seen
"a\U000e0062".encode()|cannot be seen
b";a"|comment
b"all"|every task
b"x" * 64|1 to 63 bytes
END_OF_BAD
refuses 2 "\[task\.two words\]: no task can be called that: blanks" search "$SMALL" -o none \
    --set "task.two words.weight=2" data.file=names.h5

# What classes and features are called people read too: no name ends a line or moves a cursor.
"$PYTHON" - <<'END_OF_OTHERS'
import h5py, numpy as np
for name, classes, features in (("class", [b"a\nb", b"c"], [b"x", b"y"]),
                                ("feature", [b"a", b"c"], [b"x", b"y\x1b[1m"]),
                                ("few", [b"a", b"c"], [b"x"])):
    with h5py.File(name + ".h5", "w") as f:
        f.attrs.update(format="polytree dataset", version=1, input_names=features)
        f.create_group("tasks/t").attrs.update(kind="classification", classes=2, class_names=classes)
        for split in "train", "val", "test":
            f[split + "/inputs"] = np.zeros((8, 2), "f4")
            f[split + "/tasks/t/labels"] = np.arange(8, dtype="i4") % 2
END_OF_OTHERS
while IFS='|' read -r name why; do
    expect 1 "$POLYTREE" data check "$name.h5"
    says out "$why"
    refuses 1 "$why" search "$SMALL" -o none --set "data.file=$name.h5"
done <<'END_OF_OTHERS'
class|class_names': string 0 holds a control character
feature|input_names': string 1 holds a control character
few|1 input_names, expected one for each of the 2 features
END_OF_OTHERS
