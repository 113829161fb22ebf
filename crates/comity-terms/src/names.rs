//! Names: one newtype per word, so that a purpose is never passed where an activity is meant.
//!
//! A name is checked for its form only. Whether it exists is for the vocabulary to say, so that lawyers add
//! words without a change of code. A copy of a name shares its text: decisions and citations hold many.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// A name that is not of its kind's form.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not {kind}: {form}")]
pub struct NameError {
    /// What was being read, with its article: "a jurisdiction code".
    pub kind: &'static str,
    /// The form that was expected.
    pub form: &'static str,
    /// The text as given, cut to 64 characters.
    pub text: String,
}

/// The longest name: room for every slug, rule id and office in use, small enough to log.
pub const NAME_LENGTH_MAX: usize = 96;

macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $kind:literal, $form:literal, $accepts:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// The name, when `text` has the form; else an error that says which form was expected.
            ///
            /// # Errors
            /// [`NameError`] when the form does not hold; callers name the file or field it came from.
            pub fn new(text: &str) -> Result<Self, NameError> {
                let accepts: fn(&str) -> bool = $accepts;
                if !text.is_empty() && text.len() <= NAME_LENGTH_MAX && accepts(text) {
                    Ok(Self(text.into()))
                } else {
                    Err(NameError { kind: $kind, form: $form, text: text.chars().take(64).collect() })
                }
            }

            /// The name as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}(`{}`)", stringify!($name), self.0)
            }
        }

        impl FromStr for $name {
            type Err = NameError;
            fn from_str(text: &str) -> Result<Self, NameError> {
                Self::new(text)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }
    };
}

fn is_word(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

fn is_slug(text: &str) -> bool {
    let edge = |b: Option<&u8>| b.is_some_and(u8::is_ascii_alphanumeric);
    text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'.')
        && edge(text.as_bytes().first())
        && edge(text.as_bytes().last())
        && !text.contains("..")
}

fn is_printable(text: &str) -> bool {
    text.chars().all(|c| !c.is_control()) && text.trim() == text
}

name! {
    /// A state, or an organisation that is bound like one: `EE`, `XA`, `EUROPOL`.
    JurisdictionCode, "a jurisdiction code", "a capital letter, then 1 to 15 capitals or digits",
    |t| (2..=16).contains(&t.len())
        && t.as_bytes()[0].is_ascii_uppercase()
        && t.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
}

/// Who is bound by an agreement. A party is known by the code of its jurisdiction.
pub type Party = JurisdictionCode;

name! {
    /// An act that the law is asked about: `share`, `transfer`, `use`.
    Action, "an action", "lower-case letters, digits and `_`", is_word
}
name! {
    /// The agreed category of collaboration: `threat_intel`, `incident_response`.
    Activity, "an activity", "lower-case letters, digits and `_`", is_word
}
name! {
    /// What the data is for; it travels with the data.
    Purpose, "a purpose", "lower-case letters, digits and `_`", is_word
}
name! {
    /// What law asks of a record: `indicator`, `content_data`. Never of a property: that is [`DataClass`].
    DataCategory, "a data category", "lower-case letters, digits and `_`", is_word
}
name! {
    /// What the path table treats: the class of a property, `contact`, `name`, `device`.
    DataClass, "a data class", "lower-case letters, digits and `_`", is_word
}
name! {
    /// The key of a fact in the vocabulary.
    FactKey, "a fact key", "lower-case letters, digits and `_`",
    // `24x7_point` is a value, keys begin with a letter; Cedar wants identifiers.
    |t| is_word(t) && t.as_bytes()[0].is_ascii_lowercase()
}
name! {
    /// A reason code of the closed list: why something was refused or escalated.
    ReasonCode, "a reason code", "lower-case letters, digits, `_`, and a key after `:`",
    |t| t.splitn(2, ':').all(|part| !part.is_empty() && is_word(part))
}
name! {
    /// The type of an obligation: `delete_by`, `notify_authority`.
    ObligationType, "an obligation type", "lower-case letters, digits and `_`", is_word
}
name! {
    /// An office that a question can be escalated to, or that can attest a fact.
    Office, "an office", "lower-case letters, digits and `_`", is_word
}
name! {
    /// The slug of a pack: `first-tlp-2.0`, or a jurisdiction's code.
    PackSlug, "a pack", "letters, digits, `-` and `.`", is_slug
}
name! {
    /// The id of one rule in a pack.
    RuleId, "a rule id", "letters, digits, `-` and `.`", is_slug
}
name! {
    /// The article that a rule encodes, as a lawyer cites it: `Art. 29(1)-(2)`.
    Article, "an article", "printable text without spaces at its ends", is_printable
}
