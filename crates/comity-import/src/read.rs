//! Reading JSON within bounds.

use serde_json::Value;

/// What is read at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one document. A tree of JSON values takes up to some 30 times as much for an instant.
    pub bytes_max: usize,
    /// Objects of JSON in one document.
    pub records_max: usize,
    /// Bytes of one text that is no attached file.
    pub text_length_max: usize,
}

impl Default for Limits {
    /// 64 MiB; a million records, which 64 MiB holds at 64 bytes each; texts of 1 MiB.
    fn default() -> Self {
        Self { bytes_max: 64 << 20, records_max: 1 << 20, text_length_max: 1 << 20 }
    }
}

/// Why a document was not read at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unread {
    /// More bytes than the limit.
    #[error("longer than {0} bytes")]
    TooLong(usize),
    /// More records than the limit.
    #[error("more than {0} records")]
    TooMany(usize),
    /// A text longer than the limit.
    #[error("a text longer than {0} bytes")]
    TextTooLong(usize),
    /// Not JSON, or nested deeper than 128.
    #[error("line {line}, column {column}: not JSON, or nested too deep")]
    NotJson {
        /// Counted from 1.
        line: usize,
        /// Counted from 1.
        column: usize,
    },
}

/// The JSON of a document, read within `limits` (and within 128 levels, serde_json's own bound). A property of one of
/// the names `files` may be longer than a text: it holds a file.
///
/// # Errors
/// [`Unread`]; callers refuse the document.
pub fn parse(bytes: &[u8], limits: &Limits, files: &[&str]) -> Result<Value, Unread> {
    if bytes.len() > limits.bytes_max {
        return Err(Unread::TooLong(limits.bytes_max));
    }
    let value: Value = serde_json::from_slice(bytes)
        .map_err(|error| Unread::NotJson { line: error.line(), column: error.column() })?;
    let mut records = 0;
    bounded(&value, false, limits, files, &mut records)?;
    Ok(value)
}

fn bounded(
    value: &Value,
    holds_file: bool,
    limits: &Limits,
    files: &[&str],
    records: &mut usize,
) -> Result<(), Unread> {
    match value {
        Value::String(text) if text.len() > limits.text_length_max && !holds_file => {
            return Err(Unread::TextTooLong(limits.text_length_max));
        }
        Value::Array(items) => {
            items.iter().try_for_each(|item| bounded(item, holds_file, limits, files, records))?;
        }
        Value::Object(map) => {
            *records += 1;
            if *records > limits.records_max {
                return Err(Unread::TooMany(limits.records_max));
            }
            for (name, value) in map {
                bounded(value, files.contains(&name.as_str()), limits, files, records)?;
            }
        }
        _ => {}
    }
    Ok(())
}
