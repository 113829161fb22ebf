//! `comity`: the command of a gateway. Reads the command line and hands over; see `comity_gateway::cli`.

use comity_gateway::cli::out::Out;
use comity_gateway::cli::{run, typo};
use comity_gateway::processors;
use comity_gateway::watch::{LogFormat, start_logging};
use std::process::ExitCode;

/// Trees of objects come and go with every exchange: with the allocator of the C library they cost a fifth more.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> ExitCode {
    let cli = match typo::read(std::env::args_os().collect()) {
        Ok(cli) => cli,
        // Help and versions too: clap says what stream each goes to, and its status.
        Err(told) => told.exit(),
    };
    let mut out = Out::process();
    let format = if cli.log_json { LogFormat::Json } else { LogFormat::Automatic };
    if let Err(error) = start_logging(format, &cli.log_level) {
        return out.bad_input(error).into();
    }
    processors::spread();
    run::run(cli, &mut out).await.into()
}
