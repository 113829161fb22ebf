//! Whether a store still takes changes: told by the one that writes, heard by whoever runs the gateway.
//!
//! ```text
//! Writes ── Close ──────────────────────────> Closed       the shell asked for it
//!   └────── a commit or a mark in doubt ────> Stopped(why) nothing is written until the store was opened again
//! ```

use comity_exchange::ports::StoreError;
use tokio::sync::watch;

#[derive(Debug)]
enum State {
    Writes,
    Closed,
    Stopped(StoreError),
}

/// Held by the one that writes, for as long as it does.
#[derive(Debug)]
pub(crate) struct Writing(watch::Sender<State>);

/// Held by the store.
#[derive(Debug)]
pub(crate) struct Ending(watch::Receiver<State>);

/// A store that takes changes.
pub(crate) fn begin() -> (Writing, Ending) {
    let (sender, receiver) = watch::channel(State::Writes);
    (Writing(sender), Ending(receiver))
}

impl Writing {
    /// No more is written: because the store was closed, or because of an error.
    pub(crate) fn ends(self, ended: Result<(), StoreError>) {
        self.0.send_replace(match ended {
            Ok(()) => State::Closed,
            Err(error) => State::Stopped(error),
        });
    }
}

impl Drop for Writing {
    /// One that panicked has told nothing.
    fn drop(&mut self) {
        self.0.send_if_modified(|state| {
            let broke_off = matches!(state, State::Writes);
            if broke_off {
                *state = State::Stopped(StoreError::Failed("writing to the database broke off".into()));
            }
            broke_off
        });
    }
}

impl Ending {
    /// Why the store stopped by itself; `None` while it takes changes, and once it was closed.
    pub(crate) fn why(&self) -> Option<StoreError> {
        match &*self.0.borrow() {
            State::Stopped(error) => Some(error.clone()),
            State::Writes | State::Closed => None,
        }
    }

    /// Waits until the store stops by itself, and gives why; for ever where it is closed instead.
    pub(crate) async fn wait(&self) -> StoreError {
        let mut state = self.0.clone();
        let stopped = state.wait_for(|state| matches!(state, State::Stopped(_))).await.is_ok();
        match self.why().filter(|_| stopped) {
            Some(error) => error,
            None => std::future::pending().await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::Future as _;
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    fn polled(ending: &Ending) -> Poll<StoreError> {
        pin!(ending.wait()).poll(&mut Context::from_waker(Waker::noop()))
    }

    #[test]
    fn a_store_that_was_closed_has_not_stopped_by_itself() {
        let (writing, ending) = begin();
        assert_eq!((polled(&ending), ending.why()), (Poll::Pending, None));
        writing.ends(Ok(()));
        assert_eq!((polled(&ending), ending.why()), (Poll::Pending, None));
    }

    #[test]
    fn a_writer_that_failed_or_broke_off_is_heard_of() {
        let (failing, ending) = begin();
        let why = StoreError::Failed("the mark is in doubt".into());
        failing.ends(Err(why.clone()));
        assert_eq!((polled(&ending), ending.why()), (Poll::Ready(why.clone()), Some(why)));
        let (gone, ending) = begin();
        drop(gone);
        assert!(matches!(polled(&ending), Poll::Ready(StoreError::Failed(_))));
    }
}
