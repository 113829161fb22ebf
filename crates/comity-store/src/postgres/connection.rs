//! Connections to the server, each set up alike, and how often what passes is tried again.

use super::fault::Fault;
use crate::location::ServerUrl;
use deadpool_postgres::{Manager, ManagerConfig, Object, Pool, RecyclingMethod, Runtime};
use futures_util::future::BoxFuture;
use std::hash::{BuildHasher as _, RandomState};
use std::time::Duration;
use tokio_postgres::NoTls;

/// A connection with its prepared statements.
pub(super) type Client = deadpool_postgres::ClientWrapper;

/// Connections of one node.
#[derive(Clone)]
pub(super) struct Connections {
    pool: Pool,
}

impl Connections {
    /// Connections to the server at `url`, at most `most` at once; none is made yet.
    pub(super) fn new(url: &ServerUrl, most: usize) -> Result<Self, Fault> {
        let mut config = url.config();
        let options = config.get_options().map(|options| format!("{options} ")).unwrap_or_default();
        // What the operator sets in the URL comes last and counts.
        config.options(format!("{SESSION} {options}"));
        if config.get_application_name().is_none() {
            config.application_name("comity");
        }
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(Duration::from_secs(5));
        }
        let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let pool = Pool::builder(Manager::from_config(config, NoTls, recycling))
            .max_size(most)
            .wait_timeout(Some(Duration::from_secs(30)))
            .create_timeout(Some(Duration::from_secs(10)))
            .runtime(Runtime::Tokio1)
            .build()
            .map_err(|error| Fault::Other(format!("no connections can be made: {error}")))?;
        Ok(Self { pool })
    }

    /// A connection of one's own.
    pub(super) async fn take(&self) -> Result<Object, Fault> {
        Ok(self.pool.get().await?)
    }

    /// What `query` finds; it is asked again, on another connection, while its failure is one that passes.
    ///
    /// It may be carried out more than once, so it reads, or changes nothing the second time.
    pub(super) async fn ask<T>(
        &self,
        query: impl for<'c> Fn(&'c Client) -> BoxFuture<'c, Result<T, Fault>>,
    ) -> Result<T, Fault> {
        let mut tries = Tries::default();
        loop {
            let asked = match self.take().await {
                Ok(client) => query(&client).await,
                Err(fault) => Err(fault),
            };
            match asked {
                Err(fault) if fault.passes() && tries.again().await => {}
                other => return other,
            }
        }
    }
}

/// How often something was tried that may pass.
#[derive(Default)]
pub(super) struct Tries(u32);

impl Tries {
    /// Waits before the next try, longer each time; `false` when there have been enough.
    pub(super) async fn again(&mut self) -> bool {
        if self.0 >= TRIES_MAX {
            return false;
        }
        self.0 += 1;
        // Half of the wait is drawn, so that nodes that met once do not meet again.
        let most = 5_u64 << self.0;
        let drawn = RandomState::new().hash_one(self.0) % (most / 2);
        tokio::time::sleep(Duration::from_millis(most / 2 + drawn)).await;
        true
    }
}

/// Waits of at most 10, 20, … 2,560 ms: some five seconds in all, the time in which a server restarts.
const TRIES_MAX: u32 = 9;

/// Set for each session. A node that stops in the middle of its turn loses it after five seconds of the server's
/// clock, and whoever waits for a turn gives up after ten and tries again.
const SESSION: &str = "-c idle_in_transaction_session_timeout=5000 -c lock_timeout=10000 \
                       -c synchronous_commit=on -c default_transaction_isolation=read\\ committed";
