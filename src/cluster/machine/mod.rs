//! On the machine: ssh, files, jobs and their logs, stopping when idle.
//!
//! **Invariant:** a job belongs to the machine, not to the connection: whoever loses it finds the job and its log again.
//! A host key is pinned at first contact and a changed one is refused. A secret travels over the standard input of ssh
//! into a file that only its owner can read, and is never part of a command line, a log or an error.
//!
//! The system's own `ssh`, `rsync` and `ssh-keygen` do the talking, so what `~/.ssh/config` says of a host (a jump host,
//! say) holds here too.

mod autostop;
mod contact;
mod endpoint;
mod error;
mod files;
mod install;
mod jobs;
mod quote;
mod shortcut;
mod ssh;
mod submit;
mod variables;

pub use autostop::{Idle, Promise, autostop, set_autostop};
pub use contact::{Patience, wait_for_ssh};
pub use endpoint::{Endpoint, Machines};
pub use error::MachineError;
pub use files::check_files;
pub use jobs::{JobEnd, JobRow, JobState, cancel, copy_logs, follow, newest, print_log, queue, status};
pub use quote::quote;
pub use shortcut::{add_shortcut, forget};
pub use ssh::login_command;
pub use submit::{Options, Until, bring_up, submit};
pub use variables::Identity;

/// What happens on the machines, as it happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told<'a> {
    /// A step begins; a sentence.
    Step(&'a str),
    /// Output of the job: bytes as they come, lines not always whole.
    Output(&'a [u8]),
    /// The job has this number now, and goes on without us.
    Submitted(u64),
    /// Something that does not end it; a sentence.
    Warning(&'a str),
}

/// Who is told.
pub type Tell<'a> = &'a mut (dyn FnMut(Told<'_>) + Send);
