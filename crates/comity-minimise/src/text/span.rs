//! What is found in a text: where it lies, and what it is.

use std::fmt;

/// What was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Label {
    /// A person's name, without honorifics.
    Person,
    /// A person's e-mail address.
    Email,
    /// A telephone number.
    Phone,
    /// The address of a person's machine.
    Ip,
    /// The name of a person's account.
    Username,
    /// The part of a path that names a user.
    PathUser,
    /// A number by which a state knows a person.
    NationalId,
    /// A bank account.
    Iban,
    /// A payment card.
    CreditCard,
    /// The hardware address of a machine.
    Mac,
}

impl Label {
    /// Every label.
    pub const ALL: [Self; 10] = [
        Self::Person,
        Self::Email,
        Self::Phone,
        Self::Ip,
        Self::Username,
        Self::PathUser,
        Self::NationalId,
        Self::Iban,
        Self::CreditCard,
        Self::Mac,
    ];

    /// Its name where it is printed.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Person => "PERSON",
            Self::Email => "EMAIL",
            Self::Phone => "PHONE",
            Self::Ip => "IP",
            Self::Username => "USERNAME",
            Self::PathUser => "PATH_USER",
            Self::NationalId => "NATIONAL_ID",
            Self::Iban => "IBAN",
            Self::CreditCard => "CREDIT_CARD",
            Self::Mac => "MAC",
        }
    }
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One thing found: bytes `start..end` of the text, on character boundaries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span {
    /// The first byte.
    pub start: usize,
    /// The byte after the last.
    pub end: usize,
    /// What it is.
    pub label: Label,
}

/// The same spans, counted in Unicode code points. `spans` lie in `text`, in order and apart.
#[must_use]
pub fn in_code_points(text: &str, spans: &[Span]) -> Vec<Span> {
    let (mut byte, mut point) = (0, 0);
    let mut reach = |to: usize| {
        point += text[byte..to].chars().count();
        byte = to;
        point
    };
    spans
        .iter()
        .map(|span| {
            let start = reach(span.start);
            Span { start, end: reach(span.end), label: span.label }
        })
        .collect()
}
