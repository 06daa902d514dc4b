"""The CSV files that are committed: what each program answered, and what it took."""

import csv
import os

SUMMARY = ["id", "tasks", "candidates", "error", "message", "total_cost", "cpu_s", "solver_cpu_s", "wall_s"]
OURS = ["id", "tasks", "candidates", "error", "message", "total_cost", "by_region", "optimal", "same_from_split",
        "plan_us", "cpu_ms", "wall_ms"]
COMPARED = ["id", "group", "choice", "reasons", "ranked", "list_reasons", "referee", "their_cost", "our_cost",
            "our_cost_by_region", "their_candidates", "our_candidates", "their_message", "our_message", "their_cpu_s",
            "our_plan_us", "our_process_cpu_ms"]
RANDOM = ["id", "request", "choice", "reasons", "ranked", "list_reasons", "referee", "their_cost", "our_cost",
          "their_cpu_s"]
PLACE = ["cloud", "region", "zone", "type", "accelerators", "spot", "price"]
CHOSEN = ["id", "task", *PLACE, "cost"]
CANDIDATES = ["id", "task", "position", "alternative", *PLACE, "cost"]


def write(path, columns, rows):
    """One table."""
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def read(path):
    """One table, as dictionaries of text; nothing if it is not there."""
    if not os.path.exists(path):
        return []
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def write_peer(results, requests, answers):
    """SkyPilot's answers, in the order of the requests; of what was not asked now the old record stays."""
    new = {answer["id"]: answer for answer in answers}
    for name, columns, rows_of in (("peer.csv", SUMMARY, summary), ("peer_chosen.csv", CHOSEN, chosen),
                                   ("peer_candidates.csv", CANDIDATES, candidates)):
        path = os.path.join(results, name)
        old = {}
        for row in read(path):
            old.setdefault(row["id"], []).append(row)
        rows = []
        for request in requests:
            answer = new.get(request["id"])
            rows += old.get(request["id"], []) if answer is None else rows_of(answer)
        write(path, columns, rows)


def write_ours(results, answers):
    """Our answers. Lists run to thousands of candidates, so only the first is kept, and how many there are."""
    write(os.path.join(results, "ours.csv"), OURS, [row for answer in answers for row in ours_summary(answer)])
    write(os.path.join(results, "ours_chosen.csv"), CHOSEN, [row for answer in answers for row in chosen(answer)])


def ours_summary(answer):
    """One line about an answer."""
    tasks = answer.get("tasks", [])
    times = {"cpu_ms": f"{answer['cpu_s'] * 1e3:.2f}", "wall_ms": f"{answer['wall_s'] * 1e3:.2f}"}
    return [{**answer, **times, "tasks": len(tasks), "candidates": candidates_of(answer)}]


def summary(answer):
    """One line about an answer."""
    tasks = answer.get("tasks", [])
    counts = sum(len(task["candidates"]) for task in tasks)
    times = {key: f"{answer[key]:.3f}" for key in ("cpu_s", "solver_cpu_s", "wall_s")}
    return [{**answer, **times, "tasks": len(tasks), "candidates": counts}]


def chosen(answer):
    """The chosen candidate of every task."""
    return [{"id": answer["id"], "task": task["name"], **task["chosen"]} for task in answer.get("tasks", [])]


def candidates(answer):
    """Every candidate of requests of one task; of a graph's tasks only their number is kept (see `summary`)."""
    if len(answer.get("tasks", [])) != 1:
        return []
    task = answer["tasks"][0]
    return [{"id": answer["id"], "task": task["name"], "position": at, **row}
            for at, row in enumerate(task["candidates"])]


def compared(results, outcomes, peers, mine):
    """One line about each request: both answers and what came of it. Returns them as well."""
    rows = []
    for outcome in outcomes:
        theirs, ours = peers[outcome.id], mine[outcome.id]
        several = len(ours.get("tasks", [])) > 1
        rows.append({
            "id": outcome.id, "group": outcome.group, "choice": outcome.choice, "reasons": " ".join(outcome.reasons),
            "ranked": outcome.ranked, "list_reasons": " ".join(outcome.list_reasons), "referee": outcome.referee,
            "their_cost": "" if theirs["error"] else f"{theirs['total_cost']:.6f}",
            "our_cost": "" if ours.get("error") else f"{ours['total_cost']:.6f}",
            "our_cost_by_region": f"{ours['by_region']:.6f}" if several else "",
            "their_candidates": theirs["candidates"], "our_candidates": candidates_of(ours),
            "their_message": f"{theirs['error']}: {theirs['message']}" if theirs["error"] else "",
            "our_message": ours.get("message", ""), "their_cpu_s": f"{theirs['cpu_s'] + theirs['solver_cpu_s']:.3f}",
            "our_plan_us": f"{ours['plan_us']:.1f}" if ours.get("plan_us") else "",
            "our_process_cpu_ms": f"{ours['cpu_s'] * 1e3:.2f}",
        })
    write(os.path.join(results, "compared.csv"), COMPARED, rows)
    return rows


def candidates_of(answer):
    """How many candidates an answer lists."""
    return sum(task["count"] for task in answer.get("tasks", []))
