#!/usr/bin/env bash
# The page of a run, and of a sweep, stands by itself: nothing in it comes from outside, what
# strangers have named is text, it is the same bytes on any number of ranks but for times, and in
# a browser a click takes a task out of the picture.
# shellcheck source=tests/run/common
. "$(dirname "$0")/common"
"$PYTHON" -c 'import h5py' 2>/dev/null || skip "python3-h5py is not here"

cat >names.py <<'END'
TASKS = ["<script>alert(1)", "\"'&amp;]]>-->", "map"]
CLASSES = ["</td></script><script>document.title='taken'</script>", "<img src=x onerror=\"document.title='taken'\">",
           "<!-- ]]> & 'x'"]
END
cat >make.py <<'END'
import h5py, numpy as np
from names import CLASSES, TASKS

rng = np.random.default_rng(0)
with h5py.File("hostile.h5", "w") as f:
    f.attrs["format"] = "polytree dataset"
    f.attrs["version"] = 1
    for k, task in enumerate(TASKS):
        f.create_group("tasks/" + task).attrs.update(
            {"kind": "saliency"} if k == 2 else {"kind": "classification", "classes": 3, "class_names": CLASSES})
    for split, n in (("train", 32), ("val", 16), ("test", 16)):
        f[split + "/images"] = rng.integers(0, 256, (n, 8, 8, 3)).astype("u1")
        for k, task in enumerate(TASKS):
            y = rng.integers(0, 2, (n, 8, 8)).astype("i4") if k == 2 else rng.integers(0, 3, n).astype("i4")
            f[f"{split}/tasks/{task}/labels"] = y
END
"$PYTHON" make.py
FEW=(data.file="$PWD/hostile.h5" warmup.steps=2 search.steps=4 retrain.steps=4 warmup.lr_warmup=0 retrain.lr_warmup=0
    train.tasks_per_step=0 train.bundle=auto run.eval_every=2 run.metrics_every=1)
for n in 1 3; do
    [ $n = 1 ] || command -v mpirun >/dev/null || continue
    mkdir "r$n"
    (cd "r$n" && expect 0 ranks $n search "$SMALL" -o run --set "${FEW[@]}" && says out "^page +run/report.html$")
done

cat >look.py <<'END'
"""look.py PAGE TEXT ...: the page holds together, nothing in it is from outside, each text is seen."""
import base64, hashlib, re, sys
from html.parser import HTMLParser

class Page(HTMLParser):
    VOID = {"meta", "img", "br"}
    def __init__(self):
        super().__init__()
        self.open, self.text, self.raw, self.links, self.scripts = [], [], {}, [], 0
    def handle_starttag(self, tag, attributes):
        if tag not in self.VOID:
            self.open.append(tag)
        self.scripts += tag == "script"
        for key, value in attributes:
            assert not key.startswith("on") and key != "style", (tag, key)
            if key in ("src", "href", "xlink:href", "action", "data", "poster", "srcset"):
                self.links.append((tag, value))
    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag not in self.VOID:
            self.open.pop()
    def handle_endtag(self, tag):
        assert self.open and self.open.pop() == tag, (tag, self.getpos())
    def handle_data(self, data):
        if self.open and self.open[-1] in ("style", "script"):
            self.raw[self.open[-1]] = data
        else:
            self.text.append(data)

source = open(sys.argv[1], encoding="utf-8").read()
page = Page()
page.feed(source)
page.close()
assert not page.open and page.scripts == 1, (page.open, page.scripts)
for tag, link in page.links:
    assert (tag == "img" and link.startswith("data:image/png;base64,")) or \
           (tag == "a" and re.fullmatch(r"#\w+|\./[\w./=,%-]+", link)), (tag, link)
assert not re.search(r"\w+://|url\(|@import", source), "an address of another place"
policy = re.search(r'Content-Security-Policy" content="([^"]+)"', source).group(1)
assert policy.startswith("default-src 'none';") and "unsafe" not in policy, policy
for tag in ("style", "script"):
    digest = base64.b64encode(hashlib.sha256(page.raw[tag].encode()).digest()).decode()
    assert f"{tag}-src 'sha256-{digest}'" in policy, (tag, digest, policy)
seen = "\n".join(page.text)
for text in sys.argv[2:]:
    assert text in seen, f"{sys.argv[1]} does not show {text}"
END
texts=()
while IFS= read -r line; do texts+=("$line"); done < <("$PYTHON" -c 'from names import *; print("\n".join(TASKS + CLASSES))')
"$PYTHON" look.py r1/run/report.html "${texts[@]}" "Scores" "Examples" "Learning curves" "Classes" "Time" \
    "polytree search run/config.ini -o NEW"
[ "$(grep -c 'data:image/png' r1/run/report.html)" -ge 8 ] || fail "no pictures of examples"

# without_time PAGE: all but the part on time.
without_time() {
    "$PYTHON" -c 'import re, sys; s = open(sys.argv[1]).read(); t = re.sub(r"<section id=\"time\">.*?</section>", "", s, flags=re.S)
assert t != s; sys.stdout.write(t)' "$1"
}
if [ -d r3 ]; then
    without_time r1/run/report.html >one
    without_time r3/run/report.html >three
    cmp one three || fail "the pages of one rank and of three differ"
    says r3/run/report.html "3 ranks"
fi

# Of another place, with the data set at hand or not; a page that is there is not replaced.
expect 0 "$POLYTREE" report r1/run -o out.html
cmp <(without_time r1/run/report.html | sed "s|r1/run|run|") <(without_time out.html | sed "s|r1/run|run|") ||
    fail "the page written at the end and later differ"
refuses 1 "out.html is there already: --force replaces it" report r1/run -o out.html
mv hostile.h5 away.h5
expect 0 "$POLYTREE" report r1/run -o out.html --force
"$PYTHON" look.py out.html "None are shown: the data set $PWD/hostile.h5 is not at hand"
expect 0 "$POLYTREE" report r1/run -o out.html --force --set data.file=away.h5
! grep -q "None are shown" out.html || fail "no examples of a data set that was named"
small_data
expect 0 "$POLYTREE" report r1/run -o out.html --force --set data.file=shapes.h5
"$PYTHON" look.py out.html "None are shown: shapes.h5 is not the data set that the run is of"
# Of a run of some tasks of a data set it is that one.
expect 0 ranks 1 search "$SMALL" -o some --set "${FEW[@]}" data.file=shapes.h5 data.tasks="shape place"
expect 0 "$POLYTREE" report some -o some.html
! grep -q "None are shown" some.html || fail "no examples of a run of some tasks"
# A program that draws is not needed, nor may it fail.
tools=$(mktemp -d -p .)
expect 0 env PATH="$PWD/$tools" "$POLYTREE" report r1/run -o out.html --force
"$PYTHON" look.py out.html "The picture was not drawn: Graphviz's program dot is not installed."
printf '#!/bin/sh\nexit 3\n' >"$tools/dot"
chmod +x "$tools/dot"
expect 0 env PATH="$PWD/$tools:/usr/bin:/bin" "$POLYTREE" report r1/run -o out.html --force
"$PYTHON" look.py out.html "The picture was not drawn: dot failed with exit code 3"
refuses 1 "no folder of a run|is not the folder of a run" report tools
mkdir empty
refuses 1 "empty is not the folder of a run" report empty

# Of a table values are shown, of a run that is at work what it has by now.
"$PYTHON" - >table.csv <<'END'
import random
random.seed(1)
print('"<b>area&",rooms,price,sold')
for i in range(60):
    area, rooms = random.uniform(40, 200), random.randint(1, 6)
    print(f"{area:.1f},{rooms},{1000 * area + 8000 * rooms:.0f},{'yes' if area > 100 else '<i>no'}")
END
expect 0 "$POLYTREE" data import csv table.csv table.h5 --tasks price sold
expect 0 "$POLYTREE" init table.h5 -o table.ini
expect 0 "$POLYTREE" search table.ini -o table --set run.seed=3
"$PYTHON" look.py table/report.html "<b>area&" "<i>no"
expect 75 "$POLYTREE" search table.ini -o stopped --time-limit 0.001
[ ! -e stopped/report.html ] || fail "a stopped run has a page"
expect 0 "$POLYTREE" report stopped
"$PYTHON" look.py stopped/report.html "The run is not finished" "state       stopped"

# Candidates, and a sweep, whose runs' pages get the baselines and keep their examples.
expect 0 "$POLYTREE" search "$SMALL" -o chosen --set choose.judge=supernet choose.budget=60 choose.population=4 \
    choose.generations=1 warmup.steps=4 search.steps=6 retrain.steps=4 resource.budget=60%
"$PYTHON" look.py chosen/report.html "Choosing" "chosen: " "(number 0)" "judging cost"
{
    cat "$SMALL"
    printf '[sweep]\nmethods = search shared single\nseeds = 3\nvary = search: warmup.steps = 2 | 3\n'
} >sweep.ini
expect 0 "$POLYTREE" sweep sweep.ini -o s --set search.steps=2 retrain.steps=2 data.file=shapes.h5
"$PYTHON" look.py s/report.html "search warmup.steps=3" "shared" "Costs" "seed-3/single"
"$PYTHON" look.py s/seed-3/search/report.html "single" "Delta_m, %" "Examples"
[ "$(grep -c 'data:image/png' s/seed-3/search/report.html)" = 8 ] || fail "a page has lost its examples"
while IFS= read -r link; do
    [ -e "s/$link" ] || fail "the page of a sweep has a link to nothing: $link"
done < <(sed -n 's|.*<a href="./\([^"]*\)">.*|\1|p' s/report.html)
cp s/report.html before
expect 0 "$POLYTREE" report s
cmp before s/report.html || fail "the page of a sweep changes when it is written again"

command -v chromium >/dev/null || skip "read but not seen: no chromium"
cp "$ROOT/tests/run/browser.py" .
cat >see.py <<'END'
import os, sys, tempfile
from browser import Browser
from names import CLASSES, TASKS

browser = Browser("chromium", tempfile.mkdtemp())
LINES = """Array.from(document.querySelectorAll(".network g.edge")).map(function (g) {
    return [g.getAttribute("class"), Array.from(g.querySelectorAll("path")).map(function (p) {
        return getComputedStyle(p).visibility === "visible"; })]; })"""
PRESSED = """Array.from(document.querySelectorAll(".switches [data-task]")).map(function (b) {
    return b.getAttribute("aria-pressed") === "true"; })"""

def tasks(classes):
    return [int(c[1:]) for c in classes.split() if c[0] == "t" and c[1:].isdigit()]

def shown():
    "Tasks that some line of their own is seen of."
    seen = set()
    for classes, lines in browser.ask(LINES):
        of = tasks(classes)
        if len(lines) == len(of):
            seen |= {t for t, line in zip(of, lines) if line}
        else:
            assert any(lines) == any(browser.ask(PRESSED)[t] for t in of), (classes, lines)
    return seen

url = "file://" + os.path.abspath("r1/run/report.html")
browser.open(url)
text = browser.ask("document.body.innerText")
for part in TASKS + ["Scores"]:
    assert part in text, (part, text)
everything = browser.ask("document.body.textContent")
for part in CLASSES:
    assert part in everything, part
if browser.ask("document.querySelector('.network') !== null"):
    assert not browser.ask("document.querySelector('.switches').hidden"), "the script did not run"
    assert shown() == {0, 1, 2}, shown()
    button = ".switches [data-task='1']"
    browser.click(button)
    assert browser.ask(f'document.querySelector("{button}").getAttribute("aria-pressed")') == "false"
    assert shown() == {0, 2}, shown()
    browser.press(button, "Enter", 13)
    assert shown() == {0, 1, 2}, shown()
    browser.click(".switches [data-all='0']")
    assert shown() == set(), shown()
    browser.click(".switches [data-all='1']")
    assert shown() == {0, 1, 2}, shown()
else:
    print("no picture of the network to click at: dot is not here")
for page in ("r1/run", "table", "stopped", "chosen", "s"):
    browser.open("file://" + os.path.abspath(page + "/report.html"))
    title = browser.ask("document.title")
    assert title == os.path.basename(page) + " - polytree", title
    outside = [u for u in browser.requests if not u.startswith("data:") and u != browser.ask("location.href")]
    assert not outside, outside
assert not browser.complaints and not browser.dialogs, (browser.complaints, browser.dialogs)
browser.close()
END
timeout "$forever" "$PYTHON" see.py
