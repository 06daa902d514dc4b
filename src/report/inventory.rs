//! What accelerators there are, in what numbers, and who sells them for how much.
//!
//! **Invariant:** prices are the catalog's lowest over all regions; nothing is left out but what has no price.

use schemars::JsonSchema;
use serde::Serialize;

use crate::catalog::{Bucket, Catalog, Grain};
use crate::model::{AcceleratorId, CapacityType, CloudId, TypeId};

use super::grid::Grid;
use super::names::{Names as _, accelerators_text, count};
use super::table::amount;

/// One accelerator model.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Model {
    /// Its name.
    pub accelerator: String,
    /// The numbers it is sold in.
    pub counts: Vec<f64>,
    /// Who sells it.
    pub clouds: Vec<String>,
    /// Memory of one device in GiB; absent if unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory_gib: Option<f64>,
    /// The lowest on-demand price of a machine with one device or the fewest there are, in dollars per hour.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price_hourly: Option<f64>,
    /// The same, spot.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spot_price_hourly: Option<f64>,
}

/// One instance type that carries an accelerator.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Machine {
    /// The accelerator's name.
    pub accelerator: String,
    /// How many, as requests name them.
    pub count: f64,
    /// How much of a device it really is, where the cloud sells slices under the device's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fraction: Option<f64>,
    /// The cloud.
    pub cloud: String,
    /// The instance type.
    pub instance_type: String,
    /// vCPUs; 0 if unknown.
    pub vcpus: f64,
    /// Memory in GiB; 0 if unknown.
    pub memory_gib: f64,
    /// The lowest on-demand price, in dollars per hour.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price_hourly: Option<f64>,
    /// The lowest spot price, in dollars per hour.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spot_price_hourly: Option<f64>,
    /// Where it has that price, on-demand if it is sold so.
    pub region: String,
}

/// Which part of the catalog is looked at.
#[derive(Debug, Clone, Copy, Default)]
pub struct Scope {
    /// Only this cloud.
    pub cloud: Option<CloudId>,
    /// Only this accelerator.
    pub accelerator: Option<AcceleratorId>,
    /// Only this number of it, in thousandths.
    pub count_milli: Option<u32>,
}

impl Scope {
    fn admits(&self, catalog: &Catalog, bucket: Bucket) -> bool {
        let Some(of) = catalog.bucket_accelerator(bucket) else { return false };
        self.accelerator.is_none_or(|wanted| wanted == of.accelerator)
            && self.count_milli.is_none_or(|wanted| wanted == of.count_milli)
    }
}

/// Every accelerator model of the catalog, by name.
pub fn models(catalog: &Catalog, scope: Scope) -> Vec<Model> {
    let machines = machines(catalog, scope);
    let mut models: Vec<Model> = Vec::new();
    for machine in &machines {
        if models.last().is_none_or(|model| model.accelerator != machine.accelerator) {
            let memory =
                catalog.find_accelerator(&machine.accelerator).map(|id| catalog.accelerator_info(id).memory_mib);
            models.push(Model {
                accelerator: machine.accelerator.clone(),
                counts: Vec::new(),
                clouds: Vec::new(),
                memory_gib: memory.filter(|mib| *mib > 0).map(|mib| f64::from(mib) / 1024.0),
                price_hourly: None,
                spot_price_hourly: None,
            });
        }
        let Some(model) = models.last_mut() else { continue };
        if !model.counts.contains(&machine.count) {
            model.counts.push(machine.count);
        }
        if !model.clouds.contains(&machine.cloud) {
            model.clouds.push(machine.cloud.clone());
            model.clouds.sort();
        }
        if model.counts.len() == 1 {
            model.price_hourly = least(model.price_hourly, machine.price_hourly);
            model.spot_price_hourly = least(model.spot_price_hourly, machine.spot_price_hourly);
        }
    }
    models
}

/// Every instance type with an accelerator, by accelerator, count, price and cloud.
pub fn machines(catalog: &Catalog, scope: Scope) -> Vec<Machine> {
    let mut machines = Vec::new();
    for bucket in catalog.buckets().filter(|bucket| scope.admits(catalog, *bucket)) {
        let types = catalog.bucket_types(bucket);
        let of_cloud = types.filter(|kind| scope.cloud.is_none_or(|cloud| catalog.type_cloud(*kind) == cloud));
        machines.extend(of_cloud.filter_map(|kind| machine(catalog, bucket, kind)));
    }
    machines.sort_by(|a: &Machine, b: &Machine| {
        let price = |m: &Machine| m.price_hourly.or(m.spot_price_hourly).unwrap_or(f64::INFINITY);
        (a.accelerator.cmp(&b.accelerator))
            .then(a.count.total_cmp(&b.count))
            .then(price(a).total_cmp(&price(b)))
            .then_with(|| (&a.cloud, &a.instance_type).cmp(&(&b.cloud, &b.instance_type)))
    });
    machines
}

fn machine(catalog: &Catalog, bucket: Bucket, kind: TypeId) -> Option<Machine> {
    let cheapest = |capacity| {
        let of_type = |unit: &&u32| catalog.row_type(**unit) == kind;
        catalog.units(bucket, capacity, Grain::Zonal).iter().find(of_type).copied()
    };
    let (on_demand, spot) = (cheapest(CapacityType::OnDemand), cheapest(CapacityType::Spot));
    let row = on_demand.or(spot)?;
    let facts = catalog.instance_type(kind);
    let (accelerator, milli) = facts.accelerator?;
    let price = |unit: Option<u32>, capacity| Some(catalog.price(unit?, capacity)?.as_dollars());
    Some(Machine {
        accelerator: accelerator.to_owned(),
        count: f64::from(milli) / 1e3,
        fraction: facts.fraction_milli.map(|milli| f64::from(milli) / 1e3),
        cloud: catalog.cloud_title(catalog.type_cloud(kind)).to_owned(),
        instance_type: facts.name.to_owned(),
        vcpus: f64::from(facts.vcpus_milli) / 1e3,
        memory_gib: f64::from(facts.memory_mib) / 1024.0,
        price_hourly: price(on_demand, CapacityType::OnDemand),
        spot_price_hourly: price(spot, CapacityType::Spot),
        region: catalog.region_name(catalog.row_region(row)).to_owned(),
    })
}

fn least(a: Option<f64>, b: Option<f64>) -> Option<f64> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

/// The models as a table.
pub fn models_table(models: &[Model]) -> Vec<String> {
    let mut grid = Grid::new(["ACCELERATOR", "COUNTS", "Mem(GB)", "CLOUDS", "FROM ($/h)", "SPOT ($/h)"]);
    for model in models {
        let counts: Vec<String> = model.counts.iter().map(|n| count((n * 1e3).round() as u32)).collect();
        grid.push([
            model.accelerator.clone(),
            counts.join(", "),
            amount(model.memory_gib.unwrap_or(0.0)),
            model.clouds.join(", "),
            dollars(model.price_hourly),
            dollars(model.spot_price_hourly),
        ]);
    }
    grid.lines()
}

/// The machines as a table.
pub fn machines_table(machines: &[Machine]) -> Vec<String> {
    let mut grid =
        Grid::new(["ACCELERATORS", "CLOUD", "INSTANCE", "vCPUs", "Mem(GB)", "COST ($)", "SPOT ($)", "CHEAPEST IN"]);
    for machine in machines {
        let milli = (machine.count * 1e3).round() as u32;
        let fraction = machine.fraction.map_or_else(String::new, |f| format!(" (really {f})"));
        grid.push([
            accelerators_text(Some((machine.accelerator.as_str(), milli))) + &fraction,
            machine.cloud.clone(),
            machine.instance_type.clone(),
            amount(machine.vcpus),
            amount(machine.memory_gib),
            dollars(machine.price_hourly),
            dollars(machine.spot_price_hourly),
            machine.region.clone(),
        ]);
    }
    grid.lines()
}

fn dollars(price: Option<f64>) -> String {
    price.map_or_else(|| "-".to_owned(), |price| format!("{price:.2}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_say_what_they_really_are() {
        let catalog = Catalog::embedded();
        let scope = Scope { accelerator: catalog.find_accelerator("A10"), count_milli: Some(1000), ..Scope::default() };
        let machines = machines(catalog, scope);
        let slice = machines.iter().find(|m| m.instance_type == "Standard_NV6ads_A10_v5").expect("a slice");
        assert_eq!((slice.count, slice.fraction), (1.0, Some(0.167)));
        assert!(machines_table(&machines).iter().any(|line| line.contains("A10:1 (really 0.167)")));
    }

    #[test]
    fn a_model_is_listed_once_with_its_least_price() {
        let catalog = Catalog::embedded();
        let models = models(catalog, Scope::default());
        let v100: Vec<&Model> = models.iter().filter(|m| m.accelerator == "V100").collect();
        assert_eq!(v100.len(), 1);
        assert_eq!(v100[0].clouds, ["AWS", "Azure", "GCP"]);
        assert!(v100[0].counts.starts_with(&[1.0]) && v100[0].counts.contains(&8.0), "{:?}", v100[0].counts);
        let one = Scope { accelerator: catalog.find_accelerator("V100"), count_milli: Some(1000), cloud: None };
        let cheapest = machines(catalog, one).iter().filter_map(|m| m.price_hourly).fold(f64::INFINITY, f64::min);
        assert_eq!(v100[0].price_hourly, Some(cheapest));
    }
}
