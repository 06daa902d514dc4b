//! Names looked up in the catalog, and what is inferred from them.

use insta::assert_snapshot;

use super::*;

fn label(resources: &str) -> String {
    labels(&request(&format!("resources: {resources}\n")))
}

fn enabled(text: &str, clouds: &[&str]) -> Result<Request, String> {
    let clouds: Vec<_> = clouds.iter().map(|name| catalog().find_cloud(name).unwrap()).collect();
    resolve(&task(text), catalog(), &clouds).map_err(|problems| joined(&problems))
}

#[test]
fn a_place_in_any_form() {
    assert_eq!(label("{cloud: AWS}"), "0 any machine on aws");
    assert_eq!(label("{infra: aws/us-east-1}"), "0 any machine on aws/us-east-1");
    assert_eq!(label("{infra: aws/us-east-1/us-east-1a}"), "0 any machine on aws/us-east-1/us-east-1a");
    assert_eq!(label("{infra: '*'}"), "0 any machine");
    assert_eq!(label("{infra: '*/us-central1'}"), "0 any machine on gcp/us-central1");
    assert_eq!(label("{infra: 'gcp/*/us-central1-a'}"), "0 any machine on gcp/us-central1/us-central1-a");
    assert_eq!(label("{cloud: '*', region: US-EAST-1}"), "0 any machine on aws/us-east-1");
    assert_eq!(label("{region: eastus}"), "0 any machine on azure/eastus");
    assert_eq!(label("{zone: us-west1-b}"), "0 any machine on gcp/us-west1/us-west1-b");
    assert_eq!(label("{cloud: aws, region: us-east-2, zone: us-east-2c}"), "0 any machine on aws/us-east-2/us-east-2c");
}

#[test]
fn wildcards_and_lists() {
    let request = request("resources: {infra: [aws/us-*, gcp]}\n");
    let places = &request.requirements[0].places;
    let names: Vec<&str> = places.iter().filter_map(|p| p.region).map(|r| catalog().region_name(r)).collect();
    assert_eq!(names, ["us-east-1", "us-east-2", "us-west-1", "us-west-2"]);
    assert_eq!(places.len(), 5);
    assert_eq!(label("{infra: ['*', aws]}"), "0 any machine");
}

#[test]
fn instance_types_imply_their_cloud_and_accelerators() {
    assert_eq!(label("{instance_type: p3.2xlarge}"), "0 p3.2xlarge");
    assert_eq!(label("{instance_type: [g5.xlarge, g2-standard-4]}"), "0 g5.xlarge or g2-standard-4");
    assert_eq!(
        label("{instance_type: p3.2xlarge, accelerators: V100, cpus: 8, memory: 61}"),
        "0 V100:1, p3.2xlarge, 8 vCPUs, 61 GB"
    );
    assert_eq!(label("{instance_type: Standard_NV6ads_A10_v5, accelerators: A10}"), "0 A10:1, Standard_NV6ads_A10_v5");
}

#[test]
fn accelerators_are_attached_to_a_machine_that_takes_them() {
    let attached = request("resources: {instance_type: n1-highmem-8, accelerators: V100}\n");
    let [kind] = attached.requirements[0].instance_types[..] else { panic!("one type") };
    let own = catalog().type_accelerator(kind).unwrap();
    assert_eq!((catalog().type_name(kind), own.count_milli), ("n1-highmem-8", 1000));
    let bare = request("resources: {instance_type: n1-highmem-8}\n");
    let [kind] = bare.requirements[0].instance_types[..] else { panic!("one type") };
    assert_eq!(catalog().type_accelerator(kind), None);
}

#[test]
fn a_part_of_a_name_that_fits_one_model_is_taken_for_it() {
    let request = request("resources:\n  accelerators: A100-80:8\n");
    assert_eq!(labels(&request), "0 A100-80GB:8");
    assert_snapshot!(request.warnings.join("\n"), @"task.yaml:2:17: accelerator 'A100-80' is taken for A100-80GB");
}

#[test]
fn open_places_are_narrowed_to_the_enabled_clouds() {
    let request = enabled("resources: {accelerators: V100}\n", &["gcp", "aws"]).unwrap();
    assert_eq!(request.requirements[0].label, "V100:1 on aws or gcp");
    assert!(
        enabled("resources: {accelerators: V100}\n", &["aws", "azure", "gcp"]).unwrap().requirements[0]
            .places
            .is_empty()
    );
}

#[test]
fn an_alternative_on_a_disabled_cloud_is_left_out() {
    let text = "resources:\n  accelerators: A100\n  any_of:\n    - cloud: aws\n    - cloud: gcp\n    - cloud: lambda\n    - infra: k8s\n";
    let request = enabled(text, &["gcp"]).unwrap();
    assert_eq!(labels(&request), "0 A100:1 on gcp");
    assert_snapshot!(request.warnings.join("\n"), @r"
    task.yaml:4:14: AWS is not enabled; this alternative is left out
    task.yaml:6:14: cloud 'lambda' is not supported; this alternative is left out
    task.yaml:7:14: cloud 'k8s' is not supported; this alternative is left out
    ");
    assert_snapshot!(enabled("resources: {infra: aws}\n", &["gcp"]).unwrap_err(), @r"
    task.yaml:1:20: AWS is not enabled
      1 | resources: {infra: aws}
        |                    ^^^
      = to see why, run: sky check aws
    ");
    assert_snapshot!(enabled("resources: {region: eastus}\n", &["gcp"]).unwrap_err(), @r"
    task.yaml:1:21: 'eastus' is a region of Azure, which is not enabled
      1 | resources: {region: eastus}
        |                     ^^^^^^
      = to see why, run: sky check azure
    ");
    assert_snapshot!(enabled("resources: {instance_type: p3.2xlarge}\n", &["gcp"]).unwrap_err(), @r"
    task.yaml:1:28: 'p3.2xlarge' is an instance type of AWS, which is not enabled
      1 | resources: {instance_type: p3.2xlarge}
        |                            ^^^^^^^^^^
      = to see why, run: sky check aws
    ");
}

#[test]
fn images_by_region_narrow_the_places() {
    let text = "resources:\n  cloud: aws\n  image_id: {us-east-1: ami-1, us-west-2: ami-2}\n";
    assert_eq!(labels(&request(text)), "0 any machine on aws/us-east-1 or aws/us-west-2");
    assert_eq!(label("{image_id: 'docker:x'}"), "0 any machine");
}

#[test]
fn a_request_for_gpus_alone() {
    assert_eq!(labels(&Request::for_gpus("V100:8", catalog()).unwrap()), "0 V100:8");
    assert_eq!(labels(&Request::for_gpus("{A10:1, L4:1}", catalog()).unwrap()), "0 A10:1\n0 L4:1");
    assert_snapshot!(joined(&Request::for_gpus("V10O:8", catalog()).unwrap_err()), @r"
    --gpus 'V10O:8': unknown accelerator 'V10O'
      = did you mean 'V100'?
    ");
}
