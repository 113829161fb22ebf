//! `comity`: the command of a gateway. Reads the command line and hands over; see `comity_gateway::cli`.

use clap::Parser as _;
use comity_gateway::cli::out::Out;
use comity_gateway::cli::{Audit, Cli, Command, audit};
use std::process::ExitCode;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let mut out = Out::process();
    let exit = match &cli.command {
        Command::Audit(Audit::Verify(args)) => audit::verify(args, cli.json, &mut out),
        Command::Audit(Audit::Receipt(args)) => audit::receipt(args, cli.json, &mut out),
        _ => out.bad_input("this build carries only `comity audit`"),
    };
    exit.into()
}
