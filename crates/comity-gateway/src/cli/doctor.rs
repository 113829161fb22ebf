//! `comity doctor`: what an operator would look at first.

use super::Cli;
use super::out::{Exit, Out};
use crate::gateway::{Gateway, GatewayError};
use crate::work::doctor::{Health, examine};

/// Looks at everything; 1 when something does not work.
///
/// # Errors
/// [`GatewayError`].
pub async fn run(gateway: &Gateway, cli: &Cli, out: &mut Out<'_>) -> Result<Exit, GatewayError> {
    let all = examine(gateway).await?;
    if cli.json {
        out.json(&all);
    } else {
        for looked in &all {
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
    Ok(if bad { Exit::Refused } else { Exit::Done })
}
