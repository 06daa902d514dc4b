//! The event kernel under the hold model, with the work that a simulation does at each event, beside its best Rust peer
//! (`simcore` of the project `DSLab`) in one run: take the next event, draw from its stream, book it, hash it, put a later one in.
//!
//! `cargo bench --bench kernel`. Time is that of the processor, not of the clock, where the system tells it (Linux), and
//! the two take turns, so that what else runs weighs on both alike. A run of each is thrown away first.

use std::cell::RefCell;
use std::rc::Rc;

use simcore::{Event, EventHandler, Simulation, SimulationContext};
use sky::model::Timestamp;
use sky::sim::agenda::Agenda;
use sky::sim::{Entity, Luck, Purpose, Stream};

/// Turns of each; the median is told.
const TURNS: usize = 5;

/// What an event carries, in both.
#[derive(Clone, Copy, serde::Serialize)]
struct Tick {
    entity: u32,
    call: u64,
}

/// What is done at each event, in both.
struct Work {
    streams: Vec<Stream>,
    ledger: Vec<i64>,
    journal: u64,
}

impl Work {
    fn new(pending: usize) -> Self {
        let luck = Luck::new(1, 0);
        let stream = |n: usize| luck.stream(Entity(n as u64), Purpose::Stock, 0);
        Self { streams: (0..pending).map(stream).collect(), ledger: vec![0; pending], journal: 0 }
    }

    /// Microseconds until the entity's next event.
    fn step(&mut self, now: u64, entity: u32) -> u64 {
        let gap = (-libm::log(self.streams[entity as usize].unit()) * 1e6) as u64 + 1;
        self.ledger[entity as usize] += gap as i64;
        let entry = self.journal ^ now ^ u64::from(entity) << 40;
        self.journal = entry.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(23);
        gap
    }
}

/// Seconds that this thread has had a processor; where the system does not tell, seconds of the clock.
#[expect(clippy::disallowed_methods, reason = "a benchmark reads the time")]
fn processor() -> f64 {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanos = told.and_then(|text| text.split(' ').next().and_then(|word| word.parse::<f64>().ok()));
    nanos.map_or_else(
        || std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default().as_secs_f64(),
        |nanos| nanos * 1e-9,
    )
}

/// Events a second of ours.
fn ours(pending: usize, events: u64) -> f64 {
    let mut work = Work::new(pending);
    let mut agenda = Agenda::default();
    for entity in 0..pending as u32 {
        agenda.push(Timestamp(work.step(0, entity)), Tick { entity, call: 0 });
    }
    let begin = processor();
    for _ in 0..events {
        let Some((at, tick)) = agenda.pop_until(None) else { break };
        let gap = work.step(at.0, tick.entity);
        agenda.push(Timestamp(at.0 + gap), Tick { call: tick.call + 1, ..tick });
    }
    let rate = events as f64 / (processor() - begin);
    assert!(work.journal != 0 && work.ledger.iter().sum::<i64>() > 0, "the work was done");
    rate
}

struct Peer {
    context: SimulationContext,
    work: Work,
}

impl Peer {
    fn again(&mut self, now: f64, tick: Tick) {
        let gap = self.work.step((now * 1e6).round() as u64, tick.entity);
        self.context.emit_self(tick, gap as f64 * 1e-6);
    }
}

impl EventHandler for Peer {
    fn on(&mut self, event: Event) {
        if let Ok(tick) = event.data.downcast::<Tick>() {
            self.again(event.time, Tick { call: tick.call + 1, ..*tick });
        }
    }
}

/// Events a second of the peer.
fn theirs(pending: usize, events: u64) -> f64 {
    let mut simulation = Simulation::new(1);
    let context = simulation.create_context("peer");
    let peer = Rc::new(RefCell::new(Peer { context, work: Work::new(pending) }));
    simulation.add_handler("peer", peer.clone());
    (0..pending as u32).for_each(|entity| peer.borrow_mut().again(0.0, Tick { entity, call: 0 }));
    let begin = processor();
    simulation.steps(events);
    let rate = events as f64 / (processor() - begin);
    assert!(peer.borrow().work.journal != 0, "the work was done");
    rate
}

fn median(mut rates: Vec<f64>) -> f64 {
    rates.sort_by(f64::total_cmp);
    rates[rates.len() / 2]
}

#[expect(clippy::disallowed_methods, reason = "how a benchmark is started")]
fn main() {
    // `cargo test --benches` asks only whether it runs.
    let is_test = !std::env::args().any(|word| word == "--bench");
    println!("| pending | ours, M events/s | simcore, M events/s | ratio |\n| ---: | ---: | ---: | ---: |");
    for pending in [10, 1_000, 100_000] {
        let events = match pending {
            _ if is_test => 1_000,
            100_000 => 1_000_000,
            _ => 2_000_000,
        };
        // Thrown away: memory and caches are warm afterwards.
        ours(pending, events / 4);
        theirs(pending, events / 4);
        let (mut own, mut peer) = (Vec::new(), Vec::new());
        for _ in 0..if is_test { 1 } else { TURNS } {
            own.push(ours(pending, events));
            peer.push(theirs(pending, events));
        }
        let (own, peer) = (median(own) / 1e6, median(peer) / 1e6);
        println!("| {pending} | {own:.2} | {peer:.2} | {:.2} |", own / peer);
    }
}
