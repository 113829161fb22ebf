//! Writes every seed and kept case to `<folder>/<target>/`, where libFuzzer begins from them: see README.md.

use comity_fuzz::TARGETS;
use comity_fuzz::seeds::{kept, name_of};
use std::path::PathBuf;

fn main() -> std::io::Result<()> {
    let folder = std::env::args_os().nth(1).map_or_else(|| PathBuf::from("fuzz/corpus"), PathBuf::from);
    for target in TARGETS {
        let folder = folder.join(target.name);
        std::fs::create_dir_all(&folder)?;
        for seed in (target.seeds)().into_iter().chain(kept(target.name)) {
            std::fs::write(folder.join(name_of(&seed)), seed)?;
        }
    }
    Ok(())
}
