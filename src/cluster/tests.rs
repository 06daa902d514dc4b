use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, Barrier};
use std::time::Duration;

use tokio::runtime::Runtime;

use super::launch::{End, Told};
use super::refresh::{self, Standing};
use super::store::{Stage, Written, uid};
use super::*;
use crate::catalog::Catalog;
use crate::cloud::fake::{Fake, Faults, Met};
use crate::cloud::live::{Interrupt, key_of};
use crate::cloud::{Clock, CloudProvider, Clouds, MachineSpec, Order};
use crate::engine::policy::PolicyName;
use crate::model::{CallId, CapacityType, Money, Outcome, Span};
use crate::optimizer::{Options, plan};
use crate::request::{Flags, Request, from_flags, resolve};

/// One installation, and a cloud in memory that others may share.
struct Bench {
    context: Arc<Context>,
    fake: Arc<Fake>,
    runtime: Arc<Runtime>,
    _dir: Option<tempfile::TempDir>,
}

fn bench(fake: Fake) -> Bench {
    let dir = tempfile::tempdir().expect("a directory");
    std::fs::write(dir.path().join("key"), "private").expect("writes");
    std::fs::write(dir.path().join("key.pub"), "ssh-ed25519 AAAA sky\n").expect("writes");
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let (fake, runtime) = (Arc::new(fake), Arc::new(runtime.expect("a runtime")));
    let context = context(dir.path(), &fake, &runtime);
    Bench { context, fake, runtime, _dir: Some(dir) }
}

fn context(home: &Path, fake: &Arc<Fake>, runtime: &Runtime) -> Arc<Context> {
    let mut clouds = Clouds::default();
    clouds.add(Arc::clone(fake) as Arc<dyn CloudProvider>);
    Arc::new(Context {
        catalog: Catalog::embedded(),
        store: Store::open(home).expect("opens"),
        clouds,
        book: Arc::default(),
        clock: Clock::starting_now(2000.0),
        runtime: runtime.handle().clone(),
        interrupt: Interrupt::default(),
        config: Config { ssh: Ssh { key: Some(home.join("key")), ..Ssh::default() }, ..Config::default() },
        home: home.to_owned(),
    })
}

impl Bench {
    /// As another process would have it.
    fn another(&self) -> Bench {
        let home = self.context.home.clone();
        let context = context(&home, &self.fake, &self.runtime);
        Bench { context, fake: Arc::clone(&self.fake), runtime: Arc::clone(&self.runtime), _dir: None }
    }

    fn launch(&self, name: &str, request: &Request) -> Result<End, ClusterError> {
        launch_in(&self.context, name, request, true)
    }

    fn run<T>(&self, work: impl Future<Output = T>) -> T {
        self.runtime.block_on(work)
    }

    fn refreshed(&self) -> Vec<refresh::Refreshed> {
        let clusters = self.context.store.clusters().expect("reads");
        self.run(refresh::all(&self.context, clusters)).expect("refreshes")
    }

    /// Machines that run, and machines that rows own, by id.
    fn books(&self) -> (BTreeSet<String>, BTreeSet<String>) {
        let held = self.fake.held().into_iter().map(|node| node.id).collect();
        let clusters = self.context.store.clusters().expect("reads");
        let keys = clusters.iter().filter_map(|cluster| cluster.held.as_ref()).map(|held| held.key.clone());
        let owned = keys.flat_map(|key| self.context.store.nodes(&key).expect("reads")).map(|node| node.id).collect();
        (held, owned)
    }
}

fn launch_in(context: &Context, name: &str, request: &Request, remember: bool) -> Result<End, ClusterError> {
    let plan = plan(context.catalog, &request.requirements, request.nodes, &Options::default());
    let candidates = plan.candidates().into();
    let wish = Wish { name, request, candidates, policy: PolicyName::default(), remember };
    launch(context, &wish, &mut |told| {
        if let Told::Note(text) = told {
            assert!(!text.is_empty());
        }
    })
}

fn request(gpus: &str, nodes: u16) -> Request {
    let flags = Flags {
        gpus: Some(gpus.to_owned()),
        num_nodes: Some(nodes),
        cloud: Some("aws".to_owned()),
        ..Flags::default()
    };
    let catalog = Catalog::embedded();
    let clouds: Vec<_> = catalog.clouds().collect();
    let mut request = resolve(&from_flags(&flags).expect("right"), catalog, &clouds).expect("sold");
    request.limits.attempt_timeout = Span::from_secs(100);
    request
}

fn stockout_everywhere(fake: &Fake) {
    let catalog = Catalog::embedded();
    for zone in catalog.zones() {
        fake.refuse(catalog.zone_name(zone), "InsufficientInstanceCapacity", "nothing left");
    }
}

#[test]
fn a_cluster_is_launched_once_and_then_reused() {
    let bench = bench(Fake::new("aws"));
    let first = bench.launch("c", &request("V100", 2)).expect("launches");
    assert_eq!((first.outcome, first.reused, first.nodes.len()), (Some(Outcome::Placed), false, 2));
    let (held, owned) = bench.books();
    assert_eq!((held.len(), &held), (2, &owned));
    let cluster = bench.context.store.cluster("c").expect("reads").expect("there");
    assert_eq!(cluster.status, Status::Up);
    assert_eq!(cluster.held.as_ref().map(|held| held.accelerators.as_deref()), Some(Some("V100:1")));
    let again = bench.launch("c", &request("V100", 1)).expect("reuses");
    assert!(again.reused && again.cluster.is_some());
    assert_eq!(bench.fake.launches(), 1, "nothing more was asked for");
}

#[test]
fn a_cluster_that_does_not_fit_is_left_alone() {
    let bench = bench(Fake::new("aws"));
    bench.launch("c", &request("V100", 1)).expect("launches");
    for wrong in [request("T4", 1), request("V100", 2), request("V100:8", 1)] {
        let error = bench.launch("c", &wrong).expect_err("does not fit");
        assert_eq!(error.class, Class::Usage);
        assert!(error.message.contains("p3.2xlarge") && error.message.contains("asked for"), "{error}");
    }
    assert_eq!(bench.books().0.len(), 1);
    assert!(bench.launch("no good", &request("V100", 1)).expect_err("a bad name").message.contains("no good"));
}

#[test]
fn a_launch_that_finds_nothing_leaves_nothing() {
    let bench = bench(Fake::new("aws"));
    stockout_everywhere(&bench.fake);
    let end = bench.launch("c", &request("V100", 1)).expect("ends");
    assert_eq!((end.outcome, end.cluster, end.left), (Some(Outcome::NoCapacity), None, Vec::new()));
    assert_eq!(bench.context.store.clusters(), Ok(Vec::new()));
    assert_eq!(bench.context.store.open_launches().expect("reads"), []);
}

#[test]
fn what_one_launch_was_refused_the_next_does_not_ask_for() {
    let bench = bench(Fake::new("aws"));
    let catalog = Catalog::embedded();
    let wanted = request("V100", 1);
    let plan = plan(catalog, &wanted.requirements, 1, &Options::default());
    let first = plan.best().expect("sold");
    for zone in first.zones.as_slice() {
        bench.fake.refuse(catalog.zone_name(*zone), "InsufficientInstanceCapacity", "nothing left");
    }
    bench.launch("a", &wanted).expect("launches");
    let asked = bench.fake.launches();
    assert!(asked > 1, "it was refused first");
    let second = bench.another().launch("b", &wanted).expect("launches");
    assert_eq!(bench.fake.launches(), asked + 1, "the second goes where there is capacity");
    assert!(second.believed > 0);
    let before = bench.fake.launches();
    launch_in(&bench.context, "fresh", &wanted, false).expect("launches");
    assert!(bench.fake.launches() > before + 1, "who does not believe it asks again");
    // Where everything was refused a moment ago, the next launch puts it to the test rather than giving up unasked.
    stockout_everywhere(&bench.fake);
    bench.launch("none", &wanted).expect("ends");
    let before = bench.fake.launches();
    let end = bench.launch("none", &wanted).expect("ends");
    assert!(bench.fake.launches() > before && end.outcome == Some(Outcome::NoCapacity));
}

#[test]
fn stopped_clusters_start_where_they_are_or_not_at_all() {
    let bench = bench(Fake::new("aws"));
    bench.launch("c", &request("V100", 2)).expect("launches");
    let place = |bench: &Bench| bench.context.store.cluster("c").expect("reads").expect("there");
    assert_eq!(bench.run(life::stop(&bench.context, "c")), Ok(life::Done::Changed));
    assert_eq!(bench.run(life::stop(&bench.context, "c")), Ok(life::Done::Already));
    let stopped = place(&bench);
    assert_eq!(stopped.status, Status::Stopped);
    assert!(bench.context.store.usage(bench.context.now()).expect("reads").iter().all(|usage| !usage.running));
    stockout_everywhere(&bench.fake);
    let launches = bench.fake.launches();
    let error = bench.run(life::start(&bench.context, "c")).expect_err("no capacity");
    assert_eq!(error.class, Class::NoCapacity, "{error}");
    let error = bench.launch("c", &request("V100", 2)).expect_err("a launch of its name starts it, there");
    assert_eq!(error.class, Class::NoCapacity, "{error}");
    assert_eq!((place(&bench), bench.fake.launches()), (stopped, launches), "not moved, not deleted");
}

#[test]
fn a_started_cluster_has_its_new_addresses() {
    let bench = bench(Fake::new("aws"));
    bench.launch("c", &request("V100", 2)).expect("launches");
    bench.run(life::stop(&bench.context, "c")).expect("stops");
    let end = bench.launch("c", &request("V100", 2)).expect("starts");
    assert!(end.reused);
    let addresses: Vec<_> = end.nodes.iter().filter_map(|node| node.public_ip.as_deref()).collect();
    assert_eq!(addresses, ["203.0.113.0", "203.0.113.1"]);
    assert_eq!(bench.fake.launches(), 1);
    let machines = machines(&bench.context, end.cluster.as_ref().expect("up")).expect("up");
    assert_eq!((machines.nodes.len(), machines.gpus_per_node), (2, 1));
    assert_eq!((machines.nodes[0].user.as_str(), machines.nodes[0].port), ("ubuntu", 22));
}

#[test]
fn down_gives_everything_back_and_forgets() {
    let bench = bench(Fake::new("aws"));
    bench.launch("c", &request("V100", 2)).expect("launches");
    assert_eq!(bench.run(life::down(&bench.context, "c")), Ok(life::Done::Changed));
    assert_eq!(bench.books(), (BTreeSet::new(), BTreeSet::new()));
    let error = bench.run(life::down(&bench.context, "c")).expect_err("gone");
    assert!(error.message.contains("no cluster 'c'"), "{error}");
    assert_eq!(bench.context.store.usage(bench.context.now()).expect("reads").len(), 1, "what it cost is kept");
}

#[test]
fn of_two_launches_of_one_name_one_wins() {
    let faults = Faults { latency: Duration::from_millis(200), ..Faults::default() };
    let bench = bench(Fake::new("aws").with_faults(faults, 1));
    let barrier = Arc::new(Barrier::new(2));
    let threads: Vec<_> = (0..2)
        .map(|_| {
            let (bench, barrier) = (bench.another(), Arc::clone(&barrier));
            std::thread::spawn(move || {
                barrier.wait();
                let mut wanted = request("V100", 2);
                wanted.limits.attempt_timeout = Span::HOUR * 100;
                bench.launch("c", &wanted)
            })
        })
        .collect();
    let ends: Vec<_> = threads.into_iter().map(|thread| thread.join().expect("ends")).collect();
    let won = ends.iter().filter(|end| end.is_ok()).count();
    assert_eq!(won, 1, "{ends:?}");
    let lost = ends.into_iter().find_map(Result::err).expect("one lost");
    assert!(lost.message.contains("sky launch") && lost.message.contains(&std::process::id().to_string()), "{lost}");
    assert_eq!(bench.books().0.len(), 2);
    assert_eq!(bench.books().0, bench.books().1);
}

#[test]
fn fifty_launches_at_once_all_come_up() {
    let faults = Faults { latency: Duration::from_millis(20), stockout: 0.3, throttle: 0.05, ..Faults::default() };
    let bench = bench(Fake::new("aws").with_faults(faults, 7));
    let threads: Vec<_> = (0..50)
        .map(|number| {
            let bench = bench.another();
            std::thread::spawn(move || launch_in(&bench.context, &format!("c{number}"), &request("V100", 1), false))
        })
        .collect();
    let ends: Vec<_> = threads.into_iter().map(|thread| thread.join().expect("ends").expect("launches")).collect();
    let placed = ends.iter().filter(|end| end.cluster.is_some()).count();
    let (held, owned) = bench.books();
    assert_eq!((held.len(), &held), (placed, &owned));
    assert!(placed >= 45, "{placed} of 50");
    assert!(bench.fake.met().get("stockout").is_some_and(|count| *count > 5), "{:?}", bench.fake.met());
}

/// What a launch that was cut off has written down, in the middle of its first call.
fn cut_off(bench: &Bench, stage: Stage, calls: u64) -> Vec<Order> {
    let uid = uid();
    let cluster = Cluster {
        name: "c".to_owned(),
        uid: uid.clone(),
        cloud_name: names::at_clouds("c", &uid),
        status: Status::Init,
        wanted: "V100:1".to_owned(),
        nodes: 2,
        made_at: bench.context.now(),
        held: None,
        autostop: None,
    };
    bench.context.store.put_cluster(&cluster).expect("writes");
    let order = |call| Order {
        key: key_of(&uid, CallId(call)),
        owner: bench.context.store.owner().expect("reads"),
        cluster: cluster.cloud_name.clone(),
        region: "us-east-2".to_owned(),
        zones: vec!["us-east-2a".to_owned()],
        instance_type: "p3.2xlarge".to_owned(),
        accelerator: None,
        capacity: CapacityType::OnDemand,
        nodes: 2,
        machine: MachineSpec::default(),
    };
    let orders: Vec<Order> = (0..calls).map(order).collect();
    for order in &orders {
        let written = Written {
            key: order.key.clone(),
            cluster: "c".to_owned(),
            uid: uid.clone(),
            cloud: "aws".to_owned(),
            region: order.region.clone(),
            zone: None,
            instance_type: order.instance_type.clone(),
            accelerators: Some("V100:1".to_owned()),
            capacity: CapacityType::OnDemand,
            nodes: 2,
            price_hourly: Money(3_000_000),
            stage,
            asked_at: bench.context.now(),
        };
        bench.context.store.intend(&written).expect("writes");
    }
    orders
}

#[test]
fn a_launch_that_was_cut_off_before_it_made_anything_is_forgotten() {
    let bench = bench(Fake::new("aws"));
    cut_off(&bench, Stage::Asked, 1);
    let seen = bench.refreshed();
    assert!(matches!(seen[0].standing, Ok(Standing::Gone)), "{seen:?}");
    assert_eq!(bench.context.store.open_launches().expect("reads"), []);
}

#[test]
fn a_launch_that_was_cut_off_after_it_made_everything_is_completed() {
    for stage in [Stage::Asked, Stage::Made] {
        let bench = bench(Fake::new("aws"));
        let orders = cut_off(&bench, stage, 1);
        bench.run(bench.fake.launch(&orders[0])).expect("makes");
        let seen = bench.refreshed();
        assert!(matches!(&seen[0].standing, Ok(Standing::Is(cluster)) if cluster.status == Status::Up), "{seen:?}");
        let (held, owned) = bench.books();
        assert_eq!((held.len(), &held), (2, &owned));
        bench.run(life::down(&bench.context, "c")).expect("ends");
        assert!(bench.fake.held().is_empty());
    }
}

#[test]
fn what_was_not_to_be_kept_is_given_back() {
    // Part of a gang; two launches of which only one would have been kept; one that was being released.
    let partial = Faults { partial: 1.0, ..Faults::default() };
    for (faults, stage, calls) in
        [(partial, Stage::Asked, 1), (Faults::default(), Stage::Made, 2), (Faults::default(), Stage::Releasing, 1)]
    {
        let bench = bench(Fake::new("aws").with_faults(faults, 1));
        for order in cut_off(&bench, stage, calls) {
            bench.run(bench.fake.launch(&order)).expect("makes");
        }
        assert!(!bench.fake.held().is_empty());
        bench.refreshed();
        assert_eq!(bench.fake.held(), [], "{stage:?}");
        assert_eq!(bench.context.store.clusters(), Ok(Vec::new()));
    }
}

#[test]
fn a_launch_of_the_same_name_clears_up_after_the_one_that_was_cut_off() {
    let bench = bench(Fake::new("aws").with_faults(Faults { partial: 1.0, ..Faults::default() }, 1));
    for order in cut_off(&bench, Stage::Asked, 1) {
        bench.run(bench.fake.launch(&order)).expect("makes");
    }
    bench.fake.calm();
    let end = bench.launch("c", &request("V100", 2)).expect("launches");
    assert!(end.cluster.is_some() && !end.reused);
    let (held, owned) = bench.books();
    assert_eq!((held.len(), &held), (2, &owned));
}

#[test]
fn what_was_terminated_outside_is_noticed() {
    let bench = bench(Fake::new("aws"));
    bench.launch("c", &request("V100", 2)).expect("launches");
    let nodes = bench.fake.held();
    bench.fake.preempt(&nodes[0].id);
    let seen = bench.refreshed();
    assert!(matches!(&seen[0].standing, Ok(Standing::Is(cluster)) if cluster.status == Status::Init), "{seen:?}");
    bench.fake.preempt(&nodes[1].id);
    let seen = bench.refreshed();
    assert!(matches!(seen[0].standing, Ok(Standing::Gone)), "{seen:?}");
    assert_eq!(bench.context.store.clusters(), Ok(Vec::new()));
    assert!(bench.context.store.usage(bench.context.now()).expect("reads").iter().all(|usage| !usage.running));
}

#[test]
fn gc_finds_what_no_row_owns_and_nothing_else() {
    let bench = bench(Fake::new("aws"));
    bench.launch("kept", &request("V100", 1)).expect("launches");
    let orders = cut_off(&bench, Stage::Made, 1);
    bench.run(bench.fake.launch(&orders[0])).expect("makes");
    bench.context.store.drop_cluster("c").expect("writes");
    let stranger = Order { owner: "somebody-else".to_owned(), key: key_of("ff", CallId(1)), ..orders[0].clone() };
    bench.run(bench.fake.launch(&stranger)).expect("makes");
    let search = bench.run(gc::search(&bench.context)).expect("searches");
    let keys: Vec<_> = search.orphans.iter().map(|orphan| orphan.key.clone()).collect();
    assert_eq!(keys, [orders[0].key.clone()]);
    assert!(search.searched[0].1 > 10, "all regions");
    bench.run(gc::collect(&bench.context, &search.orphans[0])).expect("collects");
    let left: BTreeSet<_> = bench.fake.held().into_iter().map(|node| node.key).collect();
    assert!(!left.contains(&orders[0].key) && left.contains(&stranger.key) && left.len() == 2);
    assert!(bench.run(gc::search(&bench.context)).expect("searches").orphans.is_empty());
}

#[test]
fn gc_finds_machines_that_lost_the_tag_of_their_launch() {
    let bench = bench(Fake::new("aws"));
    bench.launch("kept", &request("V100", 1)).expect("launches");
    bench.fake.lose_tag(&bench.fake.held()[0].id);
    assert!(bench.run(gc::search(&bench.context)).expect("searches").orphans.is_empty(), "a cluster's is no orphan");
    let orders = cut_off(&bench, Stage::Made, 1);
    let made = bench.run(bench.fake.launch(&orders[0])).expect("makes");
    made.nodes.iter().for_each(|node| bench.fake.lose_tag(&node.id));
    let search = bench.run(gc::search(&bench.context)).expect("searches");
    assert_eq!(search.orphans.len(), 1, "{search:?}");
    assert!(search.orphans[0].is_unnamed() && search.orphans[0].name().contains(&made.nodes[0].id));
    bench.run(gc::collect(&bench.context, &search.orphans[0])).expect("collects");
    let left: Vec<_> = bench.fake.held().into_iter().map(|node| node.id).collect();
    assert!(left.len() == 1 && made.nodes.iter().all(|node| !left.contains(&node.id)), "{left:?}");
}

#[test]
fn a_down_that_was_cut_off_is_brought_to_its_end() {
    let bench = bench(Fake::new("aws"));
    bench.launch("c", &request("V100", 2)).expect("launches");
    let cluster = bench.context.store.cluster("c").expect("reads").expect("there");
    let key = cluster.held.expect("up").key;
    bench.context.store.settle(&key, Stage::Releasing, 0).expect("writes");
    // Nothing of it has reached the cloud: the cluster is up.
    let seen = bench.refreshed();
    assert!(matches!(&seen[0].standing, Ok(Standing::Is(cluster)) if cluster.status == Status::Up), "{seen:?}");
    // What is on its way out looks as if it were being stopped.
    bench.fake.held().iter().for_each(|node| bench.fake.leave(&node.id));
    let seen = bench.refreshed();
    assert!(matches!(seen[0].standing, Ok(Standing::Gone)), "{seen:?}");
    assert!(bench.fake.held().is_empty());
    // Who stops or starts it wants it again.
    bench.launch("d", &request("V100", 1)).expect("launches");
    let key = bench.context.store.cluster("d").expect("reads").and_then(|d| d.held).expect("up").key;
    bench.context.store.settle(&key, Stage::Releasing, 0).expect("writes");
    bench.run(life::stop(&bench.context, "d")).expect("stops");
    let seen = bench.refreshed();
    assert!(matches!(&seen[0].standing, Ok(Standing::Is(cluster)) if cluster.status == Status::Stopped), "{seen:?}");
}

#[test]
fn what_another_launch_is_just_making_is_no_orphan() {
    let bench = bench(Fake::new("aws"));
    let orders = cut_off(&bench, Stage::Asked, 1);
    bench.run(bench.fake.launch(&orders[0])).expect("makes");
    let claim = bench.context.claim("c", "launch").expect("free");
    assert!(bench.run(gc::search(&bench.context)).expect("searches").orphans.is_empty());
    let seen = bench.refreshed();
    assert_eq!(seen[0].holder.as_ref().map(|holder| holder.verb.as_str()), Some("launch"));
    assert_eq!(bench.fake.held().len(), 2, "and a refresh leaves it alone");
    drop(claim);
    assert_eq!(bench.run(gc::search(&bench.context)).expect("searches").orphans.len(), 1);
}

/// Whatever goes wrong in a launch and in giving back: after a refresh on a calm cloud, no machine is without a row, and
/// no row without its machines.
#[test]
fn after_any_storm_machines_and_rows_agree() {
    let mut met = Met::new();
    let mut placed = 0;
    for seed in 0..40_u64 {
        let faults = Faults {
            lost_answer: 0.25,
            hang: 0.1,
            partial: 0.3,
            stockout: 0.3,
            throttle: 0.1,
            failed_release: 0.6,
            failed_find: 0.3,
            list_lag: Duration::from_millis(4),
            latency: Duration::from_millis(1),
        };
        let bench = bench(Fake::new("aws").with_faults(faults, seed));
        let end = bench.launch("c", &request("V100", 2)).expect("ends");
        placed += usize::from(end.cluster.is_some());
        if end.cluster.is_some() && seed % 2 == 0 {
            let _ = bench.run(life::down(&bench.context, "c"));
        }
        for (fault, count) in bench.fake.met() {
            *met.entry(fault).or_default() += count;
        }
        bench.fake.calm();
        bench.refreshed();
        let (held, owned) = bench.books();
        assert_eq!(held, owned, "seed {seed}: {end:?}");
        let clusters = bench.context.store.clusters().expect("reads").len();
        assert_eq!(held.len(), 2 * clusters, "seed {seed}: a gang is whole");
        let open = bench.context.store.open_launches().expect("reads").len();
        assert_eq!(open, clusters, "seed {seed}: only what is held is open");
    }
    let faults =
        ["lost answer", "hang before", "hang after", "partial", "stockout", "throttle", "failed release", "list lag"];
    for fault in faults {
        assert!(met.get(fault).is_some_and(|count| *count > 2), "{fault} was hardly met: {met:?}");
    }
    assert!(placed > 20, "{placed}");
}

#[test]
fn an_interrupted_launch_leaves_neither_row_nor_machine() {
    let faults = Faults { latency: Duration::from_millis(100), ..Faults::default() };
    let bench = bench(Fake::new("aws").with_faults(faults, 1));
    let interrupt = bench.context.interrupt.clone();
    bench.runtime.spawn(async move {
        tokio::time::sleep(Duration::from_millis(30)).await;
        interrupt.raise();
    });
    let end = bench.launch("c", &request("V100", 2)).expect("ends");
    assert_eq!((end.outcome, end.left.len()), (Some(Outcome::Cancelled), 0));
    assert_eq!(bench.books(), (BTreeSet::new(), BTreeSet::new()));
    assert_eq!(bench.context.store.clusters(), Ok(Vec::new()));
}
