"""Leads boto3 through the EC2 that `sky-sim serve` speaks. Every answer is held against botocore's model."""

import base64
import boto3
import botocore.session
import urllib.request
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.exceptions import ClientError
from xml.etree import ElementTree

KEY = "ssh-ed25519 " + base64.b64encode(b"\0\0\0\x0bssh-ed25519\0\0\0 " + b"k" * 32).decode() + " test"
ONCE = Config(retries={"total_max_attempts": 1})


def client(service="ec2", region="us-east-2", **more):
    made = boto3.client(service, region_name=region, config=ONCE, **more)
    if service == "ec2":
        made.meta.events.register("before-parse.ec2.*", lambda **event: hold(made, **event))
    return made


def hold(made, operation_model, response_dict, **_):
    """Every element of an answer must be one that botocore's model of the operation knows."""
    if response_dict["status_code"] >= 300:
        return
    root = ElementTree.fromstring(response_dict["body"])
    check(root, operation_model.output_shape, operation_model.name)


def plain(tag):
    return tag.split("}")[-1]


def check(node, shape, path):
    if shape is None:
        return
    if shape.type_name == "structure":
        known = {member.serialization.get("name", name): member for name, member in shape.members.items()}
        for child in node:
            name = plain(child.tag)
            if name == "requestId" or (name == "return" and name not in known):
                continue
            assert name in known, f"{path}: {name} is unknown to botocore, which knows {sorted(known)}"
            check(child, known[name], f"{path}/{name}")
        for name in shape.required_members:
            wanted = shape.members[name].serialization.get("name", name)
            assert any(plain(child.tag) == wanted for child in node), f"{path}: {wanted} is missing"
    elif shape.type_name == "list":
        for child in node:
            assert plain(child.tag) == "item", f"{path}: {child.tag} in a list"
            check(child, shape.member, path)
    else:
        assert len(node) == 0, f"{path}: elements where {shape.type_name} is expected"
        text = node.text or ""
        known = getattr(shape, "enum", None)
        if known and text:
            assert text in known or path.endswith(("instanceType", "/item")), f"{path}: {text} is not one of {known[:8]}"
        if shape.type_name == "integer":
            int(text)
        if shape.type_name == "boolean":
            assert text in ("true", "false"), f"{path}: {text}"


def refused(code, status, call, **arguments):
    try:
        answer = call(**arguments)
    except ClientError as error:
        found = (error.response["Error"]["Code"], error.response["ResponseMetadata"]["HTTPStatusCode"])
        assert found == (code, status), f"{found} instead of {(code, status)}: {error}"
        assert error.response["Error"]["Message"], code
        assert error.response["ResponseMetadata"]["RequestId"], code
        return error.response["Error"]["Message"]
    raise AssertionError(f"not refused with {code}: {answer}")


ec2 = client()
IMAGE = ec2.describe_images(
    Owners=["amazon"], Filters=[{"Name": "name", "Values": ["Deep Learning Base Proprietary*"]}]
)["Images"][0]["ImageId"]


def run(ec2=ec2, zone="us-east-2c", **more):
    arguments = dict(ImageId=IMAGE, InstanceType="p3.16xlarge", MinCount=1, MaxCount=1)
    if zone:
        arguments["Placement"] = {"AvailabilityZone": zone}
    return ec2.run_instances(**{**arguments, **more})


def tagged(**tags):
    return [{"ResourceType": "instance", "Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}]


def listed(**filters):
    named = [{"Name": name.replace("_", "-"), "Values": [value]} for name, value in filters.items()]
    pages = ec2.get_paginator("describe_instances").paginate(Filters=named, PaginationConfig={"PageSize": 5})
    return [i for page in pages for r in page["Reservations"] for i in r["Instances"]]


def life():
    made = run(MinCount=3, MaxCount=3, TagSpecifications=tagged(job="life"),
               BlockDeviceMappings=[{"DeviceName": "/dev/sda1", "Ebs": {"VolumeSize": 256, "VolumeType": "gp3", "Iops": 3500}}])
    ids = [i["InstanceId"] for i in made["Instances"]]
    assert [i["AmiLaunchIndex"] for i in made["Instances"]] == [0, 1, 2]
    assert {i["State"]["Name"] for i in made["Instances"]} == {"pending"}
    ec2.get_waiter("instance_running").wait(InstanceIds=ids, WaiterConfig={"Delay": 0})
    ec2.get_waiter("instance_status_ok").wait(InstanceIds=ids, WaiterConfig={"Delay": 0})
    found = [i for r in ec2.describe_instances(Filters=[{"Name": "tag:job", "Values": ["li*"]}])["Reservations"] for i in r["Instances"]]
    assert {i["InstanceId"] for i in found} == set(ids)
    one = found[0]
    assert one["PublicIpAddress"] and one["PrivateIpAddress"] and one["Placement"]["AvailabilityZone"] == "us-east-2c"
    assert one["CpuOptions"]["CoreCount"] * one["CpuOptions"]["ThreadsPerCore"] == 64
    volumes = ec2.describe_volumes(Filters=[{"Name": "attachment.instance-id", "Values": ids}])["Volumes"]
    assert [(v["Size"], v["VolumeType"], v["Iops"]) for v in volumes] == [(256, "gp3", 3500)] * 3
    ec2.create_tags(Resources=ids[:1], Tags=[{"Key": "rank", "Value": "0"}])
    assert [i["InstanceId"] for i in ec2.describe_instances(Filters=[{"Name": "tag-key", "Values": ["rank"]}])["Reservations"][0]["Instances"]] == ids[:1]
    assert len(ec2.describe_tags(Filters=[{"Name": "resource-id", "Values": ids[:1]}])["Tags"]) == 2
    ec2.delete_tags(Resources=ids[:1], Tags=[{"Key": "rank"}])
    assert not ec2.describe_instances(Filters=[{"Name": "tag-key", "Values": ["rank"]}])["Reservations"]
    attribute = "instanceInitiatedShutdownBehavior"
    behavior = lambda: ec2.describe_instance_attribute(InstanceId=ids[0], Attribute=attribute)
    told = lambda: behavior()["InstanceInitiatedShutdownBehavior"]["Value"]
    assert told() == "stop"
    modify = dict(InstanceId=ids[0], InstanceInitiatedShutdownBehavior={"Value": "terminate"})
    ec2.modify_instance_attribute(**modify)
    assert told() == "terminate"
    modify["InstanceInitiatedShutdownBehavior"] = {"Value": "explode"}
    refused("InvalidParameterValue", 400, ec2.modify_instance_attribute, **modify)
    stopping = ec2.stop_instances(InstanceIds=ids)["StoppingInstances"]
    assert {(s["PreviousState"]["Name"], s["CurrentState"]["Name"]) for s in stopping} == {("running", "stopping")}
    ec2.get_waiter("instance_stopped").wait(InstanceIds=ids, WaiterConfig={"Delay": 0})
    stopped = ec2.describe_instances(InstanceIds=ids)["Reservations"][0]["Instances"]
    assert all("PublicIpAddress" not in i and i["StateReason"]["Code"] == "Client.UserInitiatedShutdown" for i in stopped)
    ec2.start_instances(InstanceIds=ids)
    ec2.get_waiter("instance_running").wait(InstanceIds=ids, WaiterConfig={"Delay": 0})
    ec2.terminate_instances(InstanceIds=ids)
    ec2.get_waiter("instance_terminated").wait(InstanceIds=ids, WaiterConfig={"Delay": 0})
    ec2.terminate_instances(InstanceIds=ids)  # once more is no error
    assert listed(instance_state_name="running") == []
    for n in range(12):
        run(TagSpecifications=tagged(page="yes", n=str(n)))
    found = listed(instance_state_name="running")
    assert len(found) == 12 == len({i["InstanceId"] for i in found})
    ec2.terminate_instances(InstanceIds=[i["InstanceId"] for i in found])


def errors():
    for zone in ("us-east-2a", "us-east-2b"):
        words = refused("InsufficientInstanceCapacity", 500, run, zone=zone)
        assert f"p3.16xlarge capacity in the Availability Zone you requested ({zone})" in words, words
    west, ireland, tokyo = (client(region=region) for region in ("us-west-2", "eu-west-1", "ap-northeast-1"))
    refused("VcpuLimitExceeded", 400, run, ec2=west, zone="us-west-2a")
    refused("RequestLimitExceeded", 503, run, ec2=ireland, zone="eu-west-1b")
    refused("UnauthorizedOperation", 403, run, ec2=tokyo, zone="ap-northeast-1a")
    refused("Unsupported", 400, run, InstanceType="p4de.24xlarge", zone="us-east-2a")
    refused("DryRunOperation", 412, run, DryRun=True)
    refused("InvalidParameterValue", 400, run, InstanceType="p9.huge")
    refused("InvalidParameterValue", 400, run, zone="us-east-2z")
    refused("InvalidParameterValue", 400, run, MinCount=2, MaxCount=1)
    refused("InvalidAMIID.Malformed", 400, run, ImageId="image-1")
    refused("InvalidKeyPair.NotFound", 400, run, KeyName="nobody")
    refused("InvalidGroup.NotFound", 400, run, SecurityGroupIds=["sg-0123456789abcdef0"])
    refused("InvalidSubnetID.NotFound", 400, run, zone=None, SubnetId="subnet-0123456789abcdef0")
    refused("InvalidBlockDeviceMapping", 400, run, BlockDeviceMappings=[{"DeviceName": "/dev/sda1", "Ebs": {"VolumeSize": 1}}])
    nobody = "i-0123456789abcdef0"
    for call in (ec2.describe_instances, ec2.terminate_instances, ec2.stop_instances, ec2.start_instances):
        refused("InvalidInstanceID.NotFound", 400, call, InstanceIds=[nobody])
    refused("InvalidInstanceID.Malformed", 400, ec2.terminate_instances, InstanceIds=["nonsense"])
    refused("InvalidParameterCombination", 400, ec2.describe_instances, InstanceIds=[nobody], MaxResults=5)
    refused("InvalidParameterValue", 400, ec2.describe_instances, Filters=[{"Name": "colour", "Values": ["red"]}])
    refused("InvalidAction", 400, ec2.describe_addresses)
    one = run()["Instances"][0]["InstanceId"]
    ec2.terminate_instances(InstanceIds=[one])
    refused("IncorrectInstanceState", 400, ec2.start_instances, InstanceIds=[one])


def idempotency():
    first = run(ClientToken="the-same", TagSpecifications=tagged(job="twice"))
    again = run(ClientToken="the-same", TagSpecifications=tagged(job="twice"))
    assert first["Instances"][0]["InstanceId"] == again["Instances"][0]["InstanceId"]
    refused("IdempotentParameterMismatch", 400, run, ClientToken="the-same", InstanceType="p3.2xlarge")
    found = listed(client_token="the-same")
    assert len(found) == 1 and found[0]["ClientToken"] == "the-same"
    ec2.terminate_instances(InstanceIds=[found[0]["InstanceId"]])


def spot():
    wanted = {"MarketType": "spot", "SpotOptions": {"SpotInstanceType": "one-time"}}
    tags = [{"ResourceType": "spot-instances-request", "Tags": [{"Key": "job", "Value": "spot"}]}]
    made = run(InstanceMarketOptions=wanted, TagSpecifications=tags)["Instances"][0]
    assert made["InstanceLifecycle"] == "spot"
    request = ec2.describe_spot_instance_requests(Filters=[{"Name": "tag:job", "Values": ["spot"]}])["SpotInstanceRequests"][0]
    assert (request["SpotInstanceRequestId"], request["State"]) == (made["SpotInstanceRequestId"], "active")
    ec2.get_waiter("spot_instance_request_fulfilled").wait(SpotInstanceRequestIds=[request["SpotInstanceRequestId"]])
    assert [i["InstanceId"] for i in listed(instance_lifecycle="spot")] == [made["InstanceId"]]
    ec2.get_waiter("instance_running").wait(InstanceIds=[made["InstanceId"]], WaiterConfig={"Delay": 0})
    refused("UnsupportedOperation", 400, ec2.stop_instances, InstanceIds=[made["InstanceId"]])
    cheap = {**wanted, "SpotOptions": {"MaxPrice": "0.01"}}
    refused("SpotMaxPriceTooLow", 400, run, InstanceMarketOptions=cheap)
    cancelled = ec2.cancel_spot_instance_requests(SpotInstanceRequestIds=[request["SpotInstanceRequestId"]])
    assert cancelled["CancelledSpotInstanceRequests"][0]["State"] == "cancelled"
    assert ec2.describe_instances(InstanceIds=[made["InstanceId"]])["Reservations"][0]["Instances"][0]["State"]["Name"] == "running"
    ec2.terminate_instances(InstanceIds=[made["InstanceId"]])
    history = ec2.describe_spot_price_history(InstanceTypes=["p3.16xlarge"], ProductDescriptions=["Linux/UNIX"])["SpotPriceHistory"]
    assert history and all(0 < float(price["SpotPrice"]) < 24.48 for price in history)
    scores = ec2.get_spot_placement_scores(InstanceTypes=["p3.16xlarge"], TargetCapacity=1, RegionNames=["us-east-2"])
    assert 1 <= scores["SpotPlacementScores"][0]["Score"] <= 10


def networks():
    vpc = ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"][0]["VpcId"]
    subnets = ec2.describe_subnets(Filters=[{"Name": "default-for-az", "Values": ["true"]}])["Subnets"]
    assert {s["VpcId"] for s in subnets} == {vpc}
    there = {s["AvailabilityZone"]: s["SubnetId"] for s in subnets}["us-east-2c"]
    group = ec2.create_security_group(GroupName="g", Description="d", VpcId=vpc)["GroupId"]
    refused("InvalidGroup.Duplicate", 400, ec2.create_security_group, GroupName="g", Description="d", VpcId=vpc)
    rules = [
        {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]},
        {"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": group}]},
    ]
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=rules)
    refused("InvalidPermission.Duplicate", 400, ec2.authorize_security_group_ingress, GroupId=group, IpPermissions=rules[:1])
    found = ec2.describe_security_groups(Filters=[{"Name": "group-name", "Values": ["g"]}])["SecurityGroups"][0]
    assert len(found["IpPermissions"]) == 2 and found["IpPermissions"][0]["FromPort"] == 22
    ec2.import_key_pair(KeyName="k", PublicKeyMaterial=KEY.encode())
    refused("InvalidKeyPair.Duplicate", 400, ec2.import_key_pair, KeyName="k", PublicKeyMaterial=KEY.encode())
    refused("InvalidKey.Format", 400, ec2.import_key_pair, KeyName="bad", PublicKeyMaterial=b"nonsense")
    assert ec2.describe_key_pairs(KeyNames=["k"])["KeyPairs"][0]["KeyType"] == "ed25519"
    made = run(zone=None, SubnetId=there, SecurityGroupIds=[group], KeyName="k")["Instances"][0]
    assert (made["Placement"]["AvailabilityZone"], made["SubnetId"], made["KeyName"]) == ("us-east-2c", there, "k")
    assert made["SecurityGroups"][0]["GroupId"] == group
    refused("DependencyViolation", 400, ec2.delete_security_group, GroupId=group)
    ec2.terminate_instances(InstanceIds=[made["InstanceId"]])
    ec2.get_waiter("instance_terminated").wait(InstanceIds=[made["InstanceId"]], WaiterConfig={"Delay": 0})
    ec2.revoke_security_group_ingress(GroupId=group, IpPermissions=rules[:1])
    ec2.delete_security_group(GroupId=group)
    refused("InvalidGroup.NotFound", 400, ec2.describe_security_groups, GroupIds=[group])
    ec2.delete_key_pair(KeyName="k")
    refused("InvalidKeyPair.NotFound", 400, ec2.describe_key_pairs, KeyNames=["k"])


def places():
    regions = {r["RegionName"] for r in ec2.describe_regions()["Regions"]}
    assert {"us-east-1", "us-east-2", "us-west-2", "eu-west-1"} <= regions
    zones = ec2.describe_availability_zones()["AvailabilityZones"]
    assert {z["ZoneName"]: z["ZoneId"] for z in zones}["us-east-2a"] == "use2-az1"
    kinds = ec2.describe_instance_types(InstanceTypes=["p3.16xlarge", "m6g.large"])["InstanceTypes"]
    kinds = {kind["InstanceType"]: kind for kind in kinds}
    gpus = kinds["p3.16xlarge"]["GpuInfo"]["Gpus"][0]
    assert (gpus["Name"], gpus["Manufacturer"], gpus["Count"]) == ("V100", "NVIDIA", 8), gpus
    assert kinds["p3.16xlarge"]["VCpuInfo"]["DefaultVCpus"] == 64
    assert kinds["m6g.large"]["ProcessorInfo"]["SupportedArchitectures"] == ["arm64"]
    offers = ec2.describe_instance_type_offerings(
        LocationType="availability-zone", Filters=[{"Name": "instance-type", "Values": ["p3.16*"]}]
    )["InstanceTypeOfferings"]
    assert {offer["Location"] for offer in offers} == {"us-east-2a", "us-east-2b", "us-east-2c"}
    ubuntu = ec2.describe_images(Owners=["099720109477"], Filters=[{"Name": "architecture", "Values": ["arm64"]}])["Images"]
    assert len(ubuntu) == 1 and ubuntu[0]["RootDeviceName"] == "/dev/sda1"


def fleet():
    template = ec2.create_launch_template(LaunchTemplateName="template", LaunchTemplateData={"ImageId": IMAGE, "InstanceType": "p3.16xlarge"})
    named = {"LaunchTemplateId": template["LaunchTemplate"]["LaunchTemplateId"], "Version": "$Default"}
    zones = [{"AvailabilityZone": zone} for zone in ("us-east-2a", "us-east-2c")]
    made = ec2.create_fleet(
        Type="instant",
        LaunchTemplateConfigs=[{"LaunchTemplateSpecification": named, "Overrides": zones}],
        TargetCapacitySpecification={"TotalTargetCapacity": 2, "DefaultTargetCapacityType": "on-demand"},
    )
    assert made["Errors"][0]["ErrorCode"] == "InsufficientInstanceCapacity"
    ids = made["Instances"][0]["InstanceIds"]
    assert len(ids) == 2
    ec2.terminate_instances(InstanceIds=ids)
    assert ec2.describe_launch_templates(LaunchTemplateNames=["template"])["LaunchTemplates"]
    ec2.delete_launch_template(LaunchTemplateName="template")


def other_services():
    assert client("sts").get_caller_identity()["Account"] == ec2.describe_vpcs()["Vpcs"][0]["OwnerId"]
    quotas = client("service-quotas", region="us-west-2")
    assert quotas.get_service_quota(ServiceCode="ec2", QuotaCode="L-417A185B")["Quota"]["Value"] == 0
    pages = quotas.get_paginator("list_service_quotas").paginate(ServiceCode="ec2", PaginationConfig={"PageSize": 7})
    listed = [quota for page in pages for quota in page["Quotas"]]
    assert len(listed) == len({quota["QuotaCode"] for quota in listed}) > 15
    refused("NoSuchResourceException", 400, quotas.get_service_quota, ServiceCode="ec2", QuotaCode="L-00000000")
    name = "/aws/service/canonical/ubuntu/server/22.04/stable/current/amd64/hvm/ebs-gp2/ami-id"
    image = client("ssm").get_parameter(Name=name)["Parameter"]["Value"]
    assert ec2.describe_images(ImageIds=[image])["Images"][0]["Name"].startswith("ubuntu/")
    made = run(ImageId="resolve:ssm:" + name)["Instances"][0]
    assert made["ImageId"] == image
    ec2.terminate_instances(InstanceIds=[made["InstanceId"]])
    refused("ParameterNotFound", 400, client("ssm").get_parameter, Name="/nothing")


def signatures():
    stranger = client(aws_access_key_id="AKIAIOSFODNN7EXAMPLE", aws_secret_access_key="x")
    refused("AuthFailure", 401, stranger.describe_regions)
    forger = client(aws_access_key_id=ec2._request_signer._credentials.access_key, aws_secret_access_key="wrong")
    refused("SignatureDoesNotMatch", 403, forger.describe_regions)
    refused("AuthFailure", 401, client(region="xx-nowhere-1").describe_regions)
    try:
        urllib.request.urlopen(ec2.meta.endpoint_url, data=b"Action=DescribeRegions")
        raise AssertionError("an unsigned request was answered")
    except urllib.error.HTTPError as error:
        assert error.code == 403 and b"MissingAuthenticationToken" in error.read()


for step in (life, errors, idempotency, spot, networks, places, fleet, other_services, signatures):
    step()
    print("ok", step.__name__.replace("_", " "), flush=True)
