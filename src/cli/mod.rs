//! The two programs' command lines: what is asked for, in; words and exit codes, out.
//!
//! **Invariant:** no logic that a library test could not reach. The clock, the environment, the files and the console
//! are touched here and nowhere below; commands are handed them as values.

mod catalogs;
mod console;
mod environment;
mod exit;
mod failure;
mod files;
mod scenarios;
pub mod sim;
pub mod sky;

pub use console::Console;
pub use environment::Environment;
pub use exit::Exit;
pub use failure::Failure;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser;

/// Parses a command line and runs it; what every `main` does.
pub fn main<P: Parser>(run: impl FnOnce(&P, &Environment, &mut Console) -> Result<Exit, Failure>) -> ExitCode {
    #[expect(clippy::disallowed_methods, reason = "the command line enters here")]
    let arguments: Vec<OsString> = std::env::args_os().collect();
    let mut console = Console::standard();
    let done = match P::try_parse_from(arguments) {
        Ok(parsed) => run(&parsed, &Environment::read(), &mut console),
        Err(usage) => Err(Failure::Usage(usage)),
    };
    let exit = done.unwrap_or_else(|failure| console.fail(&failure));
    ExitCode::from(exit.code())
}
