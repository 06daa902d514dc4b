//! `sky-sim fit` of launch journals: answers of real or simulated launches in, a scenario of the pools they asked out.

use std::fmt::Write as _;
use std::path::PathBuf;

use crate::cli::{Console, Exit, Failure, files};
use crate::model::Span;
use crate::report::cells::Cells;
use crate::report::command;
use crate::study::fit::{Asked, LEAST_PROBES, Probes};

use super::fit::{FitArgs, quoted, wrapped};

/// Fits the pools of journals; `texts` are the files with what is in them.
pub(super) fn run(args: &FitArgs, texts: &[(PathBuf, String)], console: &mut Console) -> Result<Exit, Failure> {
    let mut probes = Probes::default();
    for (path, text) in texts {
        let hint = "a journal has a JSON object a line: sky launch -o ndjson, or journal.ndjson of sky-sim run --out";
        probes.read(&path.display().to_string(), text).map_err(|error| Failure::usage(error, hint))?;
    }
    let asked = probes.fit();
    let refused: Vec<&Asked> = asked.iter().filter(|asked| asked.law.is_none()).collect();
    if refused.len() == asked.len() {
        let named: Vec<String> = asked.iter().map(|asked| format!("{} ({})", asked.place, asked.probes)).collect();
        let message = if named.is_empty() {
            "no attempt of these journals was answered with machines or with a stockout".to_owned()
        } else {
            format!("no pool has the {LEAST_PROBES} answers that a law needs: {}", named.join(", "))
        };
        return Err(Failure::usage(message, "give more journals at once, of the same pools"));
    }
    console.table(&table(&asked).lines())?;
    for asked in &refused {
        console.note(format!(
            "left out: {} was asked {} times, and a law needs {LEAST_PROBES} answers",
            asked.place, asked.probes
        ));
    }
    for story in &probes.left_out {
        console.note(format!("left out: {story} met the same machines as the first of that file"));
    }
    if asked.iter().any(|asked| asked.law.is_some_and(|law| law.is_borrowed)) {
        console.note("* answers changed too rarely to tell: as fast as all pools together");
    }
    if let Some(file) = &args.output {
        files::write(file, &scenario(args, &asked, texts.len()))?;
        console.note(format!("scenario written to {}", file.display()));
    }
    if args.out.is_some() {
        console.note("--out was not used: a calibration needs probes at even times");
    }
    Ok(Exit::Done)
}

fn table(asked: &[Asked]) -> Cells {
    let head = ["POOL", "ASKED", "HAD MACHINES", "CHANGES", "UP OF THE TIME", "MEAN UP TIME", "MEAN OUTAGE"];
    let row = |asked: &Asked| {
        let time = |seconds: f64, mark: &str| format!("{}{mark}", Span::from_secs_f64(seconds.round()));
        let law = asked.law.map_or_else(
            || ["too few answers".to_owned(), String::new(), String::new()],
            |law| {
                let mark = if law.is_borrowed { " *" } else { "" };
                [format!("{:.1} %", law.availability * 100.0), time(law.up(), mark), time(law.down(), mark)]
            },
        );
        let counts = [asked.probes, asked.accepted, asked.changes].map(|count| count.to_string());
        [asked.place.clone()].into_iter().chain(counts).chain(law).collect()
    };
    Cells::new(head, asked.iter().map(row).collect())
}

/// The scenario file.
fn scenario(args: &FitArgs, asked: &[Asked], journals: usize) -> String {
    let from = args.source.clone().unwrap_or_else(|| "journals given on the command line".to_owned());
    let answers: usize = asked.iter().map(|asked| asked.probes).sum();
    let fitted = || asked.iter().filter_map(|asked| asked.law.map(|law| (asked, law)));
    let things: Vec<&str> = fitted().filter_map(|(asked, _)| asked.place.split('/').nth(3)).collect();
    let often = |thing: &&&str| things.iter().filter(|other| other == thing).count();
    let thing = things.iter().max_by_key(often).copied().unwrap_or("*");
    let why = format!(
        "Fitted by sky-sim fit to {from}: {answers} answers, journals: {journals}. Each pool is up and down in turns, both \
         exponential, independent of all others; a pool's own answers tell how often, and where they changed too rarely how \
         long is that of all pools together. Pools with fewer than {LEAST_PROBES} answers, and those that nobody asked, have \
         nothing. Machines that we held ourselves count as there. Again: {}",
        command(&args.given())
    );
    let title = args.title.clone().unwrap_or_else(|| format!("{thing} as launches found it"));
    let mut text = String::from("# yaml-language-server: $schema=./schema.json\nschema: 1\n");
    // Writing to a string cannot fail.
    let _ = writeln!(text, "title: {}\nwhy: |", quoted(&title));
    for line in wrapped(&why, 116) {
        let _ = writeln!(text, "  {line}");
    }
    text.push_str("clouds:\n");
    let mut kinds: Vec<&str> = asked.iter().filter_map(|asked| asked.place.split('/').nth(3)).collect();
    kinds.sort_unstable();
    kinds.dedup();
    for kind in kinds {
        let _ = writeln!(text, "  \"*/{kind}\": {{pool: never}}");
    }
    let minutes = |seconds: f64| format!("{}m", (seconds / 0.6).round().max(1.0) / 100.0);
    for (asked, law) in fitted() {
        let _ = writeln!(
            text,
            "  \"{}\": {{pool: {{markov: {{up: {}, down: {}, nodes: {}}}}}}} # {} answers",
            asked.place,
            minutes(law.up()),
            minutes(law.down()),
            asked.nodes,
            asked.probes
        );
    }
    let spot = fitted().all(|(asked, _)| asked.place.ends_with("/spot"));
    let wanted = if thing.contains(':') { format!("gpus: \"{thing}\"") } else { format!("instance_type: {thing}") };
    let spot = if spot { ", use_spot: true" } else { "" };
    let _ = writeln!(
        text,
        "demand: {{{wanted}{spot}, retry_until_up: true}}\npolicies: [cloud-first, cheapest, round-robin, random]\n\
         trials: 1000\nseed: 1\nhorizon: 24h"
    );
    text
}
