//! The table of candidates, with the columns of SkyPilot's page.
//!
//! **Invariant:** rows are printed in the order given; what is chosen was decided by the optimizer.

use crate::model::{Candidate, CapacityType};

use super::grid::Grid;
use super::names::{Names, accelerators_text};

/// One line of the table.
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    /// What is offered.
    pub candidate: &'a Candidate,
    /// True for the one that is tried first.
    pub chosen: bool,
}

/// The table's lines: a rule, the head, a rule, the rows, a rule.
pub fn lines<'a>(names: &dyn Names, rows: impl IntoIterator<Item = Row<'a>>) -> Vec<String> {
    let mut grid =
        Grid::new(["CLOUD", "INSTANCE", "vCPUs", "Mem(GB)", "ACCELERATORS", "REGION/ZONE", "COST ($)", "CHOSEN "]);
    for row in rows {
        grid.push(cells(names, &row));
    }
    grid.lines()
}

fn cells(names: &dyn Names, row: &Row<'_>) -> [String; 8] {
    let candidate = row.candidate;
    let offering = &candidate.offering;
    let facts = names.instance_type(offering.instance_type);
    let spot = if offering.capacity == CapacityType::Spot { "[Spot]" } else { "" };
    [
        names.cloud(offering.cloud).to_owned(),
        format!("{}{spot}", facts.name),
        amount(f64::from(facts.vcpus_milli) / 1e3),
        amount(f64::from(facts.memory_mib) / 1024.0),
        accelerators_text(facts.accelerator),
        place(names, candidate).to_owned(),
        candidate.cost.to_string(),
        if row.chosen { "   ✔" } else { "" }.to_owned(),
    ]
}

/// The zone where exactly one is meant, else the region.
pub fn place<'a>(names: &'a dyn Names, candidate: &Candidate) -> &'a str {
    match candidate.zones.as_slice() {
        [zone] => names.zone(*zone),
        _ => names.region(candidate.offering.region),
    }
}

/// An integer where it is one, else one decimal; `-` where the cloud tells none.
pub fn amount(number: f64) -> String {
    if number == 0.0 {
        "-".to_owned()
    } else if (number - number.round()).abs() < 0.05 {
        format!("{number:.0}")
    } else {
        format!("{number:.1}")
    }
}

#[cfg(test)]
mod tests {
    use super::super::names::fake::Fake;
    use super::*;
    use crate::model::{CloudId, FamilyId, Money, Offering, RegionId, Span, TypeId, ZoneId, ZoneSet};

    fn candidate(cloud: u8, instance_type: u16, region: u16, zones: &[u16], dollars: f64) -> Candidate {
        let offering = Offering {
            cloud: CloudId(cloud),
            capacity: CapacityType::OnDemand,
            region: RegionId(region),
            zone: None,
            instance_type: TypeId(instance_type),
            family: FamilyId(0),
            accelerator: None,
            attached: None,
            price_hourly: Money::from_dollars(dollars),
        };
        Candidate {
            offering,
            zones: zones.iter().copied().map(ZoneId).collect::<ZoneSet>(),
            alternative: 0,
            preference: 0,
            cost: offering.price_hourly,
            runtime: Span::HOUR,
        }
    }

    #[test]
    fn the_table_is_the_pages() {
        let azure = candidate(1, 1, 1, &[], 0.454);
        let gcp = candidate(2, 2, 2, &[2], 2.948);
        let mut aws = candidate(0, 0, 0, &[0, 1], 3.06);
        aws.offering.capacity = CapacityType::Spot;
        let rows = [(&azure, true), (&gcp, false), (&aws, false)];
        let lines = lines(&Fake, rows.map(|(candidate, chosen)| Row { candidate, chosen }));
        assert_eq!(
            lines,
            [
                "-------------------------------------------------------------------------------------------------------",
                " CLOUD   INSTANCE                 vCPUs   Mem(GB)   ACCELERATORS   REGION/ZONE     COST ($)   CHOSEN",
                "-------------------------------------------------------------------------------------------------------",
                " Azure   Standard_NV6ads_A10_v5   6       55        A10:1          eastus          0.45          ✔",
                " GCP     n1-highmem-8             8       52        V100:1         us-central1-a   2.95",
                " AWS     p3.2xlarge[Spot]         8       61        V100:1         us-east-2       3.06",
                "-------------------------------------------------------------------------------------------------------",
            ]
        );
    }

    #[test]
    fn amounts_are_short() {
        assert_eq!([amount(96.0), amount(7.5), amount(0.0), amount(1.96)], ["96", "7.5", "-", "2"]);
    }
}
