//! Opened bytes.

use std::fmt;
use zeroize::Zeroizing;

/// The bytes of an opened record. They are overwritten when dropped, and `Debug` prints their length.
#[derive(PartialEq, Eq)]
pub struct Cleartext(Zeroizing<Vec<u8>>);

impl Cleartext {
    pub(crate) fn new(bytes: Zeroizing<Vec<u8>>) -> Self {
        Self(bytes)
    }

    /// Parts of one text, end to end.
    #[must_use]
    pub fn joined(mut parts: Vec<Self>) -> Self {
        if parts.len() == 1 {
            return parts.remove(0);
        }
        // Room for all of it at once: what grows would leave copies behind.
        let length = parts.iter().map(|part| part.0.len()).sum();
        let mut whole = Zeroizing::new(Vec::with_capacity(length));
        for part in &parts {
            whole.extend_from_slice(&part.0);
        }
        Self(whole)
    }

    /// What `keep` leaves of it; `None` where that does not read it.
    #[must_use]
    pub fn reduced(&self, keep: impl FnOnce(&[u8]) -> Option<Vec<u8>>) -> Option<Self> {
        keep(&self.0).map(|kept| Self(Zeroizing::new(kept)))
    }

    /// The bytes. Whoever copies them owns the copy's life.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Cleartext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cleartext of {} bytes", self.0.len())
    }
}
