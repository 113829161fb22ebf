//! Small laws for tests, over the shipped words.

use comity_agreement::{Law, LawFiles, Library, shipped};
use comity_prove::Prover;
use comity_prove::cache::Cache;
use std::sync::Arc;

/// The shipped law with some more packs.
pub(crate) struct Laws(LawFiles);

const MANIFEST: &str = r#"
title     = "A small law"
citation  = "for tests"
certainty = "design"
include   = []
activities      = ["threat_intel"]
purposes        = ["cyber_defence"]
data_categories = ["indicator"]
recipients      = ["whoever"]
supervision     = "nobody"
receipt_grade   = "integrated"
count           = "plain"

[[status]]
parties = ["*"]
state   = "in_force"
from    = "2015-01-01"
"#;

/// A permit for sharing, whatever it is.
pub(crate) const PERMIT: &str = r#"
@id("permit") @article("1") @summary("Sharing is permitted.") @enforce("suppress")
permit (principal, action == Action::"share", resource);
"#;

impl Laws {
    pub(crate) fn new() -> Self {
        Self(shipped().clone())
    }

    /// With a pack of that name; `head` is what its manifest says beside the usual.
    pub(crate) fn with(mut self, slug: &str, kind: &str, head: &str, permits: &str, forbids: &str) -> Self {
        let folder = if kind == "jurisdiction" { "jurisdictions" } else { "agreements" };
        let more = if kind == "jurisdiction" { "tradition = \"none\"\nauthorities = []\n" } else { "" };
        let text = format!("slug = {slug:?}\nkind = {kind:?}\n{more}{head}\n{MANIFEST}");
        self.0.0.retain(|path, _| !path.starts_with(&format!("{folder}/{slug}/")));
        for (name, text) in
            [("pack.toml", text.as_str()), ("permits.cedar", permits), ("forbids.cedar", forbids)]
        {
            self.0.0.insert(format!("{folder}/{slug}/{name}"), text.as_bytes().to_vec());
        }
        self
    }

    /// With more tables at the end of an agreement's manifest.
    pub(crate) fn with_tables(mut self, slug: &str, tables: &str) -> Self {
        let manifest = self.0.0.get_mut(&format!("agreements/{slug}/pack.toml")).unwrap();
        manifest.extend_from_slice(tables.as_bytes());
        self
    }

    /// With a file more.
    pub(crate) fn put(mut self, path: &str, text: &str) -> Self {
        self.0.0.insert(path.to_owned(), text.as_bytes().to_vec());
        self
    }

    /// The files.
    pub(crate) fn files(&self) -> &LawFiles {
        &self.0
    }

    /// The laws of those names, and what proves things of them; nothing where there is no solver.
    pub(crate) fn load(&self, slugs: &[&str]) -> Option<(Prover, Vec<Arc<Law>>)> {
        if let Err(error) = comity_prove::solver::Solver::default().start() {
            eprintln!("skipped: {error}");
            return None;
        }
        let mut library = Library::open(&self.0).unwrap_or_else(|error| panic!("{error}"));
        let laws =
            slugs.iter().map(|slug| library.law(&slug.parse().unwrap()).unwrap_or_else(|e| panic!("{e}")));
        let laws = laws.collect();
        Some((Prover::new(library.vocabulary().clone(), Cache::none()), laws))
    }
}

/// A forbid on sharing, of the floor where `floor` says so.
pub(crate) fn forbid(id: &str, floor: bool, condition: &str) -> String {
    let floor = if floor { "@floor(\"protection\")" } else { "" };
    format!(
        "@id({id:?}) @article(\"2\") @summary(\"Not so.\") @reason(\"incompatible_purpose\") @enforce(\"suppress\") {floor}\n\
         forbid (principal, action == Action::\"share\", resource) {condition};\n"
    )
}
