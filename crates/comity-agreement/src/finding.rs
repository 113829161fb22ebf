//! Findings: what is wrong, or odd, in a file of law, with the line that a lawyer opens.

use std::fmt;

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// The law does not load.
    Error,
    /// The law loads; somebody should look.
    Warning,
}

impl Level {
    /// The word in reports.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

/// One thing found in a file of law.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// The file, from the root that holds `vocabulary/`.
    pub file: String,
    /// The line, from 1; 0 where the finding is about the whole file.
    pub line: usize,
    /// How much it matters.
    pub level: Level,
    /// What was found, and what was expected.
    pub text: String,
}

impl Finding {
    /// An error.
    #[must_use]
    pub fn error(file: &str, line: usize, text: impl Into<String>) -> Self {
        Self { file: file.to_owned(), line, level: Level::Error, text: text.into() }
    }

    /// A warning.
    #[must_use]
    pub fn warning(file: &str, line: usize, text: impl Into<String>) -> Self {
        Self { level: Level::Warning, ..Self::error(file, line, text) }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}: {}", self.file, self.line, self.level.as_str(), self.text)
    }
}

/// Law that does not load: every error that was found, by file and line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
pub struct LoadError(pub Vec<Finding>);

impl From<Finding> for LoadError {
    fn from(finding: Finding) -> Self {
        Self(vec![finding])
    }
}

/// ` (did you mean `x`?)` for the known word nearest to `word`, or nothing when none is near.
#[must_use]
pub fn did_you_mean<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    known
        .into_iter()
        .map(|candidate| (edits(word, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= 1 + candidate.len() / 5)
        .min()
        .map_or_else(String::new, |(_, candidate)| format!(" (did you mean `{candidate}`?)"))
}

/// How many letters must be put in, taken out or changed to make `b` of `a`.
fn edits(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let changed = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}
