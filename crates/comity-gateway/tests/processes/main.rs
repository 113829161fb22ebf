//! The executable itself, as processes: several nodes of one gateway, gateways that are killed at each durable step,
//! that find their disk full, or that stop by themselves; and what an officer types there.

mod chain;
mod dry;
mod erasing;
mod full;
mod json;
mod killed;
mod nodes;
mod place;
mod stopped;
mod traced;
mod world;
