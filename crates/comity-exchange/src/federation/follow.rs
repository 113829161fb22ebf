//! Whether what a partner tells of itself now follows from what is known of it: the rules by which pins move forward.
//!
//! ```text
//! known                 told                              then
//! sequence n, key K     sequence < n                      refused: it was copied, or rolled back
//! sequence n, key K     sequence n, the same keys         followed: laws, transport key
//! sequence n, key K     sequence n, other keys            refused: one number stands for one set of keys
//! sequence n, key K     sequence > n, signed by K         followed: log, witness, certificate may change
//! sequence n, key K     sequence > n, signed by L,        followed
//!                       and K signed for L (by links)
//! sequence n, key K     sequence > n, signed by L alone   refused: two people confirm it, by `comity peer add`
//! ```
//! What reaches a gateway came over a connection whose certificate it had pinned. That a party key is the party's is
//! never concluded from anything that another key did not sign; after a compromise no link is made, so that a thief's
//! word for a key of his own is the only thing that a link could be.

use super::identity::Identity;

/// Why a partner's identity is not followed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotFollowed {
    /// It is another party's.
    #[error("the identity is that of another party")]
    OtherParty,
    /// A later one is known.
    #[error("the identity has the number {told}, and {known} is known: an older one is not taken")]
    Older {
        /// The number that is known.
        known: u64,
        /// The number told.
        told: u64,
    },
    /// One number, two sets of keys.
    #[error("the identity has other keys under the number {0} that is known")]
    OtherKeys(u64),
    /// Another party key, and nothing that the known one signed leads to it.
    #[error(
        "the party key has changed and the one that is known did not sign for it: confirm it with the partner's \
         operator and add it with `comity peer add`"
    )]
    Unlinked,
    /// A link on the way does not hold.
    #[error("the link between two party keys is not signed by the first of them")]
    BadLink,
}

/// What has changed between two identities: the words of the closed list that entries tell.
#[must_use]
pub fn changed(known: &Identity, told: &Identity) -> Vec<&'static str> {
    let differs = [
        ("party_key", known.party_key != told.party_key),
        ("log", known.log != told.log),
        ("witness", known.witness != told.witness),
        ("certificate", known.certificate != told.certificate),
        ("next_certificate", known.next_certificate != told.next_certificate),
        ("transport", known.transport != told.transport),
        ("laws", known.laws != told.laws),
    ];
    differs.into_iter().filter_map(|(what, differs)| differs.then_some(what)).collect()
}

/// That `told`, whose own signature holds, follows from `known`.
///
/// # Errors
/// [`NotFollowed`]; what is known stays, and the refusal is recorded.
pub fn follows(known: &Identity, told: &Identity) -> Result<(), NotFollowed> {
    if known.jurisdiction != told.jurisdiction {
        return Err(NotFollowed::OtherParty);
    }
    if told.sequence < known.sequence {
        return Err(NotFollowed::Older { known: known.sequence, told: told.sequence });
    }
    let same = changed(known, told).iter().all(|what| matches!(*what, "transport" | "laws"));
    if told.sequence == known.sequence {
        return if same { Ok(()) } else { Err(NotFollowed::OtherKeys(known.sequence)) };
    }
    // From the key that is known, link by link, to the one that signed this; no longer than there are links.
    let mut key = &known.party_key;
    for _ in 0..=told.party_keys.len() {
        if *key == told.party_key {
            return Ok(());
        }
        let link = told.party_keys.iter().find(|link| link.key == *key).ok_or(NotFollowed::Unlinked)?;
        link.verify().map_err(|_| NotFollowed::BadLink)?;
        key = &link.next;
    }
    Err(NotFollowed::Unlinked)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::federation::identity::KeyLink;
    use crate::signature::PartyKey;
    use crate::wire::Text;
    use comity_terms::{Digest, Timestamp};

    fn key(seed: u8) -> PartyKey {
        PartyKey::from_seed(&[seed; 32])
    }

    fn at() -> Timestamp {
        "2026-12-09T00:00:00Z".parse().unwrap()
    }

    fn told(seed: u8, sequence: u64, links: &[(u8, u8)]) -> Identity {
        Identity {
            version: 1,
            jurisdiction: Text("XA".parse().unwrap()),
            authority: "Cyber Centre of XA".into(),
            party_key: key(seed).verifier().to_string(),
            log: "xa.example+00000000+AQ==".into(),
            witness: "xa.example/witness+00000000+BA==".into(),
            certificate: Text(Digest::of(b"certificate")),
            laws: Vec::new(),
            transport: None,
            sequence,
            next_certificate: None,
            party_keys: links
                .iter()
                .map(|(from, to)| KeyLink::sign(&key(*from), &key(*to).verifier(), at()))
                .collect(),
            succeeds: None,
        }
    }

    #[test]
    fn pins_move_forward_and_never_back() {
        let known = told(1, 4, &[]);
        assert_eq!(follows(&known, &told(1, 4, &[])), Ok(()));
        assert_eq!(follows(&known, &told(1, 3, &[])), Err(NotFollowed::Older { known: 4, told: 3 }));
        let mut moved = Identity { certificate: Text(Digest::of(b"another")), ..told(1, 4, &[]) };
        assert_eq!(follows(&known, &moved), Err(NotFollowed::OtherKeys(4)));
        moved.sequence = 5;
        assert_eq!(follows(&known, &moved), Ok(()), "the party key vouches for the others");
        let other = Identity { jurisdiction: Text("XB".parse().unwrap()), ..told(1, 5, &[]) };
        assert_eq!(follows(&known, &other), Err(NotFollowed::OtherParty));
    }

    #[test]
    fn a_party_key_is_followed_by_the_links_of_those_before_it_alone() {
        let known = told(1, 0, &[]);
        assert_eq!(follows(&known, &told(2, 1, &[(1, 2)])), Ok(()));
        assert_eq!(follows(&known, &told(3, 2, &[(1, 2), (2, 3)])), Ok(()), "one rotation was missed");
        assert_eq!(follows(&known, &told(2, 1, &[])), Err(NotFollowed::Unlinked), "after a compromise");
        assert_eq!(follows(&known, &told(3, 2, &[(2, 3)])), Err(NotFollowed::Unlinked));
        let mut forged = told(2, 1, &[(1, 2)]);
        forged.party_keys[0].signature = key(2).sign(crate::signature::Domain::PartyKey, b"").to_string();
        assert_eq!(follows(&known, &forged), Err(NotFollowed::BadLink));
        let round = told(9, 3, &[(1, 2), (2, 1)]);
        assert_eq!(follows(&known, &round), Err(NotFollowed::Unlinked), "a ring leads nowhere");
    }

    #[test]
    fn a_key_that_ended_counts_until_its_time_and_not_after() {
        let identity = told(2, 1, &[(1, 2)]);
        let signature = key(1).sign(crate::signature::Domain::Offer, b"under way");
        let counts = |identity: Identity| {
            identity.party_verifier().unwrap().verify(
                crate::signature::Domain::Offer,
                b"under way",
                &signature,
            )
        };
        assert!(counts(identity.clone().at("2026-12-08T23:59:59Z".parse().unwrap())).is_ok());
        assert!(counts(identity.at(at())).is_err());
    }
}
