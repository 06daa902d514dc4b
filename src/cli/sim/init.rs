//! `sky-sim init`: a scenario to start from.

use std::path::PathBuf;

use clap::Args;

use crate::cli::{Console, Exit, Failure, files};

/// Flags of `init`.
#[derive(Debug, Args)]
pub(super) struct InitArgs {
    /// Where it goes; printed if absent.
    #[arg(value_name = "FILE")]
    path: Option<PathBuf>,
    /// Write over a file that is there.
    #[arg(long)]
    force: bool,
}

/// The starter, kept as a file so that it is checked as one.
pub(super) const STARTER: &str = include_str!("starter.yaml");

pub(super) fn run(args: &InitArgs, console: &mut Console) -> Result<Exit, Failure> {
    let Some(path) = &args.path else {
        console.text(STARTER)?;
        return Ok(Exit::Done);
    };
    if path.exists() && !args.force {
        let hint = "choose another name, or write over it with --force";
        return Err(Failure::usage(format!("'{}' is there already", path.display()), hint));
    }
    files::write(path, STARTER)?;
    let name = path.display();
    console.lines([
        format!("{name} written. Next:"),
        format!("  sky-sim validate {name}    every error at once"),
        format!("  sky-sim show {name}        what its market comes to"),
        format!("  sky-sim run {name}         what the policies achieve"),
    ])?;
    Ok(Exit::Done)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Catalog;
    use crate::sim::scenario::Scenario;
    use crate::yaml::Source;

    #[test]
    fn the_starter_is_sound_and_says_what_it_can() {
        let source = Source { name: "starter.yaml", text: STARTER };
        let scenario = Scenario::load(&source, Catalog::embedded(), &[]).unwrap_or_else(|all| panic!("{}", all[0]));
        assert!(scenario.warnings.is_empty() && scenario.demands.len() == 1 && !scenario.shocks.is_empty());
        // What it shows as comments must be right too: without their marks they are read as well.
        let all: String =
            STARTER.lines().map(|line| line.strip_prefix("#:").unwrap_or(line).to_owned() + "\n").collect();
        assert_ne!(all, STARTER);
        let source = Source { name: "starter.yaml", text: &all };
        Scenario::load(&source, Catalog::embedded(), &[]).unwrap_or_else(|all| panic!("{}", all[0]));
    }
}
