//! The door of partner gateways: its routes, and the way to theirs.
//!
//! ```text
//! POST /federation/v1/offers                   an offer's frame; the answer's frame
//! POST /federation/v1/recalls                  an order that data be erased or restricted; the answer's frame
//! POST /federation/v1/matches                  a question whether values are held, blinded; the answer's frame
//! POST /federation/v1/views                    a question to look at records that stay here; the answer's frame
//! POST /federation/v1/uses                     which exchanges; how often what came by them was used here
//! POST /federation/v1/referrals                a person's request, passed on; the answer's frame
//! GET  /federation/v1/identity                 what this gateway tells of itself, with its transport key
//! POST /federation/v1/identity                 what the caller tells of itself: followed, or 409
//! GET  /federation/v1/keys                     the transport key of the day alone
//! GET  /federation/v1/law/{digest}             the text of an adopted law: path to base64
//! POST /federation/v1/witness/add-checkpoint   C2SP tlog-witness, for partners' logs
//! GET  /federation/v1/witness/checkpoint       the caller's newest checkpoint that this gateway cosigned
//! ```
//! The party that calls is the one whose certificate was pinned; no route exists on any other listener. One that was
//! removed is told so on every route by which data, or word of it, would flow: offers, matches, views, uses, referrals. Its orders
//! are taken, its keys followed and its log witnessed as before (docs/decisions/0019).

mod matches;
mod partner;
mod recalls;
mod referrals;
mod road;
mod routes;
mod uses;
mod views;

pub use road::Road;
pub use routes::router;
