"""The life of a machine by Microsoft's own SDK, and its exceptions.

usage: arm_sdk.py ADDRESS SUBSCRIPTION TENANT CLIENT SECRET

The server has been told what the next launches meet: in westus2 a stockout at once, in westus3 one in polling, in
northeurope a quota, in westeurope a throttle; everything else is granted.
"""

import json
import sys
import urllib.parse
import urllib.request

from azure.core.exceptions import ClientAuthenticationError, HttpResponseError, ResourceNotFoundError
from azure.core.pipeline.policies import SansIOHTTPPolicy
from azure.mgmt.compute import ComputeManagementClient
from azure.mgmt.network import NetworkManagementClient
from azure.mgmt.resource.resources import ResourceManagementClient

ADDRESS, SUBSCRIPTION, TENANT, CLIENT, SECRET = sys.argv[1:6]
SIZE = "Standard_NC6s_v3"


def sign_in(secret):
    form = {"grant_type": "client_credentials", "client_id": CLIENT, "client_secret": secret}
    data = urllib.parse.urlencode(form).encode()
    with urllib.request.urlopen(f"{ADDRESS}/{TENANT}/oauth2/v2.0/token", data) as answer:
        return json.load(answer)["access_token"]


class Bearer(SansIOHTTPPolicy):
    """Sends the token; the SDK's own policy insists on TLS."""

    def __init__(self, token):
        self.token = token

    def on_request(self, request):
        request.http_request.headers["Authorization"] = f"Bearer {self.token}"


class Static:
    """A credential that is never asked, since the policy above sends the token."""

    def get_token(self, *scopes, **kwargs):
        raise AssertionError("asked for a token")


def client(kind, token):
    return kind(
        Static(), SUBSCRIPTION, base_url=ADDRESS, authentication_policy=Bearer(token), polling_interval=0.05, retry_total=0
    )


def refused(what, kind, code, call):
    try:
        call()
    except kind as error:
        found = error.error.code if error.error else None
        assert found == code, f"{what}: {found}, not {code}: {error}"
        return error
    raise AssertionError(f"{what}: not refused")


token = sign_in(SECRET)
compute, network, groups = (
    client(kind, token) for kind in (ComputeManagementClient, NetworkManagementClient, ResourceManagementClient)
)


def prepare(region):
    """A group with a network and an interface; the interface's id."""
    group = f"sdk-{region}"
    groups.resource_groups.create_or_update(group, {"location": region, "tags": {"made-by": "sdk"}})
    rule = {
        "name": "ssh",
        "properties": {
            "protocol": "Tcp", "sourcePortRange": "*", "destinationPortRange": "22", "sourceAddressPrefix": "*",
            "destinationAddressPrefix": "*", "access": "Allow", "priority": 100, "direction": "Inbound",
        },
    }
    guard = network.network_security_groups.begin_create_or_update(
        group, "guard", {"location": region, "properties": {"securityRules": [rule]}}
    ).result()
    net = network.virtual_networks.begin_create_or_update(
        group, "net", {"location": region, "properties": {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}}}
    ).result()
    assert net.provisioning_state == "Succeeded", net
    subnet = network.subnets.begin_create_or_update(
        group, "net", "default", {"properties": {"addressPrefix": "10.0.0.0/24"}}
    ).result()
    address = network.public_ip_addresses.begin_create_or_update(
        group, "address",
        {"location": region, "sku": {"name": "Standard"}, "properties": {"publicIPAllocationMethod": "Static"}},
    ).result()
    interface = network.network_interfaces.begin_create_or_update(
        group, "interface",
        {
            "location": region,
            "properties": {
                "networkSecurityGroup": {"id": guard.id},
                "ipConfigurations": [
                    {"name": "c", "properties": {"subnet": {"id": subnet.id}, "publicIPAddress": {"id": address.id}}}
                ],
            },
        },
    ).result()
    return group, interface.id


def create(region, group, interface, **more):
    body = {
        "location": region,
        "tags": {"made-by": "sdk"},
        "properties": {
            "hardwareProfile": {"vmSize": SIZE},
            "storageProfile": {
                "imageReference": {
                    "publisher": "Canonical", "offer": "0001-com-ubuntu-server-jammy", "sku": "22_04-lts-gen2",
                    "version": "latest",
                },
                "osDisk": {"createOption": "FromImage", "deleteOption": "Delete", "diskSizeGB": 64},
            },
            "osProfile": {
                "computerName": "m",
                "adminUsername": "azureuser",
                "linuxConfiguration": {
                    "disablePasswordAuthentication": True,
                    "ssh": {
                        "publicKeys": [
                            {"path": "/home/azureuser/.ssh/authorized_keys", "keyData": "ssh-ed25519 AAAA sdk"}
                        ]
                    },
                },
            },
            "networkProfile": {"networkInterfaces": [{"id": interface, "properties": {"primary": True}}]},
            **more,
        },
    }
    return compute.virtual_machines.begin_create_or_update(group, "m", body)


def power(group):
    view = compute.virtual_machines.instance_view(group, "m")
    return [status.code for status in view.statuses if status.code.startswith("PowerState/")]


# The life of one machine.
region = "eastus"
group, interface = prepare(region)
machine = create(region, group, interface).result()
assert machine.provisioning_state == "Succeeded" and machine.name == "m" and machine.location == region, machine
assert power(group) == ["PowerState/running"], power(group)
shown = compute.virtual_machines.get(group, "m", expand="instanceView")
assert shown.instance_view.statuses and shown.hardware_profile.vm_size == SIZE
assert [one.name for one in compute.virtual_machines.list(group)] == ["m"]
assert "m" in [one.name for one in compute.virtual_machines.list_all()]
tagged = list(groups.resources.list(filter="tagName eq 'made-by' and tagValue eq 'sdk'"))
assert {"Microsoft.Compute/virtualMachines", "Microsoft.Compute/disks"} <= {one.type for one in tagged}, tagged
assert list(groups.resources.list(filter="tagName eq 'made-by' and tagValue eq 'nobody'")) == []
address = network.public_ip_addresses.get(group, "address")
assert address.ip_address, address
assert network.network_interfaces.get(group, "interface").ip_configurations[0].private_ip_address
refused("an interface in use", HttpResponseError, "NicInUse",
        lambda: network.network_interfaces.begin_delete(group, "interface").result())
compute.virtual_machines.begin_deallocate(group, "m").result()
assert power(group) == ["PowerState/deallocated"], power(group)
compute.virtual_machines.begin_start(group, "m").result()
assert power(group) == ["PowerState/running"], power(group)
compute.virtual_machines.begin_delete(group, "m").result()
refused("a machine that is gone", ResourceNotFoundError, "ResourceNotFound",
        lambda: compute.virtual_machines.get(group, "m"))
disks = [one.name for one in compute.disks.list_by_resource_group(group)]
assert disks == [], disks
network.network_interfaces.begin_delete(group, "interface").result()
groups.resource_groups.begin_delete(group).result()
assert not groups.resource_groups.check_existence(group)

# Refusals as the SDK's exceptions.
group, interface = prepare("westus2")
refused("a stockout at once", HttpResponseError, "SkuNotAvailable", lambda: create("westus2", group, interface))
group, interface = prepare("westus3")
refused("a stockout in polling", HttpResponseError, "AllocationFailed",
        lambda: create("westus3", group, interface).result())
assert compute.virtual_machines.get(group, "m").provisioning_state == "Failed"
assert [one.name for one in compute.disks.list_by_resource_group(group)], "the disk of a failed machine is left"
compute.virtual_machines.begin_delete(group, "m").result()
group, interface = prepare("northeurope")
error = refused("a quota", HttpResponseError, "OperationNotAllowed", lambda: create("northeurope", group, interface))
assert error.status_code == 409 and "quota" in error.message, error
group, interface = prepare("westeurope")
error = refused("a throttle", HttpResponseError, "OperationNotAllowed", lambda: create("westeurope", group, interface))
assert error.status_code == 429 and error.response.headers["Retry-After"] == "2", error
refused("a wrong size", HttpResponseError, "InvalidParameter",
        lambda: create("westeurope", group, interface, hardwareProfile={"vmSize": "Standard_Nonsense"}))

# What is limited and sold.
assert [one for one in compute.usage.list("eastus") if one.limit > 0]
skus = [one for one in compute.resource_skus.list(filter="location eq 'eastus'") if one.name == SIZE]
assert skus and skus[0].resource_type == "virtualMachines" and skus[0].location_info[0].location == "eastus", skus
images = compute.virtual_machine_images.list("eastus", "Canonical", "0001-com-ubuntu-server-jammy", "22_04-lts-gen2")
assert len(images) == 1, images

# A token that is not one.
other = client(ResourceManagementClient, "a.b.c")
refused("a bad token", ClientAuthenticationError, "InvalidAuthenticationToken", lambda: list(other.resource_groups.list()))
print("the SDK is content")
