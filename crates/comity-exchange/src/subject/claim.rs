//! What a person states: what they ask, by what they are known, and what they say about it.
//!
//! ```json
//! {"identifiers":[{"kind":"email","value":"mari@example.ee"},{"kind":"name","value":"Mari Kask"}],
//!  "corrections":[{"kind":"name","was":"Mari Kaks","is":"Mari Kask"}],"text":"…"}
//! ```

use comity_minimise::subject::Correction;
use comity_minimise::{Identifier, IdentifierKind};
use comity_terms::{Action, ReasonCode};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use zeroize::Zeroize as _;

/// What a person may ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// What is held about them.
    Access,
    /// That it be put right.
    Correct,
    /// That it be erased.
    Erase,
    /// That it be kept and not used.
    Restrict,
    /// That something not be done with it.
    Object,
    /// That it be given in a form that others can read and check.
    Port,
    /// That somebody look at what was done.
    Complain,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 7] =
        [Self::Access, Self::Correct, Self::Erase, Self::Restrict, Self::Object, Self::Port, Self::Complain];

    /// Its word in commands and messages.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Access => "access",
            Self::Correct => "correct",
            Self::Erase => "erase",
            Self::Restrict => "restrict",
            Self::Object => "object",
            Self::Port => "port",
            Self::Complain => "complain",
        }
    }

    fn action_name(self) -> &'static str {
        match self {
            Self::Access => "access_request",
            Self::Correct => "rectification_request",
            Self::Erase => "erasure_request",
            Self::Restrict => "restriction_request",
            Self::Object => "objection_request",
            Self::Port => "portability_request",
            Self::Complain => "redress_request",
        }
    }

    /// What law is asked.
    #[must_use]
    pub fn action(self) -> Action {
        // Unwrap safety: a test parses each.
        self.action_name().parse().unwrap_or_else(|_| unreachable!("an action's name is a word"))
    }

    /// The kind that asks this of law.
    #[must_use]
    pub fn of_action(action: &Action) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.action_name() == action.as_str())
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Kind {
    type Err = ClaimError;

    fn from_str(text: &str) -> Result<Self, ClaimError> {
        let kind = Self::ALL.into_iter().find(|kind| kind.as_str() == text);
        kind.ok_or_else(|| {
            ClaimError(
                "no kind of request: expected access, correct, erase, restrict, object, port or complain"
                    .into(),
            )
        })
    }
}

/// Why what somebody stated is no request: what and where. It repeats no value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ClaimError(String);

/// The most identifiers of one request: all addresses, numbers and names of one person, and some to spare.
pub const IDENTIFIERS_MAX: usize = 64;

/// The longest statement of a request: 64 identifiers of 512 bytes and 32 KiB of text, as JSON writes them.
pub const CLAIM_BYTES_MAX: usize = 128 << 10;

/// The longest text: some twelve pages.
const TEXT_BYTES_MAX: usize = 32 << 10;

/// What a person states. Wiped when it is dropped; `Debug` prints lengths.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claim {
    identifiers: Vec<Stated>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    corrections: Vec<StatedCorrection>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    text: Option<String>,
}

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stated {
    kind: String,
    value: String,
}

/// What is wrong about a person, and what is right.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StatedCorrection {
    kind: String,
    was: String,
    is: String,
}

impl StatedCorrection {
    fn read(&self) -> Option<Correction> {
        Correction::new(self.kind.parse().ok()?, &self.was, &self.is)
    }
}

impl Claim {
    /// What `bytes` state, as JSON.
    ///
    /// # Errors
    /// [`ClaimError`] names the place; callers file nothing.
    pub fn read(bytes: &[u8]) -> Result<Self, ClaimError> {
        if bytes.len() > CLAIM_BYTES_MAX {
            return Err(ClaimError(format!("longer than {CLAIM_BYTES_MAX} bytes")));
        }
        // The reader's own message may repeat a value: only the place is told.
        let claim: Self = serde_json::from_slice(bytes).map_err(|error| {
            let (line, column) = (error.line(), error.column());
            ClaimError(format!(
                "line {line}, column {column}: expected {{\"identifiers\":[{{\"kind\":…,\"value\":…}}],\"corrections\":…,\"text\":…}}"
            ))
        })?;
        claim.checked()
    }

    fn checked(self) -> Result<Self, ClaimError> {
        if self.identifiers.is_empty() {
            return Err(ClaimError("`identifiers`: name at least one thing that you are known by".into()));
        }
        if self.identifiers.len() > IDENTIFIERS_MAX {
            return Err(ClaimError(format!("`identifiers`: at most {IDENTIFIERS_MAX}")));
        }
        for (place, stated) in self.identifiers.iter().enumerate() {
            let kind: IdentifierKind = stated
                .kind
                .parse()
                .map_err(|error| ClaimError(format!("`identifiers[{place}].kind`: {error}")))?;
            if Identifier::new(kind, &stated.value).is_none() {
                return Err(ClaimError(format!("`identifiers[{place}].value`: that is no {kind}")));
            }
        }
        if self.corrections.len() > IDENTIFIERS_MAX {
            return Err(ClaimError(format!("`corrections`: at most {IDENTIFIERS_MAX}")));
        }
        for (place, stated) in self.corrections.iter().enumerate() {
            if stated.read().is_none() {
                return Err(ClaimError(format!(
                    "`corrections[{place}]`: expected `kind` of email, phone, account, national_id or name, and `was` and `is` \
                     of that kind"
                )));
            }
        }
        if self.text.as_ref().is_some_and(|text| text.len() > TEXT_BYTES_MAX) {
            return Err(ClaimError(format!("`text`: at most {TEXT_BYTES_MAX} bytes")));
        }
        Ok(self)
    }

    /// The bytes to seal.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        // Unwrap safety: texts and a list of them always serialise.
        serde_json::to_vec(self).expect("a claim is plain data")
    }

    /// What the person is known by: each kind with the value as it was written, what is wrong about them too. Checked before.
    pub fn stated(&self) -> impl Iterator<Item = (IdentifierKind, &str)> {
        let known = self.identifiers.iter().map(|stated| (&stated.kind, &stated.value));
        let wrong = self.corrections.iter().map(|stated| (&stated.kind, &stated.was));
        known.chain(wrong).filter_map(|(kind, value)| Some((kind.parse().ok()?, value.as_str())))
    }

    /// What is wrong about the person, and what is right, as they state it. Checked before.
    #[must_use]
    pub fn corrections(&self) -> Vec<Correction> {
        self.corrections.iter().filter_map(StatedCorrection::read).collect()
    }

    /// The same as it was written: kind, what is wrong, what is right.
    pub fn stated_corrections(&self) -> impl Iterator<Item = (&str, &str, &str)> {
        self.corrections.iter().map(|stated| (stated.kind.as_str(), stated.was.as_str(), stated.is.as_str()))
    }

    /// What the person says about it.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        self.text.as_deref()
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.identifiers.iter_mut().for_each(|stated| stated.value.zeroize());
        for stated in &mut self.corrections {
            stated.was.zeroize();
            stated.is.zeroize();
        }
        self.text.zeroize();
    }
}

impl fmt::Debug for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Claim of {} identifiers", self.identifiers.len())
    }
}

/// A reason code that this module gives itself; the vocabulary must hold it.
pub(super) fn reason(code: &'static str) -> ReasonCode {
    // Unwrap safety: a test parses each.
    code.parse().unwrap_or_else(|_| unreachable!("`{code}` is a word"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_asks_law_by_a_word_of_the_vocabulary() {
        let library = comity_agreement::Library::open(comity_agreement::shipped()).unwrap();
        for kind in Kind::ALL {
            assert!(library.vocabulary().actions().contains_key(&kind.action()), "{kind}");
            assert_eq!(Kind::of_action(&kind.action()), Some(kind));
            assert_eq!(kind.as_str().parse(), Ok(kind));
        }
        let effects = ["erasure_requested", "restriction_requested", "restriction_ended", "found_inaccurate"];
        let refer: Action = super::super::law::REFER.parse().unwrap();
        assert!(library.vocabulary().actions().contains_key(&refer));
        for code in ["key_destroyed", super::super::answer::NEITHER, "identity_not_verified"]
            .into_iter()
            .chain(effects)
        {
            assert!(library.vocabulary().reasons().contains_key(&reason(code)), "{code}");
        }
    }

    #[test]
    fn what_is_wrong_is_named_by_its_place_and_not_by_its_value() {
        let wrong = [
            (r#"{"identifiers":[]}"#, "at least one"),
            (r#"{"identifiers":[{"kind":"email","value":"secret-without-sign"}]}"#, "identifiers[0].value"),
            (r#"{"identifiers":[{"kind":"shoe","value":"secret"}]}"#, "identifiers[0].kind"),
            (r#"{"identifiers":[{"kind":"email","value":7}]}"#, "line 1"),
            (r#"{"identifiers":[{"kind":"email","value":"a@b.example"}],"secret":1}"#, "line 1"),
            (
                r#"{"identifiers":[{"kind":"email","value":"a@b.example"}],"corrections":[{"kind":"email","was":"a@b.example","is":"secret"}]}"#,
                "corrections[0]",
            ),
            (r#"secret"#, "line 1"),
        ];
        for (text, place) in wrong {
            let error = Claim::read(text.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(place) && !error.contains("secret"), "{text}: {error}");
        }
        let many = format!(
            r#"{{"identifiers":[{}]}}"#,
            vec![r#"{"kind":"email","value":"a@b.example"}"#; IDENTIFIERS_MAX + 1].join(",")
        );
        assert!(Claim::read(many.as_bytes()).unwrap_err().to_string().contains("at most 64"));
        assert!(Claim::read(&vec![b' '; CLAIM_BYTES_MAX + 1]).is_err());
    }

    #[test]
    fn a_claim_is_read_again_as_it_was_sealed_and_does_not_show_itself() {
        let text = r#"{"identifiers":[{"kind":"name","value":"Mari Kask"}],"text":"That is not me."}"#;
        let claim = Claim::read(text.as_bytes()).unwrap();
        assert_eq!(Claim::read(&claim.to_bytes()).unwrap(), claim);
        assert_eq!(format!("{claim:?}"), "Claim of 1 identifiers");
        assert_eq!(claim.text(), Some("That is not me."));
    }
}
