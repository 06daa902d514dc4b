"""Requests drawn at random: the ones that nobody thought of. The same seed gives the same requests."""

import random

import yaml


def requests(tables, count, seed):
    """So many requests of one task, over the accelerators, machines and places that the tables have."""
    luck = random.Random(seed)
    devices = sorted({(each.accelerator, each.count) for each in tables.offers if each.accelerator})
    machines = sorted({(each.cloud, each.type) for each in tables.offers if each.type != "TPU-VM"})
    places = sorted({each[:3] for each in tables.offers})
    drawn = []
    for at in range(count):
        task = {"resources": resources(luck, devices, machines, places)}
        if luck.random() < 0.15:
            task["num_nodes"] = luck.randint(2, 5)
        if luck.random() < 0.15:
            task["estimated_runtime"] = luck.choice(["30m", "2h", "12h"])
        text = yaml.safe_dump(task, default_flow_style=True, sort_keys=False, width=1000)
        drawn.append({"id": f"random-{at:03}", "group": "random", "text": text, "documents": [task]})
    return drawn


def resources(luck, devices, machines, places):
    """One block, or a few as alternatives."""
    kind = luck.random()
    if kind < 0.7:
        return block(luck, devices, machines, places)
    blocks = [block(luck, devices, machines, places) for _ in range(luck.randint(2, 3))]
    return {"any_of" if kind < 0.85 else "ordered": blocks}


def block(luck, devices, machines, places):
    """A few fields that do not contradict each other."""
    found, kind = {}, luck.random()
    if kind < 0.6:
        name, count = luck.choice(devices)
        found["accelerators"] = f"{name}:{count:g}"
    elif kind < 0.7:
        found["infra"], found["instance_type"] = luck.choice(machines)
    slice_ = found.get("accelerators", "").startswith("tpu-")
    if "instance_type" not in found and not slice_:
        if luck.random() < 0.4:
            found["cpus"] = luck.choice([2, 4, 8, 16, "4+", "8+", "16+", "32+", "64+"])
        if luck.random() < 0.25:
            found["memory"] = luck.choice([16, 32, 64, "16+", "64+", "128+", "256+"])
    if "instance_type" not in found and luck.random() < 0.3:
        place = [part for part in luck.choice(places) if part][:luck.randint(1, 3)]
        if not slice_ or place[0] == "gcp":
            found["infra"] = "/".join(place)
    if luck.random() < 0.35:
        found["use_spot"] = True
    if luck.random() < 0.1:
        found["max_hourly_cost"] = luck.choice([0.1, 0.5, 1.0, 3.0, 10.0, 40.0])
    return found
