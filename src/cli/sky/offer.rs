//! From a request to what could be launched for it.

use crate::catalog::Catalog;
use crate::cli::Failure;
use crate::engine::policy::PolicyName;
use crate::model::{Candidate, Money, ParseUnitError};
use crate::optimizer::{Egress, EgressTariff, Graph, Options, Plan, input_cost, nearest, plan};
use crate::report::plan::suggestions;
use crate::request::Request;
use crate::yaml::did_you_mean;

/// What the ranking goes by.
pub(super) fn options(request: &Request) -> Options {
    Options { prefer: request.prefer.clone(), ..Options::default() }
}

/// The ranked candidates; an error with what comes near if there are none.
pub(super) fn feasible<'c>(catalog: &'c Catalog, request: &Request) -> Result<Plan<'c>, Failure> {
    let options = options(request);
    let plan = plan(catalog, &request.requirements, request.nodes, &options);
    if !plan.is_empty() {
        return Ok(with_inputs(plan, request));
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

/// The same candidates in the order of what they cost together with bringing in the data that the task reads, so that
/// what is launched is what `sky plan` shows. Liked places still come first.
fn with_inputs<'c>(plan: Plan<'c>, request: &Request) -> Plan<'c> {
    let catalog = plan.catalog();
    let graph = Graph::of(catalog, std::slice::from_ref(request));
    let [input] = graph.tasks[0].inputs.as_slice() else { return plan };
    if request.prefer.is_some() {
        return plan;
    }
    let egress = Egress::new(catalog, EgressTariff::Regions);
    let moved = |candidate: &Candidate| input_cost(catalog, &egress, input, candidate).unwrap_or(Money::ZERO);
    plan.by_score(|candidate| candidate.cost + moved(candidate))
}

/// The policy of this name; the default one without a name.
pub(in crate::cli) fn policy(name: Option<&str>) -> Result<PolicyName, Failure> {
    let Some(name) = name else { return Ok(PolicyName::default()) };
    name.parse().map_err(|error: ParseUnitError| {
        let known = PolicyName::ALL.iter().map(|policy| policy.name());
        Failure::usage(error.to_string(), did_you_mean(name, known).unwrap_or_default())
    })
}
