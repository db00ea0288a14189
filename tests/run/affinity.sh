#!/usr/bin/env bash
# polytree affinity: how alike tasks are at each level, as NumPy and SciPy find it from the same
# weights, on any number of ranks; groups that were put into the data are found.
# shellcheck source=tests/run/common
. "$(dirname "$0")/common"
"$PYTHON" -c "import h5py, scipy.stats" 2>/dev/null || skip "$PYTHON has no h5py or SciPy"
"$POLYTREE" version | grep -q "^  dense     ScaLAPACK$" || skip "this build is without ScaLAPACK"

# Tasks a and c, and b and d, are nearly the same.
"$PYTHON" - <<'PY'
import h5py, numpy as np
rng = np.random.default_rng(0)
x = rng.normal(3, 2, (400, 6)).astype("f4")
z = (x - 3) / 2
one, two = np.sin(2 * z[:, 0]) + z[:, 1], z[:, 3] * z[:, 4]
tasks = {"a": one, "b": two, "c": one + 0.1 * z[:, 2], "d": two + 0.1 * z[:, 5]}
with h5py.File("t.h5", "w") as f:
    f.attrs["format"], f.attrs["version"] = "polytree dataset", 1
    for name, y in tasks.items():
        f.create_group("tasks/" + name).attrs["kind"] = "regression"
        for split, rows in (("train", slice(0, 300)), ("test", slice(300, 400))):
            f[f"{split}/tasks/{name}/labels"] = y[rows].astype("f4")
    f["train/inputs"], f["test/inputs"] = x[:300], x[300:]
with h5py.File("few.h5", "w") as f, h5py.File("t.h5") as t:
    f.attrs.update(t.attrs), t.copy("tasks", f)
    f["test/inputs"] = t["test/inputs"][:2]
PY
cat >encoder.ini <<'INI'
[encoder]
stem = none
layers =
    linear_relu out=24
    linear_relu out=16
INI
cat >common.ini <<'INI'
[data]
file = t.h5
[space]
kind = branch
encoder = encoder.ini
[train]
batch = 32
microbatch = 16
INI
cat common.ini - >c.ini <<'INI'
[warmup]
steps = 0
[search]
method = single
steps = 0
[baseline]
match = native
steps = 300
INI
expect 0 ranks 1 search c.ini -o run

for n in 1 2 3 6; do
    expect 0 ranks $n affinity run -o a$n.h5 --inputs t.h5 --split train --probes 150 --groups 2
    says out "^probes      150 of the 300 inputs of t.h5$"
    says out "^l02 +16 +4 +0\.[0-9]{4}  a c \| b d$"
    says a$n.svg "<title>a, c: 0\.[0-9]{4}</title>"
done
"$PYTHON" - <<'PY'
import h5py, numpy as np
from scipy.stats import spearmanr
with h5py.File("t.h5") as t, h5py.File("run/checkpoint.h5") as c:
    mean, deviation = c["standard"][:6].T
    h = (t["train/inputs"][::2].astype("f8") - mean) / deviation
    w = {name: c["weight"][name][()].astype("f8") for name in c["weight"]}
features = []
for k in range(4):
    one = np.maximum(h @ w[f"task{k}_l01_copy0.0.linear.weight"].T + w[f"task{k}_l01_copy0.0.linear.bias"], 0)
    two = np.maximum(one @ w[f"task{k}_l02_copy0.0.linear.weight"].T + w[f"task{k}_l02_copy0.0.linear.bias"], 0)
    features.append((one, two))
upper = np.triu_indices(150, 1)
for n in (1, 2, 3, 6):
    with h5py.File(f"a{n}.h5") as a:
        assert list(a.attrs["tasks"]) == list("abcd") and list(a.attrs["levels"]) == ["l01", "l02"]
        assert a.attrs["probes"] == 150 and len(a.attrs["network"]) == 32
        assert list(a["features"]) == [24, 16] and list(a["distinct"]) == [4, 4]
        for level in range(2):
            d = [1 - np.corrcoef(features[k][level])[upper] for k in range(4)]
            want = spearmanr(np.array(d).T).statistic if hasattr(spearmanr([1, 2], [2, 1]), "statistic") else \
                spearmanr(np.array(d).T).correlation
            got = a["affinity"][level]
            assert np.abs(got - want).max() < 1e-5 and (got == got.T).all(), (n, level, got, want)
        # Eigenvalues of what the groups are formed from.
        s = np.maximum(got, 0)
        s /= np.sqrt(np.outer(s.sum(0), s.sum(0)))
        assert np.allclose(a["spectrum"][1], np.linalg.eigvalsh(s)[::-1], atol=1e-12)
        assert list(a["group"][1]) == [0, 1, 0, 1]
PY

# A branching is held against it, and those that it suggests are candidates of a search.
cat common.ini - >branch.ini <<'INI'
[warmup]
steps = 4
[search]
method = exhaustive
steps = 0
[baseline]
branching = 7
[retrain]
steps = 4
INI
expect 0 ranks 1 search branch.ini -o branch
expect 0 ranks 1 affinity run -o b1.h5 --against branch --candidates c1.jsonl
cp out said
expect 0 ranks 3 affinity run -o b3.h5 --against branch --candidates c3.jsonl
cmp c1.jsonl c3.jsonl
"$PYTHON" - <<'PY'
import h5py, itertools, json, numpy as np
from scipy.stats import spearmanr
copies = {t["name"]: t["copies"] for t in json.load(open("branch/architecture.json"))["tasks"]}
said = [line.split() for line in open("said") if "orders" in line or "nothing to compare" in line]
assert [line[0] for line in said] == ["l01", "l02"], said
pairs = list(itertools.combinations(range(4), 2))
n_told = 0
for level, line in enumerate(said):
    value = h5py.File("b1.h5")["affinity"][level]
    path = [tuple(copies[t][: level + 1]) for t in "abcd"]
    rho = lambda order: spearmanr([value[i, j] for i, j in pairs],
                                  [path[order[i]] == path[order[j]] for i, j in pairs])[0]
    if len({path[i] == path[j] for i, j in pairs}) == 1:
        assert line[1] == "-"
        continue
    every = [rho(order) for order in itertools.permutations(range(4))]
    assert abs(float(line[1]) - every[0]) < 1e-4 and "all 24 orders" in " ".join(line), (line, every[0])
    assert abs(float(line[4]) - np.mean(np.array(every) >= every[0] - 1e-12)) < 1e-4, (line, every)
    n_told += 1
assert n_told > 0, said
trees = [json.loads(line)["groups"] for line in open("c1.jsonl")]
assert len({json.dumps(t) for t in trees}) == len(trees) and {"l01": [0, 0, 0, 0], "l02": [0, 1, 0, 1]} in trees
PY
expect 0 ranks 1 search branch.ini -o chosen --set search.method=search search.steps=4 choose.judge=halving retrain.from=scratch choose.budget=20 \
    choose.candidates=c1.jsonl
says chosen/candidates.jsonl '"origin":"file"'

# A network in which tasks share has nothing to tell of where they do; one of a map's pixels, a dag.
small_data
expect 0 ranks 1 search "$SMALL" -o dag --set run.eval_every=0 train.bundle=all
expect 0 ranks 1 affinity dag -o dag.h5 --probes 20
says out "^x +[0-9]+ +1 +1\.0000  "
# Tasks that share are not parted, however many groups are asked for.
[ "$(grep -cE "^x .*  shape fill place$" out)" = 1 ] || fail "what is shared is parted: $(cat out)"
expect 0 ranks 1 affinity dag -o dag2.h5 --probes 20 --groups 3
says out "^x .*  shape fill place$"
expect 0 ranks 3 affinity dag -o dag3.h5 --probes 20
"$PYTHON" - <<'PY'
import h5py, numpy as np
with h5py.File("dag.h5") as a, h5py.File("dag3.h5") as b:
    assert np.allclose(a["affinity"][()], b["affinity"][()], atol=1e-3, equal_nan=True)
    shared = a["affinity"][()][a["distinct"][()] == 1]
    assert len(shared) > 0 and np.isin(shared[~np.isnan(shared)], 1).all()
PY

# What cannot be.
cp a1.h5 kept.h5
refuses 1 "a1.h5 is there already" affinity run -o a1.h5
cmp a1.h5 kept.h5
expect 0 "$POLYTREE" affinity run -o a1.h5 --force
refuses 2 "-o OUT.h5 is missing" affinity run
refuses 2 "-o a.npz: expected a name that ends in .h5" affinity run -o a.npz
refuses 2 "--probes 2: expected" affinity run -o b.h5 --probes 2
refuses 1 "2 probes: affinity takes 3 or more" affinity run -o b.h5 --inputs few.h5
refuses 1 "take .* GB on a rank, --memory allows 0\.001: [0-9]+ probes would fit" \
    affinity run -o b.h5 --split train --probes 300 --memory 1
refuses 1 "5 groups of 4 tasks" affinity run -o b.h5 --groups 5
refuses 1 "--candidates: dag has no layers" affinity dag -o b.h5 --candidates b.jsonl
refuses 1 "--against run2: it has no network yet" affinity run -o b.h5 --against run2
refuses 1 "--against dag: a network without branches" affinity run -o b.h5 --against dag
refuses 1 "c1.jsonl is there already" affinity run -o b.h5 --candidates c1.jsonl
refuses 1 "nowhere" affinity nowhere -o b.h5
refuses 1 "no.h5: No such file" affinity run -o b.h5 --inputs no.h5
expect 1 ranks 2 affinity run -o b.h5 --inputs few.h5
one_line "2 probes"
refuses 1 "dag.h5: " affinity run -o b.h5 --inputs dag.h5
expect 75 ranks 1 search c.ini -o part --time-limit 0.001
refuses 1 "part is not finished" affinity part -o b.h5
[ -z "$(ls b.h5 b.svg 2>/dev/null)" ] || fail "something was left of what failed"
