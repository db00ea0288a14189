#!/usr/bin/env bash
# Tables of one's own become data sets: every value as pandas reads it, columns taken for
# what they are or as told, and what is wrong said in one line with its row.
# shellcheck source=tests/run/common
. "$(dirname "$0")/common"

import() { "$POLYTREE" data import csv "$@" --force; }

cat >small.csv <<'CSV'
,age,colour,is old,price,sold,who
0,31,red,True,12.5,no,a
1,22,"dark ""blue""",False,7,yes,b
2,45.5,red,True,,no,a
3,12,green,False,1e3,,c
4,33,red,True,4,yes,c
5,35,NA,True,5,no,d
CSV
expect 0 import small.csv s.h5 --tasks price sold --group who --val 0 --test 0.3
says out "left out +column 1, which has no name"
says out "inputs +5 features of 3 columns"
says out 'colour: category, a feature each for dark "blue", green, red; none in 1 rows'
says out "price: regression, from 4 to 1000; 1 of 6 rows have no label"
says out "sold: classification, 2 classes: no, yes; 1 of 6 rows have no label"
says out "at random by seed 1, groups whole"
expect 0 "$POLYTREE" data check s.h5
cp s.h5 t.h5
expect 0 import small.csv s.h5 --tasks price sold --group who --val 0 --test 0.3
cmp s.h5 t.h5 || fail "the same table, another file"

expect 0 import small.csv s.h5 --tasks cost=price --inputs 'a*' colour --kinds age=category --val 0
says out "inputs +9 features of 2 columns"
says out "cost: regression"
expect 0 import small.csv s.h5 --tasks sold --leave-out price 'wh*' --val 0
says out "inputs +5 features of 3 columns"

# Wrong use and wrong tables, one line each.
wrong() { refuses "$1" "$2" data import csv "${@:3}" --force; }
wrong 2 "no task is named" small.csv s.h5
wrong 2 "no column 'prise'; the nearest of its 7 is 'price'" small.csv s.h5 --tasks prise
wrong 2 "'is old' cannot name a task: blanks.*--tasks NAME='is old'" small.csv s.h5 --tasks "is old"
wrong 2 "column 'age' cannot be both a task and an input" small.csv s.h5 --tasks age --inputs age
wrong 2 "two tasks are called 'x'" small.csv s.h5 --tasks x=age x=price
wrong 2 "kinds age=blue: expected number or category" small.csv s.h5 --tasks sold --kinds age=blue
wrong 2 "leave nothing for train" small.csv s.h5 --tasks sold --val 0.5 --test 0.5
wrong 2 "--test 1.5: expected a share" small.csv s.h5 --tasks sold --test 1.5
wrong 1 "row 3 \(line 4\), column 'price': no value in an input: --fill mean" small.csv s.h5 --tasks sold
wrong 1 "column 'who': 'a' is no time" small.csv s.h5 --tasks sold --inputs age --time who
wrong 1 "column 'colour': 'red' is no split" small.csv s.h5 --tasks sold --inputs age --split colour
wrong 1 "none.csv" none.csv s.h5 --tasks sold
wrong 1 "not a regular file" . s.h5 --tasks sold
# table NAME LINES...
table() { printf '%b\n' "${@:2}" >"$1.csv"; }
table mixed "x,y" "1,2.5" "2,3" "?,1"
wrong 1 "row 3 \(line 4\), column 'x': '\?' is no number, but row 1 holds one: --missing \? " mixed.csv s.h5 --tasks y
expect 0 import mixed.csv s.h5 --tasks y --missing "?" --fill mean --val 0 --test 0
table big "x,y" "1,2.5" "1e39,3"
wrong 1 "row 2 \(line 3\), column 'x': '1e39' is too large for 32 bits" big.csv s.h5 --tasks y --val 0 --test 0
table infinite "x,y" "1,2.5" "2,inf"
wrong 1 "row 2 \(line 3\), column 'y': 'inf' is not a finite number" infinite.csv s.h5 --tasks y
table bytes "x,y" "1,red" "2,\xff"
wrong 1 "row 2 \(line 3\), column 'y': '\?' is not in UTF-8" bytes.csv s.h5 --tasks y
table lines "x,y" "1,red" "2,\"a\nb\""
wrong 1 "row 2 \(line 3\), column 'y': 'a\?b' holds a control character" lines.csv s.h5 --tasks y
table constant "x,y" "1,2" "2,2"
wrong 1 "column 'y' holds one and the same value" constant.csv s.h5 --tasks y
table empty "x,y"
wrong 1 "no row below" empty.csv s.h5 --tasks y
table few "x,y" "1,2.5" "2,3.5"
wrong 2 "none for train" few.csv s.h5 --tasks y
table untrained "x,y,s" "1,,train" "2,3.5,test" "3,4.5,test"
wrong 1 "task 'y' has no label in train" untrained.csv s.h5 --tasks y --split s
[ -z "$(find . -name 's.h5.tmp.*')" ] || fail "a refused table leaves a part"

# Against pandas: a table with everything, and parts by a column.
"$PYTHON" -c "import pandas, h5py" 2>/dev/null || skip "no pandas or h5py: not compared with what pandas reads"
"$PYTHON" - <<'PY'
import numpy as np, pandas as pd

rng = np.random.default_rng(1)
n = 3000
table = pd.DataFrame({
    "plain": rng.normal(size=n),
    "wide, \"odd\" name": rng.normal(size=n) * 10.0 ** rng.integers(-30, 30, n),
    "whole": rng.integers(-(10**9), 10**9, n),
    "flag": rng.random(n) < 0.5,
    "town": rng.choice(["Köln", "Bad, Ems", 'the "Hague"', "a"], n),
    "label": rng.choice(["no", "yes", "maybe"], n),
    "rank": rng.integers(-3, 4, n),
    "cost": rng.normal(size=n) * 1e4,
    "part": rng.choice(["train", "val", "test"], n, p=[0.7, 0.1, 0.2]),
    "who": rng.integers(0, 50, n),
})
for column in "label", "cost", "plain", "town":
    table.loc[rng.random(n) < 0.2, column] = None
table["rank"] = table["rank"].astype(float).where(rng.random(n) < 0.9)
table.to_csv("all.csv", index=False)
table.to_csv("all.tsv.gz", index=False, sep="\t", lineterminator="\r\n", quoting=1) if pd.__version__ >= "1.5" else \
    table.to_csv("all.tsv.gz", index=False, sep="\t", line_terminator="\r\n", quoting=1)
PY
cat >compare.py <<'PY'
import sys, h5py, numpy as np, pandas as pd

source, made = sys.argv[1:]
t = pd.read_csv(source, sep="\t" if ".tsv" in source else ",", float_precision="round_trip")
with h5py.File(made) as f:
    names = [x.decode() if isinstance(x, bytes) else x for x in f.attrs["input_names"]]
    want = pd.DataFrame({
        "plain": t["plain"], 'wide, "odd" name': t['wide, "odd" name'], "whole": t["whole"],
        "flag": t["flag"].astype(float)})
    towns = sorted(t["town"].dropna().unique())
    for town in towns:
        want["town=" + town] = (t["town"] == town).astype(float)
    assert names == list(want.columns), names
    mean = t["plain"][t["part"] == "train"].mean()
    for part in "train", "val", "test":
        rows = (t["part"] == part).to_numpy()
        got, x = f[part + "/inputs"][:], want[rows].to_numpy()
        x[np.isnan(x)] = mean
        assert got.dtype == np.float64
        near = np.isnan(want[rows].to_numpy())
        assert np.array_equal(got[~near], x[~near])
        assert np.allclose(got[near], mean, rtol=1e-6)
        for task, kind in {"label": str, "rank": float}.items():
            group = f["train/tasks/" + task] if part == "train" else f[part + "/tasks/" + task]
            column = t[task][rows].reset_index(drop=True)
            index = np.flatnonzero(column.notna())
            assert np.array_equal(group["index"][:], index)
            classes = sorted(t[task].dropna().unique())
            assert [str(c) if kind is str else str(int(c)) for c in classes] == \
                [x.decode() if isinstance(x, bytes) else x for x in f["tasks/" + task].attrs["class_names"]]
            assert np.array_equal(group["labels"][:], [classes.index(v) for v in column[index]])
        cost = t["cost"][rows].reset_index(drop=True)
        index = np.flatnonzero(cost.notna())
        assert np.array_equal(f[part + "/tasks/cost/index"][:], index)
        assert np.array_equal(f[part + "/tasks/cost/labels"][:, 0], cost[index])
        who = t["who"][rows].to_numpy()
        group = f[part + "/group"][:]
        assert len(set(zip(who, group))) == len(set(who)) == len(set(group))
PY
for source in all.csv all.tsv.gz; do
    expect 0 import $source all.h5 --tasks label rank cost --split part --group who --fill mean
    expect 0 "$POLYTREE" data check all.h5
    expect 0 "$PYTHON" compare.py $source all.h5
done
