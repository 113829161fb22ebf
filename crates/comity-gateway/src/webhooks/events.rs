//! Which acts an endpoint wants: names as the log has them, or all whose name begins alike.
//!
//! ```text
//! exchange.decided     this one
//! exchange.*           each whose name begins with `exchange.`
//! *                    each
//! ```
//! Whether a person is to be told of something, and that it waits, is the officers' of the case to know: an endpoint is told of a
//! notice once it is given, and of nothing before.

use comity_agreement::finding::did_you_mean;
use comity_terms::Act;

/// What only officers learn of: that a person is to be told, and is not told yet.
const OFFICERS_ONLY: [Act; 6] = [
    Act::NoticeOpened,
    Act::NoticeDeferred,
    Act::NoticeApproved,
    Act::NoticeIssued,
    Act::NoticeOverdue,
    Act::NoticeClosed,
];

/// The acts that an endpoint wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted(Vec<String>);

impl Wanted {
    /// The acts that these words name.
    ///
    /// # Errors
    /// The first word that names none, with those that there are.
    pub fn of<'a>(words: impl IntoIterator<Item = &'a str>) -> Result<Self, String> {
        let mut known: Vec<String> = Vec::new();
        for word in words {
            if !Act::ALL.iter().any(|act| names(word, *act)) {
                let told = Act::ALL.into_iter().filter(|act| !OFFICERS_ONLY.contains(act));
                let told: Vec<&str> = told.map(Act::as_str).collect();
                let all = told.join(", ");
                let near = did_you_mean(word, told.iter().copied());
                return Err(format!("`{word}` is no event{near}: one of {all}; `exchange.*`; `*`"));
            }
            if !known.iter().any(|other| other == word) {
                known.push(word.to_owned());
            }
        }
        if known.is_empty() { Err("name one event at least".to_owned()) } else { Ok(Self(known)) }
    }

    /// As the store keeps it. A word that no act bears any more names none.
    #[must_use]
    pub fn kept(text: &str) -> Self {
        Self(text.split(' ').map(str::to_owned).collect())
    }

    /// Whether `act` is one of them.
    #[must_use]
    pub fn has(&self, act: Act) -> bool {
        self.0.iter().any(|word| names(word, act))
    }

    /// The words, with spaces between: none has one inside.
    #[must_use]
    pub fn text(&self) -> String {
        self.0.join(" ")
    }

    /// The words.
    #[must_use]
    pub fn words(&self) -> &[String] {
        &self.0
    }
}

fn names(word: &str, act: Act) -> bool {
    if OFFICERS_ONLY.contains(&act) {
        return false;
    }
    match word.strip_suffix('*') {
        Some("") => true,
        Some(family) => family.ends_with('.') && act.as_str().starts_with(family),
        None => word == act.as_str(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_name_acts_and_nothing_else() {
        let wanted = Wanted::of(["exchange.*", "records.erased", "records.erased"]).unwrap();
        assert_eq!(wanted.text(), "exchange.* records.erased");
        assert_eq!(Wanted::kept(&wanted.text()), wanted);
        let has: Vec<_> = Act::ALL.into_iter().filter(|act| wanted.has(*act)).map(Act::as_str).collect();
        assert!(has.contains(&"exchange.decided") && has.contains(&"records.erased"), "{has:?}");
        assert!(!has.contains(&"law.adopted") && !has.contains(&"records.used"), "{has:?}");
        let all = Wanted::of(["*"]).unwrap();
        for act in Act::ALL {
            // Who reads an endpoint's messages is nobody of the case.
            let waits = act.as_str().starts_with("notice.") && act != Act::NoticeGiven;
            assert_eq!(all.has(act), !waits, "{}", act.as_str());
            assert_eq!(Wanted::of([act.as_str()]).is_err(), waits, "{}", act.as_str());
            // Nor is an endpoint that was added before this was so.
            assert_eq!(Wanted::kept("notice.* notice.deferred").has(act), act == Act::NoticeGiven);
        }
        for word in ["", "exchange", "exchange.*.*", "exch*", "exchange.decided ", "none.*"] {
            assert!(Wanted::of([word]).is_err(), "{word}");
        }
        assert!(Wanted::of([]).is_err());
    }
}
