//! What a gateway does by itself while it serves.
//!
//! | read | for |
//! |---|---|
//! | [`telling`] | partners that have not heard of its keys |
//! | [`witnesses`] | what partners have seen of its log, before it is appended to |
//! | [`escalations`] | questions whose offices let their time pass, and those that all have answered |
//! | [`notices`] | notices to persons whose time has come |
//! | [`obligations`] | duties whose time comes |
//! | [`recalls`] | orders that data be erased or restricted, until every holder has answered |
//! | [`referrals`] | persons' requests that go on to partners, until each has answered |
//! | [`webhooks`] | endpoints that are told of acts |
//! | [`sweep`] | records whose time has come, and the keys that wrapped them |

pub mod escalations;
pub mod notices;
pub mod obligations;
pub mod recalls;
pub mod referrals;
pub mod sweep;
pub mod telling;
pub mod webhooks;
pub mod witnesses;
