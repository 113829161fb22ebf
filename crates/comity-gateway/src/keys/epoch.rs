//! Epoch keys in files: one for each agreement, month of erasure and generation; sealed by a security module where
//! the operator names one. What was made before that stays as it is until its bucket ends, and takes nothing any more.
//!
//! Invariants: a key is durable before it is given; once a bucket is marked destroyed its key is never given
//! again, and no later bucket takes its number, also after a crash between the steps of destroying. Nodes of one gateway
//! share the files: at each use it is looked whether another has marked a key, or turned to the next one, since.
//! Destroying is: mark, destroy the module's key, overwrite, remove, forget; each step can be repeated.

use super::hsm::{self, Hsm, HsmError};
use super::{KeyError, listed};
use crate::clock::OsEntropy;
use crate::files;
use comity_terms::{Entropy, Month, PackSlug};
use comity_vault::{Bucket, EpochKey, EpochKeys};
use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use zeroize::Zeroizing;

/// The epoch keys under one directory, kept in memory once read.
pub struct FileEpochKeys {
    root: PathBuf,
    module: Option<Arc<Hsm>>,
    entropy: Box<dyn Entropy + Send>,
    known: Mutex<BTreeMap<Bucket, EpochKey>>,
    current: BTreeMap<(PackSlug, Month), Bucket>,
    dry: bool,
}

impl FileEpochKeys {
    /// The keys under `root`, which is `KEYS/epoch`; new ones drawn from the operating system's randomness, and sealed by
    /// `module` where there is one.
    #[must_use]
    pub fn new(root: PathBuf, module: Option<Arc<Hsm>>) -> Self {
        Self::with_entropy(root, module, Box::new(OsEntropy))
    }

    /// As [`new`](Self::new), drawing from `entropy`.
    #[must_use]
    pub fn with_entropy(root: PathBuf, module: Option<Arc<Hsm>>, entropy: Box<dyn Entropy + Send>) -> Self {
        Self { root, module, entropy, known: Mutex::default(), current: BTreeMap::new(), dry: false }
    }

    /// The same keys for a dry run: one that it draws is in memory alone, and none is destroyed.
    #[must_use]
    pub fn dry(&self) -> Self {
        Self { dry: true, ..Self::new(self.root.clone(), self.module.clone()) }
    }

    fn path(&self, bucket: &Bucket) -> PathBuf {
        let Bucket { agreement, month, generation } = bucket;
        self.root.join(agreement.as_str()).join(format!("{}.{generation}", month.number()))
    }

    fn marker(&self, bucket: &Bucket) -> PathBuf {
        let mut path = self.path(bucket).into_os_string();
        path.push(DESTROYED);
        path.into()
    }

    /// The highest generation that a month has had, and whether its key is destroyed.
    fn newest(&self, agreement: &PackSlug, month: Month) -> Result<Option<(u32, bool)>, KeyError> {
        let prefix = format!("{}.", month.number());
        let mut newest: Option<(u32, bool)> = None;
        for name in listed(&self.root.join(agreement.as_str()))? {
            let Some(rest) = name.to_str().and_then(|name| name.strip_prefix(&prefix)) else { continue };
            let (number, destroyed) = match rest.strip_suffix(DESTROYED) {
                Some(number) => (number, true),
                None => (rest, false),
            };
            // Drafts of a crashed creation are no generations.
            let Ok(generation) = number.parse() else { continue };
            // A marker beside the key itself counts: destroying had begun.
            newest = newest.max(Some((generation, destroyed)));
        }
        Ok(newest)
    }

    fn create(&mut self, bucket: &Bucket) -> Result<EpochKey, KeyError> {
        let key = EpochKey::draw(&mut *self.entropy);
        if self.dry {
            return Ok(key);
        }
        let path = self.path(bucket);
        files::create_directory(path.parent().unwrap_or(&self.root))?;
        // A name of its own: another node of this gateway may be making the same key.
        let mut tag = [0; 4];
        self.entropy.fill(&mut tag);
        let draft = path.with_added_extension(format!("{:08x}.draft", u32::from_be_bytes(tag)));
        let kept = match &self.module {
            Some(module) => Zeroizing::new(module.seal(&key, &bucket.to_string(), &mut *self.entropy)?),
            None => Zeroizing::new(key.dangerous_bytes().to_vec()),
        };
        match files::create_atomically(&path, &draft, &kept) {
            Ok(()) => Ok(key),
            Err(error) if error.source.kind() == std::io::ErrorKind::AlreadyExists => {
                files::remove(&draft)?;
                self.unseal(bucket, &kept)?;
                self.get(bucket)?.ok_or_else(|| KeyError::Generations(bucket.to_string()))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Whether the bucket's key is plain though there is a module: what is sealed from now on goes under the next one.
    fn is_outside(&self, bucket: &Bucket) -> Result<bool, KeyError> {
        if self.module.is_none() {
            return Ok(false);
        }
        let kept = files::read(&self.path(bucket), hsm::SEALED_LENGTH)?.map(Zeroizing::new);
        Ok(kept.is_some_and(|kept| kept.len() != hsm::SEALED_LENGTH))
    }

    /// The key in the bucket's file; `None` if there is no such file.
    fn read(&self, bucket: &Bucket) -> Result<Option<EpochKey>, KeyError> {
        let path = self.path(bucket);
        let Some(kept) = files::read(&path, hsm::SEALED_LENGTH)?.map(Zeroizing::new) else { return Ok(None) };
        if let Ok(plain) = <[u8; 32]>::try_from(&kept[..]) {
            return Ok(Some(EpochKey::from_bytes(&Zeroizing::new(plain))));
        }
        if kept.len() != hsm::SEALED_LENGTH {
            return Err(KeyError::Length { path, found: kept.len() });
        }
        let bucket = bucket.to_string();
        let module = self.module.as_ref().ok_or_else(|| HsmError::NotNamed(bucket.clone()))?;
        Ok(Some(EpochKey::from_bytes(&module.open_sealed(&kept, &bucket)?)))
    }

    /// Destroys what the module keeps for a file that holds `kept`.
    fn unseal(&self, bucket: &Bucket, kept: &[u8]) -> Result<(), KeyError> {
        if kept.len() != hsm::SEALED_LENGTH {
            return Ok(());
        }
        let module = self.module.as_ref().ok_or_else(|| HsmError::NotNamed(bucket.to_string()))?;
        Ok(module.destroy(kept)?)
    }

    /// Whether the key after this one was made.
    fn is_followed(&self, bucket: &Bucket) -> Result<bool, KeyError> {
        let Some(generation) = bucket.generation.checked_add(1) else { return Ok(false) };
        let next = Bucket { generation, ..bucket.clone() };
        Ok(files::is_there(&self.path(&next))? || files::is_there(&self.marker(&next))?)
    }

    fn known(&self) -> std::sync::MutexGuard<'_, BTreeMap<Bucket, EpochKey>> {
        // A poisoned lock still holds keys that are on disk.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl EpochKeys for FileEpochKeys {
    type Error = KeyError;

    fn current(&mut self, agreement: &PackSlug, month: Month) -> Result<(Bucket, EpochKey), KeyError> {
        let place = (agreement.clone(), month);
        if let Some(bucket) = self.current.get(&place).cloned()
            && !self.is_followed(&bucket)?
            && let Some(key) = self.get(&bucket)?
        {
            return Ok((bucket, key));
        }
        self.current.remove(&place);
        let newest = self.newest(agreement, month)?;
        let bucket = |generation| Bucket { agreement: agreement.clone(), month, generation };
        let (bucket, key) = match newest {
            Some((generation, false)) if !self.is_outside(&bucket(generation))? => {
                let bucket = bucket(generation);
                let key = self.get(&bucket)?.ok_or_else(|| KeyError::Generations(bucket.to_string()))?;
                (bucket, key)
            }
            before => {
                let next = before.map_or(Some(1), |(generation, _)| generation.checked_add(1));
                let bucket =
                    bucket(next.ok_or_else(|| KeyError::Generations(format!("{agreement} {month}")))?);
                let key = self.create(&bucket)?;
                (bucket, key)
            }
        };
        self.known().insert(bucket.clone(), key.clone());
        self.current.insert(place, bucket.clone());
        Ok((bucket, key))
    }

    fn get(&self, bucket: &Bucket) -> Result<Option<EpochKey>, KeyError> {
        if files::is_there(&self.marker(bucket))? {
            self.known().remove(bucket);
            return Ok(None);
        }
        if let Some(key) = self.known().get(bucket) {
            return Ok(Some(key.clone()));
        }
        let key = self.read(bucket)?;
        if let Some(key) = &key {
            self.known().insert(bucket.clone(), key.clone());
        }
        Ok(key)
    }

    fn turn(&mut self, bucket: &Bucket) -> Result<(Bucket, EpochKey), KeyError> {
        let (current, key) = self.current(&bucket.agreement, bucket.month)?;
        if current.generation > bucket.generation {
            return Ok((current, key));
        }
        let generation = bucket.generation.checked_add(1);
        let generation = generation.ok_or_else(|| KeyError::Generations(bucket.to_string()))?;
        let next = Bucket { generation, ..bucket.clone() };
        let key = self.create(&next)?;
        self.known().insert(next.clone(), key.clone());
        self.current.insert((next.agreement.clone(), next.month), next.clone());
        Ok((next, key))
    }

    fn is_destroyed(&self, bucket: &Bucket) -> Result<bool, KeyError> {
        Ok(files::is_there(&self.marker(bucket))?)
    }

    fn buckets(&self) -> Result<Vec<Bucket>, KeyError> {
        let mut buckets = Vec::new();
        for folder in listed(&self.root)? {
            let Some(agreement) = folder.to_str().and_then(|name| PackSlug::new(name).ok()) else { continue };
            for name in listed(&self.root.join(agreement.as_str()))? {
                // Markers and drafts do not read as a generation; what a marker stands beside still does.
                let Some((month, generation)) = name.to_str().and_then(|name| name.split_once('.')) else {
                    continue;
                };
                let month = month.parse().ok().and_then(Month::from_number);
                let (Some(month), Ok(generation)) = (month, generation.parse()) else { continue };
                buckets.push(Bucket { agreement: agreement.clone(), month, generation });
            }
        }
        buckets.sort();
        Ok(buckets)
    }

    fn destroy(&mut self, bucket: &Bucket) -> Result<(), KeyError> {
        if self.dry {
            return Ok(());
        }
        let marker = self.marker(bucket);
        files::create_directory(marker.parent().unwrap_or(&self.root))?;
        if !files::is_there(&marker)? {
            match files::create(&marker, b"") {
                // Another node destroys it too.
                Err(error) if error.source.kind() == std::io::ErrorKind::AlreadyExists => {}
                created => created?,
            }
        }
        self.known().remove(bucket);
        self.current.retain(|_, current| current != bucket);
        let path = self.path(bucket);
        if let Some(kept) = files::read(&path, hsm::SEALED_LENGTH)? {
            self.unseal(bucket, &kept)?;
        }
        Ok(files::destroy(&path)?)
    }
}

impl fmt::Debug for FileEpochKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "epoch keys under {}, {} in memory", self.root.display(), self.known().len())
    }
}

const DESTROYED: &str = ".destroyed";

#[cfg(test)]
mod tests {
    use super::*;

    fn pact() -> PackSlug {
        PackSlug::new("pact-1.0").unwrap()
    }

    fn march() -> Month {
        Month::new(2027, 3).unwrap()
    }

    fn room() -> (tempfile::TempDir, FileEpochKeys) {
        let room = tempfile::tempdir().unwrap();
        let keys = FileEpochKeys::new(room.path().join("epoch"), None);
        (room, keys)
    }

    #[test]
    fn a_key_is_on_disk_before_it_is_given() {
        let (room, mut keys) = room();
        let (bucket, key) = keys.current(&pact(), march()).unwrap();
        let file = room.path().join("epoch/pact-1.0/202703.1");
        assert_eq!(std::fs::read(file).unwrap(), key.dangerous_bytes());
        let reopened = FileEpochKeys::new(room.path().join("epoch"), None);
        assert_eq!(reopened.get(&bucket).unwrap().unwrap().dangerous_bytes(), key.dangerous_bytes());
    }

    #[test]
    fn a_month_keeps_its_key_and_months_do_not_share() {
        let (room, mut keys) = room();
        let (bucket, key) = keys.current(&pact(), march()).unwrap();
        let mut reopened = FileEpochKeys::new(room.path().join("epoch"), None);
        let (again, same) = reopened.current(&pact(), march()).unwrap();
        assert_eq!((again, same.dangerous_bytes()), (bucket, key.dangerous_bytes()));
        let (_, other) = keys.current(&pact(), Month::new(2027, 4).unwrap()).unwrap();
        assert_ne!(other.dangerous_bytes(), key.dangerous_bytes());
    }

    #[test]
    fn a_destroyed_key_is_gone_and_its_number_is_not_used_again() {
        let (room, mut keys) = room();
        let (first, _) = keys.current(&pact(), march()).unwrap();
        keys.destroy(&first).unwrap();
        keys.destroy(&first).unwrap();
        assert!(keys.get(&first).unwrap().is_none());
        assert!(!room.path().join("epoch/pact-1.0/202703.1").exists());
        let mut reopened = FileEpochKeys::new(room.path().join("epoch"), None);
        let (second, _) = reopened.current(&pact(), march()).unwrap();
        assert_eq!(second.generation, first.generation + 1);
    }

    #[test]
    fn a_crash_after_the_mark_still_destroys() {
        let (room, mut keys) = room();
        let (bucket, _) = keys.current(&pact(), march()).unwrap();
        std::fs::write(room.path().join("epoch/pact-1.0/202703.1.destroyed"), b"").unwrap();
        let mut reopened = FileEpochKeys::new(room.path().join("epoch"), None);
        assert!(reopened.get(&bucket).unwrap().is_none());
        assert_eq!(reopened.current(&pact(), march()).unwrap().0.generation, 2);
        reopened.destroy(&bucket).unwrap();
        assert!(!room.path().join("epoch/pact-1.0/202703.1").exists());
    }

    #[test]
    fn turning_gives_the_next_generation_once_and_destroys_nothing() {
        let (room, mut keys) = room();
        let (first, old) = keys.current(&pact(), march()).unwrap();
        let (second, new) = keys.turn(&first).unwrap();
        assert_eq!(second.generation, first.generation + 1);
        assert_eq!(keys.turn(&first).unwrap().0, second, "a crash after turning turns no further");
        let mut reopened = FileEpochKeys::new(room.path().join("epoch"), None);
        assert_eq!(reopened.current(&pact(), march()).unwrap().0, second);
        assert_eq!(reopened.get(&first).unwrap().unwrap().dangerous_bytes(), old.dangerous_bytes());
        assert_ne!(new.dangerous_bytes(), old.dangerous_bytes());
        reopened.destroy(&first).unwrap();
        assert_eq!(reopened.buckets().unwrap(), std::slice::from_ref(&second));
        assert_eq!(
            reopened.current(&pact(), march()).unwrap().0,
            second,
            "the older one's end is not its own"
        );
    }

    #[test]
    fn what_one_node_destroys_or_turns_no_other_uses_any_more() {
        let (room, mut one) = room();
        let mut other = FileEpochKeys::new(room.path().join("epoch"), None);
        let (first, _) = one.current(&pact(), march()).unwrap();
        assert_eq!(other.current(&pact(), march()).unwrap().0, first);
        let (second, _) = one.turn(&first).unwrap();
        assert_eq!(other.current(&pact(), march()).unwrap().0, second, "a record goes under the next one");
        assert!(other.get(&first).unwrap().is_some(), "what is held still opens");
        one.destroy(&first).unwrap();
        assert!(other.get(&first).unwrap().is_none());
        one.destroy(&second).unwrap();
        assert!(other.get(&second).unwrap().is_none());
        assert_eq!(other.current(&pact(), march()).unwrap().0.generation, 3);
        other.destroy(&second).unwrap();
    }

    #[test]
    fn a_destruction_that_broke_off_is_still_listed() {
        let (room, mut keys) = room();
        let (bucket, _) = keys.current(&pact(), march()).unwrap();
        std::fs::write(room.path().join("epoch/pact-1.0/202703.1.destroyed"), b"").unwrap();
        assert_eq!(keys.buckets().unwrap(), std::slice::from_ref(&bucket));
        keys.destroy(&bucket).unwrap();
        assert_eq!(keys.buckets().unwrap(), []);
        assert!(keys.is_destroyed(&bucket).unwrap());
        let never = Bucket { generation: 7, ..bucket };
        assert!(!keys.is_destroyed(&never).unwrap(), "what never was is no destruction");
    }

    #[test]
    fn a_damaged_file_is_an_error_and_not_an_absence() {
        let (room, mut keys) = room();
        let (bucket, _) = keys.current(&pact(), march()).unwrap();
        std::fs::write(room.path().join("epoch/pact-1.0/202703.1"), b"short").unwrap();
        let reopened = FileEpochKeys::new(room.path().join("epoch"), None);
        assert!(matches!(reopened.get(&bucket), Err(KeyError::Length { found: 5, .. })));
    }

    #[test]
    fn a_dry_run_draws_nothing_that_stays_and_reads_what_is_there() {
        let (room, mut keys) = room();
        let (march_key, april) = (keys.current(&pact(), march()).unwrap(), Month::new(2027, 4).unwrap());
        let mut dry = keys.dry();
        let (bucket, key) = dry.current(&pact(), march()).unwrap();
        assert_eq!((&bucket, key.dangerous_bytes()), (&march_key.0, march_key.1.dangerous_bytes()));
        let (drawn, key) = dry.current(&pact(), april).unwrap();
        assert_eq!(dry.current(&pact(), april).unwrap().1.dangerous_bytes(), key.dangerous_bytes());
        assert_eq!(dry.get(&drawn).unwrap().unwrap().dangerous_bytes(), key.dangerous_bytes());
        dry.destroy(&bucket).unwrap();
        assert_eq!(keys.buckets().unwrap(), [bucket]);
        assert_eq!(std::fs::read_dir(room.path().join("epoch/pact-1.0")).unwrap().count(), 1);
    }

    #[test]
    fn debug_tells_no_key() {
        let (_room, mut keys) = room();
        keys.current(&pact(), march()).unwrap();
        assert!(format!("{keys:?}").ends_with("1 in memory"));
    }
}
