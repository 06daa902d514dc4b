//! From a request to what could be launched for it.

use crate::catalog::Catalog;
use crate::cli::Failure;
use crate::engine::policy::PolicyName;
use crate::model::ParseUnitError;
use crate::optimizer::{Options, Plan, Preference, nearest, plan};
use crate::report::plan::suggestions;
use crate::request::Request;
use crate::yaml::did_you_mean;

/// What the ranking goes by.
pub(super) fn options(request: &Request) -> Options {
    let prefer = request
        .prefer
        .as_ref()
        .map(|prefer| Preference { places: prefer.places.clone(), premium_milli: prefer.premium_milli });
    Options { prefer, ..Options::default() }
}

/// The ranked candidates; an error with what comes near if there are none.
pub(super) fn feasible<'c>(catalog: &'c Catalog, request: &Request) -> Result<Plan<'c>, Failure> {
    let options = options(request);
    let plan = plan(catalog, &request.requirements, request.nodes, &options);
    if !plan.is_empty() {
        return Ok(plan);
    }
    let labels: Vec<&str> = request.requirements.iter().map(|wanted| wanted.label.as_str()).collect();
    let near = request.requirements.iter().flat_map(|wanted| nearest(catalog, wanted, request.nodes, &options));
    let near = suggestions(catalog, &near.collect::<Vec<_>>());
    let hint = if near.is_empty() {
        "relax the request; `sky gpus list` names what there is".to_owned()
    } else {
        format!("the nearest there is:\n    {}", near.join("\n    "))
    };
    Err(Failure::usage(format!("nothing that is offered meets the request: {}", labels.join(" or ")), hint))
}

/// The policy of this name; the default one without a name.
pub(in crate::cli) fn policy(name: Option<&str>) -> Result<PolicyName, Failure> {
    let Some(name) = name else { return Ok(PolicyName::default()) };
    name.parse().map_err(|error: ParseUnitError| {
        let known = PolicyName::ALL.iter().map(|policy| policy.name());
        Failure::usage(error.to_string(), did_you_mean(name, known).unwrap_or_default())
    })
}
