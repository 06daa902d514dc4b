//! Re-planning while denials come and go, against dropping what they cover from the plan.

use proptest::prelude::*;

use super::{catalog, list_order, spot, wants};
use crate::model::{CapacityType, CloudId, Requirement, Scope, ZoneSet};
use crate::optimizer::{Plan, Replanner};

/// The first candidate with an open zone, by asking every denial about every candidate in turn.
fn naive(plan: &Plan<'_>, scopes: &[Scope], ruled_out: &[usize]) -> Option<(usize, ZoneSet)> {
    plan.iter().enumerate().filter(|(position, _)| !ruled_out.contains(position)).find_map(|(position, candidate)| {
        let covered = |zone| scopes.iter().any(|scope| scope.covers(&candidate.offering, zone));
        if candidate.zones.is_empty() {
            return (!covered(None)).then_some((position, ZoneSet::EMPTY));
        }
        let open: ZoneSet = candidate.zones.as_slice().iter().copied().filter(|zone| !covered(Some(*zone))).collect();
        (!open.is_empty()).then_some((position, open))
    })
}

/// What happens to the plan.
#[derive(Debug, Clone, Copy)]
enum Step {
    /// A denial about some candidate near the front; the bits say what it names.
    Block(usize, u8),
    /// An earlier denial runs out.
    Release(usize),
    /// The best is ruled out.
    RuleOut,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0usize..60, any::<u8>()).prop_map(|(at, names)| Step::Block(at, names)),
        2 => (0usize..20).prop_map(Step::Release),
        1 => Just(Step::RuleOut),
    ]
}

fn scope(plan: &Plan<'_>, at: usize, names: u8) -> Scope {
    let candidate = plan.candidate(at % plan.len());
    let offering = candidate.offering;
    let zones = candidate.zones;
    let named = |bit: u8| names & 1 << bit != 0;
    Scope {
        cloud: named(0).then_some(offering.cloud),
        region: named(1).then_some(offering.region),
        zone: named(2).then(|| zones.as_slice().get(at % zones.len().max(1)).copied()).flatten(),
        family: named(3).then_some(offering.family),
        instance_type: named(4).then_some(offering.instance_type),
        accelerator: if named(5) { offering.accelerator } else { None },
        accelerated: named(5) && at.is_multiple_of(3),
        attached: if named(7) { offering.attached } else { None },
        capacity: named(6).then_some(offering.capacity),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn replanning_is_dropping_what_is_denied(
        kind in 0usize..3,
        nodes in 1u16..3,
        steps in prop::collection::vec(step(), 1..25),
    ) {
        let wanted: [&[Requirement]; 3] =
            [&[wants("V100", 1)], &[spot("T4", 1), wants("T4", 1)], &[wants("A100", 8), wants("V100", 8)]];
        let plan = crate::optimizer::plan(catalog(), wanted[kind], nodes, &crate::optimizer::Options::default());
        let mut replanner = Replanner::new(&plan);
        let (mut scopes, mut ruled_out): (Vec<Scope>, Vec<usize>) = (Vec::new(), Vec::new());
        for step in steps {
            match step {
                Step::Block(at, names) => {
                    scopes.push(scope(&plan, at, names));
                    replanner.block(scopes.last().unwrap());
                }
                Step::Release(at) if at < scopes.len() => replanner.release(&scopes.swap_remove(at)),
                Step::Release(_) => replanner.release(&Scope { cloud: Some(CloudId(9)), ..Scope::default() }),
                Step::RuleOut => if let Some(best) = replanner.next() {
                    ruled_out.push(best);
                    replanner.rule_out(best);
                },
            }
            let expected = naive(&plan, &scopes, &ruled_out);
            prop_assert_eq!(replanner.next(), expected.map(|(position, _)| position));
            prop_assert_eq!(replanner.next_candidate().map(|c| c.zones), expected.map(|(_, zones)| zones));
        }
        replanner.reset();
        prop_assert_eq!(replanner.next(), Some(0));
    }
}

#[test]
fn denials_walk_down_the_plan_to_its_end() {
    let plan = list_order(&[wants("V100", 1)]);
    let mut replanner = Replanner::new(&plan);
    for position in 0..plan.len() {
        assert_eq!(replanner.next(), Some(position));
        let offering = plan.candidate(position).offering;
        replanner.block(&Scope {
            region: Some(offering.region),
            zone: offering.zone,
            instance_type: Some(offering.instance_type),
            capacity: Some(CapacityType::OnDemand),
            ..Scope::default()
        });
    }
    assert_eq!(replanner.next(), None);
}
