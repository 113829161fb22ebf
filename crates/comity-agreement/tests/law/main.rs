//! Law from its files to a decision, asked from outside.

mod approval;
mod common;
mod decide;
mod diff;
mod explain;
mod floors;
mod load;
mod person;
mod properties;
mod rights;
mod shipped;
mod templates;
