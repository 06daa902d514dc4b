//! Any text as a task file: read, resolved, its errors shown. Run with `cargo fuzz run task`.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sky::catalog::Catalog;
use sky::request::{Flags, Source, parse_tasks, resolve};

fuzz_target!(|text: &str| {
    let catalog = Catalog::embedded();
    let clouds: Vec<_> = catalog.clouds().collect();
    match parse_tasks(&Source { name: "fuzz", text }, &Flags::default()) {
        Err(problems) => assert!(problems.iter().all(|problem| !problem.to_string().is_empty())),
        Ok(tasks) => {
            for task in &tasks {
                match resolve(task, catalog, &clouds) {
                    Ok(request) => assert_eq!(request.requirements.len(), request.machines.len()),
                    Err(problems) => assert!(!problems.is_empty()),
                }
            }
        }
    }
});
