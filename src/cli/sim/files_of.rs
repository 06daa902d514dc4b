//! What `--out` writes: a study for programs, for spreadsheets and for the eye.

use std::path::Path;

use crate::cli::{Console, Exit, Failure, files};
use crate::report::log::Narrator;
use crate::report::plot::{self, Bars, Cdf, Gantt, Picture, Series};
use crate::report::record::Event;
use crate::report::study::{csv, summary_csv};
use crate::report::{Clock, timeline};
use crate::study::{Trial, prices, seconds_placed};

use super::common::text_of;
use super::run::Study;

/// Attempts from here on share a bar.
const MANY_ATTEMPTS: u32 = 20;
/// Prices from here on share a bar.
const MANY_PRICES: usize = 10;

pub(super) fn write_all(study: &Study, dir: &Path, console: &mut Console) -> Result<(), Failure> {
    files::create_dir(dir)?;
    let mut written = Vec::new();
    let mut text = |name: &str, text: &str| -> Result<(), Failure> {
        files::write(&dir.join(name), text)?;
        written.push(name.to_owned());
        Ok(())
    };
    text("study.json", &text_of(&study.record())?)?;
    text("summary.csv", &summary_csv(&study.policies()))?;
    text("trials.csv", &csv(study.trials(), study.scenario.demands.len()))?;
    text("journal.ndjson", &journals(study)?)?;
    text("provision.log", &detailed(study))?;
    pictures(study, dir, &mut written)?;
    console.note(format!("{} files written to {}: {}", written.len(), dir.display(), written.join(", ")));
    Ok(())
}

/// The told trial under every policy, a line an event.
fn journals(study: &Study) -> Result<String, Failure> {
    let mut lines = String::new();
    for (arm, journal) in study.arms.iter().zip(&study.journals) {
        for entry in journal {
            let event =
                serde_json::to_value(Event::of(&*study.scenario.catalog, entry)).map_err(std::io::Error::from)?;
            let mut line = serde_json::json!({ "policy": arm.name, "trial": study.told });
            if let (Some(line), serde_json::Value::Object(event)) = (line.as_object_mut(), event) {
                line.extend(event);
            }
            lines.push_str(&line.to_string());
            lines.push('\n');
        }
    }
    Ok(lines)
}

fn detailed(study: &Study) -> String {
    let (mut narrator, clock) = (Narrator::detailed(&*study.scenario.catalog), Clock::elapsed());
    study.story().iter().flat_map(|entry| narrator.tell(entry)).map(|line| line.render(&clock) + "\n").collect()
}

fn pictures(study: &Study, dir: &Path, written: &mut Vec<String>) -> Result<(), Failure> {
    let manifest = &study.manifest;
    let subtitle = format!("{} · {} trials a policy · seed {}", manifest.scenario, manifest.trials, manifest.seed);
    both(&cdf(study, &subtitle), dir, "time-to-provision", written)?;
    both(&attempts(study, &subtitle), dir, "attempts", written)?;
    both(&price(study, &subtitle), dir, "price", written)?;
    let policy = study.arms.first().map_or("", |arm| arm.name.as_str());
    let timeline = Gantt {
        title: format!("The attempts of trial {} under {policy}", study.told),
        subtitle: format!("{} · seed {}", manifest.scenario, manifest.seed),
        bars: timeline::bars(&*study.scenario.catalog, &study.story()),
    };
    both(&timeline, dir, "timeline", written)
}

fn both(picture: &impl Picture, dir: &Path, name: &str, written: &mut Vec<String>) -> Result<(), Failure> {
    for ending in ["svg", "png"] {
        let file = format!("{name}.{ending}");
        plot::save(picture, &dir.join(&file)).map_err(|error| Failure::Plain {
            exit: Exit::Internal,
            message: error.to_string(),
            hint: String::new(),
        })?;
        written.push(file);
    }
    Ok(())
}

fn cdf(study: &Study, subtitle: &str) -> Cdf {
    let series = |(policy, trials): (&str, &[Trial])| Series {
        label: policy.to_owned(),
        seconds: seconds_placed(trials),
        trials: trials.len(),
    };
    let all_placed = study.trials().flat_map(|(_, trials)| trials).all(Trial::is_placed);
    let never = if all_placed { "" } else { " · what is missing to 100 % was never placed" };
    Cdf {
        title: "Time until everything asked for is up".to_owned(),
        subtitle: format!("{subtitle}{never}"),
        series: study.trials().map(series).collect(),
    }
}

fn attempts(study: &Study, subtitle: &str) -> Bars {
    let counts = |trials: &[Trial]| trials.iter().map(|trial| trial.attempts).collect::<Vec<_>>();
    let most = study.trials().flat_map(|(_, trials)| trials).map(|trial| trial.attempts).max().unwrap_or(1);
    let many = most.clamp(1, MANY_ATTEMPTS);
    let value = |n: u32| if n == many && most > many { format!("{n}+") } else { n.to_string() };
    Bars {
        title: "Launch calls a request takes".to_owned(),
        subtitle: subtitle.to_owned(),
        axis: "launch calls".to_owned(),
        values: (1..=many).map(value).collect(),
        series: study.trials().map(|(p, t)| (p.to_owned(), Bars::shares(&counts(t), t.len(), many))).collect(),
        mark: None,
    }
}

fn price(study: &Study, subtitle: &str) -> Bars {
    let trials: Vec<&[Trial]> = study.trials().map(|(_, trials)| trials).collect();
    let table = prices(trials.iter().copied(), MANY_PRICES);
    let cheapest = study.cheapest_listed();
    let mark = cheapest.map(|price| (table.position(price), format!("cheapest listed: ${price}/h")));
    let mut values: Vec<String> = table.prices.iter().map(ToString::to_string).collect();
    if let Some(last) = values.last_mut().filter(|_| table.is_open) {
        last.push('+');
    }
    if table.shares.iter().any(|shares| shares.last().is_some_and(|never| *never > 0.0)) {
        values.push("never".to_owned());
    }
    Bars {
        title: "Price obtained, against the cheapest there is".to_owned(),
        subtitle: subtitle.to_owned(),
        axis: "price of all nodes obtained ($/h)".to_owned(),
        values,
        series: study.trials().zip(table.shares).map(|((policy, _), shares)| (policy.to_owned(), shares)).collect(),
        mark,
    }
}
