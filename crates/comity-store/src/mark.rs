//! The high-water mark: the largest tree that this gateway has signed, kept where no backup reaches.
//!
//! It lies beside the epoch keys, never with the database. A database restored from a backup is behind it, and
//! a log that appended there would sign two trees of one size.
//!
//! ```text
//! file    slot 0 (4096) | slot 1 (4096)          each mark goes into the slot that the last one is not in
//! slot    "comity/mark/1\n" | sequence u64 | size u64 | root [32] | time, ns, i128
//!         | length of origin u16 | origin | zeros | SHA-256 over all before it [32]
//! ```
//! Integers are big-endian. Invariant: one slot always holds the last mark whole, whatever is cut off while the
//! other is written; slots are as far apart as a disk's largest sector. The file never grows after it was made.
//! The nodes of one gateway share it: each locks it to write, and none puts the mark of a log back.

use comity_terms::{Digest, Timestamp};
use comity_tlog::{Hash, TreeSize};
use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;

/// The largest tree that was signed, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// The log.
    pub origin: String,
    /// How many entries the tree had.
    pub size: TreeSize,
    /// Its root.
    pub root: Hash,
    /// The latest instant at which anything was signed, UTC: the gateway's time never runs below it.
    pub time: Timestamp,
}

/// Where the mark is kept.
pub trait MarkFile: Send + 'static {
    /// The last mark that was written; `None` when none ever was.
    ///
    /// # Errors
    /// When it cannot be read or no part of it is whole; callers do not open the log.
    fn read(&mut self) -> io::Result<Option<Mark>>;

    /// Makes `mark` the last one. When it returns, a power cut does not undo it.
    ///
    /// # Errors
    /// When that is in doubt; callers stop appending.
    fn write(&mut self, mark: &Mark) -> io::Result<()>;
}

/// A mark in a file of two slots.
#[derive(Debug)]
pub struct FileMark {
    file: File,
    /// The sequence of the last mark; the slot it is in follows from it.
    sequence: u64,
}

impl FileMark {
    /// The mark in the file at `path`, which is made when there is none.
    ///
    /// # Errors
    /// When the file cannot be made or read; callers do not open the log.
    pub fn open(path: &Path) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(path)?;
        if file.metadata()?.len() < FILE_LENGTH {
            // Shorter only when its making was cut off: nothing was ever written into it. Its blocks are written, not
            // only announced, so that a disk that is full later has them.
            (&file).write_all(&[0; FILE_LENGTH as usize])?;
            file.sync_all()?;
            if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
                File::open(folder)?.sync_all()?;
            }
        }
        let mut mark = Self { file, sequence: 0 };
        mark.read()?;
        Ok(mark)
    }
}

impl MarkFile for FileMark {
    fn read(&mut self) -> io::Result<Option<Mark>> {
        let mut bytes = vec![0; FILE_LENGTH as usize];
        self.file.seek(SeekFrom::Start(0))?;
        self.file.read_exact(&mut bytes)?;
        let slots: Vec<&[u8]> = bytes.chunks_exact(SLOT_LENGTH).collect();
        let last = slots.iter().filter_map(|slot| decode(slot)).max_by_key(|(sequence, _)| *sequence);
        if last.is_none() && slots.iter().all(|slot| slot.iter().any(|byte| *byte != 0)) {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "both slots of the mark are damaged"));
        }
        self.sequence = last.as_ref().map_or(0, |(sequence, _)| *sequence);
        Ok(last.map(|(_, mark)| mark))
    }

    fn write(&mut self, mark: &Mark) -> io::Result<()> {
        self.file.lock()?;
        let written = self.write_locked(mark);
        self.file.unlock()?;
        written
    }
}

impl FileMark {
    fn write_locked(&mut self, mark: &Mark) -> io::Result<()> {
        let found = self.read()?.filter(|found| found.origin == mark.origin);
        let mut mark = mark.clone();
        if let Some(found) = found {
            if found.size == mark.size && found.root != mark.root {
                return Err(io::Error::other("another tree of this size was signed"));
            }
            if found.size > mark.size {
                // Another node has signed since.
                (mark.size, mark.root) = (found.size, found.root);
            }
            mark.time = mark.time.max(found.time);
            if mark == found {
                return Ok(());
            }
        }
        let sequence = self.sequence + 1;
        let slot = encode(sequence, &mark)?;
        self.file.seek(SeekFrom::Start(sequence % 2 * SLOT_LENGTH as u64))?;
        self.file.write_all(&slot)?;
        self.file.sync_data()?;
        self.sequence = sequence;
        Ok(())
    }
}

fn encode(sequence: u64, mark: &Mark) -> io::Result<Vec<u8>> {
    let origin = u16::try_from(mark.origin.len())
        .ok()
        .filter(|length| usize::from(*length) <= comity_tlog::ORIGIN_BYTES_MAX)
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "the origin is too long for a mark"))?;
    let mut slot = Vec::with_capacity(SLOT_LENGTH);
    slot.extend_from_slice(MAGIC);
    slot.extend(sequence.to_be_bytes());
    slot.extend(mark.size.0.to_be_bytes());
    slot.extend(mark.root.0);
    slot.extend(mark.time.as_nanosecond().to_be_bytes());
    slot.extend(origin.to_be_bytes());
    slot.extend_from_slice(mark.origin.as_bytes());
    slot.resize(SLOT_LENGTH - CHECKSUM_LENGTH, 0);
    let checksum = Digest::of(&slot);
    slot.extend(checksum.0);
    Ok(slot)
}

fn decode(slot: &[u8]) -> Option<(u64, Mark)> {
    let (content, checksum) = slot.split_last_chunk::<CHECKSUM_LENGTH>()?;
    if Digest::of(content).0 != *checksum {
        return None;
    }
    let rest = content.strip_prefix(MAGIC)?;
    let (sequence, rest) = rest.split_first_chunk()?;
    let (size, rest) = rest.split_first_chunk()?;
    let (root, rest) = rest.split_first_chunk()?;
    let (time, rest) = rest.split_first_chunk()?;
    let (length, rest) = rest.split_first_chunk()?;
    let origin = rest.get(..usize::from(u16::from_be_bytes(*length)))?;
    let mark = Mark {
        origin: String::from_utf8(origin.to_vec()).ok()?,
        size: TreeSize(u64::from_be_bytes(*size)),
        root: Hash(*root),
        time: Timestamp::from_nanosecond(i128::from_be_bytes(*time)).ok()?,
    };
    Some((u64::from_be_bytes(*sequence), mark))
}

const MAGIC: &[u8] = b"comity/mark/1\n";
const SLOT_LENGTH: usize = 4096;
const FILE_LENGTH: u64 = 2 * SLOT_LENGTH as u64;
const CHECKSUM_LENGTH: usize = 32;

#[cfg(test)]
mod tests;
