//! `comity doctor`: what an operator would look at first.

use super::Cli;
use super::out::{Exit, Out};
use crate::dirs::Directory;
use crate::gateway::{Gateway, GatewayError};
use crate::work::doctor::{Health, Looked, examine, unopened};

/// Looks at everything; 1 when something does not work.
///
/// # Errors
/// [`GatewayError`].
pub async fn run(gateway: &Gateway, cli: &Cli, out: &mut Out<'_>) -> Result<Exit, GatewayError> {
    Ok(tell(&examine(gateway).await?, cli.json, out))
}

/// What can be told of a gateway that does not open: 1.
pub fn closed(directory: &Directory, error: &GatewayError, json: bool, out: &mut Out<'_>) -> Exit {
    tell(&unopened(directory, error), json, out)
}

fn tell(all: &[Looked], json: bool, out: &mut Out<'_>) -> Exit {
    if json {
        out.json(&all);
    } else {
        for looked in all {
            let sign = match looked.health {
                Health::Good => "good",
                Health::Warning => "warn",
                Health::Bad => "BAD ",
            };
            out.line(&format!("{sign}  {:<12} {}", looked.what, looked.found));
            if let Some(advice) = &looked.advice {
                out.line(&format!("      {:<12} -> {advice}", ""));
            }
        }
    }
    let bad = all.iter().any(|looked| looked.health == Health::Bad);
    if bad { Exit::Refused } else { Exit::Done }
}
