//! Watching a gateway run: structured logs on standard error, figures, readiness, and the way it is asked to stop.
//!
//! Logs and figures are for operators. They name ids, parties, counts and outcomes; never a value of the data.

pub mod metrics;
pub mod ready;

use std::io::IsTerminal as _;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{Layer as _, fmt};

/// How logs are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LogFormat {
    /// For people on a terminal, JSON otherwise.
    #[default]
    Automatic,
    /// JSON Lines always.
    Json,
}

/// Sends logs to standard error from now on, as much as `levels` says: `info`, or `warn,comity_gateway=debug`.
///
/// # Errors
/// What is wrong with `levels`. A second call changes nothing.
pub fn start_logging(format: LogFormat, levels: &str) -> Result<(), String> {
    let levels: Targets = levels.parse().map_err(|error| format!("log levels `{levels}`: {error}"))?;
    let people = format == LogFormat::Automatic && std::io::stderr().is_terminal();
    let layer = fmt::layer().with_writer(std::io::stderr);
    let layer = if people {
        layer.with_ansi(std::env::var_os("NO_COLOR").is_none()).with_target(false).boxed()
    } else {
        layer.json().flatten_event(true).with_current_span(false).boxed()
    };
    // The demo runs two gateways in one process: the first to come sets the logs up for both.
    let _ = tracing_subscriber::registry().with(layer.with_filter(levels)).try_init();
    Ok(())
}

/// Says when to stop.
#[derive(Debug, Clone)]
pub struct Stopper(watch::Sender<bool>);

/// Learns when to stop; each part of a gateway holds a copy.
#[derive(Debug, Clone)]
pub struct Stop(watch::Receiver<bool>);

/// A pair: what says stop, and what hears it.
#[must_use]
pub fn stopping() -> (Stopper, Stop) {
    let (sender, receiver) = watch::channel(false);
    (Stopper(sender), Stop(receiver))
}

impl Stopper {
    /// Asks every holder of a [`Stop`] to finish what is under way and begin nothing.
    pub fn stop(&self) {
        self.0.send_replace(true);
    }

    /// Stops at SIGTERM or SIGINT; a second signal ends the process at once, with status 130.
    ///
    /// # Errors
    /// When the system does not let the process hear its signals.
    pub fn on_signals(self) -> std::io::Result<()> {
        let (mut terminate, mut interrupt) =
            (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        tokio::spawn(async move {
            let mut again = false;
            loop {
                tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {} }
                if again {
                    std::process::exit(130);
                }
                again = true;
                tracing::info!("stopping: finishing what is under way; a second signal ends at once");
                self.stop();
            }
        });
        Ok(())
    }
}

impl Stop {
    /// Rests between two turns of a job. Whether to go on: `false` once it is time to stop.
    pub async fn rest(&mut self, long: Duration) -> bool {
        tokio::select! {
            () = self.wait() => false,
            () = tokio::time::sleep(long) => true,
        }
    }

    /// Returns once it is time to stop; also when the [`Stopper`] is gone.
    pub async fn wait(&mut self) {
        let _ = self.0.wait_for(|stop| *stop).await;
    }

    /// Whether it is time to stop.
    #[must_use]
    pub fn is_set(&self) -> bool {
        *self.0.borrow()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[tokio::test]
    async fn every_holder_hears_it_early_or_late() {
        let (stopper, stop) = stopping();
        let mut early = stop.clone();
        let waiting = tokio::spawn(async move { early.wait().await });
        assert!(!stop.is_set());
        stopper.stop();
        waiting.await.unwrap();
        let mut late = stop.clone();
        tokio::time::timeout(Duration::from_secs(5), late.wait()).await.unwrap();
        assert!(stop.is_set());
    }

    #[test]
    fn levels_that_do_not_read_are_named() {
        assert!(start_logging(LogFormat::Json, "comity=loud").unwrap_err().contains("comity=loud"));
    }
}
