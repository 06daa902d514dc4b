"""What parity.py does inside the virtual environment: asks both programs, records, compares, reports."""

import json
import os
import subprocess
import sys

import asked
import draw
import layout
import records
import referee
from parity import HERE, parse


def main():
    """Runs the steps that the command line names."""
    args = parse(sys.argv[1:])
    args.recorded = None
    requests = wanted(args)
    os.makedirs(args.work, exist_ok=True)
    os.makedirs(args.results, exist_ok=True)
    if "peer" in args.steps:
        peer(args, requests)
    if "ours" in args.steps:
        import ours
        ours.record(args, requests)
    if "compare" in args.steps:
        import compare
        raise SystemExit(compare.compare(args, requests))


def wanted(args):
    """The requests; a look at other ones than the whole list makes no record but below `work`."""
    if args.random is None and args.only is None:
        return asked.load(args.requests, big=True)
    name = "only" if args.random is None else f"random-{args.seed}"
    args.work = os.path.join(args.work, name)
    args.recorded, args.results = args.results, os.path.join(args.work, "results")
    if args.random is None:
        return asked.load(args.requests, big=True, only=args.only)
    return draw.requests(referee.Tables(args.catalogs), args.random, args.seed)


def peer(args, requests):
    """Asks SkyPilot; the long cases one process each, so that one that does not end costs no other its answer."""
    runtime = os.path.join(args.work, "skypilot")
    layout.write(args.catalogs, runtime)
    short = [request for request in requests if not request.get("big")]
    answers = ask_peer(args, runtime, short, None)
    for request in requests if args.big or args.only else []:
        if request.get("big"):
            answers += ask_peer(args, runtime, [request], args.limit)
    records.write_peer(args.results, requests, answers)


def ask_peer(args, runtime, requests, limit):
    """The answers of one SkyPilot process, without that to its warm-up; after `limit` seconds it is stopped."""
    if not requests:
        return []
    out = os.path.join(args.work, "peer.jsonl")
    asks = json.dumps([{"id": request["id"], "documents": request["documents"]} for request in requests])
    environment = {**os.environ, "SKY_RUNTIME_DIR": runtime, "HOME": runtime, "SKYPILOT_DISABLE_USAGE_COLLECTION": "1"}
    try:
        subprocess.run([sys.executable, os.path.join(HERE, "peer.py"), out], input=asks.encode(), check=True,
                       env=environment, timeout=limit, start_new_session=True)
    except subprocess.TimeoutExpired:
        ended = requests[0]["id"]
        print(f"{ended}: stopped after {limit} s", file=sys.stderr)
        return [{"id": ended, "error": "Stopped", "message": f"no answer after {limit} s", "cpu_s": float(limit),
                 "solver_cpu_s": 0.0, "wall_s": float(limit)}]
    with open(out, encoding="utf-8") as file:
        return [json.loads(line) for line in file][1:]


if __name__ == "__main__":
    main()
