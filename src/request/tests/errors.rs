//! How errors read.

use insta::assert_snapshot;

use super::*;

#[test]
fn unknown_keys() {
    assert_snapshot!(wrong("resources:\n  acelerators: V100\n"), @r"
    task.yaml:2:3: unknown key 'acelerators' in resources
      2 |   acelerators: V100
        |   ^^^^^^^^^^^
      = did you mean 'accelerators'?
    ");
    assert_snapshot!(wrong("resources:\n  accelerators: V100\nzebra: 1\n"), @r"
    task.yaml:3:1: unknown key 'zebra' in a task
      3 | zebra: 1
        | ^^^^^
      = known keys: name, resources, num_nodes, envs, secrets, workdir, file_mounts, setup, run, inputs, outputs, estimated_runtime, ...
    ");
    assert_snapshot!(wrong("accelerators: V100\n"), @r"
    task.yaml:1:1: unknown key 'accelerators' in a task
      1 | accelerators: V100
        | ^^^^^^^^^^^^
      = 'accelerators' belongs under resources
    ");
    assert_snapshot!(wrong("resources: {num_nodes: 2}\n"), @r"
    task.yaml:1:13: unknown key 'num_nodes' in resources
      1 | resources: {num_nodes: 2}
        |             ^^^^^^^^^
      = 'num_nodes' belongs to the task, one level further out
    ");
    assert_snapshot!(wrong("resources: {max_wait: 1h}\n"), @r"
    task.yaml:1:13: unknown key 'max_wait' in resources
      1 | resources: {max_wait: 1h}
        |             ^^^^^^^^
      = 'max_wait' belongs under failover, beside resources
    ");
    assert_snapshot!(wrong("failover: {max_atempts: 3}\n"), @r"
    task.yaml:1:12: unknown key 'max_atempts' in failover
      1 | failover: {max_atempts: 3}
        |            ^^^^^^^^^^^
      = did you mean 'max_attempts'?
    ");
    assert_snapshot!(wrong("resources:\n  any_of:\n    - any_of: []\n"), @r"
    task.yaml:3:7: unknown key 'any_of' in an entry of any_of
      3 |     - any_of: []
        |       ^^^^^^
      = 'any_of' belongs directly under resources
    ");
}

#[test]
fn all_errors_of_a_file_come_at_once() {
    assert_snapshot!(
        wrong("name: [x]\nnum_nodes: 0\nresources:\n  accelerators: V100:zero\n  cpus: 4-\n  use_spot: perhaps\n  ports: 99999\nrnu: x\n"),
        @r"
    task.yaml:1:7: name must be a text, not a list
      1 | name: [x]
        |       ^
    task.yaml:2:12: num_nodes must be a whole number from 1 to 65535, not '0'
      2 | num_nodes: 0
        |            ^
    task.yaml:4:17: the count of an accelerator must be a positive number, not 'zero'
      4 |   accelerators: V100:zero
        |                 ^^^^^^^^^
      = write for example V100:8, A10:0.5 or H100:1..8
    task.yaml:5:9: cpus must be a number of vCPUs, not '4-'
      5 |   cpus: 4-
        |         ^^
      = write 8 for exactly eight, 8+ for at least eight
    task.yaml:6:13: use_spot must be true or false, not 'perhaps'
      6 |   use_spot: perhaps
        |             ^^^^^^^
    task.yaml:7:10: '99999' is neither a port nor a range of ports
      7 |   ports: 99999
        |          ^^^^^
      = write for example 8080 or 8000-8010
    task.yaml:8:1: unknown key 'rnu' in a task
      8 | rnu: x
        | ^^^
      = did you mean 'run'?
    "
    );
}

#[test]
fn accelerators() {
    assert_snapshot!(wrong("resources:\n  accelerators: V10O:8\n"), @r"
    task.yaml:2:17: unknown accelerator 'V10O'
      2 |   accelerators: V10O:8
        |                 ^^^^^^
      = did you mean 'V100'?
    ");
    assert_snapshot!(wrong("resources:\n  accelerators: {A10:1, L5:1}\n"), @r"
    task.yaml:2:25: unknown accelerator 'L5'
      2 |   accelerators: {A10:1, L5:1}
        |                         ^^^^
      = did you mean 'L4'?
    ");
    assert_snapshot!(wrong("resources:\n  accelerators: H10\n"), @r"
    task.yaml:2:17: accelerator name 'H10' is ambiguous
      2 |   accelerators: H10
        |                 ^^^
      = choose one of H100, H100-MEGA
    ");
    assert_snapshot!(wrong("resources:\n  accelerators: quantum\n"), @r"
    task.yaml:2:17: unknown accelerator 'quantum'
      2 |   accelerators: quantum
        |                 ^^^^^^^
      = to see all accelerators, run: sky gpus list
    ");
    assert_snapshot!(wrong("resources:\n  accelerators: tpu-v3-9\n"), @r"
    task.yaml:2:17: unknown accelerator 'tpu-v3-9'
      2 |   accelerators: tpu-v3-9
        |                 ^^^^^^^^
      = did you mean 'tpu-v3-8', 'tpu-v2-8' or 'tpu-v3-32'?
    ");
    assert_snapshot!(wrong("resources:\n  accelerators: {V100: many}\n"), @r"
    task.yaml:2:24: the count of an accelerator must be a positive number, not 'many'
      2 |   accelerators: {V100: many}
        |                        ^^^^
      = write for example V100:8, A10:0.5 or H100:1..8
    ");
    assert_snapshot!(wrong("resources:\n  accelerators: V100:0\n"), @r"
    task.yaml:2:17: the count of an accelerator must be a positive number, not '0'
      2 |   accelerators: V100:0
        |                 ^^^^^^
      = write for example V100:8, A10:0.5 or H100:1..8
    ");
    assert_snapshot!(wrong("resources:\n  accelerators: H100:8..1\n"), @r"
    task.yaml:2:17: the range '8..1' is empty
      2 |   accelerators: H100:8..1
        |                 ^^^^^^^^^
      = write the smaller count first, such as H100:1..8
    ");
    assert_snapshot!(wrong("resources:\n  accelerators: H100:5..7\n"), @r"
    task.yaml:2:17: no machine has H100:5..7
      2 |   accelerators: H100:5..7
        |                 ^^^^^^^^^
      = machines have H100:1, H100:2, H100:4, H100:8
    ");
    assert_snapshot!(wrong("resources:\n  accelerators: []\n"), @r"
    task.yaml:2:17: accelerators is empty
      2 |   accelerators: []
        |                 ^
      = leave it out for a machine without any
    ");
    assert_snapshot!(wrong("resources:\n  accelerators: 81GB\n"), @r"
    task.yaml:2:17: no accelerator has the memory that 81GB asks for
      2 |   accelerators: 81GB
        |                 ^^^^
      = to see all accelerators, run: sky gpus list
    ");
    assert_snapshot!(wrong("resources:\n  accelerators: nvidea:80GB+\n"), @r"
    task.yaml:2:17: no accelerator is made by 'nvidea'
      2 |   accelerators: nvidea:80GB+
        |                 ^^^^^^^^^^^^
      = did you mean 'NVIDIA'?
    ");
    assert_snapshot!(wrong("resources:\n  accelerators: V100\n  gpus: T4\n"), @r"
    task.yaml:3:3: gpus and accelerators mean the same
      3 |   gpus: T4
        |   ^^^^
      = keep one of them
    ");
}

#[test]
fn mixtures() {
    assert_snapshot!(wrong("resources:\n  any_of: [{cloud: aws}]\n  ordered: [{cloud: gcp}]\n"), @r"
    task.yaml:3:3: any_of and ordered exclude each other
      3 |   ordered: [{cloud: gcp}]
        |   ^^^^^^^
      = keep one of them
    ");
    assert_snapshot!(wrong("resources:\n  accelerators: {A10: 1, L4: 1}\n  ordered: [{cloud: gcp}]\n"), @r"
    task.yaml:2:17: several accelerators cannot be combined with ordered
      2 |   accelerators: {A10: 1, L4: 1}
        |                 ^
      = give the accelerators in the entries of ordered
    ");
    assert_snapshot!(wrong("resources:\n  accelerators: [A10:1, L4:1]\n  any_of: [{cloud: gcp}]\n"), @r"
    task.yaml:2:17: an ordered list of accelerators cannot be combined with any_of
      2 |   accelerators: [A10:1, L4:1]
        |                 ^
      = write a mapping {A: 1, B: 1} if any will do
    ");
    assert_snapshot!(wrong("resources:\n  infra: aws\n  region: us-east-1\n"), @r"
    task.yaml:2:3: infra and region exclude each other
      2 |   infra: aws
        |   ^^^^^
      = write infra: CLOUD/REGION/ZONE and leave region out
    ");
    assert_snapshot!(wrong("resources:\n  any_of: []\n"), @r"
    task.yaml:2:11: any_of is empty
      2 |   any_of: []
        |           ^
    ");
    assert_snapshot!(wrong("resources:\n  any_of: {cloud: aws}\n"), @r"
    task.yaml:2:11: any_of must be a list, not a mapping
      2 |   any_of: {cloud: aws}
        |           ^
    ");
    assert_snapshot!(wrong("resources: V100\n"), @r"
    task.yaml:1:12: resources must be a mapping of keys to values, not 'V100'
      1 | resources: V100
        |            ^^^^
    ");
}

#[test]
fn places() {
    assert_snapshot!(wrong("resources: {cloud: gpc}\n"), @r"
    task.yaml:1:20: unknown cloud 'gpc'
      1 | resources: {cloud: gpc}
        |                    ^^^
      = did you mean 'gcp'?
    ");
    assert_snapshot!(wrong("resources: {cloud: us-east-1}\n"), @r"
    task.yaml:1:20: unknown cloud 'us-east-1'
      1 | resources: {cloud: us-east-1}
        |                    ^^^^^^^^^
      = 'us-east-1' is a region: write aws/us-east-1
    ");
    assert_snapshot!(wrong("resources: {cloud: lambda}\n"), @r"
    task.yaml:1:20: cloud 'lambda' is not supported
      1 | resources: {cloud: lambda}
        |                    ^^^^^^
      = clouds: aws, azure, gcp
    ");
    assert_snapshot!(wrong("resources: {region: us-eest-1}\n"), @r"
    task.yaml:1:21: unknown region 'us-eest-1'
      1 | resources: {region: us-eest-1}
        |                     ^^^^^^^^^
      = did you mean 'us-east-1', 'us-west-1' or 'us-east-2'?
    ");
    assert_snapshot!(wrong("resources: {cloud: aws, region: us-central1}\n"), @r"
    task.yaml:1:33: unknown region 'us-central1' of AWS
      1 | resources: {cloud: aws, region: us-central1}
        |                                 ^^^^^^^^^^^
      = 'us-central1' is a region of GCP
    ");
    assert_snapshot!(wrong("resources: {region: us-east-1a}\n"), @r"
    task.yaml:1:21: unknown region 'us-east-1a'
      1 | resources: {region: us-east-1a}
        |                     ^^^^^^^^^^
      = 'us-east-1a' is a zone: write zone: us-east-1a
    ");
    assert_snapshot!(wrong("resources: {region: us-west-2, zone: us-east-1a}\n"), @r"
    task.yaml:1:38: region us-west-2 has no zone 'us-east-1a'
      1 | resources: {region: us-west-2, zone: us-east-1a}
        |                                      ^^^^^^^^^^
      = it is aws/us-east-1/us-east-1a
    ");
    assert_snapshot!(wrong("resources: {cloud: azure, region: eastus, zone: '1'}\n"), @r"
    task.yaml:1:49: Azure has no zones here
      1 | resources: {cloud: azure, region: eastus, zone: '1'}
        |                                                 ^^^
      = leave the zone out
    ");
    assert_snapshot!(wrong("resources: {zone: us-central1-q}\n"), @r"
    task.yaml:1:19: unknown zone 'us-central1-q'
      1 | resources: {zone: us-central1-q}
        |                   ^^^^^^^^^^^^^
      = did you mean 'us-central1-a', 'us-central1-b' or 'us-central1-c'?
    ");
    assert_snapshot!(wrong("resources: {infra: aws//us-east-1a}\n"), @r"
    task.yaml:1:20: 'aws//us-east-1a' has an empty part
      1 | resources: {infra: aws//us-east-1a}
        |                    ^^^^^^^^^^^^^^^
      = write CLOUD, CLOUD/REGION or CLOUD/REGION/ZONE, with * for any
    ");
    assert_snapshot!(wrong("resources: {infra: aws/mars-*}\n"), @r"
    task.yaml:1:20: no place fits 'mars-*'
      1 | resources: {infra: aws/mars-*}
        |                    ^^^^^^^^^^
      = * stands for any text in a name
    ");
    assert_snapshot!(wrong("resources: {cloud: aws/us-east-1}\n"), @r"
    task.yaml:1:20: cloud must be one name, not 'aws/us-east-1'
      1 | resources: {cloud: aws/us-east-1}
        |                    ^^^^^^^^^^^^^
      = write infra: aws/us-east-1
    ");
    assert_snapshot!(wrong("failover: {exclude: [us-east-1]}\n"), @r"
    task.yaml:1:22: unknown cloud 'us-east-1'
      1 | failover: {exclude: [us-east-1]}
        |                      ^^^^^^^^^
      = 'us-east-1' is a region: write aws/us-east-1
    ");
}

#[test]
fn instance_types() {
    assert_snapshot!(wrong("resources: {instance_type: p3.2xlrge}\n"), @r"
    task.yaml:1:28: unknown instance type 'p3.2xlrge'
      1 | resources: {instance_type: p3.2xlrge}
        |                            ^^^^^^^^^
      = did you mean 'p3.2xlarge', 'c3.2xlarge' or 'd3.2xlarge'?
    ");
    assert_snapshot!(wrong("resources: {cloud: gcp, instance_type: p3.2xlarge}\n"), @r"
    task.yaml:1:40: 'p3.2xlarge' is an instance type of AWS, not of GCP
      1 | resources: {cloud: gcp, instance_type: p3.2xlarge}
        |                                        ^^^^^^^^^^
      = change one of the two
    ");
    assert_snapshot!(wrong("resources: {instance_type: p3.2xlarge, accelerators: A100}\n"), @r"
    task.yaml:1:54: p3.2xlarge has V100:1, but A100 is asked for
      1 | resources: {instance_type: p3.2xlarge, accelerators: A100}
        |                                                      ^^^^
      = leave one of the two out
    ");
    assert_snapshot!(wrong("resources: {instance_type: m5.large, accelerators: A100}\n"), @r"
    task.yaml:1:52: m5.large has no accelerators, but A100 is asked for
      1 | resources: {instance_type: m5.large, accelerators: A100}
        |                                                    ^^^^
      = leave one of the two out
    ");
    assert_snapshot!(wrong("resources: {instance_type: n1-standard-96, accelerators: V100}\n"), @r"
    task.yaml:1:58: V100 cannot be attached to n1-standard-96
      1 | resources: {instance_type: n1-standard-96, accelerators: V100}
        |                                                          ^^^^
      = it takes P100:4, P4:4, T4:4, V100:8
    ");
    assert_snapshot!(wrong("resources: {instance_type: p3.2xlarge, cpus: 16+, memory: 32}\n"), @r"
    task.yaml:1:46: p3.2xlarge has 8 vCPUs, but 16+ is asked for
      1 | resources: {instance_type: p3.2xlarge, cpus: 16+, memory: 32}
        |                                              ^^^
      = leave it out: the instance type says it already
    task.yaml:1:59: p3.2xlarge has 61 GB of memory, but 32 is asked for
      1 | resources: {instance_type: p3.2xlarge, cpus: 16+, memory: 32}
        |                                                           ^^
      = leave it out: the instance type says it already
    ");
}

#[test]
fn values() {
    assert_snapshot!(wrong("resources: {memory: lots}\n"), @r"
    task.yaml:1:21: memory must be an amount of GB, not 'lots'
      1 | resources: {memory: lots}
        |                     ^^^^
      = write 32 for exactly 32 GB, 32+ or 1TB+ for at least that
    ");
    assert_snapshot!(wrong("resources: {disk_tier: hgih}\n"), @r"
    task.yaml:1:24: 'hgih' is not a value of disk_tier
      1 | resources: {disk_tier: hgih}
        |                        ^^^^
      = did you mean 'high'?
    ");
    assert_snapshot!(wrong("resources: {max_hourly_cost: free}\n"), @r"
    task.yaml:1:30: max_hourly_cost: 'free' is not an amount of dollars such as 2.5 or $2.5/h
      1 | resources: {max_hourly_cost: free}
        |                              ^^^^
    ");
    assert_snapshot!(wrong("resources: {autostop: later}\n"), @r"
    task.yaml:1:23: autostop must be minutes or a duration, not 'later'
      1 | resources: {autostop: later}
        |                       ^^^^^
      = write for example 10, 30m or 1h
    ");
    assert_snapshot!(wrong("resources: {image_id: ami-123}\n"), @r"
    task.yaml:1:23: image 'ami-123' is of one cloud, and none is given
      1 | resources: {image_id: ami-123}
        |                       ^^^^^^^
      = add cloud, or write docker:IMAGE
    ");
    assert_snapshot!(wrong("failover: {max_wait: 5 parsecs, budget: 0, hedge: 0}\n"), @r"
    task.yaml:1:22: max_wait: '5 parsecs' is not a duration such as 30s, 5m, 1.5h or 2d
      1 | failover: {max_wait: 5 parsecs, budget: 0, hedge: 0}
        |                      ^^^^^^^^^
    task.yaml:1:41: budget must be more than zero, not '0'
      1 | failover: {max_wait: 5 parsecs, budget: 0, hedge: 0}
        |                                         ^
    task.yaml:1:51: hedge must be a whole number from 1 to 64, not '0'
      1 | failover: {max_wait: 5 parsecs, budget: 0, hedge: 0}
        |                                                   ^
    ");
    assert_snapshot!(wrong("failover: {prefer: {infra: aws, premium: 10}}\n"), @r"
    task.yaml:1:42: premium must be a share of the price, not '10'
      1 | failover: {prefer: {infra: aws, premium: 10}}
        |                                          ^^
      = write for example 10% or 0.1
    ");
    assert_snapshot!(wrong("failover: {prefer: {premium: 10%}}\n"), @r"
    task.yaml:1:20: prefer needs a value for infra
      1 | failover: {prefer: {premium: 10%}}
        |                    ^
    ");
    assert_snapshot!(wrong("envs: {A:, 1B: x, C: [y]}\n"), @r#"
    task.yaml:1:8: envs.A has no value
      1 | envs: {A:, 1B: x, C: [y]}
        |        ^
      = write a value ("" for an empty one), or give --env A=VALUE
    task.yaml:1:12: '1B' is not a name for a variable
      1 | envs: {A:, 1B: x, C: [y]}
        |            ^^
      = use letters, digits and underscores
    task.yaml:1:22: envs.C must be a text, not a list
      1 | envs: {A:, 1B: x, C: [y]}
        |                      ^
    "#);
    assert_snapshot!(wrong("outputs: {s3://a: 1, s3://b: 2}\n"), @r"
    task.yaml:1:10: outputs must name exactly one location
      1 | outputs: {s3://a: 1, s3://b: 2}
        |          ^
    ");
    assert_snapshot!(wrong("- run: x\n"), @r"
    task.yaml:1:1: a task must be a mapping of keys to values, not a list
      1 | - run: x
        | ^
    ");
    assert_snapshot!(wrong("just text\n"), @r"
    task.yaml:1:1: a task must be a mapping of keys to values, not 'just text'
      1 | just text
        | ^^^^^^^^^
    ");
}
