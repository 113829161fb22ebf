//! `comity-prove`: theorems about packs from a command line. `comity law prove` and its like run it.
//!
//! 0: it holds; 1: it does not, or could not be told; 2: bad input, or no solver.

mod cli;
mod run;

use clap::Parser as _;
use std::process::ExitCode;

fn main() -> ExitCode {
    let cli = cli::Cli::parse();
    match run::run(&cli) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            use std::io::Write as _;
            // Whoever closed standard error does not want to know.
            let _ = writeln!(std::io::stderr(), "error: {error}");
            ExitCode::from(2)
        }
    }
}
