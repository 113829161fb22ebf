//! What a person is told when they asked about their data, in words: from the same texts as notices, for the same readers.
//!
//! It says what the answer says and nothing beside: equal answers are equal words, so that whoever is told nothing reads the
//! same whether nothing is held or the law does not let it be said.

use crate::voice::Voice;
use crate::{Audience, Language, Message, Missing, Part, Remedy};
use jiff::Timestamp;

/// The facts of one answer: the one source of every text about it. They name nobody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnswerFacts {
    /// The request's number.
    pub number: String,
    /// When it was filed, UTC.
    pub filed_at: Timestamp,
    /// When it was answered, UTC.
    pub at: Timestamp,
    /// The code of the party that answers.
    pub party: String,
    /// The authority that answers, as it calls itself; the party's name where it is another's.
    pub authority: Option<String>,
    /// What was asked: access, correct, erase, restrict, object, port or complain.
    pub request: String,
    /// Whether the request itself is refused. Else it may be that more is held than is told.
    pub refused: bool,
    /// Why, words of the vocabulary. Of an answer that is no refusal there are none.
    pub reasons: Vec<String>,
    /// By which rules of which law the request was decided: a pack, and the article.
    pub rules: Vec<(String, String)>,
    /// The records that are given.
    pub given: Vec<GivenRecords>,
    /// What was sent to partners: the party's code, and when, UTC.
    pub sent: Vec<(String, Timestamp)>,
    /// What was done: `erased`, `restricted` or `corrected`; and with how many records.
    pub done: Vec<(String, u64)>,
    /// What was not done.
    pub declined: Vec<DeclinedRecords>,
    /// Where the person may turn.
    pub remedies: Vec<Remedy>,
}

/// Records of one origin that are kept until one day.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct GivenRecords {
    /// The code of the party that they came from; none where they are the gateway's own.
    pub from: Option<String>,
    /// What they serve, a word of the vocabulary.
    pub purpose: Option<String>,
    /// Until when they are kept, UTC.
    pub kept_until: Timestamp,
    /// How many.
    pub records: u64,
}

/// Records with which what was asked was not done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeclinedRecords {
    /// How many.
    pub records: u64,
    /// Why, words of the vocabulary.
    pub reasons: Vec<String>,
    /// By which rules: a pack, and the article.
    pub rules: Vec<(String, String)>,
}

/// The text of an answer, to an audience in a language. `name` is how the person is called, for a letter to them.
///
/// Days are those of UTC; an expert reads instants.
///
/// # Errors
/// [`Missing`] when a language lacks a sentence: a test goes through all.
pub fn render_answer(
    facts: &AnswerFacts,
    audience: Audience,
    language: Language,
    name: Option<&str>,
) -> Result<Message, Missing> {
    Writer { facts, voice: Voice::of(audience, language) }.message(name)
}

struct Writer<'a> {
    facts: &'a AnswerFacts,
    voice: Voice,
}

impl Writer<'_> {
    fn message(&self, name: Option<&str>) -> Result<Message, Missing> {
        let Self { facts, voice } = self;
        let Voice { audience, words } = voice;
        let subject = words.say(&format!("answer-subject-{}", audience.as_str()), &[])?;
        let mut parts = Vec::new();
        voice.greet(&mut parts, name)?;
        let party = words.word("party", &facts.party);
        let authority = facts.authority.as_deref().unwrap_or(&party);
        let request = words.word("request", &facts.request);
        let (filed, date) = (voice.date(facts.filed_at)?, voice.date(facts.at)?);
        let intro = [
            ("authority", authority),
            ("party", &party),
            ("request", &request),
            ("filed", &filed),
            ("date", &date),
        ];
        parts.push(Part::Text(words.say(&format!("answer-intro-{}", audience.as_str()), &intro)?));
        if facts.refused {
            parts.push(Part::Text(voice.say("answer-refused", &[])?));
            voice.list(&mut parts, "answer-why", self.reasons(&facts.reasons))?;
        }
        let mut given = Vec::new();
        for records in &facts.given {
            given.push(self.given(records)?);
        }
        voice.list(&mut parts, "answer-held", given)?;
        let mut sent = Vec::new();
        for (to, at) in &facts.sent {
            let (partner, given) = (words.word("party", to), voice.date(*at)?);
            sent.push(words.say("answer-sent-line", &[("partner", &partner), ("given", &given)])?);
        }
        voice.list(&mut parts, "answer-sent", sent)?;
        let mut done = Vec::new();
        for (what, records) in &facts.done {
            let (count, said) = (records.to_string(), what.replace('_', " "));
            let said = [("count", count.as_str()), ("what", &said)];
            let known = words.say(&format!("answer-done-{what}"), &said);
            done.push(known.or_else(|_| words.say("answer-done-other", &said))?);
        }
        voice.list(&mut parts, "answer-done", done)?;
        let mut declined = Vec::new();
        for records in &facts.declined {
            let (count, why) = (records.records.to_string(), self.reasons(&records.reasons).join("; "));
            let rules = self.rules(&records.rules).join("; ");
            let said = [("count", count.as_str()), ("why", &why), ("rules", &rules)];
            declined.push(words.say("answer-declined-line", &said)?);
        }
        voice.list(&mut parts, "answer-declined", declined)?;
        if !facts.refused {
            // Whatever is told, and whatever is held: this stands.
            parts.push(Part::Text(voice.say("answer-neither", &[])?));
        }
        voice.list(&mut parts, "answer-law", self.rules(&facts.rules))?;
        voice.remedies(&mut parts, &facts.remedies)?;
        voice.number(&mut parts, "answer-number", &facts.number)?;
        Ok(Message { language: words.language(), subject, parts })
    }

    fn given(&self, records: &GivenRecords) -> Result<String, Missing> {
        let words = &self.voice.words;
        let from = match &records.from {
            Some(from) => words.word("party", from),
            None => words.say("own-records", &[])?,
        };
        let purpose = records.purpose.as_ref().map_or_else(|| "-".to_owned(), |w| words.word("purpose", w));
        let (count, kept) = (records.records.to_string(), self.voice.date(records.kept_until)?);
        let said = [("from", from.as_str()), ("count", &count), ("purpose", &purpose), ("kept", &kept)];
        words.say("answer-record", &said)
    }

    fn reasons(&self, reasons: &[String]) -> Vec<String> {
        reasons.iter().map(|reason| self.voice.words.word("reason", reason)).collect()
    }

    fn rules(&self, rules: &[(String, String)]) -> Vec<String> {
        rules
            .iter()
            .map(|(pack, article)| format!("{}: {article}", self.voice.words.word("party", pack)))
            .collect()
    }
}
