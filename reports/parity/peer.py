"""Runs SkyPilot's own optimizer, offline, on the requests; started by parity.py with the virtual environment's Python.

Nothing of the optimizer is replaced: only what would ask an account (which clouds are enabled, whose zone names apply)
is answered here. What the optimizer holds is read where it passes it on: the candidates of each alternative
(`_fill_in_launchable_resources`) and their costs (`_estimate_nodes_cost_or_time`).
"""

import json
import os
import resource
import sys
import time


def prepare():
    """Imports SkyPilot and answers its questions to accounts. Returns the modules and the record it writes to."""
    os.environ["SKYPILOT_DISABLE_USAGE_COLLECTION"] = "1"
    import sky
    from sky import catalog, check, clouds, exceptions, optimizer

    # SkyPilot keeps enabled clouds in a set, so that their order (and with it ties) is not defined; this one is.
    enabled = [clouds.AWS(), clouds.Azure(), clouds.GCP()]
    check.get_cached_enabled_clouds_or_refresh = lambda *_, **__: list(enabled)
    check.check_capability = lambda *_, **__: None

    def no_identity(*_, **__):
        raise exceptions.CloudUserIdentityError("offline")

    clouds.AWS.get_active_user_identity = classmethod(no_identity)
    list_accelerators = catalog.list_accelerators

    def without_kubernetes(*args, **kwargs):
        asked = kwargs.get("clouds")
        return {} if asked == "Kubernetes" else list_accelerators(*args, **kwargs)

    catalog.list_accelerators = without_kubernetes
    return sky, optimizer


class Record:
    """What one call of the optimizer held."""

    def __init__(self):
        self.alternatives = {}
        self.costs = {}

    def watch(self, optimizer):
        """Puts listeners on the two functions that know the candidates."""
        fill_in = optimizer._fill_in_launchable_resources
        estimate = optimizer.Optimizer._estimate_nodes_cost_or_time

        def filled_in(*args, **kwargs):
            answer = fill_in(*args, **kwargs)
            task = kwargs.get("task", args[0] if args else None)
            self.alternatives[task.name] = [(request, list(found)) for request, found in answer[0].items()]
            return answer

        def estimated(*args, **kwargs):
            answer = estimate(*args, **kwargs)
            for task, costs in answer[0].items():
                self.costs[task.name] = dict(costs)
            return answer

        optimizer._fill_in_launchable_resources = filled_in
        optimizer.Optimizer._estimate_nodes_cost_or_time = staticmethod(estimated)


def build(sky, documents):
    """The Dag of a file's documents; `depends_on` and `estimated_runtime` (ours) become edges and estimators."""
    tasks, parents = [], []
    with sky.Dag() as dag:
        for at, document in enumerate(documents):
            document = json.loads(json.dumps(document))
            document.setdefault("name", f"task-{at}")
            parents.append(document.pop("depends_on", None))
            estimator = estimator_of(document)
            task = sky.Task.from_yaml_config(document)
            if estimator is not None:
                task.set_time_estimator(estimator)
            tasks.append(task)
        by_name = {task.name: task for task in tasks}
        explicit = any(names is not None for names in parents)
        for at, task in enumerate(tasks):
            names = parents[at] or []
            before = [by_name[name] for name in names] if explicit else tasks[at - 1:at] if at else []
            for parent in before:
                parent >> task
    return dag


def estimator_of(document):
    """Hours of work, of the task or of each alternative (known by its accelerators), as an estimator in seconds."""
    whole = document.pop("estimated_runtime", None)
    resources = document.get("resources") or {}
    known = {}
    for entry in resources.get("any_of", []) + resources.get("ordered", []):
        own = entry.pop("estimated_runtime", None)
        if own is not None:
            known[entry["accelerators"].split(":")[0]] = hours(own)
    if whole is None and not known:
        return None
    default = hours(whole) if whole is not None else 1.0

    def estimate(requested):
        names = list(requested.accelerators or {})
        return 3600 * known.get(names[0] if names else None, default)

    return estimate


def hours(text):
    """`90m` or `2h` as hours."""
    return float(text[:-1]) / {"h": 1, "m": 60}[text[-1]]


def candidate(resources, cost, alternative):
    """One launchable candidate as plain values."""
    accelerators = resources.accelerators or {}
    return {
        "alternative": alternative,
        "cloud": str(resources.cloud).lower(),
        "region": resources.region,
        "zone": resources.zone or "",
        "type": resources.instance_type,
        "accelerators": ",".join(f"{name}:{count:g}" for name, count in accelerators.items()),
        "spot": bool(resources.use_spot),
        "price": round(float(resources.get_cost(3600)), 9),
        "cost": round(float(cost), 9),
    }


def cpu_seconds():
    """Seconds of processor time of this process and of those it has waited for (the CBC solver is one)."""
    own = resource.getrusage(resource.RUSAGE_SELF)
    others = resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime, others.ru_utime + others.ru_stime


def optimize(sky, optimizer, record, request):
    """One request: the plan, the candidates and the time, or the refusal."""
    record.alternatives.clear()
    record.costs.clear()
    answer = {"id": request["id"]}
    wall, (own, others) = time.perf_counter(), cpu_seconds()
    try:
        dag = build(sky, request["documents"])
        built, (own, others) = time.perf_counter(), cpu_seconds()
        wall = built
        optimizer.Optimizer.optimize(dag, quiet=True)
    except (Exception, AssertionError) as error:  # a refusal is an answer, whatever its kind
        text = " ".join(str(error).split())
        answer["error"] = type(error).__name__
        answer["message"] = text[:200]
        dag = None
    took, (own_end, others_end) = time.perf_counter() - wall, cpu_seconds()
    answer.update(cpu_s=own_end - own, solver_cpu_s=others_end - others, wall_s=took)
    if dag is not None:
        answer["tasks"] = [told(task, record) for task in dag.tasks]
        answer["total_cost"] = round(total(optimizer, dag), 9)
    return answer


def told(task, record):
    """The chosen candidate of a task and all others, in the order in which failover would come to them."""
    costs = record.costs[task.name]
    rows, alternatives = [], record.alternatives[task.name]
    ordered = isinstance(task.resources, list)
    for rank, (_, found) in enumerate(alternatives):
        rows += [candidate(each, costs[each], rank if ordered else 0) for each in found]
    # Failover blocks a candidate and asks again, so the order is: cost, then the optimizer's own order (stable).
    rows.sort(key=lambda row: (row["alternative"], row["cost"]))
    best = task.best_resources
    chosen = candidate(best, 0.0, 0)
    chosen["cost"] = next(row["cost"] for row in rows if same_place(row, chosen))
    return {"name": task.name, "nodes": task.num_nodes, "chosen": chosen, "candidates": rows}


def same_place(a, b):
    """True if both name the same machine in the same place."""
    return all(a[key] == b[key] for key in ("cloud", "region", "zone", "type", "accelerators", "spot"))


def total(optimizer, dag):
    """What the optimizer says the plan costs: machines and egress."""
    import networkx
    graph = dag.get_graph()
    order = list(networkx.topological_sort(graph))
    plan = {task: task.best_resources for task in order}
    cost = optimizer.Optimizer._compute_total_cost(graph, order, plan)
    # Egress into first tasks is an edge from a dummy that is gone by now.
    for task in order:
        if not list(graph.predecessors(task)) and task.get_inputs() is not None:
            cost += optimizer.Optimizer._egress_cost(
                task.get_inputs_cloud(), plan[task].cloud, task.get_estimated_inputs_size_gigabytes())
    return cost


def main():
    """Reads requests (JSON) from standard input, writes one line of JSON for each answer to a file."""
    requests, (_, out) = json.load(sys.stdin), sys.argv
    # SkyPilot prints to standard output as it goes.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    sky, optimizer = prepare()
    record = Record()
    record.watch(optimizer)
    # The first request pays for reading the tables, which is a cost of the process and not of a request.
    warm_up = {"id": "warm-up", "documents": [{"resources": {"any_of": [
        {"accelerators": "V100:1"}, {"cpus": "4+", "infra": "gcp"}, {"cpus": "4+", "infra": "azure"}]}}]}
    with open(out, "w", encoding="utf-8") as file:
        for request in [warm_up] + requests:
            answer = optimize(sky, optimizer, record, request)
            print(json.dumps(answer), file=file, flush=True)
            print(f"{request['id']}: {answer.get('error') or answer['total_cost']} "
                  f"({answer['cpu_s'] + answer['solver_cpu_s']:.2f} s)", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
