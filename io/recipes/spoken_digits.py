#!/usr/bin/env python3
"""Make a data set of spoken digits: what is said, and who says it, of one spectrogram.

    spoken_digits.py SRC OUT.h5 [--size 32] [--val 5] [--test-speakers NAME ...]

SRC is the Free Spoken Digit Dataset (github.com/Jakobovski/free-spoken-digit-dataset), as a
folder or a tar archive with DIGIT_SPEAKER_INDEX.wav somewhere in it.  Its own rule is that
indices 0 to 4 are test; val takes the next --val indices.  With --test-speakers those are
test, all their recordings, and nobody else's; who they are has no label then, and `group` is
the speaker, so that parts held back from train have speakers of their own.

An input is the log power of `size` bands by `size` frames over the recording's length, 8-bit:
its loudest point is 255, and what is 80 dB below it, 0.

Needs h5py and numpy.
"""
import argparse
import io
import os
import re
import sys
import tarfile
import wave

import h5py
import numpy as np

NAME = re.compile(r"^([0-9])_([A-Za-z]+)_([0-9]+)\.wav$")
RANGE_DB = 80
NO_LABEL = -1


def recordings(src):
    """(digit, speaker, index, bytes) of every recording, in the order of the names."""
    found = {}
    if os.path.isdir(src):
        for folder, _, files in os.walk(src):
            for name in files:
                if NAME.match(name):
                    with open(os.path.join(folder, name), "rb") as file:
                        found[name] = file.read()
    else:
        with tarfile.open(src) as archive:
            for member in archive:
                name = os.path.basename(member.name)
                if member.isfile() and NAME.match(name):
                    found[name] = archive.extractfile(member).read()
    if not found:
        sys.exit(f"{src}: holds no recording DIGIT_SPEAKER_INDEX.wav")
    for name in sorted(found):
        digit, speaker, index = NAME.match(name).groups()
        yield int(digit), speaker, int(index), found[name]


def spectrogram(data, size):
    with wave.open(io.BytesIO(data)) as sound:
        samples = np.frombuffer(sound.readframes(sound.getnframes()), "<i2").astype("float64")
    length = 4 * size
    samples = np.pad(samples, (0, max(0, length + size - len(samples))))
    starts = np.linspace(0, len(samples) - length, size).astype(int)
    frames = np.stack([samples[s : s + length] for s in starts]) * np.hanning(length)
    power = np.abs(np.fft.rfft(frames)) ** 2
    bands = power[:, 1 : 2 * size + 1].reshape(size, size, 2).mean(axis=2)
    db = 10 * np.log10(bands + 1e-10)
    scaled = 1 + (db - db.max()) / RANGE_DB
    return np.round(255 * np.clip(scaled, 0, 1)).astype("uint8").T[::-1]


def main():
    parser = argparse.ArgumentParser(description="Make a data set of spoken digits.")
    parser.add_argument("src")
    parser.add_argument("out")
    parser.add_argument("--size", type=int, default=32)
    parser.add_argument("--val", type=int, default=5, help="recordings of each digit and speaker")
    parser.add_argument("--test-speakers", nargs="+", default=[])
    a = parser.parse_args()
    parts = {"train": [], "val": [], "test": []}
    speakers = {}
    for digit, speaker, index, data in recordings(a.src):
        number = speakers.setdefault(speaker, len(speakers))
        is_test = speaker in a.test_speakers if a.test_speakers else index < 5
        first = 0 if a.test_speakers else 5
        part = "test" if is_test else "val" if first <= index < first + a.val else "train"
        known = NO_LABEL if speaker in a.test_speakers else number
        parts[part].append((spectrogram(data, a.size), digit, known, number))
    unknown = [name for name in a.test_speakers if name not in speakers]
    if unknown:
        sys.exit(f"{a.src}: no speaker {', '.join(unknown)}; there are {', '.join(speakers)}")
    with h5py.File(a.out, "w") as f:
        f.attrs["format"] = "polytree dataset"
        f.attrs["version"] = 1
        f.create_group("tasks/digit").attrs.update(kind="classification", classes=10)
        f.create_group("tasks/speaker").attrs.update(
            kind="classification", classes=len(speakers), ignore=NO_LABEL, class_names=list(speakers)
        )
        for part, rows in parts.items():
            if not rows:
                continue
            f[part + "/images"] = np.stack([row[0] for row in rows])[..., None]
            f[part + "/tasks/digit/labels"] = np.array([row[1] for row in rows], "int32")
            f[part + "/tasks/speaker/labels"] = np.array([row[2] for row in rows], "int32")
            if a.test_speakers:
                f[part + "/group"] = np.array([row[3] for row in rows], "int64")
            print(f"{part}: {len(rows)} recordings")


if __name__ == "__main__":
    main()
