//! Messages between gateways: what is on the wire, bounded and signed. What they mean is decided in
//! [`disclose`](crate::disclose) and [`receive`](crate::receive).
//!
//! | message | signed by | carries |
//! |---|---|---|
//! | [`identity`] | party key | the keys of a gateway and the laws it has signed |
//! | [`follow`] | | whether what a partner tells of itself follows from what is known of it |
//! | [`transport`] | party key | the transport key of the day |
//! | [`offer`] | party key | question, facts and digests; then one sealed body per class |
//! | [`answer`] | party key | what became of an offer, with the receiver's receipt |
//! | [`matching`] | party key | whether a partner holds certain values, blinded, and the answers |
//! | [`uses`] | party key | how often a holder used what it was given |
//! | [`recall`] | party key | an order that data be erased or restricted wherever it went, hop by hop, and the answers |
//! | [`referral`] | party key | a person's request, passed on to a partner that may hold their data, and the answers |

pub mod answer;
pub(crate) mod asking;
pub mod follow;
pub mod frame;
pub mod identity;
pub mod matching;
pub mod offer;
pub mod recall;
pub mod referral;
pub mod transport;
pub mod uses;
pub mod view;
