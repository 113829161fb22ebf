//! The outermost part of an input: which of its text is an object, read in one pass.
//!
//! Memory is bounded by the limits: beyond the most objects the text is passed over and only counted.

use super::{BundleError, Checked, Limits};
use crate::json::{Reader, TreeError};
use comity_terms::beside::in_halves;
use std::borrow::Cow;

/// One object of an input.
pub(super) struct Element<'a> {
    pub(super) raw: &'a str,
    pub(super) tree: Result<Checked<'a>, TreeError>,
}

/// What an input is made of.
pub(super) struct Envelope<'a> {
    /// The properties of the bundle besides its objects, in order, as written: the same name may come twice.
    pub(super) properties: Vec<(Cow<'a, str>, &'a str)>,
    pub(super) objects: Vec<Element<'a>>,
}

impl<'a> Envelope<'a> {
    /// What `text` is made of: a bundle, a lone object or a list of objects.
    ///
    /// # Errors
    /// [`BundleError`] as [`Bundle::parse`](super::Bundle::parse).
    pub(super) fn read(text: &'a str, limits: &Limits) -> Result<Self, BundleError> {
        let mut reader = Reader::new(text, limits.string_length_max);
        let envelope = Self::read_value(&mut reader, limits).map_err(|fault| match fault {
            Fault::Json => not_json(text, reader.at()),
            Fault::Bundle(error) => error,
        })?;
        reader.end().map_err(|_| not_json(text, reader.at()))?;
        Ok(envelope)
    }

    /// What these objects are together, each the text of one.
    ///
    /// # Errors
    /// [`BundleError`] as [`Bundle::of_objects`](super::Bundle::of_objects).
    pub(super) fn of_objects(
        objects: impl IntoIterator<Item = &'a [u8]>,
        limits: &Limits,
    ) -> Result<Self, BundleError> {
        let texts: Vec<&[u8]> = objects.into_iter().collect();
        Self::within(texts.iter().map(|text| text.len()), limits)?;
        let objects = in_halves(texts.len(), |place| Self::of_object(texts[place], limits));
        Ok(Self { properties: Vec::new(), objects: objects.into_iter().collect::<Result<_, _>>()? })
    }

    /// That objects of these lengths are together within the bounds.
    ///
    /// # Errors
    /// [`BundleError::TooLong`], [`BundleError::TooManyObjects`].
    pub(super) fn within(lengths: impl Iterator<Item = usize>, limits: &Limits) -> Result<(), BundleError> {
        let mut bytes = 0;
        for (before, length) in lengths.enumerate() {
            bytes += length + 1;
            if bytes > limits.bytes_max {
                return Err(BundleError::TooLong { bytes, bytes_max: limits.bytes_max });
            }
            if before == limits.objects_max {
                let objects = before + 1;
                return Err(BundleError::TooManyObjects { objects, objects_max: limits.objects_max });
            }
        }
        Ok(())
    }

    fn of_object(object: &'a [u8], limits: &Limits) -> Result<Element<'a>, BundleError> {
        let text = std::str::from_utf8(object).map_err(|error| BundleError::NotUtf8(error.valid_up_to()))?;
        let mut reader = Reader::new(text, limits.string_length_max);
        let element = element(&mut reader).and_then(|element| {
            reader.end()?;
            Ok(element)
        });
        element.map_err(|_| not_json(text, reader.at()))
    }

    fn read_value(reader: &mut Reader<'a>, limits: &Limits) -> Result<Self, Fault> {
        match reader.next_token()? {
            b'[' => {
                let objects = elements(reader, limits)?;
                Ok(Self { properties: Vec::new(), objects })
            }
            b'{' => Self::read_object(reader, limits),
            _ => {
                reader.skip()?;
                Err(BundleError::NotABundle.into())
            }
        }
    }

    fn read_object(reader: &mut Reader<'a>, limits: &Limits) -> Result<Self, Fault> {
        let start = reader.at();
        let mut properties = Vec::new();
        let mut objects = None;
        reader.take(b'{')?;
        let mut goes_on = !reader.closes(b'}')?;
        while goes_on {
            let name = reader.name()?;
            let token = reader.next_token()?;
            let from = reader.at();
            if name == "objects" && token == b'[' && objects.is_none() {
                objects = Some(elements(reader, limits));
                // What is wrong with them matters in a bundle only: a lone object may have such a property.
                if let Some(Err(_)) = objects {
                    reader.back_to(from);
                    reader.skip()?;
                }
            } else {
                reader.skip()?;
                properties.push((name, reader.since(from)));
            }
            goes_on = reader.goes_on(b'}')?;
        }
        if properties.iter().any(|(name, value)| name == "type" && *value == "\"bundle\"") {
            return Ok(Self { properties, objects: objects.transpose()?.unwrap_or_default() });
        }
        reader.back_to(start);
        let lone = element(reader)?;
        Ok(Self { properties: Vec::new(), objects: vec![lone] })
    }
}

fn elements<'a>(reader: &mut Reader<'a>, limits: &Limits) -> Result<Vec<Element<'a>>, Fault> {
    reader.take(b'[')?;
    let mut elements = Vec::new();
    let mut count = 0;
    let mut goes_on = !reader.closes(b']')?;
    while goes_on {
        count += 1;
        if count <= limits.objects_max {
            elements.push(element(reader)?);
        } else {
            elements = Vec::new();
            reader.skip()?;
        }
        goes_on = reader.goes_on(b']')?;
    }
    if count > limits.objects_max {
        let error = BundleError::TooManyObjects { objects: count, objects_max: limits.objects_max };
        return Err(error.into());
    }
    Ok(elements)
}

fn element<'a>(reader: &mut Reader<'a>) -> Result<Element<'a>, Fault> {
    reader.next_token()?;
    let start = reader.at();
    let tree = reader.value();
    if tree.is_err() {
        reader.back_to(start);
        reader.skip()?;
    }
    Ok(Element { raw: reader.since(start), tree: tree.map(Checked::of) })
}

/// Why reading stopped.
enum Fault {
    /// Not JSON where the reader stands.
    Json,
    Bundle(BundleError),
}

impl From<TreeError> for Fault {
    fn from(_: TreeError) -> Self {
        Self::Json
    }
}

impl From<BundleError> for Fault {
    fn from(error: BundleError) -> Self {
        Self::Bundle(error)
    }
}

fn not_json(text: &str, at: usize) -> BundleError {
    let before = &text.as_bytes()[..at.min(text.len())];
    let line_start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |newline| newline + 1);
    BundleError::NotJson {
        line: before.iter().filter(|byte| **byte == b'\n').count() + 1,
        column: before.len() - line_start + 1,
    }
}
