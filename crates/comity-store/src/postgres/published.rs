//! What a node reads of the stored log to publish it: on the publisher's own thread, which waits.

use super::connection::{Client, Connections};
use super::fault::Fault;
use super::log;
use crate::tiles::LogReader;
use comity_exchange::entry::PublicEntry;
use comity_tlog::{Hash, TreeSize};
use futures_util::future::BoxFuture;
use std::ops::Range;
use tokio::runtime::Handle;

/// The stored log, read from a thread that is no runtime's.
pub(super) struct Server {
    runtime: Handle,
    connections: Connections,
}

impl Server {
    pub(super) fn new(runtime: Handle, connections: Connections) -> Self {
        Self { runtime, connections }
    }

    fn ask<T>(
        &self,
        query: impl for<'c> Fn(&'c Client) -> BoxFuture<'c, Result<T, Fault>>,
    ) -> Result<T, Fault> {
        self.runtime.block_on(self.connections.ask(query))
    }
}

impl LogReader for Server {
    type Error = Fault;

    fn newest(&self) -> Result<(TreeSize, String), Fault> {
        self.ask(|client| Box::pin(log::checkpoint(client)))
    }

    fn level(&self, level: u8, range: Range<u64>) -> Result<Vec<(u64, Hash)>, Fault> {
        self.ask(|client| Box::pin(log::level(client, level, range.clone())))
    }

    fn entries(&self, range: Range<u64>) -> Result<Vec<[u8; PublicEntry::SIZE]>, Fault> {
        self.ask(|client| Box::pin(log::entries(client, range.clone())))
    }
}
