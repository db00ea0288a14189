#!/usr/bin/env bash
# pandas 1.5.3 (Debian 12): read_csv() does not read back the numbers that to_csv() wrote.
#
# What one expects: to_csv() writes every float64 with as many digits as tell it from all
# others, and reading those gives the same number, as Python's float() does.
# What happens: the default parser is fast and not exact: of uniform numbers about one of three
# comes back with another last bit.  float_precision="round_trip" reads them all right.
#
# Seen: of 1000 numbers 330 differ; with round_trip 0; with Python's float 0
set -eu
apt-get install -y --no-install-recommends python3-pandas=1.5.3+dfsg-2 >/dev/null
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
cat >look.py <<'END'
import random
import pandas as pd

random.seed(1)
table = pd.DataFrame({"x": [random.random() for _ in range(1000)]})
table.to_csv("x.csv", index=False)
differ = lambda values: sum(a != b for a, b in zip(table["x"], values))
usual = differ(pd.read_csv("x.csv")["x"])
exact = differ(pd.read_csv("x.csv", float_precision="round_trip")["x"])
plain = differ([float(line) for line in open("x.csv").readlines()[1:]])
print(f"of 1000 numbers {usual} differ; with round_trip {exact}; with Python's float {plain}")
assert usual > 100 and exact == 0 and plain == 0
END
/usr/bin/python3 look.py
