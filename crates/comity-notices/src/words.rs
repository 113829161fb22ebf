//! The texts of each language, as they are shipped.

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use std::fmt;
use std::str::FromStr;
use std::sync::OnceLock;
use unic_langid::LanguageIdentifier;

/// A language that notices are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Language {
    /// English.
    En,
    /// French.
    Fr,
    /// German.
    De,
    /// Estonian.
    Et,
}

/// Who reads a notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Audience {
    /// Whom it concerns.
    Person,
    /// Whom it concerns, a child.
    Child,
    /// Whoever knows the law: a lawyer, an authority.
    Expert,
    /// Whoever writes about it.
    Journalist,
    /// A partner of the exchange.
    Partner,
}

/// A word that names no language, or no audience.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no such {what}: expected {expected}")]
pub struct NotKnown {
    what: &'static str,
    expected: String,
}

/// A sentence that a language lacks, or that does not read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{key}` in `{language}`: {why}")]
pub struct Missing {
    language: &'static str,
    key: String,
    why: String,
}

impl Language {
    /// Every language.
    pub const ALL: [Self; 4] = [Self::En, Self::Fr, Self::De, Self::Et];

    /// Its tag (BCP 47).
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Fr => "fr",
            Self::De => "de",
            Self::Et => "et",
        }
    }

    fn source(self) -> &'static str {
        match self {
            Self::En => include_str!("../../../messages/notices/en.ftl"),
            Self::Fr => include_str!("../../../messages/notices/fr.ftl"),
            Self::De => include_str!("../../../messages/notices/de.ftl"),
            Self::Et => include_str!("../../../messages/notices/et.ftl"),
        }
    }
}

impl Audience {
    /// Every audience.
    pub const ALL: [Self; 5] = [Self::Person, Self::Child, Self::Expert, Self::Journalist, Self::Partner];

    /// Its word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Child => "child",
            Self::Expert => "expert",
            Self::Journalist => "journalist",
            Self::Partner => "partner",
        }
    }

    /// Whether the text is a letter to whom it concerns.
    #[must_use]
    pub fn is_letter(self) -> bool {
        matches!(self, Self::Person | Self::Child)
    }

    /// How it is spoken to: the ending of a sentence's key.
    pub(crate) fn voice(self) -> &'static str {
        match self {
            Self::Person => "you",
            Self::Child => "child",
            Self::Expert | Self::Journalist | Self::Partner => "they",
        }
    }
}

macro_rules! word {
    ($kind:ident, $what:literal) => {
        impl fmt::Display for $kind {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl FromStr for $kind {
            type Err = NotKnown;

            fn from_str(text: &str) -> Result<Self, NotKnown> {
                let known = Self::ALL.into_iter().find(|known| known.as_str() == text);
                known
                    .ok_or_else(|| NotKnown { what: $what, expected: Self::ALL.map(Self::as_str).join(", ") })
            }
        }
    };
}

word!(Language, "language");
word!(Audience, "audience");

/// The texts of one language.
pub(crate) struct Words {
    language: Language,
    bundle: &'static Result<FluentBundle<FluentResource>, String>,
}

impl Words {
    pub(crate) fn of(language: Language) -> Self {
        static ALL: [OnceLock<Result<FluentBundle<FluentResource>, String>>; 4] =
            [const { OnceLock::new() }; 4];
        let place = Language::ALL.into_iter().position(|known| known == language).unwrap_or_default();
        Self { language, bundle: ALL[place].get_or_init(|| bundle(language)) }
    }

    pub(crate) fn language(&self) -> Language {
        self.language
    }

    /// A sentence, with what it says put in.
    ///
    /// # Errors
    /// [`Missing`].
    pub(crate) fn say(&self, key: &str, said: &[(&str, &str)]) -> Result<String, Missing> {
        let mut args = FluentArgs::new();
        for (name, value) in said {
            args.set((*name).to_owned(), (*value).to_owned());
        }
        self.formatted(key, &args)
    }

    fn formatted(&self, key: &str, args: &FluentArgs<'_>) -> Result<String, Missing> {
        let missing = |why: String| Missing { language: self.language.as_str(), key: key.to_owned(), why };
        let bundle = self.bundle.as_ref().map_err(|why| missing(why.clone()))?;
        let pattern = bundle.get_message(key).and_then(|message| message.value());
        let pattern = pattern.ok_or_else(|| missing("there is no such sentence".to_owned()))?;
        let mut errors = Vec::new();
        let text = bundle.format_pattern(pattern, Some(args), &mut errors).into_owned();
        match errors.first() {
            None => Ok(text),
            Some(error) => Err(missing(error.to_string())),
        }
    }

    /// A word of the vocabulary; as it is where there is no text for it.
    pub(crate) fn word(&self, list: &str, word: &str) -> String {
        self.say(&format!("{list}-{word}"), &[]).unwrap_or_else(|_| word.replace('_', " "))
    }

    /// The day of `at`, UTC.
    ///
    /// # Errors
    /// [`Missing`].
    pub(crate) fn date(&self, at: Timestamp) -> Result<String, Missing> {
        let date = TimeZone::UTC.to_datetime(at).date();
        let mut args = FluentArgs::new();
        args.set("day", i64::from(date.day()));
        args.set("month", self.say(&format!("month-{}", date.month()), &[])?);
        args.set("year", date.year().to_string());
        self.formatted("date", &args)
    }
}

/// The texts of a language. A second text under one key is refused, as is what does not read.
fn bundle(language: Language) -> Result<FluentBundle<FluentResource>, String> {
    let resource = FluentResource::try_new(language.source().to_owned())
        .map_err(|(_, errors)| errors.first().map_or_else(String::new, ToString::to_string))?;
    let tag: LanguageIdentifier = language.as_str().parse().map_err(|_| "no language".to_owned())?;
    let mut bundle = FluentBundle::new_concurrent(vec![tag]);
    // Texts run one way, and what is put in is told by what stands around it.
    bundle.set_use_isolating(false);
    bundle
        .add_resource(resource)
        .map_err(|errors| errors.first().map_or_else(String::new, ToString::to_string))?;
    Ok(bundle)
}
