#!/usr/bin/env python3
"""polytree and PyTorch beside one another: time, memory, multiply-adds, and whether they agree.

    peer.py [ROW ...] [--cores 1 2] [--rounds 11] [--seconds 1] [--out FILE.json]

Both do the same from equal weights on equal samples (rows.py says what), and take turns: a round is
about so many seconds of one, then of the other, and gives a ratio, PyTorch's time by ours.  Of one
core it is processor time, which other work on the machine hardly changes; both are bound to it.
Of more it is the clock's, and wants a
machine that does nothing else.  Steps must have equal losses: a
row whose first 20 differ by more than 1e-4 of the loss is void.  PyTorch has whatever of its
layouts, optimisers and compilers is fastest in a row (theirs.py).  Nothing is augmented or dropped,
as then samples would differ.

FILE.json has for each row and number of cores all ratios and the rest; the table is shown.
"""
import argparse
import ctypes
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time

try:
    import h5py  # noqa: F401  (for rows.py)
    import torch
except ImportError as error:
    print("peer.py: skipped, %s has no %s" % (sys.executable, error.name))
    sys.exit(77)

from rows import ROWS
from theirs import Theirs

HERE = os.path.dirname(os.path.abspath(__file__))
OURS = os.path.join(os.environ.get("BUILD", "build"), "tests/bench/peer/ours")
# In single precision PyTorch's gradients by gates, sums of many products, err by almost so much.
AGREE = {"loss": 1e-4, "gates": 2e-3, "output": 1e-4}
STEPS = 20


def peak_mib():
    with open("/proc/self/status", encoding="utf-8") as f:
        return int(next(line for line in f if line.startswith("VmHWM")).split()[1]) / 1024


class Ours:
    """Our program, which sleeps while it has nothing to do; it ends with this one."""

    def __init__(self, row, folder, cores):
        ranks = cores if row.ranks else 1
        launch = ["mpirun", "-n", str(ranks), "--oversubscribe", "--bind-to", "none"] if ranks > 1 else []
        pipes = ["%s/todo.%d" % (folder, r) for r in range(ranks)]
        for pipe in pipes:
            os.mkfifo(pipe)
        self.program = subprocess.Popen(launch + [os.path.abspath(OURS), "peer.ini", row.kind, "."], cwd=folder,
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        # For reading too: then to open a pipe does not wait for a program that may have failed.
        self.todo = [open(pipe, "r+b", buffering=0) for pipe in pipes]

    def run(self, n):
        for todo in self.todo:
            todo.write(b"%d\n" % n)
        line = self.program.stdout.readline()
        if not line:
            raise SystemExit("peer.py: our half has ended")
        return json.loads(line)

    def close(self):
        for todo in self.todo:
            todo.close()
        self.program.wait()


def run_theirs(theirs, steps):
    """The same number of steps, of the same tasks."""
    cpu, wall, said = time.process_time(), time.perf_counter(), []
    for step in steps:
        said.append(theirs.predict() if theirs.kind == "predict" else theirs.step(step["tasks"]))
    return dict(cpu=time.process_time() - cpu, wall=time.perf_counter() - wall, steps=said)


def differences(theirs, ours, said):
    """The largest relative ones of what must agree."""
    if theirs.kind == "predict":
        return {"output": max(((said[0][name] - y).abs().max() / y.abs().max()).item()
                              for name, y in theirs.output.items())}
    return {key: max(abs(t[key] - o[key]) / abs(o[key]) for t, o in zip(said, ours)) for key in said[0]}


def measure(name, cores, rounds, seconds):
    """One row in this process."""
    row = ROWS[name]
    core = sorted(os.sched_getaffinity(0))[:cores]
    if len(core) < cores:
        raise SystemExit("peer.py: there are no %d cores" % cores)
    os.sched_setaffinity(0, core)
    with tempfile.TemporaryDirectory() as folder:
        row.prepare(folder, cores)
        ours = Ours(row, folder, cores)
        try:
            return take_turns(row, ours, folder, cores, rounds, seconds)
        finally:
            ours.close()


def take_turns(row, ours, folder, cores, rounds, seconds):
    first = ours.run(STEPS)
    choice = json.loads(subprocess.run([sys.executable, HERE + "/theirs.py", folder, row.kind,
                                        "apart" if row.apart else "together", str(cores), str(seconds)],
                                       check=True, stdout=subprocess.PIPE).stdout)
    torch.set_num_threads(cores)
    program = peak_mib()
    theirs = Theirs(folder, row.kind, row.apart, choice)
    error = differences(theirs, first["steps"], run_theirs(theirs, first["steps"])["steps"])
    clock = "cpu" if cores == 1 else "wall"
    n = max(1, round(seconds * STEPS / first[clock] / row.cycle)) * row.cycle
    turns = []
    for _ in range(rounds):
        a = ours.run(n)
        turns.append((a, run_theirs(theirs, a["steps"])))
    ratio = sorted(b[clock] / a[clock] for a, b in turns)
    madds = turns[0][0]["madds"] / n
    tasks = [step.get("tasks") for step in turns[0][0]["steps"]]
    return dict(
        row=row.title, cores=cores, choice=choice, differences=error,
        void=not all(e <= AGREE[key] for key, e in error.items()),
        ratio=statistics.median(ratio), ratios=ratio,
        ours_ms=statistics.median(a[clock] for a, _ in turns) / n * 1e3,
        theirs_ms=statistics.median(b[clock] for _, b in turns) / n * 1e3,
        ours_madds=madds, theirs_madds=sum(theirs.count(t) for t in tasks) / n,
        fma_gflops=statistics.median(a["fma"] for a, _ in turns),
        fma_share=statistics.median(2e-9 * a["madds"] / a[clock] / cores / a["fma"] for a, _ in turns if a["fma"])
        if turns[0][0]["fma"] else None,
        ours_mib=turns[-1][0]["mib"], theirs_mib=peak_mib(), theirs_program_mib=program)


def scatter(ratios):
    """Half of the middle half's width, of the median."""
    q = statistics.quantiles(ratios, n=4) if len(ratios) > 1 else [ratios[0]] * 3
    return (q[2] - q[0]) / 2 / q[1]


def show(r):
    note = ("VOID: " if r["void"] else "") + ", ".join("%s %.0e" % e for e in r["differences"].items())
    if scatter(r["ratios"]) > 0.03:
        note += "; ratios scatter by %.0f %%" % (100 * scatter(r["ratios"]))
    share = "-" if r["fma_share"] is None else "%.2f" % r["fma_share"]
    print("| %s | %d | %.3f | %.3f | **%.2f** (%.2f to %.2f) | %.2f, %.2f | %s | %.0f, %.0f | %s |" % (
        r["row"], r["cores"], r["ours_ms"], r["theirs_ms"], r["ratio"], r["ratios"][0], r["ratios"][-1],
        r["ours_madds"] * 1e-9, r["theirs_madds"] * 1e-9, share, r["ours_mib"], r["theirs_mib"], note), flush=True)


def machine():
    """What it is; an OpenBLAS that is older than it, and takes it for one of 2004, is told so for both."""
    with open("/proc/cpuinfo", encoding="utf-8") as f:
        about = dict(re.findall(r"^(model name|flags)\s*: (.*)$", f.read(), re.MULTILINE))
    name = ctypes.CDLL("libopenblas.so.0").openblas_get_corename
    name.restype = ctypes.c_char_p
    core = name().decode()
    if core == "Prescott" and "avx512f" in about.get("flags", "").split():
        core = os.environ["OPENBLAS_CORETYPE"] = "SkylakeX"
    return dict(processor=about.get("model name", "unknown"), openblas=core, cores=os.cpu_count(),
                load=os.getloadavg()[0])


def main():
    if os.getuid() == 0:
        os.environ.update(OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1")
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rows", nargs="*", default=list(ROWS))
    parser.add_argument("--cores", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--rounds", type=int, default=11)
    parser.add_argument("--seconds", type=float, default=1)
    parser.add_argument("--out")
    parser.add_argument("--alone", action="store_true", help=argparse.SUPPRESS)
    a = parser.parse_args()
    for name in a.rows:
        if name not in ROWS:
            parser.error("no row %s: %s" % (name, " ".join(ROWS)))
    if not os.access(OURS, os.X_OK):
        sys.exit("peer.py: no %s: make bench-peer makes it" % OURS)
    if a.alone:
        print(json.dumps(measure(a.rows[0], a.cores[0], a.rounds, a.seconds)))
        return
    found = dict(machine=machine(), rows=[])
    print("%s, OpenBLAS for %s, %d cores, load %.1f" % tuple(found["machine"].values()))
    print("| what | cores | ours, ms | PyTorch, ms | ratio | 10^9 multiply-adds, ours, PyTorch | of FMA peak |"
          " MiB, ours, PyTorch | differences |\n" + "|---" * 9 + "|")
    for name in a.rows:
        for cores in a.cores:
            # A process of its own, for the peak of its memory.
            said = subprocess.run([sys.executable, __file__, name, "--cores", str(cores), "--rounds", str(a.rounds),
                                   "--seconds", str(a.seconds), "--alone"], stdout=subprocess.PIPE)
            if said.returncode != 0:
                sys.exit("peer.py: row %s has failed" % name)
            found["rows"].append(json.loads(said.stdout))
            show(found["rows"][-1])
            if a.out:
                with open(a.out, "w", encoding="utf-8") as f:
                    json.dump(found, f, indent=1)
    sys.exit(any(r["void"] for r in found["rows"]))


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
