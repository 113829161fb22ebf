//! Law from its files to a decision, asked from outside.

mod approval;
mod cases;
mod common;
mod decide;
mod diff;
mod draft;
mod explain;
mod floors;
mod holidays;
mod load;
mod person;
mod properties;
mod rights;
mod shipped;
mod templates;
