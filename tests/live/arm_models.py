"""Recorded ARM traffic, checked against the models that Microsoft generates from its specifications.

usage: arm_models.py EXCHANGES

EXCHANGES has one JSON object a line: method, path, request, status, response. Every body of a request and of an answer is
compared with the model of its resource: no property that the model lacks, no read-only property in a request, the right
kind of value, and, where the model lists the values, one of them. Prints each complaint; ends with 1 if there are any, or if
there was nothing to check.
"""

import enum
import json
import re
import sys
import types
import typing

from azure.mgmt.compute import models as compute
from azure.mgmt.network import models as network
from azure.mgmt.resource.resources import models as resources

# Path of a resource, its model, and the model of its list.
KINDS = [
    (r"/providers/Microsoft\.Compute/virtualMachines", compute, "VirtualMachine"),
    (r"/providers/Microsoft\.Compute/disks", compute, "Disk"),
    (r"/providers/Microsoft\.Network/networkInterfaces", network, "NetworkInterface"),
    (r"/providers/Microsoft\.Network/virtualNetworks", network, "VirtualNetwork"),
    (r"/providers/Microsoft\.Network/networkSecurityGroups", network, "NetworkSecurityGroup"),
    (r"/providers/Microsoft\.Network/publicIPAddresses", network, "PublicIPAddress"),
    (r"/resourcegroups", resources, "ResourceGroup"),
]
LISTS = [
    (r"/locations/[^/]+/usages$", compute, "Usage"),
    (r"/providers/Microsoft\.Compute/skus$", compute, "ResourceSku"),
    (r"/resources$", resources, "GenericResourceExpanded"),
]
# What a launch has to ask for: the properties that Microsoft's own clients send for the life of one machine.
ASKED = {
    "networkSecurityGroups": ["location", "properties.securityRules"],
    "virtualNetworks": ["location", "properties.addressSpace.addressPrefixes", "properties.subnets"],
    "publicIPAddresses": ["location", "sku.name", "properties.publicIPAllocationMethod"],
    "networkInterfaces": ["location", "properties.ipConfigurations"],
    "virtualMachines": [
        "location",
        "tags",
        "properties.hardwareProfile.vmSize",
        "properties.storageProfile.imageReference.publisher",
        "properties.storageProfile.osDisk.createOption",
        "properties.storageProfile.osDisk.diskSizeGB",
        "properties.storageProfile.osDisk.managedDisk.storageAccountType",
        "properties.storageProfile.osDisk.deleteOption",
        "properties.osProfile.computerName",
        "properties.osProfile.adminUsername",
        "properties.osProfile.linuxConfiguration.disablePasswordAuthentication",
        "properties.osProfile.linuxConfiguration.ssh.publicKeys",
        "properties.networkProfile.networkInterfaces",
    ],
}
STEPS = [
    ("PUT", r"/networkSecurityGroups/[^/]+$"),
    ("PUT", r"/virtualNetworks/[^/]+$"),
    ("PUT", r"/publicIPAddresses/[^/]+$"),
    ("PUT", r"/networkInterfaces/[^/]+$"),
    ("PUT", r"/virtualMachines/[^/]+$"),
    ("GET", r"/virtualMachines/[^/]+$"),
    ("GET", r"/virtualMachines$"),
    ("POST", r"/virtualMachines/[^/]+/deallocate$"),
    ("POST", r"/virtualMachines/[^/]+/start$"),
    ("DELETE", r"/resourceGroups/[^/]+$"),
]


def fields(model):
    """JSON name -> (kind of value, read-only) of a generated model; properties that it flattens are found below theirs."""
    model({})  # Names and kinds are filled in by the first instance.
    hints = {}
    for base in reversed(model.__mro__):
        for name, hint in getattr(base, "__annotations__", {}).items():
            hints[name] = (hint, sys.modules[base.__module__])
    found = {}
    for attribute, field in model._attr_to_rest_field.items():
        hint, home = hints.get(attribute, ("typing.Any", sys.modules[model.__module__]))
        found[field._rest_name] = (resolve(hint, home), field._visibility == ["read"])
    return found


def resolve(hint, home):
    """A written annotation as a type."""
    if not isinstance(hint, str):
        return hint
    package = home.__name__.rsplit(".", 1)[0]
    scope = dict(vars(home))
    scope.setdefault("_models", sys.modules[package])
    return eval(hint, scope)  # noqa: S307: Microsoft's own annotations


def inner(hint, home):
    return resolve(hint.__forward_arg__, home) if isinstance(hint, typing.ForwardRef) else hint


def wrong(value, hint, at, home, request):
    """What is wrong with a value."""
    hint = inner(resolve(hint, home), home)
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if value is None or hint is typing.Any:
        return
    if origin in (typing.Union, types.UnionType):
        choices = [inner(arg, home) for arg in args if arg is not type(None)]
        enums = [one for one in choices if isinstance(one, type) and issubclass(one, enum.Enum)]
        if enums:
            known = {member.value.lower() for one in enums for member in one}
            if not isinstance(value, str) or value.lower() not in known:
                yield f"{at}: {value!r} is none of {sorted(known)}"
            return
        complaints = [list(wrong(value, one, at, home, request)) for one in choices]
        if all(complaints):
            yield from min(complaints, key=len)
        return
    if origin in (list, typing.List):
        if not isinstance(value, list):
            yield f"{at}: expected a list"
            return
        for number, item in enumerate(value):
            yield from wrong(item, args[0], f"{at}[{number}]", home, request)
    elif origin in (dict, typing.Dict):
        if not isinstance(value, dict):
            yield f"{at}: expected a map"
            return
        for name, item in value.items():
            yield from wrong(item, args[1], f"{at}.{name}", home, request)
    elif isinstance(hint, type) and hasattr(hint, "_attr_to_rest_field"):
        yield from body_wrong(value, hint, at, request)
    elif isinstance(hint, type):
        basic = {str: str, int: int, bool: bool, float: (int, float)}.get(hint)
        if basic and (not isinstance(value, basic) or (isinstance(value, bool) and hint is not bool)):
            yield f"{at}: expected {hint.__name__}, got {value!r}"


def body_wrong(body, model, at, request):
    """What is wrong with an object of a model."""
    if not isinstance(body, dict):
        yield f"{at}: expected an object"
        return
    known = fields(model)
    for name, value in body.items():
        if name not in known:
            yield f"{at}.{name}: {model.__name__} has no such property"
            continue
        hint, read_only = known[name]
        # A reference is a resource of which the id alone is sent; some models mark that id read-only all the same.
        if read_only and request and name != "id":
            yield f"{at}.{name}: read-only property in a request"
            continue
        yield from wrong(value, hint, f"{at}.{name}", sys.modules[model.__module__], request)


def complaints(exchange):
    """What is wrong with one exchange, or None if there is no model for it."""
    path = exchange["path"].split("?")[0]
    method, status, answer = exchange["method"], exchange["status"], exchange["response"]
    found = []
    if status >= 400:
        error = (answer or {}).get("error", {}) if isinstance(answer, dict) else {}
        return [] if method == "HEAD" or (error.get("code") and error.get("message")) else ["an error without an envelope"]
    for pattern, home, name in LISTS:
        if re.search(pattern, path, re.I):
            model = getattr(home, name)
            for number, item in enumerate(answer["value"]):
                found += body_wrong(item, model, f"value[{number}]", False)
            return found
    for pattern, home, name in KINDS:
        model = getattr(home, name)
        if re.search(pattern + r"/[^/]+$", path, re.I) and method in ("PUT", "GET", "PATCH"):
            if method == "PUT":
                found += body_wrong(exchange["request"], model, "request", True)
            return found + list(body_wrong(answer, model, "answer", False))
        if re.search(pattern + "$", path, re.I) and method == "GET":
            for number, item in enumerate(answer["value"]):
                found += body_wrong(item, model, f"value[{number}]", False)
            return found
    return None


def missing(exchanges):
    """What Microsoft's clients ask for and these did not."""
    for method, pattern in STEPS:
        if not any(one["method"] == method and re.search(pattern, one["path"].split("?")[0], re.I) for one in exchanges):
            yield f"nobody asked: {method} {pattern}"
    for kind, paths in ASKED.items():
        for one in exchanges:
            if one["method"] != "PUT" or not re.search(rf"/{kind}/[^/]+$", one["path"].split("?")[0]):
                continue
            for path in paths:
                at = one["request"]
                for part in path.split("."):
                    at = at.get(part) if isinstance(at, dict) else None
                if at in (None, "", [], {}):
                    yield f"PUT {kind}: {path} was not asked for"


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        exchanges = [json.loads(line) for line in file if line.strip()]
    checked, found = 0, list(missing(exchanges)) if "--life" in sys.argv else []
    for exchange in exchanges:
        result = complaints(exchange)
        if result is None:
            continue
        checked += 1
        found += [f"{exchange['method']} {exchange['path'].split('?')[0]}: {one}" for one in result]
    for one in sorted(set(found)):
        print(one)
    print(f"{len(exchanges)} exchanges, {checked} checked against Microsoft's models, {len(set(found))} complaints")
    sys.exit(1 if found or not checked else 0)


if __name__ == "__main__":
    main()
