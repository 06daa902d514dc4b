//! How shared shocks are written: `{on: aws/us-east-1, every: 12h, lasts: 1h, depth: 1, each: 0.8}`.

use crate::catalog::Catalog;
use crate::sim::law::Law;
use crate::yaml::{Node, Reader};

use super::selector::Selector;
use super::{codes, laws};

/// A shock as written.
#[derive(Debug, Clone, PartialEq)]
pub struct ShockSpec {
    /// The pools that it may hit.
    pub on: Selector,
    /// Which of those share one; all of them if `None`.
    pub per: Option<Per>,
    /// From the end of one to the start of the next.
    pub calm: Law,
    /// How long one lasts.
    pub lasts: Law,
    /// Share of a pool's machines that is gone.
    pub depth: f64,
    /// Chance that a pool is hit.
    pub each: f64,
    /// Names it: the selector's text, with a number if there are several of the same.
    pub name: String,
}

super::settings::words! {
    /// What shares a shock.
    Per {
        /// Everything of a cloud.
        Cloud = "cloud",
        /// Everything in a region.
        Region = "region",
        /// Everything in a zone.
        Zone = "zone",
        /// The same accelerator, wherever it is.
        Accelerator = "accelerator",
    }
}

/// Keys of a shock.
pub(super) const KEYS: &[&str] = &["on", "per", "every", "lasts", "depth", "each"];

/// Reads a list of shocks; `on` is what they fall upon if they do not say so themselves. Adds to `shocks`.
pub(super) fn read(
    reader: &Reader,
    catalog: &Catalog,
    node: &Node,
    on: Option<&Selector>,
    shocks: &mut Vec<ShockSpec>,
) {
    for item in reader.list(node, "shocks").unwrap_or_default() {
        if let Some(mut shock) = one(reader, catalog, item, on) {
            let same = shocks.iter().filter(|known| known.on.text == shock.on.text).count();
            if same > 0 {
                shock.name = format!("{}#{}", shock.name, same + 1);
            }
            shocks.push(shock);
        }
    }
}

fn one(reader: &Reader, catalog: &Catalog, node: &Node, on: Option<&Selector>) -> Option<ShockSpec> {
    let fields = reader.fields(node, "a shock")?;
    fields.only(KEYS);
    let on = match (on, fields.get("on")) {
        (Some(on), None) => Some(on.clone()),
        (Some(_), Some(own)) => {
            reader.error(own.spot, "a shock within a selector's settings falls upon what that selector names");
            None
        }
        (None, _) => fields
            .require("on", node.spot)
            .and_then(|node| Selector::read(reader, catalog, reader.string(node, "on")?, node.spot)),
    };
    let per = fields.one_of("per", &Per::words());
    let per = per.and_then(|word| Per::ALL.iter().find(|(known, _)| *known == word)).map(|(_, per)| *per);
    // A duration is the mean of random gaps: a shock that came by the clock would be no shock.
    let calm = fields.require("every", node.spot).and_then(|node| {
        let law = laws::read(reader, node, "every")?;
        Some(if let Law::Constant(mean) = law { Law::Exponential { mean } } else { law })
    });
    let lasts = fields.require("lasts", node.spot).and_then(|node| laws::read(reader, node, "lasts"));
    let depth = fields.get("depth").map_or(Some(1.0), |node| reader.number(node, "depth", 0.0..=1.0));
    let each = fields.get("each").map_or(Some(1.0), |node| reader.number(node, "each", 0.0..=1.0));
    for (law, key) in [(&calm, "every"), (&lasts, "lasts")] {
        if law.as_ref().is_some_and(|law| law.mean() <= 0.0) {
            let spot = fields.get(key).map_or(node.spot, |node| node.spot);
            reader.error_code(codes::NO_LAW, spot, format!("{key} of a shock must be longer than nothing"), None);
        }
    }
    let (on, calm, lasts) = (on?, calm?, lasts?);
    Some(ShockSpec { name: on.text.clone(), on, per, calm, lasts, depth: depth?, each: each? })
}
