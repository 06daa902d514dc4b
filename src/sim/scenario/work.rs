//! How work is written: `count: 16`, `arrivals: {every: 10m, until: 24h}`, `job: {work: 48h, checkpoint: 10m}`.

use crate::model::Span;
use crate::sim::law::Law;
use crate::sim::market::{Gap, Job, Recovery};
use crate::yaml::{Fields, Node, Reader};

use super::laws;

pub(super) const ARRIVAL_KEYS: &[&str] = &["every", "until", "count"];
pub(super) const JOB_KEYS: &[&str] = &["work", "checkpoint", "restart", "deadline", "recovery", "saves_on_notice"];

/// The most demands that one line may stand for.
const MOST: i64 = 100_000;

/// How many demands one line stands for, and how they follow each other.
pub(super) struct Crowd {
    pub(super) count: usize,
    gap: Option<Law>,
}

impl Crowd {
    /// Reads `count` or `arrivals`; one demand where neither can be read.
    pub(super) fn read(fields: &Fields) -> Self {
        Self::given(fields).unwrap_or(Self { count: 1, gap: None })
    }

    fn given(fields: &Fields) -> Option<Self> {
        let reader = fields.reader();
        match (fields.get("count"), fields.get("arrivals")) {
            (None, None) => None,
            (Some(node), None) => {
                let count = reader.integer(node, "count", 1..=MOST)?;
                Some(Self { count: count as usize, gap: None })
            }
            (None, Some(node)) => arrivals(reader, node),
            (Some(node), Some(_)) => {
                reader.error_hint(
                    node.spot,
                    "either count or arrivals, not both",
                    "arrivals has a count of its own".to_owned(),
                );
                None
            }
        }
    }

    /// How the n-th of them follows the one before it.
    pub(super) fn gap(&self, n: usize) -> Option<Gap> {
        self.gap.clone().map(|law| Gap { law, first: n == 0 })
    }
}

fn arrivals(reader: &Reader, node: &Node) -> Option<Crowd> {
    let fields = reader.fields(node, "arrivals")?;
    fields.only(ARRIVAL_KEYS);
    // A duration is the mean of random gaps, as everywhere where something comes by chance.
    let every = fields.require("every", node.spot).and_then(|node| {
        let law = laws::read(reader, node, "every")?;
        let law = if let Law::Constant(mean) = law { Law::Exponential { mean } } else { law };
        if law.mean() <= 0.0 {
            reader.error(node.spot, "every must be longer than nothing");
            return None;
        }
        Some(law)
    });
    let count = match (fields.get("until"), fields.get("count")) {
        (Some(node), None) => reader.parsed::<Span>(node, "until").zip(every.as_ref()).and_then(|(until, every)| {
            let count = (until.as_secs_f64() / every.mean()).round();
            let sound = (1.0..=MOST as f64).contains(&count);
            if !sound {
                reader.error(node.spot, format!("as many as arrive until then would be {count}, not 1 to {MOST}"));
            }
            sound.then_some(count as usize)
        }),
        (None, Some(node)) => reader.integer(node, "count", 1..=MOST).map(|count| count as usize),
        _ => {
            reader.error(node.spot, "arrivals need either until or count");
            None
        }
    };
    Some(Crowd { count: count?, gap: Some(every?) })
}

/// Reads a job.
pub(super) fn job(reader: &Reader, node: &Node) -> Option<Job> {
    let fields = reader.fields(node, "job")?;
    fields.only(JOB_KEYS);
    let span = |key: &str| fields.get(key).map(|node| reader.parsed::<Span>(node, key));
    let optional = |key: &str| match span(key) {
        Some(found) => found.map(Some),
        None => Some(None),
    };
    let work = fields.require("work", node.spot).and_then(|node| reader.parsed::<Span>(node, "work"));
    if work == Some(Span::ZERO) {
        reader.error(node.spot, "work must be longer than nothing");
    }
    let (checkpoint, restart, deadline) = (optional("checkpoint"), optional("restart"), optional("deadline"));
    let names = Recovery::ALL.map(|(name, _)| name);
    let recovery = match fields.get("recovery") {
        None => Some(Recovery::default()),
        Some(node) => reader
            .one_of(node, "recovery", &names)
            .and_then(|word| Recovery::ALL.iter().find(|(name, _)| *name == word))
            .map(|(_, recovery)| *recovery),
    };
    let saves_on_notice =
        fields.get("saves_on_notice").map_or(Some(false), |node| reader.boolean(node, "saves_on_notice"));
    Some(Job {
        work: work.filter(|work| *work > Span::ZERO)?,
        checkpoint: checkpoint?,
        restart: restart?.unwrap_or(Span::ZERO),
        deadline: deadline?,
        recovery: recovery?,
        saves_on_notice: saves_on_notice?,
    })
}
