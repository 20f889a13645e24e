"""How long `circuitc check` takes: processor time of every example, as a ratio to `python -c "import lark"`.

Fresh processes, the median of several, baseline and examples in turn, so that a busy machine slows both alike; byte
code is cached for both, whatever the environment says. The many programs of examples/interpbench run once, and again
only where that comes near the bar. Beside the examples there are programs made here that are as large as interactive
use has to bear; they have a bar of their own. Run: `python benchmarks/check.py [FILE.circ ...] [--repeats 5]`; exit 1
if a ratio is above its bar.
"""

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
BAR, HEAVY_BAR = 6.0, 16.0
NEAR = 0.8  # of the bar
BASELINE = (sys.executable, "-c", "import lark")
CHECK = (sys.executable, "-c", "from circuitlang.cli import main; main()", "check")

TABLE = """circ 1
domain Number = 0..999
model Add(a: Number, b: Number) -> out {
  sum = a + b
  out = if sum > 999 then sum - 1000 else sum
}
data Pairs for Add { a ~ uniform(Number)  b ~ uniform(Number)  prompt = "{a} {b} =" }
network Small = transformer { layers = 2  heads = 4  d_model = 64 }
claim adds : accuracy(Small, Add) >= 0.99 on Pairs
train Small by supervised(Add) on Pairs { until = {adds} }
"""
COMPILED_TABLE = """circ 1
domain Number = 0..999
model Rises(w[i]: Number) -> out {
  before[i] = if i == 0 then 0 else w[i - 1]
  out[i]    = w[i] > before[i]
}
data Pairs for Rises { w ~ uniform(Number)  length(w) = 2 }
network Exact = tracr(Rises)
claim rises : accuracy(Exact, Rises) >= 0.99 on Pairs
"""
LETTERS = """circ 1
domain Letter = "a".."z"
model Words(w[i]: Letter) -> out {
  first[i]  = not any(w[j] == w[i] for j where j < i)
  n[i]      = count(j where w[j] == w[i])
  rank[i]   = count(j where w[j] < w[i] or w[j] == w[i] and j < i)
  sorted[i] = the(w[j] for j where rank[j] == i)
  out[i]    = if first[i] and n[i] > 1 then sorted[i] else w[i]
}
data Strings for Words { w ~ uniform(Letter)  length(w) ~ uniform(1..20) }
network Exact = tracr(Words)
claim right : accuracy(Exact, Words) >= 0.99 on Strings
"""
CLAIMS = """model M{k}(tokens[i]: Token) -> frac {{
  is_x[i] : bool = tokens[i] == "x"
  frac[i]        = mean(is_x[j] for j where j <= i)
}}
data D{k} for M{k} {{ tokens ~ uniform(Token)  length(tokens) = 4  tolerance = 0.05 }}
network E{k} = tracr(M{k})
network T{k} = transformer {{ layers = 2  heads = 4  d_model = 12  norm = none }}
align A{k} : M{k} -> T{k} {{ is_x -> L0.mlp  frac -> L1.H2 }}
train T{k} by siit(A{k}) on D{k} {{ at_most = 100 steps }}
claim exact{k} : accuracy(E{k}, M{k}) == 1 on D{k}
claim behaves{k} : accuracy(T{k}, M{k}) >= 0.99 on D{k}
claim implements{k} : iia(A{k}, n) >= 0.99 for n in {{is_x, frac}} on D{k}
claim strict{k} : strictness(A{k}) >= 0.9 on D{k}
"""
HUNDRED = 'circ 1\ndomain Token = {"w", "x", "y", "z"}\n' + "".join(CLAIMS.format(k=k) for k in range(25))
HEAVY = {"1000 x 1000": TABLE, "compiled": COMPILED_TABLE, "20 letters": LETTERS, "100 claims": HUNDRED}


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("files", type=Path, nargs="*")
    options.add_argument("--repeats", type=int, default=5)
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        files = chosen.files or [*sorted((ROOT / "examples").glob("*.circ")), *near(folder)]
        light = ratios({file.name: file for file in files}, chosen.repeats, folder)
        heavy = {} if chosen.files else ratios(dict(written(Path(folder))), chosen.repeats, folder)
    sys.stdout.write(f"worst ratio {max(light.values()):.2f}, bar {BAR:g}")
    sys.stdout.write(f"; of large programs {max(heavy.values()):.2f}, bar {HEAVY_BAR:g}\n" if heavy else "\n")
    return int(max(light.values()) > BAR or max(heavy.values(), default=0) > HEAVY_BAR)


def near(caches: str) -> list[Path]:
    """The programs of the suite that one run finds near the bar, and the slowest of them in any case."""
    files = {file.name: file for file in sorted((ROOT / "examples" / "interpbench").glob("*.circ"))}
    if not files:
        return []
    medians = measure({name: (*CHECK, str(file)) for name, file in files.items()}, 1, caches)
    baseline = medians.pop("import lark")
    slowest = max(medians, key=lambda name: medians[name])
    return [files[name] for name, median in medians.items() if name == slowest or median > NEAR * BAR * baseline]


def written(folder: Path) -> list[tuple[str, Path]]:
    """The large programs, as files."""
    paths = [(name, folder / f"{name.replace(' ', '_')}.circ") for name in HEAVY]
    for name, path in paths:
        path.write_text(HEAVY[name])
    return paths


def ratios(files: dict[str, Path], repeats: int, caches: str) -> dict[str, float]:
    """What every check takes, in units of the baseline; printed as it is known."""
    medians = measure({name: (*CHECK, str(file)) for name, file in files.items()}, repeats, caches)
    baseline = medians.pop("import lark")
    sys.stdout.write(f"{'import lark':28}  {1e3 * baseline:5.0f} ms\n")
    for name, median in medians.items():
        sys.stdout.write(f"{name:28}  {1e3 * median:5.0f} ms  {median / baseline:5.2f}\n")
    return {name: median / baseline for name, median in medians.items()}


def measure(commands: dict[str, tuple[str, ...]], repeats: int, caches: str) -> dict[str, float]:
    """Median processor seconds of the baseline and of every command, once their caches are filled."""
    environment = {**os.environ, "PYTHONPYCACHEPREFIX": caches, "XDG_CACHE_HOME": caches}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    commands = {"import lark": BASELINE, **commands}
    first = [*commands.values()][: None if repeats > 1 else 2]  # all programs use the same byte code
    for command in first:
        seconds(command, environment)
    rounds = [{name: seconds(command, environment) for name, command in commands.items()} for _ in range(repeats)]
    return {name: statistics.median(one[name] for one in rounds) for name in commands}


def seconds(command: tuple[str, ...], environment: dict[str, str]) -> float:
    """Processor seconds of a fresh process, user and system."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {done.returncode}:\n{done.stderr}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


if __name__ == "__main__":
    sys.exit(main())
