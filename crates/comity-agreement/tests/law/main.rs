//! Law from its files to a decision, asked from outside.

mod common;
mod decide;
mod explain;
mod load;
mod properties;
mod shipped;
