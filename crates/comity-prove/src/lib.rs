//! Theorems about packs, by symbolic analysis: what a law, as encoded, can never do, or the case in which it does.
//!
//! Owns what is claimed of laws, the asking of a solver, and the showing of cases. Leaves the meaning of rules to
//! `comity-agreement`, whose engine confirms every case that is shown, and the reading of directories to the binary.
//! The only room that knows Cedar's symbolic compiler; nothing depends on it.
//!
//! ```text
//! packs ─> side ─> claim ─> theorem ─┬─> solver (cvc5) ─> instance ─> replay ─> shrink ─> counterexample
//!                                    └─> cache
//! ```
//!
//! | read | for |
//! |---|---|
//! | [`claim`] | what can be claimed |
//! | [`theorem`] | how one is proved or refuted |
//! | [`consistency`] | what is always so of what rules see |
//! | [`side`] | what "these laws permit" means here |

pub mod admission;
pub mod cache;
pub mod case;
pub mod claim;
pub mod consistency;
pub mod duties;
pub mod environment;
pub mod expression;
pub mod instance;
pub mod instants;
pub mod mutants;
pub mod mutate;
pub mod packs;
pub mod recognition;
pub mod replay;
pub mod report;
pub mod shrink;
pub mod side;
pub mod solver;
pub mod suggest;
pub mod theorem;

pub use claim::{Counterexample, Proof, Prover, Verdict};
pub use side::Side;
