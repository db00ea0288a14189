#!/usr/bin/env bash
# What the recipe of ETT makes of a small file of its own: windows within blocks, by the calendar
# or dealt.
# shellcheck source=tests/run/common
. "$(dirname "$0")/common"
"$PYTHON" -c "import h5py, numpy" 2>/dev/null || skip "python3-h5py is not there for the recipe"

"$PYTHON" - <<'END'
with open("hours.csv", "w") as file:
    print("date,A,B", file=file)
    for hour in range(100):
        print(f"2016-07-01 {hour},{hour},{hour * hour}", file=file)
END
recipe=("$PYTHON" "$ROOT/io/recipes/ett.py" hours.csv)
options=(--past 3 --ahead 2 --block 10 --val-from 60 --test-from 80 --end 100 --tasks B)
expect 0 "${recipe[@]}" calendar.h5 "${options[@]}"
expect 0 "${recipe[@]}" dealt.h5 "${options[@]}" --deal
expect 1 "${recipe[@]}" none.h5 --tasks C
says err "no series C; there are A, B"
for file in calendar dealt; do
    expect 0 "$POLYTREE" data check $file.h5
done

# Series A is the hour itself: three hours less their mean, -1 0 1, over one deviation; B says by
# its bend which hour it is.
"$PYTHON" - <<'END'
import h5py, numpy as np

def hours(file, part):
    """first hour of each window"""
    b = np.arange(100.0) ** 2
    train = np.concatenate([b[h : h + 10] for h in range(0, 100, 10) if h // 10 in blocks["train"]])
    ends = file[part + "/inputs"][:, 5] - file[part + "/inputs"][:, 3]  # (h + 2)^2 - h^2 = 4 h + 4
    return np.round((ends * train.std() - 4) / 4).astype(int).tolist()

for name, blocks, group in (
    ("calendar", {"train": range(6), "val": (6, 7), "test": (8, 9)}, [0, 1, 2, 3, 4, 5]),
    ("dealt", {"train": (0, 1, 2, 5, 6, 7), "val": (3, 8), "test": (4, 9)}, [0, 1, 2, 3, 4, 5]),
):
    file = h5py.File(name + ".h5")
    assert file["train/group"][...].tolist() == [g for g in group for _ in range(6)]
    for part in blocks:
        whole = name == "calendar" and part != "train"  # one block of 20 hours
        firsts = range(10 * blocks[part][0], 10 * blocks[part][0] + 16) if whole else [
            10 * b + h for b in blocks[part] for h in range(6)]
        assert hours(file, part) == list(firsts), (name, part, hours(file, part))
    assert np.allclose(file["train/inputs"][:, 0], -file["train/inputs"][:, 2])
END
