//! Shocks that pools share: while one lasts, a part of the machines of every pool that it hits is gone.
//!
//! **Invariant:** a shock is a process in time with a stream of its own, and whether its n-th coming hits a pool is
//! drawn for that pair alone; so pools are correlated, and neither asking nor a further pool shifts anybody's luck.

use std::sync::Arc;

use crate::model::{Span, Timestamp};

use super::super::law::{Law, LawError};
use super::super::luck::{Entity, Luck, Purpose, Stream};
use super::Pool;
use super::stock::Track;

/// A shock: calm and struck in turns.
#[derive(Debug, Clone, PartialEq)]
pub struct Shock {
    /// Names its streams of luck.
    pub entity: Entity,
    calm: Law,
    lasts: Law,
    /// The share of a pool's machines that is gone while it lasts.
    pub depth: f64,
    /// The chance that it hits a pool, drawn anew for each pool each time it comes.
    pub each: f64,
    /// Share of the time it lasts.
    share: f64,
}

/// Where a shock stands, and whether it hits one pool.
#[derive(Debug, Clone)]
struct Weather {
    stream: Stream,
    until: Option<Timestamp>,
    struck: bool,
    /// How often it has come.
    comings: u64,
    /// The coming that `hit` is about.
    drawn: u64,
    hit: bool,
}

/// The course of a pool: of its stock, and of the shocks upon it.
#[derive(Debug, Clone)]
pub struct Course {
    track: Track,
    weather: Vec<Weather>,
    luck: Luck,
}

impl Shock {
    /// Comes a draw of `calm` after it has ended, stays for a draw of `lasts`.
    pub fn new(entity: Entity, calm: Law, lasts: Law, depth: f64, each: f64) -> Result<Self, LawError> {
        let (calm, lasts) = (calm.checked()?, lasts.checked()?);
        let whole = calm.mean() + lasts.mean();
        if whole <= 0.0 {
            return Err(LawError("a shock must leave and come at some time"));
        }
        Ok(Self { share: lasts.mean() / whole, entity, calm, lasts, depth, each })
    }

    /// Share of the time that it lasts.
    pub fn share(&self) -> f64 {
        self.share
    }

    /// What is left of so many machines.
    fn left(there: f64, kept: f64) -> u32 {
        (there * kept + 1e-9) as u32
    }
}

impl Weather {
    fn start(shock: &Shock, luck: Luck) -> Self {
        let mut stream = luck.stream(shock.entity, Purpose::Shock, 0);
        let struck = stream.chance(shock.share);
        Self { stream, until: None, struck, comings: u64::from(struck), drawn: 0, hit: false }
    }

    fn law(shock: &Shock, struck: bool) -> &Law {
        if struck { &shock.lasts } else { &shock.calm }
    }

    /// Until when it stays as it is.
    fn until(&mut self, shock: &Shock) -> Timestamp {
        *self.until.get_or_insert_with(|| {
            let law = Self::law(shock, self.struck);
            Timestamp::ZERO + Span::from_secs_f64(law.draw_residual(&mut self.stream)).max(Span(1))
        })
    }

    /// The share of the machines that is there now.
    fn kept(&mut self, shock: &Shock, pool: Entity, luck: Luck, now: Timestamp) -> f64 {
        while self.until(shock) <= now {
            self.struck = !self.struck;
            self.comings += u64::from(self.struck);
            let stays = Self::law(shock, self.struck).span(&mut self.stream).max(Span(1));
            self.until = self.until.map(|until| until + stays);
        }
        if !self.struck {
            return 1.0;
        }
        if self.drawn != self.comings {
            self.drawn = self.comings;
            self.hit = shock.each >= 1.0
                || luck.stream(shock.entity.with(pool), Purpose::Shock, self.comings).chance(shock.each);
        }
        if self.hit { 1.0 - shock.depth } else { 1.0 }
    }
}

impl Course {
    /// The start of the course of a pool, in its steady state.
    pub fn start(pool: &Pool, luck: Luck) -> Self {
        let weather = pool.shocks.iter().map(|shock| Weather::start(shock, luck)).collect();
        Self { track: Track::start(&pool.stock, luck, pool.entity), weather, luck }
    }

    /// Machines there at `now`, our own leases not subtracted. Time must not run backwards from call to call.
    pub fn at(&mut self, pool: &Pool, now: Timestamp) -> u32 {
        let there = self.track.at(&pool.stock, now);
        if self.weather.is_empty() {
            return there;
        }
        let all = pool.shocks.iter().zip(&mut self.weather);
        let kept: f64 = all.map(|(shock, weather)| weather.kept(shock, pool.entity, self.luck, now)).product();
        Shock::left(f64::from(there), kept)
    }

    /// The first moment after `now` at which there may be another number of machines; `None` if there never will be.
    /// To be asked after [`Course::at`] for the same moment.
    pub fn next_change(&mut self, pool: &Pool, now: Timestamp) -> Option<Timestamp> {
        let stock = self.track.next_change(&pool.stock, now);
        let shocks = pool.shocks.iter().zip(&mut self.weather).map(|(shock, weather)| weather.until(shock));
        shocks.chain(stock).min()
    }
}

impl Pool {
    /// Long-run share of the time that at least `nodes` machines are there, our own leases aside; `None` where the
    /// stock has no long run, or too many shocks fall upon it to be told in closed form.
    pub fn availability(&self, nodes: u32) -> Option<f64> {
        const MOST: usize = 12;
        if self.shocks.len() > MOST {
            return None;
        }
        // Shocks are independent of each other and of the stock: the sum over all sets of those that hit now.
        let mut sum = 0.0;
        for set in 0..1u32 << self.shocks.len() {
            let (mut chance, mut kept) = (1.0, 1.0);
            for (index, shock) in self.shocks.iter().enumerate() {
                let hits = shock.share * shock.each;
                let struck = set & 1 << index != 0;
                chance *= if struck { hits } else { 1.0 - hits };
                kept *= if struck { 1.0 - shock.depth } else { 1.0 };
            }
            sum += if chance > 0.0 { chance * self.stock.availability(least_before(nodes, kept)?)? } else { 0.0 };
        }
        Some(sum)
    }

    /// Correlation of "at least one machine is there" between two pools; `None` where there is no closed form. Stocks
    /// are independent, so all of it comes from shocks that both share.
    pub fn correlation(&self, other: &Self) -> Option<f64> {
        let share = |pool: &Self| pool.availability(1);
        let (a, b) = (share(self)?, share(other)?);
        let spread = libm::sqrt(a * (1.0 - a) * b * (1.0 - b));
        if spread <= 0.0 {
            return None;
        }
        let both = self.shocks.iter().filter(|shock| other.shocks.iter().any(|theirs| theirs.entity == shock.entity));
        let shared: Vec<&Arc<Shock>> = both.collect();
        if shared.is_empty() {
            return Some(0.0);
        }
        if shared.len() > 12 {
            return None;
        }
        // Given which of the shared shocks are there, the two are independent.
        let mut joint = 0.0;
        for set in 0..1u32 << shared.len() {
            let there = |entity: Entity| {
                let index = shared.iter().position(|shock| shock.entity == entity)?;
                Some(set & 1 << index != 0)
            };
            let chance: f64 = shared
                .iter()
                .map(|shock| if there(shock.entity) == Some(true) { shock.share } else { 1.0 - shock.share })
                .product();
            joint += chance * self.given(&there)? * other.given(&there)?;
        }
        Some((joint - a * b) / spread)
    }

    /// Chance of a machine, given which shocks are there (`None`: not known).
    fn given(&self, there: &dyn Fn(Entity) -> Option<bool>) -> Option<f64> {
        let fixed = |shock: &Arc<Shock>| {
            let share = match there(shock.entity) {
                Some(true) => 1.0,
                Some(false) => 0.0,
                None => shock.share,
            };
            Arc::new(Shock { share, ..(**shock).clone() })
        };
        let pool = Self { shocks: self.shocks.iter().map(fixed).collect(), ..self.clone() };
        pool.availability(1)
    }
}

/// The least number of machines of which `nodes` are left; `None` for a number that none has.
fn least_before(nodes: u32, kept: f64) -> Option<u32> {
    if nodes == 0 {
        return Some(0);
    }
    if kept <= 0.0 {
        return Some(u32::MAX);
    }
    let guess = (f64::from(nodes) / kept) as u32;
    (guess.saturating_sub(1)..=guess.saturating_add(2)).find(|before| Shock::left(f64::from(*before), kept) >= nodes)
}
