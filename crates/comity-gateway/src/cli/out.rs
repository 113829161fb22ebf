//! Writing to standard output and error: the one place that does.
//!
//! A reader that has gone away (`comity … | head`) is not a failure: the process ends quietly. Colours go only to
//! terminals, and never where `NO_COLOR` is set.

use serde::Serialize;
use std::io::{self, IsTerminal as _, Write};

/// What a command exits with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// 0: done, or the check passed.
    Done,
    /// 1: refused, escalated, partly delivered, or the check failed.
    Refused,
    /// 2: bad usage or bad input.
    BadInput,
    /// 3: `serve` stopped by itself; started again, it finds out what was kept.
    Stopped,
}

impl Exit {
    /// The status as a number.
    #[must_use]
    pub fn status(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Refused => 1,
            Self::BadInput => 2,
            Self::Stopped => 3,
        }
    }
}

impl From<Exit> for std::process::ExitCode {
    fn from(exit: Exit) -> Self {
        exit.status().into()
    }
}

/// Where a command writes: the process's own streams, or memory, for the socket and for tests.
pub struct Out<'a> {
    stdout: Box<dyn Write + Send + 'a>,
    stderr: Box<dyn Write + Send + 'a>,
    progress: bool,
    colours: bool,
}

impl<'a> Out<'a> {
    /// The process's own standard output and error.
    #[must_use]
    pub fn process() -> Self {
        let progress = io::stderr().is_terminal();
        let colours = progress && std::env::var_os("NO_COLOR").is_none();
        Self { stdout: Box::new(io::stdout()), stderr: Box::new(io::stderr()), progress, colours }
    }

    /// Other writers, without colours or progress.
    #[must_use]
    pub fn to(stdout: impl Write + Send + 'a, stderr: impl Write + Send + 'a) -> Self {
        Self { stdout: Box::new(stdout), stderr: Box::new(stderr), progress: false, colours: false }
    }

    /// Whether someone watches progress on standard error.
    #[must_use]
    pub fn shows_progress(&self) -> bool {
        self.progress
    }

    /// One document, or one line of JSON Lines.
    pub fn json(&mut self, value: &impl Serialize) {
        // Unwrap safety: what commands print is plain data with text keys.
        let line = serde_json::to_string(value).expect("output is plain data");
        self.line(&line);
    }

    /// One line for people.
    pub fn line(&mut self, text: &str) {
        self.raw(format!("{text}\n").as_bytes());
    }

    /// Bytes as they are.
    pub fn raw(&mut self, bytes: &[u8]) {
        let written = self.stdout.write_all(bytes).and_then(|()| self.stdout.flush());
        survive(written, "standard output");
    }

    /// Bytes as they are, in pieces that need not be in one place.
    pub fn pieces<'p>(&mut self, pieces: impl IntoIterator<Item = &'p [u8]>) {
        let mut buffered = io::BufWriter::with_capacity(PIECES_BYTES, &mut self.stdout);
        let mut written = pieces.into_iter().try_for_each(|piece| buffered.write_all(piece));
        written = written.and_then(|()| buffered.flush());
        // What it holds after an error is not tried again when it goes.
        drop(buffered.into_parts());
        survive(written, "standard output");
    }

    /// Rows under a heading, columns aligned by their widest cell.
    pub fn table(&mut self, heading: &[&str], rows: &[Vec<String>]) {
        let width = |column: usize| {
            let cells = rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count());
            cells.chain([heading[column].chars().count()]).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..heading.len()).map(width).collect();
        let align = |cells: &mut dyn Iterator<Item = &str>| {
            let cells: Vec<String> =
                cells.zip(&widths).map(|(cell, width)| format!("{cell:width$}")).collect();
            cells.join("  ").trim_end().to_owned()
        };
        self.line(&align(&mut heading.iter().copied()));
        for row in rows {
            self.line(&align(&mut row.iter().map(String::as_str)));
        }
    }

    /// One line on standard error.
    pub fn note(&mut self, text: &str) {
        // Whoever closed standard error does not want to know.
        let _ = writeln!(self.stderr, "{text}");
    }

    /// `error: …` on standard error, and the status for bad input.
    pub fn bad_input(&mut self, text: impl std::fmt::Display) -> Exit {
        self.error(text);
        Exit::BadInput
    }

    /// `error: …` on standard error, and the status of a gateway that stopped by itself.
    pub fn stopped(&mut self, text: impl std::fmt::Display) -> Exit {
        self.error(text);
        Exit::Stopped
    }

    fn error(&mut self, text: impl std::fmt::Display) {
        let error = if self.colours { "\x1b[1;31merror\x1b[0m" } else { "error" };
        self.note(&format!("{error}: {text}"));
    }
}

/// How much of what comes in pieces is written at once.
const PIECES_BYTES: usize = 64 << 10;

/// Ends the process where its reader has gone away; anything else is told and ends it as a failure.
fn survive(written: io::Result<()>, stream: &str) {
    match written {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => std::process::exit(0),
        Err(error) => {
            let _ = writeln!(io::stderr(), "error: {stream}: {error}");
            std::process::exit(2)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_align_and_json_is_one_line() {
        let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
        let mut out = Out::to(&mut stdout, &mut stderr);
        out.table(&["law", "outcome"], &[vec!["agreement".to_owned(), "permit".to_owned()]]);
        out.json(&serde_json::json!({ "ok": true }));
        assert_eq!(out.bad_input("no such file"), Exit::BadInput);
        drop(out);
        assert_eq!(
            String::from_utf8(stdout).unwrap(),
            "law        outcome\nagreement  permit\n{\"ok\":true}\n"
        );
        assert_eq!(String::from_utf8(stderr).unwrap(), "error: no such file\n");
    }
}
