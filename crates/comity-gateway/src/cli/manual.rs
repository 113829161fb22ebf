//! What shells and `man` are told of the command line, from its definition.

use super::out::{Exit, Out};
use super::{Cli, Completions, Manual};
use clap::CommandFactory as _;
use std::path::Path;

/// `comity completions`
pub fn completions(args: &Completions, out: &mut Out<'_>) -> Exit {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "comity", &mut script);
    out.raw(&script);
    Exit::Done
}

/// `comity man`: a page for the command and each of its subcommands, in a directory.
pub fn manual(args: &Manual, cwd: &Path, out: &mut Out<'_>) -> Exit {
    let folder = cwd.join(&args.folder);
    let written =
        std::fs::create_dir_all(&folder).and_then(|()| clap_mangen::generate_to(Cli::command(), &folder));
    match written {
        Ok(()) => Exit::Done,
        Err(error) => out.bad_input(format!("{}: {error}", folder.display())),
    }
}
