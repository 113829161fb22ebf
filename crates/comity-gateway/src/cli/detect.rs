//! `comity detect`: where people are named in texts, and how they are reached.
//!
//! ```text
//! {"id":…,"text":"…"}     a line in: `id` is any JSON value and comes back as it was
//! {"id":…,"spans":[{"start":0,"end":0,"label":"…"}]}     a line out, in order; offsets in Unicode code points
//! ```
//! Streams: what was read is answered before more is waited for, and no more than one line is held. A line that cannot be
//! read is told on standard error with its number; the others are answered, and the status says it at the end.

use super::Detect;
use super::out::{Exit, Out};
use comity_minimise::text::{detect, in_code_points};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fs::File;
use std::io::{BufRead as _, BufReader, Read};
use std::path::Path;

/// The longest line that is read; what holds one text holds a report, not an archive.
const LINE_BYTES_MAX: usize = 64 << 20;

/// Answers of more bytes than these are written before the next line is looked at.
const ANSWERS_BYTES: usize = 64 << 10;

#[derive(Deserialize)]
struct Asked<'l> {
    #[serde(borrow)]
    id: Option<&'l RawValue>,
    #[serde(borrow)]
    text: Cow<'l, str>,
}

#[derive(Serialize)]
struct Answered<'l> {
    id: Option<&'l RawValue>,
    spans: Vec<Place>,
}

#[derive(Serialize)]
struct Place {
    start: usize,
    end: usize,
    label: &'static str,
}

/// `comity detect`
pub fn run(args: &Detect, cwd: &Path, out: &mut Out<'_>) -> Exit {
    if args.file == Path::new("-") {
        return lines(&mut buffered(std::io::stdin().lock()), "standard input", LINE_BYTES_MAX, out);
    }
    match File::open(cwd.join(&args.file)) {
        Ok(file) => lines(&mut buffered(file), &args.file.display().to_string(), LINE_BYTES_MAX, out),
        Err(error) => out.bad_input(format!("{}: {error}", args.file.display())),
    }
}

fn buffered<R: Read>(input: R) -> BufReader<R> {
    BufReader::with_capacity(64 << 10, input)
}

/// Answers every line of `input`, which is called `name`.
fn lines(input: &mut BufReader<impl Read>, name: &str, most: usize, out: &mut Out<'_>) -> Exit {
    let (mut line, mut answers) = (Vec::new(), Vec::new());
    let (mut number, mut bad) = (0_u64, 0_u64);
    loop {
        // Before more is waited for, what was asked is answered.
        if !input.buffer().contains(&b'\n') || answers.len() > ANSWERS_BYTES {
            tell(&mut answers, out);
        }
        number += 1;
        let complaint = match next(input, &mut line, most) {
            Ok(Line::End) => break,
            Ok(Line::Whole) if line.trim_ascii().is_empty() => continue,
            Ok(Line::Whole) => match answer(&line, &mut answers) {
                Ok(()) => continue,
                Err(text) => text,
            },
            Ok(Line::TooLong) => format!("longer than {most} bytes"),
            Err(error) => return out.bad_input(format!("{name}, line {number}: {error}")),
        };
        tell(&mut answers, out);
        bad += 1;
        out.bad_input(format!("{name}, line {number}: {complaint}"));
    }
    if bad == 0 {
        return Exit::Done;
    }
    out.bad_input(format!("{name}: {bad} of {} lines could not be read; the others are answered", number - 1))
}

enum Line {
    Whole,
    TooLong,
    End,
}

/// Reads the next line without its end. Of one that is too long nothing more than the bound is held.
fn next(input: &mut BufReader<impl Read>, line: &mut Vec<u8>, most: usize) -> std::io::Result<Line> {
    line.clear();
    let read = input.by_ref().take(most as u64 + 1).read_until(b'\n', line)?;
    if read == 0 {
        return Ok(Line::End);
    }
    if line.last() == Some(&b'\n') {
        line.pop();
        return Ok(Line::Whole);
    }
    if read <= most {
        return Ok(Line::Whole);
    }
    loop {
        let held = input.fill_buf()?;
        match held.iter().position(|b| *b == b'\n') {
            Some(end) => {
                input.consume(end + 1);
                return Ok(Line::TooLong);
            }
            None if held.is_empty() => return Ok(Line::TooLong),
            None => {
                let length = held.len();
                input.consume(length);
            }
        }
    }
}

/// Writes the answers that wait.
fn tell(answers: &mut Vec<u8>, out: &mut Out<'_>) {
    if !answers.is_empty() {
        out.raw(answers);
        answers.clear();
    }
}

/// Adds the answer to a line.
fn answer(line: &[u8], answers: &mut Vec<u8>) -> Result<(), String> {
    let line =
        std::str::from_utf8(line).map_err(|error| format!("not UTF-8 after byte {}", error.valid_up_to()))?;
    // What serde would tell of a bad line may hold a part of it: only the place is told.
    let asked: Asked<'_> = serde_json::from_str(line).map_err(|error| match error.classify() {
        serde_json::error::Category::Data => {
            format!("not an object with a text under `text`, at column {}", error.column())
        }
        _ => format!("not JSON, at column {}", error.column()),
    })?;
    let found = detect(&asked.text);
    let spans = in_code_points(&asked.text, &found.spans);
    let spans =
        spans.iter().map(|span| Place { start: span.start, end: span.end, label: span.label.as_str() });
    let answer = Answered { id: asked.id, spans: spans.collect() };
    // Unwrap safety: plain data with text keys, and memory takes what is written.
    serde_json::to_writer(&mut *answers, &answer).expect("an answer is plain data");
    answers.push(b'\n');
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(input: &[u8], most: usize) -> (Exit, String, String) {
        let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
        let exit =
            lines(&mut buffered(input), "standard input", most, &mut Out::to(&mut stdout, &mut stderr));
        (exit, String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
    }

    #[test]
    fn ids_come_back_as_they_were_and_offsets_count_code_points() {
        let (exit, stdout, stderr) = run(
            "{\"id\":1.50,\"text\":\"õ anna.tamm@example.ee\"}\n\n{\"text\":\"\",\"id\":{\"a\":[]},\"more\":1}".as_bytes(),
            1000,
        );
        assert_eq!(exit, Exit::Done);
        assert_eq!(
            stdout,
            "{\"id\":1.50,\"spans\":[{\"start\":2,\"end\":22,\"label\":\"EMAIL\"}]}\n{\"id\":{\"a\":[]},\"spans\":[]}\n"
        );
        assert_eq!(stderr, "");
    }

    #[test]
    fn a_bad_line_is_named_and_the_others_are_answered() {
        let long = format!("{{\"id\":4,\"text\":\"{}\"}}", "x".repeat(200));
        let input = [
            &b"{\"id\":1,\"text\":\"\"}\n{\"id\":2,\"text\":\n\xff\n{\"id\":3}\n"[..],
            long.as_bytes(),
            b"\n{\"id\":5,\"text\":\"\"}",
        ]
        .concat();
        let (exit, stdout, stderr) = run(&input, 100);
        assert_eq!(exit, Exit::BadInput);
        assert_eq!(stdout, "{\"id\":1,\"spans\":[]}\n{\"id\":5,\"spans\":[]}\n");
        let told: Vec<&str> = stderr.lines().collect();
        assert_eq!(
            told,
            [
                "error: standard input, line 2: not JSON, at column 15",
                "error: standard input, line 3: not UTF-8 after byte 0",
                "error: standard input, line 4: not an object with a text under `text`, at column 8",
                "error: standard input, line 5: longer than 100 bytes",
                "error: standard input: 4 of 6 lines could not be read; the others are answered",
            ]
        );
    }
}
