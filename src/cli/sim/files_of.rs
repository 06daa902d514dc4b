//! What `--out` writes: a study for programs, for spreadsheets and for the eye.

use std::path::Path;

use crate::cli::{Console, Exit, Failure, files};
use crate::report::log::Narrator;
use crate::report::plot::{self, Picture};
use crate::report::record::Event;
use crate::report::study::{CSV_HEAD, csv_lines, summary_csv};
use crate::report::{Clock, Manifest};

use super::common::{first_only, text_of};
use super::run::Study;

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
    text("trials.csv", &trials(study))?;
    text("journal.ndjson", &journals(study)?)?;
    text("provision.log", &detailed(study))?;
    text("report.html", &study.page())?;
    pictures(study, dir, &mut written)?;
    console.note(format!("{} files written to {}: {}", written.len(), dir.display(), written.join(", ")));
    if let Some(caution) = first_only(&study.arms) {
        console.note(format!("{caution}; trials.csv has those too, and `-o csv` has every one"));
    }
    Ok(())
}

fn trials(study: &Study) -> String {
    let lines = |(policy, trials)| csv_lines(policy, 0, trials, study.scenario.demands.len());
    std::iter::once(CSV_HEAD.to_owned()).chain(study.trials().map(lines)).collect()
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
    let subtitle = subtitle(&study.manifest);
    for (name, picture) in study.drawn(&subtitle).all() {
        written.extend(both(&*picture, dir, name)?);
    }
    if let Some(story) = study.stories().first() {
        written.extend(both(story, dir, "timeline")?);
    }
    Ok(())
}

/// What stands below the title of every picture.
pub(super) fn subtitle(manifest: &Manifest) -> String {
    format!("{} · {} trials a policy · seed {}", manifest.scenario, manifest.trials, manifest.seed)
}

/// As SVG and as PNG; the names of the files.
pub(super) fn both(picture: &(impl Picture + ?Sized), dir: &Path, name: &str) -> Result<[String; 2], Failure> {
    let one = |ending: &str| {
        let file = format!("{name}.{ending}");
        let saved = plot::save(picture, &dir.join(&file));
        saved.map(|()| file).map_err(|error| Failure::Plain {
            exit: Exit::Internal,
            message: error.to_string(),
            hint: String::new(),
        })
    };
    Ok([one("svg")?, one("png")?])
}
