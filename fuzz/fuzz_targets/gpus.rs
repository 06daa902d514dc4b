//! Any text as the value of `--gpus`. What is understood shows as text that is understood the same.
//! Run with `cargo fuzz run gpus`.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sky::catalog::Catalog;
use sky::request::{Request, Wanted};

fuzz_target!(|text: &str| {
    if let Ok(wanted) = text.parse::<Wanted>() {
        assert_eq!(wanted.to_string().parse::<Wanted>(), Ok(wanted));
    }
    if let Err(problems) = Request::for_gpus(text, Catalog::embedded()) {
        assert!(!problems.is_empty());
    }
});
