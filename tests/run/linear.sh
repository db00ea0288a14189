#!/usr/bin/env bash
# Linear baselines against scikit-learn on random features: losses on test at a given penalty,
# and the penalty that few rows pick in folds, and many on val, each task by itself and those that
# are alike together.
# shellcheck source=tests/run/common
. "$(dirname "$0")/common"
"$PYTHON" -c "import h5py, sklearn" 2>/dev/null || skip "python3-h5py or python3-sklearn is not there"

small_data
cat >linear.ini <<END
[space]
op = linear_bn_relu
stem = linear_bn_relu
stride = 1
[report]
svg = 0
[search]
method = linear
END

# Tasks of all kinds, "near" and "far" with rows of their own, and labels that are missing.
"$PYTHON" - <<'END'
import h5py, numpy as np
rng = np.random.default_rng(5)
D = 9
kinds = {"number": ("regression", 2), "gaps": ("regression", 3), "class": ("classification", 4), "labels": ("multilabel", 2),
         "near": ("regression", 1), "far": ("regression", 1),
         "this": ("classification", 2), "that": ("classification", 2)}
w = {k: rng.normal(size=(D, c)) for k, (_, c) in kinds.items()}
w["far"], w["that"] = w["near"] + 0.2 * w["far"], w["this"] + 0.2 * w["that"]
for name, splits in {"data.h5": {"train": 150, "val": 70, "test": 90}, "none.h5": {"train": 150, "test": 90},
                     "many.h5": {"train": 2500, "val": 70, "test": 90},
                     "alone.h5": {"train": 1200, "test": 90}}.items():
    with h5py.File(name, "w") as f:
        f.attrs.update(format="polytree dataset", version=1)
        for k, (kind, c) in kinds.items():
            f.create_group("tasks/" + k).attrs.update(kind=kind, classes=c)
            if kind == "multilabel":
                f["tasks/" + k].attrs["ignore"] = -1
        for split, n in splits.items():
            x = rng.normal(size=(n, D)) * np.arange(1, D + 1) - 2
            f[split + "/inputs"] = x.astype("float32")
            for k, (kind, c) in kinds.items():
                out = x / np.arange(1, D + 1) @ w[k] + rng.normal(size=(n, c)) * 2 + len(k)
                y = {"regression": out, "classification": np.argmax(out, 1),
                     "multilabel": np.where(rng.random((n, c)) < 0.2, -1, out > 5)}[kind]
                g = f.create_group(split + "/tasks/" + k)
                if k in ("near", "far", "this", "that"):
                    row = np.sort(rng.permutation(n)[: n // 3 if k in ("far", "that") else n // 2])
                    g["index"], y = row.astype("int64"), y[row]
                if k == "gaps":
                    y = np.where(rng.random((n, c)) < 0.3, np.nan, y)
                if kind == "regression" and c == 1:
                    y = y[:, 0]
                g["labels"] = y.astype("float32" if kind == "regression" else "int32")
END

for data in data none many; do
    for pooled in 0 1; do
        expect 0 "$POLYTREE" search linear.ini -o $data-$pooled --set data.file=$data.h5 \
            linear.pooled=$pooled linear.lambda=0.03
        expect 0 "$POLYTREE" search linear.ini -o $data-$pooled-picked --set data.file=$data.h5 \
            linear.pooled=$pooled
    done
done
says out "^linear: penalties from [0-9.e-]+ to [0-9.e+-]+$"

"$PYTHON" - <<'END'
import json, warnings
import h5py, numpy as np
from sklearn.linear_model import LogisticRegression, Ridge
warnings.simplefilter("ignore")
rng = np.random.default_rng(1)
LAMBDAS = [10.0 ** e for e in range(3, -7, -1)]

def part(f, split, task, output):
    """features, labels and group of the rows that have a label"""
    g = f[split + "/tasks/" + task]
    x, y = f[split + "/inputs"][...].astype("f8"), g["labels"][...]
    x = x[g["index"][...]] if "index" in g else x
    y = y if y.ndim == 1 else y[:, output]
    known = ~np.isnan(y) if y.dtype.kind == "f" else y >= 0
    return x[known], y[known]

def fit(rows, lam):
    """what is put out for features, by scikit-learn; rows: (x, y) of each task of the pool"""
    x, y = np.concatenate([r[0] for r in rows]), np.concatenate([r[1] for r in rows])
    group = np.repeat(range(len(rows)), [len(r[1]) for r in rows])
    mean, deviation, n = x.mean(0), x.std(0), len(y)
    z = lambda a: (a - mean) / deviation
    if y.dtype.kind == "f":
        centre = [(z(a).mean(0), b.mean()) for a, b in rows]
        model = Ridge(alpha=n * lam, fit_intercept=False)
        model.fit(np.concatenate([z(a) - c for (a, _), (c, _) in zip(rows, centre)]),
                  np.concatenate([b - m for (_, b), (_, m) in zip(rows, centre)]))
        return lambda a, g: model.predict(z(a) - centre[g][0]) + centre[g][1]
    # Columns for the pool's tasks, so large that their penalty is nothing.
    column = lambda a, g: np.column_stack([z(a)] + [1e4 * (np.full(len(a), g) == i) for i in range(len(rows) - 1)])
    two = len(set(y)) == 2
    model = LogisticRegression(C=(2 if two else 1) / (n * lam), tol=1e-11, max_iter=100000,
                               solver="newton-cholesky" if two else "lbfgs")
    model.fit(np.concatenate([column(a, g) for g, (a, _) in enumerate(rows)]), y)
    return lambda a, g: model.predict_proba(column(a, g))

def losses(out, y):
    return (out - y) ** 2 if y.dtype.kind == "f" else -np.log(out[np.arange(len(y)), y])

def tasks_of(run):
    return [json.loads(line) for line in open(run + "/metrics.jsonl")][-1]["tasks"]

for data in ("data", "none", "many"):
    f = h5py.File(data + ".h5", "r")
    kind = {k: (g.attrs["kind"], g.attrs["classes"]) for k, g in f["tasks"].items()}
    for pooled in (False, True):
        for picked in (False, True):
            run = "%s-%d%s" % (data, pooled, "-picked" * picked)
            for task, got in tasks_of(run).items():
                pool = [t for t in tasks_of(run) if kind[t] == kind[task]] if pooled else [task]
                is_number, c = kind[task][0] == "regression", kind[task][1]
                def of(split, t, output):
                    """in units of each task's train labels"""
                    x, y = part(f, split, pool[t], output)
                    own = part(f, "train", pool[t], output)[1]
                    return x, (y - own.mean()) / own.std() if is_number else y
                def fit_output(lam, output):
                    return fit([of("train", t, output) for t in range(len(pool))], lam)
                def on_val(lam, outputs):
                    each = []
                    for output in outputs:
                        out = fit_output(lam, output)
                        for t in range(len(pool)):
                            x, y = of("val", t, output)
                            each.append(losses(out(x, t), y))
                    return np.concatenate(each).mean()
                # Numbers that all samples have, have one penalty.
                def in_folds(lam, outputs):
                    each = []
                    for output in outputs:
                        parts = [of("train", t, output) for t in range(len(pool))]
                        fold = [rng.permutation(len(y)) % 5 for _, y in parts]
                        for i in range(5):
                            out = fit([(x[f != i], y[f != i]) for (x, y), f in zip(parts, fold)], lam)
                            each += [losses(out(x[f == i], t), y[f == i]) for t, ((x, y), f) in
                                     enumerate(zip(parts, fold))]
                    return np.concatenate(each).mean()
                n_row = sum(len(part(f, "train", t, 0)[1]) for t in pool)
                together = [list(range(c))] if is_number and task != "gaps" else \
                    [[o] for o in range(1 if kind[task][0] == "classification" else c)]
                def on_test(pick):
                    total, n = 0, 0
                    for outputs in together:
                        lam = pick(outputs)
                        for output in outputs:
                            x, y = of("test", pool.index(task), output)
                            each = losses(fit_output(lam, output)(x, pool.index(task)), y)
                            total, n = total + each.sum(), n + len(each)
                    return total / n
                is_it = lambda want: abs(got["loss"] - want) < 2e-5 * want
                if not picked or n_row >= 1000:
                    want = on_test((lambda o: min(LAMBDAS, key=lambda l: on_val(l, o))) if picked else lambda o: 0.03)
                    assert is_it(want), (run, task, got["loss"], want)
                elif len(together) == 1:
                    # Its folds are by the seed: by others of 50 rows and more it is about as good as any.
                    loss = [in_folds(l, together[0]) for l in LAMBDAS]
                    own = [x for l, x in zip(LAMBDAS, loss) if is_it(on_test(lambda o: l))]
                    assert own and min(own) < 1.3 * min(loss), (run, task, got["loss"], own, loss)
END

# Without val the penalty of many rows is picked on a part of train, that of few in folds, by the
# seed: again the same.
expect 0 "$POLYTREE" search linear.ini -o again --set data.file=none.h5 linear.pooled=1
same_result again none-1-picked
for run in alone again-alone; do
    expect 0 "$POLYTREE" search linear.ini -o $run --set data.file=alone.h5 linear.pooled=1
done
same_result again-alone alone
refuses 1 "search.method = linear is for features, the data set has images of 16 x 16" \
    search "$SMALL" -o images --set search.method=linear
# Opponents of a search among features.
expect 0 "$POLYTREE" sweep linear.ini -o sweep --set data.file=data.h5 sweep.seeds=1 warmup.steps=2 \
    search.steps=2 retrain.steps=2
says out "^linear +1/1 "
says out "^linear linear.pooled=1 +1/1 "
says out "^linear +0.0 +[0-9.]+$" # samples of searching and training, in thousands

if command -v mpirun >/dev/null; then
    expect 0 ranks 3 search linear.ini -o ranks --set data.file=data.h5
    same_result ranks data-0-picked
fi
