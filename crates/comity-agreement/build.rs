//! Builds again when law changes: `include_dir!` alone does not notice.

use std::io::Write as _;

fn main() -> std::io::Result<()> {
    let mut out = std::io::stdout();
    for folder in ["vocabulary", "agreements", "jurisdictions"] {
        writeln!(out, "cargo::rerun-if-changed=../../{folder}")?;
    }
    Ok(())
}
