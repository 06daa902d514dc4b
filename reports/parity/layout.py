"""The project's price tables in the layout that SkyPilot downloads (schema v8).

SkyPilot's GCP table prices a machine and its accelerators apart, so rows of whole machines are split into a host row
and an accelerator row. Prices are integers (millionths of a dollar) while they are split: both parts add up to the
price of the whole machine exactly. Every other row is passed on as it is, except that Azure's has no zone column
(an empty one would make SkyPilot drop every row).
"""

import ast
import collections
import csv
import os
from decimal import Decimal

COLUMNS = ["InstanceType", "AcceleratorName", "AcceleratorCount", "vCPUs", "MemoryGiB", "GpuInfo", "Price",
           "SpotPrice", "Region", "AvailabilityZone"]
# Where SkyPilot looks for its tables below SKY_RUNTIME_DIR.
TABLES = os.path.join(".sky", "catalogs", "v8")
# Tables that SkyPilot opens on some paths and that no request here needs a row of.
EMPTY = {
    "aws/images.csv": "Tag,Region,OS,OSVersion,ImageId,CreationDate,BaseImageId",
    "gcp/images.csv": "Tag,Region,OS,OSVersion,ImageId,CreationDate,BaseImageId",
    "azure/images.csv": "Tag,Region,OS,OSVersion,ImageId,CreationDate,BaseImageId",
    "aws/instance_quota_mapping.csv": "InstanceType,SpotInstanceCode,OnDemandInstanceCode",
    "gcp/accelerator_quota_mapping.csv": "Accelerator,SpotInstanceCode,OnDemandInstanceCode",
}
CLOUD_TITLES = {"aws": "AWS", "gcp": "GCP", "azure": "Azure"}


def read(catalogs, cloud):
    """The rows of one cloud's table, as dictionaries of text."""
    with open(os.path.join(catalogs, f"{cloud}.csv"), newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def micros(text):
    """Dollars as an integer of millionths; None for an empty cell."""
    return int(Decimal(text) * 1_000_000) if text else None


def dollars(amount):
    """The text of an amount of millionths."""
    return "" if amount is None else format((Decimal(amount) / 1_000_000).normalize(), "f")


def split_machines(rows):
    """Splits whole machines with accelerators into hosts and accelerators.

    The accelerator row of a region gets half of the least price of a machine that carries it there: what is left for
    the host is positive on every machine, and all zones of a region agree, which SkyPilot asserts.
    """
    parts = collections.defaultdict(lambda: [None, None])
    for row in rows:
        if row["InstanceType"] and row["AcceleratorName"]:
            part = parts[device(row)]
            for at, column in enumerate(("Price", "SpotPrice")):
                price = micros(row[column])
                if price is not None:
                    half = price // 2
                    part[at] = half if part[at] is None else min(part[at], half)
    done = set()
    for row in rows:
        if not (row["InstanceType"] and row["AcceleratorName"]):
            yield row
            continue
        part = parts[device(row)]
        rest = [minus(micros(row["Price"]), part[0]), minus(micros(row["SpotPrice"]), part[1])]
        yield {**row, "AcceleratorName": "", "AcceleratorCount": "", "GpuInfo": "",
               "Price": dollars(rest[0]), "SpotPrice": dollars(rest[1])}
        place = (*device(row), row["AvailabilityZone"])
        if place not in done:
            done.add(place)
            yield {**row, "InstanceType": "", "vCPUs": "", "MemoryGiB": "",
                   "Price": dollars(part[0]), "SpotPrice": dollars(part[1])}


def device(row):
    """What must have one price in a region: accelerator, count and region."""
    return row["AcceleratorName"], row["AcceleratorCount"], row["Region"]


def minus(whole, part):
    """The host's part of a price; none if the machine has none."""
    return None if whole is None or part is None else whole - part


def write(catalogs, runtime):
    """Writes all tables below `runtime`, the directory that SKY_RUNTIME_DIR is to name."""
    root = os.path.join(runtime, TABLES)
    tables = {cloud: read(catalogs, cloud) for cloud in CLOUD_TITLES}
    check(tables)
    write_csv(root, "aws/vms.csv", COLUMNS, tables["aws"])
    write_csv(root, "gcp/vms.csv", COLUMNS, split_machines(tables["gcp"]))
    write_csv(root, "azure/vms.csv", COLUMNS[:-1], tables["azure"])
    write_csv(root, "common/accelerators.csv", ["AcceleratorName", "Clouds"], accelerators(tables))
    write_csv(root, "common/metadata.csv", ["GPU", "MemoryGB", "Manufacturer"], metadata(tables))
    for name, header in EMPTY.items():
        write_csv(root, name, header.split(","), [])


def write_csv(root, name, columns, rows):
    """One table; columns that are not named are left out."""
    path = os.path.join(root, *name.split("/"))
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def accelerators(tables):
    """Every accelerator with the clouds that offer it, as a Python list, which SkyPilot searches as text."""
    offered = collections.defaultdict(list)
    for cloud, rows in tables.items():
        for name in sorted({row["AcceleratorName"] for row in rows} - {""}):
            offered[name].append(CLOUD_TITLES[cloud])
    return [{"AcceleratorName": name, "Clouds": repr(offered[name])} for name in sorted(offered)]


def metadata(tables):
    """Memory and maker of every GPU, from the descriptions in the tables."""
    found = {}
    for rows in tables.values():
        for row in rows:
            if row["AcceleratorName"] and row["GpuInfo"].startswith("{") and row["AcceleratorName"] not in found:
                gpu = ast.literal_eval(row["GpuInfo"])["Gpus"][0]
                memory = gpu.get("MemoryInfo", {}).get("SizeInMiB")
                if memory:
                    found[row["AcceleratorName"]] = (round(memory / 1024), gpu.get("Manufacturer", ""))
    return [{"GPU": name, "MemoryGB": found[name][0], "Manufacturer": found[name][1]} for name in sorted(found)]


def check(tables):
    """What SkyPilot asserts about its tables; better said here than as its traceback."""
    for cloud, rows in tables.items():
        prices, places = {}, set()
        for row in rows:
            kind = (row["InstanceType"], row["AcceleratorName"], row["AcceleratorCount"])
            place = (*kind, row["Region"], row["AvailabilityZone"])
            if place in places:
                raise SystemExit(f"{cloud}.csv: two rows for {place}")
            places.add(place)
            if prices.setdefault((*kind, row["Region"]), row["Price"]) != row["Price"]:
                raise SystemExit(f"{cloud}.csv: several on-demand prices for {kind} in {row['Region']}")
