//! The log that succeeds the one there was: after a restore, or because its key is changed.
//!
//! Done on the directories alone, for a database behind its mark does not open:
//!
//! ```text
//! 1 the successor's key is drawn            a file that nothing names yet
//! 2 the ended log is published apart, the successor's first entry appended and signed, the mark moved (comity-store)
//! 3 the published log is removed            it is derived again, of the successor
//! 4 gateway.toml names the successor        from here on it is this gateway's log
//! ```
//! A crash anywhere is made good by doing it again: each step finds what it did before. Where the database is on a server,
//! no node serves meanwhile, and the others get `identity/` from this one before they serve again.

use crate::clock::{Clock, OsEntropy};
use crate::dirs::{Directory, SeedOf};
use crate::files;
use crate::gateway::{self, GatewayError};
use crate::keys::FileEpochKeys;
use crate::settings::Settings;
use comity_exchange::entry::Opening;
use comity_exchange::federation::identity::EndedLog;
use comity_exchange::ports::{Draft, StoreError};
use comity_exchange::wire::Text;
use comity_store::{EndedTree, FileMark, LogIdentity, MarkFile as _, succeed as begin};
use comity_terms::{Act, Digest};
use comity_tlog::SigningKey;
use serde_json::json;
use std::path::PathBuf;

/// A log and the one that succeeds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Succeeded {
    /// The log that ended.
    pub ended: EndedLog,
    /// Where it is published.
    pub published: PathBuf,
    /// What verifies the successor: a vkey.
    pub log: String,
}

/// Ends the log in use and begins its successor, which goes on from the entries that are kept.
///
/// # Errors
/// [`GatewayError`]; done again it goes on.
pub fn succeed(directory: &Directory, compromised: bool) -> Result<Succeeded, GatewayError> {
    let _lock = directory.lock()?;
    let mut seat = directory.gateway()?;
    let broken = |error: comity_tlog::Error| GatewayError::Broken(error.to_string());
    let (old, next) = (seat.generations.log, seat.generations.log + 1);
    let old_key = SigningKey::from_seed(&seat.log_origin_of(old), &*directory.seed(SeedOf::Log, old)?);
    let old_key = old_key.map_err(broken)?.verifier_key().clone();
    let origin = seat.log_origin_of(next);
    let seed = directory.draw_seed(SeedOf::Log, next, &mut OsEntropy)?;
    let key = SigningKey::from_seed(&origin, &seed).map_err(broken)?;
    let log = key.verifier_key().clone();

    let settings = Settings::read(&directory.settings())?;
    let mark_path = directory.mark();
    let mut mark = FileMark::open(&mark_path).map_err(files::at(&mark_path, "open"))?;
    let floor = mark.read().map_err(files::at(&mark_path, "read"))?.map_or(seat.since, |mark| mark.time);
    let now = Clock::new(floor).now();
    let (signatory, _) = gateway::signatory(directory, &seat)?;
    let mut keys = FileEpochKeys::new(directory.epoch_keys());
    let first = |tree: &EndedTree| {
        let facts = json!({
            "log": origin,
            "succeeds": old_key.name(),
            "signed": tree.signed.0.0,
            "root": Digest(tree.signed.1.0).to_string(),
            "kept": tree.kept.0,
            "compromised": compromised,
        });
        let failed = |error: &dyn std::fmt::Display| StoreError::Failed(error.to_string());
        let until = settings.opening_until(now).map_err(|error| failed(&error))?;
        let (entry, opening) = Opening::draw(Act::LogSucceeded, now, facts, &mut OsEntropy);
        let home = signatory.home();
        let sealed = signatory.seal_opening(&opening, (&home, None), until, &mut keys, &mut OsEntropy);
        let sealed = sealed.map_err(|error| failed(&error))?;
        Ok((Draft { entry, opening: sealed.id, exchange: None }, sealed))
    };
    let published = directory.ended_log(old);
    let identity = LogIdentity { origin: origin.clone(), key };
    let location = directory.database()?;
    let tree = begin(&location, directory.data(), (&old_key, identity), mark, &published, now, first)?;
    let derived = directory.log();
    match std::fs::remove_dir_all(&derived) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(files::at(&derived, "clear")(error).into());
        }
        _ => files::create_directory(&derived)?,
    }
    let ended = EndedLog {
        log: old_key.to_string(),
        size: tree.signed.0.0,
        root: Text(Digest(tree.signed.1.0)),
        kept: tree.kept.0,
    };
    if tree.signed.0 > tree.kept {
        // What it cosigned of partners' logs was lost too: a witness that forgets is retired.
        let witness = seat.generations.witness + 1;
        directory.draw_seed(SeedOf::Witness, witness, &mut OsEntropy)?;
        seat.generations.witness = witness;
    }
    seat.generations.log = next;
    seat.sequence += 1;
    seat.succeeds = Some(ended.clone());
    directory.write_gateway(&seat)?;
    Ok(Succeeded { ended, published, log: log.to_string() })
}
