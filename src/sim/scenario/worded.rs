//! What a pool and the interface before it are, in words.
//!
//! **Invariant:** what is as usual is not told.

use crate::model::{CapacityType, Span, Timestamp};
use crate::sim::law::Law;
use crate::sim::market::{Counted, Faults, Market, Pace, Pool, Price, Quota, Renewal, Stock, Way};

use super::stocks::PLENTY;

/// A stock in words: `up 1h00m, down 2h00m (lognormal), 2 nodes`.
pub(super) fn in_words(stock: &Stock) -> String {
    let nodes = |nodes: u32| match nodes {
        PLENTY => "plenty".to_owned(),
        1 => "1 node".to_owned(),
        nodes => format!("{nodes} nodes"),
    };
    match stock {
        Stock::Always(0) => "never".to_owned(),
        Stock::Always(there) => format!("always {}", nodes(*there)),
        Stock::Schedule(windows) if windows.len() == 1 => "1 window".to_owned(),
        Stock::Schedule(windows) => format!("{} windows", windows.len()),
        Stock::Renewal(renewal) => of_turns(renewal, &nodes(renewal.nodes)),
        Stock::Counted(counted) => of_tenants(counted),
        Stock::Trace(replay) if replay.is_looped() => format!("trace of {}, again and again", replay.length()),
        Stock::Trace(replay) => format!("trace of {}", replay.length()),
        Stock::Rhythmic(rhythmic) => format!("{}; by the hour", in_words(rhythmic.process())),
    }
}

fn of_turns(renewal: &Renewal, nodes: &str) -> String {
    let law = |law: &Law| format!("{} ({})", Span::from_secs_f64(law.mean()), law.name());
    format!("up {}, down {}, {nodes}", law(&renewal.up), law(&renewal.down))
}

fn of_tenants(counted: &Counted) -> String {
    let Counted { capacity, size, mean_gap, mean_hold, .. } = counted;
    let span = |seconds: &f64| Span::from_secs_f64(*seconds);
    format!("{capacity} machines, tenants of {size} every {} for {}", span(mean_gap), span(mean_hold))
}

/// What else is true of a candidate in a pool: limits, pace, faults, what becomes of spot leases.
pub(super) fn also(market: &Market, way: &Way, pool: &Pool, capacity: CapacityType) -> Vec<String> {
    let api = &market.apis[way.api as usize];
    let mut told: Vec<String> = way.meters.iter().map(|(at, _)| limit(&market.quotas[*at as usize])).collect();
    told.extend(api.pace.map(|at| pace(market.paces[at as usize])));
    told.extend(faults(&api.faults));
    if capacity == CapacityType::Spot {
        told.extend(life(pool));
        told.extend(pool.price.as_deref().map(|price| match price {
            Price::Reverting(reverting) => {
                format!("price wanders: volatility {}, half-life {}", reverting.volatility, reverting.half_life)
            }
            Price::Trace(_) => "price recorded".to_owned(),
        }));
    }
    told
}

fn limit(quota: &Quota) -> String {
    let whole = |milli: u64| milli as f64 / 1000.0;
    let mut told = vec![format!("{} limit {}", quota.name, whole(quota.limit))];
    if quota.usage > 0 {
        told.push(format!("{} used", whole(quota.usage)));
    }
    let (background, increase) =
        quota.change.as_ref().map_or((None, None), |change| (change.background.as_ref(), change.increase.as_ref()));
    told.extend(background.map(|stock| format!("used by others: {}", in_words(stock))));
    told.extend(increase.map(|increase| {
        let asked = increase.asked.map_or("the first refusal".to_owned(), |at| at.since(Timestamp::ZERO).to_string());
        format!("raised to {} {} after {asked}", whole(increase.to), mean(&increase.after))
    }));
    told.join(", ")
}

fn pace(pace: Pace) -> String {
    format!("{} calls a minute, {} at once", (pace.per_second * 60_000.0).round() / 1000.0, pace.burst)
}

fn faults(faults: &Faults) -> Option<String> {
    let Faults {
        throttle, lost, hang, partial, release_failed, list_lag, slow_boot, boot_failed, slow_release, ..
    } = *faults;
    let chances = [
        ("throttled", throttle),
        ("answer lost", lost),
        ("hangs", hang),
        ("partial gang", partial),
        ("release fails", release_failed),
        ("list lags", list_lag),
        ("slow boot", slow_boot),
        ("boot fails", boot_failed),
        ("slow release", slow_release),
    ];
    let chances = chances.into_iter().filter(|(_, chance)| *chance > 0.0);
    let mut told: Vec<String> =
        chances.map(|(what, chance)| format!("{what} {} %", (chance * 1e5).round() / 1e3)).collect();
    if faults.unauthorized {
        told.push("credentials refused".to_owned());
    }
    told.extend(faults.expired.map(|(from, to)| {
        let until = if to == Timestamp::NEVER { String::new() } else { format!(" for {}", to.since(from)) };
        format!("credentials expire after {}{until}", from.since(Timestamp::ZERO))
    }));
    (!told.is_empty()).then(|| told.join(", "))
}

fn life(pool: &Pool) -> Option<String> {
    let life = match (&pool.life, pool.reclaims) {
        (Some(life), _) => format!("lives {} ({})", mean(life), life.name()),
        (None, true) => "taken back with the stock".to_owned(),
        (None, false) => return None,
    };
    Some(format!("{life}, notice {}", pool.notice))
}

fn mean(law: &Law) -> Span {
    Span::from_secs_f64(law.mean())
}
