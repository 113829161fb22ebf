//! A draft: a pack as it would be with other values of its parameters, so that a lawyer sees what a figure does before
//! anybody writes or signs anything.

use crate::finding::did_you_mean;
use crate::source::{LawFiles, LawSource as _};
use comity_terms::PackSlug;
use toml_edit::{DocumentMut, Item, Value};

/// A value that a parameter is to have, as somebody names it: `retention=90 days`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewValue {
    /// The parameter, by its name in the pack.
    pub parameter: String,
    /// What it is to be: a number, a text, `true` or `false`, or a list as TOML writes it.
    pub value: String,
}

impl std::str::FromStr for NewValue {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (parameter, value) = text.split_once('=').ok_or("a value is given as PARAMETER=VALUE")?;
        Ok(Self { parameter: parameter.trim().to_owned(), value: value.trim().to_owned() })
    }
}

/// Why there is no such draft.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum DraftError {
    /// The pack has no such parameter.
    #[error("`{pack}` has no parameter `{parameter}`{hint}")]
    Unknown {
        /// The pack.
        pack: PackSlug,
        /// As it was named.
        parameter: String,
        /// One that may have been meant, or those that there are.
        hint: String,
    },
    /// The value is of another kind than the one that is there.
    #[error("`{parameter}` is {is}, and `{value}` is not")]
    Kind {
        /// The parameter.
        parameter: String,
        /// What it is: `a number`, `a text`.
        is: &'static str,
        /// As it was given.
        value: String,
    },
    /// The pack's manifest is not there, or is not TOML; loading it says where.
    #[error("the manifest of `{0}` does not read")]
    Manifest(PackSlug),
}

/// `files` with these parameters of `pack` otherwise: all else, comments too, stays as it is written. Whether the pack still
/// loads is for whoever loads it to find.
///
/// # Errors
/// [`DraftError`]; whoever asked gives another name or value.
pub fn with_values(files: &LawFiles, pack: &PackSlug, values: &[NewValue]) -> Result<LawFiles, DraftError> {
    let unreadable = || DraftError::Manifest(pack.clone());
    let place = format!("{}/pack.toml", files.folder(pack.as_str()).ok_or_else(unreadable)?);
    let text = std::str::from_utf8(&files.0[&place]).map_err(|_| unreadable())?;
    let mut manifest: DocumentMut = text.parse().map_err(|_| unreadable())?;
    for new in values {
        let parameters = manifest.get_mut("parameter").and_then(Item::as_table_like_mut);
        let names: Vec<String> =
            parameters.iter().flat_map(|table| table.iter().map(|(name, _)| name.to_owned())).collect();
        let value = parameters
            .and_then(|table| table.get_mut(&new.parameter)?.as_table_like_mut()?.get_mut("value"))
            .and_then(Item::as_value_mut)
            .ok_or_else(|| DraftError::Unknown {
                pack: pack.clone(),
                parameter: new.parameter.clone(),
                hint: hint(&new.parameter, &names),
            })?;
        let mut given = read(value, &new.value).map_err(|is| DraftError::Kind {
            parameter: new.parameter.clone(),
            is,
            value: new.value.clone(),
        })?;
        *given.decor_mut() = value.decor().clone();
        *value = given;
    }
    let mut drafted = files.clone();
    drafted.0.insert(place, manifest.to_string().into_bytes());
    Ok(drafted)
}

/// What was given, as a value of the kind of `was`.
fn read(was: &Value, given: &str) -> Result<Value, &'static str> {
    match was {
        Value::String(_) => Ok(given.into()),
        Value::Integer(_) => given.parse::<i64>().map(Into::into).map_err(|_| "a whole number"),
        Value::Boolean(_) => given.parse::<bool>().map(Into::into).map_err(|_| "`true` or `false`"),
        Value::Array(_) => {
            given.parse::<Value>().ok().filter(Value::is_array).ok_or("a list, as in `[\"a\", \"b\"]`")
        }
        other => given
            .parse::<Value>()
            .ok()
            .filter(|given| given.type_name() == other.type_name())
            .ok_or("of another kind"),
    }
}

fn hint(parameter: &str, names: &[String]) -> String {
    let meant = did_you_mean(parameter, names.iter().map(String::as_str));
    match (meant.is_empty(), names.is_empty()) {
        (false, _) => meant,
        (true, true) => ": it has none".to_owned(),
        (true, false) => format!(": it has {}", names.join(", ")),
    }
}
