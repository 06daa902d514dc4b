"""Holds recorded exchanges against Google's discovery documents for Compute Engine v1 and Cloud TPU v2.

Reads JSON lines on standard input: {"method", "path", "request", "status", "response"}, the path with its query,
bodies null where there are none. Prints one line a finding and `checked N exchanges of M methods`. Exit status 1 if
anything was found. The documents are those that the package google-api-python-client ships.
"""

import importlib.util
import json
import pathlib
import re
import sys
import urllib.parse


def document(name):
    package = importlib.util.find_spec("googleapiclient").submodule_search_locations[0]
    return json.loads((pathlib.Path(package) / f"discovery_cache/documents/{name}.json").read_text())


class Discovery:
    def __init__(self, name):
        self.doc = document(name)
        self.methods = list(self.walk(self.doc["resources"]))

    def walk(self, resources):
        for resource in resources.values():
            for method in resource.get("methods", {}).values():
                yield method
            yield from self.walk(resource.get("resources", {}))

    def find(self, verb, path):
        """The method whose template fits, literal parts before placeholders."""
        path = path.removeprefix("/" + self.doc["servicePath"]).removeprefix("/")
        best = None
        for method in self.methods:
            if method["httpMethod"] != verb:
                continue
            template = re.split(r"\{\+?(\w+)\}", method.get("flatPath", method["path"]))
            pattern = "".join(f"(?P<{part}>[^/:]+)" if odd % 2 else re.escape(part) for odd, part in enumerate(template))
            fits = re.fullmatch(pattern, path)
            if fits and (best is None or len(fits.groupdict()) < len(best[1])):
                best = method, fits.groupdict()
        return best

    def exchange(self, told):
        url = urllib.parse.urlsplit(told["path"])
        found = self.find(told["method"], url.path)
        if found is None:
            yield "no such method"
            return
        method, names = found
        yield from self.parameters(method, names, urllib.parse.parse_qsl(url.query, keep_blank_values=True))
        body = told["request"]
        if "request" in method and body is not None:
            yield from self.value(method["request"], body, "request", method["id"])
        elif "request" in method and method["id"] not in ("compute.instances.start", "compute.instances.stop"):
            yield "request: a body is wanted"
        elif body is not None:
            yield "request: takes no body"
        if told["status"] >= 400:
            yield from self.envelope(told["status"], told["response"])
        elif told["response"] is not None and "response" in method:
            yield from self.value(method["response"], told["response"], "response", None)

    def parameters(self, method, names, query):
        known = method.get("parameters", {})
        given = dict(query)
        for name, value in {**names, **given}.items():
            if name not in known:
                if name not in self.doc["parameters"] and name not in names:
                    yield f"?{name}: no such parameter of {method['id']}"
                continue
            if known[name].get("type") == "integer" and not value.lstrip("-").isdigit():
                yield f"?{name}: {value!r} is no number"
            pattern = known[name].get("pattern")
            if pattern and not re.fullmatch(pattern, urllib.parse.unquote(value)):
                yield f"?{name}: {value!r} does not match {pattern}"
        for name, parameter in known.items():
            if parameter.get("required") and parameter["location"] == "query" and name not in given:
                yield f"?{name}: missing"

    def value(self, schema, value, at, request_of):
        """Findings of a value; `request_of` is the method's id in a request, None in a response."""
        if "$ref" in schema:
            schema = self.doc["schemas"][schema["$ref"]]
        output_only = schema.get("readOnly") or schema.get("description", "").startswith("[Output Only]")
        if request_of and output_only:
            yield f"{at}: is for output only"
        kind = schema.get("type")
        if kind == "object" or "properties" in schema:
            yield from self.object(schema, value, at, request_of)
        elif kind == "array":
            if not isinstance(value, list):
                yield f"{at}: no list"
                return
            for index, item in enumerate(value):
                yield from self.value(schema["items"], item, f"{at}[{index}]", request_of)
        else:
            yield from self.scalar(schema, kind, value, at)

    def object(self, schema, value, at, request_of):
        if not isinstance(value, dict):
            yield f"{at}: no object"
            return
        known, others = schema.get("properties", {}), schema.get("additionalProperties")
        for name, inner in value.items():
            part = known.get(name, others)
            if part is None:
                yield f"{at}.{name}: no such field"
            else:
                yield from self.value(part, inner, f"{at}.{name}", request_of)
        for name, part in known.items():
            if request_of in part.get("annotations", {}).get("required", []) and name not in value:
                yield f"{at}.{name}: missing"

    def scalar(self, schema, kind, value, at):
        kinds = {"string": str, "boolean": bool, "integer": int, "number": (int, float)}
        if kind not in kinds:
            return
        good = isinstance(value, kinds[kind]) and (kind == "boolean" or not isinstance(value, bool))
        if not good:
            yield f"{at}: {value!r} is no {kind}"
        elif kind == "string":
            if schema.get("format") in ("int64", "uint64") and not value.lstrip("-").isdigit():
                yield f"{at}: {value!r} is no number in a string"
            if "enum" in schema and value not in schema["enum"]:
                yield f"{at}: {value!r} is none of its words"
            if "pattern" in schema and not re.fullmatch(schema["pattern"], value):
                yield f"{at}: {value!r} does not match {schema['pattern']}"

    def envelope(self, status, body):
        error = body.get("error") if isinstance(body, dict) else None
        if not isinstance(error, dict):
            yield "response: an error without an envelope"
            return
        if error.get("code") != status:
            yield f"response.error.code: {error.get('code')} with status {status}"
        if not isinstance(error.get("message"), str):
            yield "response.error.message: missing"
        if self.doc["name"] != "compute" and isinstance(error.get("status"), str):
            return
        inner = error.get("errors")
        if not isinstance(inner, list) or not inner:
            yield "response.error.errors: missing"
            return
        for index, one in enumerate(inner):
            for field in ("message", "domain", "reason"):
                if not isinstance(one.get(field), str):
                    yield f"response.error.errors[{index}].{field}: missing"


def main():
    compute, tpu = Discovery("compute.v1"), Discovery("tpu.v2")
    count, findings, seen = 0, 0, set()
    for line in sys.stdin:
        told = json.loads(line)
        count += 1
        discovery = tpu if told["path"].startswith("/v2/") else compute
        found = discovery.find(told["method"], urllib.parse.urlsplit(told["path"]).path)
        if found:
            seen.add(found[0]["id"])
        for finding in discovery.exchange(told):
            findings += 1
            print(f"{told['method']} {told['path']}: {finding}")
    print(f"checked {count} exchanges of {len(seen)} methods: {' '.join(sorted(seen))}")
    sys.exit(1 if findings else 0)


main()
