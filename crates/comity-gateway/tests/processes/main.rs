//! The executable itself, as processes: several nodes of one gateway, gateways that are killed at each durable step,
//! that find their disk full, or that stop by themselves.

mod chain;
mod erasing;
mod full;
mod killed;
mod nodes;
mod place;
mod stopped;
mod traced;
mod world;
