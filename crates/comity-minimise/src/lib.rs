//! Placeholder header; written with the room.
