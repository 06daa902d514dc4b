use crate::engine::policy::PolicyName;
use crate::model::{Money, Outcome, Span};
use crate::report::Manifest;
use crate::study::stats::Level;
use crate::study::{Arm, Summary, Trial, judge, resampling};

use super::*;

/// Two hundred waits, every twentieth without end.
fn arm(policy: PolicyName, factor: u64, dollars: f64) -> Arm {
    let trial = |n: u64| {
        let placed = !n.is_multiple_of(20);
        Trial {
            outcome: Some(if placed { Outcome::Placed } else { Outcome::NoCapacity }),
            elapsed: Span::from_secs((n * 37 % 100 + 10) * factor),
            attempts: 1 + (n % 3) as u32,
            price_hourly: placed.then(|| Money::from_dollars(dollars)),
            cheapest_hourly: Some(Money::from_dollars(2.5)),
            wasted: Money::ZERO,
        }
    };
    Arm { trials: (1..=200).map(trial).collect(), ..Arm::new(policy) }
}

fn compared<R>(look: impl FnOnce(Compared<'_>) -> R) -> R {
    let arms =
        [arm(PolicyName::Cheapest, 3, 2.5), arm(PolicyName::CloudFirst, 3, 2.5), arm(PolicyName::Random, 4, 3.0)];
    let judgement = judge(&arms, 0, Some(Span::HOUR), Level::P95, resampling(1, 3, 1)).expect("numbers");
    let summaries: Vec<Summary> = arms.iter().map(|arm| arm.summary(Level::P95).expect("numbers")).collect();
    let named: Vec<(&str, &Summary)> = arms.iter().map(|arm| arm.name.as_str()).zip(&summaries).collect();
    look(Compared { arms: &named, judgement: &judgement })
}

#[test]
fn tables_mark_what_may_be_luck() {
    let lines = compared(|of| [achieved(of).lines(), differences(of).lines(), verdicts(of)].concat());
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn json_meets_its_schema_and_csv_has_a_line_a_difference() {
    let manifest = Manifest {
        version: "0.1.0".into(),
        scenario: "v100-scarce".into(),
        scenario_hash: "00".into(),
        catalog_hash: "11".into(),
        seed: 7,
        trials: 200,
        policies: vec!["cheapest".into()],
        command: "sky-sim compare".into(),
        arguments: vec!["compare".into()],
    };
    let study = compared(|of| ComparedRecord::new(manifest, of, vec!["few".into()]));
    let record = CompareRecord { schema: "sky-sim.compare/1", studies: vec![study] };
    let document = serde_json::to_value(&record).expect("JSON");
    let (mut schemas, mut compiler) = (boon::Schemas::new(), boon::Compiler::new());
    let schema = serde_json::to_value(schemars::schema_for!(CompareRecord)).expect("a schema");
    compiler.add_resource("compare.json", schema).expect("a resource");
    let index = compiler.compile("compare.json", &mut schemas).expect("a valid schema");
    assert!(schemas.validate(&document, index).is_ok(), "{document:#}");
    let text = csv(&record);
    let mut reader = ::csv::Reader::from_reader(text.as_bytes());
    let rows: Vec<::csv::StringRecord> = reader.records().map(|row| row.expect("a row")).collect();
    assert_eq!(rows.len(), record.studies[0].differences.len());
    assert!(rows.iter().any(|row| &row[2] == "random" && &row[3] == "wait p50" && &row[13] == "higher"));
}
