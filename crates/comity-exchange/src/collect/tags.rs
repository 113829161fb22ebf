//! What stands for an object in the index: digests under a key that lies beside the epoch keys, never with the data.
//!
//! The id of an observable is made of its value (STIX 2.1 section 2.9), so an id in the clear would outlive the record
//! in old pages and backups. A tag tells nothing to whoever has not the key.

use comity_terms::Digest;
use std::fmt;

/// The key of one gateway's tags.
#[derive(Clone)]
pub struct Tags([u8; 32]);

macro_rules! tag {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub [u8; 16]);

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), " {:02x}{:02x}…"), self.0[0], self.0[1])
            }
        }
    };
}

tag! {
    /// Stands for the id of an object.
    ObjectTag
}
tag! {
    /// Stands for the bytes of an object.
    ContentTag
}

impl Tags {
    /// The tags under `key`.
    #[must_use]
    pub fn new(key: [u8; 32]) -> Self {
        Self(key)
    }

    /// What stands for an id.
    #[must_use]
    pub fn object(&self, id: &str) -> ObjectTag {
        ObjectTag(self.of("comity/collected/object/v1", id.as_bytes()))
    }

    /// What stands for the bytes of an object.
    #[must_use]
    pub fn content(&self, bytes: &[u8]) -> ContentTag {
        ContentTag(self.of("comity/collected/content/v1", bytes))
    }

    /// What stands for whom a look-up counts for: a `person` or an `officer`.
    #[must_use]
    pub fn counted(&self, what: &str, who: &str) -> crate::ports::Counted {
        let text = [what.as_bytes(), b"\n", who.as_bytes()].concat();
        crate::ports::Counted(self.of("comity/looked-up/v1", &text))
    }

    /// The first half of a SHA-256 over key and text, each with its length before it: no longer text has the same
    /// prefix, and what is left out bars extending it.
    fn of(&self, what: &str, bytes: &[u8]) -> [u8; 16] {
        let digest = Digest::of_parts(what, &[&self.0, bytes]).0;
        let mut half = [0; 16];
        half.copy_from_slice(&digest[..16]);
        half
    }
}

impl fmt::Debug for Tags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tags under a key of 32 bytes")
    }
}
