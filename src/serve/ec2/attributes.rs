//! Attributes of instances one by one: what becomes of one that shuts itself down.

use serde_json::json;

use super::fault::Fault;
use super::instances::one;
use super::run::extra_of;
use super::{Call, Done, show};

const SHUTDOWN: &str = "instanceInitiatedShutdownBehavior";

/// `ModifyInstanceAttribute`, of this one attribute.
pub(super) fn modify(call: &Call<'_>) -> Done {
    let instance = one(call)?;
    // As it is written today, and as it was in the first versions of the interface.
    let old = call.form.get("Value").filter(|_| call.form.get("Attribute") == Some(SHUTDOWN));
    let wanted = call.form.get("InstanceInitiatedShutdownBehavior.Value").or(old);
    let behavior = match wanted {
        Some(word @ ("stop" | "terminate")) => word.to_owned(),
        Some(other) => {
            let words = format!("Value ({other}) for parameter instanceInitiatedShutdownBehavior is invalid.");
            return Err(Fault::invalid(words));
        }
        None => return Err(Fault::missing("attribute")),
    };
    call.dry_run()?;
    // It was there a moment ago.
    let _ = call.ec2.site.annotate(instance.id, |extra| extra["shutdown"] = json!(behavior));
    Ok(call.done())
}

/// `DescribeInstanceAttribute`, of this one attribute.
pub(super) fn describe(call: &Call<'_>) -> Done {
    let instance = one(call)?;
    let asked = call.form.need("Attribute")?;
    if asked != SHUTDOWN {
        return Err(Fault::invalid(format!("Value ({asked}) for parameter attribute is invalid. Unknown attribute.")));
    }
    let behavior = extra_of(&instance).shutdown;
    Ok(call.answer(|xml| {
        xml.leaf("instanceId", show::instance_id(&instance));
        xml.within(SHUTDOWN, |xml| xml.leaf("value", behavior));
    }))
}
