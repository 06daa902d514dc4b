# What is done often. `just` lists it; every recipe is one plain command that works without just.

# List the recipes.
default:
    @just --list

# Everything CI checks.
ci:
    bash .ci/run

# The quick loop: format, lint, test.
check:
    cargo fmt
    cargo clippy --all-targets -- -D warnings
    cargo test

# The front door.
demo:
    cargo run --release --bin sky-sim -- run scenarios/v100-scarce.yaml

# Accept changed snapshots after looking at them.
snapshots:
    INSTA_UPDATE=always cargo test --test '*'

# Measure the hot paths.
bench:
    cargo bench

# The documentation, as docs.rs would build it.
doc:
    RUSTDOCFLAGS="-D warnings" cargo doc --no-deps --document-private-items

# Licences, advisories, bans.
deny:
    cargo deny check
