"""Holds both programs' answers against each other and against the referee, and gives every difference its reason.

A difference without a reason is called UNEXPLAINED and makes the script fail.
"""

import collections
import json
import os

import records
import referee
import report
from parity import HERE

Reason = collections.namedtuple("Reason", "whose text")
REASONS = {
    "all-machines": Reason("choice", "ours keeps every machine that satisfies the request; SkyPilot keeps, of each "
                           "cloud, the type that it deems cheapest, everywhere"),
    "slices": Reason("choice", "a slice of an A10 on Azure counts as A10:1, as on SkyPilot's failover page; its 0.14.1 "
                     "wants A10:0.167, A10:0.333 or A10:0.5 for them"),
    "spot-by-on-demand": Reason("theirs", "for spot without accelerator SkyPilot picks the type by its on-demand "
                                "price; another type is cheaper on spot"),
    "attach-limit": Reason("theirs", "SkyPilot lists a machine that GCP does not attach so many accelerators to "
                           "(V100:1 takes at most 12 vCPUs and 78 GiB): the launch would be refused"),
    "cap": Reason("theirs", "SkyPilot lists candidates above max_hourly_cost: it holds the cap against the cheapest "
                  "place only, and on GCP against the accelerator without its machine"),
    "twice": Reason("theirs", "SkyPilot lists an offer once an alternative, and would try it twice"),
    "ties": Reason("choice", "equal cost: ours orders by cloud, region and zone (on AWS, us-* first), SkyPilot by the "
                   "order in which clouds were enabled and alternatives happen to come out of a set"),
    "egress-tiers": Reason("theirs", "SkyPilot's tiers for AWS and Azure are wrong from 10 TB on: what lies in a "
                           "higher tier is also taken off the lower one, so that 10,240 GB cost nothing"),
}

# One request's outcome. `reasons` explain the choice, `list_reasons` the ranked list.
Outcome = collections.namedtuple("Outcome", "id group choice reasons ranked list_reasons referee details")


def compare(args, requests):
    """Compares everything that is recorded, writes CSV and README; the exit code is 1 if anything is unexplained."""
    tables = referee.Tables(args.catalogs)
    peers = read_peer(args.results)
    with open(os.path.join(args.work, "ours.json"), encoding="utf-8") as file:
        mine = {answer["id"]: answer for answer in json.load(file)}
    outcomes = []
    for request in requests:
        if request["id"] in peers and request["id"] in mine:
            outcomes.append(judge(request, peers[request["id"]], mine[request["id"]], tables))
    unexplained = [outcome for outcome in outcomes if "UNEXPLAINED" in outcome.reasons + outcome.list_reasons
                   or outcome.referee not in ("agrees", "-")]
    rows = records.compared(args.results, outcomes, peers, mine)
    if args.recorded is None:
        report.write(os.path.join(HERE, "README.md"), rows, REASONS)
    elif args.random is not None:
        records.write(os.path.join(args.recorded, "random.csv"), records.RANDOM,
                      [{**row, "request": request["text"].strip()} for row, request in zip(rows, requests)])
    for outcome in unexplained:
        print(f"{outcome.id}: {outcome.choice} {outcome.reasons}, list: {outcome.ranked} {outcome.list_reasons}, "
              f"referee {outcome.referee}: {outcome.details}")
    print(f"{len(outcomes)} requests compared, {len(unexplained)} with something unexplained")
    return 1 if unexplained else 0


def read_peer(results):
    """SkyPilot's answers as recorded."""
    found = {}
    for row in records.read(os.path.join(results, "peer.csv")):
        times = {key: float(row[key]) for key in ("cpu_s", "solver_cpu_s", "wall_s")}
        found[row["id"]] = {**row, **times, "tasks": {}, "total_cost": float(row["total_cost"] or 0)}
    for row in records.read(os.path.join(results, "peer_chosen.csv")):
        found[row["id"]]["tasks"][row["task"]] = {"chosen": typed(row), "candidates": []}
    for row in records.read(os.path.join(results, "peer_candidates.csv")):
        found[row["id"]]["tasks"][row["task"]]["candidates"].append(typed(row))
    return found


def typed(row):
    """A row of text with its numbers."""
    return {**row, "spot": row["spot"] == "True", "price": float(row["price"]), "cost": float(row["cost"]),
            "alternative": int(row.get("alternative") or 0)}


def judge(request, theirs, mine, tables):
    """One request."""
    if theirs["error"] or mine.get("error"):
        return refusal(request, theirs, mine, tables)
    if len(request["documents"]) > 1:
        return graph(request, theirs, mine, tables)
    return single(request, theirs, mine, tables)


def unit(row):
    """What makes two candidates the same: place, machine, terms and price. The accelerator only where the machine does
    not say it; SkyPilot leaves it out where the machine was named."""
    carries = row["accelerators"] if row["type"].startswith("n1-") or row["type"] == "TPU-VM" else ""
    whole = row["cloud"] == "aws" and not row["spot"]
    return (row["alternative"], row["cloud"], row["region"], "" if whole else row["zone"], row["type"], carries,
            row["spot"], micros(row["price"]))


def kind(row):
    """What SkyPilot keeps one of per cloud and alternative."""
    of = unit(row)
    return of[0], of[1], of[4], of[5], of[6]


def micros(dollars):
    """Dollars as an integer of millionths."""
    return round(dollars * 1e6)


def refusal(request, theirs, mine, tables):
    """At least one of both refuses."""
    if theirs["error"] and mine.get("error"):
        return Outcome(request["id"], request["group"], "both refuse", [], "-", [], "-", "")
    if mine.get("error"):
        task = next(iter(theirs["tasks"].values()))
        reasons = sorted({invalid(row, request, tables) for row in task["candidates"]})
        rows = referee.candidates(tables, request["documents"][0])
        return Outcome(request["id"], request["group"], "only ours refuses", reasons, "-", [],
                       "disagrees" if rows else "agrees", mine["message"])
    return Outcome(request["id"], request["group"], "only SkyPilot refuses", ["UNEXPLAINED"], "-", [], "-",
                   theirs["message"])


def invalid(row, request, tables):
    """Why a candidate of SkyPilot is not one of ours."""
    document = json.loads(json.dumps(request["documents"][0]))
    resources = document.get("resources") or {}
    blocks = [resources] + resources.get("any_of", []) + resources.get("ordered", [])
    if any("max_hourly_cost" in block for block in blocks):
        for block in blocks:
            block.pop("max_hourly_cost", None)
        if unit(row) in {of_referee(each) for each in referee.candidates(tables, document)}:
            return "cap"
    if row["type"].startswith("n1-") and row["accelerators"]:
        name, count = row["accelerators"].split(":")
        family, vcpus = row["type"].rsplit("-", 1)
        memory = int(vcpus) * {"n1-standard": 3.75, "n1-highmem": 6.5, "n1-highcpu": 0.9}[family]
        limits = referee.N1_LIMITS.get((name, float(count)), (0, 0))
        if int(vcpus) > limits[0] or memory > limits[1]:
            return "attach-limit"
    return "UNEXPLAINED"


def of_referee(row):
    """The unit of a candidate of the referee."""
    return unit({**row._asdict(), "alternative": row.rank, "price": row.price / 1e6})


def single(request, theirs, mine, tables):
    """A request of one task: chosen candidate, ranked list, and the referee's list."""
    task, own = next(iter(theirs["tasks"].values())), mine["tasks"][0]
    kinds = {kind(row) for row in task["candidates"]}
    same_kinds = dedup([unit(row) for row in own["candidates"] if kind(row) in kinds])
    listed = [unit(row) for row in task["candidates"]]
    ranked, list_reasons, details = lists(request, task, listed, same_kinds, tables)
    if any(kind(row) not in kinds for row in own["candidates"]):
        list_reasons.append("all-machines")
    choice, reasons = choose(request, task["chosen"], own, kinds, tables)
    return Outcome(request["id"], request["group"], choice, reasons, ranked, list_reasons,
                   against(referee.candidates(tables, request["documents"][0]), own["candidates"]), details)


def dedup(units):
    """Each once, at its first place (several zones of a gang on AWS are one region here)."""
    return list(dict.fromkeys(units))


def lists(request, task, listed, own, tables):
    """Compares the ranked lists, ours reduced to the machines that SkyPilot keeps."""
    reasons, details = set(), ""
    if len(set(listed)) < len(listed):
        reasons.add("twice")
    listed = dedup(listed)
    ours_set, theirs_set = set(own), set(listed)
    rows = {unit(row): row for row in task["candidates"]}
    for missing in sorted(theirs_set - ours_set):
        reasons.add(invalid(rows[missing], request, tables))
    extra = sorted(ours_set - theirs_set)
    if extra:
        reasons.add("UNEXPLAINED")
        details = f"{len(extra)} of ours are not SkyPilot's, as {extra[0]}"
    both = [each for each in listed if each in ours_set]
    mine = [each for each in own if each in theirs_set]
    if both == mine:
        order = "same order"
    elif [(each[0], each[-1]) for each in both] == [(each[0], each[-1]) for each in mine] or runtimes(request):
        order = "same but for ties"
        reasons.add("ties")
    else:
        order = "other order"
        reasons.add("UNEXPLAINED")
    if theirs_set - ours_set:
        order += f", {len(theirs_set - ours_set)} of theirs left out"
    return order, sorted(reasons), details


def runtimes(request):
    """True if alternatives run for different times, so that prices are not in the order of costs."""
    return "estimated_runtime" in json.dumps(request["documents"])


def choose(request, theirs, mine, kinds, tables):
    """Compares what is chosen."""
    own, ours_all = mine["chosen"], {unit(row)[1:] for row in mine["candidates"]}
    if unit(theirs)[1:] == unit(own)[1:]:
        return "same", []
    if unit(theirs)[1:] not in ours_all:
        return "theirs is not valid", [invalid(theirs, request, tables)]
    difference = micros(own["cost"]) - micros(theirs["cost"])
    if abs(difference) <= 1 and kind(own) in kinds:
        return "same cost, other place", ["ties"]
    if difference > 0:
        return "ours dearer", ["UNEXPLAINED"]
    if own["type"] in referee.A10_SLICES:
        return "ours cheaper", ["slices"]
    if kind(own) in kinds:
        return "ours cheaper", ["UNEXPLAINED"]
    if own["spot"] and not own["accelerators"]:
        return "ours cheaper", ["spot-by-on-demand"]
    return ("ours cheaper" if difference < 0 else "same cost, other machine"), ["all-machines"]


def against(rows, own):
    """Whether our whole list is the referee's: the same candidates, by rank and cost, ties in the documented order."""
    ours = [(row["alternative"], micros(row["cost"]), *unit(row)[1:5], row["spot"], micros(row["price"])) for row in own]
    theirs = {(row.rank, row.cost, row.cloud, row.region, row.zone, row.type, row.spot, row.price) for row in rows}
    if set(ours) != theirs:
        more, less = sorted(set(ours) - theirs), sorted(theirs - set(ours))
        return f"has {len(less)} more and {len(more)} fewer, as {(less + more)[0]}"
    return "agrees" if own == sorted(own, key=documented_order) else "orders otherwise"


def documented_order(row):
    """The order of ours, to the last tie."""
    abroad = row["cloud"] == "aws" and not row["region"].startswith("us-")
    return row["alternative"], micros(row["cost"]), row["cloud"], abroad, row["region"], row["zone"], row["type"]


def graph(request, theirs, mine, tables):
    """A chain or graph: totals, under SkyPilot's own tariff for egress."""
    documents = request["documents"]
    lists_ = [referee.candidates(tables, document) for document in documents]
    parents = referee.parents(documents)
    best = referee.plan(documents, parents, lists_)
    with_fault = referee.plan(documents, parents, lists_, referee.skypilot_egress)
    total, own = theirs["total_cost"], mine["total_cost"]
    agrees = "-" if best is None else "agrees" if abs(best - own) < 2e-6 * len(documents) else f"says {best:.6f}"
    if not mine["optimal"]:
        agrees = "ours is not proved"
    details = ""
    if abs(total - own) < 2e-6 * len(documents):
        same = all(unit(theirs["tasks"][task["name"]]["chosen"])[1:] == unit(task["chosen"])[1:]
                   for task in mine["tasks"])
        choice, reasons = ("same", []) if same else ("same cost, other places", ["ties"])
    else:
        choice = "ours cheaper" if own < total else "ours dearer"
        reasons = sorted(graph_reasons(documents)) or ["UNEXPLAINED"]
        if reasons == ["egress-tiers"]:
            choice, reasons = ("counted otherwise", reasons) if abs(with_fault - total) < 1e-6 else (choice, ["UNEXPLAINED"])
    return Outcome(request["id"], request["group"], choice, reasons, "-", [], agrees, details)


def graph_reasons(documents):
    """Why the totals of two plans may differ."""
    for document in documents:
        if any(10 * 1024 <= referee.size(document, key) for key in ("inputs", "outputs")):
            yield "egress-tiers"
        resources = document.get("resources") or {}
        if resources.get("use_spot") and not resources.get("accelerators"):
            yield "spot-by-on-demand"
