//! The shell of a gateway: its command, listeners, directories and keys. What the rules decide is decided in
//! `comity-exchange`; here is what touches the world.
//!
//! | read | for |
//! |---|---|
//! | [`cli`] | the command line |
//! | [`net`] | listeners and connections, TLS with pinned certificates |
//! | [`api`] | errors over HTTP |
//! | [`dirs`], [`files`] | where things lie, and that they lie there durably |
//! | [`keys`] | epoch and transport keys, apart from the data |
//! | [`socket`] | commands to a gateway that serves |
//! | [`clock`], [`passwords`], [`watch`] | time and randomness; sign-in; logs and stopping |

pub mod api;
pub mod cli;
pub mod clock;
pub mod dirs;
pub mod files;
pub mod keys;
pub mod net;
pub mod passwords;
pub mod socket;
pub mod watch;
