//! Every parser that meets a peer, as a function of bytes that must return.
//!
//! ```text
//! targets   one function for each parser: it may refuse, and may not panic, hang, or accept what is inconsistent;
//!           `doors` has those of what tools, programs and browsers send
//! seeds     what each is fed with first: our own examples, messages made here, the shared data, kept cases
//! mutate    a small deterministic mutator, for the test command; libFuzzer does the same with nightly
//! ```
//! The same functions run under `cargo fuzz` and in `tests/replay.rs`.

pub mod mutate;
pub mod seeds;
pub mod targets;

use targets::doors;

/// One parser.
pub struct Target {
    /// Its name: that of its fuzzing target, and of its folder of kept cases.
    pub name: &'static str,
    /// Reads what a peer sent.
    pub run: fn(&[u8]),
    /// What it is fed with first.
    pub seeds: fn() -> Vec<Vec<u8>>,
}

/// Every parser that meets a peer.
pub const TARGETS: &[Target] = &[
    Target { name: "bundle", run: targets::bundle, seeds: seeds::bundles },
    Target { name: "text", run: targets::text, seeds: seeds::free_texts },
    Target { name: "pattern", run: targets::pattern, seeds: seeds::patterns },
    Target { name: "json", run: targets::json, seeds: seeds::json },
    Target { name: "frame", run: targets::frame, seeds: seeds::frames },
    Target { name: "offer", run: targets::offer, seeds: seeds::offers },
    Target { name: "answer", run: targets::answer, seeds: seeds::answers },
    Target { name: "recall", run: targets::recall, seeds: seeds::recalls },
    Target { name: "recall_answer", run: targets::recall_answer, seeds: seeds::recall_answers },
    Target { name: "view_question", run: targets::view_question, seeds: seeds::view_questions },
    Target { name: "view_answer", run: targets::view_answer, seeds: seeds::view_answers },
    Target { name: "uses", run: targets::uses, seeds: seeds::uses },
    Target { name: "match_question", run: targets::match_question, seeds: seeds::match_questions },
    Target { name: "match_answer", run: targets::match_answer, seeds: seeds::match_answers },
    Target { name: "match_filter", run: targets::match_filter, seeds: seeds::match_filters },
    Target { name: "referral", run: targets::referral, seeds: seeds::referrals },
    Target { name: "identity", run: targets::identity, seeds: seeds::identities },
    Target { name: "checkpoint", run: targets::checkpoint, seeds: seeds::checkpoints },
    Target { name: "receipt", run: targets::receipt, seeds: seeds::receipts },
    Target { name: "tile", run: targets::tile, seeds: seeds::tiles },
    Target { name: "policy", run: targets::policy, seeds: seeds::policies },
    Target { name: "misp", run: targets::misp, seeds: seeds::misp },
    Target { name: "kev", run: targets::kev, seeds: seeds::kev },
    Target { name: "veris", run: targets::veris, seeds: seeds::veris },
    Target { name: "pack", run: targets::pack, seeds: seeds::packs },
    Target { name: "taxii_query", run: doors::taxii_query, seeds: seeds::doors::taxii_queries },
    Target { name: "taxii_media", run: doors::taxii_media, seeds: seeds::doors::taxii_media },
    Target { name: "taxii_envelope", run: doors::taxii_envelope, seeds: seeds::doors::taxii_envelopes },
    Target { name: "order", run: doors::order, seeds: seeds::doors::orders },
    Target { name: "misp_request", run: doors::misp_request, seeds: seeds::doors::misp_requests },
    Target { name: "credentials", run: doors::credentials, seeds: seeds::doors::credentials },
    Target { name: "callback", run: doors::callback, seeds: seeds::doors::callbacks },
    Target { name: "provider", run: doors::provider, seeds: seeds::doors::providers },
    Target { name: "signature", run: doors::signature, seeds: seeds::doors::signatures },
    Target { name: "id_token", run: doors::id_token, seeds: seeds::doors::id_tokens },
];
