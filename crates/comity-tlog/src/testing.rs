//! A small published log in memory, for the tests of this crate.
