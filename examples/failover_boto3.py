"""Zone failover in ten lines of boto3, to be tried without an account: `sky-sim serve scenarios/page-cross-cloud.yaml`,
then the printed export lines, then this."""
import boto3, botocore
from botocore.config import Config

for zone in ("us-east-2a", "us-east-2b", "us-east-2c", "us-west-2a"):
    ec2 = boto3.client("ec2", region_name=zone[:-1], config=Config(retries={"total_max_attempts": 1}))
    image = ec2.describe_images(Owners=["099720109477"])["Images"][0]["ImageId"]
    try:
        made = ec2.run_instances(ImageId=image, InstanceType="p3.16xlarge", MinCount=1, MaxCount=1,
                                 Placement={"AvailabilityZone": zone})
        print(f"{zone}: {made['Instances'][0]['InstanceId']}")
        break
    except botocore.exceptions.ClientError as error:
        print(f"{zone}: {error.response['Error']['Code']}")
