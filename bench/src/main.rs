//! A governed exchange beside a bare one, in one run: medians and their ratio; or, asked for `open-loop`, exchanges
//! under load. See `bench/README.md`.

mod bare;
mod bundle;
mod governed;
mod life;
mod load;
mod taxii;

use std::io::Write as _;
use std::time::{Duration, Instant};

/// As in the shipped binary.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const OBJECTS: usize = 1_000;
const ROUNDS: usize = 30;
const WARM: usize = 3;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    comity_gateway::processors::spread();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["bare-receiver", room] => runtime.block_on(bare::receive(room.as_ref())),
        ["governed-receiver", room] => runtime.block_on(governed::receive(room.as_ref())),
        ["taxii", ..] => {
            runtime.block_on(taxii::compare(&arguments[1..])).map_err(|error| error.to_string().into())
        }
        ["taxii-stored", ..] => runtime
            .block_on(taxii::stored::compare(arguments.get(1)))
            .map_err(|error| error.to_string().into()),
        ["life", ..] => {
            runtime.block_on(life::compare(arguments.get(1))).map_err(|error| error.to_string().into())
        }
        ["open-loop"] => runtime.block_on(load::compare()),
        ["numbered-ids"] => runtime.block_on(compare(bundle::Ids::Numbered)),
        _ => runtime.block_on(compare(bundle::Ids::Drawn)),
    }
}

async fn compare(ids: bundle::Ids) -> Result<(), Box<dyn std::error::Error>> {
    let room = tempfile::tempdir()?;
    let bare = bare::Sender::start(room.path()).await?;
    let governed = governed::Sender::start(room.path()).await?;
    let (mut plain, mut whole, mut parts) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..ROUNDS + WARM {
        let bytes = bundle::generated(OBJECTS, round, ids).into_bytes();
        let begun = Instant::now();
        bare.send(&bytes).await?;
        let bare_took = begun.elapsed();
        let begun = Instant::now();
        let told = governed.send(&bytes).await?;
        let governed_took = begun.elapsed();
        if round >= WARM {
            plain.push(bare_took);
            whole.push(governed_took);
            parts.push(governed.parts(&bytes).await?);
        }
        if round == 0 {
            line(&format!(
                "{OBJECTS} objects, {} bytes; governed: {} decisions at the sender (one per class of facts), {} kept, {} changed, {} withheld",
                bytes.len(),
                told.decisions,
                told.kept,
                told.changed,
                told.withheld
            ));
        }
    }
    let (plain, whole) = (median(&mut plain), median(&mut whole));
    line(&format!("bare      {:8.2} ms  (median of {ROUNDS})", ms(plain)));
    line(&format!("governed  {:8.2} ms", ms(whole)));
    line(&format!("ratio     {:8.2}", whole.as_secs_f64() / plain.as_secs_f64()));
    line("of the governed exchange, at the sender, measured apart:");
    for (index, name) in governed::PARTS.iter().enumerate() {
        let mut column: Vec<Duration> = parts.iter().map(|row| row[index]).collect();
        line(&format!("  {name:<24}{:8.2} ms", ms(median(&mut column))));
    }
    Ok(())
}

pub(crate) fn median(times: &mut [Duration]) -> Duration {
    times.sort();
    times[times.len() / 2]
}

pub(crate) fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}

/// One line on standard output; a reader that has gone away is not our concern.
pub(crate) fn line(text: &str) {
    let _ = writeln!(std::io::stdout(), "{text}");
}
