//! The mailbox: a directory with a file for each notice, for a portal to read.
//!
//! ```text
//! DIR/mailbox/<number>.json     0600; {"number","at","mailbox","name","language","audience","subject","text","html"}
//! ```
//! A file appears whole: a portal that lists names ending in `.json` reads nothing half. It takes a file away once it has
//! put it where its person reads it; a number that it has put there before is one.

use super::{Handed, Road};
use crate::files;
use serde_json::json;
use std::path::PathBuf;

/// A directory that a portal reads.
#[derive(Debug, Clone)]
pub struct Mailbox(pub PathBuf);

impl Road for Mailbox {
    async fn hand(&self, handed: &Handed<'_>) -> Result<(), String> {
        let Handed { number, at, to, message } = handed;
        let file = json!({
            "number": number.to_string(),
            "at": at.to_string(),
            "mailbox": to.mailbox,
            "name": to.name,
            "language": message.language.as_str(),
            "audience": to.audience,
            "subject": message.subject,
            "text": message.text(),
            "html": message.html(),
        });
        let put = || {
            if !files::is_there(&self.0)? {
                files::create_directory(&self.0)?;
            }
            files::replace(&self.0.join(format!("{number}.json")), file.to_string().as_bytes())
        };
        put().map_err(|error| error.to_string())
    }
}
