//! What the integration tests share: a key, randomness that repeats.

use comity_minimise::{Bundle, Minimised, PathTable, Profile, TokenKey, minimise};

/// The key that tests make tokens with.
pub(crate) fn key() -> TokenKey {
    TokenKey::derive(&[7; 32], "an-agreement", "FI", "2026").expect("a key")
}

/// The profile that tests minimise for: the path table's defaults alone.
pub(crate) fn profile() -> Profile {
    Profile { purpose: "cyber_defence".to_owned(), ..Profile::default() }
}

/// Randomness that repeats.
pub(crate) fn entropy() -> impl FnMut(&mut [u8]) {
    let mut state = 1_u64;
    move |out: &mut [u8]| {
        for byte in out {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            *byte = state.to_be_bytes()[0];
        }
    }
}

/// Minimises every object of `bytes`.
pub(crate) fn minimise_all<'a>(bundle: &Bundle<'a>, table: &PathTable) -> Minimised<'a> {
    let profile = profile();
    let keep: Vec<(usize, &Profile)> = (0..bundle.objects().len()).map(|index| (index, &profile)).collect();
    minimise(bundle, &keep, table, &key(), &mut entropy())
}
