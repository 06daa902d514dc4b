//! Both programs as a user meets them: what they print, ask, write and exit with.

mod common;
mod launch;
mod page;
mod plan;
mod scenario;
mod sky;
mod sky_sim;
mod study;
