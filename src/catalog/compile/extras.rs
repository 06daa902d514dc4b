//! The side tables: cost of moving data, interruption rates of spot capacity, default quotas, sources.
//!
//! **Invariant:** all are optional; a row about a region or an instance type that no price table has is counted, not
//! kept.

use super::CLOUDS;
use super::columns::Columns;
use super::error::CatalogError;
use super::tables::Tables;
use super::vms::{Cell, Lines};

/// The side tables that rows are counted of, in the order of `Columns::side_rows`.
pub(crate) const SIDE_TABLES: [&str; 3] = ["egress", "spot_interruption", "default_quotas"];

/// Columns of `default_quotas.csv`.
pub(crate) const QUOTA_FIELDS: [&str; 8] =
    ["Cloud", "Scope", "Quota", "QuotaCode", "Unit", "Default", "Families", "Evidence"];
/// Columns of `sources.csv`.
pub(crate) const SOURCE_FIELDS: [&str; 5] = ["File", "Part", "Date", "Source", "Licence"];

/// The side tables, ready to become columns.
pub(super) struct Extras {
    egress: Egress,
    interruption: Interruption,
    quotas: Vec<String>,
    sources: Vec<String>,
}

/// Prices and throughputs, source region by destination region; empty without a table.
#[derive(Default)]
struct Egress {
    prices: Vec<u32>,
    throughputs: Vec<u32>,
    rows: [u32; 2],
}

/// Type and region, lower and upper end of the rate.
#[derive(Default)]
struct Interruption {
    rates: Vec<(u32, u32, u32)>,
    rows: [u32; 2],
}

/// Reads the side tables that are there, for the regions and types of `columns`.
pub(super) fn read(columns: &Columns, tables: &Tables) -> Result<Extras, CatalogError> {
    let egress = egress(columns, tables)?;
    let interruption = interruption(columns, tables)?;
    check_quotas(tables)?;
    let quotas = plain(tables, "default_quotas", &QUOTA_FIELDS)?;
    let sources = plain(tables, "sources", &SOURCE_FIELDS)?;
    Ok(Extras { egress, interruption, quotas, sources })
}

impl Extras {
    /// Puts them where they belong.
    pub(super) fn store(self, columns: &mut Columns) {
        let quota_rows = [(self.quotas.len() / QUOTA_FIELDS.len()) as u32, 0];
        columns.side_rows = [self.egress.rows, self.interruption.rows, quota_rows].concat().into();
        columns.quotas = self.quotas.into();
        columns.sources = self.sources.into();
        columns.egress_price = self.egress.prices.into();
        columns.egress_throughput = self.egress.throughputs.into();
        let rates = &self.interruption.rates;
        columns.interruption_key = rates.iter().map(|rate| rate.0).collect();
        columns.interruption_low = rates.iter().map(|rate| rate.1).collect();
        columns.interruption_high = rates.iter().map(|rate| rate.2).collect();
    }
}

/// The cloud named in a cell.
fn cloud(lines: &Lines<'_>, cell: Cell) -> Result<u16, CatalogError> {
    let name = lines.get(cell);
    let at = CLOUDS.iter().position(|cloud| cloud.as_bytes().eq_ignore_ascii_case(name));
    at.map(|at| at as u16).ok_or_else(|| lines.wrong(cell, "aws, azure or gcp", "write the cloud's short name"))
}

/// Regions and types of the price tables, by cloud and name.
struct Places {
    regions: [std::ops::Range<usize>; 3],
}

impl Places {
    fn new(columns: &Columns) -> Self {
        let start = |cloud: usize| columns.region_cloud.partition_point(|c| (*c as usize) < cloud);
        Self { regions: [0, 1, 2].map(|cloud| start(cloud)..start(cloud + 1)) }
    }

    fn region(&self, columns: &Columns, cloud: u16, name: &str) -> Option<usize> {
        columns.regions.search(self.regions[cloud as usize].clone(), name)
    }
}

fn egress(columns: &Columns, tables: &Tables) -> Result<Egress, CatalogError> {
    let Some(table) = tables.get("egress") else { return Ok(Egress::default()) };
    let mut lines = Lines::open(table)?;
    let from = (lines.column("SrcCloud")?, lines.column("SrcRegion")?);
    let to = (lines.column("DstCloud")?, lines.column("DstRegion")?);
    let (price, throughput) = (lines.column("PricePerGB")?, lines.optional("ThroughputGbps"));
    let places = Places::new(columns);
    let regions = columns.region_cloud.len();
    let mut prices = vec![u32::MAX; regions * regions];
    let mut throughputs = vec![u32::MAX; regions * regions];
    let (mut read, mut left) = (0, 0);
    while lines.next()? {
        read += 1;
        let ends = [from, to].map(|(c, r)| Ok((cloud(&lines, c)?, lines.text(r, "a region name")?)));
        let [from, to] = ends;
        let ((from, from_name), (to, to_name)) = (from?, to?);
        let expected = "dollars per GB such as 0.09";
        let per_gb = lines.micros(price, expected)?.and_then(|micros| u32::try_from(micros).ok());
        let Some(per_gb) = per_gb else {
            return Err(lines.wrong(price, expected, "fill the cell or remove the row"));
        };
        let gbps = throughput.map_or(Ok(None), |cell| lines.micros(cell, "Gbit/s such as 4.4, or nothing"))?;
        match (places.region(columns, from, from_name), places.region(columns, to, to_name)) {
            (Some(from), Some(to)) => {
                prices[from * regions + to] = per_gb;
                throughputs[from * regions + to] =
                    gbps.and_then(|micros| u32::try_from(micros / 1000).ok()).unwrap_or(u32::MAX);
            }
            _ => left += 1,
        }
    }
    Ok(Egress { prices, throughputs, rows: [read, left] })
}

fn interruption(columns: &Columns, tables: &Tables) -> Result<Interruption, CatalogError> {
    let Some(table) = tables.get("spot_interruption") else { return Ok(Interruption::default()) };
    let mut lines = Lines::open(table)?;
    let (cloud_cell, name) = (lines.column("Cloud")?, lines.column("InstanceType")?);
    let region = lines.column("Region")?;
    let ends = (lines.column("InterruptionRateLow")?, lines.column("InterruptionRateHigh")?);
    let places = Places::new(columns);
    let mut rows: Vec<(u32, u32, u32)> = Vec::new();
    let (mut read, mut left) = (0, 0);
    while lines.next()? {
        read += 1;
        let cloud = cloud(&lines, cloud_cell)?;
        let rate = |cell| {
            let expected = "a fraction of 0 to 1";
            let micros = lines.micros(cell, expected)?.filter(|micros| *micros <= 1_000_000);
            micros.map(|m| m as u32).ok_or_else(|| lines.wrong(cell, expected, "5 % is 0.05"))
        };
        let (low, high) = (rate(ends.0)?, rate(ends.1)?);
        let types = types_named(columns, cloud, lines.text(name, "an instance type")?);
        let region = places.region(columns, cloud, lines.text(region, "a region name")?);
        match region {
            Some(region) if !types.is_empty() => {
                rows.extend(types.map(|kind| ((kind as u32) << 16 | region as u32, low, high)));
            }
            _ => left += 1,
        }
    }
    rows.sort_unstable();
    rows.dedup_by_key(|row| row.0);
    Ok(Interruption { rates: rows, rows: [read, left] })
}

/// The types of a cloud with this name: bare and with each accelerator that can be attached.
fn types_named(columns: &Columns, cloud: u16, name: &str) -> std::ops::Range<usize> {
    let all = columns.cloud_types[cloud as usize] as usize..columns.cloud_types[cloud as usize + 1] as usize;
    let Some(at) = columns.types.search(all.clone(), name) else { return 0..0 };
    let (mut start, mut end) = (at, at + 1);
    while start > all.start && columns.types.get(start - 1) == name {
        start -= 1;
    }
    while end < all.end && columns.types.get(end) == name {
        end += 1;
    }
    start..end
}

/// The cells of some columns, row after row.
fn plain(tables: &Tables, role: &str, fields: &[&'static str]) -> Result<Vec<String>, CatalogError> {
    let Some(table) = tables.get(role) else { return Ok(Vec::new()) };
    let mut lines = Lines::open(table)?;
    let cells: Vec<Cell> = fields.iter().map(|name| lines.column(name)).collect::<Result<_, _>>()?;
    let mut out = Vec::new();
    while lines.next()? {
        out.extend(cells.iter().map(|cell| String::from_utf8_lossy(lines.get(*cell)).into_owned()));
    }
    Ok(out)
}

/// Quotas name a known cloud and a number.
fn check_quotas(tables: &Tables) -> Result<(), CatalogError> {
    let Some(table) = tables.get("default_quotas") else { return Ok(()) };
    let mut lines = Lines::open(table)?;
    let (name, limit) = (lines.column("Cloud")?, lines.column("Default")?);
    while lines.next()? {
        cloud(&lines, name)?;
        let expected = "a number such as 20";
        lines
            .micros(limit, expected)?
            .ok_or_else(|| lines.wrong(limit, expected, "fill the cell or remove the row"))?;
    }
    Ok(())
}
