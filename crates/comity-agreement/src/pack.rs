//! A pack: one agreement, handling standard, baseline or law of a jurisdiction, as its lawyers wrote it.
//!
//! Owns `pack.toml`, the rules and the templates of obligations, and the digest that parties sign. The format
//! is `docs/pack-format.md`, sections 2 and 3. Leaves the sets that Cedar is asked with to `compile`.
//!
//! Invariant: a parsed pack is a valid pack. Every word it uses is in the vocabulary, every rule validates and
//! cannot error, every template is typed.

mod declaration;
mod manifest;
mod reach;
mod rules;
mod sieve;
mod status;

pub use declaration::{Declaration, DeclarationKind, Made};
pub use manifest::{
    AfterEnd, AlternativeRule, ArticleNote, DecisionRights, EscalationStep, Kind, Lapse, Parameter,
    ParameterKind, ReceiptGrade, Review, TreatmentRule, Waiver,
};
pub(crate) use reach::Reach;
pub(crate) use rules::APPROVALS;
pub use rules::{Enforcement, Floor, Keep, Rule, RuleEffect, rules};
pub(crate) use sieve::{Seen, Sieve};
pub use status::{InForce, State, Status};

use crate::document;
use crate::finding::{Finding, LoadError, did_you_mean};
use crate::obligations::Template;
use crate::source::LawSource;
use crate::vocabulary::Vocabulary;
use comity_terms::calendar::{Calendar, Count};
use comity_terms::{
    Activity, Article, DataCategory, DataClass, Digest, FactKey, JurisdictionCode, PackSlug, Purpose, RuleId,
    Timestamp,
};
use std::collections::{BTreeMap, BTreeSet};

/// A valid pack.
#[derive(Debug, Clone)]
pub struct Pack {
    /// Its name; a jurisdiction's is its code.
    pub slug: PackSlug,
    /// What it is.
    pub kind: Kind,
    /// Its title.
    pub title: String,
    /// How it is cited.
    pub citation: String,
    /// Where its text is found.
    pub source: Option<String>,
    /// How well the text was checked.
    pub certainty: String,
    /// The packs that are asked with it.
    pub include: Vec<PackSlug>,
    /// The activities that it covers.
    pub activities: Vec<Activity>,
    /// The purposes that it allows.
    pub purposes: Vec<Purpose>,
    /// The categories of data that it covers.
    pub data_categories: Vec<DataCategory>,
    /// Who may receive, in words.
    pub recipients: Vec<String>,
    /// Who supervises, in words.
    pub supervision: Option<String>,
    /// What delivery waits for.
    pub receipt_grade: ReceiptGrade,
    /// How it counts time.
    pub count: Count,
    /// The articles of other packs that are not asked beside it.
    pub displaces: Vec<RuleId>,
    /// Where and when it is in force.
    pub status: Vec<Status>,
    /// What an act after its last day comes to, where that does not refuse.
    pub lapse: Option<Lapse>,
    /// What goes on under its rules after it has ended.
    pub after_end: Option<AfterEnd>,
    /// What its text lets parties declare or reserve, and who did.
    pub declarations: Vec<Declaration>,
    /// Its figures.
    pub parameters: BTreeMap<String, Parameter>,
    /// Its treatments, by class of property.
    pub treatments: BTreeMap<DataClass, TreatmentRule>,
    /// When a refusal may be asked once more with less data.
    pub alternatives: Vec<AlternativeRule>,
    /// The path that an escalation goes.
    pub escalation: Vec<EscalationStep>,
    /// How offices approve, beside which.
    pub decision_rights: DecisionRights,
    /// The seats that oversee it.
    pub oversight: Vec<String>,
    /// When it is reviewed.
    pub review: Option<Review>,
    /// The articles that no rule can enforce.
    pub articles: Vec<ArticleNote>,
    /// The articles of the instrument that it answers for, each by a rule or by a note; none listed: not told.
    pub covers: Vec<Article>,
    /// The rights that it leaves open, each with who took that upon themselves.
    pub waivers: Vec<Waiver>,
    /// A jurisdiction's legal tradition, in a word.
    pub tradition: Option<String>,
    /// A jurisdiction's authorities, in words.
    pub authorities: Vec<String>,
    pub(crate) displaces_line: usize,
    pub(crate) dir: String,
    pub(crate) rules: Vec<Rule>,
    pub(crate) templates: BTreeMap<RuleId, Vec<Template>>,
    pub(crate) file_lines: Vec<String>,
    pub(crate) word_lines: Vec<String>,
}

/// The files of a pack that parties sign.
pub(crate) const NORMATIVE: [&str; 5] =
    ["forbids.cedar", "obligations.cedar", "obligations.toml", "pack.toml", "permits.cedar"];

/// The files of a pack that bind nobody: cases, the matrix for people, notes.
const BESIDE: [&str; 3] = ["matrix.txt", "README.md", "scenarios.jsonl"];

impl Pack {
    /// The pack that lies in `dir` of `source`, such as `agreements/eu-nis2-2022-2555`.
    ///
    /// # Errors
    /// [`LoadError`] with every file's first error, and every rule's.
    pub fn load(
        source: &dyn LawSource,
        dir: &str,
        vocabulary: &Vocabulary,
        keep: Keep,
    ) -> Result<Self, LoadError> {
        let mut pack = manifest::read(source, dir, vocabulary)?;
        let mut findings = Vec::new();
        for path in source.list(&format!("{dir}/")) {
            let name = path.strip_prefix(dir).map_or(path.as_str(), |name| name.trim_start_matches('/'));
            if !NORMATIVE.contains(&name) && !BESIDE.contains(&name) {
                let text = format!("a pack has no such file{}", did_you_mean(name, NORMATIVE));
                findings.push(Finding::error(&path, 0, text));
            }
        }
        for (file, effect) in [
            ("permits.cedar", RuleEffect::Permit),
            ("forbids.cedar", RuleEffect::Forbid),
            ("obligations.cedar", RuleEffect::Obligation),
        ] {
            match rules::read(source, &format!("{dir}/{file}"), effect, vocabulary, keep) {
                Ok(rules) => pack.rules.extend(rules),
                Err(LoadError(found)) => findings.extend(found),
            }
        }
        let mut ids = BTreeSet::new();
        for rule in &pack.rules {
            if !ids.insert(&rule.id) {
                findings.push(Finding::error(
                    &rule.file,
                    rule.line,
                    format!("rule `{}` is there twice", rule.id),
                ));
            }
        }
        findings.extend(pack.undeclared_words());
        if findings.is_empty() {
            match crate::obligations::read(source, &pack, vocabulary) {
                Ok(templates) => pack.templates = templates,
                Err(finding) => findings.push(finding),
            }
        }
        if !findings.is_empty() {
            return Err(LoadError(findings));
        }
        pack.file_lines = pack.file_lines(source);
        pack.word_lines = pack.word_lines(vocabulary);
        Ok(pack)
    }

    /// Whether it binds `party`, whose calendar is given, for an act at `at`, as known at `knowledge_time`.
    #[must_use]
    pub fn in_force(
        &self,
        party: &JurisdictionCode,
        at: Timestamp,
        knowledge_time: Timestamp,
        calendar: &Calendar,
    ) -> InForce {
        status::in_force(&self.status, party, at, knowledge_time, calendar)
    }

    /// The first instant after `after` at which it may come into force or end for someone of these places, or somebody
    /// declare something or take it back, as far as it is known.
    #[must_use]
    pub fn next_change<'c>(
        &self,
        after: Timestamp,
        places: impl Iterator<Item = &'c Calendar> + Clone,
    ) -> Option<Timestamp> {
        let made = self.declarations.iter().flat_map(|declaration| &declaration.made);
        let declared = made.flat_map(|made| [made.from, made.until.and_then(status::over)]).flatten();
        status::next_change(status::changes(&self.status).chain(declared), places, after)
    }

    /// Every rule, in the order of the files.
    #[must_use]
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// The templates of what is owed when `rule` matches.
    #[must_use]
    pub fn templates(&self, rule: &RuleId) -> &[Template] {
        self.templates.get(rule).map_or(&[], Vec::as_slice)
    }

    /// The rules that name declarations which the pack does not know.
    pub(crate) fn undeclared_words(&self) -> Vec<Finding> {
        self.rules.iter().filter_map(|rule| self.undeclared(rule)).collect()
    }

    /// What is wrong with a rule that names a declaration which its own pack does not know. A state's law may
    /// speak of any agreement's.
    fn undeclared(&self, rule: &Rule) -> Option<Finding> {
        let known = |name: &String| self.declarations.iter().any(|declaration| declaration.name == *name);
        let name = rule.declarations.iter().find(|name| self.kind != Kind::Jurisdiction && !known(name))?;
        let text = format!("rule `{}`: `[[declaration]]` of pack.toml has no `{name}`", rule.id);
        Some(Finding::error(&rule.file, rule.line, text))
    }

    /// The lines of the signed digest for its files.
    fn file_lines(&self, source: &dyn LawSource) -> Vec<String> {
        let line = |name: &&str| {
            let bytes = source.read(&format!("{}/{name}", self.dir))?;
            Some(format!("{name} {}\n", Digest::of(&bytes).hex()))
        };
        NORMATIVE.iter().filter_map(line).collect()
    }

    /// The lines of the signed digest for the words that it uses.
    fn word_lines(&self, vocabulary: &Vocabulary) -> Vec<String> {
        let line = |word: String| Some(format!("word {word} {}\n", vocabulary.entries.get(&word)?.hex()));
        self.words(vocabulary).into_iter().filter_map(line).collect()
    }

    /// The vocabulary entries that this pack uses: `facts.toml#marking`.
    fn words(&self, vocabulary: &Vocabulary) -> BTreeSet<String> {
        let mut facts: BTreeSet<&str> = BTreeSet::new();
        let mut words = BTreeSet::new();
        for rule in &self.rules {
            facts.extend(rule.attributes.iter().map(FactKey::as_str));
            words.extend(rule.actions.iter().map(|action| format!("actions.toml#{action}")));
            words.extend(rule.reason.iter().map(|reason| format!("reasons.toml#{reason}")));
            words.extend(rule.escalate_to.iter().map(|office| format!("offices.toml#{office}")));
        }
        for template in self.templates.values().flatten() {
            words.insert(format!("obligations.toml#{}", template.kind));
            facts.extend(template.facts());
        }
        words.extend(self.purposes.iter().map(|purpose| format!("purposes.toml#{purpose}")));
        let rights = self.decision_rights.four_eyes.iter().chain(&self.decision_rights.other_unit);
        words.extend(rights.map(|office| format!("offices.toml#{office}")));
        words.extend(self.lapse.iter().map(|lapse| format!("offices.toml#{}", lapse.escalate_to)));
        words.extend(self.escalation.iter().map(|step| format!("offices.toml#{}", step.office)));
        let lasting = self.after_end.iter().flat_map(|after| &after.actions);
        words.extend(lasting.map(|action| format!("actions.toml#{action}")));
        for key in facts {
            let Some(term) = vocabulary.fact(key) else { continue };
            let operands = term.derived.iter().flat_map(|derivation| derivation.operands());
            for used in operands.chain(&term.alias_of).chain([&term.key]) {
                words.insert(format!("facts.toml#{used}"));
                if let Some(
                    crate::vocabulary::FactType::Enum(list) | crate::vocabulary::FactType::Set(list),
                ) = vocabulary.fact(used.as_str()).map(|term| &term.kind)
                {
                    words.insert(format!("enums.toml#{list}"));
                }
            }
        }
        words
    }
}

/// Where a pack lies among files of law, as its manifest says: its name, and `agreements/<slug>` or
/// `jurisdictions/<CODE>`. `None` where the manifest names no pack. Read line by line, for a manifest that does not load
/// must be placed too before what is wrong with it can be said.
#[must_use]
pub fn placed(manifest: &str) -> Option<(PackSlug, String)> {
    let own = manifest.lines().map(str::trim).take_while(|line| !line.starts_with('['));
    let text = |key: &str| {
        own.clone().find_map(|line| {
            let value = line.strip_prefix(key)?.trim_start().strip_prefix('=')?.trim_start();
            let quote = value.chars().next().filter(|first| ['"', '\''].contains(first))?;
            value[1..].split_once(quote).map(|(text, _)| text)
        })
    };
    let slug: PackSlug = text("slug")?.parse().ok()?;
    let root = if text("kind") == Some("jurisdiction") { "jurisdictions" } else { "agreements" };
    Some((slug.clone(), format!("{root}/{slug}")))
}

/// The text of a file of a pack; an empty one when it is not there.
pub(crate) fn optional_file(source: &dyn LawSource, path: &str) -> Result<String, Finding> {
    if source.read(path).is_some() { document::text(source, path) } else { Ok(String::new()) }
}

#[cfg(test)]
mod tests {
    use super::placed;

    #[test]
    fn a_manifest_is_placed_by_what_it_says_even_where_it_does_not_load() {
        let place = |text: &str| placed(text).map(|(_, place)| place);
        assert_eq!(
            place("# a\nslug  = \"a-pack\" # b\nkind = \"agreement\"").as_deref(),
            Some("agreements/a-pack")
        );
        assert_eq!(
            place("kind = 'jurisdiction'\nslug = 'XA'\nbroken =").as_deref(),
            Some("jurisdictions/XA")
        );
        assert_eq!(place("kind = \"agreement\"\n[other]\nslug = \"a-pack\""), None);
        assert_eq!(place("slug = \"no pack is called so!\""), None);
        assert_eq!(place("slugs = \"a-pack\""), None);
    }
}
