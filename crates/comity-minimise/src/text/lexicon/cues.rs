//! What a word tells of what stands beside it, and the file that says which words do.

use serde::Deserialize;

/// What a word tells: a set of the constants below.
pub(in crate::text) type Cues = u32;

pub(in crate::text) const HONORIFIC: Cues = 1;
pub(in crate::text) const TITLE: Cues = 1 << 1;
pub(in crate::text) const ROLE: Cues = 1 << 2;
pub(in crate::text) const NAMES_NEXT: Cues = 1 << 3;
pub(in crate::text) const SAYS: Cues = 1 << 4;
pub(in crate::text) const ASKS: Cues = 1 << 5;
pub(in crate::text) const SALUTATION: Cues = 1 << 6;
pub(in crate::text) const CLOSING: Cues = 1 << 7;
pub(in crate::text) const ACCOUNT: Cues = 1 << 8;
pub(in crate::text) const PHONE: Cues = 1 << 9;
pub(in crate::text) const CARD: Cues = 1 << 10;
pub(in crate::text) const IBAN: Cues = 1 << 11;
pub(in crate::text) const THEIRS: Cues = 1 << 12;
pub(in crate::text) const HOSTILE: Cues = 1 << 13;
pub(in crate::text) const THING_AFTER: Cues = 1 << 14;
pub(in crate::text) const THING_BEFORE: Cues = 1 << 15;
pub(in crate::text) const SYSTEM_ACCOUNT: Cues = 1 << 16;
pub(in crate::text) const OFFICE_MAILBOX: Cues = 1 << 17;
pub(in crate::text) const PARTICLE: Cues = 1 << 18;
pub(in crate::text) const INFRASTRUCTURE: Cues = 1 << 19;
pub(in crate::text) const LURE: Cues = 1 << 20;
pub(in crate::text) const THING: Cues = 1 << 21;
pub(in crate::text) const PLAIN: Cues = 1 << 22;
pub(in crate::text) const NATIONAL_ID: Cues = 1 << 23;
pub(in crate::text) const DOTTED_END: Cues = 1 << 24;
/// A phrase begins with it.
pub(in crate::text) const BEGINS: Cues = 1 << 25;

/// It may be a command that takes an account.
pub(in crate::text) const COMMAND: Cues = 1 << 26;
/// Something comes from the address after it.
pub(in crate::text) const SENDER: Cues = 1 << 27;
/// What follows it behind a backslash is no account.
pub(in crate::text) const NAMESPACE: Cues = 1 << 28;
/// It joins the last of a list to the others.
pub(in crate::text) const JOINS: Cues = 1 << 29;

/// Whether `cues` tells something of what stands beside the word.
pub(in crate::text) fn is_cue(cues: Cues) -> bool {
    cues & !(PLAIN | DOTTED_END | BEGINS | COMMAND | NAMESPACE | SENDER | JOINS) != 0
}

/// `data/cues.toml`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CueLists {
    honorific: Vec<String>,
    title: Vec<String>,
    role: Vec<String>,
    names_next: Vec<String>,
    says: Vec<String>,
    asks: Vec<String>,
    salutation: Vec<String>,
    closing: Vec<String>,
    account: Vec<String>,
    phone: Vec<String>,
    card: Vec<String>,
    iban: Vec<String>,
    theirs: Vec<String>,
    hostile: Vec<String>,
    thing_after: Vec<String>,
    thing_before: Vec<String>,
    system_account: Vec<String>,
    office_mailbox: Vec<String>,
    particle: Vec<String>,
    infrastructure: Vec<String>,
    lure: Vec<String>,
    sender: Vec<String>,
    namespace: Vec<String>,
    joins: Vec<String>,
}

impl CueLists {
    /// The words of each cue.
    pub(super) fn each(self) -> [(Cues, Vec<String>); 24] {
        let lists = self;
        [
            (HONORIFIC, lists.honorific),
            (TITLE, lists.title),
            (ROLE, lists.role),
            (NAMES_NEXT, lists.names_next),
            (SAYS, lists.says),
            (ASKS, lists.asks),
            (SALUTATION, lists.salutation),
            (CLOSING, lists.closing),
            (ACCOUNT, lists.account),
            (PHONE, lists.phone),
            (CARD, lists.card),
            (IBAN, lists.iban),
            (THEIRS, lists.theirs),
            (HOSTILE, lists.hostile),
            (THING_AFTER, lists.thing_after),
            (THING_BEFORE, lists.thing_before),
            (SYSTEM_ACCOUNT, lists.system_account),
            (OFFICE_MAILBOX, lists.office_mailbox),
            (PARTICLE, lists.particle),
            (INFRASTRUCTURE, lists.infrastructure),
            (LURE, lists.lure),
            (SENDER, lists.sender),
            (NAMESPACE, lists.namespace),
            (JOINS, lists.joins),
        ]
    }
}
