//! What a launch left behind is given back, and nothing is taken for gone that may still come.
//!
//! **Invariant:** a launch whose answer nobody heard is closed only after the cloud was asked several times over half a
//! minute, since listings lag behind what was created.

use crate::cloud::Cloud;
use crate::model::Span;

use super::context::Context;
use super::error::ClusterError;
use super::store::{Stage, Written};

/// Pauses between looks for what a launch without an answer may have made.
const LOOKS: [Span; 3] = [Span::from_secs(5), Span::from_secs(8), Span::from_secs(13)];
/// A launch without an answer that is older than this is looked for once: listings have caught up.
const OLD_S: f64 = 600.0;

/// What became of a launch that was looked into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// It had made machines, and they were given back.
    Released(usize),
    /// It had made nothing.
    Nothing,
}

/// Gives back whatever a launch made, and writes that down.
///
/// # Errors
/// When the cloud cannot be asked or does not do it; the launch stays open then.
pub(super) async fn give_back(context: &Context, launch: &Written) -> Result<Found, ClusterError> {
    let cloud = context.cloud(&launch.cloud)?;
    let was_asked = launch.stage == Stage::Asked;
    // One that was only asked for stays so until it has been looked for long enough.
    if !was_asked {
        context.store.settle(&launch.key, Stage::Releasing, context.now())?;
    }
    let mut released = look_and_release(context, cloud, launch).await?;
    if was_asked && released == 0 {
        let age = context.clock.engine(std::time::Duration::from_secs((context.now() - launch.asked_at).max(0) as u64));
        let looks = if age.as_secs_f64() > OLD_S { &[][..] } else { &LOOKS[..] };
        for pause in looks {
            context.clock.sleep(*pause).await;
            released = look_and_release(context, cloud, launch).await?;
            if released > 0 {
                break;
            }
        }
    }
    let stage = if was_asked && released == 0 { Stage::Nothing } else { Stage::Released };
    context.store.settle(&launch.key, stage, context.now())?;
    Ok(if released == 0 { Found::Nothing } else { Found::Released(released) })
}

/// Releases until nothing is found; how many machines there were.
async fn look_and_release(context: &Context, cloud: &Cloud, launch: &Written) -> Result<usize, ClusterError> {
    let what = format!("what launch {} made in {} {} cannot be given back", launch.key, launch.cloud, launch.region);
    let failed = |error| {
        let error = ClusterError::provider(&what, &launch.cloud, &context.book, &error);
        ClusterError { class: super::error::Class::NotReleased, ..error }
    };
    let known = context.store.nodes(&launch.key)?;
    let mut most = 0;
    for _ in 0..4 {
        let nodes = context.find(cloud, &launch.region, &launch.key).await.map_err(failed)?;
        if nodes.is_empty() && most > 0 {
            break;
        }
        most = most.max(nodes.len());
        // Also where nothing is found: disks and addresses of a half-made machine are not in the list.
        context.release(cloud, &launch.region, &launch.key, &known).await.map_err(failed)?;
        if nodes.is_empty() {
            break;
        }
    }
    Ok(most)
}
