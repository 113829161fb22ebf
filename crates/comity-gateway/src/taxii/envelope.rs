//! The body of a POST: objects, each as it was written (TAXII 2.1 section 3.7).

use super::refusal::Refusal;
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::error::Category;
use serde_json::value::RawValue;

/// An envelope of one object or more. What is in them is not looked at here: each is told apart what became of it.
#[derive(Debug, Deserialize)]
pub struct Envelope<'a> {
    /// The objects, in the order of the body.
    #[serde(borrow)]
    pub objects: Vec<&'a RawValue>,
}

impl<'a> Envelope<'a> {
    /// The envelope that a body is.
    ///
    /// # Errors
    /// 400 where it is no JSON, 422 where that is no envelope or one of nothing; with the place.
    pub fn read(body: &'a [u8]) -> Result<Self, Refusal> {
        let none = |why: String| {
            Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, "the body is no envelope").with_description(why)
        };
        let no_json = |error: &serde_json::Error| Refusal::malformed(format!("the body is no JSON: {error}"));
        let envelope: Self = serde_json::from_slice(body).map_err(|error| match error.classify() {
            // What comes after may be no JSON all the same.
            Category::Data => match serde_json::from_slice::<&RawValue>(body) {
                Ok(_) => none(error.to_string()),
                Err(error) => no_json(&error),
            },
            _ => no_json(&error),
        })?;
        // A list of its parts would do for the library that reads it.
        if body.trim_ascii_start().first() != Some(&b'{') {
            return Err(none("expected an object".to_owned()));
        }
        if envelope.objects.is_empty() {
            return Err(none("`objects`: an envelope of no objects".to_owned()));
        }
        Ok(envelope)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_envelope_is_told_apart_from_what_is_no_json() {
        for (body, status) in [
            (&b""[..], 400),
            (b"{\"objects\":[{}", 400),
            (b"{\"objects\":[\"\xff\"]}", 400),
            (b"[]", 422),
            (b"[1 true]", 400),
            (b"{\"objects\":7 7}", 400),
            (b" [[{}]]", 422),
            (b"{}", 422),
            (b"{\"objects\":[]}", 422),
            (b"{\"objects\":{}}", 422),
            (b"{\"objects\":[{}],\"objects\":[{}]}", 422),
        ] {
            let told = Envelope::read(body).unwrap_err().status();
            assert_eq!(told.as_u16(), status, "{}", String::from_utf8_lossy(body));
        }
        let body = b"{\"more\":1,\"objects\":[{\"a\": 1.0},7]}";
        let objects = Envelope::read(body).unwrap().objects;
        assert_eq!(objects.iter().map(|raw| raw.get()).collect::<Vec<_>>(), ["{\"a\": 1.0}", "7"]);
    }
}
