//! `sky-sim`: the same engine against a simulated market.

fn main() -> std::process::ExitCode {
    sky::cli::main(sky::cli::sim::run)
}
