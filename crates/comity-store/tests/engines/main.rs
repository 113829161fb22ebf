//! Every engine under one suite: what each must do is in `conformance`, what is one engine's own beside it.

mod conformance;
mod faults;
mod moves;
mod postgres;
mod server;
mod sqlite;
mod succession;
