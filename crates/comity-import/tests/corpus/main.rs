//! KEV and VERIS to STIX: what becomes of our own examples, and of every file of the shared data; see the modules.

mod judged;
mod kev;
mod support;
mod veris;
