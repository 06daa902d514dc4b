//! The page of a study: what each policy achieves, how they compare, one trial told over the true market, how it was
//! made.

use crate::report::compare::{Compared, achieved, differences, verdicts};
use crate::report::pictures::Drawn;
use crate::report::plot::Gantt;
use crate::report::study::{ends, percent, shown, table, time};
use crate::report::{Manifest, plot::Picture};
use crate::study::Summary;

use super::{Card, Page};

/// One scenario, studied.
pub struct Studied<'a> {
    /// The scenario's title.
    pub title: &'a str,
    /// What it is for.
    pub why: &'a str,
    /// What made the study.
    pub manifest: &'a Manifest,
    /// What there is to draw.
    pub drawn: Drawn<'a>,
    /// What to beware of.
    pub cautions: &'a [String],
    /// What of the scenario's expectations was not met; `None` if they were not looked at.
    pub unmet: Option<&'a [String]>,
    /// The told trial, one a policy.
    pub stories: &'a [Gantt],
}

/// The page of one or several.
pub fn studies(all: &[Studied<'_>]) -> String {
    let mut page = match all {
        [one] => Page::new(one.title, &one.lead()),
        several => {
            let scenarios: Vec<&str> = several.iter().map(|study| study.manifest.scenario.as_str()).collect();
            Page::new("Policies compared", &scenarios.join(" · "))
        }
    };
    if all.len() > 1 {
        let link = |study: &Studied<'_>| (study.id(""), study.manifest.scenario.clone());
        page.links(&all.iter().map(link).collect::<Vec<_>>());
    }
    for study in all {
        if all.len() > 1 {
            page.heading(&study.id(""), study.title);
            page.paragraph(&study.lead());
        }
        study.write(&mut page, all.len() == 1);
    }
    let version = all.first().map_or("", |study| study.manifest.version.as_str());
    page.finish(&format!("sky-sim {version}; every interval covers the truth in 95 % of studies like this one"))
}

impl Studied<'_> {
    fn id(&self, part: &str) -> String {
        format!("{}{part}", self.manifest.scenario)
    }

    fn lead(&self) -> String {
        let Manifest { scenario, trials, seed, .. } = self.manifest;
        format!("{scenario} · {trials} trials a policy, each under the same luck · seed {seed}")
    }

    fn named(&self) -> Vec<(&str, &Summary)> {
        self.drawn.arms.iter().map(|arm| arm.name.as_str()).zip(self.drawn.summaries).collect()
    }

    fn write(&self, page: &mut Page, is_alone: bool) {
        if is_alone {
            let parts = [("-waits", "Waits"), ("-cost", "Cost"), ("-failures", "Failures"), ("-trial", "One trial")];
            let parts = parts.into_iter().chain([("-numbers", "Numbers"), ("-made", "How it was made")]);
            page.links(&parts.map(|(id, text)| (self.id(id), text.to_owned())).collect::<Vec<_>>());
        }
        if !self.why.trim().is_empty() {
            page.details("What is asked, and of which market", false, |page| page.prose(self.why));
        }
        self.cards(page);
        let arms = self.named();
        if let Some(judgement) = self.drawn.judgement.filter(|_| arms.len() > 1) {
            page.list(&verdicts(Compared { arms: &arms, judgement }));
        }
        page.cautions(self.cautions);
        if let Some(unmet) = self.unmet {
            let told = if unmet.is_empty() { "What the scenario expects was met." } else { "Not met:" };
            page.paragraph(told);
            page.list(unmet);
        }
        self.pictures(page);
        self.trial(page);
        self.numbers(page, &arms);
        self.made(page);
    }

    fn cards(&self, page: &mut Page) {
        let card = |(n, (policy, summary)): (usize, (&str, &Summary))| {
            let [p50, p90, p99] = summary.time;
            let regret = self.drawn.judgement.and_then(|judgement| judgement.regrets.get(n).copied().flatten());
            let mut facts = vec![
                ("placed", shown(summary.success, percent)),
                ("wait p90", shown(p90, time)),
                ("wait p99", shown(p99, time)),
                ("launch calls", shown(summary.attempts, |n| format!("{n:.2}"))),
                ("$/h", shown(summary.price_hourly, |n| format!("{n:.2}"))),
            ];
            let jobs = summary.jobs.as_ref();
            facts.extend(jobs.map(|jobs| ("jobs done", shown(jobs.done, percent))));
            facts.extend(jobs.filter(|jobs| jobs.missed.is_some()).map(|jobs| ("late", shown(jobs.missed, percent))));
            facts.extend(jobs.map(|jobs| ("job cost ($)", shown(jobs.cost, |n| format!("{n:.2}")))));
            facts.extend(regret.map(|regret| ("regret $/h", format!("{:.2}", regret.value + 0.0))));
            let what = match p50.and_then(|p50| p50.interval) {
                Some(ends) => format!("median wait, {} .. {}", time(ends.low), time(ends.high)),
                None => "median wait".to_owned(),
            };
            Card { series: n, name: policy.to_owned(), big: shown(p50, time), what, facts }
        };
        page.cards(&self.named().into_iter().enumerate().map(card).collect::<Vec<_>>());
    }

    fn pictures(&self, page: &mut Page) {
        let drawn = &self.drawn;
        page.heading(&self.id("-waits"), "How long it takes");
        let cdf = drawn.cdf();
        page.picture(&cdf, "The share of requests that are up by a time. What is missing to 100 % was never placed.");
        if let Some(picture) = drawn.differences() {
            let caption = "Paired differences as factors, with 95 % intervals, corrected for all that is compared. \
                           Hollow and grey: may be luck.";
            page.picture(&picture, caption);
        }
        page.heading(&self.id("-cost"), "What it costs");
        if let Some(picture) = drawn.scatter() {
            let caption = "Down and left is better. The grey line joins the policies that no other beats in both; \
                           hollow ones are beaten.";
            page.picture(&picture, caption);
        }
        if let Some(picture) = drawn.regret() {
            page.picture(&picture, "0 is the clairvoyant, who takes at once the cheapest that can be had.");
        }
        page.picture(&drawn.price(), "What was paid, by how often.");
        page.heading(&self.id("-failures"), "What goes wrong");
        page.picture(&drawn.outcomes(), "Every request of every trial.");
        if let Some(picture) = drawn.refusals() {
            page.picture(&picture, "How often a launch is refused, by cause, for one request on average.");
        }
        page.picture(&drawn.attempts(), "By how many requests they took that many.");
    }

    fn trial(&self, page: &mut Page) {
        if self.stories.is_empty() {
            return;
        }
        page.heading(&self.id("-trial"), "One trial over the true market");
        page.paragraph(
            "Every policy meets the same market. Behind each attempt: green while the place had what was asked for, \
             zone by zone, grey while it had not. The last line is where the clairvoyant would have gone, unless the \
             policy went there too.",
        );
        for (n, story) in self.stories.iter().enumerate() {
            let policy = self.drawn.arms.get(n).map_or("", |arm| arm.name.as_str());
            let asked = story.bars.len();
            let summary = format!("{policy}: {asked} {}", if asked == 1 { "attempt" } else { "attempts" });
            page.details(&summary, n < 2, |page| page.picture(story as &dyn Picture, ""));
        }
    }

    fn numbers(&self, page: &mut Page, arms: &[(&str, &Summary)]) {
        page.heading(&self.id("-numbers"), "The numbers");
        match self.drawn.judgement {
            Some(judgement) => {
                let compared = Compared { arms, judgement };
                page.table(&achieved(compared));
                if arms.len() > 1 {
                    let baseline = arms.get(judgement.baseline).map_or("", |(name, _)| name);
                    page.subheading(&format!("Paired differences from {baseline} (~ may be luck)"));
                    page.table(&differences(compared));
                }
            }
            None => page.table(&table(arms.iter().copied())),
        }
        if let Some(jobs) = crate::report::jobs::cells(arms.iter().copied()) {
            page.subheading("What became of jobs");
            page.table(&jobs);
        }
        page.subheading("How requests ended, and why launches were refused");
        page.list(&ends(arms.iter().copied()));
    }

    fn made(&self, page: &mut Page) {
        page.heading(&self.id("-made"), "How it was made");
        page.command(&self.manifest.command);
        let manifest = self.manifest;
        page.facts(&[
            ("scenario", manifest.scenario.clone()),
            ("SHA-256 of the scenario", manifest.scenario_hash.clone()),
            ("SHA-256 of the price tables", manifest.catalog_hash.clone()),
            ("seed", manifest.seed.to_string()),
            ("trials a policy", manifest.trials.to_string()),
            ("policies", manifest.policies.join(", ")),
            ("version", manifest.version.clone()),
        ]);
        page.paragraph("The same command gives the same bytes on any number of threads.");
    }
}
