"""How long `circuitc check` takes: processor time of every example, as a ratio to `python -c "import lark"`.

Fresh processes, the median of several, baseline and examples in turn, so that a busy machine slows both alike; byte
code is cached for both, whatever the environment says. Run: `python benchmarks/check.py [FILE.circ ...] [--repeats 5]`;
exit 1 if a ratio is above the bar.
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
    with tempfile.TemporaryDirectory() as caches:
        medians = measure({file.name: (*CHECK, str(file)) for file in chosen.files}, chosen.repeats, caches)
    baseline = medians.pop("import lark")
    sys.stdout.write(f"{'import lark':24}  {1e3 * baseline:5.0f} ms\n")
    for name, median in medians.items():
        sys.stdout.write(f"{name:24}  {1e3 * median:5.0f} ms  {median / baseline:5.2f}\n")
    worst = max(medians.values()) / baseline
    sys.stdout.write(f"worst ratio {worst:.2f}, bar {BAR:.0f}\n")
    return int(worst > BAR)


def measure(commands: dict[str, tuple[str, ...]], repeats: int, caches: str) -> dict[str, float]:
    """Median processor seconds of the baseline and of every command, once their caches are filled."""
    environment = {**os.environ, "PYTHONPYCACHEPREFIX": caches, "XDG_CACHE_HOME": caches}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    commands = {"import lark": BASELINE, **commands}
    for command in commands.values():
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
