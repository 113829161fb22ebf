//! `comity backup` and `comity restore`.

use super::out::{Exit, Out};
use super::progress::Progress;
use super::{Backup, Cli, Restore};
use crate::gateway::{Gateway, GatewayError};
use crate::work::backup::{self, Manifest};
use comity_exchange::shell::Shell as _;
use serde_json::json;
use std::path::Path;

/// `comity backup`: of a gateway that serves, or of one that does not.
///
/// # Errors
/// [`GatewayError`].
pub fn backup(
    gateway: &Gateway,
    cli: &Cli,
    args: &Backup,
    cwd: &Path,
    out: &mut Out<'_>,
) -> Result<Exit, GatewayError> {
    let to = cwd.join(&args.to);
    // A large database takes a while to copy.
    let progress = Progress::on(out, "copying the gateway");
    let copied = tokio::task::block_in_place(|| backup::backup(gateway.directory(), &to, gateway.now()));
    drop(progress);
    tell(&copied?, &to, cli.json, "kept", out);
    Ok(Exit::Done)
}

/// `comity restore`
pub fn restore(args: &Restore, json_out: bool, cwd: &Path, out: &mut Out<'_>) -> Exit {
    let to = cwd.join(&args.dir);
    let progress = Progress::on(out, "verifying and copying the backup");
    let restored = backup::restore(&cwd.join(&args.from), &to);
    drop(progress);
    match restored {
        Ok(manifest) => {
            tell(&manifest, &to, json_out, "restored", out);
            out.note(
                "where more was signed since, `comity serve` refuses to append: `comity log succeed` then opens the log \
                 that succeeds this one",
            );
            Exit::Done
        }
        Err(error) => out.bad_input(error),
    }
}

fn tell(manifest: &Manifest, place: &Path, json_out: bool, done: &str, out: &mut Out<'_>) {
    let Manifest { log, size, at, files, .. } = manifest;
    if json_out {
        out.json(&json!({ "log": log, "size": size, "at": at, "path": place.display().to_string() }));
    } else {
        out.line(&format!(
            "{}: {done}, {} files; `{log}` with {size} entries, as of {at}",
            place.display(),
            files.len()
        ));
    }
}
