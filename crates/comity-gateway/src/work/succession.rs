//! The log that succeeds the one there was: after a restore, or because its key is changed.
//!
//! Done on the directories alone, for a database behind its mark does not open:
//!
//! ```text
//! 1 the successor's key is drawn            a file that nothing names yet
//!   and what the mark says is noted         identity/succession, until 4
//! 2 the ended log is published apart, the successor's first entry appended and signed, the mark moved (comity-store)
//! 3 the published log is removed            it is derived again, of the successor
//! 4 gateway.toml names the successor        from here on it is this gateway's log
//! ```
//! A crash anywhere is made good by doing it again: each step finds what it did before. Where the database is on a server,
//! no node serves meanwhile, and the others get `identity/` from this one before they serve again.

use crate::clock::{Clock, OsEntropy};
use crate::dirs::seat::Gateway;
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
use comity_tlog::{SigningKey, VerifierKey};
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
/// Where the database was restored from before an earlier succession, the successor comes after the log that was lost as
/// well: its number is the next one that never signed, and its first entry says what was signed and by which log.
///
/// # Errors
/// [`GatewayError`]; done again it goes on.
pub fn succeed(directory: &Directory, compromised: bool) -> Result<Succeeded, GatewayError> {
    let _lock = directory.lock()?;
    let seat = directory.gateway()?;
    let mark_path = directory.mark();
    let mut mark = FileMark::open(&mark_path).map_err(files::at(&mark_path, "open"))?;
    let marked = mark.read().map_err(files::at(&mark_path, "read"))?;
    drop(mark);
    let log = seat.generations.log;
    let later =
        marked.as_ref().and_then(|mark| seat.log_generation(&mark.origin)).filter(|later| *later > log);
    let Some(later) = later else { return begun(directory, seat, log + 1, compromised) };
    // With its key here it is the successor that an earlier call began, unless the database was restored from before that.
    if directory.seed(SeedOf::Log, later).is_ok() {
        match begun(directory, seat.clone(), later, compromised) {
            Err(GatewayError::Store(StoreError::SucceededSince { .. })) => {}
            done => return done,
        }
    }
    begun(directory, seat, later + 1, compromised)
}

/// Begins the log of the generation `next`, or goes on with what began it.
fn begun(
    directory: &Directory,
    mut seat: Gateway,
    next: u32,
    compromised: bool,
) -> Result<Succeeded, GatewayError> {
    let broken = |error: comity_tlog::Error| GatewayError::Broken(error.to_string());
    let old = seat.generations.log;
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
    let mut keys = FileEpochKeys::new(directory.epoch_keys(), gateway::hsm(&settings)?);
    let noted = directory.succession();
    let first = |tree: &EndedTree| {
        let failed = |error: &dyn std::fmt::Display| StoreError::Failed(error.to_string());
        // The mark is the successor's before this gateway is: what the mark said is kept until then.
        let ended = ended(tree, &old_key);
        let note = serde_json::to_vec(&(next, &ended)).map_err(|error| failed(&error))?;
        files::replace(&noted, &note).map_err(|error| failed(&error))?;
        let facts = json!({
            "log": origin,
            "succeeds": old_key.name(),
            "signed": ended.size,
            "signed_by": tree.signed_by,
            "root": ended.root,
            "kept": ended.kept,
            "compromised": compromised,
        });
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
    let note: Option<(u32, EndedLog)> = match files::read(&noted, NOTE_BYTES_MAX)? {
        Some(note) => serde_json::from_slice(&note).ok(),
        None => None,
    };
    let ended = match note {
        Some((of, ended)) if of == next => ended,
        _ => ended(&tree, &old_key),
    };
    seat.sequence += 1;
    if ended.size > ended.kept || ended.signed_by.is_some() {
        // What it cosigned of partners' logs was lost too: a witness that forgets is retired.
        let witness = seat.generations.witness + (next - old);
        directory.draw_seed(SeedOf::Witness, witness, &mut OsEntropy)?;
        seat.generations.witness = witness;
        // Partners may know a number of an identity that was lost, and follow a higher one alone. Time never runs below
        // the mark, and no gateway changes its keys a thousand times a second: this is above all that there were.
        let lived = now.duration_since(seat.since).as_millis();
        seat.sequence += u64::try_from(lived).unwrap_or(0);
    }
    seat.generations.log = next;
    seat.succeeds = Some(ended.clone());
    directory.write_gateway(&seat)?;
    files::remove(&noted)?;
    Ok(Succeeded { ended, published, log: log.to_string() })
}

/// The log of `key` as it ended, as partners are told.
fn ended(tree: &EndedTree, key: &VerifierKey) -> EndedLog {
    EndedLog {
        log: key.to_string(),
        size: tree.signed.0.0,
        root: Text(Digest(tree.signed.1.0)),
        kept: tree.kept.0,
        signed_by: Some(tree.signed_by.clone()).filter(|by| by != key.name()),
    }
}

/// The longest note of a succession under way: a key, two names and some numbers.
const NOTE_BYTES_MAX: usize = 4096;
