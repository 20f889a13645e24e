"""How long `circuitc check` takes: processor time of every example, as a ratio to `python -c "import lark"`.

Fresh processes, the median of several, baseline and examples in turn, so that a busy machine slows both alike. Run:
`python benchmarks/check.py [FILE.circ ...] [--repeats 5]`; exit 1 if a ratio is above the bar.
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
BAR = 6.0
BASELINE = (sys.executable, "-c", "import lark")
CHECK = (sys.executable, "-c", "from circuitlang.cli import main; main()", "check")


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("files", type=Path, nargs="*", default=sorted((ROOT / "examples").glob("*.circ")))
    options.add_argument("--repeats", type=int, default=5)
    chosen = options.parse_args()
    commands = {file.name: (*CHECK, str(file)) for file in chosen.files}
    for command in (BASELINE, *commands.values()):  # once for the caches of Python and of the grammar
        seconds(command)
    times: dict[str, list[float]] = {name: [] for name in ("import lark", *commands)}
    for _ in range(chosen.repeats):
        for name, command in {"import lark": BASELINE, **commands}.items():
            times[name].append(seconds(command))
    medians = {name: statistics.median(found) for name, found in times.items()}
    baseline = medians.pop("import lark")
    sys.stdout.write(f"{'import lark':24}  {1e3 * baseline:5.0f} ms\n")
    for name, median in medians.items():
        sys.stdout.write(f"{name:24}  {1e3 * median:5.0f} ms  {median / baseline:5.2f}\n")
    with tempfile.TemporaryDirectory() as empty:
        first = seconds(next(iter(commands.values())), XDG_CACHE_HOME=empty)
    sys.stdout.write(f"{'the first check of all':24}  {1e3 * first:5.0f} ms  {first / baseline:5.2f}  (no bar)\n")
    worst = max(medians.values()) / baseline
    sys.stdout.write(f"worst ratio {worst:.2f}, bar {BAR:.0f}\n")
    return int(worst > BAR)


def seconds(command: tuple[str, ...], **environment: str) -> float:
    """Processor seconds of a fresh process, user and system."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, **environment})
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {done.returncode}:\n{done.stderr}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


if __name__ == "__main__":
    sys.exit(main())
