"""Google's own client (google-cloud-compute) drives the server: a machine's life, then refusals as its exceptions.

Arguments: the server's address, the project, the /_sky/ address that faults are ordered at, and the token. Prints one
line a step; any surprise is a traceback.
"""

import json
import sys
import urllib.request

import google.api_core.exceptions as exceptions
import google.auth.exceptions
import google.oauth2.credentials
from google.cloud import compute_v1 as compute

server, project, zone = sys.argv[1], sys.argv[2], "us-central1-a"


def client(kind, token=sys.argv[4]):
    """A client of this server. The clients it makes of itself, to wait for operations, forget the address."""
    options = dict(credentials=google.oauth2.credentials.Credentials(token), client_options={"api_endpoint": server})
    made = kind(**options)
    waiting = getattr(made.transport, "_extended_operations_services", {})
    waiting["zone_operations"] = compute.ZoneOperationsClient(**options)
    waiting["global_operations"] = compute.GlobalOperationsClient(**options)
    return made


instances = client(compute.InstancesClient)


def machine(name):
    return compute.Instance(
        name=name,
        machine_type=f"zones/{zone}/machineTypes/n1-standard-4",
        labels={"sky-test": "sdk"},
        disks=[
            compute.AttachedDisk(
                boot=True,
                auto_delete=True,
                initialize_params=compute.AttachedDiskInitializeParams(
                    source_image="projects/debian-cloud/global/images/family/debian-12", disk_size_gb=100
                ),
            )
        ],
        network_interfaces=[
            compute.NetworkInterface(
                network="global/networks/default",
                access_configs=[compute.AccessConfig(name="External NAT", type_="ONE_TO_ONE_NAT")],
            )
        ],
        metadata=compute.Metadata(items=[compute.Items(key="ssh-keys", value="sky:ssh-ed25519 AAAA sky")]),
        scheduling=compute.Scheduling(
            provisioning_model="SPOT",
            on_host_maintenance="TERMINATE",
            instance_termination_action="STOP",
            automatic_restart=False,
        ),
        guest_accelerators=[
            compute.AcceleratorConfig(
                accelerator_type=f"projects/{project}/zones/{zone}/acceleratorTypes/nvidia-tesla-t4",
                accelerator_count=1,
            )
        ],
    )


def insert(name, **more):
    request = compute.InsertInstanceRequest(project=project, zone=zone, instance_resource=machine(name), **more)
    return instances.insert(request)


def order(body, times=1):
    injection = {"cloud": "gcp", "mishap": {"body": body}, "times": times}
    request = urllib.request.Request(
        sys.argv[3], data=json.dumps(injection).encode(), headers={"content-type": "application/json"}, method="POST"
    )
    urllib.request.urlopen(request).read()


def life():
    insert("sdk-0").result(timeout=60)
    made = instances.get(project=project, zone=zone, instance="sdk-0")
    assert made.status == "RUNNING" and made.network_interfaces[0].access_configs[0].nat_i_p, made
    print("created", made.name, made.status)
    listed = [i.name for i in instances.list(request=dict(project=project, zone=zone, filter='labels.sky-test="sdk"'))]
    everywhere = {
        scope: [i.name for i in found.instances]
        for scope, found in instances.aggregated_list(request=dict(project=project, filter='labels.sky-test="sdk"'))
        if found.instances
    }
    assert listed == ["sdk-0"] and everywhere == {f"zones/{zone}": ["sdk-0"]}, (listed, everywhere)
    print("listed", listed)
    instances.stop(project=project, zone=zone, instance="sdk-0").result(timeout=60)
    assert instances.get(project=project, zone=zone, instance="sdk-0").status == "TERMINATED"
    instances.start(project=project, zone=zone, instance="sdk-0").result(timeout=60)
    assert instances.get(project=project, zone=zone, instance="sdk-0").status == "RUNNING"
    print("stopped and started")
    shown = instances.get(project=project, zone=zone, instance="sdk-0")
    labels = compute.InstancesSetLabelsRequest(labels={"sky-test": "sdk", "x": "y"}, label_fingerprint=shown.label_fingerprint)
    instances.set_labels(
        project=project, zone=zone, instance="sdk-0", instances_set_labels_request_resource=labels
    ).result(timeout=60)
    try:
        instances.set_labels(
            project=project, zone=zone, instance="sdk-0", instances_set_labels_request_resource=labels
        )
        raise AssertionError("an old fingerprint was taken")
    except exceptions.PreconditionFailed as error:
        print("old fingerprint:", type(error).__name__)
    instances.delete(project=project, zone=zone, instance="sdk-0").result(timeout=60)
    try:
        instances.get(project=project, zone=zone, instance="sdk-0")
        raise AssertionError("it is still there")
    except exceptions.NotFound as error:
        print("deleted:", type(error).__name__)


def gang():
    bulk = compute.BulkInsertInstanceResource(
        count=3, min_count=3, name_pattern="sdk-g-##",
        instance_properties=compute.InstanceProperties(
            machine_type="n1-standard-4", disks=machine("x").disks, network_interfaces=machine("x").network_interfaces,
            labels={"sky-test": "gang"},
        ),
    )
    instances.bulk_insert(project=project, zone=zone, bulk_insert_instance_resource_resource=bulk).result(timeout=60)
    pager = instances.list(request=dict(project=project, zone=zone, filter="labels.sky-test=gang", max_results=2))
    names = [instance.name for instance in pager]
    assert names == ["sdk-g-01", "sdk-g-02", "sdk-g-03"], names
    for name in names:
        instances.delete(project=project, zone=zone, instance=name).result(timeout=60)
    print("gang", names)


def places():
    regions = {region.name: region for region in client(compute.RegionsClient).list(project=project)}
    assert any(link.endswith(zone) for link in regions["us-central1"].zones)
    kinds = client(compute.MachineTypesClient).list(request=dict(project=project, zone=zone, filter="name=n1-standard-4"))
    assert [(kind.name, kind.guest_cpus) for kind in kinds] == [("n1-standard-4", 4)]
    device = client(compute.AcceleratorTypesClient).get(project=project, zone=zone, accelerator_type="nvidia-tesla-t4")
    image = client(compute.ImagesClient).get_from_family(project="debian-cloud", family="debian-12")
    network = client(compute.NetworksClient).get(project=project, network="default")
    rules = client(compute.FirewallsClient)
    rule = compute.Firewall(
        name="sdk-rule", network="global/networks/default", allowed=[compute.Allowed(I_p_protocol="tcp", ports=["80"])]
    )
    rules.insert(project=project, firewall_resource=rule).result(timeout=60)
    rules.delete(project=project, firewall="sdk-rule").result(timeout=60)
    print("places", len(regions), device.name, image.family, network.name)


def refusals():
    for body in ("ZONE_RESOURCE_POOL_EXHAUSTED", "QUOTA_EXCEEDED.region", "rateLimitExceeded.http", "forbidden.http"):
        order(body)
        try:
            insert(f"sdk-{body.split('.')[0].lower().replace('_', '-')}").result(timeout=60)
            raise AssertionError(f"{body} was not met")
        except exceptions.GoogleAPICallError as error:
            print(body, "->", type(error).__name__, error.code.value if hasattr(error.code, "value") else error.code)
    try:
        client(compute.InstancesClient, "expired").get(project=project, zone=zone, instance="x")
        raise AssertionError("an expired token was taken")
    except google.auth.exceptions.RefreshError as error:
        # A 401 makes Google's client look for a fresh token, which there is none of.
        print("expired token ->", type(error).__name__)
    try:
        request_id = "1a8b8a0c-41a2-4a99-82d8-bec625dfd132"
        first = insert("sdk-once", request_id=request_id)
        assert insert("sdk-once", request_id=request_id).name == first.name
        first.result(timeout=60)
        insert("sdk-once")
        raise AssertionError("two machines of one name")
    except exceptions.Conflict as error:
        print("second of a name ->", type(error).__name__)
    instances.delete(project=project, zone=zone, instance="sdk-once").result(timeout=60)


life()
gang()
places()
refusals()
