//! The only seam between the engine and what it acts on, and the only loop.
//!
//! **Invariant:** no vendor, no probability. Real clouds and the simulated market both implement [`World`], so the
//! loop that launches is the loop that is simulated.

use crate::engine::{Effect, Engine};
use crate::model::{Call, CallId, Entry, Event, Timestamp};

/// What the engine acts on.
pub trait World {
    /// The time.
    fn now(&self) -> Timestamp;

    /// Makes a call. Never blocks: the answer comes as an event, exactly one a call, in the order of their time.
    fn submit(&mut self, id: CallId, call: Call);

    /// The next event. At the deadline at the latest that is [`Event::Woke`]. Without a deadline and with nothing
    /// left to happen it must return [`Event::Woke`] too.
    fn wait(&mut self, deadline: Option<Timestamp>) -> Event;

    /// False while demands or the end of leases are still to come of the world's own accord, so that an idle engine
    /// is not yet the end.
    fn is_exhausted(&self) -> bool {
        true
    }
}

/// Runs until the engine has nothing left to pursue, in flight or to release, and the world nothing left to bring.
pub fn drive<W: World + ?Sized>(engine: &mut Engine, world: &mut W, record: impl FnMut(Entry)) {
    drive_with(engine, world, record, |_| {});
}

/// The same; before the engine is told an event, `learn` may teach it what others have found out.
pub fn drive_with<W: World + ?Sized>(
    engine: &mut Engine,
    world: &mut W,
    mut record: impl FnMut(Entry),
    mut learn: impl FnMut(&mut Engine),
) {
    while !(engine.is_idle() && world.is_exhausted()) {
        let event = world.wait(engine.wake_at());
        learn(engine);
        tell(engine, world, event, &mut record);
    }
}

/// Tells the engine one event and carries out what it asks. Entries are recorded before the calls that follow them.
pub fn tell<W: World + ?Sized>(engine: &mut Engine, world: &mut W, event: Event, mut record: impl FnMut(Entry)) {
    let now = world.now();
    for effect in engine.step(now, event) {
        match effect {
            Effect::Record(entry) => record(entry),
            Effect::Call(id, call) => world.submit(id, call),
        }
    }
}
