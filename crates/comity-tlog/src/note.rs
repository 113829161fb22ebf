//! Signed notes: a text and the signatures under it.
//!
//! ```text
//! text, one or more lines, may have empty ones
//! <empty line: the last one of the note>
//! — name base64(key id (4 bytes) || signature)        one or more; "— " is U+2014 and a space
//! ```
//!
//! Unknown keys are ignored. A known key's signature must verify, or the whole note is rejected; at least one must
//! be there. A key that signed twice counts once.
//! Leaves what the text says to `checkpoint`.
//! Source: C2SP signed-note.

use std::fmt;

use crate::cosignature;
use crate::error::Error;
use crate::key::{NAME_BYTES_MAX, SignatureType, VerifierKey, check_name};
use crate::text::{base64_decode, base64_encode};

/// A text with signature lines that nobody has verified yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    text: String,
    signatures: Vec<SignatureLine>,
}

/// One signature line.
#[derive(Clone, PartialEq, Eq)]
pub struct SignatureLine {
    name: String,
    key_id: [u8; 4],
    signature: Vec<u8>,
}

/// A known key that did sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VerifiedSignature<'k> {
    /// The key.
    pub key: &'k VerifierKey,
    /// When, in seconds since 1970, for a cosignature; the latest if it signed several times.
    pub time: Option<u64>,
}

impl Note {
    /// A note of `text`, not signed yet.
    ///
    /// # Errors
    /// [`Error::Malformed`] if the text does not end in a newline or has other control characters;
    /// [`Error::TooLarge`] above the bound of a note.
    pub fn new(text: String) -> Result<Self, Error> {
        check_text(&text)?;
        Ok(Self { text, signatures: Vec::new() })
    }

    /// Reads a note. Its text means nothing until [`verify`](Self::verify).
    ///
    /// # Errors
    /// [`Error::Malformed`] or [`Error::TooLarge`].
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        if bytes.len() > NOTE_BYTES_MAX {
            return Err(Error::TooLarge { what: "note bytes", length: bytes.len(), max: NOTE_BYTES_MAX });
        }
        let note = std::str::from_utf8(bytes).map_err(|_| malformed(1, "not UTF-8"))?;
        check_text(note)?;
        let (text, lines) = match note.rfind("\n\n") {
            Some(end) => (&note[..=end], &note[end + 2..]),
            None => return Err(malformed(1, "no empty line before signatures")),
        };
        if lines.is_empty() {
            return Err(malformed(text.lines().count() + 2, "no signature after the empty line"));
        }
        let count = lines.lines().count();
        if count > SIGNATURES_MAX {
            return Err(Error::TooLarge { what: "signatures", length: count, max: SIGNATURES_MAX });
        }
        let first_line = text.lines().count() + 2;
        let signatures = lines
            .lines()
            .enumerate()
            .map(|(offset, line)| SignatureLine::parse_at(line, first_line + offset))
            .collect::<Result<_, _>>()?;
        Ok(Self { text: text.to_owned(), signatures })
    }

    /// The text, with its final newline.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The signature lines, in order.
    pub fn signatures(&self) -> &[SignatureLine] {
        &self.signatures
    }

    /// Adds a signature line, unless it is there already. Lines beyond [`SIGNATURES_MAX`] are not added.
    pub fn add(&mut self, line: SignatureLine) {
        if self.signatures.len() < SIGNATURES_MAX && !self.signatures.contains(&line) {
            self.signatures.push(line);
        }
    }

    /// Which of `keys` signed, each once, in the order of their first signature.
    ///
    /// # Errors
    /// [`Error::BadSignature`] if any signature by one of `keys` does not verify, [`Error::NotSigned`] if there is
    /// none: ignore the note.
    pub fn verify<'k>(
        &self,
        keys: impl IntoIterator<Item = &'k VerifierKey>,
    ) -> Result<Vec<VerifiedSignature<'k>>, Error> {
        let verified = self.verify_any(keys)?;
        if verified.is_empty() { Err(Error::NotSigned) } else { Ok(verified) }
    }

    /// As [`verify`](Self::verify), where it may be that none signed: a quorum counts what is there.
    pub(crate) fn verify_any<'k>(
        &self,
        keys: impl IntoIterator<Item = &'k VerifierKey>,
    ) -> Result<Vec<VerifiedSignature<'k>>, Error> {
        let keys: Vec<&VerifierKey> = keys.into_iter().collect();
        let mut verified: Vec<VerifiedSignature<'k>> = Vec::new();
        for line in &self.signatures {
            let Some(key) = keys.iter().copied().find(|key| key.claims(line)) else { continue };
            let time = line.verify(key, &self.text)?;
            match verified.iter_mut().find(|earlier| earlier.key == key) {
                Some(earlier) => earlier.time = earlier.time.max(time),
                None => verified.push(VerifiedSignature { key, time }),
            }
        }
        Ok(verified)
    }
}

impl SignatureLine {
    /// The line that `key`'s holder puts under a note.
    pub(crate) fn new(key: &VerifierKey, signature: Vec<u8>) -> Self {
        Self { name: key.name().to_owned(), key_id: key.id(), signature }
    }

    /// Reads one line, without its newline, as a witness answers it.
    ///
    /// # Errors
    /// [`Error::Malformed`].
    pub fn parse(line: &str) -> Result<Self, Error> {
        Self::parse_at(line, 1)
    }

    fn parse_at(line: &str, number: usize) -> Result<Self, Error> {
        let (name, encoded) = line
            .strip_prefix(DASH)
            .and_then(|rest| rest.split_once(' '))
            .ok_or(malformed(number, "not an em dash, a name and base64"))?;
        if check_name(name).is_err() {
            return Err(malformed(number, "not a key name"));
        }
        if encoded.len() > SIGNATURE_BASE64_MAX {
            return Err(malformed(number, "signature too long"));
        }
        let bytes = base64_decode(encoded).ok_or(malformed(number, "signature not in standard base64"))?;
        match bytes.split_first_chunk::<4>() {
            Some((key_id, signature)) if !signature.is_empty() => {
                Ok(Self { name: name.to_owned(), key_id: *key_id, signature: signature.to_vec() })
            }
            _ => Err(malformed(number, "signature of fewer than 5 bytes")),
        }
    }

    /// The name of the key that is said to have signed.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The id of the key that is said to have signed.
    pub fn key_id(&self) -> [u8; 4] {
        self.key_id
    }

    /// Verifies by the key that the line claims; gives the time of a cosignature.
    fn verify(&self, key: &VerifierKey, text: &str) -> Result<Option<u64>, Error> {
        let verified = match key.signature_type() {
            SignatureType::Ed25519 => key.verify_ed25519(text.as_bytes(), &self.signature).then_some(None),
            SignatureType::CosignatureV1 => cosignature::verify(key, text, &self.signature).map(Some),
            SignatureType::Unsupported(_) => None,
        };
        verified.ok_or_else(|| Error::BadSignature { name: self.name.clone() })
    }
}

impl fmt::Display for Note {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "{}", self.text)?;
        self.signatures.iter().try_for_each(|line| writeln!(out, "{line}"))
    }
}

impl fmt::Display for SignatureLine {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = [&self.key_id[..], &self.signature].concat();
        write!(out, "{DASH}{} {}", self.name, base64_encode(&bytes))
    }
}

impl fmt::Debug for SignatureLine {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "SignatureLine({self})")
    }
}

fn check_text(text: &str) -> Result<(), Error> {
    if text.len() > NOTE_BYTES_MAX {
        return Err(Error::TooLarge { what: "note bytes", length: text.len(), max: NOTE_BYTES_MAX });
    }
    if let Some(at) = text.bytes().position(|byte| byte < b' ' && byte != b'\n') {
        let line = 1 + text.as_bytes()[..at].iter().filter(|byte| **byte == b'\n').count();
        return Err(malformed(line, "a control character"));
    }
    if !text.ends_with('\n') {
        return Err(malformed(text.lines().count().max(1), "no newline at the end"));
    }
    Ok(())
}

fn malformed(line: usize, reason: &'static str) -> Error {
    Error::Malformed { what: "note", line, reason }
}

/// What a signature line begins with.
const DASH: &str = "\u{2014} ";

/// The most signatures on a note: four times what every verifier must accept.
pub const SIGNATURES_MAX: usize = 64;

/// The longest signature in base64: post-quantum ones have up to nearly 5,000 bytes, 4/3 of that and slack.
const SIGNATURE_BASE64_MAX: usize = 8 * 1024;

/// The longest note: 64 lines of a dash, a name, a space, a signature and a newline (64 * 9,221 = 590,144 bytes),
/// and 64 KiB of text.
pub const NOTE_BYTES_MAX: usize =
    SIGNATURES_MAX * (DASH.len() + NAME_BYTES_MAX + 1 + SIGNATURE_BASE64_MAX + 1) + 64 * 1024;

#[cfg(test)]
mod tests;
