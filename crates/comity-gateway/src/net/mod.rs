//! Listeners and connections: what is on the wire beneath the routes.
//!
//! | listener | who | how |
//! |---|---|---|
//! | plain | anyone | HTTP: health and the published log; TLS is for the proxy in front |
//! | federation | partner gateways | TLS 1.3, both sides with pinned certificates |
//!
//! Routers belong to a listener: a federation route is never on the plain one.

pub(crate) mod body;
pub mod client;
pub mod listener;
pub(crate) mod outside;
pub mod plain;
mod seats;
pub mod tls;
