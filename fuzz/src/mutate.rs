//! A small deterministic mutator: the same seed makes the same inputs on every machine.
//!
//! Half of its steps know JSON (a node replaced, repeated, taken out, nested), half only bytes.

use serde_json::Value;

/// A source of numbers that repeats (SplitMix64).
#[derive(Debug, Clone)]
pub struct Numbers(u64);

impl Numbers {
    /// The numbers that follow from `seed`.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number below `bound`; 0 when that is 0.
    pub fn below(&mut self, bound: usize) -> usize {
        if bound == 0 { 0 } else { usize::try_from(self.next() % bound as u64).unwrap_or(0) }
    }

    fn of<'t, T>(&mut self, items: &'t [T]) -> Option<&'t T> {
        items.get(self.below(items.len()))
    }
}

/// An input made from one of `seeds` in one to six steps.
#[must_use]
pub fn mutated(seeds: &[Vec<u8>], numbers: &mut Numbers) -> Vec<u8> {
    let Some(seed) = numbers.of(seeds) else { return Vec::new() };
    let mut input = seed.clone();
    for _ in 0..=numbers.below(6) {
        input = match serde_json::from_slice::<Value>(&input) {
            Ok(mut tree) if numbers.below(2) == 0 => {
                let other = numbers.of(seeds).and_then(|seed| serde_json::from_slice(seed).ok());
                json_step(&mut tree, other.as_ref(), numbers);
                serde_json::to_vec(&tree).unwrap_or_default()
            }
            _ => byte_step(input, seeds, numbers),
        };
    }
    input.truncate(LENGTH_MAX);
    input
}

fn json_step(tree: &mut Value, other: Option<&Value>, numbers: &mut Numbers) {
    let count = size(tree);
    let at = numbers.below(count);
    let copy = other.map(|other| node(other, numbers.below(size(other))).clone());
    let word = numbers.of(WORDS).copied().unwrap_or_default();
    let kind = numbers.below(8);
    let repeats = numbers.below(80);
    let node = node_mut(tree, at);
    match kind {
        0 => *node = copy.unwrap_or_default(),
        1 => *node = Value::String(word.to_owned()),
        2 => *node = serde_json::from_str(word).unwrap_or_default(),
        3 => {
            for _ in 0..repeats {
                *node = Value::Array(vec![std::mem::take(node)]);
            }
        }
        4 => match node {
            Value::Array(items) => {
                items.pop();
            }
            Value::Object(properties) => {
                if let Some(name) = properties.keys().nth(repeats % properties.len().max(1)).cloned() {
                    properties.remove(&name);
                }
            }
            other => *other = Value::Null,
        },
        5 => match node {
            Value::Array(items) => {
                let more: Vec<Value> = items.iter().cycle().take(repeats).cloned().collect();
                items.extend(more);
            }
            Value::Object(properties) => {
                properties.insert(word.to_owned(), copy.unwrap_or_default());
            }
            Value::String(text) => *text = text.repeat(repeats % 8),
            other => *other = Value::Bool(true),
        },
        6 => {
            if let Value::String(text) = node {
                text.insert_str(0, word);
            }
        }
        _ => {
            if let (Value::Object(properties), Some(Value::Object(more))) = (node, copy) {
                properties.extend(more);
            }
        }
    }
}

fn size(tree: &Value) -> usize {
    1 + match tree {
        Value::Array(items) => items.iter().map(size).sum(),
        Value::Object(properties) => properties.values().map(size).sum(),
        _ => 0,
    }
}

/// The node that comes after `at` others, depth first.
fn node(tree: &Value, mut at: usize) -> &Value {
    let mut waiting = vec![tree];
    while let Some(next) = waiting.pop() {
        if at == 0 {
            return next;
        }
        at -= 1;
        match next {
            Value::Array(items) => waiting.extend(items),
            Value::Object(properties) => waiting.extend(properties.values()),
            _ => {}
        }
    }
    tree
}

fn node_mut(tree: &mut Value, mut at: usize) -> &mut Value {
    let mut waiting = vec![tree];
    loop {
        // Unwrap safety: `at` is below the number of nodes, and every node is put here before its turn.
        let next = waiting.pop().expect("a node is left");
        if at == 0 {
            return next;
        }
        at -= 1;
        match next {
            Value::Array(items) => waiting.extend(items),
            Value::Object(properties) => waiting.extend(properties.values_mut()),
            _ => {}
        }
    }
}

fn byte_step(mut input: Vec<u8>, seeds: &[Vec<u8>], numbers: &mut Numbers) -> Vec<u8> {
    let at = numbers.below(input.len() + 1);
    let length = numbers.below(1 + numbers.clone().below(64)).min(input.len() - at);
    match numbers.below(7) {
        0 if at < input.len() => input[at] ^= 1 << numbers.below(8),
        1 if at < input.len() => input[at] = *numbers.of(BYTES).unwrap_or(&0),
        2 => {
            input.drain(at..at + length);
        }
        3 => {
            let part = input[at..at + length].to_vec();
            drop(input.splice(at..at, part));
        }
        4 => {
            let word = numbers.of(WORDS).copied().unwrap_or_default();
            drop(input.splice(at..at, word.bytes()));
        }
        5 => input.truncate(at),
        _ => {
            let other = numbers.of(seeds).cloned().unwrap_or_default();
            let from = numbers.below(other.len() + 1);
            let length = numbers.below(256).min(other.len() - from);
            drop(input.splice(at..at, other[from..from + length].iter().copied()));
        }
    }
    input
}

/// The longest input that is made.
const LENGTH_MAX: usize = 64 * 1024;

const BYTES: &[u8] = b"\0\n\r\t \"'\\/{}[]():,.-+*=<>@#\x7f\x80\xc0\xe2\xff09azAZ";

/// What the formats are made of, and what readers trip over.
const WORDS: &[&str] = &[
    "",
    "-1",
    "0",
    "1e400",
    "18446744073709551616",
    "true",
    "null",
    "{}",
    "[]",
    "\"",
    "\\ud800",
    "\u{0}",
    "\u{feff}",
    "\u{202e}",
    "İ",
    "ﬀ",
    "é",
    "type",
    "id",
    "objects",
    "spec_version",
    "2.0",
    "2.1",
    "created",
    "modified",
    "bundle",
    "indicator",
    "observed-data",
    "email-addr",
    "identity",
    "individual",
    "identity_class",
    "x_own",
    "value",
    "name",
    "granular_markings",
    "selectors",
    "object_refs.[0]",
    "object_marking_refs",
    "created_by_ref",
    "extensions",
    "email-addr--00000000-0000-4000-8000-000000000001",
    "2026-01-01T00:00:00Z",
    "a@b.example",
    "C:\\Users\\anna\\x",
    "[email-addr:value = 'a@b.example']",
    "'",
    "\\'",
    " AND ",
    "MATCHES",
    "NOT",
    "START",
    "START '2026-01-01T00:00:00Z'",
    "p-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "comity/1\n",
    "sha256:",
    "— ",
    "\n\n",
    "witness ",
    "group ",
    "quorum ",
    "any",
    "tile/",
    "entries/",
    ".p/255",
    "x001/",
    "c2sp.org/tlog-proof@v1\n",
    "index ",
    "permit",
    "forbid (principal, action, resource)",
    "when { context has ",
    "@id(\"",
    "[[",
    "]]",
    " = ",
    "\"\"\"",
    "match[type]=",
    "match%5Bid%5D=",
    "added_after=",
    "&limit=1",
    ",",
    "%00",
    "%ff",
    "%2f%2e%2e",
    "application/taxii+json;version=2.1",
    ";q=0",
    "Basic ",
    "Bearer ",
    "__Host-comity-session=",
    "state=",
    "back=/",
    "https://",
    "kid",
    "keys",
    "nonce",
    "OR",
    "timestamp",
    "253402300800",
];
