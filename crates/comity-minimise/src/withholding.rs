//! The list of what was left out or changed, and on which ground.

use comity_terms::Treatment;
use std::fmt;

/// One thing that does not travel as it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Withholding {
    /// The id of the object in the input.
    pub object: String,
    /// A granular-marking selector in the input object; empty for the whole object.
    pub path: String,
    /// The class of the property; `unknown` for what the path table does not list.
    pub data_class: String,
    /// What was done.
    pub treatment: Treatment,
    /// Why.
    pub ground: Ground,
}

/// Why something does not travel as it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ground {
    /// The class is treated: by this law, or because the purpose does not need it.
    Treated(String),
    /// The path table does not list the type or the property.
    NotListed,
    /// It lost what STIX asks it to have.
    Incomplete,
    /// It refers to something that stays home.
    RefersToWithheld,
    /// It names an object outside the bundle by an id that tells the object's value.
    GuessableReference,
    /// A value that is treated elsewhere in the bundle occurs in it.
    Recurs,
    /// It follows something else that was treated: a new id, a selector that moved.
    Follows,
    /// It became equal to another object and was merged into it.
    Merged,
    /// It came as STIX 2.0 and goes as STIX 2.1.
    Upgraded,
}

impl fmt::Display for Ground {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Treated(ground) => ground,
            Self::NotListed => "not listed in the path table",
            Self::Incomplete => "lost what STIX asks it to have",
            Self::RefersToWithheld => "refers to what is withheld",
            Self::GuessableReference => "names an observable outside the bundle by a guessable id",
            Self::Recurs => "a treated value occurs in it",
            Self::Follows => "follows what was treated",
            Self::Merged => "merged with an equal object",
            Self::Upgraded => "came as STIX 2.0",
        })
    }
}
