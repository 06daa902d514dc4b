"""Writes the generated parts of README.md, each between two marks; what is outside them is written by hand."""

import collections
import os
import re
import statistics

import records

# Rows of the speed table: what they are, and the request.
SPEED = [("V100:1", "v100"), ("A100:8", "a100-8"), ("T4:1, spot", "spot-t4"), ("a CPU machine", "cpu-default"),
         ("any of ten GPUs", "any-of-gpus-10"), ("an ordered list of three", "list-page"),
         ("a chain of three, 500 GB between", "chain-3-500gb"), ("a diamond of four", "dag-diamond-500gb"),
         ("a chain of 10", "chain-10"), ("a chain of 20", "chain-20"), ("a layered graph of 10", "dag-10")]
WHOSE = {"choice": "our choice", "theirs": "theirs", "ours": "ours"}


def write(path, rows, reasons):
    """Fills in every part."""
    parts = {"summary": summary(rows), "choices": choices(rows), "reasons": told(rows, reasons), "lists": lists(rows),
             "refusals": refusals(rows), "graphs": graphs(rows), "speed": speed(rows),
             "random": drawn(records.read(os.path.join(os.path.dirname(path), "results", "random.csv")))}
    with open(path, encoding="utf-8") as file:
        text = file.read()
    for name, lines in parts.items():
        block = f"<!-- {name}: written by parity.py -->\n" + "\n".join(lines) + f"\n<!-- end of {name} -->"
        pattern = re.compile(f"<!-- {name}: .*?<!-- end of {name} -->", re.DOTALL)
        if not pattern.search(text):
            raise SystemExit(f"README.md has no place for '{name}'")
        text = pattern.sub(lambda _, block=block: block, text)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def table(head, rows, right=()):
    """A table; the columns in `right` are numbers."""
    ends = ["---:" if at in right else "---" for at in range(len(head))]
    return ["", *("| " + " | ".join(str(cell) for cell in row) + " |" for row in [head, ends, *rows]), ""]


def summary(rows):
    """How often the same is chosen, by group."""
    columns = ["same", "same cost", "ours cheaper", "ours dearer", "counted otherwise", "both refuse",
               "only ours refuses", "other"]
    groups = collections.defaultdict(collections.Counter)
    for row in rows:
        # A choice that costs the same counts as such wherever it lies.
        column = "same cost" if row["choice"].startswith("same cost") else row["choice"]
        groups[row["group"]][column if column in columns else "other"] += 1
    groups["**all**"] = sum(groups.values(), collections.Counter())
    used = [column for column in columns if groups["**all**"][column] or column == "ours dearer"]
    return table(["requests", "", *used], [[name, sum(of.values()), *(of[column] or "" for column in used)]
                                           for name, of in groups.items()], range(1, 9))


def choices(rows):
    """Every request whose choice or cost is another one."""
    found = [row for row in rows if row["choice"] not in ("same", "same cost, other places", "both refuse")]
    return table(["request", "SkyPilot, $", "ours, $", "outcome", "why"],
                 [[f"`{row['id']}`", row["their_cost"], row["our_cost"], row["choice"], row["reasons"]]
                  for row in found], (1, 2))


def told(rows, reasons):
    """What the reasons mean, whose they are, and how often they apply to a choice and to a list."""
    uses = [collections.Counter(name for row in rows for name in row[key].split()) for key in
            ("reasons", "list_reasons")]
    return table(["reason", "whose", "choices", "lists", "meaning"],
                 [[f"`{name}`", WHOSE[of.whose], uses[0][name] or "", uses[1][name] or "", of.text]
                  for name, of in reasons.items() if uses[0][name] or uses[1][name]], (2, 3))


def lists(rows):
    """How the ranked lists compare."""
    ranked = [row for row in rows if row["ranked"] != "-"]
    same = [row for row in ranked if row["ranked"] == "same order"]
    theirs, ours = (sum(int(row[key]) for row in ranked) for key in ("their_candidates", "our_candidates"))
    lines = ["", f"Of {len(ranked)} ranked lists, {len(same)} of SkyPilot's are ours, reduced to the machines that it "
             f"keeps: the same candidates (cloud, region, zone, machine, price) in the same order, ties and all. "
             f"SkyPilot's lists hold {theirs:,} candidates, ours {ours:,}. The others:"]
    return lines + table(["request", "SkyPilot's list", "why"],
                         [[f"`{row['id']}`", row["ranked"], " ".join(sorted(set(row["list_reasons"].split())
                                                                            - {"all-machines"}))]
                          for row in ranked if row["ranked"] != "same order"])


def refusals(rows):
    """What both say to what cannot be had."""
    return table(["request", "SkyPilot", "ours"],
                 [[f"`{row['id']}`", cell(row["their_message"]), cell(row["our_message"])]
                  for row in rows if row["choice"] == "both refuse"])


def cell(text):
    """Text of others as a table's cell: no control sequences, no columns, not too long."""
    plain = re.sub(r"\x1b\[[0-9;]*m", "", text).replace("|", "/").replace("<", "&lt;")
    return plain if len(plain) <= 110 else plain[:107] + "..."


def graphs(rows):
    """Totals of chains and graphs."""
    found = [row for row in rows if row["our_cost_by_region"]]
    return table(["request", "SkyPilot, $", "ours, its tariff, $", "places", "referee", "ours, by region, $"],
                 [[f"`{row['id']}`", row["their_cost"], row["our_cost"], row["choice"],
                   "too many to try" if row["referee"] == "-" else row["referee"], row["our_cost_by_region"]]
                  for row in found], (1, 2, 5))


def speed(rows):
    """Processor time, SkyPilot's and ours."""
    by_id = {row["id"]: row for row in rows}
    shown = [(name, by_id[request]) for name, request in SPEED if request in by_id]
    lines = table(["request", "SkyPilot, s", "ours, plan, µs", "times", "ours, whole process, ms", "times"],
                  [[name, row["their_cpu_s"], row["our_plan_us"], f"{warm(row):,.0f}", row["our_process_cpu_ms"],
                    f"{process(row):,.0f}"] for name, row in shown], range(1, 6))
    both = [row for row in rows if row["our_plan_us"] and row["choice"] not in ("both refuse", "only ours refuses")]
    ratios = sorted(warm(row) for row in both)
    whole = sorted(process(row) for row in both)
    theirs, ours = sum(float(row["their_cpu_s"]) for row in both), sum(float(row["our_plan_us"]) for row in both) / 1e6
    return lines + [f"All {len(both)} requests that both answer: SkyPilot {theirs:.0f} s, ours {ours * 1e3:.2f} ms of "
                    f"planning, {theirs / ours:,.0f} times less; the median request {statistics.median(ratios):,.0f} "
                    f"times (least {ratios[0]:,.0f}, most {ratios[-1]:,.0f}). Whole processes of `sky plan` against "
                    f"SkyPilot's optimizer alone: median {statistics.median(whole):,.0f} times "
                    f"(least {whole[0]:,.1f}, most {whole[-1]:,.0f}).", ""]


def warm(row):
    """How many times faster planning is."""
    return float(row["their_cpu_s"]) * 1e6 / float(row["our_plan_us"])


def process(row):
    """How many times less a whole process of ours takes."""
    return float(row["their_cpu_s"]) * 1e3 / float(row["our_process_cpu_ms"])


def drawn(rows):
    """Requests drawn at random."""
    if not rows:
        return ["", "Not run yet.", ""]
    counts = collections.Counter(row["choice"] for row in rows)
    ranked = collections.Counter("same order" if row["ranked"] == "same order" else "other" for row in rows
                                 if row["ranked"] != "-")
    agree = sum(row["referee"] == "agrees" for row in rows)
    reasons = collections.Counter(name for row in rows for name in row["reasons"].split())
    return ["", f"{len(rows)} requests: " + ", ".join(f"{name} {count}" for name, count in counts.most_common())
            + f". Ranked lists in the same order: {ranked['same order']} of {sum(ranked.values())}. The referee agrees "
            + f"with ours on {agree} (it is not asked where both refuse). Why choices differ: "
            + (", ".join(f"`{name}` {count}" for name, count in reasons.most_common()) or "they do not") + ".", ""]
