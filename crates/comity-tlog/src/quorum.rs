//! Trust policies: which logs and witnesses count, and how many of them must have cosigned.
//!
//! ```text
//! log <vkey> [<url>]
//! witness <name> <vkey> [<url>]
//! group <name> <k|any|all> <name>...        members are defined above, each in one group at most
//! quorum <name|none>                        exactly once
//! # comment                                 items are separated by spaces and tabs
//! ```
//!
//! Names are opaque bytes that mean something in this file only.
//! Invariant: a member names something defined before it, so evaluating in order needs no recursion.
//! Source: C2SP tlog-policy.

use std::collections::{HashMap, HashSet};

use crate::checkpoint::SignedCheckpoint;
use crate::error::Error;
use crate::key::{SignatureType, VerifierKey};
use crate::note::SIGNATURES_MAX;
use crate::text::decimal;

/// A parsed policy: every name resolves, every threshold can be reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    logs: Vec<VerifierKey>,
    witnesses: Vec<PolicyWitness>,
    groups: Vec<Group>,
    quorum: Option<Member>,
}

/// A witness that a policy knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyWitness {
    /// Its name in the policy; bytes that are not UTF-8 are shown as replacement characters.
    pub name: String,
    /// Its key.
    pub key: VerifierKey,
    /// Where it can be reached, if the policy says so.
    pub url: Option<String>,
}

/// Who cosigned a checkpoint, and whether that is enough.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evaluation {
    /// The names of the witnesses with a valid cosignature and its time in seconds since 1970, in the policy's order.
    pub cosigned: Vec<(String, u64)>,
    /// Whether they make the quorum.
    pub satisfied: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Group {
    threshold: usize,
    members: Vec<Member>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Member {
    Witness(usize),
    Group(usize),
}

impl Policy {
    /// Reads a policy file.
    ///
    /// # Errors
    /// [`Error::Malformed`] with the line, or [`Error::TooLarge`].
    pub fn parse(file: &[u8]) -> Result<Self, Error> {
        if file.len() > POLICY_BYTES_MAX {
            return Err(Error::TooLarge { what: "policy bytes", length: file.len(), max: POLICY_BYTES_MAX });
        }
        let mut parser = Parser::default();
        let mut last = 0;
        for (offset, line) in file.split(|byte| *byte == b'\n').enumerate() {
            last = offset + 1;
            let malformed = |reason| Error::Malformed { what: "policy", line: last, reason };
            if line.iter().any(|byte| matches!(byte, 0..=8 | 10..=31 | 127)) {
                return Err(malformed("a control character other than tab"));
            }
            let items: Vec<&[u8]> =
                line.split(|byte| matches!(byte, b' ' | b'\t')).filter(|item| !item.is_empty()).collect();
            if items.first().is_some_and(|item| !item.starts_with(b"#")) {
                parser.line(&items).map_err(malformed)?;
            }
        }
        let no_quorum = Error::Malformed { what: "policy", line: last, reason: "no quorum line" };
        let quorum = parser.quorum.ok_or(no_quorum)?;
        Ok(Self { logs: parser.logs, witnesses: parser.witnesses, groups: parser.groups, quorum })
    }

    /// The logs whose checkpoints count; none if the log is known from elsewhere.
    pub fn logs(&self) -> &[VerifierKey] {
        &self.logs
    }

    /// The witnesses, whether or not the quorum asks for them.
    pub fn witnesses(&self) -> &[PolicyWitness] {
        &self.witnesses
    }

    /// False for `quorum none`, which every checkpoint satisfies.
    pub fn requires_witnesses(&self) -> bool {
        self.quorum.is_some()
    }

    /// That one of the policy's logs signed `checkpoint`.
    ///
    /// # Errors
    /// [`Error::NotSigned`] if none is of its origin or signed, [`Error::BadSignature`]: ignore the checkpoint.
    pub fn verify_log(&self, checkpoint: &SignedCheckpoint) -> Result<(), Error> {
        let origin = checkpoint.checkpoint().origin();
        checkpoint.note().verify(self.logs.iter().filter(|log| log.name() == origin)).map(drop)
    }

    /// Which witnesses cosigned `checkpoint`, and whether they are enough. Says nothing about the log's signature.
    ///
    /// # Errors
    /// [`Error::BadSignature`] if a cosignature by one of the witnesses does not verify: ignore the checkpoint.
    pub fn evaluate(&self, checkpoint: &SignedCheckpoint) -> Result<Evaluation, Error> {
        let verified = checkpoint.note().verify_any(self.witnesses.iter().map(|witness| &witness.key))?;
        let times: Vec<Option<u64>> = self
            .witnesses
            .iter()
            .map(|witness| verified.iter().find(|signature| *signature.key == witness.key)?.time)
            .collect();
        let mut witnessed_groups: Vec<bool> = Vec::with_capacity(self.groups.len());
        for group in &self.groups {
            let count =
                group.members.iter().filter(|member| member.witnessed(&times, &witnessed_groups)).count();
            witnessed_groups.push(count >= group.threshold);
        }
        let satisfied = self.quorum.is_none_or(|quorum| quorum.witnessed(&times, &witnessed_groups));
        let cosigned = self
            .witnesses
            .iter()
            .zip(&times)
            .filter_map(|(witness, time)| Some((witness.name.clone(), (*time)?)))
            .collect();
        Ok(Evaluation { cosigned, satisfied })
    }
}

impl Member {
    fn witnessed(self, times: &[Option<u64>], groups: &[bool]) -> bool {
        match self {
            Self::Witness(index) => times[index].is_some(),
            Self::Group(index) => groups[index],
        }
    }
}

#[derive(Default)]
struct Parser<'a> {
    logs: Vec<VerifierKey>,
    witnesses: Vec<PolicyWitness>,
    groups: Vec<Group>,
    names: HashMap<&'a [u8], Member>,
    grouped: HashSet<Member>,
    // The inner option is `none`.
    quorum: Option<Option<Member>>,
}

impl<'a> Parser<'a> {
    fn line(&mut self, items: &[&'a [u8]]) -> Result<(), &'static str> {
        match *items {
            [b"log", key, ref url @ ..] if url.len() <= 1 => self.log(key),
            [b"witness", name, key, ref url @ ..] if url.len() <= 1 => {
                self.witness(name, key, url.first().copied())
            }
            [b"group", name, threshold, ref members @ ..] => self.group(name, threshold, members),
            [b"quorum", name] => self.quorum(name),
            _ => Err("not a log, witness, group or quorum line"),
        }
    }

    fn log(&mut self, key: &[u8]) -> Result<(), &'static str> {
        let key = parse_key(key)?;
        if key.signature_type() == SignatureType::CosignatureV1 {
            return Err("a log's key cannot be of type 04");
        }
        if self.logs.iter().any(|log| log.public_key() == key.public_key()) {
            return Err("this log's key stands above already");
        }
        self.logs.push(key);
        within_limit(self.logs.len())
    }

    fn witness(&mut self, name: &'a [u8], key: &[u8], url: Option<&[u8]>) -> Result<(), &'static str> {
        let key = parse_key(key)?;
        if key.signature_type() == SignatureType::Ed25519 {
            return Err("a witness's key cannot be of type 01");
        }
        if self.witnesses.iter().any(|witness| witness.key.public_key() == key.public_key()) {
            return Err("this witness's key stands above already");
        }
        self.define(name, Member::Witness(self.witnesses.len()))?;
        let lossy = |bytes| String::from_utf8_lossy(bytes).into_owned();
        self.witnesses.push(PolicyWitness { name: lossy(name), key, url: url.map(lossy) });
        within_limit(self.witnesses.len())
    }

    fn group(&mut self, name: &'a [u8], threshold: &[u8], members: &[&[u8]]) -> Result<(), &'static str> {
        let members = members.iter().map(|name| self.member(name)).collect::<Result<Vec<_>, _>>()?;
        let threshold = match threshold {
            b"any" => 1,
            b"all" => members.len(),
            k => std::str::from_utf8(k)
                .ok()
                .and_then(decimal)
                .and_then(|k| usize::try_from(k).ok())
                .ok_or("a group's threshold is a number, any or all")?,
        };
        if threshold < 1 || threshold > members.len() {
            return Err("a group's threshold is from 1 to the number of its members");
        }
        self.define(name, Member::Group(self.groups.len()))?;
        self.groups.push(Group { threshold, members });
        within_limit(self.groups.len())
    }

    fn member(&mut self, name: &[u8]) -> Result<Member, &'static str> {
        let member = self.names.get(name).copied().ok_or("a member that no line above defines")?;
        if self.grouped.insert(member) { Ok(member) } else { Err("a member that is in a group already") }
    }

    fn quorum(&mut self, name: &[u8]) -> Result<(), &'static str> {
        if self.quorum.is_some() {
            return Err("a second quorum line");
        }
        let quorum = match name {
            NONE => None,
            name => Some(self.names.get(name).copied().ok_or("a quorum that no line above defines")?),
        };
        self.quorum = Some(quorum);
        Ok(())
    }

    fn define(&mut self, name: &'a [u8], member: Member) -> Result<(), &'static str> {
        if name == NONE {
            return Err("the name `none` is taken");
        }
        match self.names.insert(name, member) {
            None => Ok(()),
            Some(_) => Err("this name stands above already"),
        }
    }
}

fn parse_key(key: &[u8]) -> Result<VerifierKey, &'static str> {
    std::str::from_utf8(key).ok().and_then(|key| key.parse().ok()).ok_or("not a verifier key")
}

fn within_limit(count: usize) -> Result<(), &'static str> {
    if count > DEFINITIONS_MAX { Err("more than 64 of this kind") } else { Ok(()) }
}

const NONE: &[u8] = b"none";

/// The most logs, witnesses and groups, each: as many as a note can carry signatures, twice what is asked of
/// implementations.
const DEFINITIONS_MAX: usize = SIGNATURES_MAX;

/// The longest policy: 64 each of logs, witnesses and groups at 4 KiB a line (768 KiB), and comments.
pub const POLICY_BYTES_MAX: usize = 1024 * 1024;

#[cfg(test)]
mod tests;
