//! The clouds' refusals in their own words, read by the shipping classifier.
//!
//! **Invariant:** no denial is made by hand: a genuine body is filled in and classified. Each is made once a world
//! and then copied, so that the words cost a trial nothing.

use crate::denials::{Body, Fill, body, classify_all, denial, unknown};
use crate::model::{Denial, Offering, ZoneId};

use super::market::{Answers, Ask, Market, Quota};

/// What is refused for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    Stockout,
    Throttle,
    Unauthorized,
}

const REFUSALS: usize = 3;

/// Amounts that a quota answer names, in thousandths.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Amounts {
    pub(super) quota: u32,
    pub(super) own: u64,
    pub(super) limit: u64,
    pub(super) usage: u64,
    pub(super) more: u64,
}

/// Denials made so far, by ask.
#[derive(Debug, Clone, Default)]
pub(super) struct Voice {
    said: Vec<Option<Denial>>,
    /// The last quota answer of each ask, with the amounts it named.
    quota_said: Vec<Option<(Amounts, Denial)>>,
    /// The bodies themselves, where somebody wants them; nothing is then said from memory.
    spoken: Option<Vec<Spoken>>,
}

/// A refusal as the cloud words it, before anybody classifies it.
#[derive(Debug, Clone)]
pub struct Spoken {
    /// The body.
    pub body: &'static Body,
    /// What its placeholders stand for.
    pub values: Vec<(&'static str, String)>,
}

impl Spoken {
    /// A text of the body with its placeholders filled in.
    pub fn fill(&self, text: &str) -> String {
        let values: Vec<(&str, &str)> = self.values.iter().map(|(name, value)| (*name, value.as_str())).collect();
        Fill(&values).apply(text)
    }
}

impl Voice {
    pub(super) fn new(market: &Market) -> Self {
        let asks = market.asks.len();
        Self { said: vec![None; asks * REFUSALS], quota_said: vec![None; asks], spoken: None }
    }

    /// Makes room for a market that has grown.
    pub(super) fn grow(&mut self, market: &Market) {
        self.said.resize(market.asks.len() * REFUSALS, None);
        self.quota_said.resize(market.asks.len(), None);
    }

    /// From here on keeps the bodies too, and says everything anew.
    pub(super) fn speak_up(&mut self) {
        self.spoken = Some(Vec::new());
    }

    /// The bodies of what was said since the last call, in order.
    pub(super) fn heard(&mut self) -> Vec<Spoken> {
        self.spoken.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// The refusal of the `index`-th ask.
    pub(super) fn refuse(
        &mut self,
        index: usize,
        refusal: Refusal,
        ask: &Ask,
        answers: &Answers,
        offering: &Offering,
    ) -> Denial {
        let key = match refusal {
            Refusal::Stockout if ask.words.hint.is_empty() => answers.stockout,
            Refusal::Stockout => answers.stockout_hint,
            Refusal::Throttle => answers.throttle,
            Refusal::Unauthorized => answers.unauthorized,
        };
        if let Some(spoken) = &mut self.spoken {
            spoken.extend(words(key, ask, answers, &[]));
        }
        let slot = &mut self.said[index * REFUSALS + refusal as usize];
        slot.get_or_insert_with(|| speak(key, ask, answers, offering, &[])).clone()
    }

    /// The quota refusal of the `index`-th ask.
    pub(super) fn over_quota(
        &mut self,
        index: usize,
        amounts: Amounts,
        quota: &Quota,
        ask: &Ask,
        answers: &Answers,
        offering: &Offering,
    ) -> Denial {
        if let Some((named, denial)) = &self.quota_said[index]
            && *named == amounts
            && self.spoken.is_none()
        {
            return denial.clone();
        }
        let used = amounts.usage + amounts.own;
        let google = format!("{:.1}", amounts.limit as f64 / 1e3);
        let whole = |milli: u64| milli.div_ceil(1000).to_string();
        let figures = [
            ("quota", quota.name.to_string()),
            ("family", quota.name.to_string()),
            ("limit", if &*answers.cloud == "gcp" { google } else { whole(amounts.limit) }),
            ("usage", whole(used)),
            ("required", whole(amounts.more)),
            ("new_limit", whole(used + amounts.more)),
        ];
        if let Some(spoken) = &mut self.spoken {
            spoken.extend(words(quota.body, ask, answers, &figures));
        }
        let denial = speak(quota.body, ask, answers, offering, &figures);
        self.quota_said[index] = Some((amounts, denial.clone()));
        denial
    }
}

/// A body of the cloud and what its placeholders stand for here.
pub(super) fn words(key: &str, ask: &Ask, answers: &Answers, more: &[(&'static str, String)]) -> Option<Spoken> {
    let words = &ask.words;
    let mut values = vec![
        ("type", words.instance_type.to_string()),
        ("zone", words.zone.to_string()),
        ("region", words.region.to_string()),
        ("location", words.region.to_string()),
        ("project", answers.account.to_string()),
        ("subscription", answers.account.to_string()),
        ("other_zones", words.hint.to_string()),
        ("name", "sky".to_owned()),
        ("rg", "sky".to_owned()),
    ];
    values.extend_from_slice(more);
    Some(Spoken { body: body(&answers.cloud, key)?, values })
}

/// Fills in a body and classifies it.
fn speak(key: &str, ask: &Ask, answers: &Answers, offering: &Offering, more: &[(&'static str, String)]) -> Denial {
    let zone: Option<ZoneId> = ask.zone;
    let Some(spoken) = words(key, ask, answers, more) else {
        return unknown(key, "the cloud said nothing more", offering, zone);
    };
    let errors = spoken.body.errors().into_iter();
    let said: Vec<(String, String)> = errors.map(|(code, text)| (code.to_owned(), spoken.fill(text))).collect();
    let heard: Vec<(&str, &str)> = said.iter().map(|(code, text)| (code.as_str(), text.as_str())).collect();
    match classify_all(&answers.cloud, &heard) {
        Some((index, rule)) => denial(rule, heard[index].0, heard[index].1, offering, zone),
        None => unknown(heard[0].0, heard[0].1, offering, zone),
    }
}
