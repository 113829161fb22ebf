//! The executable itself, as processes: several nodes of one gateway, gateways that are killed at each durable step,
//! and gateways that stop by themselves.

mod killed;
mod nodes;
mod place;
mod stopped;
mod traced;
