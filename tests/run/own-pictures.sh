#!/usr/bin/env bash
# Folders of pictures become data sets: every pixel as Pillow reads it, labels by folder, by
# table and as maps, and what is wrong said in one line with the file.
# shellcheck source=tests/run/common
. "$(dirname "$0")/common"

"$PYTHON" -c "import PIL, h5py" 2>/dev/null || skip "$PYTHON has no Pillow or h5py"
import() { "$POLYTREE" data import images "$@" --force; }
wrong() { refuses "$1" "$2" data import images "${@:3}" --force; }

"$PYTHON" - <<'PY'
import os, numpy as np
from PIL import Image

rng = np.random.default_rng(2)
smooth = lambda h, w: np.asarray(Image.fromarray(rng.integers(0, 256, (4, 4, 3)).astype("uint8")).resize((w, h), Image.BICUBIC))
os.makedirs("named/cat"); os.makedirs("named/dog/old")
for i in range(6):
    Image.fromarray(smooth(20, 30)).save(f"named/cat/{i}.jpg", quality=90)
    Image.fromarray(smooth(20, 30)).save(f"named/dog/old/{i}.PNG")
open("named/._x.png", "w").write("hidden"); open("named/notes.txt", "w").write("no picture")

# Of all kinds that PNG and JPEG have, sizes unlike: a table says what they are.
os.makedirs("mixed")
rgb = smooth(40, 24)
pictures = {
    "rgb.png": Image.fromarray(rgb), "grey.png": Image.fromarray(rgb[:, :, 0]),
    "alpha.png": Image.fromarray(np.dstack([rgb, rgb[:, :, 1]])),
    "palette.png": Image.fromarray(rgb).quantize(16), "bit.png": Image.fromarray(rgb[:, :, 0] > 99),
    "grey.jpg": Image.fromarray(rgb[:, :, 0]), "odd.jpeg": Image.fromarray(smooth(37, 53)),
}
for name, picture in pictures.items():
    picture.save("mixed/" + name)
Image.fromarray(rgb).save("mixed/prog.jpg", progressive=True, subsampling=2)
with open("table.csv", "w") as f:
    f.write("file,hue,age,who,part\n")
    for i, name in enumerate(sorted(os.listdir("mixed"))):
        f.write(f"{name},{'red' if i % 2 else 'blue'},{i + 0.5 if i != 3 else ''},{i // 2},{'train' if i < 6 else 'test'}\n")

# Maps beside images; the third picture has none of "seg".
for t in "images", "seg", "far", "lines", "normal":
    os.makedirs("maps/" + t)
for i in range(8):
    Image.fromarray(smooth(12, 16)).save(f"maps/images/{i}.jpg")
    seg = Image.fromarray(np.where(rng.random((12, 16)) < 0.1, 255, rng.integers(0, 5, (12, 16))).astype("uint8"))
    if i % 2:
        seg.putpalette([7 * k % 256 for k in range(768)])
    if i != 2:
        seg.save(f"maps/seg/{i}.png")
    Image.fromarray(rng.integers(0, 60000, (12, 16)).astype("uint16")).save(f"maps/far/{i}.png")
    Image.fromarray((rng.random((12, 16)) < 0.3).astype("uint8") * 255).save(f"maps/lines/{i}.png")
    n = rng.normal(size=(12, 16, 3)); n /= np.linalg.norm(n, axis=2, keepdims=True)
    c = np.round((n + 1) * 127.5).astype("uint8"); c[0, 0] = 0
    Image.fromarray(c).save(f"maps/normal/{i}.png")
PY

expect 0 import named n.h5 --val 0 --test 0.25
says out "task +class: classification, 2 classes: cat, dog"
says out "parts +train 9, val 0, test 3, at random"
expect 0 "$POLYTREE" data check n.h5
expect 0 import mixed t.h5 --labels table.csv --split part --group who --size 16x10
says out "hue: classification, 2 classes: blue, red"
says out "age: regression, from 0.5 to 7.5; 1 of 8 rows have no label"
expect 0 "$POLYTREE" data check t.h5
expect 0 import mixed g.h5 --labels table.csv --tasks hue --split part --size 24x40 --grey
expect 0 import maps m.h5 --maps seg=segmentation far=depth:0.001 lines=edges normal=normals --val 0
says out "task +seg: segmentation, 5 classes; 1 of 8 pictures have no map"
expect 0 "$POLYTREE" data check m.h5

"$PYTHON" - <<'PY' || fail "not what Pillow reads"
import glob, os, h5py, numpy as np
from PIL import Image

def rows(f, name):
    return np.concatenate([f[s + "/" + name][:] for s in ("train", "val", "test") if s in f])

with h5py.File("n.h5") as f:
    want = {}
    for p in glob.glob("named/**/[0-9].*", recursive=True):
        want[np.asarray(Image.open(p).convert("RGB")).tobytes()] = int("dog" in p)
    got = {x.tobytes(): y for x, y in zip(rows(f, "images"), rows(f, "tasks/class/labels"))}
    assert got == want and len(got) == 12

def box(p, h, w):  # the exact mean over each pixel's area, in double
    src = np.asarray(Image.open(p).convert("RGB")).astype(float)
    def weights(n, m):
        a = np.zeros((m, n))
        for o in range(m):
            for i in range(n):
                a[o, i] = max(0, min((i + 1) * m, (o + 1) * n) - max(i * m, o * n)) / n
        return a
    return np.einsum("yi,ijc,xj->yxc", weights(src.shape[0], h), src, weights(src.shape[1], w))

names = sorted(os.listdir("mixed"))
with h5py.File("t.h5") as f:
    got = np.concatenate([f["train/images"][:], f["test/images"][:]])
    for name, x in zip(names, got):
        assert np.abs(x - box("mixed/" + name, 16, 10)).max() <= 0.5 + 1e-6, name
    assert list(f["train/tasks/age/index"][:]) == [0, 1, 2, 4, 5]
    assert list(f["test/tasks/age/labels"][:, 0]) == [6.5, 7.5]
    assert list(f["train/group"][:]) == [0, 0, 1, 1, 2, 2]
with h5py.File("g.h5") as f:
    got = np.concatenate([f["train/images"][:], f["test/images"][:]])
    assert got.shape[1:] == (24, 40, 1)

with h5py.File("m.h5") as f:
    pictures = {np.asarray(Image.open(f"maps/images/{i}.jpg")).tobytes(): i for i in range(8)}
    n_seg = 0
    for s in "train", "test":
        number = [pictures[x.tobytes()] for x in f[s + "/images"][:]]
        seg = f[s + "/tasks/seg"]
        index = seg["index"][:] if "index" in seg else range(len(number))
        for k, x in zip(index, seg["labels"][:]):
            n_seg += 1
            assert np.array_equal(x, np.asarray(Image.open(f"maps/seg/{number[k]}.png")))
        for i, far, lines, normal in zip(number, f[s + "/tasks/far/labels"][:], f[s + "/tasks/lines/labels"][:],
                                         f[s + "/tasks/normal/labels"][:]):
            raw = np.asarray(Image.open(f"maps/far/{i}.png")).astype(float)
            assert np.array_equal(far, np.where(raw == 0, np.nan, raw * 0.001).astype("float32"), equal_nan=True)
            assert np.array_equal(lines, np.asarray(Image.open(f"maps/lines/{i}.png")) // 255)
            c = np.asarray(Image.open(f"maps/normal/{i}.png")) / 127.5 - 1
            c = c / np.linalg.norm(c, axis=2, keepdims=True)
            assert np.isnan(normal[0, 0]).all() and np.allclose(normal[0, 1:], c[0, 1:], atol=1e-6)
    assert n_seg == 7
PY

# Wrong pictures and wrong use, one line each.
wrong 1 "mixed/odd.jpeg: 53 x 37 pixels, but alpha.png has 24 x 40: --size" mixed w.h5 --labels table.csv --split part
wrong 1 "rgb.png: in no folder that says its class|alpha.png: in no folder" mixed w.h5
wrong 2 "--tasks goes with --labels only" mixed w.h5 --tasks hue
wrong 2 "no column 'name'" mixed w.h5 --labels table.csv --files name
wrong 2 "--maps far=distance: expected segmentation" maps w.h5 --maps far=distance
wrong 2 "--size 0: expected" named w.h5 --size 0
wrong 1 "no map of a picture in train; expected maps/none/NAME.png" maps w.h5 --maps none=edges
mkdir -p bare/images
cp maps/seg/*.png bare/images
wrong 2 "--maps images: bare/images/0.png is one of the pictures, not the labels of one" bare w.h5 --maps images=segmentation
wrong 1 "no map of a picture in train; expected maps/none/NAME.png" maps w.h5 --maps none=segmentation
mkdir nothing
wrong 1 "no .png, .jpg or .jpeg" nothing w.h5
printf 'file,x\nrgb.png,1.5\n../table.csv,2.5\nx.png,3.5\n' >odd.csv
wrong 1 "row 2 \(line 3\), column 'file': '../table.csv' is no path below" mixed w.h5 --labels odd.csv
printf 'file,x\nrgb.png,1.5\ntable.csv,2.5\n' >odd.csv
cp table.csv mixed
wrong 1 "table.csv: neither a PNG nor a JPEG" mixed w.h5 --labels odd.csv --val 0 --test 0
printf 'file,x\nrgb.png,1.5\nnone.png,2.5\n' >odd.csv
wrong 1 "mixed/none.png: cannot open" mixed w.h5 --labels odd.csv --val 0 --test 0
printf 'file,x\nrgb.png,1.5\nrgb.png,2.5\n' >odd.csv
wrong 1 "row 2 \(line 3\), column 'file': 'rgb.png' is in row 1, too" mixed w.h5 --labels odd.csv
for name in cat/1.jpg dog/old/1.PNG; do
    cp -r named cut
    head -c 300 named/$name >cut/$name
    wrong 1 "cut/$name: not a readable" cut w.h5
    rm -r cut
done
# A header that promises 2^31 x 2^31 pixels, and one of 60000 x 60000.
for side in 7fffffff 0000ea60; do
    mkdir -p bomb/a bomb/b
    cp named/cat/0.jpg bomb/a
    "$PYTHON" - $side <<'PY'
import struct, sys, zlib
side = bytes.fromhex(sys.argv[1])
chunk = lambda name, data: struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
open("bomb/b/x.png", "wb").write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", side + side + b"\x08\x02\0\0\0") +
                                 chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b""))
PY
    wrong 1 "bomb/b/x.png: (60000 x 60000 pixels, expected at most|not a readable PNG)" bomb w.h5 --size 8 --val 0 --test 0
done
[ -z "$(find . -name 'w.h5*')" ] || fail "a refused import leaves a file"
