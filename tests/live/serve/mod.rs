//! `sky-sim serve` as a whole: the command, the control endpoint, the page, and `sky` as its client.

mod command;
mod decisions;
mod harness;
mod page;
mod ssh;
mod storm;
