//! Our layout and that of `SkyPilot`'s hosted catalogs give the same catalog.

use std::fs;
use std::path::Path;

use crate::catalog::{Catalog, Grain};
use crate::model::CapacityType;

const OURS_AWS: &str = "\
InstanceType,AcceleratorName,AcceleratorCount,vCPUs,MemoryGiB,GpuInfo,Price,SpotPrice,Region,AvailabilityZone
p3.2xlarge,V100,1,8,61,\"{'Gpus': [{'Manufacturer': 'NVIDIA', 'MemoryInfo': {'SizeInMiB': 16384}}]}\",3.06,0.918,us-east-1,use1-az1
p3.2xlarge,V100,1,8,61,\"{'Gpus': [{'Manufacturer': 'NVIDIA', 'MemoryInfo': {'SizeInMiB': 16384}}]}\",3.06,,us-east-1,use1-az2
m6i.large,,,2,8,,0.096,0.04,us-east-1,use1-az1
";
const HOSTED_AWS: &str = "\
Arch,Price,InstanceType,AcceleratorName,AcceleratorCount,vCPUs,MemoryGiB,GpuInfo,SpotPrice,Region,AvailabilityZone,NVMeSupported
x86_64,0.0960,m6i.large,,,2.0,8.0,,0.0400,us-east-1,use1-az1,False
x86_64,3.06,p3.2xlarge,V100,1.0,8.0,61.0,\"{'Gpus': [{'Manufacturer': 'NVIDIA', 'MemoryInfo': {'SizeInMiB': 16384}}]}\",,us-east-1,use1-az2,False
x86_64,3.06,p3.2xlarge,V100,1.0,8.0,61.0,\"{'Gpus': [{'Manufacturer': 'NVIDIA', 'MemoryInfo': {'SizeInMiB': 16384}}]}\",0.918,us-east-1,use1-az1,False
";
const OURS_AZURE: &str = "\
InstanceType,AcceleratorName,AcceleratorCount,vCPUs,MemoryGiB,GpuInfo,Price,SpotPrice,Region,AvailabilityZone
Standard_D8s_v5,,,8,32,,0.384,0.1,eastus,
";
const HOSTED_AZURE: &str = "\
InstanceType,AcceleratorName,AcceleratorCount,vCPUs,MemoryGiB,GpuInfo,Price,SpotPrice,Region,Generation
Standard_D8s_v5,,,8.0,32.0,,0.384,0.1,eastus,V2
";
/// Built-in machines whole; accelerators of N1 and TPUs apart.
const OURS_GCP: &str = "\
InstanceType,AcceleratorName,AcceleratorCount,vCPUs,MemoryGiB,GpuInfo,Price,SpotPrice,Region,AvailabilityZone
a2-highgpu-1g,A100,1,12,85,,3.673477,1.1,us-central1,us-central1-a
g2-standard-4,L4,1,4,16,,0.706832,,us-central1,us-central1-a
g2-standard-8,L4,1,8,32,,0.853624,,us-central1,us-central1-a
a4-highgpu-8g,B200,8,224,3968,,88.5,,us-central1,us-central1-b
n1-standard-8,,,8,30,,0.38,0.08,us-central1,us-central1-a
n1-standard-8,,,8,30,,0.38,0.08,us-central1,us-central1-b
,V100,1,,,,2.48,0.74,us-central1,us-central1-a
,tpu-v2-8,1,,,tpu-v2-8,4.5,1.35,us-central1,us-central1-b
";
/// Everything apart. The A100 has no machine in us-central1-b, so it is not sold there.
const HOSTED_GCP: &str = "\
InstanceType,vCPUs,MemoryGiB,AcceleratorName,AcceleratorCount,GpuInfo,Region,AvailabilityZone,Price,SpotPrice
a2-highgpu-1g,12.0,85.0,,,,us-central1,us-central1-a,0.739567,0.22
g2-standard-4,4.0,16.0,,,,us-central1,us-central1-a,0.146832,0.05
g2-standard-8,8.0,32.0,,,,us-central1,us-central1-a,0.293624,0.1
a4-highgpu-8g,224.0,3968.0,,,,us-central1,us-central1-b,0.0,0.0
n1-standard-8,8.0,30.0,,,,us-central1,us-central1-b,0.38,0.08
n1-standard-8,8.0,30.0,,,,us-central1,us-central1-a,0.38,0.08
,,,A100,1.0,,us-central1,us-central1-a,2.93391,0.88
,,,A100,1.0,,us-central1,us-central1-b,2.93391,0.88
,,,L4,1.0,,us-central1,us-central1-a,0.56,
,,,B200,8.0,,us-central1,us-central1-b,88.5,
,,,V100,1.0,,us-central1,us-central1-a,2.48,0.74
,,,tpu-v2-8,1.0,tpu-v2-8,us-central1,us-central1-b,4.5,1.35
";

fn write(dir: &Path, files: &[(&str, &str)]) -> Catalog {
    for (name, text) in files {
        let path = dir.join(name);
        fs::create_dir_all(path.parent().expect("inside the folder")).expect("a folder for the test");
        fs::write(path, text).expect("a file for the test");
    }
    Catalog::from_dir(dir).expect("both layouts are readable")
}

#[test]
fn hosted_layout_equals_ours() {
    let (ours, hosted) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let mut ours = write(ours.path(), &[("aws.csv", OURS_AWS), ("azure.csv", OURS_AZURE), ("gcp.csv", OURS_GCP)]);
    let files = [("aws/vms.csv", HOSTED_AWS), ("azure/vms.csv", HOSTED_AZURE), ("gcp/vms.csv", HOSTED_GCP)];
    let mut hosted = write(hosted.path(), &files);
    assert_eq!(ours.notes().len(), 0);
    assert_eq!(hosted.notes().len(), 0);
    assert_ne!(ours.hash(), hosted.hash());
    for catalog in [&mut ours, &mut hosted] {
        catalog.columns.hash = Vec::<String>::new().into();
        catalog.columns.rows_read = vec![].into();
    }
    assert_eq!(ours, hosted);
}

#[test]
fn order_of_rows_and_folder_do_not_change_the_catalog() {
    let (one, two) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let one = write(one.path(), &[("aws.csv", OURS_AWS)]);
    assert_eq!(one, write(two.path(), &[("aws/vms.csv", OURS_AWS)]), "where the file lies does not matter");
    let mut lines: Vec<&str> = OURS_AWS.lines().collect();
    lines[1..].reverse();
    let reversed = write(two.path(), &[("aws.csv", &lines.join("\n"))]);
    assert_eq!(one.columns.wide, reversed.columns.wide);
    assert_eq!(one.columns.row_spot, reversed.columns.row_spot);
}

#[test]
fn zone_ids_are_names_like_others() {
    let dir = tempfile::tempdir().expect("a folder");
    let catalog = write(dir.path(), &[("aws/vms.csv", HOSTED_AWS)]);
    let kind = catalog.find_types(None, "p3.2xlarge").next().expect("in the table");
    let units = catalog.units(catalog.type_bucket(kind), CapacityType::OnDemand, Grain::Wide);
    let (_, zones) = catalog.unit_offering(units[0], CapacityType::OnDemand, Grain::Wide);
    let names: Vec<_> = zones.as_slice().iter().map(|zone| catalog.zone_name(*zone)).collect();
    assert_eq!(names, ["use1-az1", "use1-az2"]);
}
