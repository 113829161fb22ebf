//! The laws of the run: the shipped agreement in three editions, and the laws of three states.
//!
//! The editions say the same and have different digests: adopting one after the other is what a change of law
//! is to two gateways. The third state has the second one's law under its own name.

use comity_agreement::{Law, LawFiles, LawSet, Library, Vocabulary, shipped};
use comity_terms::{Digest, PackSlug, Party};
use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

/// The parties, by the number of their gateway.
pub const PARTIES: [&str; 3] = ["EE", "FI", "LV"];

/// The agreement between them.
pub const AGREEMENT: &str = "eu-nis2-2022-2555";

/// How many editions of it there are.
pub const EDITIONS: usize = 3;

/// One edition of the agreement, with the laws of all parties.
pub struct Edition {
    agreement: Arc<Law>,
    national: BTreeMap<Party, Arc<Law>>,
    vocabulary: Arc<Vocabulary>,
}

impl Edition {
    /// The agreement.
    #[must_use]
    pub fn agreement(&self) -> &Law {
        &self.agreement
    }

    /// The law of a party.
    #[must_use]
    pub fn of(&self, party: &Party) -> &Law {
        &self.national[party]
    }

    /// The laws between two parties.
    #[must_use]
    pub fn between(&self, parties: [&Party; 2]) -> LawSet {
        let national = parties.map(|party| (party.clone(), Arc::clone(&self.national[party])));
        LawSet {
            agreement: Arc::clone(&self.agreement),
            national: national.into(),
            vocabulary: Arc::clone(&self.vocabulary),
        }
    }
}

/// The party of gateway `number`.
///
/// # Panics
/// For a number that no gateway has.
#[must_use]
pub fn party(number: usize) -> Party {
    PARTIES[number].parse().expect("the codes above are parties")
}

/// The agreement's name.
///
/// # Panics
/// Never: the name above is one.
#[must_use]
pub fn agreement() -> PackSlug {
    AGREEMENT.parse().expect("the name above is a pack's")
}

/// An edition, loaded when it is first asked for.
///
/// # Panics
/// For a number that no edition has, and when the shipped laws do not load.
#[must_use]
pub fn edition(number: usize) -> &'static Edition {
    static LOADED: [OnceLock<Edition>; EDITIONS] = [const { OnceLock::new() }; EDITIONS];
    LOADED[number].get_or_init(|| load(number))
}

/// The edition with this digest.
#[must_use]
pub fn edition_of(digest: Digest) -> Option<&'static Edition> {
    (0..EDITIONS).map(edition).find(|edition| edition.agreement().digest() == digest)
}

/// The law of that digest, in whichever edition, with its words.
#[must_use]
pub fn signed(pack: &PackSlug, digest: Digest) -> Option<(Arc<Law>, Arc<Vocabulary>)> {
    (0..EDITIONS).map(edition).find_map(|edition| {
        let laws = std::iter::once(&edition.agreement).chain(edition.national.values());
        let mut named = laws.filter(|law| law.pack().slug == *pack);
        let law = named.find(|law| law.digest() == digest)?;
        Some((Arc::clone(law), Arc::clone(&edition.vocabulary)))
    })
}

fn load(number: usize) -> Edition {
    let mut files = shipped().clone();
    let of_third: BTreeMap<String, Vec<u8>> = files
        .0
        .iter()
        .filter_map(|(path, bytes)| {
            let name = path.strip_prefix("jurisdictions/FI/")?;
            let text = String::from_utf8_lossy(bytes).replace("\"FI\"", "\"LV\"");
            Some((format!("jurisdictions/LV/{name}"), text.into_bytes()))
        })
        .collect();
    files = files.overlaid(LawFiles(of_third));
    let manifest =
        files.0.get_mut(&format!("agreements/{AGREEMENT}/pack.toml")).expect("the pack is shipped");
    manifest.extend(format!("\n# edition {number}\n").into_bytes());
    let mut library = Library::open(&files).expect("the vocabulary loads");
    let mut law = |slug: &str| library.law(&slug.parse().expect("a pack's name")).expect("the law loads");
    let agreement = law(AGREEMENT);
    let national = (0..PARTIES.len()).map(|number| (party(number), law(PARTIES[number]))).collect();
    Edition { agreement, national, vocabulary: Arc::clone(library.vocabulary()) }
}
