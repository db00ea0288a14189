"""polytree from Python: its commands run, and the files that they leave read as arrays.

    import polytree

    polytree.make_dataset("own.h5", x, {"price": y, "sold": z})     # NumPy's arrays
    polytree.command("init", "own.h5", "-o", "own.ini")
    run = polytree.search("own.ini", "RUN", ranks=2, options={"retrain.ema": 0.99})
    run.scores()["price"]["rmse"]
    run.steps("eval")["step"]                               # arrays, or run.frame("eval")
    run.predict(x)["price/value"]

Everything is done by the program, found as $POLYTREE, else `polytree`, and on several ranks
under $MPIRUN, else `mpirun`; and everything is in files that docs/formats.md describes.  Reading
them wants Python 3.8 alone; arrays want NumPy, frames pandas, predictions in HDF5 h5py.
"""
import json
import os
import re
import shlex
import subprocess
import tempfile
import zipfile

__all__ = ["Error", "Run", "command", "make_dataset", "predictions", "read_lines", "search"]

STOPPED = 75  # exit code of a run that ends with a checkpoint, to go on


class Error(Exception):
    """A command failed: what it said, and its exit code."""

    def __init__(self, text, code):
        super().__init__(text)
        self.code = code


def command(*words, ranks=1, options=None, check=True):
    """Run `polytree WORDS...` and give back what it prints.

    ranks    under mpirun where there are more than one
    options  {"warmup.steps": 300}: as --set, over those of a config
    check    raise Error where it fails; else (text, code)
    """
    launch = shlex.split(os.environ.get("MPIRUN", "mpirun")) + ["-n", str(ranks)]
    words = [os.fspath(w) if isinstance(w, os.PathLike) else str(w) for w in words]
    for key, value in (options or {}).items():
        words += ["--set", "%s=%s" % (key, value)]
    done = subprocess.run((launch if ranks > 1 else []) + [os.environ.get("POLYTREE", "polytree")]
                          + words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, universal_newlines=True, errors="replace")
    if not check:
        return done.stdout, done.returncode
    if done.returncode != 0:
        said = [line for line in done.stderr.splitlines() if line.startswith("polytree: ")
                and not line.startswith("polytree: warning: ")]
        raise Error(said[-1][len("polytree: "):] if said else done.stderr.strip()
                    or "exit code %d" % done.returncode, done.returncode)
    return done.stdout


def search(config, run, ranks=1, options=None, time_limit=None):
    """Search, or go on with a run, and give it back; where it was stopped, unfinished."""
    limit = ["--time-limit", time_limit] if time_limit else []
    try:
        command("search", config, "-o", run, *limit, ranks=ranks, options=options)
    except Error as error:
        if error.code != STOPPED:
            raise
    return Run(run)


def make_dataset(path, inputs, tasks, kinds=None, val=0.1, test=0.2, seed=1):
    """Make a data set of arrays: inputs [n, h, w, channels] or [n, features], and by the name
    of its task labels [n, ...], of which -1 and NaN are none.  `kinds` names what is not to be
    guessed ({"far": "depth"}).  As `polytree data import npz`, whose words come back."""
    import numpy as np
    inputs_name = "inputs"
    while inputs_name in tasks:
        inputs_name += "_"
    flags = ["--kinds"] + ["%s=%s" % pair for pair in kinds.items()] if kinds else []
    with tempfile.TemporaryDirectory() as folder:
        arrays = os.path.join(folder, "arrays.npz")
        with zipfile.ZipFile(arrays, "w") as file:
            for name, array in [(inputs_name, inputs), *tasks.items()]:
                with file.open(name + ".npy", "w", force_zip64=True) as f:
                    np.lib.format.write_array(f, np.ascontiguousarray(array))
        return command("data", "import", "npz", arrays, path, "--inputs", inputs_name,
                       "--tasks", *tasks, *flags, "--val", val, "--test", test, "--seed", seed)


def read_lines(path):
    """The objects of a file of JSON lines; a last line that is being written is left out."""
    with open(path, encoding="utf-8", errors="surrogateescape") as f:
        lines = f.read().split("\n")
    return [json.loads(line) for line in lines[:-1] if line]


def _flat(value, name, out):
    """{"a": {"b": 1}} as {"a.b": 1}: columns of a table."""
    if not isinstance(value, dict):
        out[name] = value
        return out
    for key, inner in value.items():
        _flat(inner, name + "." + key if name else key, out)
    return out


def _columns(records):
    """Arrays by flat key: floats, of words objects; NaN or None where a record has no such."""
    import numpy as np
    rows = [_flat(r, "", {}) for r in records]
    names = list(dict.fromkeys(key for row in rows for key in row))
    columns = {}
    for name in names:
        values = [row.get(name) for row in rows]
        is_number = all(v is None or isinstance(v, (int, float)) for v in values)
        if is_number:
            columns[name] = np.array([float("nan") if v is None else v for v in values], float)
        else:
            columns[name] = np.empty(len(values), object)
            columns[name][:] = values
    return columns


def predictions(path):
    """Arrays of a file of predictions by TASK/NAME, as docs/formats.md names them; names of
    classes are in TASK/class_names, of files in `name`, as str."""
    import numpy as np
    if str(path).endswith(".npz"):
        with np.load(path) as file:
            found = {name: file[name] for name in file.files}
    else:
        import h5py
        found = {}

        def take(name, item):
            if isinstance(item, h5py.Dataset):
                found[name] = item[()]
                if "class_names" in item.attrs:
                    task = name.rsplit("/", 1)[0]
                    found[task + "/class_names"] = np.asarray(item.attrs["class_names"])

        with h5py.File(path, "r") as file:
            file.visititems(take)
    for name, array in found.items():
        if array.dtype.kind in "SO":
            text = [v.decode() if isinstance(v, bytes) else v for v in array.ravel().tolist()]
            found[name] = np.array(text, dtype=str).reshape(array.shape)
    return found


class Run:
    """The folder of a run, finished or at work."""

    def __init__(self, folder):
        self.folder = os.fspath(folder)
        if not os.path.exists(self._path("config.ini")):
            raise FileNotFoundError("%s is not the folder of a run" % self.folder)

    def __repr__(self):
        return "Run(%r)" % self.folder

    def _path(self, name):
        return os.path.join(self.folder, name)

    def _lines(self, name):
        return read_lines(self._path(name)) if os.path.exists(self._path(name)) else []

    def events(self, event=None):
        """What metrics.jsonl says: a list of dicts, of one kind of event or of all."""
        return [e for e in self._lines("metrics.jsonl") if event in (None, e["event"])]

    def steps(self, event="step"):
        """The same as arrays by key; what tasks have is under `task_loss.NAME`."""
        return _columns(self.events(event))

    def frame(self, event="step"):
        """The same as a frame of pandas."""
        import pandas
        return pandas.DataFrame(self.steps(event))

    def candidates(self):
        """The networks that were judged: a list of dicts, empty where none were."""
        return self._lines("candidates.jsonl")

    def architecture(self):
        """architecture.json; there once the network is known."""
        with open(self._path("architecture.json"), encoding="utf-8") as f:
            return json.load(f)

    def config(self):
        """All options as used: {"warmup.steps": "300", ...}, words and numbers as text."""
        found, section, key = {}, "", ""
        with open(self._path("config.ini"), encoding="utf-8", errors="surrogateescape") as f:
            for line in f:
                text = re.split(r"(?:^|[ \t]);", line)[0].rstrip()
                if text.startswith("["):
                    section = text[1:text.index("]")]
                elif line[0] in " \t" and key and text.strip():
                    found[key] = (found[key] + "\n" + text.strip()).strip("\n")
                elif "=" in text:
                    name, value = text.split("=", 1)
                    key = section + "." + name.strip()
                    found[key] = value.strip()
        return found

    @property
    def is_finished(self):
        return len(self.events("final")) > 0

    def scores(self):
        """Scores of the finished network by task: n, loss and its metrics."""
        final = self.events("final")
        if not final:
            raise Error("%s is not finished" % self.folder, 1)
        return final[-1]["tasks"]

    def report(self):
        with open(self._path("report.txt"), encoding="utf-8") as f:
            return f.read()

    def predict(self, inputs, ranks=1, logits=False, split=None):
        """What the network makes of inputs: of an array, or of any file or folder that
        `polytree predict` takes.  See predictions()."""
        flags = (["--logits"] if logits else []) + (["--split", split] if split else [])
        with tempfile.TemporaryDirectory() as folder:
            if not isinstance(inputs, (str, os.PathLike)):
                import numpy as np
                np.save(os.path.join(folder, "inputs.npy"), inputs)
                inputs = os.path.join(folder, "inputs.npy")
            out = os.path.join(folder, "answers.npz")
            command("predict", self.folder, inputs, "-o", out, *flags, ranks=ranks)
            return predictions(out)

    def tensors(self):
        """Weights and batch-norm statistics of the network by name, as `polytree export
        --safetensors` writes them."""
        import numpy as np
        types = {"F32": "<f4", "F64": "<f8"}
        with tempfile.TemporaryDirectory() as folder:
            out = os.path.join(folder, "tensors")
            command("export", self.folder, "--safetensors", out)
            with open(out, "rb") as f:
                header = json.loads(f.read(int.from_bytes(f.read(8), "little")))
                data = f.read()
        header.pop("__metadata__", None)
        return {name: np.frombuffer(data[slice(*about["data_offsets"])], types[about["dtype"]])
                .reshape(about["shape"]) for name, about in header.items()}
