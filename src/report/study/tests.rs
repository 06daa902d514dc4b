use crate::model::{Cause, Money, Outcome, Span};
use crate::sim::Ends;
use crate::study::stats::Level;
use crate::study::{Refusals, Summary, Trial, summarise};

use super::*;

fn trials() -> Vec<Trial> {
    let trial = |n: u64| {
        let placed = !n.is_multiple_of(20);
        Trial {
            outcome: Some(if placed { Outcome::Placed } else { Outcome::NoCapacity }),
            elapsed: Span::from_secs(60 + n * 7),
            attempts: 1 + (n % 4) as u32,
            price_hourly: placed.then(|| Money::from_dollars(if n.is_multiple_of(3) { 3.06 } else { 2.95 })),
            cheapest_hourly: Some(Money::from_dollars(2.95)),
            wasted: Money::ZERO,
        }
    };
    (1..=200).map(trial).collect()
}

fn summed(trials: &[Trial]) -> Summary {
    let mut refusals = Refusals::default();
    refusals[Cause::Stockout as usize] = trials.iter().map(|trial| u64::from(trial.attempts - 1)).sum();
    summarise(Ends::Each(trials), &refusals, Level::P95).expect("numbers")
}

fn manifest() -> Manifest {
    Manifest {
        version: "0.1.0".into(),
        scenario: "v100-scarce".into(),
        scenario_hash: "00".into(),
        catalog_hash: "11".into(),
        seed: 7,
        trials: 200,
        policies: vec!["cloud-first".into()],
        command: "sky-sim run scenarios/v100-scarce.yaml --seed 7".into(),
        arguments: ["run", "scenarios/v100-scarce.yaml", "--seed", "7"].map(String::from).to_vec(),
    }
}

#[test]
fn the_table_tells_estimates_with_their_intervals() {
    let summary = summed(&trials());
    let lines = [table([("cloud-first", &summary)]).lines(), ends([("cloud-first", &summary)])].concat();
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn json_meets_its_schema() {
    let record = StudyRecord::new(manifest(), vec![PolicyRecord::of("cloud-first", &summed(&trials()))], None);
    let document = serde_json::to_value(&record).expect("JSON");
    let (mut schemas, mut compiler) = (boon::Schemas::new(), boon::Compiler::new());
    let schema = serde_json::to_value(schemars::schema_for!(StudyRecord)).expect("a schema");
    compiler.add_resource("study.json", schema).expect("a resource");
    let index = compiler.compile("study.json", &mut schemas).expect("a valid schema");
    assert!(schemas.validate(&document, index).is_ok(), "{document:#}");
    let policy = &document["policies"][0];
    assert_eq!((policy["placed"].as_u64(), policy["requests"].as_u64()), (Some(190), Some(200)));
    assert!(policy["time_to_provision_s"]["p99"].get("value").is_none(), "one in twenty was never placed");
}

#[test]
fn csv_has_a_line_a_request() {
    let trials = trials();
    let text = CSV_HEAD.to_owned() + &csv_lines("cloud-first", 0, &trials, 1);
    let mut reader = ::csv::Reader::from_reader(text.as_bytes());
    let records: Vec<::csv::StringRecord> = reader.records().map(|r| r.expect("a row")).collect();
    assert_eq!(records.len(), 200);
    assert_eq!(&records[19], &["cloud-first", "19", "0", "no-capacity", "200", "1", "", "2.95", "0"][..]);
    let summary = summary_csv(&[PolicyRecord::of("cloud-first", &summed(&trials))]);
    assert_eq!(summary.lines().count(), 2);
    assert_eq!(
        summary.lines().next().map(|l| l.split(',').count()),
        summary.lines().nth(1).map(|l| l.split(',').count())
    );
}

#[test]
fn nothing_simulated_is_no_error() {
    let summary = summed(&[]);
    assert!(
        table([("cheapest", &summary)]).lines().iter().any(|line| line.contains(" cheapest ") && line.contains(" -  "))
    );
}
