//! The core by itself: tokens, states, limits, faults, and the same luck as a trial.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::*;
use crate::model::{CapacityType, Money};
use crate::serve::Speed;
use crate::yaml::Source;

fn site(clouds: &str) -> Site {
    let text = format!("schema: 1\ntitle: t\nwhy: w\nclouds:\n{clouds}\ndemand: {{gpus: V100}}\n");
    let scenario = Scenario::load(&Source { name: "t.yaml", text: &text }, Catalog::embedded(), &[]);
    let scenario = scenario.unwrap_or_else(|problems| panic!("{problems:?}"));
    Site::new(Arc::new(scenario), 7, Clock::new(Speed::Max, 1_767_225_600))
}

fn ask(zone: &str) -> Ask {
    Ask {
        cloud: "gcp",
        region: zone[..zone.len() - 2].to_owned(),
        zone: Some(zone.to_owned()),
        instance_type: "n1-highmem-8".to_owned(),
        accelerator: Some(("V100".to_owned(), 1)),
        terms: CapacityType::OnDemand,
        max_price: None,
        nodes: 1,
        least: 1,
        token: None,
        names: vec!["a".to_owned()],
        tags: BTreeMap::from([("sky-owner".to_owned(), "me".to_owned())]),
        ssh: None,
        on_preemption: OnPreemption::Terminate,
        extra: serde_json::Value::Null,
    }
}

fn made(verdict: &Verdict) -> &Instance {
    match &verdict.outcome {
        Outcome::Accepted { instances, .. } => &instances[0],
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_machine_comes_up_is_billed_stops_starts_and_goes() {
    let site = site("  gcp: always");
    let verdict = site.launch(&ask("us-central1-a")).expect("sold");
    let id = made(&verdict).id;
    assert_eq!(made(&verdict).state, State::Pending(verdict.at));
    assert!(verdict.at.since(Timestamp::ZERO) >= Span::from_secs(75), "{:?}", verdict.at);
    site.clock().hasten(verdict.at);
    assert_eq!(site.instance(id).expect("there").state, State::Running);
    let stopped = site.stop(id).expect("runs");
    assert!(!stopped.failed && stopped.at > verdict.at);
    site.clock().hasten(stopped.at);
    let after = site.instance(id).expect("there");
    assert_eq!((after.state, &after.public_ip), (State::Stopped, &None));
    let billed = site.books().billed;
    site.clock().advance(Span::HOUR);
    assert!((site.books().billed - billed).abs() < 1e-9, "a stopped machine is billed");
    let again = site.start(id).expect("stopped");
    site.clock().hasten(again.at);
    assert_eq!(site.instance(id).expect("there").state, State::Running);
    let gone = site.terminate(id).expect("there");
    site.clock().hasten(gone.at);
    assert!(site.instances(&Filter::default()).is_empty());
    assert_eq!(site.instances(&Filter { terminated: true, ..Filter::default() }).len(), 1);
    assert!(site.books().running.is_empty() && site.books().billed > billed);
    site.clock().advance(Span::from_secs(3601));
    assert_eq!(site.instance(id).map(|instance| instance.state), None, "remembered for ever");
}

/// Machines that come and go, many times what is remembered of them.
const MANY: usize = 3 * MOST_REMEMBERED;

#[test]
fn what_is_long_gone_leaves_sums_and_no_memory() {
    let site = site("  gcp: always");
    let stays = made(&site.launch(&Ask { names: vec!["stays".to_owned()], ..ask("us-central1-a") }).expect("sold")).id;
    for n in 0..MANY {
        let one = Ask { names: vec![format!("a-{n}")], token: Some(format!("t-{n}")), ..ask("us-central1-a") };
        let id = made(&site.launch(&one).expect("sold")).id;
        let gone = site.terminate(id).expect("there");
        site.clock().hasten(gone.at);
    }
    let books = site.books();
    assert_eq!((books.launched, books.running.len()), (1 + MANY as u64, 1));
    // Each is billed until it is gone, 20 to 60 s later.
    let price = books.hourly / 3600.0;
    assert!(books.billed > price * 20.0 * MANY as f64 && books.billed < price * 120.0 * MANY as f64, "{books:?}");
    let named = |name: &str| site.instances(&Filter { name: Some(name.to_owned()), ..Filter::default() });
    assert_eq!((named("stays")[0].id, named("a-0").len()), (stays, 0));
    let inner = site.lock();
    assert_eq!(inner.world.ledger().audit(site.clock().now()), Ok(()));
    assert!(inner.world.ledger().holdings().len() < 1100, "{}", inner.world.ledger().holdings().len());
    let kept = [inner.instances.len(), inner.ends.len(), inner.tokens.len(), inner.gone.len()];
    assert!(kept.iter().all(|kept| *kept <= MOST_REMEMBERED + 1), "{kept:?}");
    assert!(inner.named.len() == 1 && inner.by_lease.len() == 1);
}

#[test]
fn a_token_makes_nothing_twice() {
    let site = site("  gcp: always");
    let once = Ask { token: Some("t".to_owned()), ..ask("us-central1-a") };
    let first = site.launch(&once).expect("sold");
    let second = site.launch(&once).expect("sold");
    assert!(second.repeated && made(&second).id == made(&first).id);
    let other = Ask { nodes: 2, ..once };
    assert_eq!(site.launch(&other).map(|_| ()), Err(SiteError::TokenReused));
    assert_eq!(site.books().running.len(), 1);
}

#[test]
fn refusals_are_the_clouds_own_words() {
    let site = site("  gcp/us-central1/V100: never\n  gcp/us-west1/V100: {quota: 1}");
    let Outcome::Refused(refused) = site.launch(&ask("us-central1-a")).expect("sold").outcome else { panic!("made") };
    assert_eq!(refused[0].code(), "ZONE_RESOURCE_POOL_EXHAUSTED");
    assert!(refused[0].message().contains("us-central1-a"), "{}", refused[0].message());
    assert!(!refused[0].envelope().expect("JSON").to_string().contains("{zone}"));
    let two = Ask { nodes: 2, ..ask("us-west1-a") };
    let Outcome::Refused(refused) = site.launch(&two).expect("sold").outcome else { panic!("made") };
    assert_eq!(refused[0].code(), "QUOTA_EXCEEDED");
    let limits = site.limits("gcp", "us-west1");
    assert!(limits.iter().any(|limit| limit.name == "NVIDIA_V100_GPUS" && limit.limit < 1.5), "{limits:?}");
}

#[test]
fn orders_are_met_once_and_in_order() {
    let site = site("  gcp: always");
    for mishap in [Mishap::Body("ZONE_RESOURCE_POOL_EXHAUSTED".to_owned()), Mishap::Hang, Mishap::Lost] {
        let zone = Some("us-central1-a".to_owned());
        let injection = Injection { cloud: None, region: None, zone, instance_type: None, times: 1, mishap };
        site.inject(injection).expect("known");
    }
    let met = |zone: &str| {
        let verdict = site.launch(&ask(zone)).expect("sold");
        let made = matches!(verdict.outcome, Outcome::Accepted { .. });
        (made, matches!(verdict.wire, Wire::Cut(_)), verdict.wire == Wire::Hangs)
    };
    assert_eq!(met("us-central1-b"), (true, false, false));
    assert_eq!(met("us-central1-a"), (false, false, false));
    assert_eq!(met("us-central1-a"), (false, false, true));
    assert_eq!(met("us-central1-a"), (true, true, false));
    assert_eq!(met("us-central1-a"), (true, false, false));
}

#[test]
fn spot_is_taken_back_after_notice() {
    let site = site("  gcp/V100: {spot: {life: 10m}}");
    let spot = Ask { terms: CapacityType::Spot, ..ask("us-central1-a") };
    let verdict = site.launch(&spot).expect("sold");
    let (from, end) = made(&verdict).notice.expect("a life");
    assert_eq!(end.since(from), Span::from_secs(30));
    site.clock().hasten(end);
    let after = site.instance(made(&verdict).id).expect("remembered");
    assert_eq!((after.state, after.preempted), (State::Terminated, true));
    assert!(site.books().running.is_empty());
}

#[test]
fn what_does_not_exist_is_said() {
    let site = site("  gcp: always");
    let error = |ask: &Ask| site.launch(ask).map(|_| ()).expect_err("is no question");
    assert_eq!(error(&ask("us-nowhere9-a")), SiteError::NoRegion("us-nowhere9".to_owned()));
    assert_eq!(
        error(&Ask { zone: Some("us-central1-q".to_owned()), ..ask("us-central1-a") }),
        SiteError::NoZone("us-central1-q".to_owned())
    );
    let none = Ask { instance_type: "n9-huge".to_owned(), ..ask("us-central1-a") };
    assert_eq!(error(&none), SiteError::NoType("n9-huge".to_owned()));
    assert!(matches!(error(&ask("us-central1-d")), SiteError::NoZone(_) | SiteError::NotSold { .. }));
    assert_eq!(Money::ZERO, Money((site.books().billed * 1e6) as i64));
}
