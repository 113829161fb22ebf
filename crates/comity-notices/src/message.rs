//! A text, and how it is written: plain, or for a screen reader as much as for a screen.

use crate::Language;
use std::fmt::Write as _;

/// A notice in words.
#[derive(Clone, PartialEq, Eq)]
pub struct Message {
    /// The language.
    pub language: Language,
    /// What it is about, in one line.
    pub subject: String,
    /// What it says, in order.
    pub parts: Vec<Part>,
}

/// A part of a text.
#[derive(Clone, PartialEq, Eq)]
pub enum Part {
    /// A paragraph.
    Text(String),
    /// A list: what the paragraph before it announces.
    List(Vec<String>),
}

impl std::fmt::Debug for Message {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Message of {} parts in {}", self.parts.len(), self.language.as_str())
    }
}

impl Message {
    /// The text, without its subject: paragraphs with an empty line between, lists with a line for each.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        for (place, part) in self.parts.iter().enumerate() {
            match part {
                Part::Text(paragraph) => {
                    text.push_str(if place > 0 { "\n" } else { "" });
                    text.push_str(paragraph);
                    text.push('\n');
                }
                Part::List(lines) => lines.iter().for_each(|line| _ = writeln!(text, "- {line}")),
            }
        }
        text
    }

    /// A page of its own: its language and title are said, the subject is its one heading, lists are lists. No style, script
    /// or picture is in it, so that whoever reads it sees it as they have set.
    #[must_use]
    pub fn html(&self) -> String {
        let language = self.language.as_str();
        let subject = escaped(&self.subject);
        let mut page = format!(
            "<!doctype html>\n<html lang=\"{language}\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" \
             content=\"width=device-width\">\n<title>{subject}</title>\n</head>\n<body>\n<main>\n<h1>{subject}</h1>\n"
        );
        for part in &self.parts {
            match part {
                Part::Text(paragraph) => _ = writeln!(page, "<p>{}</p>", escaped(paragraph)),
                Part::List(lines) => {
                    page.push_str("<ul>\n");
                    lines.iter().for_each(|line| _ = writeln!(page, "<li>{}</li>", escaped(line)));
                    page.push_str("</ul>\n");
                }
            }
        }
        page.push_str("</main>\n</body>\n</html>\n");
        page
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
