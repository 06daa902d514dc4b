//! Rules that let traffic in, bound to machines by network tags.
//!
//! **Invariant:** a rule is named after what it opens and is the same for every cluster: making it twice is harmless,
//! nobody has to know when to take it away, and without a machine that bears its tag it opens nothing.

use std::collections::BTreeSet;
use std::sync::Mutex;

use super::super::ProviderError;
use super::api::{Api, Place, path, says};
use super::wire::{Allowed, Firewall, Named, Operation};
use super::{body, operation};

/// Rules that were seen to be there.
#[derive(Default)]
pub(super) struct Known(Mutex<BTreeSet<String>>);

/// The tag of a machine that has these ports open, which is also the rule's name: names are of the project, rules of
/// one network.
pub(super) fn tag(place: &Place, ports: (u16, u16)) -> String {
    let network = place.network.as_str();
    let prefix = if network == "default" { "sky".to_owned() } else { format!("sky-{network}") };
    let what = match ports {
        (22, 22) => "ssh".to_owned(),
        (from, to) if from == to => format!("port-{from}"),
        (from, to) => format!("ports-{from}-{to}"),
    };
    format!("{prefix}-{what}")
}

/// Sees to it that ssh and these ports can be reached on machines with their tags.
pub(super) async fn ensure(api: &Api, ports: &[(u16, u16)]) -> Result<(), ProviderError> {
    for range in std::iter::once(&(22, 22)).chain(ports) {
        let name = tag(&api.place, *range);
        if api.rules.0.lock().is_ok_and(|known| known.contains(&name)) {
            continue;
        }
        match api.get::<Named>(&path(&["global", "firewalls", &name]), &[]).await {
            Ok(_) => {}
            Err(error) if says(&error, "notFound") => insert(api, &name, *range).await?,
            Err(error) => return Err(error),
        }
        if let Ok(mut known) = api.rules.0.lock() {
            known.insert(name);
        }
    }
    Ok(())
}

async fn insert(api: &Api, name: &str, (from, to): (u16, u16)) -> Result<(), ProviderError> {
    let ports = if from == to { from.to_string() } else { format!("{from}-{to}") };
    let protocols: &[&'static str] = if from == 22 && to == 22 { &["tcp"] } else { &["tcp", "udp"] };
    let rule = Firewall {
        name: name.to_owned(),
        description: "Opened by sky for machines that bear this tag",
        network: body::network(&api.place),
        direction: "INGRESS",
        source_ranges: vec!["0.0.0.0/0"],
        target_tags: vec![name.to_owned()],
        allowed: protocols.iter().map(|protocol| Allowed { protocol, ports: vec![ports.clone()] }).collect(),
    };
    let id = uuid::Uuid::new_v4().to_string();
    let made = match api.create::<Operation>(&path(&["global", "firewalls"]), &[("requestId", &id)], &rule).await {
        Ok(started) => operation::finish(api, started).await,
        Err(error) => Err(error),
    };
    // Two launches may find it missing at the same moment.
    made.or_else(|error| if is_there(&error) { Ok(()) } else { Err(error) })
}

fn is_there(error: &ProviderError) -> bool {
    says(error, "alreadyExists") || says(error, "RESOURCE_ALREADY_EXISTS")
}
