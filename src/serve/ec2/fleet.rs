//! `CreateFleet` of the kind that answers at once: several types and zones in one call.
//!
//! **Invariant:** overrides are tried in the order they are given until there is enough; what could not be had is told
//! beside what was.

use std::sync::Arc;

use super::fault::Fault;
use super::form::Form;
use super::{Call, Done, run, show, templates};
use crate::model::CapacityType;
use crate::serve::{Instance, Outcome, Wire};

/// One way to get instances.
struct Way {
    template: String,
    /// The parameters of a launch: the template's, with what is overridden.
    form: Form,
}

/// What one way came to.
struct Told {
    way: usize,
    instances: Vec<Arc<Instance>>,
    faults: Vec<Fault>,
}

/// `CreateFleet`
pub(super) async fn create(call: &Call<'_>) -> Done {
    if call.form.get("Type") != Some("instant") {
        let words = "Only fleets of type instant are served here.";
        return Err(Fault::new(400, "UnsupportedOperation", words));
    }
    let prefix = "TargetCapacitySpecification";
    let mut left: u16 = call
        .form
        .number(&format!("{prefix}.TotalTargetCapacity"))?
        .ok_or_else(|| Fault::missing("TargetCapacitySpecification.TotalTargetCapacity"))?;
    let spot = call.form.get(&format!("{prefix}.DefaultTargetCapacityType")) == Some("spot");
    let ways = ways(call, spot)?;
    // Every way is looked at before the first is tried.
    for way in &ways {
        run::ask(call, &way.form)?;
    }
    call.dry_run()?;
    let mut told = Vec::new();
    for (n, way) in ways.iter().enumerate() {
        if left == 0 {
            break;
        }
        let result = attempt(call, n, way, left).await?;
        left -= result.instances.len() as u16;
        told.push(result);
    }
    Ok(answer(call, &ways, &told, spot))
}

async fn attempt(call: &Call<'_>, n: usize, way: &Way, left: u16) -> Result<Told, Fault> {
    let site = &call.ec2.site;
    let mut ask = run::ask(call, &way.form)?;
    (ask.nodes, ask.least) = (left, 1);
    ask.token = call.form.get("ClientToken").map(|token| format!("{}/{token}/{n}", call.region));
    ask.tags.extend(call.form.tags_for("instance"));
    let verdict = match site.launch(&ask) {
        Ok(verdict) => verdict,
        Err(error) => return Ok(Told { way: n, instances: Vec::new(), faults: vec![run::fault(&error, &ask)] }),
    };
    let (instances, refused) = match verdict.outcome {
        Outcome::Accepted { instances, refused } => (instances, refused),
        Outcome::Refused(refused) => (Vec::new(), refused),
        Outcome::Nothing => (Vec::new(), Vec::new()),
    };
    if instances.is_empty() {
        site.clock().until(verdict.at).await;
    } else {
        run::keep(call, &instances);
    }
    let mut faults: Vec<Fault> = refused.iter().map(Fault::of).collect();
    if instances.is_empty() && verdict.wire != Wire::Arrives {
        faults.push(Fault::new(500, "InternalError", "An internal error has occurred"));
    }
    Ok(Told { way: n, instances, faults })
}

fn ways(call: &Call<'_>, spot: bool) -> Result<Vec<Way>, Fault> {
    let mut ways = Vec::new();
    for n in call.form.indexes("LaunchTemplateConfigs") {
        let config = format!("LaunchTemplateConfigs.{n}");
        let of = |name: &str| call.form.get(&format!("{config}.LaunchTemplateSpecification.{name}"));
        let (_, template) = templates::find(call, of("LaunchTemplateId"), of("LaunchTemplateName"))?;
        let mut base = template.data;
        base.0.insert("MinCount".to_owned(), "1".to_owned());
        base.0.insert("MaxCount".to_owned(), "1".to_owned());
        if spot {
            base.0.insert("InstanceMarketOptions.MarketType".to_owned(), "spot".to_owned());
        }
        let overrides = call.form.indexes(&format!("{config}.Overrides"));
        if overrides.is_empty() {
            ways.push(Way { template: template.id.clone(), form: base.clone() });
        }
        for m in overrides {
            let mut form = base.clone();
            for (name, into) in [
                ("InstanceType", "InstanceType"),
                ("AvailabilityZone", "Placement.AvailabilityZone"),
                ("SubnetId", "SubnetId"),
                ("MaxPrice", "InstanceMarketOptions.SpotOptions.MaxPrice"),
                ("ImageId", "ImageId"),
            ] {
                if let Some(value) = call.form.get(&format!("{config}.Overrides.{m}.{name}")) {
                    form.0.insert(into.to_owned(), value.to_owned());
                }
            }
            ways.push(Way { template: template.id.clone(), form });
        }
    }
    if ways.is_empty() { Err(Fault::missing("LaunchTemplateConfigs")) } else { Ok(ways) }
}

fn answer(call: &Call<'_>, ways: &[Way], told: &[Told], spot: bool) -> String {
    let terms = if spot { CapacityType::Spot.name() } else { CapacityType::OnDemand.name() };
    call.answer(|xml| {
        xml.leaf("fleetId", format!("fleet-{}", call.request_id));
        let source = |xml: &mut super::xml::Xml, way: &Way| {
            xml.within("launchTemplateAndOverrides", |xml| {
                xml.within("launchTemplateSpecification", |xml| {
                    xml.leaf("launchTemplateId", &way.template);
                    xml.leaf("version", 1);
                });
                xml.within("overrides", |xml| {
                    xml.maybe("instanceType", way.form.get("InstanceType"));
                    xml.maybe("availabilityZone", way.form.get("Placement.AvailabilityZone"));
                    xml.maybe("subnetId", way.form.get("SubnetId"));
                });
            });
            xml.leaf("lifecycle", terms);
        };
        let errors = told.iter().flat_map(|told| told.faults.iter().map(move |fault| (told.way, fault)));
        xml.items("errorSet", errors, |xml, (way, fault)| {
            source(xml, &ways[way]);
            xml.leaf("errorCode", &fault.code);
            xml.leaf("errorMessage", &fault.message);
        });
        let made = told.iter().filter(|told| !told.instances.is_empty());
        xml.items("fleetInstanceSet", made, |xml, told| {
            source(xml, &ways[told.way]);
            xml.items("instanceIds", &told.instances, |xml, instance| xml.text(&show::instance_id(instance)));
            xml.maybe("instanceType", told.instances.first().map(|instance| &instance.instance_type));
        });
    })
}
