"""A third planner, slow and plain, written from the rules and the price tables alone: what both others are held to.

It lists every row that satisfies a request, with the one rule of `sky plan` that SkyPilot does not have: all machines
that satisfy a request stay in the list, not only the one that each cloud deems its cheapest.
"""

import collections
import itertools

import layout

Offer = collections.namedtuple("Offer", "cloud region zone type accelerator count vcpus memory price spot attached")
Candidate = collections.namedtuple("Candidate", "rank cost cloud region zone type accelerators spot price")
Alternative = collections.namedtuple("Alternative", "rank fields hours")

# The largest N1 machine that may carry so many: vCPUs and GiB (Compute Engine, GPUs on N1 machines).
N1_LIMITS = {
    ("V100", 1): (12, 78), ("V100", 2): (24, 156), ("V100", 4): (48, 312), ("V100", 8): (96, 624),
    ("T4", 1): (48, 312), ("T4", 2): (48, 312), ("T4", 4): (96, 624),
    ("P4", 1): (24, 156), ("P4", 2): (48, 312), ("P4", 4): (96, 624),
    ("P100", 1): (16, 104), ("P100", 2): (32, 208), ("P100", 4): (96, 624),
}
# Zones whose limit for four P100 is lower.
P100_ZONES = {"us-east1-c": (64, 208), "europe-west1-d": (64, 208), "europe-west1-b": (64, 208)}
# The vCPUs that an N1 machine is given for so many accelerators, unless the request says.
N1_VCPUS = {"T4": {1: 4, 2: 8, 4: 48}, None: {1: 8, 2: 16, 4: 32, 8: 64}}
CPU_FAMILIES = {
    "aws": ("m6i.", "m6id.", "m7i.", "r6i.", "r6id.", "r7i.", "c6i.", "c6id.", "c7i."),
    "gcp": ("n2-standard-", "n2-highmem-", "n2-highcpu-", "n4-standard-", "n4-highmem-", "n4-highcpu-"),
}
# Slices of an A10 that the page calls A10:1.
A10_SLICES = {f"Standard_NV{size}ads_A10_v5" for size in (6, 12, 18)}


class Tables:
    """All offers of the three price tables."""

    def __init__(self, catalogs):
        self.offers = []
        for cloud in sorted(layout.CLOUD_TITLES):
            rows = layout.read(catalogs, cloud)
            whole = [row for row in rows if row["InstanceType"]]
            self.offers += [offer(cloud, row) for row in whole]
            if cloud == "gcp":
                self.offers += attached(whole, [row for row in rows if not row["InstanceType"]])
        self.names = {each.accelerator for each in self.offers if each.accelerator}


def offer(cloud, row, **changes):
    """One row as an offer."""
    of = Offer(cloud, row["Region"], row["AvailabilityZone"], row["InstanceType"], row["AcceleratorName"],
               float(row["AcceleratorCount"] or 0), float(row["vCPUs"] or 0), float(row["MemoryGiB"] or 0),
               layout.micros(row["Price"]), layout.micros(row["SpotPrice"]), False)
    return of._replace(**changes)


def attached(machines, devices):
    """GCP's accelerators together with the machines that may carry them, zone by zone."""
    hosts = collections.defaultdict(list)
    for row in machines:
        if row["InstanceType"].startswith("n1-"):
            hosts[row["AvailabilityZone"]].append(offer("gcp", row))
    for row in devices:
        device = offer("gcp", row)
        if device.accelerator.startswith("tpu-"):
            yield device._replace(type="TPU-VM")
            continue
        limits = N1_LIMITS.get((device.accelerator, device.count), (0, 0))
        if (device.accelerator, device.count) == ("P100", 4):
            limits = P100_ZONES.get(device.zone, limits)
        for host in hosts[device.zone]:
            if host.vcpus <= limits[0] and host.memory <= limits[1]:
                spot = None if None in (host.spot, device.spot) else host.spot + device.spot
                yield device._replace(type=host.type, vcpus=host.vcpus, memory=host.memory,
                                      price=host.price + device.price, spot=spot, attached=True)


def alternatives(document):
    """The alternatives of a task: rank (equal for equally good ones), fields, hours of work."""
    outer = dict(document.get("resources") or {})
    lists = [(key, outer.pop(key, None)) for key in ("any_of", "ordered")]
    ordered = lists[1][1] is not None
    entries = lists[0][1] or lists[1][1] or [{}]
    whole, found = hours(document.get("estimated_runtime")), []
    for entry in entries:
        fields = {**outer, **entry}
        time = hours(fields.pop("estimated_runtime", None)) or whole or 1.0
        wanted = fields.pop("accelerators", None)
        several = isinstance(wanted, list) or isinstance(wanted, dict) and len(wanted) > 1
        ordered = ordered or isinstance(wanted, list)
        for one in accelerators(wanted) if several else [accelerators(wanted)[0]]:
            found.append(({**fields, "accelerator": one}, time))
    return [Alternative(at if ordered else 0, fields, time) for at, (fields, time) in enumerate(found)]


def accelerators(wanted):
    """Names and counts; None for a request without."""
    if wanted is None:
        return [None]
    if isinstance(wanted, dict):
        pairs = [(name, count) for name, count in wanted.items()]
    else:
        pairs = [(text, None) for text in (wanted if isinstance(wanted, list) else [wanted])]
    split = [(*str(name).split(":"), count) for name, count in pairs]
    return [(parts[0], float(next((part for part in parts[1:] if part is not None), 1))) for parts in split]


def hours(text):
    """`90m` or `2h` as hours; None for nothing."""
    return None if text is None else float(text[:-1]) / {"h": 1, "m": 60}[text[-1]]


def candidates(tables, document):
    """Every candidate of a task, sorted by rank and cost. Prices and costs are in millionths of a dollar."""
    nodes, found = document.get("num_nodes", 1), set()
    for alternative in alternatives(document):
        spot = bool(alternative.fields.get("use_spot"))
        for each in admitted(tables, alternative.fields, spot):
            price = each.spot if spot else each.price
            # On AWS an on-demand attempt names no zone; the zones of a region cost the same.
            zone = "" if each.cloud == "aws" and not spot else each.zone
            cost = int(price * nodes * alternative.hours)
            carries = f"{each.accelerator}:{each.count:g}" if each.accelerator else ""
            found.add(Candidate(alternative.rank, cost, each.cloud, each.region, zone, each.type, carries, spot, price))
    return sorted(found)


def admitted(tables, fields, spot):
    """The offers that one alternative admits."""
    pool = [each for each in tables.offers if (each.spot if spot else each.price) is not None]
    for key, at in zip(("cloud", "region", "zone"), range(3)):
        parts = str(fields.get("infra") or "").split("/")
        wanted = fields.get(key) or (parts[at] if at < len(parts) else None)
        if wanted and wanted != "*":
            pool = [each for each in pool if each[at].lower() == wanted.lower()]
    if fields.get("max_hourly_cost") is not None:
        most = layout.micros(str(fields["max_hourly_cost"]))
        pool = [each for each in pool if (each.spot if spot else each.price) <= most]
    if fields.get("instance_type"):
        pool = [each for each in pool if each.type == fields["instance_type"]]
    return with_accelerator(pool, tables, fields) if fields["accelerator"] else without(pool, fields)


def bounded(pool, cpus, memory):
    """The offers within bounds like `8`, `8+` or, for memory, a function of the vCPUs."""
    def within(value, bound):
        if bound is None:
            return True
        number = float(str(bound).rstrip("+"))
        return value >= number if str(bound).endswith("+") else value == number

    return [each for each in pool if within(each.vcpus, cpus) and within(each.memory, memory)]


def with_accelerator(pool, tables, fields):
    """Offers with the accelerator; N1 machines get lower bounds unless the machine is named."""
    name, count = fields["accelerator"]
    exact = [known for known in tables.names if known.lower() == name.lower()]
    near = exact or [known for known in tables.names if name.lower() in known.lower()]
    if len(near) != 1:
        return []
    def carries(each):
        called = 1.0 if each.type in A10_SLICES and count == 1.0 else each.count
        return each.accelerator == near[0] and abs(called - count) <= 0.01

    cpus, memory = fields.get("cpus"), fields.get("memory")
    pool = [each for each in pool if carries(each)]
    plain = bounded([each for each in pool if not each.attached], cpus, memory)
    on_n1 = [each for each in pool if each.attached]
    if not fields.get("instance_type"):
        if cpus is None and memory is None:
            table = N1_VCPUS.get(near[0], N1_VCPUS[None])
            cpus = f"{table.get(int(count), 0)}+"
        if memory is None:
            memory = f"{4 * float(str(cpus).rstrip('+'))}+"
    return plain + bounded(on_n1, cpus, memory)


def without(pool, fields):
    """Offers of machines alone, or of a named machine with what it carries."""
    cpus, memory = fields.get("cpus"), fields.get("memory")
    if fields.get("instance_type"):
        return bounded([each for each in pool if not each.attached], cpus, memory)
    if cpus is None and memory is None:
        cpus = "8+"
    pool = bounded([each for each in pool if not each.accelerator], cpus, memory)
    if memory is None:
        pool = [each for each in pool if each.memory >= 4 * each.vcpus]
    return [each for each in pool if is_default(each)] or pool


def is_default(each):
    """True for the families that requests without accelerator are served from."""
    if each.cloud != "azure":
        return each.type.startswith(CPU_FAMILIES[each.cloud])
    name = each.type.removeprefix("Standard_")
    series = {"D": "s_v5", "E": "s_v5", "F": "s_v2"}.get(name[:1])
    return series is not None and name.endswith(series) and name[1:-len(series)].isdigit()


def egress(source, destination, gigabytes):
    """SkyPilot's tariff (only clouds count): dollars for so many GB from one cloud to another."""
    if source == destination:
        return 0.0
    if source == "gcp":
        return gigabytes * (0.12 if gigabytes <= 1024 else 0.11 if gigabytes <= 10240 else 0.08)
    rates = {"aws": (0.07, 0.085, 0.09), "azure": (0.07, 0.083, 0.0875)}[source]
    if gigabytes > 150 * 1024:
        return 0.05 * gigabytes
    cost, rest = 0.0, gigabytes
    for above, rate in zip((50 * 1024, 10 * 1024, 1), rates):
        if rest > above:
            cost += (rest - above) * rate
            rest = above
    return cost


def skypilot_egress(source, destination, gigabytes):
    """The same as SkyPilot 0.14.1 computes it: below 10 TB, and from GCP, no other."""
    if source == destination or source == "gcp" or not 10 * 1024 <= gigabytes <= 150 * 1024:
        return egress(source, destination, gigabytes)
    top, middle, low = {"aws": (0.07, 0.085, 0.09), "azure": (0.07, 0.083, 0.0875)}[source]
    cost, rest = 0.0, gigabytes
    for start, rate in ((50 * 1024, top), (10 * 1024, middle), (1, low)):
        # Takes off the whole lower part, where only what lies above it should go.
        if rest >= start:
            cost, rest = cost + (rest - start) * rate, rest - start
    return cost


def plan(documents, parents, lists, tariff=egress):
    """The least cost of a graph: of each cloud's cheapest candidates every combination is tried.

    None if those are too many to try.
    """
    if 3 ** len(documents) > 100_000:
        return None
    cheapest = []
    for rows in lists:
        by_cloud = {}
        for row in rows:
            if row.rank == rows[0].rank:
                by_cloud.setdefault(row.cloud, row.cost)
        cheapest.append(by_cloud)
    edges = [(before, at, size(documents[before], "outputs")) for at, above in enumerate(parents) for before in above]
    best = None
    for clouds in itertools.product(*(sorted(each) for each in cheapest)):
        cost = sum(each[cloud] for each, cloud in zip(cheapest, clouds)) / 1e6
        cost += sum(tariff(clouds[before], clouds[at], gigabytes) for before, at, gigabytes in edges)
        for at, document in enumerate(documents):
            if not parents[at] and document.get("inputs"):
                origin = {"s3": "aws", "gs": "gcp"}[next(iter(document["inputs"])).split(":")[0]]
                cost += tariff(origin, clouds[at], size(document, "inputs"))
        best = cost if best is None else min(best, cost)
    return best


def parents(documents):
    """Positions of the tasks that each waits for; without `depends_on` anywhere, the one before it."""
    names = [document.get("name") for document in documents]
    if any("depends_on" in document for document in documents):
        return [[names.index(name) for name in document.get("depends_on", [])] for document in documents]
    return [[at - 1] if at else [] for at in range(len(documents))]


def size(document, key):
    """GB of a task's data."""
    return float(next(iter(document[key].values()))) if document.get(key) else 0.0
