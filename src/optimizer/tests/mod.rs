mod oracle;
mod relations;
mod replan;
mod rules;
mod tasks;

use super::{Options, Plan, plan};
use crate::catalog::Catalog;
use crate::model::{AcceleratorCount, CapacityType, CloudId, Place, Requirement};

fn catalog() -> &'static Catalog {
    Catalog::embedded()
}

fn device(name: &str, count_milli: u32) -> AcceleratorCount {
    AcceleratorCount { accelerator: catalog().find_accelerator(name).unwrap(), count_milli }
}

fn wants(name: &str, count: u32) -> Requirement {
    Requirement { accelerators: vec![device(name, count * 1000)], ..Requirement::default() }
}

fn spot(name: &str, count: u32) -> Requirement {
    Requirement { capacity: CapacityType::Spot, ..wants(name, count) }
}

fn region(cloud: CloudId, name: &str) -> Place {
    let region = catalog().find_region(Some(cloud), name);
    assert!(region.is_some(), "{name}");
    Place { cloud: Some(cloud), region, zone: None }
}

fn zone(name: &str) -> Place {
    let zone = catalog().find_zone(None, name);
    assert!(zone.is_some(), "{name}");
    Place { zone, ..Place::default() }
}

fn list_order(wanted: &[Requirement]) -> Plan<'static> {
    plan(catalog(), wanted, 1, &Options::default())
}
