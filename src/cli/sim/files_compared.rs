//! What `--out` and `--html` of `sky-sim compare` write.

use crate::cli::{Console, Failure, files};
use crate::report::compare::{CompareRecord, csv};
use crate::report::page::{Studied, studies};
use crate::report::pictures::Drawn;
use crate::report::plot::Gantt;
use crate::report::story::Scene;
use crate::study::{Judgement, telling};

use super::common::text_of;
use super::compare::{CompareArgs, Ran, markdown};
use super::files_of::{both, subtitle};
use super::run::{cheapest_listed, journal};

pub(super) fn write_all(
    args: &CompareArgs,
    ran: &[Ran],
    judgements: &[Judgement],
    record: &CompareRecord,
    console: &mut Console,
) -> Result<(), Failure> {
    let subtitles: Vec<String> = ran.iter().map(|ran| subtitle(&ran.manifest)).collect();
    let stories: Vec<Vec<Gantt>> = ran.iter().map(told).collect();
    let drawn: Vec<Drawn<'_>> = ran
        .iter()
        .zip(judgements)
        .zip(&subtitles)
        .map(|((ran, judgement), subtitle)| Drawn {
            subtitle,
            arms: &ran.arms,
            summaries: &ran.summaries,
            judgement: Some(judgement),
            cheapest_listed: cheapest_listed(&ran.scenario),
        })
        .collect();
    let page = page(ran, &drawn, &stories);
    if let Some(dir) = &args.out {
        files::create_dir(dir)?;
        files::write(&dir.join("report.html"), &page)?;
        files::write(&dir.join("compare.json"), &text_of(record)?)?;
        files::write(&dir.join("differences.csv"), &csv(record))?;
        files::write(&dir.join("compare.md"), &markdown(ran, judgements))?;
        for ((ran, drawn), stories) in ran.iter().zip(&drawn).zip(&stories) {
            let scenario = &ran.manifest.scenario;
            for (name, picture) in drawn.all() {
                both(&*picture, dir, &format!("{scenario}.{name}"))?;
            }
            for (arm, story) in ran.arms.iter().zip(stories) {
                // Only the name: `ttl(3m00s)` would need quotes in every shell.
                both(story, dir, &format!("{scenario}.timeline.{}", arm.policy.name()))?;
            }
        }
        let files = "report.html, compare.json, differences.csv, compare.md and pictures";
        console.note(format!("{files} written to {}", dir.display()));
    }
    if let Some(file) = &args.html {
        files::write(file, &page)?;
        console.note(format!("page written to {}", file.display()));
    }
    Ok(())
}

fn page(ran: &[Ran], drawn: &[Drawn<'_>], stories: &[Vec<Gantt>]) -> String {
    let told = ran.iter().zip(drawn).zip(stories).map(|((ran, drawn), stories)| Studied {
        title: &ran.scenario.title,
        why: &ran.scenario.why,
        manifest: &ran.manifest,
        drawn: *drawn,
        cautions: &ran.cautions,
        unmet: None,
        stories,
    });
    studies(&told.collect::<Vec<_>>())
}

/// One trial worth telling, under every policy.
fn told(ran: &Ran) -> Vec<Gantt> {
    let market = ran.scenario.market();
    let seed = ran.manifest.seed;
    let trial = ran.arms.first().map_or(0, |arm| telling(&arm.trials, ran.scenario.demands.len()));
    let scene = Scene { market: &market, names: &*ran.scenario.catalog, seed, trial };
    ran.arms.iter().map(|arm| scene.gantt(&arm.name, &journal(&market, arm.policy, seed, trial))).collect()
}
