//! A launch from the request to a cluster that is up, or to nothing at all.
//!
//! **Invariant:** the cluster has a row before anything is asked of a cloud, and every launch call is written down
//! before it is made. A launch that does not end well gives back everything, or says by name what it could not.

mod fit;
mod headroom;
mod journal;
mod specs;

use std::sync::Arc;

use crate::cloud::live::{Launch, LiveWorld, Surroundings};
use crate::cloud::{LeaseKey, Node};
use crate::engine::policy::PolicyName;
use crate::engine::{Block, Engine};
use crate::model::{Candidate, Demand, DemandId, Entry, Event, Lease, Outcome};
use crate::request::{self, Request};
use crate::world::{drive_with, tell};

use super::context::Context;
use super::error::{Class, ClusterError};
use super::life;
use super::names;
use super::refresh::{self, Standing};
use super::settle::give_back;
use super::store::{Autostop, Claim, Cluster, Held, Stage, Status, uid};

pub use fit::mismatch;
use journal::Recorder;

/// The one demand of a launch.
const DEMAND: DemandId = DemandId(0);

/// What is to be launched.
pub struct Wish<'a> {
    /// The cluster's name.
    pub name: &'a str,
    /// What is asked for.
    pub request: &'a Request,
    /// The ways to meet it, ranked.
    pub candidates: Arc<[Candidate]>,
    /// How to fail over.
    pub policy: PolicyName,
    /// Take what other launches were refused lately for true.
    pub remember: bool,
}

/// How a launch ended.
#[derive(Debug, Clone, PartialEq)]
pub struct End {
    /// The cluster, if it is up.
    pub cluster: Option<Cluster>,
    /// Its machines, by rank.
    pub nodes: Vec<Node>,
    /// It was there already.
    pub reused: bool,
    /// How the pursuit ended; `None` for a cluster that was there already.
    pub outcome: Option<Outcome>,
    /// Launches that may still hold machines, by key, with the place.
    pub left: Vec<(LeaseKey, String)>,
    /// How many denials of other launches were taken for true.
    pub believed: usize,
}

/// What is told of a launch as it happens.
pub enum Told<'a> {
    /// An existing cluster is looked at, started or cleaned up first; a sentence.
    Note(&'a str),
    /// An entry of the engine's journal.
    Entry(&'a Entry),
    /// A refusal that a launch call met on its way to a zone that had capacity.
    Aside(&'a Entry),
}

/// Who is told.
pub type Tell<'a> = &'a mut dyn FnMut(Told<'_>);

/// Launches a cluster, or finds it.
///
/// # Errors
/// When another process works on the cluster, when a cluster of this name is something else, when the state cannot be
/// written. That no cloud has what is asked for is no error, but an outcome.
pub fn launch(context: &Context, wish: &Wish<'_>, told: Tell<'_>) -> Result<End, ClusterError> {
    names::check(wish.name)?;
    let claim = context.claim(wish.name, "launch")?;
    if let Some(cluster) = context.store.cluster(wish.name)?
        && let Some(end) = existing(context, &claim, &cluster, wish, told)?
    {
        return Ok(end);
    }
    fresh(context, wish, told)
}

/// A cluster of this name is there: reused if it was ever up, cleaned up if it never was.
fn existing(
    context: &Context,
    claim: &Claim,
    cluster: &Cluster,
    wish: &Wish<'_>,
    told: Tell<'_>,
) -> Result<Option<End>, ClusterError> {
    if let Some(error) = mismatch(context.catalog, cluster, wish.request) {
        return Err(error);
    }
    let standing = context.runtime.block_on(refresh::one(context, cluster))?;
    let cluster = match standing {
        Standing::Gone => {
            told(Told::Note("The cluster that had this name is gone; launching a new one."));
            return Ok(None);
        }
        Standing::Is(cluster) => *cluster,
    };
    let reused = |mut cluster: Cluster, nodes: Vec<Node>| {
        // What is asked for now replaces what was asked for when it was made.
        if let Some(stop) = wish.request.machines.iter().find_map(|machine| machine.autostop) {
            cluster.autostop = Some(autostop(stop));
            context.store.put_cluster(&cluster)?;
        }
        let cluster = Some(cluster);
        Ok(Some(End { cluster, nodes, reused: true, outcome: None, left: Vec::new(), believed: 0 }))
    };
    let Some(held) = &cluster.held else {
        told(Told::Note("An earlier launch of this name did not end; what it left is given back first."));
        context.runtime.block_on(life::give_all_back(context, &cluster))?;
        context.store.drop_cluster(&cluster.name)?;
        return Ok(None);
    };
    if cluster.status == Status::Up {
        life::keep(context, held)?;
        let nodes = context.store.nodes(&held.key)?;
        return reused(cluster, nodes);
    }
    let place = held.zone.as_ref().unwrap_or(&held.region);
    let text = format!(
        "Cluster '{}' (status: {}) is on {} {place}. Restarting it there.",
        cluster.name,
        cluster.status.name(),
        held.cloud
    );
    told(Told::Note(&text));
    let (cluster, nodes) = context.runtime.block_on(life::start_claimed(context, claim, &cluster))?;
    reused(cluster, nodes)
}

fn fresh(context: &Context, wish: &Wish<'_>, told: Tell<'_>) -> Result<End, ClusterError> {
    let specs = specs::Specs::new(context, wish.request, &wish.candidates)?;
    let uid = uid();
    let cluster = Cluster {
        name: wish.name.to_owned(),
        cloud_name: names::at_clouds(wish.name, &uid),
        uid,
        status: Status::Init,
        wanted: wanted(wish.request),
        nodes: wish.request.nodes,
        made_at: context.now(),
        held: None,
        autostop: None,
    };
    context.store.put_cluster(&cluster)?;
    let ended = pursue(context, wish, &cluster, &specs, told);
    let Pursued { obtained, outcome, believed } = match ended {
        Ok(ended) => ended,
        Err(error) => {
            // Nothing was asked of a cloud yet.
            context.store.drop_cluster(&cluster.name)?;
            return Err(error);
        }
    };
    let mut end =
        End { cluster: None, nodes: Vec::new(), reused: false, outcome: Some(outcome), left: Vec::new(), believed };
    if let Some(obtained) = obtained {
        end.cluster = Some(up(context, cluster, &obtained, wish.request)?);
        end.nodes = obtained.nodes;
    }
    close(context, wish.name, &mut end)?;
    Ok(end)
}

/// What a pursuit came to.
struct Pursued {
    obtained: Option<Obtained>,
    outcome: Outcome,
    believed: usize,
}

/// What was obtained.
struct Obtained {
    lease: Lease,
    key: LeaseKey,
    nodes: Vec<Node>,
    /// Position in the request of the alternative that it meets.
    alternative: usize,
}

fn pursue(
    context: &Context,
    wish: &Wish<'_>,
    cluster: &Cluster,
    specs: &specs::Specs<'_>,
    told: Tell<'_>,
) -> Result<Pursued, ClusterError> {
    let around = Surroundings {
        catalog: context.catalog,
        clouds: context.clouds.clone(),
        book: Arc::clone(&context.book),
        clock: context.clock,
        runtime: context.runtime.clone(),
        interrupt: context.interrupt.clone(),
    };
    let launch = Launch {
        demand: DEMAND,
        owner: context.store.owner()?,
        cluster: cluster.cloud_name.clone(),
        uid: cluster.uid.clone(),
        machine: Box::new(|attempt, provider| specs.of(attempt, provider)),
    };
    let mut engine = Engine::new(wish.policy, seed(&cluster.uid));
    let beliefs = if wish.remember { context.store.beliefs(context.catalog, context.now(), 0)? } else { Vec::new() };
    let mut seen = beliefs.last().map_or(0, |belief| belief.id);
    let short = if wish.remember {
        context.runtime.block_on(headroom::look(context, &wish.candidates, wish.request.nodes))
    } else {
        headroom::Short::default()
    };
    let met = beliefs.iter().map(|belief| belief.block(&context.clock));
    let blocks = hopeful(met.chain(short.blocks).collect(), &wish.candidates);
    let believed = blocks.len();
    if believed > 0 {
        short.words.iter().for_each(|words| told(Told::Note(words)));
    }
    engine.believe(blocks);
    let mut recorder = Recorder::new(context, cluster, wish.remember);
    let asides = recorder.asides();
    let mut world = LiveWorld::new(around, launch, &mut recorder);
    let demand = Demand {
        id: DEMAND,
        nodes: wish.request.nodes,
        candidates: Arc::clone(&wish.candidates),
        limits: wish.request.limits,
    };
    let mut say = |entry: Entry| {
        // A refusal that the launch itself got over is told before its success.
        for (at, call, denial) in asides.take() {
            let happening = crate::model::Happening::Denied(call, denial);
            told(Told::Aside(&Entry { at, demand: DEMAND, happening }));
        }
        told(Told::Entry(&entry));
    };
    tell(&mut engine, &mut world, Event::Arrived(demand), &mut say);
    drive_with(&mut engine, &mut world, &mut say, |engine| {
        if wish.remember {
            let fresh = context.store.beliefs(context.catalog, context.now(), seen).unwrap_or_default();
            seen = fresh.last().map_or(seen, |belief| belief.id);
            engine.believe(fresh.iter().map(|belief| belief.block(&context.clock)));
        }
    });
    let progress = engine.progress(DEMAND).ok_or_else(|| {
        ClusterError::new(Class::Internal, "the launch was forgotten by its engine", "this is a defect of sky")
    })?;
    let obtained = progress.lease.map(|lease| Obtained {
        lease,
        key: world.key(lease.id.0),
        nodes: world.nodes(lease.id).to_vec(),
        alternative: world.attempt(lease.id).map_or(0, |attempt| specs.alternative(attempt)),
    });
    Ok(Pursued { obtained, outcome: progress.outcome.unwrap_or(Outcome::Cancelled), believed })
}

/// Denials of other launches, unless they leave nothing to try: then they are put to the test.
fn hopeful(blocks: Vec<Block>, candidates: &[Candidate]) -> Vec<Block> {
    let covered = |candidate: &Candidate| {
        let zones = candidate.zones.as_slice();
        let blocked = |zone| blocks.iter().any(|block| block.scope.covers(&candidate.offering, zone));
        if zones.is_empty() { blocked(None) } else { zones.iter().all(|zone| blocked(Some(*zone))) }
    };
    if candidates.iter().all(covered) { Vec::new() } else { blocks }
}

/// Luck of a policy that needs some, different for every launch.
fn seed(uid: &str) -> u64 {
    u64::from_str_radix(uid, 16).unwrap_or(0)
}

fn wanted(request: &Request) -> String {
    let labels: Vec<&str> = request.requirements.iter().map(|wanted| wanted.label.as_str()).collect();
    labels.join(" or ")
}

/// The cluster is up: it gets its place and its price for good.
fn up(context: &Context, cluster: Cluster, obtained: &Obtained, request: &Request) -> Result<Cluster, ClusterError> {
    let (catalog, lease) = (context.catalog, &obtained.lease);
    let offering = &lease.offering;
    let cloud = catalog.cloud_name(offering.cloud);
    let region = catalog.region_name(offering.region);
    let zone = lease.zone.map(|zone| catalog.zone_name(zone));
    let kind = catalog.type_name(offering.instance_type);
    let asked = request.machines.get(obtained.alternative).and_then(|machine| machine.autostop);
    let held = Held {
        cloud: cloud.to_owned(),
        region: region.to_owned(),
        zone: zone.map(str::to_owned),
        instance_type: kind.to_owned(),
        accelerators: journal::accelerators(catalog, offering.instance_type),
        gpus_per_node: catalog.type_accelerator(offering.instance_type).map_or(0, |a| a.count_milli.div_ceil(1000)),
        capacity: offering.capacity,
        price_hourly: offering.price_hourly,
        key: obtained.key.clone(),
        user: user(context, cloud),
        launched_at: context.now(),
    };
    context.store.disbelieve(cloud, region, zone, kind)?;
    let cluster = Cluster { status: Status::Up, held: Some(held), autostop: asked.map(autostop), ..cluster };
    context.store.put_cluster(&cluster)?;
    Ok(cluster)
}

const fn autostop(asked: request::Autostop) -> Autostop {
    Autostop { idle_s: (asked.idle.0 / 1_000_000) as u32, down: asked.down }
}

/// Who logs in on machines of a cloud.
pub(super) fn user(context: &Context, cloud: &str) -> String {
    let own = context.config.ssh.user.clone();
    own.or_else(|| Some(context.clouds.get(cloud)?.provider.default_user().to_owned())).unwrap_or_default()
}

/// Looks once more for what the launch may have left, forgets a cluster that holds nothing, and names what is left.
fn close(context: &Context, name: &str, end: &mut End) -> Result<(), ClusterError> {
    let Some(cluster) = context.store.cluster(name)? else { return Ok(()) };
    let kept = cluster.held.as_ref().map(|held| &held.key);
    for launch in context.store.launches_of(&cluster.uid)? {
        let open = matches!(launch.stage, Stage::Asked | Stage::Made | Stage::Releasing);
        if !open || Some(&launch.key) == kept {
            continue;
        }
        if context.runtime.block_on(give_back(context, &launch)).is_err() {
            let place = launch.zone.clone().unwrap_or_else(|| launch.region.clone());
            end.left.push((launch.key, format!("{} {place}", launch.cloud)));
        }
    }
    if kept.is_none() && end.left.is_empty() {
        context.store.drop_cluster(name)?;
    }
    Ok(())
}
