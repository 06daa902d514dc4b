//! `sky`: launches on the cheapest cloud that has what is asked for.

fn main() -> std::process::ExitCode {
    sky::cli::main(sky::cli::sky::run)
}
