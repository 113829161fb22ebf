//! What a gateway does by itself while it serves.
//!
//! | read | for |
//! |---|---|
//! | [`sweep`] | records whose time has come, and the keys that wrapped them |

pub mod sweep;
