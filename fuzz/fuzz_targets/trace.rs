//! Any text as a trace: read, and played. Run with `cargo fuzz run trace`.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| sky::sim::trace::exercise(text));
