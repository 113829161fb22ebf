//! Notices, and answers to what persons ask, in words: from the facts of one to a text, for each audience, in each language.
//!
//! ```text
//! facts ──┬─ person, child                a letter to whom it concerns
//!         └─ expert, journalist, partner  the same facts, about a person who is not named
//! ```
//! Owns the texts of `messages/notices/`, in Project Fluent's format. Leaves to whom it goes, and when, to others.
//!
//! Invariants: every audience reads the same facts; what is no letter never has a name in it. A word of the vocabulary that
//! has no text here is written as it is: no notice is lost for a word. Pure.

mod answer;
mod facts;
mod message;
mod voice;
mod words;

pub use answer::{AnswerFacts, DeclinedRecords, GivenRecords, render_answer};
pub use facts::{Delay, Event, Facts, Remedy};
pub use message::{Message, Part};
pub use words::{Audience, Language, Missing, NotKnown};

use voice::Voice;

/// The text of a notice, to an audience in a language. `name` is how the person is called, for a letter to them.
///
/// Days are those of UTC; an expert reads instants. A recipient that is the party itself is none: the data is held.
///
/// # Errors
/// [`Missing`] when a language lacks a sentence, or one asks for what no notice has: a test goes through all.
pub fn render(
    facts: &Facts,
    audience: Audience,
    language: Language,
    name: Option<&str>,
) -> Result<Message, Missing> {
    Writer { facts, voice: Voice::of(audience, language) }.message(name)
}

struct Writer<'a> {
    facts: &'a Facts,
    voice: Voice,
}

impl Writer<'_> {
    fn message(&self, name: Option<&str>) -> Result<Message, Missing> {
        let Self { facts, voice } = self;
        let Voice { audience, words } = voice;
        let subject = words.say(&format!("subject-{}", audience.as_str()), &[])?;
        let mut parts = Vec::new();
        voice.greet(&mut parts, name)?;
        let at = voice.date(facts.at)?;
        let party = words.word("party", &facts.party);
        let intro = [("authority", facts.authority.as_str()), ("party", &party), ("date", &at)];
        parts.push(Part::Text(words.say(&format!("intro-{}", audience.as_str()), &intro)?));
        parts.push(Part::Text(self.event()?));
        parts.push(Part::Text(voice.say("agreement", &[("agreement", facts.agreement.as_str())])?));
        let rule = |(law, article): &(String, String)| format!("{law}: {article}");
        voice.list(&mut parts, "law", facts.owed_by.iter().map(rule).collect())?;
        let category = |word: &String| words.word("category", word);
        voice.list(&mut parts, "data", facts.categories.iter().map(category).collect())?;
        if let Some(purpose) = &facts.purpose {
            let purpose = words.word("purpose", purpose);
            let activity =
                facts.activity.as_ref().map_or_else(|| "-".to_owned(), |w| words.word("activity", w));
            let said = [("purpose", purpose.as_str()), ("activity", &activity)];
            parts.push(Part::Text(voice.say("purpose", &said)?));
        }
        if let Some(kept) = facts.kept_until {
            parts.push(Part::Text(voice.say("kept", &[("kept", &voice.date(kept)?)])?));
        }
        for delay in &facts.delays {
            let ground = words.word("ground", &delay.ground);
            let (from, to) = (voice.date(delay.from)?, voice.date(delay.to)?);
            let said =
                [("ground", ground.as_str()), ("article", &delay.article), ("from", &from), ("to", &to)];
            parts.push(Part::Text(voice.say("deferred", &said)?));
        }
        parts.push(Part::Text(voice.say("rights", &[])?));
        voice.remedies(&mut parts, &facts.remedies)?;
        voice.number(&mut parts, "number", &facts.number)?;
        Ok(Message { language: words.language(), subject, parts })
    }

    fn event(&self) -> Result<String, Missing> {
        let Some(event) = self.facts.event.as_ref().filter(|event| event.partner != self.facts.party) else {
            return self.voice.say("held", &[]);
        };
        let partner = self.voice.words.word("party", &event.partner);
        let given = self.voice.date(event.at)?;
        let key = if event.received { "received" } else { "given" };
        self.voice.say(key, &[("partner", &partner), ("given", &given)])
    }
}
