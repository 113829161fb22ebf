//! A log written by this crate alone, judged by Go's `golang.org/x/mod/sumdb`, which shares no code with it.
//!
//! Needs Go and Debian's `golang-golang-x-mod-dev`; says so and passes where they are absent.

use std::collections::HashMap;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use comity_tlog::{
    Checkpoint, Frontier, Hash, NodeReader, SignedCheckpoint, SigningKey, TreeSize, bundles_for,
    encode_bundle, leaf_hash, root_at, tile_bytes, tiles_for,
};

const GOPATH: &str = "/usr/share/gocode";
const ORIGIN: &str = "log.example/foreign";
const OLD: u64 = 300;

type Tested = Result<(), Box<dyn Error>>;

/// The verifier, built; `None` where Go or its package is missing.
fn verifier(dir: &Path) -> Result<Option<PathBuf>, Box<dyn Error>> {
    let package = Path::new(GOPATH).join("src/golang.org/x/mod/sumdb/tlog");
    if !package.is_dir() || Command::new("go").arg("version").output().is_err() {
        eprintln!(
            "skipped: Go with {GOPATH}/src/golang.org/x/mod (Debian golang-golang-x-mod-dev) is not here"
        );
        return Ok(None);
    }
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/foreign/go-tlog/main.go");
    let program = dir.join("go-tlog");
    let built = Command::new("timeout")
        .args(["300", "go", "build", "-o"])
        .args([&program, &source])
        .envs([("GO111MODULE", "off"), ("GOPATH", GOPATH), ("GOFLAGS", "")])
        .env("GOCACHE", dir.join("cache"))
        .output()?;
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    Ok(Some(program))
}

/// A log of `size` entries, published twice: at `OLD` and whole. Gives its verifier key and the old root.
fn write_log(dir: &Path, size: u64) -> Result<(String, Hash), Box<dyn Error>> {
    let key = SigningKey::from_seed(ORIGIN, &[42; 32])?;
    let entries: Vec<Vec<u8>> = (0..size).map(|index| format!("entry {index}").into_bytes()).collect();
    let (mut frontier, mut nodes) = (Frontier::new(), HashMap::new());
    for entry in &entries {
        for node in frontier.append(leaf_hash(entry)) {
            nodes.insert((node.level, node.index), node.hash);
        }
    }
    publish(dir, 0, OLD, &entries, &nodes, &key)?;
    publish(dir, OLD, size, &entries, &nodes, &key)?;
    Ok((key.verifier_key().to_string(), root_at(TreeSize(OLD), &nodes)?))
}

fn publish<R: NodeReader>(
    dir: &Path,
    old: u64,
    new: u64,
    entries: &[Vec<u8>],
    nodes: &R,
    key: &SigningKey,
) -> Tested
where
    R::Error: Error + 'static,
{
    let (old, new) = (TreeSize(old), TreeSize(new));
    for tile in tiles_for(old, new) {
        write(dir, &tile.path(), &tile_bytes(tile, nodes)?)?;
    }
    for bundle in bundles_for(old, new) {
        let first = bundle.index() as usize * 256;
        let entries = &entries[first..first + usize::from(bundle.width())];
        write(dir, &bundle.path(), &encode_bundle(entries.iter().map(Vec::as_slice))?)?;
    }
    let signed = SignedCheckpoint::sign(Checkpoint::new(ORIGIN, new, root_at(new, nodes)?)?, key)?;
    write(dir, "checkpoint", signed.to_string().as_bytes())
}

fn write(dir: &Path, path: &str, content: &[u8]) -> Tested {
    let path = dir.join(path);
    fs::create_dir_all(path.parent().ok_or("no folder")?)?;
    Ok(fs::write(path, content)?)
}

fn judge(program: &Path, log: &Path, vkey: &str, old: u64, root: &Hash) -> std::io::Result<Output> {
    let (old, root) = (old.to_string(), root.to_string());
    Command::new("timeout").arg("120").arg(program).arg(log).args([vkey, &old, &root]).output()
}

#[test]
fn go_accepts_our_log_and_refuses_each_flipped_byte() -> Tested {
    let dir = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("foreign");
    if dir.exists() {
        fs::remove_dir_all(&dir)?;
    }
    fs::create_dir_all(&dir)?;
    let Some(program) = verifier(&dir)? else { return Ok(()) };

    // Tiles of three levels.
    let large = dir.join("large");
    let (vkey, old_root) = write_log(&large, 66_000)?;
    let accepted = judge(&program, &large, &vkey, OLD, &old_root)?;
    assert!(accepted.status.success(), "{}", String::from_utf8_lossy(&accepted.stderr));
    assert_eq!(accepted.stdout, b"ok 66000\n");

    let log = dir.join("small");
    let (vkey, old_root) = write_log(&log, 700)?;
    let accepts = || judge(&program, &log, &vkey, OLD, &old_root).map(|output| output.status.success());
    assert!(accepts()?);
    let refuses = |what: &str, expected: &str, old: u64, root: &Hash| -> Tested {
        let output = judge(&program, &log, &vkey, old, root)?;
        let reason = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{what}: {reason}");
        assert!(reason.contains(expected), "{what}: {reason}");
        Ok(())
    };
    refuses("another old root", "consistency", OLD, &leaf_hash(b"forked"))?;
    refuses("another old size", "consistency", OLD + 1, &old_root)?;
    // One byte in each file; Go does not say which tile is wrong.
    for (path, at, expected) in [
        ("checkpoint", ORIGIN.len() + 2, "checkpoint"),
        ("checkpoint", ORIGIN.len() + 80, "checkpoint"),
        ("tile/0/000", 5, ""),
        ("tile/0/001", 255 * 32, ""),
        ("tile/0/002.p/188", 187 * 32, ""),
        ("tile/1/000.p/2", 63, ""),
        ("tile/entries/000", 4, "entry 0:"),
        ("tile/entries/001", 1, "entry 256:"),
        ("tile/entries/002.p/188", 188 * 11 - 1, "entry 699:"),
    ] {
        let honest = fs::read(log.join(path))?;
        let mut tampered = honest.clone();
        tampered[at] ^= 0x01;
        write(&log, path, &tampered)?;
        refuses(path, expected, OLD, &old_root)?;
        write(&log, path, &honest)?;
    }
    assert!(accepts()?, "restored");
    Ok(fs::remove_dir_all(&dir)?)
}
