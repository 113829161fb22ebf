//! The shell of a gateway: its command, listeners, directories and keys. What the rules decide is decided in
//! `comity-exchange`; here is what touches the world.
//!
//! | read | for |
//! |---|---|
//! | [`cli`] | the command line |
//! | [`gateway`] | one gateway, open, and what it lends to the rules |
//! | [`work`] | what officers and operators ask of it |
//! | [`jobs`] | what it does by itself: the sweep of the vault |
//! | [`federation`] | what partners ask of it, and the way to them |
//! | [`laws`], [`settings`], [`warning`] | adopted packs; what an operator sets; the lists that an operator names |
//! | [`taxii`] | what tools ask of it: TAXII 2.1 |
//! | [`misp`] | MISP's own REST interface, over a door to a collection |
//! | [`net`] | listeners and connections, TLS with pinned certificates |
//! | [`api`] | errors over HTTP |
//! | [`dirs`], [`files`] | where things lie, and that they lie there durably |
//! | [`keys`] | epoch and transport keys, apart from the data |
//! | [`socket`] | commands to a gateway that serves |
//! | [`webhooks`] | what programmes of the house are told of |
//! | [`notices`] | how persons are told |
//! | [`signin`], [`passwords`] | who asks: passwords, rates, what is refused |
//! | [`clock`], [`watch`] | time and randomness; logs and stopping |

pub mod api;
mod bounded;
pub mod cli;
pub mod clock;
pub mod dirs;
pub mod federation;
pub mod files;
pub mod gateway;
pub mod jobs;
pub mod keys;
pub mod laws;
pub mod misp;
pub mod net;
pub mod notices;
pub mod passwords;
pub mod processors;
pub mod settings;
pub mod signin;
pub mod socket;
pub mod taxii;
pub mod warning;
pub mod watch;
pub mod webhooks;
pub mod work;
