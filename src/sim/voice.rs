//! The clouds' refusals in their own words, read by the shipping classifier.
//!
//! **Invariant:** no denial is made by hand: a genuine body is filled in and classified. Each is made once a world
//! and then copied, so that the words cost a trial nothing.

use crate::denials::{Fill, body, classify_all, denial, unknown};
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
    pub(super) more: u64,
}

/// Denials made so far, by ask.
#[derive(Debug, Clone, Default)]
pub(super) struct Voice {
    said: Vec<Option<Denial>>,
    /// The last quota answer of each ask, with the amounts it named.
    quota_said: Vec<Option<(Amounts, Denial)>>,
}

impl Voice {
    pub(super) fn new(market: &Market) -> Self {
        Self { said: vec![None; market.asks.len() * REFUSALS], quota_said: vec![None; market.asks.len()] }
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
        let slot = &mut self.said[index * REFUSALS + refusal as usize];
        slot.get_or_insert_with(|| {
            let key = match refusal {
                Refusal::Stockout if ask.words.hint.is_empty() => answers.stockout,
                Refusal::Stockout => answers.stockout_hint,
                Refusal::Throttle => answers.throttle,
                Refusal::Unauthorized => answers.unauthorized,
            };
            speak(key, ask, answers, offering, &[])
        })
        .clone()
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
        {
            return denial.clone();
        }
        let used = quota.usage + amounts.own;
        let google = format!("{:.1}", quota.limit as f64 / 1e3);
        let whole = |milli: u64| milli.div_ceil(1000).to_string();
        let denial = speak(
            quota.body,
            ask,
            answers,
            offering,
            &[
                ("quota", &quota.name),
                ("family", &quota.name),
                ("limit", if &*answers.cloud == "gcp" { google } else { whole(quota.limit) }.as_str()),
                ("usage", &whole(used)),
                ("required", &whole(amounts.more)),
                ("new_limit", &whole(used + amounts.more)),
            ],
        );
        self.quota_said[index] = Some((amounts, denial.clone()));
        denial
    }
}

/// Fills in a body and classifies it.
fn speak(key: &str, ask: &Ask, answers: &Answers, offering: &Offering, more: &[(&str, &str)]) -> Denial {
    let words = &ask.words;
    let mut values = vec![
        ("type", &*words.instance_type),
        ("zone", &*words.zone),
        ("region", &*words.region),
        ("location", &*words.region),
        ("project", &*answers.account),
        ("subscription", &*answers.account),
        ("other_zones", &*words.hint),
        ("name", "sky"),
        ("rg", "sky"),
    ];
    values.extend_from_slice(more);
    let fill = Fill(&values);
    let zone: Option<ZoneId> = ask.zone;
    let Some(body) = body(&answers.cloud, key) else {
        return unknown(key, "the cloud said nothing more", offering, zone);
    };
    let said: Vec<(String, String)> =
        body.errors().into_iter().map(|(code, message)| (code.to_owned(), fill.apply(message))).collect();
    let heard: Vec<(&str, &str)> = said.iter().map(|(code, text)| (code.as_str(), text.as_str())).collect();
    match classify_all(&answers.cloud, &heard) {
        Some((index, rule)) => denial(rule, heard[index].0, heard[index].1, offering, zone),
        None => unknown(heard[0].0, heard[0].1, offering, zone),
    }
}
