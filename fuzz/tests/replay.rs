//! Every seed and kept case, and a few thousand inputs made from them, go through every parser.
//!
//! `COMITY_FUZZ_ROUNDS` makes it more of them (by parser), `COMITY_FUZZ_SEED` others: see `fuzz/README.md`. An input that
//! breaks a parser is named, and written to the target directory: keep it under `fuzz/cases/<parser>/`.

use comity_fuzz::mutate::{Numbers, mutated};
use comity_fuzz::seeds::{kept, name_of};
use comity_fuzz::{TARGETS, Target};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::time::{Duration, Instant};

/// How many inputs are made for each parser, where nothing else is asked: seconds for all of them.
const ROUNDS: usize = 200;

/// Longer than this no input of 64 KiB may take, on a machine that does other things too.
const PATIENCE: Duration = Duration::from_secs(20);

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

fn feed(target: &Target, input: &[u8]) {
    let begun = Instant::now();
    let ran = catch_unwind(AssertUnwindSafe(|| (target.run)(input)));
    let took = begun.elapsed();
    if ran.is_err() || took > PATIENCE {
        let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{}-{}", target.name, name_of(input)));
        std::fs::write(&file, input).expect("a written file");
        panic!("`{}` breaks on {} after {took:?}", target.name, file.display());
    }
}

#[test]
fn seeds_and_kept_cases_break_no_parser() {
    for target in TARGETS {
        let seeds = (target.seeds)();
        assert!(!seeds.is_empty(), "`{}` has no seeds", target.name);
        for input in seeds.iter().chain(&kept(target.name)) {
            feed(target, input);
        }
    }
}

#[test]
fn what_is_made_from_them_breaks_no_parser() {
    let rounds =
        number("COMITY_FUZZ_ROUNDS").and_then(|rounds| usize::try_from(rounds).ok()).unwrap_or(ROUNDS);
    let mut numbers = Numbers::new(number("COMITY_FUZZ_SEED").unwrap_or(1));
    for target in TARGETS {
        let mut seeds = (target.seeds)();
        seeds.extend(kept(target.name));
        for _ in 0..rounds {
            feed(target, &mutated(&seeds, &mut numbers));
        }
    }
}

#[test]
fn the_same_seed_makes_the_same_inputs() {
    let seeds = vec![b"{\"a\":[1,2,{\"b\":\"c\"}]}".to_vec(), b"plain".to_vec()];
    let made = |seed| {
        let mut numbers = Numbers::new(seed);
        (0..200).map(|_| mutated(&seeds, &mut numbers)).collect::<Vec<_>>()
    };
    assert_eq!(made(7), made(7));
    assert_ne!(made(7), made(8));
}
