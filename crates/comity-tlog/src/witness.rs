//! Witnessing: from a submitted checkpoint to a cosignature, or to the refusal that tlog-witness prescribes.
//!
//! ```text
//! POST add-checkpoint                   answer
//! old 20852014                          200  signature lines
//! PlRNCrwHpqhGrupue0L7gxbjbMiKA9…       404  origin unknown           403  no trusted signature
//! (0 to 63 hashes)                      400  unreadable; old above size
//! <empty line>                          409  old is not our latest, or another root at the same size:
//! example.com/behind-the-sofa                our latest size, a newline, as text/x.tlog.size
//! 20852163                              422  the proof does not hold
//! …
//! ```
//!
//! Pure: the state of the log concerned comes in, the state to keep goes out.
//! INVARIANT: the caller replaces the state, compared with the one it gave, and makes it durable before it lets the
//! cosignature out. A witness that lost its state is retired, not restarted from nothing.
//! Source: C2SP tlog-witness.

use std::fmt;

use crate::checkpoint::SignedCheckpoint;
use crate::cosignature::CosigningKey;
use crate::error::Error;
use crate::key::VerifierKey;
use crate::merkle::{Hash, TreeSize, empty_root};
use crate::note::{NOTE_BYTES_MAX, SignatureLine};
use crate::proof::{ConsistencyProof, PROOF_HASHES_MAX};
use crate::text::decimal;

/// A request to cosign, as it travels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddCheckpoint {
    /// The size that the submitter believes to be our latest.
    pub old: TreeSize,
    /// From there to the checkpoint.
    pub proof: ConsistencyProof,
    /// What to cosign.
    pub checkpoint: SignedCheckpoint,
}

/// What a witness remembers of one log: the latest tree it cosigned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cosigned {
    /// Its size.
    pub size: TreeSize,
    /// Its root.
    pub root: Hash,
}

/// The answer to a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Keep `state` durably, then answer 200 with `line` and a newline.
    Cosign {
        /// What to remember of this log from now on.
        state: Cosigned,
        /// The cosignature.
        line: SignatureLine,
    },
    /// Answer the refusal; nothing changes.
    Refuse(Refusal),
}

/// Why a witness does not cosign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// 400: the old size is above the checkpoint's. Also for a body that does not parse.
    BadRequest,
    /// 403: not signed by a key trusted for this origin.
    Forbidden,
    /// 404: we do not witness this log.
    UnknownOrigin,
    /// 409: the old size is not our latest, or the root at our latest size is another: the log forked.
    Conflict {
        /// Our latest size.
        latest: TreeSize,
    },
    /// 422: the proof does not hold.
    Unproven,
}

/// Decides on a request for the log whose trusted keys are `log_keys` and whose latest cosigned tree is `state`.
///
/// No keys: the log is unknown. `now` is in seconds since 1970. See the invariant of this module on persisting.
pub fn add_checkpoint(
    state: &Cosigned,
    request: &AddCheckpoint,
    log_keys: &[VerifierKey],
    witness: &CosigningKey,
    now: u64,
) -> Outcome {
    match check(state, request, log_keys) {
        Ok(state) => Outcome::Cosign { state, line: witness.cosign(&request.checkpoint, now) },
        Err(refusal) => Outcome::Refuse(refusal),
    }
}

/// The checks in the order of the text; gives the new state.
fn check(state: &Cosigned, request: &AddCheckpoint, log_keys: &[VerifierKey]) -> Result<Cosigned, Refusal> {
    let checkpoint = request.checkpoint.checkpoint();
    let latest = state.size;
    let new = Cosigned { size: checkpoint.size(), root: checkpoint.root() };

    let mut of_origin = log_keys.iter().filter(|key| key.name() == checkpoint.origin()).peekable();
    if of_origin.peek().is_none() {
        return Err(Refusal::UnknownOrigin);
    }
    request.checkpoint.note().verify(of_origin).map_err(|_| Refusal::Forbidden)?;
    if request.old > new.size {
        return Err(Refusal::BadRequest);
    }
    if request.old != latest {
        return Err(Refusal::Conflict { latest });
    }
    if new.size == latest && new.root != state.root {
        return Err(Refusal::Conflict { latest });
    }
    request.proof.verify(latest, &state.root, new.size, &new.root).map_err(|_| Refusal::Unproven)?;
    Ok(new)
}

impl AddCheckpoint {
    /// Reads the body of a request.
    ///
    /// # Errors
    /// [`Error::Malformed`] or [`Error::TooLarge`]: answer 400.
    pub fn parse(body: &[u8]) -> Result<Self, Error> {
        let malformed = |line, reason| Error::Malformed { what: "add-checkpoint", line, reason };
        if body.len() > REQUEST_BYTES_MAX {
            return Err(Error::TooLarge {
                what: "request bytes",
                length: body.len(),
                max: REQUEST_BYTES_MAX,
            });
        }
        let text = std::str::from_utf8(body).map_err(|_| malformed(1, "not UTF-8"))?;
        let (head, checkpoint) = text.split_once("\n\n").ok_or(malformed(1, "no empty line"))?;
        let mut lines = head.split('\n');
        let old = lines
            .next()
            .and_then(|line| decimal(line.strip_prefix("old ")?))
            .ok_or(malformed(1, "not `old` and a size"))?;
        let hashes = lines
            .enumerate()
            .map(|(offset, line)| {
                Hash::from_base64(line).ok_or(malformed(2 + offset, "not the base64 of 32 bytes"))
            })
            .collect::<Result<_, _>>()?;
        Ok(Self {
            old: TreeSize(old),
            proof: ConsistencyProof::from_hashes(hashes)?,
            checkpoint: SignedCheckpoint::parse(checkpoint.as_bytes())?,
        })
    }
}

impl Cosigned {
    /// What a witness remembers of a log it never cosigned.
    pub fn nothing() -> Self {
        Self { size: TreeSize(0), root: empty_root() }
    }
}

impl Refusal {
    /// The HTTP status to answer.
    pub fn status(&self) -> u16 {
        match self {
            Self::BadRequest => 400,
            Self::Forbidden => 403,
            Self::UnknownOrigin => 404,
            Self::Conflict { .. } => 409,
            Self::Unproven => 422,
        }
    }

    /// The body to answer: for a conflict our latest size, of type [`SIZE_CONTENT_TYPE`].
    pub fn body(&self) -> String {
        format!("{self}\n")
    }
}

impl fmt::Display for AddCheckpoint {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "old {}", self.old)?;
        self.proof.hashes().iter().try_for_each(|hash| writeln!(out, "{hash}"))?;
        write!(out, "\n{}", self.checkpoint)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BadRequest => out.write_str("the old size is above the checkpoint's"),
            Self::Forbidden => out.write_str("not signed by a key trusted for this origin"),
            Self::UnknownOrigin => out.write_str("this log is not witnessed here"),
            Self::Conflict { latest } => latest.fmt(out),
            Self::Unproven => out.write_str("the consistency proof does not hold"),
        }
    }
}

/// The content type of a conflict's body.
pub const SIZE_CONTENT_TYPE: &str = "text/x.tlog.size";

/// The longest request: `old ` and a size (24 bytes), 63 hashes of 45 bytes (2,835), two newlines, a note.
pub const REQUEST_BYTES_MAX: usize = 24 + PROOF_HASHES_MAX * 45 + 2 + NOTE_BYTES_MAX;

#[cfg(test)]
mod tests;
