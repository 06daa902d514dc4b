//! The rules of the request language, one by one, on the shipped catalog.

use super::{catalog, device, list_order, region, spot, wants, zone};
use crate::catalog::{AWS, AZURE, GCP};
use crate::model::{Bound, Candidate, CapacityType, Money, Place, Preference, Requirement, Span};
use crate::optimizer::{
    Availability, Drop, Options, Plan, PriceOverlay, Relaxation, expected_cost, nearest, offered_in, plan, rejections,
    rejections_among, why_not,
};

fn kind(candidate: &Candidate) -> &'static str {
    catalog().type_name(candidate.offering.instance_type)
}

fn place(candidate: &Candidate) -> &'static str {
    catalog().region_name(candidate.offering.region)
}

/// The first candidate on each cloud, in alphabetical order of the clouds.
fn best_of_each(wanted: Requirement) -> Vec<&'static str> {
    let plan = list_order(&[wanted]);
    [AWS, AZURE, GCP]
        .iter()
        .filter_map(|cloud| plan.iter().find(|c| c.offering.cloud == *cloud))
        .map(|c| kind(&c))
        .collect()
}

#[test]
fn hosts_of_accelerators_are_those_skypilot_picks() {
    assert_eq!(best_of_each(wants("V100", 1)), ["p3.2xlarge", "Standard_NC6s_v3", "n1-highmem-8"]);
    assert_eq!(best_of_each(wants("T4", 1)), ["g4dn.xlarge", "Standard_NC4as_T4_v3", "n1-highmem-4"]);
    let small = Requirement { cpus: Some(Bound::at_least(2000)), ..wants("V100", 1) };
    // Memory then follows the vCPUs asked for, not the default.
    assert_eq!(best_of_each(small)[2], "n1-highmem-2");
    let l4 =
        Requirement { cpus: Some(Bound::at_least(8000)), places: vec![region(GCP, "us-central1")], ..wants("L4", 1) };
    assert_eq!(best_of_each(l4), ["g2-standard-8"]);
}

#[test]
fn cpu_requests_get_default_machines_of_eight_vcpus_and_more() {
    let plan = list_order(&[Requirement::default()]);
    for candidate in plan.iter() {
        let info = catalog().type_info(candidate.offering.instance_type);
        assert!(info.default_cpu && info.vcpus_milli >= 8000 && info.memory_mib >= info.vcpus_milli * 4096 / 1000);
    }
    let huge = Requirement { memory: Some(Bound::at_least(4 << 20)), ..Requirement::default() };
    let best = list_order(&[huge]).best().unwrap();
    assert!(!catalog().type_info(best.offering.instance_type).default_cpu, "no default machine has 4 TiB");
}

#[test]
fn slices_of_tpus_and_of_devices_are_found() {
    assert_eq!(best_of_each(wants("tpu-v2-8", 1)), ["TPU-VM"]);
    let plan = list_order(&[wants("A10", 1)]);
    assert_eq!(kind(&plan.best().unwrap()), "Standard_NV6ads_A10_v5");
    assert_eq!(plan.rows()[0].accelerators, Some(device("A10", 1000)), "as users call it");
}

#[test]
fn one_attempt_covers_the_zones_of_an_aws_region_unless_it_is_spot_or_a_gang() {
    let at_home = |wanted: Requirement| Requirement { places: vec![region(AWS, "us-east-1")], ..wanted };
    let single = list_order(&[at_home(wants("V100", 1))]);
    assert_eq!(single.len(), 1);
    assert_eq!(single.best().unwrap().offering.zone, None);
    let zones = single.best().unwrap().zones.len();
    assert!(zones > 1);
    let gang = plan(catalog(), &[at_home(wants("V100", 1))], 4, &Options::default());
    assert_eq!(gang.len(), zones);
    assert_eq!(gang.best().unwrap().cost, Money(4 * single.best().unwrap().cost.0));
    assert!(list_order(&[at_home(spot("V100", 1))]).iter().all(|c| c.zones.len() == 1 && c.offering.zone.is_some()));
}

#[test]
fn places_narrow_the_zones_of_an_attempt() {
    let one = zone("us-east-1a");
    let only = Requirement { places: vec![one], ..wants("T4", 1) };
    assert!(list_order(&[only]).iter().all(|c| c.zones.as_slice() == [one.zone.unwrap()]));
    let without = Requirement { places: vec![region(AWS, "us-east-1")], excluded: vec![one], ..wants("T4", 1) };
    let plan = list_order(&[without]);
    assert!(!plan.is_empty() && plan.iter().all(|c| !c.zones.as_slice().contains(&one.zone.unwrap())));
}

#[test]
fn united_states_come_first_on_aws_among_equal_prices() {
    let plan =
        list_order(&[Requirement { places: vec![Place { cloud: Some(AWS), ..Place::default() }], ..wants("V100", 1) }]);
    let order: Vec<&str> = plan.iter().take(3).map(|c| place(&c)).collect();
    assert_eq!(order, ["us-east-1", "us-east-2", "us-west-2"]);
}

#[test]
fn ordered_alternatives_are_strict_and_unordered_ones_go_by_cost() {
    let ranked = |preference, name| Requirement { preference, ..wants(name, 1) };
    let ordered = list_order(&[ranked(0, "A100"), ranked(1, "T4")]);
    let changes = ordered.iter().zip(ordered.iter().skip(1)).filter(|(a, b)| a.alternative != b.alternative).count();
    assert_eq!((changes, ordered.best().unwrap().alternative), (1, 0));
    let unordered = list_order(&[ranked(0, "A100"), ranked(0, "T4")]);
    assert!(unordered.iter().zip(unordered.iter().skip(1)).all(|(a, b)| a.cost <= b.cost));
    assert_eq!(unordered.best().unwrap().alternative, 1);
}

#[test]
fn rows_show_the_best_of_each_kind_chosen_first() {
    let plan = list_order(&[
        Requirement { preference: 0, ..wants("V100", 1) },
        Requirement { preference: 1, ..spot("V100", 1) },
    ]);
    let rows = plan.rows();
    assert_eq!(rows.len(), 6);
    assert_eq!(rows.iter().filter(|row| row.chosen).count(), 1);
    assert!(rows[0].chosen && rows[0].candidate == plan.best().unwrap());
    assert!(rows[..3].iter().all(|row| row.candidate.offering.capacity == CapacityType::OnDemand));
    assert_eq!(rows.iter().map(|row| row.alike).sum::<u32>() as usize, plan.len());
}

#[test]
fn longer_runs_cost_more_and_work_is_compared_not_hours() {
    let hours = |hours: u64| Span(Span::HOUR.0 * hours);
    let slow = Requirement { runtime: hours(10), ..wants("T4", 1) };
    let fast = Requirement { runtime: hours(1), ..wants("V100", 1) };
    let best = list_order(&[slow, fast]).best().unwrap();
    assert_eq!(best.alternative, 1, "a slow cheap device is dearer for the same work");
    assert_eq!(best.cost, best.offering.price_hourly);
}

#[test]
fn discounts_move_a_cloud_forward() {
    let cloud = |plan: &Plan<'_>| plan.best().unwrap().offering.cloud;
    let wanted = [wants("A100", 8)];
    let before = list_order(&wanted);
    let other = before.iter().map(|c| c.offering.cloud).find(|c| *c != cloud(&before)).unwrap();
    let overlay = PriceOverlay::NONE.with(other, 10_000);
    let after = plan(catalog(), &wanted, 1, &Options { overlay, prefer: None });
    assert_eq!(cloud(&after), other);
    let best = after.best().unwrap();
    assert_eq!(best.cost.0, best.offering.price_hourly.0 / 100, "the offering keeps its list price");
}

#[test]
fn a_liked_place_wins_only_if_it_is_not_much_dearer() {
    let wanted = [wants("V100", 1)];
    let liked = |premium_milli| Options {
        prefer: Some(Preference { places: vec![region(AWS, "eu-west-1")], premium_milli }),
        ..Options::default()
    };
    let cheapest = list_order(&wanted).best().unwrap();
    let there = list_order(&wanted).iter().find(|c| place(c) == "eu-west-1").unwrap();
    let needed = (there.cost.0 - cheapest.cost.0) * 1000 / cheapest.cost.0;
    assert!(needed > 0);
    let enough = plan(catalog(), &wanted, 1, &liked(needed as u32 + 1));
    assert_eq!(place(&enough.best().unwrap()), "eu-west-1");
    assert_eq!(enough.len(), list_order(&wanted).len());
    assert_eq!(plan(catalog(), &wanted, 1, &liked(needed as u32 - 1)).best(), Some(cheapest));
}

#[test]
fn scarce_candidates_go_back_when_waiting_is_dear() {
    let wanted = [wants("V100", 1)];
    let scarce = list_order(&wanted).best().unwrap().offering.cloud;
    let chance = |c: &Candidate| if c.offering.cloud == scarce { 0.05 } else { 0.9 };
    let known =
        |c: &Candidate| Availability { chance: chance(c), failure: Span::from_secs(20), success: Span::from_secs(60) };
    let by = |worth| list_order(&wanted).by_score(|c| expected_cost(c, known(c), Money::from_dollars(worth)));
    assert_eq!(by(0.0).ranked(), list_order(&wanted).ranked(), "time for free");
    assert_ne!(by(1000.0).best().unwrap().offering.cloud, scarce);
}

#[test]
fn reasons_name_what_is_wrong() {
    let wanted = Requirement {
        cpus: Some(Bound::at_least(8000)),
        places: vec![region(AWS, "us-east-1")],
        max_price_hourly: Some(Money::from_dollars(3.0)),
        ..wants("V100", 1)
    };
    assert!(list_order(std::slice::from_ref(&wanted)).is_empty());
    let why = |name: &str, place: &str| {
        let kind =
            catalog().find_types(None, name).find(|k| catalog().type_accelerator(*k) == Some(device("V100", 1000)));
        let row =
            catalog().rows_of(kind.unwrap()).find(|row| catalog().region_name(catalog().row_region(*row)) == place);
        why_not(catalog(), &wanted, row.unwrap(), &Options::default())
    };
    assert_eq!(why("p3.2xlarge", "us-east-1"), Err(Drop::TooExpensive));
    assert_eq!(why("p3.2xlarge", "us-east-2"), Err(Drop::OutsidePlaces));
    assert_eq!(why("Standard_NC6s_v3", "eastus"), Err(Drop::TooFewCpus));
    let found = rejections(catalog(), std::slice::from_ref(&wanted), &Options::default());
    let dear = found.iter().find(|r| r.reason == Drop::TooExpensive).unwrap();
    assert_eq!(dear.cheapest.unwrap().1, Money::from_dollars(3.06));
    assert!(
        found.iter().any(|r| r.reason == Drop::OtherCount) && found.iter().any(|r| r.reason == Drop::OtherAccelerator)
    );
}

#[test]
fn counting_types_whole_comes_to_the_same_as_counting_rows() {
    let spot = Requirement { capacity: CapacityType::Spot, ..wants("A100", 8) };
    let placed = Requirement { places: vec![region(AWS, "us-east-1")], ..wants("V100", 1) };
    let sized = Requirement { cpus: Some(Bound::at_least(96_000)), ..Requirement::default() };
    for wanted in [wants("V100", 1), spot, placed, sized, wants("tpu-v3-8", 1), Requirement::default()] {
        let wanted = [wanted];
        let whole = rejections(catalog(), &wanted, &Options::default());
        let by_row = rejections_among(catalog(), &wanted, &Options::default(), |_, _| true);
        assert_eq!(whole, by_row);
        assert!(whole.iter().any(|rejection| rejection.cheapest.is_some()));
    }
}

#[test]
fn the_nearest_offers_say_what_to_give_up() {
    let near = |wanted: &Requirement| nearest(catalog(), wanted, 1, &Options::default());
    let counts: Vec<u32> = near(&wants("A100", 3))
        .iter()
        .filter(|n| n.relaxed == Relaxation::Count)
        .map(|n| catalog().type_accelerator(n.candidate.offering.instance_type).unwrap().count_milli)
        .collect();
    assert_eq!(counts, [4000, 2000, 1000, 8000]);
    let limited = Requirement { max_price_hourly: Some(Money::from_dollars(0.5)), ..wants("V100", 1) };
    let offers = near(&limited);
    assert_eq!(offers[0].relaxed, Relaxation::Price);
    assert_eq!(Some(offers[0].candidate), list_order(&[wants("V100", 1)]).best());
    let odd = Requirement { cpus: Some(Bound { amount: 7000, exact: true }), ..wants("T4", 1) };
    let offer = near(&odd).into_iter().find(|n| n.relaxed == Relaxation::Cpus).unwrap();
    assert_eq!(catalog().type_vcpus_milli(offer.candidate.offering.instance_type), 8000);
    let far = Requirement { places: vec![region(AWS, "us-east-1")], ..wants("tpu-v2-8", 1) };
    assert_eq!(near(&far)[0].relaxed, Relaxation::Places);
    assert!(offered_in(catalog(), &far, 1, &Options::default()).iter().all(|place| place.cloud == Some(GCP)));
}

#[test]
fn repeated_alternatives_are_tried_once() {
    let once = list_order(&[wants("V100", 1)]);
    let narrow = Requirement { places: vec![region(AWS, "us-east-1")], ..wants("V100", 1) };
    let twice = list_order(&[wants("V100", 1), narrow]);
    assert_eq!(twice.ranked(), once.ranked());
    assert!(list_order(&[]).is_empty());
}
