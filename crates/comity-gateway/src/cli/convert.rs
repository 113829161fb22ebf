//! `comity import` and `comity export`: other formats to STIX and back. Needs no gateway.

use super::out::{Exit, Out};
use super::progress::Progress;
use super::{Export, ExportMisp, Import, ImportKev, ImportMisp, ImportVeris};
use comity_import::{Imported, Left, Limits, Reason, kev, veris};
use comity_misp::Converted;
use serde_json::{Value, json};
use std::fmt::Display;
use std::io::Read as _;
use std::path::Path;

/// What came of it: a document of the kind `name`, and how many of `counted` are in it.
struct Made {
    name: &'static str,
    document: Value,
    counted: &'static str,
    count: usize,
    left: Vec<Left>,
}

impl Made {
    fn misp(name: &'static str, made: Converted) -> Self {
        Self { name, document: made.document, counted: "events", count: made.events, left: made.left }
    }

    fn imported(counted: &'static str, made: Imported) -> Self {
        Self { name: "bundle", document: made.bundle, counted, count: made.count, left: made.left }
    }
}

/// `comity import`
pub fn import(args: &Import, json: bool, cwd: &Path, out: &mut Out<'_>) -> Exit {
    match args {
        Import::Misp(args) => {
            let made = import_misp(args, cwd, out).map(|made| Made::misp("bundle", made));
            told(made, args.output.as_deref(), json, cwd, out)
        }
        Import::Kev(args) => {
            let made = import_kev(args, cwd, out).map(|made| Made::imported("vulnerabilities", made));
            told(made, args.output.as_deref(), json, cwd, out)
        }
        Import::Veris(args) => {
            let made = import_veris(args, cwd, out).map(|made| Made::imported("incidents", made));
            told(made, args.output.as_deref(), json, cwd, out)
        }
    }
}

/// `comity export`
pub fn export(args: &Export, json: bool, cwd: &Path, out: &mut Out<'_>) -> Exit {
    let Export::Misp(args) = args;
    let made = export_misp(args, cwd, out).map(|made| Made::misp("document", made));
    told(made, args.output.as_deref(), json, cwd, out)
}

fn import_kev(args: &ImportKev, cwd: &Path, out: &Out<'_>) -> Result<Imported, String> {
    let _progress = Progress::on(out, "reading the catalogue");
    let limits = Limits::default();
    let bytes = read(&args.file, cwd, &limits)?;
    kev::to_stix(&bytes, &limits).map_err(|error| at(&args.file, &error))
}

fn import_veris(args: &ImportVeris, cwd: &Path, out: &Out<'_>) -> Result<Imported, String> {
    let progress = Progress::of(out, "files", Some(args.files.len() as u64));
    let limits = Limits::default();
    let mut import = veris::Import::new(limits);
    for file in &args.files {
        let bytes = read(file, cwd, &limits)?;
        import.add(&bytes).map_err(|error| at(file, &error))?;
        progress.one_more();
    }
    Ok(import.finish())
}

fn import_misp(args: &ImportMisp, cwd: &Path, out: &Out<'_>) -> Result<Converted, String> {
    let progress = Progress::of(out, "files", Some(args.files.len() as u64));
    let limits = Limits::default();
    let mut import = comity_misp::Import::new(limits);
    for file in &args.files {
        let bytes = read(file, cwd, &limits)?;
        import.add(&bytes).map_err(|error| at(file, &error))?;
        progress.one_more();
    }
    import.finish().map_err(|error| error.to_string())
}

fn export_misp(args: &ExportMisp, cwd: &Path, out: &Out<'_>) -> Result<Converted, String> {
    let _progress = Progress::on(out, "converting the bundle");
    let limits = Limits::default();
    let bytes = read(&args.file, cwd, &limits)?;
    comity_misp::to_misp(&bytes, &limits).map_err(|error| at(&args.file, &error))
}

fn at(file: &Path, error: &dyn Display) -> String {
    format!("{}: {error}", file.display())
}

/// One byte more than the limit at most: what is longer is refused by who reads it.
fn read(file: &Path, cwd: &Path, limits: &Limits) -> Result<Vec<u8>, String> {
    let most = limits.bytes_max as u64 + 1;
    let mut bytes = Vec::new();
    let read = if file == Path::new("-") {
        std::io::stdin().take(most).read_to_end(&mut bytes)
    } else {
        std::fs::File::open(cwd.join(file)).and_then(|found| found.take(most).read_to_end(&mut bytes))
    };
    read.map(|_| bytes).map_err(|error| format!("{}: {error}", file.display()))
}

/// The document to its place, and what is not in it to whoever watches.
fn told(
    made: Result<Made, String>,
    output: Option<&Path>,
    json: bool,
    cwd: &Path,
    out: &mut Out<'_>,
) -> Exit {
    let made = match made {
        Ok(made) => made,
        Err(error) => return out.bad_input(error),
    };
    let written = format!("{}\n", made.document);
    if let Some(path) = output
        && let Err(error) = std::fs::write(cwd.join(path), &written)
    {
        return out.bad_input(format!("{}: {error}", path.display()));
    }
    if json {
        let left: Vec<_> = made
            .left
            .iter()
            .map(|left| json!({ "path": left.path, "count": left.count, "reason": left.reason.to_string() }))
            .collect();
        let mut report = json!({ made.counted: made.count, "left": left });
        if output.is_none() {
            report[made.name] = made.document;
        }
        out.json(&report);
        return Exit::Done;
    }
    if output.is_none() {
        out.raw(written.as_bytes());
    }
    let local = made.left.iter().filter(|left| left.reason == Reason::Local);
    let local: Vec<&str> = local.map(|left| left.path.rsplit('.').next().unwrap_or_default()).collect();
    for left in made.left.iter().filter(|left| left.reason != Reason::Local) {
        let times =
            if left.count == 1 { String::new() } else { format!(" (and {} like it)", left.count - 1) };
        out.note(&format!("not carried: {}{times}: {}", left.path, left.reason));
    }
    if !local.is_empty() {
        out.note(&format!("not carried: {}: {}", local.join(", "), Reason::Local));
    }
    Exit::Done
}
