"""Reads requests.yaml."""

import yaml


def load(path, big=False, only=None):
    """The requests, with `text` (what ours reads) and `documents` (what SkyPilot is built from)."""
    with open(path, encoding="utf-8") as file:
        requests = yaml.safe_load(file)
    chosen = []
    for request in requests:
        if only and request["id"] not in only or request.get("big") and not big:
            continue
        text = request["task"] if "task" in request else generated(request)
        documents = [document or {} for document in yaml.safe_load_all(text)]
        chosen.append({**request, "text": text, "documents": documents})
    return chosen


def generated(request):
    """The text of a long chain or of a layered graph."""
    if "chain" in request:
        of = request["chain"]
        layers = [[at] for at in range(of["count"])]
    else:
        of = request["layers"]
        layers = [[row * of["width"] + at for at in range(of["width"])] for row in range(of["count"])]
    documents = []
    for row, layer in enumerate(layers):
        for at in layer:
            document = {"name": f"t{at:02}", "resources": of["resources"][at % len(of["resources"])],
                        "outputs": {"data": of["gigabytes"]}}
            if "layers" in request and row > 0:
                document["depends_on"] = [f"t{before:02}" for before in layers[row - 1]]
            documents.append(document)
    return yaml.safe_dump_all(documents, default_flow_style=True, sort_keys=False, width=1000)
