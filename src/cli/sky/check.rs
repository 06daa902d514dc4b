//! `sky check`: which credentials work, cloud by cloud, and what to do about those that don't.

use clap::Args;
use serde::Serialize;

use crate::catalog::Catalog;
use crate::cli::{Console, Environment, Exit, Failure, catalogs};
use crate::cloud::{CLOUDS, ProviderError};
use crate::cluster::Context;

use super::Output;
use super::live::{Live, Which};

/// Flags of `check`.
#[derive(Debug, Args)]
pub(super) struct CheckArgs {
    /// Only these clouds.
    #[arg(value_name = "CLOUD")]
    clouds: Vec<String>,
    /// How to tell it.
    #[arg(short, long, value_enum, default_value_t)]
    output: Output,
}

/// One cloud's answer.
#[derive(Debug, Serialize)]
pub(super) struct Checked {
    pub(super) cloud: String,
    pub(super) enabled: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    identity: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    remedy: Option<String>,
}

pub(super) fn run(args: &CheckArgs, environment: &Environment, console: &mut Console) -> Result<Exit, Failure> {
    if args.output == Output::Json {
        console.tell_errors_as_json();
    }
    let catalog = Catalog::embedded();
    let mut wanted = Vec::new();
    for name in &args.clouds {
        wanted.push(catalog.cloud_name(catalogs::cloud(catalog, name)?).to_owned());
    }
    if wanted.is_empty() {
        wanted = CLOUDS.map(str::to_owned).to_vec();
    }
    let live = Live::open(environment, catalog, Which::Of(&wanted))?;
    let mut checked = Vec::new();
    for name in &wanted {
        checked.push(live.run(one(&live.context, name))?);
    }
    let enabled = checked.iter().filter(|checked| checked.enabled).count();
    if args.output == Output::Json {
        console.json(&checked)?;
    } else {
        for checked in &checked {
            console.table(&page(&live.context, checked))?;
        }
        console.line("")?;
        console.line(match enabled {
            0 => "No cloud can be used. Follow one of the hints above, then run `sky check` again.".to_owned(),
            _ => format!("{enabled} of {} clouds can be used.", checked.len()),
        })?;
    }
    Ok(if enabled == 0 { Exit::NotAuthorized } else { Exit::Done })
}

async fn one(context: &Context, name: &str) -> Result<Checked, crate::cluster::ClusterError> {
    let none =
        Checked { cloud: name.to_owned(), enabled: false, identity: None, source: None, reason: None, remedy: None };
    let limit = std::time::Duration::from_secs(60);
    let answer = match context.clouds.need(name) {
        Err(error) => Err(error),
        Ok(cloud) => {
            let check = || cloud.provider.check();
            cloud.pace.patiently(name, &context.book, &context.clock, limit, check).await
        }
    };
    Ok(match answer {
        Ok(identity) => Checked { enabled: true, identity: Some(identity.name), source: Some(identity.source), ..none },
        Err(error) => {
            let remedy = remedy(&error);
            Checked { reason: Some(error.to_string()), remedy: Some(remedy), ..none }
        }
    })
}

/// What to do about it.
pub(super) fn remedy(error: &ProviderError) -> String {
    match error {
        ProviderError::NoCredentials { remedy, .. } => remedy.clone(),
        ProviderError::Lost(_) => {
            "see that this machine reaches the cloud's interface (proxy, firewall), and try again".to_owned()
        }
        ProviderError::Refused(_) => {
            "the credentials are there, and the cloud refuses them: renew them, or grant what its words name".to_owned()
        }
    }
}

fn page(context: &Context, checked: &Checked) -> Vec<String> {
    let title = context.catalog.find_cloud(&checked.cloud).map_or("", |id| context.catalog.cloud_title(id));
    if checked.enabled {
        let (who, from) = (checked.identity.as_deref().unwrap_or("?"), checked.source.as_deref().unwrap_or("?"));
        let disabled = if context.config.allows(&checked.cloud) { "" } else { " (left out by config.yaml)" };
        return vec![format!("✔ {title}: {who}, by {from}{disabled}")];
    }
    let mut lines = vec![format!("x {title}: {}", checked.reason.as_deref().unwrap_or("?"))];
    lines.extend(checked.remedy.iter().flat_map(|remedy| remedy.lines()).map(|line| format!("    {line}")));
    lines
}
