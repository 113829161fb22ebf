//! JSON over HTTP: parse, call, render. Errors have one form: [`problem`].

pub mod problem;
pub mod v1;
