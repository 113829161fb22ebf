//! The defined terms of Comity, as types: the words that agreement, code, minute and letter share.
//!
//! Owns the vocabulary of values (names, facts, obligations, safeguards, acts, legal time) and the few
//! operations that are part of a term's meaning: parsing, comparison, the join of safeguards, the arithmetic
//! of periods. Leaves deciding to `comity-agreement`, treating data to `comity-minimise`, and every
//! encoding to the room that owns the wire: no type here implements `Serialize`.
//!
//! Knows no clock, random source, file or socket. Knows no law: which names exist is the vocabulary's to say.
//!
//! | read | for |
//! |---|---|
//! | [`names`] | parties, purposes, classes, articles: one newtype per word |
//! | [`fact`] | what is known, and who says so |
//! | [`safeguards`] | limits that travel with the data: a join-semilattice |
//! | [`obligation`] | what is owed, by whom, by when |
//! | [`ground`] | why: law, article, rule, reason |
//! | [`act`] | what happened, as the log's families count it |
//! | [`calendar`] | legal time: plain periods and Regulation 1182/71 |
//! | [`clock`] | a gateway's own time, which never runs back |
//! | [`beside`] | work at once, for every room |

pub mod act;
pub mod beside;
pub mod calendar;
pub mod clock;
pub mod day;
pub mod digest;
pub mod entropy;
pub mod fact;
pub mod ground;
pub mod ids;
pub mod names;
pub mod obligation;
pub mod safeguards;
pub mod value;

pub use act::{Act, Family, Month};
pub use day::Day;
pub use digest::Digest;
pub use entropy::Entropy;
pub use fact::{Asserter, Fact, Facts};
pub use ground::{Citation, Effect, Ground, LawName};
pub use ids::ExchangeId;
pub use names::*;
pub use obligation::{Due, Obligation, Owner};
pub use safeguards::{Handling, Onward, Reach, Safeguards, Treatment};
pub use value::Value;

/// The instant that a text names as RFC 3339 writes it: a year of four digits. `None` for anything else, so that no
/// year before our era and none after 9999 is taken for one that law counts in.
#[must_use]
pub fn instant(text: &str) -> Option<Timestamp> {
    let year = text.get(..5)?.strip_suffix('-')?;
    year.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok())?
}

/// An instant, UTC. Every instant in Comity is this type; zones enter only through [`calendar`].
pub use jiff::Timestamp;

#[cfg(test)]
mod tests {
    use super::instant;

    #[test]
    fn an_instant_has_a_year_of_four_digits() {
        assert!(instant("2026-11-02T09:20:00Z").is_some());
        assert!(instant("2026-11-02T09:20:00+02:00").is_some());
        assert!(instant("0001-01-01T00:00:00Z").is_some());
        for text in
            ["", "2026", "-000001-01-01T00:00:00Z", "-002026-11-02T09:20:00Z", "+002026-11-02T09:20:00Z"]
        {
            assert_eq!(instant(text), None, "`{text}`");
        }
    }
}
