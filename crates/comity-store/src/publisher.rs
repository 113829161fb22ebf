//! The thread that derives the published log after commits, for both engines. The newest checkpoint wins: those that arrive while
//! files are written are published as one.

use crate::faults::{Faults, Point};
use crate::tiles::{LogReader, PublishedLog, TileError};
use comity_exchange::ports::StoreError;
use comity_tlog::VerifierKey;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, mpsc};
use std::thread::{self, JoinHandle};
use std::time::Duration;
use tokio::sync::oneshot;

/// What the publisher is told.
pub(crate) enum Notice {
    /// There is a newer checkpoint.
    Committed,
    /// Someone waits until what is committed is published.
    Flush(oneshot::Sender<Result<(), StoreError>>),
    /// The thread ends, once what is committed is published.
    Close,
}

/// Publishes what is committed, then goes on doing so until it is told to end. Where others commit too, they tell
/// nobody: it looks `every` so often.
pub(crate) fn start<R: LogReader + Send + 'static>(
    stored: R,
    folder: PathBuf,
    key: VerifierKey,
    faults: Arc<dyn Faults>,
    every: Option<Duration>,
) -> io::Result<(mpsc::Sender<Notice>, JoinHandle<()>)> {
    let (notices, arrived) = mpsc::channel();
    let publisher = Publisher { stored, folder, key, faults, every, log: None };
    let thread =
        thread::Builder::new().name("store publisher".into()).spawn(move || publisher.run(&arrived))?;
    Ok((notices, thread))
}

struct Publisher<R> {
    stored: R,
    folder: PathBuf,
    key: VerifierKey,
    faults: Arc<dyn Faults>,
    every: Option<Duration>,
    /// Opened when first needed, and again after a failure.
    log: Option<PublishedLog>,
}

impl<R: LogReader> Publisher<R> {
    fn run(mut self, arrived: &mpsc::Receiver<Notice>) {
        // What was committed before the last end may not be published yet.
        let _ = self.publish();
        while let Some(first) = self.next(arrived) {
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

    /// The next notice; `None` when nobody is left to send one.
    fn next(&self, arrived: &mpsc::Receiver<Notice>) -> Option<Notice> {
        match self.every {
            None => arrived.recv().ok(),
            Some(every) => match arrived.recv_timeout(every) {
                Err(mpsc::RecvTimeoutError::Timeout) => Some(Notice::Committed),
                other => other.ok(),
            },
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
        self.faults.at(Point::Publish).map_err(|error| TileError::Log(error.to_string()))?;
        let unread = |error: R::Error| TileError::Log(error.to_string());
        let (size, note) = self.stored.newest().map_err(unread)?;
        let log = match &mut self.log {
            Some(log) => log,
            None => self.log.insert(PublishedLog::open(self.folder.clone(), &self.key, &self.stored)?),
        };
        log.publish(size, &note, &self.stored)
    }
}
