//! The life of data after it crossed: what its roles pay for governing, how retention ends, what a person waits for, and
//! what calling data back along a chain costs.
//!
//! ```text
//! cargo run --release -p comity-bench -- life [RECORDS]
//! ```

mod bare;
mod chain;
mod clocks;
mod house;
mod roles;

use crate::line;
use house::{House, What};
use std::error::Error;
use std::path::Path;
use std::time::Instant;

type Tested<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// How many records are held in the end, unless the command says otherwise.
const RECORDS: usize = 1_000_000;
/// One record in so many is about a person.
const PERSONS: usize = 100;
/// How many are held when the roles are measured, and when retention ends the first time: a tenth of all.
const TENTH: usize = 10;

/// Everything, in one run.
pub(crate) async fn compare(records: Option<&String>) -> Tested<()> {
    let records: usize = records.map_or(Ok(RECORDS), |records| records.parse())?;
    let room = tempfile::tempdir()?;
    let house = House::open(&room.path().join("EE"), "EE").await?;
    let mut bare = bare::Table::open(&room.path().join("bare.sqlite"))?;

    // Records about persons are kept for 180 days under this agreement, those about machines for two years: a year from now
    // the first have ended, and no others.
    let persons = records / PERSONS;
    let mut next = 0;
    fill(&house, &mut bare, &mut next, persons, What::Persons).await?;
    fill(&house, &mut bare, &mut next, records / TENTH, What::Machines).await?;
    line(&format!(
        "roles of GDPRBench, among {next} records, {persons} of them about persons; one operation after the other, medians:"
    ));
    roles::compare(&house, &mut bare, persons).await?;
    space(&house, &bare)?;
    line(&format!("retention ended, among {next}: {}", clocks::ended(&house).await?));

    let first = next;
    fill(&house, &mut bare, &mut next, first + persons, What::Persons).await?;
    fill(&house, &mut bare, &mut next, records, What::Machines).await?;
    let (access, erasure) = roles::asked(&house, first).await?;
    line(&format!("one person's access among {next}, filed and decided: {access}"));
    line(&format!("one person's erasure among {next}, filed, decided and done: {erasure}"));
    let sharing = clocks::Sharing::begin(&house);
    line(&format!("retention ended, among {next}: {}", clocks::ended(&house).await?));
    line(&format!("an exchange of 10 meanwhile: {}", sharing.end().await?));
    drop((house, bare));

    chain::called_back(room.path()).await
}

/// Fills both with more, up to `until` records.
async fn fill(
    house: &House,
    bare: &mut bare::Table,
    next: &mut usize,
    until: usize,
    what: What,
) -> Tested<()> {
    let (begun, first) = (Instant::now(), *next);
    while *next < until {
        let count = house::BUNDLE.min(until - *next);
        let bundle = house::bundle(what, *next, count);
        house.write(bundle.clone()).await?;
        bare.insert_all(&bundle, what, *next)?;
        *next += count;
    }
    let rate = (*next - first) as f64 / begun.elapsed().as_secs_f64();
    line(&format!(
        "{} more records are held, {next} in all; {rate:.0} a second came, both together",
        *next - first
    ));
    Ok(())
}

/// How much room both take on the disk.
fn space(house: &House, bare: &bare::Table) -> Tested<()> {
    let (governed, plain) =
        (size(&house.root)?, size(&bare.path)? + size(&bare.path.with_extension("sqlite-wal"))?);
    let factor = governed as f64 / plain as f64;
    line(&format!(
        "  room: {} MB governed, its log and keys included, {} MB bare: {factor:.1} times",
        governed >> 20,
        plain >> 20
    ));
    Ok(())
}

fn size(path: &Path) -> Tested<u64> {
    let Ok(found) = std::fs::metadata(path) else { return Ok(0) };
    if !found.is_dir() {
        return Ok(found.len());
    }
    let mut whole = 0;
    for entry in std::fs::read_dir(path)? {
        whole += size(&entry?.path())?;
    }
    Ok(whole)
}
