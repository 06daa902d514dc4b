//! What lint finds, and what is noted while reading.

use crate::catalog::{Catalog, Rule, Tables};

const HEADER: &str =
    "InstanceType,AcceleratorName,AcceleratorCount,vCPUs,MemoryGiB,Price,SpotPrice,Region,AvailabilityZone\n";

fn lint(role: &str, rows: &str) -> Vec<(Rule, String)> {
    let tables = Tables::new().with(role, format!("{HEADER}{rows}"));
    let findings = Catalog::from_tables(&tables).expect("readable").lint();
    findings.into_iter().map(|finding| (finding.rule, finding.message)).collect()
}

#[test]
fn violated_assumptions_are_found() {
    let rows = "m.a,,,2,8,1.0,0.5,r1,z1\n\
                m.a,,,2,8,2.0,0.5,r1,z2\n\
                m.b,,,2,8,1,1.5,r1,z1\n\
                m.b,,,2,8,1,,r2,z1\n\
                m.c,,,2,8,,,r1,z1\n\
                m.d,,,,8,0,,r1,z1\n";
    let found = lint("aws", rows);
    let expected = [
        (Rule::ZonePrice, "aws m.a in r1 costs 1 $/h to 2 $/h"),
        (Rule::ZoneName, "zone z1 is in r1 and in r2"),
        (Rule::SpotAboveOnDemand, "aws m.b in z1 costs 1.5 $/h as spot, 1 on demand"),
        (Rule::Free, "aws m.d in r1 costs nothing (on-demand)"),
        (Rule::Unpriced, "aws m.c has no price anywhere"),
        (Rule::Unsized, "aws m.d has no vCPUs or no memory"),
    ];
    assert_eq!(found, expected.map(|(rule, text)| (rule, text.to_owned())));
}

#[test]
fn what_is_left_out_is_noted() {
    let rows = "m.a,,,2,8,1,,r1,z1\n\
                m.a,,,2,8,9,,r1,z1\n\
                m.a,,,4,8,1,,r1,z2\n";
    let expected = [
        "aws.csv:4: m.a has other vCPUs or memory than above; the first are used",
        "aws.csv:3: the same type and place as line 2; left out",
    ];
    let mut found: Vec<_> = lint("aws", rows).into_iter().filter(|(rule, _)| *rule == Rule::Noted).collect();
    found.sort_by(|a, b| b.1.cmp(&a.1));
    assert_eq!(found.iter().map(|(_, text)| text.as_str()).collect::<Vec<_>>(), expected);
    let gpus = "n1-standard-8,,,8,30,1,,r1,z1\n\
                a2-highgpu-1g,,,12,85,1,,r1,z1\n\
                ,V100,3,,,1,,r1,z1\n\
                ,NEW,1,,,1,,r1,z1\n";
    let found: Vec<String> = lint("gcp", gpus).into_iter().map(|(_, text)| text).collect();
    assert_eq!(
        found,
        [
            "gcp.csv:4: no machine here may carry V100:3; its rows are left out",
            "gcp.csv:5: no machine here may carry NEW:1; its rows are left out",
            "gcp.csv:3: a2-highgpu-1g is only sold with accelerators, and none here fit it; left out",
        ]
    );
}

#[test]
fn a_price_far_from_the_others_is_an_outlier() {
    let prices = [("a", "1"), ("b", "1.1"), ("c", "0.9"), ("d", "2.9"), ("e", "9")];
    let rows = prices.map(|(region, price)| format!("m.a,,,2,8,{price},,{region},{region}1\n")).concat();
    assert_eq!(lint("aws", &rows), [(Rule::PriceOutlier, "aws m.a in e costs 9 $/h, elsewhere mostly 1.1".to_owned())]);
}

#[test]
fn many_notes_are_summed_up() {
    let rows: String = (0..300).map(|_| "m.a,,,2,8,1,,r1,z1\n").collect();
    let found = lint("aws", &rows);
    assert_eq!(found.len(), 201);
    assert_eq!(found[200].1, "and 99 more of this kind");
}

#[test]
fn the_shipped_tables_break_no_assumption() {
    let findings = Catalog::embedded().lint();
    assert_eq!(findings.iter().filter(|finding| finding.rule.is_error()).count(), 0);
    assert!(findings.len() < 50, "{} findings", findings.len());
}
