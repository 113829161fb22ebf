//! The thread that derives the published log after commits. The newest checkpoint wins: those that arrive while
//! files are written are published as one.

use super::connection;
use super::fault::Fault;
use super::log::{StoredLog, checkpoint};
use crate::tiles::{PublishedLog, TileError};
use comity_exchange::ports::StoreError;
use comity_tlog::VerifierKey;
use rusqlite::Connection;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread::{self, JoinHandle};
use tokio::sync::oneshot;

/// What the publisher is told.
pub(super) enum Notice {
    /// There is a newer checkpoint.
    Committed,
    /// Someone waits until what is committed is published.
    Flush(oneshot::Sender<Result<(), StoreError>>),
    /// The thread ends, once what is committed is published.
    Close,
}

/// Publishes what is committed, then goes on doing so until it is told to end.
pub(super) fn start(
    database: &Path,
    folder: PathBuf,
    key: VerifierKey,
) -> Result<(mpsc::Sender<Notice>, JoinHandle<()>), Fault> {
    let connection = connection::reader(database)?;
    let (notices, arrived) = mpsc::channel();
    let thread = thread::Builder::new()
        .name("store publisher".into())
        .spawn(move || Publisher { connection, folder, key, log: None }.run(&arrived))
        .map_err(|error| Fault::Other(format!("no thread to publish on: {error}")))?;
    Ok((notices, thread))
}

struct Publisher {
    connection: Connection,
    folder: PathBuf,
    key: VerifierKey,
    /// Opened when first needed, and again after a failure.
    log: Option<PublishedLog>,
}

impl Publisher {
    fn run(mut self, arrived: &mpsc::Receiver<Notice>) {
        // What was committed before the last end may not be published yet.
        let _ = self.publish();
        while let Ok(first) = arrived.recv() {
            let (mut waiting, mut last) = (Vec::new(), false);
            for notice in std::iter::once(first).chain(arrived.try_iter()) {
                match notice {
                    Notice::Committed => {}
                    Notice::Flush(waiter) => waiting.push(waiter),
                    Notice::Close => last = true,
                }
            }
            let outcome = self.publish();
            for waiter in waiting {
                let _ = waiter.send(outcome.clone());
            }
            if last {
                return;
            }
        }
    }

    /// A failure here takes nothing back: the next notice tries again.
    fn publish(&mut self) -> Result<(), StoreError> {
        let published = self.try_publish();
        if published.is_err() {
            self.log = None;
        }
        published.map_err(|error| StoreError::Failed(error.to_string()))
    }

    fn try_publish(&mut self) -> Result<(), TileError> {
        let reader = StoredLog(&self.connection);
        let (size, note) = checkpoint(&self.connection).map_err(|fault| TileError::Log(fault.to_string()))?;
        let log = match &mut self.log {
            Some(log) => log,
            None => self.log.insert(PublishedLog::open(self.folder.clone(), &self.key, &reader)?),
        };
        log.publish(size, &note, &reader)
    }
}
