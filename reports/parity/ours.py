"""Asks `sky plan` the same requests, and takes its time.

`answer` is the one place that knows the shape of its JSON: `sky.plan/1` for one task, `sky.plans/1` for several, and
`{"error": {...}}`.
"""

import json
import os
import subprocess
import tempfile
import time

import layout
import records


def record(args, requests):
    """Writes what `sky plan` answers to every request: all of it below `work`, the gist as CSV."""
    folder = os.path.join(args.work, "tasks")
    os.makedirs(folder, exist_ok=True)
    split = os.path.join(args.work, "skypilot", layout.TABLES)
    answers = []
    for request in requests:
        path = os.path.join(folder, f"{request['id']}.yaml")
        with open(path, "w", encoding="utf-8") as file:
            file.write(request["text"])
        tariff = ("--egress", "skypilot")
        found = answer(request["id"], ask(args.sky, path, *tariff))
        found["same_from_split"] = found == answer(request["id"], ask(args.sky, path, *tariff, "--catalogs", split))
        if len(found.get("tasks", [])) > 1:
            found["by_region"] = answer(request["id"], ask(args.sky, path))["total_cost"]
        found.update(timed(args.sky, path, args.repeat))
        answers.append(found)
    for found, times in zip(answers, planning(args, requests)):
        found.update(times)
    with open(os.path.join(args.work, "ours.json"), "w", encoding="utf-8") as file:
        json.dump(answers, file)
    records.write_ours(args.results, answers)
    tables_agree(args, folder)


def ask(sky, path, *flags):
    """Exit code and JSON."""
    done = subprocess.run([sky, "plan", path, "-o", "json", *flags], check=False, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL)
    return done.returncode, json.loads(done.stdout)


def answer(name, asked):
    """An answer of `sky plan` in the shape that peer.py gives SkyPilot's."""
    code, document = asked
    found = {"id": name, "exit": code}
    if code != 0:
        problems = document["error"].get("problems") or [document["error"]]
        return {**found, "error": "refused", "message": "; ".join(problem["message"] for problem in problems)}
    if document["schema"] == "sky.plans/1":
        found["tasks"] = [{"name": task["task"], "nodes": task["nodes"], "count": task["candidates"],
                           "chosen": candidate(task["chosen"], task["nodes"])} for task in document["tasks"]]
        return {**found, "total_cost": document["cost"], "optimal": document["optimal"]}
    rows = [candidate(row, document["nodes"]) for row in document["candidates"]]
    found["tasks"] = [{"name": document.get("task") or "task-0", "nodes": document["nodes"], "count": len(rows),
                       "candidates": rows, "chosen": rows[0]}]
    return {**found, "total_cost": rows[0]["cost"]}


def candidate(row, nodes):
    """One candidate; its zone is named where an attempt is confined to one."""
    zones = row["zones"]
    whole = row["cloud"].lower() == "aws" and row["capacity"] == "on-demand" and nodes == 1
    return {
        "alternative": row["preference"],
        "cloud": row["cloud"].lower(),
        "region": row["region"],
        "zone": "" if whole or not zones else zones[0],
        "type": row["instance_type"],
        "accelerators": row.get("accelerators", ""),
        "spot": row["capacity"] == "spot",
        "price": row["price_hourly_node"],
        "cost": row["cost"],
    }


def planning(args, requests):
    """Of each request the microseconds that planning takes in a process that is up."""
    asks = json.dumps([{"id": request["id"], "text": request["text"]} for request in requests])
    done = subprocess.run([args.times], input=asks.encode(), check=True, stdout=subprocess.PIPE)
    lines = {line["id"]: line for line in map(json.loads, done.stdout.splitlines())}
    for request in requests:
        line = lines.get(request["id"], {})
        yield {"plan_us": line["ns"] / 1e3} if line else {}


def timed(sky, path, repeat):
    """The least processor time and the least time on the wall of whole processes that print the table."""
    best = None
    for _ in range(repeat):
        with tempfile.TemporaryFile() as out:
            started = time.perf_counter()
            process = subprocess.Popen([sky, "plan", path], stdout=out, stderr=subprocess.DEVNULL)
            _, _, usage = os.wait4(process.pid, 0)
            took = (usage.ru_utime + usage.ru_stime, time.perf_counter() - started)
        best = took if best is None else tuple(map(min, best, took))
    return {"cpu_s": best[0], "wall_s": best[1]}


def tables_agree(args, folder):
    """The tables that are built in must be those that SkyPilot was given."""
    path = os.path.join(folder, "tables.yaml")
    with open(path, "w", encoding="utf-8") as file:
        file.write("resources: {accelerators: V100}\n")
    hashes = [ask(args.sky, path, *flags)[1]["catalog_hash"] for flags in ((), ("--catalogs", args.catalogs))]
    if hashes[0] != hashes[1]:
        raise SystemExit("the tables that are built into sky are not those of --catalogs: build it anew")
