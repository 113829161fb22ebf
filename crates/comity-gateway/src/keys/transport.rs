//! Transport keys of the day: what partners seal bodies to, and what opens them until the retry horizon.
//!
//! A key is announced from 00:00 to 24:00 UTC of its day; its secret is destroyed once the horizon has passed
//! after that, so that a body recorded on the wire opens for nobody. An offer names its key by the digest of the
//! public half.

use super::{HOLD, KeyError, read_key};
use crate::clock::OsEntropy;
use crate::files;
use comity_terms::{Digest, Timestamp};
use comity_vault::{TransportPublic, TransportSecret};
use jiff::ToSpan as _;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use std::fs::File;
use std::path::PathBuf;

/// The transport keys under one directory.
#[derive(Debug)]
pub struct TransportKeys {
    root: PathBuf,
}

/// The transport key of a day.
#[derive(Debug)]
pub struct DayKey {
    /// The digest of its public half: what offers name it by.
    pub id: Digest,
    /// The half to announce.
    pub public: TransportPublic,
    /// From when partners seal to it, UTC.
    pub from: Timestamp,
    /// Until when partners seal to it, UTC.
    pub until: Timestamp,
}

impl TransportKeys {
    /// The keys under `root`, which is `KEYS/transport`.
    #[must_use]
    pub fn new(root: PathBuf) -> Self {
        Self { root }
    }

    /// The key of the day that `now` falls in; drawn, and durable, when there is none yet.
    ///
    /// # Errors
    /// [`KeyError`]; callers announce no key.
    pub fn of_day(&self, now: Timestamp) -> Result<DayKey, KeyError> {
        let day = TimeZone::UTC.to_datetime(now).date();
        let public = match self.found(day)? {
            Some(public) => public,
            None => {
                // At midnight all come at once, at each node: one of them makes the day's key.
                let _one = self.hold()?;
                match self.found(day)? {
                    Some(public) => public,
                    None => self.create(day)?,
                }
            }
        };
        let (from, until) = bounds(day);
        Ok(DayKey { id: Digest::of(&public.to_bytes()), public, from, until })
    }

    /// The secret of the key with this id; `None` when it was destroyed or never was.
    ///
    /// # Errors
    /// [`KeyError`]; callers must not take it for destruction.
    pub fn secret(&self, id: Digest) -> Result<Option<TransportSecret>, KeyError> {
        match self.list()?.into_iter().find(|held| held.id == id) {
            Some(held) => self.read(&held.path),
            None => Ok(None),
        }
    }

    /// A new key for the day of `now`, in place of any that it has: what was sealed to the one before opens until the
    /// horizon as before, unless it is `compromised`; then no key is left that opens anything sealed so far, and
    /// partners are asked to seal again.
    ///
    /// # Errors
    /// [`KeyError`]; callers do it again.
    pub fn turn(&self, now: Timestamp, compromised: bool) -> Result<DayKey, KeyError> {
        let day = TimeZone::UTC.to_datetime(now).date();
        {
            let _one = self.hold()?;
            for held in self.list()? {
                if compromised {
                    files::destroy(&held.path)?;
                } else if held.day == day && !held.retired {
                    let retired = held.path.with_added_extension(RETIRED);
                    files::rename(&held.path, &retired)?;
                }
            }
        }
        self.of_day(now)
    }

    /// Destroys every key whose day ended more than `horizon_days` (of 24 hours) before `now`; how many.
    ///
    /// # Errors
    /// [`KeyError`]; callers try again, those destroyed stay so.
    pub fn destroy_older(&self, now: Timestamp, horizon_days: u32) -> Result<usize, KeyError> {
        let horizon = (i64::from(horizon_days) * 24).hours();
        let mut destroyed = 0;
        for held in self.list()? {
            // An end beyond the range of time is none that has passed.
            if bounds(held.day).1.checked_add(horizon).is_ok_and(|end| end <= now) {
                files::destroy(&held.path)?;
                destroyed += 1;
            }
        }
        Ok(destroyed)
    }

    /// What keeps every other thread and node from making or retiring a key.
    fn hold(&self) -> Result<File, KeyError> {
        files::create_directory(&self.root)?;
        Ok(files::hold(&self.root.join(HOLD))?)
    }

    /// The public half of a day's key, when there is one.
    fn found(&self, day: Date) -> Result<Option<TransportPublic>, KeyError> {
        let found = self.list()?.into_iter().find(|held| held.day == day && !held.retired);
        let Some(held) = found else { return Ok(None) };
        Ok(self.read(&held.path)?.map(|secret| secret.public()))
    }

    fn create(&self, day: Date) -> Result<TransportPublic, KeyError> {
        let secret = TransportSecret::draw(&mut OsEntropy);
        let public = secret.public();
        let path = self.root.join(format!("{day}.{}", Digest::of(&public.to_bytes()).hex()));
        files::create_atomically(
            &path,
            &self.root.join(format!("{day}.draft")),
            &secret.dangerous_bytes()[..],
        )?;
        Ok(public)
    }

    fn read(&self, path: &std::path::Path) -> Result<Option<TransportSecret>, KeyError> {
        let Some(bytes) = read_key(path)? else { return Ok(None) };
        let secret = TransportSecret::from_bytes(&bytes[..])
            .map_err(|_| KeyError::Length { path: path.to_owned(), found: bytes.len() })?;
        Ok(Some(secret))
    }

    fn list(&self) -> Result<Vec<Held>, KeyError> {
        let error = files::at(&self.root, "list");
        let listing = match std::fs::read_dir(&self.root) {
            Ok(listing) => listing,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(e) => return Err(error(e).into()),
        };
        let mut held = Vec::new();
        for entry in listing {
            let entry = entry.map_err(&error)?;
            let name = entry.file_name();
            // Drafts of a crashed creation are no keys.
            let Some((day, id)) = name.to_str().and_then(|name| name.split_once('.')) else { continue };
            let (id, retired) = match id.strip_suffix(RETIRED).and_then(|id| id.strip_suffix('.')) {
                Some(id) => (id, true),
                None => (id, false),
            };
            let (Ok(day), Ok(id)) = (day.parse(), format!("sha256:{id}").parse()) else { continue };
            held.push(Held { day, id, retired, path: entry.path() });
        }
        // Two of one day come from releases without the hold: all then name the same one.
        held.sort_by_key(|held| (held.day, held.id));
        Ok(held)
    }
}

struct Held {
    day: Date,
    id: Digest,
    /// Whether it only opens, and is announced no more.
    retired: bool,
    path: PathBuf,
}

const RETIRED: &str = "retired";

/// The first instant of a day and of the next, UTC.
fn bounds(day: Date) -> (Timestamp, Timestamp) {
    let midnight = |day: Date| TimeZone::UTC.to_timestamp(day.at(0, 0, 0, 0)).unwrap_or(Timestamp::MAX);
    (midnight(day), day.tomorrow().map_or(Timestamp::MAX, midnight))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn room() -> (tempfile::TempDir, TransportKeys) {
        let room = tempfile::tempdir().unwrap();
        let keys = TransportKeys::new(room.path().join("transport"));
        (room, keys)
    }

    #[test]
    fn a_day_has_one_key_from_midnight_to_midnight() {
        let (_room, keys) = room();
        let morning = keys.of_day(at("2026-03-01T00:00:00Z")).unwrap();
        let night = keys.of_day(at("2026-03-01T23:59:59Z")).unwrap();
        assert_eq!(morning.id, night.id);
        assert_eq!((night.from, night.until), (at("2026-03-01T00:00:00Z"), at("2026-03-02T00:00:00Z")));
        assert_ne!(keys.of_day(night.until).unwrap().id, night.id);
    }

    #[test]
    fn whoever_comes_at_midnight_names_one_key_and_it_opens() {
        let room = tempfile::tempdir().unwrap();
        // Of two nodes, several threads each.
        let nodes = [0, 1].map(|_| TransportKeys::new(room.path().join("transport")));
        let now = at("2026-03-01T00:00:00Z");
        let named: Vec<DayKey> = std::thread::scope(|scope| {
            let nodes = &nodes;
            let one = |number: usize| scope.spawn(move || nodes[number % 2].of_day(now).unwrap());
            let threads: Vec<_> = (0..8).map(one).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert!(named.iter().all(|key| key.id == named[0].id));
        assert!(nodes[1].secret(named[0].id).unwrap().unwrap().public() == named[0].public);
    }

    #[test]
    fn the_secret_is_found_by_the_id_of_its_public_half() {
        let (_room, keys) = room();
        let day = keys.of_day(at("2026-03-01T10:00:00Z")).unwrap();
        assert!(keys.secret(day.id).unwrap().unwrap().public() == day.public);
        assert!(keys.secret(Digest::of(b"another")).unwrap().is_none());
    }

    #[test]
    fn a_new_key_of_the_day_leaves_the_old_one_to_open_unless_that_is_compromised() {
        let (_room, keys) = room();
        let now = at("2026-03-01T10:00:00Z");
        let first = keys.of_day(now).unwrap();
        let second = keys.turn(now, false).unwrap();
        assert_ne!(second.id, first.id);
        assert_eq!(keys.of_day(now).unwrap().id, second.id);
        assert!(keys.secret(first.id).unwrap().is_some(), "what is under way opens");
        let third = keys.turn(now, true).unwrap();
        for id in [first.id, second.id] {
            assert!(keys.secret(id).unwrap().is_none(), "nothing opens by a key that was taken");
        }
        assert_eq!(keys.of_day(now).unwrap().id, third.id);
    }

    #[test]
    fn a_key_is_destroyed_once_its_horizon_has_passed_and_not_before() {
        let (room, keys) = room();
        let day = keys.of_day(at("2026-03-01T10:00:00Z")).unwrap();
        assert_eq!(keys.destroy_older(at("2026-03-15T23:59:59Z"), 14).unwrap(), 0);
        assert_eq!(keys.destroy_older(at("2026-03-16T00:00:00Z"), 14).unwrap(), 1);
        assert!(keys.secret(day.id).unwrap().is_none());
        let left: Vec<_> = std::fs::read_dir(room.path().join("transport"))
            .unwrap()
            .map(|e| e.unwrap().file_name())
            .collect();
        assert_eq!(left, [HOLD]);
    }
}
