//! Compiles the price tables into the binary form that the library embeds, with the library's own source.

#![expect(clippy::disallowed_methods, reason = "cargo tells a build script its directories by the environment")]

#[allow(dead_code, unreachable_pub, unused_imports, reason = "the same source as in the library, which uses the rest")]
#[path = "src/catalog/compile/mod.rs"]
mod compile;

use std::path::Path;

fn main() {
    println!("cargo::rerun-if-changed=catalogs");
    println!("cargo::rerun-if-changed=src/catalog/compile");
    let columns = compile::read_dir(Path::new("catalogs")).and_then(|tables| compile::compile(&tables));
    let columns = columns.unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(columns.notes.iter().collect::<Vec<_>>(), [""; 0], "the shipped tables are clean");
    let out = std::env::var("OUT_DIR").expect("set by cargo");
    std::fs::write(Path::new(&out).join("catalog.bin"), columns.to_bytes()).expect("the output folder is writable");
}
