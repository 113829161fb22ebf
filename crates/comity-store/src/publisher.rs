//! The thread that derives the published log after commits, for both engines.
//!
//! The newest checkpoint wins: those that arrive while files are written, or within [`REST`] of that, are published as
//! one. After a pause a commit is published at once, and whoever waits for it never waits for the rest to pass.

use crate::faults::{Faults, Point};
use crate::tiles::{LogReader, PublishedLog, TileError};
use comity_exchange::ports::StoreError;
use comity_tlog::VerifierKey;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, mpsc};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};
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
        let mut rested = Instant::now() + REST;
        while let Some(first) = self.next(arrived) {
            let mut told = Told::default();
            told.hear(first);
            while !told.at_once() {
                let rest = rested.saturating_duration_since(Instant::now());
                let Ok(notice) = arrived.recv_timeout(rest) else { break };
                told.hear(notice);
            }
            arrived.try_iter().for_each(|notice| told.hear(notice));
            let Told { waiting, last } = told;
            let outcome = self.publish();
            rested = Instant::now() + REST;
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

/// What notices that are served together come to.
#[derive(Default)]
struct Told {
    waiting: Vec<oneshot::Sender<Result<(), StoreError>>>,
    last: bool,
}

impl Told {
    fn hear(&mut self, notice: Notice) {
        match notice {
            Notice::Committed => {}
            Notice::Flush(waiter) => self.waiting.push(waiter),
            Notice::Close => self.last = true,
        }
    }

    /// Whether someone waits.
    fn at_once(&self) -> bool {
        self.last || !self.waiting.is_empty()
    }
}

/// How long the files may stay behind the newest checkpoint, besides what writing them takes. Three files are made for
/// each publication and one goes, and a file system may look through all that went lately before it makes one: forty
/// publications a second cost an exchange of a thousand objects a quarter of its time.
const REST: Duration = Duration::from_millis(250);
