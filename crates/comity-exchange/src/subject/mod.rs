//! What persons ask about their data, and how it is found and answered.

mod tag;

pub(crate) use tag::{Named, about_people};
