//! Law as it is asked: packs with their includes, their rules indexed by action.
//!
//! The index, and the sieve of each rule, is what keeps a decision fast: Cedar is shown only the rules that
//! cover the act and could match.
//! Compiled packs are shared, so a baseline that five packs include is held once.

use crate::document;
use crate::finding::{Finding, LoadError};
use crate::lint;
use crate::pack::{Keep, Kind, Made, Pack, Rule, Status, TreatmentRule};
use crate::source::{LawSource, ROOTS};
use crate::vocabulary::Vocabulary;
use comity_terms::{
    Action, Article, Citation, DataClass, Digest, Effect, JurisdictionCode, LawName, PackSlug, RuleId,
    Treatment,
};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A pack, ready to be asked.
#[derive(Debug, Clone)]
pub(crate) struct Compiled {
    pub(crate) pack: Pack,
    pub(crate) digest: Digest,
    /// The rules that cover an action, by their place in the pack.
    by_action: BTreeMap<Action, Vec<usize>>,
    /// The treatments that the pack asks whatever rule matches.
    pub(crate) treatments: Vec<Treated>,
}

/// A class of property that a pack always treats, and the article that asks it.
#[derive(Debug, Clone)]
pub(crate) struct Treated {
    pub(crate) class: DataClass,
    pub(crate) treatment: Treatment,
    pack: PackSlug,
    article: Article,
    rule: RuleId,
    summary: Arc<str>,
}

impl Treated {
    /// The citation under the law that was asked.
    pub(crate) fn ground(&self, law: &LawName) -> Citation {
        Citation {
            law: law.clone(),
            pack: self.pack.clone(),
            article: self.article.clone(),
            rule: self.rule.clone(),
            effect: Effect::Obligation,
            summary: self.summary.clone(),
        }
    }
}

impl Compiled {
    fn new(pack: Pack, digest: Digest) -> Self {
        let mut by_action: BTreeMap<Action, Vec<usize>> = BTreeMap::new();
        for (index, rule) in pack.rules.iter().enumerate() {
            for action in &rule.actions {
                by_action.entry(action.clone()).or_default().push(index);
            }
        }
        let treated = |(class, asked): (&DataClass, &TreatmentRule)| Treated {
            class: class.clone(),
            treatment: asked.treatment,
            pack: pack.slug.clone(),
            article: asked.article.clone(),
            rule: asked.rule.clone(),
            summary: format!("{class}: {}", asked.treatment).into(),
        };
        let treatments = pack.treatments.iter().map(treated).collect();
        Self { pack, digest, by_action, treatments }
    }

    /// The rules that cover `action`, in the order of the files.
    pub(crate) fn covering(&self, action: &Action) -> &[usize] {
        self.by_action.get(action).map_or(&[], Vec::as_slice)
    }

    pub(crate) fn rule(&self, index: usize) -> &Rule {
        &self.pack.rules[index]
    }
}

#[cfg(test)]
impl Compiled {
    pub(crate) fn rule_mut(&mut self, index: usize) -> &mut Rule {
        &mut self.pack.rules[index]
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
    keep: Keep,
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
        Ok(Self {
            source,
            vocabulary: Arc::new(Vocabulary::load(source)?),
            laws: BTreeMap::new(),
            keep: Keep::Text,
        })
    }

    /// The library over `source`, whose vocabulary was loaded before: for many libraries that differ in a pack.
    #[must_use]
    pub fn over(source: &'s dyn LawSource, vocabulary: Arc<Vocabulary>) -> Self {
        Self { source, vocabulary, laws: BTreeMap::new(), keep: Keep::Text }
    }

    /// The same, for whoever asks every rule: what is asked of Cedar is kept from when a rule is checked.
    #[must_use]
    pub fn keeping(self, keep: Keep) -> Self {
        Self { keep, ..self }
    }

    /// Holds a law that was loaded from files which are the same here: it is not read again.
    pub fn hold(&mut self, law: Arc<Law>) {
        self.laws.insert(law.pack().slug.clone(), law);
    }

    /// Puts `rule` in the place of that pack's rule of the same id, in every law held here: for asking what a change
    /// would do. The laws keep their digests.
    ///
    /// # Errors
    /// [`LoadError`] when the pack does not hold with it, or has no such rule.
    pub fn amend(&mut self, slug: &PackSlug, rule: Rule) -> Result<(), LoadError> {
        let law = self.law(slug)?;
        let mut pack = law.pack().clone();
        let Some(place) = pack.rules.iter_mut().find(|own| own.id == rule.id) else {
            return Err(Finding::error(&rule.file, 0, format!("there is no rule `{}`", rule.id)).into());
        };
        *place = rule;
        let mut findings = pack.undeclared_words();
        let own = Arc::new(Compiled::new(pack, law.own.digest));
        let law = Law { own: own.clone(), includes: law.includes.clone() };
        findings.extend(lint::completeness(&law, &self.vocabulary));
        findings.extend(lint::displaced_inside(&law));
        if !findings.is_empty() {
            return Err(LoadError(findings));
        }
        for other in self.laws.values_mut().filter(|other| other.includes().any(|pack| pack.slug == *slug)) {
            let with = |held: &Arc<Compiled>| if held.pack.slug == *slug { &own } else { held }.clone();
            *other =
                Arc::new(Law { own: other.own.clone(), includes: other.includes.iter().map(with).collect() });
        }
        self.laws.insert(slug.clone(), Arc::new(law));
        Ok(())
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
        self.source.folder(slug.as_str())
    }

    /// The law of that name, loaded once.
    ///
    /// # Errors
    /// [`LoadError`] when there is none, or it or a pack that it includes does not hold.
    pub fn law(&mut self, slug: &PackSlug) -> Result<Arc<Law>, LoadError> {
        self.load(slug, &mut Vec::new())
    }

    /// The own law of a party, where a pack here has it: of a state that of its name, of an organisation the one that its
    /// calendar names.
    ///
    /// # Errors
    /// [`LoadError`] when there is one and it does not hold.
    pub fn own_law(&mut self, party: &JurisdictionCode) -> Result<Option<Arc<Law>>, LoadError> {
        let slug = self.vocabulary.own_law(party);
        slug.filter(|slug| self.dir(slug).is_some()).map(|slug| self.law(&slug)).transpose()
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
        let pack = Pack::load(self.source, &dir, &self.vocabulary, self.keep)?;
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
        let own = Arc::new(Compiled::new(pack, Digest::of(text.as_bytes())));
        let law = Arc::new(Law { own, includes });
        let gaps = lint::displaced_inside(&law);
        if !gaps.is_empty() {
            return Err(LoadError(gaps));
        }
        self.laws.insert(slug.clone(), law.clone());
        Ok(law)
    }

    /// The text of a pack's file, when there is one.
    pub(crate) fn file(&self, slug: &PackSlug, name: &str) -> Option<(String, String)> {
        let path = format!("{}/{name}", self.dir(slug)?);
        document::text(self.source, &path).ok().map(|text| (path, text))
    }
}
