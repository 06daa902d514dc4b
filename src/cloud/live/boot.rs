//! Looking for what a launch made, and waiting until it is up.

use std::time::Duration;

use super::words;
use crate::cloud::{Clock, Cloud, Node, NodeState, Order, ProviderError};
use crate::denials::Book;
use crate::model::Span;

/// How long one look for machines may take.
const FIND_LIMIT: Duration = Duration::from_secs(60);
/// How long machines that were found on their way up may take to be up.
const BOOT_LIMIT: Duration = Duration::from_secs(600);
/// Between two looks at machines that are on their way up.
const BOOT_LOOK: Duration = Duration::from_secs(5);

/// What a launch made; if that is all that was ordered and some of it is on its way up, once it is up.
pub(super) async fn find(
    cloud: &Cloud,
    book: &Book,
    clock: &Clock,
    order: &Order,
    wanted: u16,
) -> Result<Vec<Node>, ProviderError> {
    let (name, provider) = (cloud.provider.name(), &cloud.provider);
    let mut waited = Duration::ZERO;
    loop {
        let look = || provider.find(&order.region, &order.key);
        let mut nodes = cloud.pace.patiently(name, book, clock, FIND_LIMIT, look).await?;
        nodes.sort_by_key(|node| node.rank);
        let up = nodes.iter().filter(|node| words::is_up(node.state)).count();
        let booting = nodes.iter().any(|node| node.state == NodeState::Pending);
        if !booting || up < wanted as usize || waited >= BOOT_LIMIT {
            return Ok(nodes);
        }
        clock.sleep(Span::from_secs_f64(BOOT_LOOK.as_secs_f64())).await;
        waited += BOOT_LOOK;
    }
}
