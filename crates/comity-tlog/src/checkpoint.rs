//! Checkpoints: a log's signed word that it has so many entries and this root.
//!
//! ```text
//! example.com/behind-the-sofa                        origin: which log
//! 20852163                                           size
//! CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=       root
//! <extension lines, none of ours>
//!
//! — example.com/behind-the-sofa Az3grlgt…            the log, then any witnesses
//! ```
//!
//! The key that verifies a checkpoint is named as its origin: a log signs for itself only.
//! Source: C2SP tlog-checkpoint.

use std::fmt;

use crate::error::Error;
use crate::key::{SigningKey, VerifierKey};
use crate::merkle::{Hash, TreeSize};
use crate::note::{Note, SignatureLine};
use crate::text::decimal;

/// What a checkpoint says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    origin: String,
    size: TreeSize,
    root: Hash,
    extensions: Vec<String>,
}

/// A checkpoint with its signatures, as published. Nothing of it is verified until a method named so says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedCheckpoint {
    checkpoint: Checkpoint,
    note: Note,
}

impl Checkpoint {
    /// The checkpoint of the log `origin` with `size` entries.
    ///
    /// # Errors
    /// [`Error::Invalid`] if the origin is empty, too long or has control characters, or the size is above
    /// [`TreeSize::MAX`].
    pub fn new(origin: &str, size: TreeSize, root: Hash) -> Result<Self, Error> {
        let invalid = |what, reason| Err(Error::Invalid { what, reason });
        if origin.is_empty() || origin.len() > ORIGIN_BYTES_MAX || origin.chars().any(|c| c < ' ') {
            return invalid("origin", "it is empty, longer than 1,024 bytes or has a control character");
        }
        if size > TreeSize::MAX {
            return invalid("tree size", "it is above 2^63 - 1");
        }
        Ok(Self { origin: origin.to_owned(), size, root, extensions: Vec::new() })
    }

    /// Reads the text of a note.
    ///
    /// # Errors
    /// [`Error::Malformed`] for anything but the one spelling.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let malformed = |line, reason| Error::Malformed { what: "checkpoint", line, reason };
        let mut lines = text.strip_suffix('\n').ok_or(malformed(1, "no newline at the end"))?.split('\n');
        let mut line = |number, reason| lines.next().ok_or(malformed(number, reason));
        let origin = line(1, "no origin")?;
        let size = line(2, "no tree size")?;
        let root = line(3, "no root hash")?;
        let size = decimal(size).ok_or(malformed(2, "tree size not a plain decimal below 2^63"))?;
        let root = Hash::from_base64(root).ok_or(malformed(3, "root not the base64 of 32 bytes"))?;
        let mut checkpoint =
            Self::new(origin, TreeSize(size), root).map_err(|_| malformed(1, "not an origin"))?;
        for (offset, extension) in lines.enumerate() {
            if extension.is_empty() {
                return Err(malformed(4 + offset, "an empty extension line"));
            }
            checkpoint.extensions.push(extension.to_owned());
        }
        Ok(checkpoint)
    }

    /// Which log.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// How many entries.
    pub fn size(&self) -> TreeSize {
        self.size
    }

    /// The root of their tree.
    pub fn root(&self) -> Hash {
        self.root
    }

    /// Lines after the third, whose meaning is the log's own.
    pub fn extensions(&self) -> &[String] {
        &self.extensions
    }
}

impl SignedCheckpoint {
    /// Signs `checkpoint` for the log.
    ///
    /// # Errors
    /// [`Error::Origin`] if the key is not the origin's.
    pub fn sign(checkpoint: Checkpoint, key: &SigningKey) -> Result<Self, Error> {
        checkpoint.check_origin(key.verifier_key())?;
        let mut note = Note::new(checkpoint.to_string())?;
        note.add(key.sign(note.text()));
        Ok(Self { checkpoint, note })
    }

    /// Reads a checkpoint without verifying it: see [`open`](Self::open).
    ///
    /// # Errors
    /// [`Error::Malformed`] or [`Error::TooLarge`].
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        let note = Note::parse(bytes)?;
        let checkpoint = Checkpoint::parse(note.text())?;
        Ok(Self { checkpoint, note })
    }

    /// Reads a checkpoint and verifies that the log with this key signed it.
    ///
    /// # Errors
    /// As [`parse`](Self::parse) and [`verify`](Self::verify).
    pub fn open(bytes: &[u8], log: &VerifierKey) -> Result<Self, Error> {
        let signed = Self::parse(bytes)?;
        signed.verify(log)?;
        Ok(signed)
    }

    /// That the log with this key signed it.
    ///
    /// # Errors
    /// [`Error::Origin`], [`Error::NotSigned`] or [`Error::BadSignature`]: ignore the checkpoint.
    pub fn verify(&self, log: &VerifierKey) -> Result<(), Error> {
        self.checkpoint.check_origin(log)?;
        self.note.verify([log]).map(drop)
    }

    /// What it says.
    pub fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// Text and signature lines as they stand.
    pub fn note(&self) -> &Note {
        &self.note
    }

    /// Adds a signature line without verifying it.
    pub fn add(&mut self, line: SignatureLine) {
        self.note.add(line);
    }

    /// Adds the cosignatures of a witness's answer that are by one of `witnesses`, and gives how many there are.
    /// Lines by unknown keys are ignored.
    ///
    /// # Errors
    /// [`Error::Malformed`], [`Error::TooLarge`], or [`Error::BadSignature`] if one does not verify: nothing is added.
    pub fn add_answer(&mut self, answer: &[u8], witnesses: &[VerifierKey]) -> Result<usize, Error> {
        let answered = Note::parse(&[self.note.text().as_bytes(), b"\n", answer].concat())?;
        if answered.text() != self.note.text() {
            // An empty line in the answer would move the end of what is verified.
            return Err(Error::Malformed { what: "answer", line: 1, reason: "not signature lines alone" });
        }
        answered.verify_any(witnesses)?;
        let known = |line: &&SignatureLine| witnesses.iter().any(|key| key.claims(line));
        let cosignatures: Vec<&SignatureLine> = answered.signatures().iter().filter(known).collect();
        cosignatures.iter().for_each(|line| self.note.add((*line).clone()));
        Ok(cosignatures.len())
    }
}

impl Checkpoint {
    fn check_origin(&self, key: &VerifierKey) -> Result<(), Error> {
        if self.origin == key.name() {
            return Ok(());
        }
        Err(Error::Origin { expected: key.name().to_owned(), found: self.origin.clone() })
    }
}

impl fmt::Display for Checkpoint {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "{}\n{}\n{}", self.origin, self.size, self.root)?;
        self.extensions.iter().try_for_each(|line| writeln!(out, "{line}"))
    }
}

impl fmt::Display for SignedCheckpoint {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.note.fmt(out)
    }
}

/// The longest origin: that of a key name, since the log's key carries it.
pub const ORIGIN_BYTES_MAX: usize = crate::key::NAME_BYTES_MAX;

#[cfg(test)]
mod tests;
