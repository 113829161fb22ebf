//! The gateway's database moves from DIR to a server, and stays there.

use crate::dirs::Directory;
use crate::files;
use crate::gateway::GatewayError;
use comity_store::{Location, ServerUrl, carry};

/// From now on the database is on the server at `url`. One that is in DIR is copied there, row by row, in one
/// transaction, and put out of use; the name of a server that was remembered before is replaced.
///
/// Nothing can fork by it: whichever database is then opened must hold all that the high-water mark says.
///
/// # Errors
/// [`GatewayError`]; the database is where it was.
pub fn to_server(directory: &Directory, url: &ServerUrl) -> Result<(), GatewayError> {
    let _lock = directory.lock()?;
    let before = directory.database()?;
    if before == Location::Server(url.clone()) {
        return Ok(());
    }
    let moves = before == Location::Folder && carry(directory.data(), url)?;
    directory.remember_database(url)?;
    if moves {
        tracing::info!(%url, "the database has moved to the server");
        for name in ["comity.sqlite", "comity.sqlite-wal", "comity.sqlite-shm"] {
            let path = directory.data().join(name);
            if path.exists() {
                let moved = directory.data().join(format!("{name}.moved"));
                files::rename(&path, &moved)?;
            }
        }
    }
    Ok(())
}
