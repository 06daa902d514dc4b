//! The engine against a scripted world, and against a storm.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use proptest::prelude::*;
use smallvec::smallvec;

use super::policy::PolicyName;
use super::{Effect, Engine};
use crate::model::{
    Answer, Attempt, Call, CallId, Candidate, CapacityType, Cause, CloudId, Demand, DemandId, Denial, Entry, Event,
    FamilyId, Happening, Lease, LeaseId, Limits, Money, Offering, Outcome, RegionId, Scope, Span, Timestamp, TypeId,
    ZoneId,
};
use crate::world::{World, drive, tell};

/// `cloud`, `type`, `region`, zones and price in dollars of one candidate.
fn candidate(cloud: u8, kind: u16, region: u16, zones: &[u16], dollars: f64) -> Candidate {
    let zone = if let [only] = zones { Some(ZoneId(*only)) } else { None };
    let price_hourly = Money::from_dollars(dollars);
    Candidate {
        offering: Offering {
            cloud: CloudId(cloud),
            capacity: CapacityType::OnDemand,
            region: RegionId(region),
            zone,
            instance_type: TypeId(kind),
            family: FamilyId(u16::from(cloud)),
            accelerator: None,
            attached: None,
            price_hourly,
        },
        zones: zones.iter().copied().map(ZoneId).collect(),
        alternative: 0,
        preference: 0,
        cost: price_hourly,
        runtime: Span::HOUR,
    }
}

fn demand(candidates: Vec<Candidate>, nodes: u16, limits: Limits) -> Event {
    Event::Arrived(Demand { id: DemandId(0), nodes, candidates: candidates.into(), limits })
}

fn denial(cause: Cause, scope: Scope, cooldown: u64) -> Denial {
    let cooldown = Span::from_secs(cooldown);
    Denial { cause, scope, cooldown, retry_after: None, code: Arc::from("CODE"), text: Arc::from("words") }
}

/// The scope of a stockout: this type, here.
fn here(attempt: &Attempt, zone: Option<ZoneId>) -> Scope {
    let offering = &attempt.offering;
    Scope {
        cloud: Some(offering.cloud),
        region: Some(offering.region),
        zone,
        instance_type: Some(offering.instance_type),
        capacity: Some(offering.capacity),
        ..Scope::default()
    }
}

/// Answers every launch ten seconds later by a rule; a second set of books says what is held.
struct Scripted<F> {
    now: Timestamp,
    agenda: VecDeque<(Timestamp, CallId, Answer)>,
    held: BTreeMap<LeaseId, Lease>,
    attempts: Vec<Attempt>,
    rule: F,
}

impl<F: FnMut(&Attempt, usize, &mut BTreeMap<LeaseId, Lease>, LeaseId, Timestamp) -> Answer> World for Scripted<F> {
    fn now(&self) -> Timestamp {
        self.now
    }

    fn submit(&mut self, id: CallId, call: Call) {
        let (at, answer) = match call {
            Call::Launch(attempt) => {
                let answer = (self.rule)(&attempt, self.attempts.len(), &mut self.held, LeaseId(id), self.now);
                self.attempts.push(attempt);
                (self.now + Span::from_secs(10), answer)
            }
            Call::Release(lease) => {
                self.held.remove(&lease);
                (self.now + Span::from_secs(1), Answer::Released)
            }
            Call::Find(lease) => (self.now + Span::from_secs(1), Answer::Found(self.held.get(&lease).copied())),
        };
        let position = self.agenda.partition_point(|(other, ..)| *other <= at);
        self.agenda.insert(position, (at, id, answer));
    }

    fn wait(&mut self, deadline: Option<Timestamp>) -> Event {
        match self.agenda.front() {
            Some((at, ..)) if deadline.is_none_or(|deadline| *at <= deadline) => {
                let (at, id, answer) = self.agenda.pop_front().expect("just looked at");
                self.now = at;
                Event::Answered(id, answer)
            }
            _ => {
                self.now = deadline.expect("an engine that is not idle waits for something");
                Event::Woke
            }
        }
    }
}

fn world<F>(rule: F) -> Scripted<F> {
    let agenda = VecDeque::new();
    Scripted { now: Timestamp::ZERO, agenda, held: BTreeMap::new(), attempts: Vec::new(), rule }
}

/// A lease of all nodes in the first zone, entered in the world's books.
fn grant(attempt: &Attempt, held: &mut BTreeMap<LeaseId, Lease>, id: LeaseId, since: Timestamp) -> Lease {
    let zone = attempt.zones.as_slice().first().copied();
    let lease = Lease { id, offering: attempt.offering, zone, nodes: attempt.nodes, since };
    held.insert(id, lease);
    lease
}

fn run<F>(world: &mut Scripted<F>, policy: PolicyName, arrived: Event) -> (Engine, Vec<Entry>)
where
    F: FnMut(&Attempt, usize, &mut BTreeMap<LeaseId, Lease>, LeaseId, Timestamp) -> Answer,
{
    let (mut engine, mut journal) = (Engine::new(policy, 0), Vec::new());
    tell(&mut engine, world, arrived, |entry| journal.push(entry));
    drive(&mut engine, world, |entry| journal.push(entry));
    (engine, journal)
}

fn outcome(engine: &Engine) -> Outcome {
    engine.progress(DemandId(0)).and_then(|progress| progress.outcome).expect("the pursuit has ended")
}

fn regions<F>(world: &Scripted<F>) -> Vec<u16> {
    world.attempts.iter().map(|attempt| attempt.offering.region.0).collect()
}

/// Cloud 2 is cheapest; its dearer region 21 still goes before cloud 0, whose type is cheaper than that.
fn two_clouds() -> Vec<Candidate> {
    vec![
        candidate(2, 7, 20, &[200], 2.0),
        candidate(0, 1, 1, &[10, 11], 2.5),
        candidate(2, 7, 21, &[210], 3.0),
        candidate(0, 1, 2, &[12], 3.5),
    ]
}

#[test]
fn cloud_first_exhausts_the_cheapest_cloud_and_cheapest_follows_the_price() {
    for (policy, expected) in [(PolicyName::CloudFirst, [20, 21, 1, 2]), (PolicyName::Cheapest, [20, 1, 21, 2])] {
        let mut world = world(|attempt: &Attempt, _, _: &mut _, _, _| {
            let zones = attempt.zones.as_slice().iter();
            Answer::Denied(zones.map(|zone| denial(Cause::Stockout, here(attempt, Some(*zone)), 60)).collect())
        });
        let (engine, journal) = run(&mut world, policy, demand(two_clouds(), 1, Limits::default()));
        assert_eq!(regions(&world), expected);
        assert_eq!(outcome(&engine), Outcome::NoCapacity);
        let denied = journal.iter().filter(|entry| matches!(entry.happening, Happening::Denied(..))).count();
        assert_eq!(denied, 5, "one denial a zone");
    }
}

#[test]
fn a_quota_denial_skips_the_family_in_the_region_and_a_credential_denial_the_cloud() {
    let candidates = vec![
        candidate(0, 1, 1, &[10], 1.0),
        candidate(0, 1, 1, &[11], 1.0),
        candidate(0, 1, 2, &[20], 1.1),
        candidate(1, 5, 9, &[], 2.0),
    ];
    let quota = |attempt: &Attempt| Scope {
        cloud: Some(attempt.offering.cloud),
        region: Some(attempt.offering.region),
        family: Some(attempt.offering.family),
        ..Scope::default()
    };
    let mut by_quota = world(|attempt: &Attempt, _, _: &mut _, _, _| {
        Answer::Denied(smallvec![denial(Cause::QuotaExceeded, quota(attempt), 3600)])
    });
    let (engine, _) = run(&mut by_quota, PolicyName::CloudFirst, demand(candidates.clone(), 1, Limits::default()));
    assert_eq!(regions(&by_quota), [1, 2, 9]);
    assert_eq!(outcome(&engine), Outcome::NoQuota);

    let mut by_credentials = world(|attempt: &Attempt, _, _: &mut _, _, _| {
        let scope = Scope { cloud: Some(attempt.offering.cloud), ..Scope::default() };
        Answer::Denied(smallvec![denial(Cause::Unauthorized, scope, 3600)])
    });
    let (engine, _) = run(&mut by_credentials, PolicyName::CloudFirst, demand(candidates, 1, Limits::default()));
    assert_eq!(regions(&by_credentials), [1, 9]);
    assert_eq!(outcome(&engine), Outcome::NotAuthorized);
}

#[test]
fn an_invalid_request_is_not_tried_elsewhere() {
    let mut world = world(|_: &Attempt, _, _: &mut _, _, _| {
        Answer::Denied(smallvec![denial(Cause::InvalidRequest, Scope::default(), 0)])
    });
    let (engine, _) = run(&mut world, PolicyName::CloudFirst, demand(two_clouds(), 1, Limits::default()));
    assert_eq!((world.attempts.len(), outcome(&engine)), (1, Outcome::Invalid));
}

#[test]
fn a_throttled_launch_is_repeated_in_place_after_the_pause_the_cloud_asked_for() {
    let mut world = world(|attempt: &Attempt, n, held: &mut _, id, now| {
        if n < 2 {
            let mut throttle = denial(Cause::RateLimited, Scope::default(), 0);
            throttle.retry_after = Some(Span::from_secs(30));
            Answer::Denied(smallvec![throttle])
        } else {
            Answer::Launched(grant(attempt, held, id, now))
        }
    });
    let (engine, _) = run(&mut world, PolicyName::CloudFirst, demand(two_clouds(), 1, Limits::default()));
    assert_eq!(regions(&world), [20, 20, 20]);
    assert_eq!(engine.progress(DemandId(0)).unwrap().ended_at, Some(Timestamp(90_000_000)));
}

#[test]
fn part_of_a_gang_is_released_before_the_next_attempt_and_counts_as_waste() {
    let mut world = world(|attempt: &Attempt, n, held: &mut BTreeMap<_, _>, id, now| {
        let mut lease = grant(attempt, held, id, now);
        if n == 0 {
            lease.nodes = 3;
            held.insert(id, lease);
            Answer::Partial(lease, smallvec![denial(Cause::Stockout, here(attempt, lease.zone), 60)])
        } else {
            Answer::Launched(lease)
        }
    });
    let (engine, journal) = run(&mut world, PolicyName::CloudFirst, demand(two_clouds(), 16, Limits::default()));
    let progress = engine.progress(DemandId(0)).unwrap();
    assert_eq!(world.held.values().map(|lease| lease.nodes).collect::<Vec<_>>(), [16]);
    // Three nodes at $2/h for the 11 seconds until the release was confirmed.
    assert_eq!(progress.wasted, Money::from_dollars(6.0).over(Span::from_secs(11)));
    let release = journal.iter().position(|entry| matches!(entry.happening, Happening::Releasing(_))).unwrap();
    let second = journal.iter().rposition(|entry| matches!(entry.happening, Happening::Attempted(..))).unwrap();
    assert!(release < second);
}

#[test]
fn a_lost_answer_is_looked_for_and_what_it_made_is_kept() {
    let mut world = world(|attempt: &Attempt, _, held: &mut _, id, now| {
        grant(attempt, held, id, now);
        Answer::Lost(Arc::from("connection reset"))
    });
    let (engine, _) = run(&mut world, PolicyName::CloudFirst, demand(two_clouds(), 1, Limits::default()));
    assert_eq!((world.attempts.len(), outcome(&engine)), (1, Outcome::Placed));
    assert!(engine.leases().eq(world.held.values().copied()));
}

#[test]
fn a_round_that_failed_is_repeated_until_it_is_up_and_never_before_the_gap() {
    let limits = Limits { retry_until_up: true, ..Limits::default() };
    let mut world = world(|attempt: &Attempt, n, held: &mut _, id, now: Timestamp| {
        if n < 8 {
            let zones = attempt.zones.as_slice().iter();
            Answer::Denied(zones.map(|zone| denial(Cause::Stockout, here(attempt, Some(*zone)), 5)).collect())
        } else {
            Answer::Launched(grant(attempt, held, id, now))
        }
    });
    let (engine, journal) = run(&mut world, PolicyName::CloudFirst, demand(two_clouds(), 1, limits));
    let progress = engine.progress(DemandId(0)).unwrap();
    assert_eq!((progress.rounds, progress.attempts, progress.outcome), (3, 9, Some(Outcome::Placed)));
    let waits: Vec<_> = journal.iter().filter(|e| matches!(e.happening, Happening::Waiting(_))).map(|e| e.at).collect();
    assert_eq!(waits, [Timestamp(40_000_000), Timestamp(110_000_000)]);
}

#[test]
fn asking_until_it_is_up_ends_where_no_waiting_helps() {
    let limits = Limits { retry_until_up: true, ..Limits::default() };
    let whole = |attempt: &Attempt| Scope { cloud: Some(attempt.offering.cloud), ..Scope::default() };
    let mut world = world(|attempt: &Attempt, n, _: &mut _, _, _| {
        let zones = attempt.zones.as_slice().iter();
        // The first round meets a stockout; credentials are gone from the second on.
        Answer::Denied(if n < 4 {
            zones.map(|zone| denial(Cause::Stockout, here(attempt, Some(*zone)), 5)).collect()
        } else {
            smallvec![denial(Cause::Unauthorized, whole(attempt), 900)]
        })
    });
    let (engine, _) = run(&mut world, PolicyName::CloudFirst, demand(two_clouds(), 1, limits));
    assert_eq!(outcome(&engine), Outcome::NotAuthorized);
    assert!(engine.progress(DemandId(0)).unwrap().rounds > 1, "it did ask again for the stockout");
}

#[test]
fn limits_end_the_pursuit() {
    let forever = Limits { retry_until_up: true, ..Limits::default() };
    for (limits, expected, attempts) in [
        (Limits { max_wait: Some(Span::from_secs(25)), ..forever }, Outcome::TimedOut, 3),
        (Limits { max_attempts: Some(6), ..forever }, Outcome::TooManyAttempts, 6),
    ] {
        let mut world = world(|attempt: &Attempt, _, _: &mut _, _, _| {
            let zones = attempt.zones.as_slice().iter();
            Answer::Denied(zones.map(|zone| denial(Cause::Stockout, here(attempt, Some(*zone)), 5)).collect())
        });
        let (engine, _) = run(&mut world, PolicyName::CloudFirst, demand(two_clouds(), 1, limits));
        assert_eq!((outcome(&engine), world.attempts.len()), (expected, attempts));
    }
    let budget = Limits { budget: Some(Money(1)), ..forever };
    let mut leaky = world(|attempt: &Attempt, _, held: &mut BTreeMap<_, _>, id, now| {
        let mut lease = grant(attempt, held, id, now);
        lease.nodes = 1;
        held.insert(id, lease);
        Answer::Partial(lease, smallvec![denial(Cause::Stockout, here(attempt, lease.zone), 5)])
    });
    let (engine, _) = run(&mut leaky, PolicyName::CloudFirst, demand(two_clouds(), 2, budget));
    assert_eq!((outcome(&engine), leaky.held.len()), (Outcome::OverBudget, 0));
}

#[test]
fn cancelling_in_flight_gives_back_what_comes_up() {
    let mut world =
        world(|attempt: &Attempt, _, held: &mut _, id, now| Answer::Launched(grant(attempt, held, id, now)));
    let mut engine = Engine::new(PolicyName::CloudFirst, 0);
    tell(&mut engine, &mut world, demand(two_clouds(), 1, Limits::default()), |_| {});
    tell(&mut engine, &mut world, Event::Cancelled(DemandId(0)), |_| {});
    assert!(!engine.is_idle(), "the launch is still in flight");
    drive(&mut engine, &mut world, |_| {});
    assert_eq!((outcome(&engine), world.held.len(), engine.leases().count()), (Outcome::Cancelled, 0, 0));
}

#[test]
fn nothing_feasible_ends_at_once() {
    let mut engine = Engine::new(PolicyName::CloudFirst, 0);
    let effects: Vec<Effect> = engine.step(Timestamp::ZERO, demand(Vec::new(), 1, Limits::default())).collect();
    assert!(effects.iter().all(|effect| matches!(effect, Effect::Record(_))));
    assert_eq!(outcome(&engine), Outcome::Infeasible);
}

/// What the storm does to one call.
#[derive(Debug, Clone, Copy)]
enum Weather {
    Stockout,
    Quota,
    Throttle,
    Expired,
    Partial,
    LostAfterCreate,
    LostBeforeCreate,
    Hang,
    Up,
}

fn weather() -> impl Strategy<Value = Weather> {
    use Weather::{Expired, Hang, LostAfterCreate, LostBeforeCreate, Partial, Quota, Stockout, Throttle, Up};
    prop_oneof![
        4 => Just(Stockout),
        2 => Just(Quota),
        2 => Just(Throttle),
        1 => Just(Expired),
        2 => Just(Partial),
        2 => Just(LostAfterCreate),
        1 => Just(LostBeforeCreate),
        1 => Just(Hang),
        2 => Just(Up),
    ]
}

/// A world whose calls meet prepared weather, then calm: every launch succeeds, every release works.
struct Storm {
    now: Timestamp,
    agenda: BTreeMap<(Timestamp, u64), (CallId, Answer)>,
    seq: u64,
    launches: VecDeque<Weather>,
    failed_releases: VecDeque<bool>,
    lagging_finds: VecDeque<bool>,
    held: BTreeMap<LeaseId, Lease>,
    denials: usize,
}

impl Storm {
    fn answer_in(&mut self, seconds: u64, id: CallId, answer: Answer) {
        self.seq += 1;
        self.agenda.insert((self.now + Span::from_secs(seconds), self.seq), (id, answer));
    }

    fn launch(&mut self, id: CallId, attempt: &Attempt) {
        let zone = attempt.zones.as_slice().first().copied();
        let offering = &attempt.offering;
        let mut refuse = |cause, scope, cooldown| {
            self.denials += 1;
            Answer::Denied(smallvec![denial(cause, scope, cooldown)])
        };
        let weather = self.launches.pop_front().unwrap_or(Weather::Up);
        let in_family = Scope { cloud: Some(offering.cloud), family: Some(offering.family), ..Scope::default() };
        let answer = match weather {
            Weather::Stockout => refuse(Cause::Stockout, here(attempt, zone), 45),
            Weather::Quota => refuse(Cause::QuotaExceeded, in_family, 600),
            Weather::Throttle => refuse(Cause::RateLimited, Scope::default(), 0),
            Weather::Expired => {
                refuse(Cause::Unauthorized, Scope { cloud: Some(offering.cloud), ..Scope::default() }, 900)
            }
            Weather::LostBeforeCreate => Answer::Lost(Arc::from("cut")),
            Weather::Partial if attempt.nodes > 1 => {
                let mut lease = grant(attempt, &mut self.held, LeaseId(id), self.now);
                lease.nodes -= 1;
                self.held.insert(lease.id, lease);
                Answer::Partial(lease, smallvec![denial(Cause::Stockout, here(attempt, zone), 45)])
            }
            Weather::LostAfterCreate => {
                grant(attempt, &mut self.held, LeaseId(id), self.now);
                Answer::Lost(Arc::from("cut"))
            }
            Weather::Hang => {
                grant(attempt, &mut self.held, LeaseId(id), self.now);
                return;
            }
            Weather::Partial | Weather::Up => Answer::Launched(grant(attempt, &mut self.held, LeaseId(id), self.now)),
        };
        self.answer_in(12, id, answer);
    }
}

impl World for Storm {
    fn now(&self) -> Timestamp {
        self.now
    }

    fn submit(&mut self, id: CallId, call: Call) {
        match call {
            Call::Launch(attempt) => self.launch(id, &attempt),
            Call::Release(lease) => {
                let answer = if self.failed_releases.pop_front().unwrap_or(false) {
                    Answer::NotReleased(Arc::from("try again"))
                } else {
                    self.held.remove(&lease);
                    Answer::Released
                };
                self.answer_in(2, id, answer);
            }
            Call::Find(lease) => {
                let hidden = self.lagging_finds.pop_front().unwrap_or(false);
                let found = self.held.get(&lease).copied().filter(|_| !hidden);
                self.answer_in(1, id, Answer::Found(found));
            }
        }
    }

    fn wait(&mut self, deadline: Option<Timestamp>) -> Event {
        match self.agenda.first_key_value() {
            Some(((at, _), _)) if deadline.is_none_or(|deadline| *at <= deadline) => {
                let ((at, _), (id, answer)) = self.agenda.pop_first().expect("just looked at");
                self.now = at;
                Event::Answered(id, answer)
            }
            _ => {
                self.now = deadline.expect("an engine that is not idle waits for something");
                Event::Woke
            }
        }
    }
}

/// What one storm did, so that the test can tell that there were storms.
#[derive(Default)]
struct Weathered {
    denials: usize,
    lost: usize,
    partial: usize,
    not_released: usize,
    /// Ended because both clouds refused the credentials at the same time.
    given_up: usize,
}

/// Runs one storm; safety is asserted at every attempt, liveness and the books at the end.
fn weather_the_storm(mut storm: Storm, nodes: u16, policy: PolicyName) -> Result<Weathered, TestCaseError> {
    let limits = Limits { retry_until_up: true, attempt_timeout: Span::from_secs(120), ..Limits::default() };
    let mut engine = Engine::new(policy, 1);
    let mut blocked: Vec<(Scope, Timestamp)> = Vec::new();
    let (mut seen, mut violations) = (Weathered::default(), Vec::new());
    let expired = storm.launches.iter().filter(|weather| matches!(weather, Weather::Expired)).count();
    let mut check = |entry: Entry| match entry.happening {
        Happening::Blocked(scope, until) => blocked.push((scope, until)),
        Happening::Attempted(_, attempt) => {
            let zones = attempt.zones;
            let covers = |scope: &Scope, zone| scope.covers(&attempt.offering, zone);
            let closed = |zone| blocked.iter().any(|(scope, until)| *until > entry.at && covers(scope, zone));
            if zones.as_slice().iter().any(|zone| closed(Some(*zone))) || (zones.is_empty() && closed(None)) {
                violations.push(attempt);
            }
        }
        Happening::Lost(..) => seen.lost += 1,
        Happening::PartlyLaunched(..) => seen.partial += 1,
        Happening::NotReleased(..) => seen.not_released += 1,
        _ => {}
    };
    tell(&mut engine, &mut storm, demand(two_clouds(), nodes, limits), &mut check);
    drive(&mut engine, &mut storm, &mut check);
    prop_assert!(violations.is_empty(), "blocked places were tried: {violations:?}");
    let progress = engine.progress(DemandId(0)).expect("it arrived");
    let believed: Vec<Lease> = engine.leases().collect();
    let billed: Vec<Lease> = storm.held.values().copied().collect();
    prop_assert_eq!(&believed, &billed);
    seen.denials = storm.denials;
    if progress.outcome == Some(Outcome::NotAuthorized) {
        prop_assert!(expired >= 2 && believed.is_empty(), "{expired} of two clouds refused the credentials");
        seen.given_up = 1;
        return Ok(seen);
    }
    prop_assert_eq!(progress.outcome, Some(Outcome::Placed));
    prop_assert_eq!(believed.len(), 1);
    prop_assert_eq!(progress.lease.map(|lease| lease.nodes), Some(nodes));
    Ok(seen)
}

/// Faults of every kind, then calm: every demand is placed, and what is held is what is billed.
#[test]
fn the_storm_leaks_nothing_and_the_calm_places_every_demand() {
    let launches = prop::collection::vec(weather(), 0..40);
    let failed_releases = prop::collection::vec(any::<bool>(), 0..8);
    let lags = prop::collection::vec(prop::bool::weighted(0.4), 0..3);
    let policies = prop::sample::select(PolicyName::ALL.to_vec());
    let total = std::cell::RefCell::new(Weathered::default());
    let config = ProptestConfig { cases: 2_000, ..ProptestConfig::default() };
    let run = proptest::test_runner::TestRunner::new(config).run(
        &(launches, failed_releases, lags, 1u16..4, policies),
        |(launches, failed_releases, lags, nodes, policy)| {
            let storm = Storm {
                now: Timestamp::ZERO,
                agenda: BTreeMap::new(),
                seq: 0,
                launches: launches.into(),
                failed_releases: failed_releases.into(),
                lagging_finds: lags.into(),
                held: BTreeMap::new(),
                denials: 0,
            };
            let seen = weather_the_storm(storm, nodes, policy)?;
            let mut total = total.borrow_mut();
            total.denials += seen.denials;
            total.lost += seen.lost;
            total.partial += seen.partial;
            total.not_released += seen.not_released;
            total.given_up += seen.given_up;
            Ok(())
        },
    );
    run.unwrap_or_else(|error| panic!("{error}"));
    let total = total.into_inner();
    let counts = [total.denials, total.lost, total.partial, total.not_released];
    assert!(counts.iter().all(|count| *count > 100), "too little weather to prove anything: {counts:?}");
    assert!((1..1_000).contains(&total.given_up), "{} of 2,000 were given up", total.given_up);
}

#[test]
fn a_denial_met_by_one_demand_spares_the_others() {
    let mut world = world(|attempt: &Attempt, n, held: &mut _, id, now: Timestamp| {
        if n < 2 {
            let scope = Scope { cloud: Some(attempt.offering.cloud), ..Scope::default() };
            Answer::Denied(smallvec![denial(Cause::QuotaExceeded, scope, 600)])
        } else {
            Answer::Launched(grant(attempt, held, id, now))
        }
    });
    let mut engine = Engine::new(PolicyName::CloudFirst, 0);
    let candidates: Arc<[Candidate]> = two_clouds().into();
    for id in 0..2 {
        let (candidates, limits) = (Arc::clone(&candidates), Limits::default());
        let arrived = Event::Arrived(Demand { id: DemandId(id), nodes: 1, candidates, limits });
        tell(&mut engine, &mut world, arrived, |_| {});
    }
    drive(&mut engine, &mut world, |_| {});
    assert_eq!(regions(&world), [20, 20, 1, 1], "region 21 of the refused cloud is never tried");
}
