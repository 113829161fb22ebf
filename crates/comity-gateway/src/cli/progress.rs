//! What whoever waits for long work sees of it: on standard error, where that is a terminal; elsewhere nothing.

use super::out::Out;
use indicatif::{ProgressBar, ProgressStyle};
use std::time::Duration;

/// How far long work has come. It goes from the screen with this value.
pub(super) struct Progress(Option<ProgressBar>);

impl Progress {
    /// Of work that counts `what`, of which there are `all` where that is known.
    #[must_use]
    pub(super) fn of(out: &Out<'_>, what: &'static str, all: Option<u64>) -> Self {
        Self(out.shows_progress().then(|| {
            let (bar, template) = match all {
                Some(all) => (ProgressBar::new(all), "{bar:30} {pos}/{len} {msg}, {eta} left"),
                None => (ProgressBar::new_spinner(), "{spinner} {pos} {msg}, {elapsed}"),
            };
            // Unwrap safety: both templates are written here.
            bar.set_style(ProgressStyle::with_template(template).expect("a template reads"));
            bar.set_message(what);
            bar.enable_steady_tick(TICK);
            bar
        }))
    }

    /// Of work that cannot be counted.
    #[must_use]
    pub(super) fn on(out: &Out<'_>, what: &'static str) -> Self {
        Self(out.shows_progress().then(|| {
            let bar = ProgressBar::new_spinner();
            bar.set_message(what);
            bar.enable_steady_tick(TICK);
            bar
        }))
    }

    /// So much of it is done.
    pub(super) fn at(&self, done: u64) {
        if let Some(bar) = &self.0 {
            bar.set_position(done);
        }
    }

    /// One more of it is done.
    pub(super) fn one_more(&self) {
        if let Some(bar) = &self.0 {
            bar.inc(1);
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}

/// How often it moves, whatever the work does.
const TICK: Duration = Duration::from_millis(120);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_who_is_no_terminal_is_shown_any() {
        let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
        {
            let out = Out::to(&mut stdout, &mut stderr);
            let progress = Progress::of(&out, "packs", Some(3));
            progress.one_more();
            progress.at(3);
            assert!(progress.0.is_none() && Progress::on(&out, "copying").0.is_none());
        }
        assert!(stdout.is_empty() && stderr.is_empty());
    }
}
