//! Every file of the shared data through both directions; see the modules.

mod minimised;
mod oracle;
mod round_trip;
mod support;
