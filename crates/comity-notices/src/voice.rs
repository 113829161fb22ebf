//! How one reader is spoken to: an audience, in a language; and what every text to them has.

use crate::words::Words;
use crate::{Audience, Language, Missing, Part, Remedy};
use jiff::Timestamp;

/// A reader's audience and language.
pub(crate) struct Voice {
    pub(crate) audience: Audience,
    pub(crate) words: Words,
}

impl Voice {
    pub(crate) fn of(audience: Audience, language: Language) -> Self {
        Self { audience, words: Words::of(language) }
    }

    /// A sentence as this audience reads it.
    pub(crate) fn say(&self, key: &str, said: &[(&str, &str)]) -> Result<String, Missing> {
        self.words.say(&format!("{key}-{}", self.audience.voice()), said)
    }

    /// A day of UTC; to an expert the instant.
    pub(crate) fn date(&self, at: Timestamp) -> Result<String, Missing> {
        if self.audience == Audience::Expert { Ok(format!("{at:.0}")) } else { self.words.date(at) }
    }

    /// The greeting of a letter to whoever is called `name`; what is no letter greets nobody.
    pub(crate) fn greet(&self, parts: &mut Vec<Part>, name: Option<&str>) -> Result<(), Missing> {
        if let Some(name) = name.filter(|_| self.audience.is_letter()) {
            parts.push(Part::Text(self.say("greeting", &[("name", name)])?));
        }
        Ok(())
    }

    /// A sentence and the lines that it introduces, where there are any.
    pub(crate) fn list(&self, parts: &mut Vec<Part>, key: &str, lines: Vec<String>) -> Result<(), Missing> {
        if !lines.is_empty() {
            parts.push(Part::Text(self.say(key, &[])?));
            parts.push(Part::List(lines));
        }
        Ok(())
    }

    /// Where the person may turn, and until when.
    pub(crate) fn remedies(&self, parts: &mut Vec<Part>, remedies: &[Remedy]) -> Result<(), Missing> {
        let options: Vec<String> =
            remedies.iter().flat_map(|remedy| remedy.options.iter().cloned()).collect();
        if options.is_empty() {
            return Ok(());
        }
        self.list(parts, "turn", options)?;
        // The soonest end is the safe one.
        if let Some(until) = remedies.iter().filter_map(|remedy| remedy.until).min() {
            parts.push(Part::Text(self.say("until", &[("until", &self.date(until)?)])?));
        }
        Ok(())
    }

    /// The number by which its reader may ask about it; a journalist reads none.
    pub(crate) fn number(&self, parts: &mut Vec<Part>, key: &str, number: &str) -> Result<(), Missing> {
        if self.audience != Audience::Journalist {
            parts.push(Part::Text(self.say(key, &[("number", number)])?));
        }
        Ok(())
    }
}
