//! Law as it is asked: packs with their includes, compiled to one set of rules per pack and action.
//!
//! Indexing by action, and by the facts that a rule asks for first, is what keeps a decision fast: Cedar is
//! shown only the rules that cover the act and could match.
//! Compiled packs are shared, so a baseline that five packs include is held once.

use crate::document;
use crate::finding::{Finding, LoadError};
use crate::pack::{Kind, Made, Pack, Rule, RuleEffect, Status};
use crate::source::LawSource;
use crate::vocabulary::Vocabulary;
use cedar_policy::{PolicyId, PolicySet};
use comity_terms::{Action, Digest, JurisdictionCode, PackSlug};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// Rules that cannot match without the same attributes: asked together, or not at all.
///
/// Permits are apart, for an included pack's are not asked.
#[derive(Debug, Clone)]
pub(crate) struct Group {
    pub(crate) permits: bool,
    pub(crate) guards: BTreeSet<String>,
    pub(crate) policies: PolicySet,
}

/// A pack, ready to be asked.
#[derive(Debug, Clone)]
pub(crate) struct Compiled {
    pub(crate) pack: Pack,
    pub(crate) digest: Digest,
    by_action: BTreeMap<Action, Vec<Group>>,
    by_id: HashMap<PolicyId, usize>,
}

impl Compiled {
    fn new(pack: Pack, digest: Digest) -> Result<Self, LoadError> {
        let mut by_action: BTreeMap<Action, Vec<Group>> = BTreeMap::new();
        let mut by_id = HashMap::new();
        for (index, rule) in pack.rules.iter().enumerate() {
            by_id.insert(rule.policy.id().clone(), index);
            for action in &rule.actions {
                let groups = by_action.entry(action.clone()).or_default();
                let permits = rule.effect == RuleEffect::Permit;
                let alike = |group: &Group| group.permits == permits && group.guards == rule.guards;
                let group = match groups.iter().position(alike) {
                    Some(place) => &mut groups[place],
                    None => {
                        let guards = rule.guards.clone();
                        groups.push(Group { permits, guards, policies: PolicySet::new() });
                        groups.last_mut().unwrap_or_else(|| unreachable!("pushed above"))
                    }
                };
                group
                    .policies
                    .add(rule.matcher.clone())
                    .map_err(|error| Finding::error(&rule.file, rule.line, error.to_string()))?;
            }
        }
        Ok(Self { pack, digest, by_action, by_id })
    }

    pub(crate) fn groups(&self, action: &Action) -> &[Group] {
        self.by_action.get(action).map_or(&[], Vec::as_slice)
    }

    pub(crate) fn index(&self, id: &PolicyId) -> Option<usize> {
        self.by_id.get(id).copied()
    }

    pub(crate) fn rule(&self, index: usize) -> &Rule {
        &self.pack.rules[index]
    }
}

/// A pack with what it includes: what is asked as one law.
#[derive(Debug, Clone)]
pub struct Law {
    pub(crate) own: Arc<Compiled>,
    pub(crate) includes: Vec<Arc<Compiled>>,
}

impl Law {
    /// The pack itself.
    #[must_use]
    pub fn pack(&self) -> &Pack {
        &self.own.pack
    }

    /// The packs that are asked with it, in the order they are named.
    pub fn includes(&self) -> impl Iterator<Item = &Pack> {
        self.includes.iter().map(|compiled| &compiled.pack)
    }

    /// The digest that parties sign: of the normative files, the included packs, the words they use.
    #[must_use]
    pub fn digest(&self) -> Digest {
        self.own.digest
    }

    /// The same law with other rows of status: for worked cases alone, it keeps its digest.
    pub(crate) fn with_status(&self, status: Vec<Status>) -> Self {
        let mut own = Compiled::clone(&self.own);
        own.pack.status = status;
        Self { own: Arc::new(own), includes: self.includes.clone() }
    }

    /// The same law with other declarations made, by party and name: for worked cases alone.
    pub(crate) fn with_declarations(&self, made: &BTreeMap<JurisdictionCode, BTreeSet<String>>) -> Self {
        let mut own = Compiled::clone(&self.own);
        for declaration in &mut own.pack.declarations {
            let by = made.iter().filter(|(_, names)| names.contains(&declaration.name));
            let by = by.map(|(party, _)| party.clone()).collect();
            declaration.made = vec![Made { by, from: None, until: None, certainty: String::new() }];
        }
        Self { own: Arc::new(own), includes: self.includes.clone() }
    }

    /// The pack and what it includes.
    pub(crate) fn compiled(&self) -> impl Iterator<Item = &Arc<Compiled>> {
        std::iter::once(&self.own).chain(&self.includes)
    }
}

/// Law as it is loaded from one source; each pack once.
pub struct Library<'s> {
    source: &'s dyn LawSource,
    vocabulary: Arc<Vocabulary>,
    laws: BTreeMap<PackSlug, Arc<Law>>,
}

impl std::fmt::Debug for Library<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Library").field("laws", &self.laws.keys()).finish_non_exhaustive()
    }
}

impl<'s> Library<'s> {
    /// The library over `source`, its vocabulary loaded.
    ///
    /// # Errors
    /// [`LoadError`] when the vocabulary does not hold.
    pub fn open(source: &'s dyn LawSource) -> Result<Self, LoadError> {
        Ok(Self { source, vocabulary: Arc::new(Vocabulary::load(source)?), laws: BTreeMap::new() })
    }

    /// The words that every pack here uses.
    #[must_use]
    pub fn vocabulary(&self) -> &Arc<Vocabulary> {
        &self.vocabulary
    }

    /// Where the packs are read from.
    #[must_use]
    pub fn source(&self) -> &'s dyn LawSource {
        self.source
    }

    /// Every pack in the source, agreements first.
    #[must_use]
    pub fn slugs(&self) -> Vec<PackSlug> {
        ROOTS
            .iter()
            .flat_map(|root| self.source.list(root))
            .filter_map(|path| path.strip_suffix("/pack.toml")?.rsplit('/').next()?.parse().ok())
            .collect()
    }

    /// Where a pack lies, when there is one: `agreements/<slug>` or `jurisdictions/<CODE>`.
    #[must_use]
    pub fn dir(&self, slug: &PackSlug) -> Option<String> {
        ROOTS
            .iter()
            .map(|root| format!("{root}{slug}"))
            .find(|dir| self.source.read(&format!("{dir}/pack.toml")).is_some())
    }

    /// The law of that name, loaded once.
    ///
    /// # Errors
    /// [`LoadError`] when there is none, or it or a pack that it includes does not hold.
    pub fn law(&mut self, slug: &PackSlug) -> Result<Arc<Law>, LoadError> {
        self.load(slug, &mut Vec::new())
    }

    fn load(&mut self, slug: &PackSlug, path: &mut Vec<PackSlug>) -> Result<Arc<Law>, LoadError> {
        if let Some(law) = self.laws.get(slug) {
            return Ok(law.clone());
        }
        let file = format!("{}/pack.toml", self.dir(slug).unwrap_or_else(|| slug.to_string()));
        if path.contains(slug) {
            return Err(Finding::error(&file, 0, "the pack includes itself").into());
        }
        let dir =
            self.dir(slug).ok_or_else(|| Finding::error(&file, 0, format!("there is no pack `{slug}`")))?;
        let pack = Pack::load(self.source, &dir, &self.vocabulary)?;
        path.push(slug.clone());
        let mut includes: Vec<Arc<Compiled>> = Vec::new();
        let mut include_lines = Vec::new();
        for name in &pack.include {
            let law = self.load(name, path)?;
            if !matches!(law.pack().kind, Kind::Handling | Kind::Baseline) {
                let text =
                    format!("`{name}` has parties of its own: only handling and baselines are included");
                return Err(Finding::error(&file, 0, text).into());
            }
            include_lines.push(format!("include {name} {}\n", law.digest().hex()));
            for compiled in law.compiled() {
                if !includes.iter().any(|held| held.pack.slug == compiled.pack.slug) {
                    includes.push(compiled.clone());
                }
            }
        }
        path.pop();
        include_lines.sort();
        let text: String = pack
            .file_lines
            .iter()
            .chain(&include_lines)
            .chain(&pack.word_lines)
            .map(String::as_str)
            .collect();
        let own = Arc::new(Compiled::new(pack, Digest::of(text.as_bytes()))?);
        let law = Arc::new(Law { own, includes });
        self.laws.insert(slug.clone(), law.clone());
        Ok(law)
    }

    /// The text of a pack's file, when there is one.
    pub(crate) fn file(&self, slug: &PackSlug, name: &str) -> Option<(String, String)> {
        let path = format!("{}/{name}", self.dir(slug)?);
        document::text(self.source, &path).ok().map(|text| (path, text))
    }
}

/// The folders that packs lie in.
const ROOTS: [&str; 2] = ["agreements/", "jurisdictions/"];
