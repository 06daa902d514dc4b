//! Cost of moving data, interruption rates of spot capacity, default quotas, and where all data comes from.
//!
//! **Invariant:** what no table says is `None`, never a default.

use super::compile::CLOUDS;
use super::compile::extras::{QUOTA_FIELDS, SOURCE_FIELDS};
use super::{Catalog, compile};
use crate::model::{CloudId, Money, RegionId, TypeId};

/// Cost and speed of moving data from one region to another.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EgressPrice {
    /// Dollars per GB, in the first paid tier.
    pub per_gb: Money,
    /// Throughput between two large machines in Gbit/s, where it was measured.
    pub throughput_gbps: Option<f64>,
}

/// How often spot capacity of a type in a region is taken back.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interruption {
    /// Lower end of the monthly rate, as a fraction.
    pub low: f64,
    /// Upper end of the monthly rate, as a fraction.
    pub high: f64,
}

/// A quota that new accounts are published to have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QuotaDefault<'a> {
    /// Who sets it.
    pub cloud: CloudId,
    /// What it is counted over: `region` or `project`.
    pub scope: &'a str,
    /// Its name in the cloud's console.
    pub quota: &'a str,
    /// Its code or metric; empty if there is none.
    pub code: &'a str,
    /// What is counted: `vCPU` or `GPU`.
    pub unit: &'a str,
    /// How many, in thousandths.
    pub limit_milli: u32,
    /// The families it covers, separated by spaces: prefixes of type names on AWS, `*` for all.
    pub families: &'a str,
    /// Where the number comes from.
    pub evidence: &'a str,
}

/// Where a part of the data comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Source<'a> {
    /// The file.
    pub file: &'a str,
    /// Which part of it.
    pub part: &'a str,
    /// Date of the data, as `2026-05-20`.
    pub date: &'a str,
    /// Who published it.
    pub source: &'a str,
    /// On what terms.
    pub licence: &'a str,
}

impl Catalog {
    /// What it costs to move data from one region to another; nothing and of unknown speed within a region. `None`
    /// if no table says.
    pub fn egress(&self, from: RegionId, to: RegionId) -> Option<EgressPrice> {
        let at = from.index() * self.columns.region_cloud.len() + to.index();
        let per_gb = self.columns.egress_price.get(at).copied().filter(|price| *price != u32::MAX);
        let Some(per_gb) = per_gb else {
            return (from == to).then_some(EgressPrice { per_gb: Money::ZERO, throughput_gbps: None });
        };
        let milli = self.columns.egress_throughput[at];
        let throughput_gbps = (milli != u32::MAX).then(|| milli as f64 / 1000.0);
        Some(EgressPrice { per_gb: Money(per_gb as i64), throughput_gbps })
    }

    /// How often spot capacity of a type in a region is taken back; `None` if no table says.
    pub fn interruption(&self, kind: TypeId, region: RegionId) -> Option<Interruption> {
        let key = (kind.0 as u32) << 16 | region.0 as u32;
        let at = self.columns.interruption_key.binary_search(&key).ok()?;
        let fraction = |millionths: u32| millionths as f64 / 1e6;
        Some(Interruption {
            low: fraction(self.columns.interruption_low[at]),
            high: fraction(self.columns.interruption_high[at]),
        })
    }

    /// Quotas that new accounts are published to have. Not a complete list: what is not there is unknown.
    pub fn default_quotas(&self) -> Vec<QuotaDefault<'_>> {
        let cells = &self.columns.quotas;
        (0..cells.len() / QUOTA_FIELDS.len())
            .map(|row| {
                let cell = |at: usize| cells.get(row * QUOTA_FIELDS.len() + at);
                QuotaDefault {
                    cloud: self.find_cloud(cell(0)).unwrap_or(CloudId(CLOUDS.len() as u8)),
                    scope: cell(1),
                    quota: cell(2),
                    code: cell(3),
                    unit: cell(4),
                    limit_milli: compile::milli(cell(5)),
                    families: cell(6),
                    evidence: cell(7),
                }
            })
            .collect()
    }

    /// Where the data comes from, and of what date it is.
    pub fn sources(&self) -> Vec<Source<'_>> {
        let cells = &self.columns.sources;
        (0..cells.len() / SOURCE_FIELDS.len())
            .map(|row| {
                let cell = |at: usize| cells.get(row * SOURCE_FIELDS.len() + at);
                Source { file: cell(0), part: cell(1), date: cell(2), source: cell(3), licence: cell(4) }
            })
            .collect()
    }

    /// What was noted while reading: rows left out and why, each with file and line. Empty for clean tables.
    pub fn notes(&self) -> impl ExactSizeIterator<Item = &str> {
        self.columns.notes.iter()
    }
}
