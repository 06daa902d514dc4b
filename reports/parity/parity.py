#!/usr/bin/env python3
"""Asks SkyPilot's optimizer and `sky plan` the same things of the same price tables, and compares.

    python3 reports/parity/parity.py                # everything but the long cases
    python3 reports/parity/parity.py --big          # those too (many minutes)
    python3 reports/parity/parity.py --only v100 l4 # some requests; prints, changes no file
    python3 reports/parity/parity.py --steps compare  # only compares what is recorded

Needs Python 3.11 or newer with venv and pip, and `cargo build --release --bin sky --example plan_times`.
"""

import argparse
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
STEPS = ("peer", "ours", "compare")
SKYPILOT = "skypilot==0.14.1"


def main():
    """Prepares the virtual environment, then goes on in it."""
    args = parse(sys.argv[1:])
    python = os.path.join(args.venv, "bin", "python")
    if not os.path.exists(python):
        subprocess.run([sys.executable, "-m", "venv", args.venv], check=True)
    probe = "import importlib.metadata as m, sys; sys.exit(m.version('skypilot') != '0.14.1')"
    if subprocess.run([python, "-c", probe], check=False, stderr=subprocess.DEVNULL).returncode != 0:
        constraints = os.path.join(HERE, "constraints.txt")
        subprocess.run([python, "-m", "pip", "install", "--quiet", "-c", constraints, SKYPILOT], check=True)
    environment = {**os.environ, "PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1"}
    run = [python, os.path.join(HERE, "run.py"), *sys.argv[1:]]
    raise SystemExit(subprocess.run(run, check=False, env=environment).returncode)


def parse(arguments):
    """The command line."""
    target = os.environ.get("CARGO_TARGET_DIR", os.path.join(ROOT, "target"))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--venv", default=os.path.join(target, "parity", "venv"),
                        help="virtual environment, made if it is not there (default: under target/)")
    parser.add_argument("--work", default=os.path.join(target, "parity", "work"),
                        help="directory for converted price tables and raw answers (default: under target/)")
    parser.add_argument("--sky", default=os.path.join(target, "release", "sky"), help="the binary to compare")
    parser.add_argument("--times", default=os.path.join(target, "release", "examples", "plan_times"),
                        help="the example that takes the time of planning alone")
    parser.add_argument("--catalogs", default=os.path.join(ROOT, "catalogs"), help="the price tables")
    parser.add_argument("--results", default=os.path.join(HERE, "results"), help="directory of the CSV files")
    parser.add_argument("--requests", default=os.path.join(HERE, "requests.yaml"))
    parser.add_argument("--only", nargs="+", help="only these requests")
    parser.add_argument("--random", type=int, metavar="N", help="instead, N requests drawn at random")
    parser.add_argument("--seed", type=int, default=1, help="which random ones (1)")
    parser.add_argument("--big", action="store_true", help="ask SkyPilot the long cases too")
    parser.add_argument("--repeat", type=int, default=10, help="runs of `sky plan` to take the least time of (10)")
    parser.add_argument("--limit", type=int, default=900, help="seconds a long case may take SkyPilot (default: 900)")
    parser.add_argument("--steps", nargs="+", choices=STEPS, default=STEPS)
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
