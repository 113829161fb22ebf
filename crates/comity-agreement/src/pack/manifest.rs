//! `pack.toml`: what a pack is, where it is in force, its figures.

use super::{Pack, State, Status};
use crate::document::{self, Node, Table};
use crate::finding::{Finding, did_you_mean};
use crate::source::LawSource;
use crate::vocabulary::Vocabulary;
use crate::vocabulary::one_of;
use comity_terms::calendar::{Count, Period};
use comity_terms::{
    Action, Article, DataClass, JurisdictionCode, Office, PackSlug, ReasonCode, RuleId, Treatment, Value,
};
use jiff::civil::Date;
use std::collections::{BTreeMap, BTreeSet};

pub(super) type Read<T> = Result<T, Finding>;

/// What a pack is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// An agreement between parties.
    Agreement,
    /// A handling standard, without parties of its own.
    Handling,
    /// A minimum that every pack includes.
    Baseline,
    /// The law of one jurisdiction.
    Jurisdiction,
}

/// What delivery waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ReceiptGrade {
    /// The entry is under a checkpoint.
    Integrated,
    /// Witnesses cosigned the checkpoint.
    Witnessed,
}

impl ReceiptGrade {
    /// The word used in packs and on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Integrated => "integrated",
            Self::Witnessed => "witnessed",
        }
    }
}

/// Who set a figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ParameterKind {
    /// The treaty's own text.
    Treaty,
    /// The parties, within what it allows.
    PartySet,
}

/// A figure of a pack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameter {
    /// Text, a number or a list; periods are text.
    pub value: Value,
    /// Who set it.
    pub kind: ParameterKind,
    /// How well it was checked.
    pub certainty: String,
    /// What a reader should know.
    pub note: Option<String>,
    pub(crate) line: usize,
}

/// A treatment that a pack asks for a class of property.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TreatmentRule {
    /// The lightest that is allowed.
    pub treatment: Treatment,
    /// The article that asks it.
    pub article: Article,
    /// The name under which it is cited.
    pub rule: RuleId,
}

/// A refusal for these reasons may be asked once more without these classes of property.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlternativeRule {
    /// The reasons; the refusal may have no other.
    pub reasons: BTreeSet<ReasonCode>,
    /// What is stripped.
    pub strip: BTreeSet<DataClass>,
}

/// How the offices of a pack approve (C22).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DecisionRights {
    /// The offices for which two persons must approve.
    pub four_eyes: BTreeSet<Office>,
    /// The offices for which somebody of another unit than the one who asked must approve.
    pub other_unit: BTreeSet<Office>,
}

/// A step on the path of an escalation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EscalationStep {
    /// Who decides.
    pub office: Office,
    /// How long they have.
    pub within: Period,
}

/// An act under an instrument that has run out: not forbidden, only unprotected, so an office decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lapse {
    /// Who decides.
    pub escalate_to: Office,
    /// The article under which it ran out.
    pub article: Article,
}

/// What outlives the instrument: acts with what was obtained while it was in force go on, under its rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AfterEnd {
    /// Which acts.
    pub actions: BTreeSet<Action>,
    /// The article that says so.
    pub article: Article,
}

/// When a pack is reviewed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Review {
    /// How often.
    pub every: Period,
    /// The next time.
    pub next: Date,
}

/// An article that no rule can enforce, with the reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArticleNote {
    /// The article.
    pub article: Article,
    /// How far it can be enforced.
    pub enforce: super::Enforcement,
    /// Why no further.
    pub note: String,
}

/// A right that a pack leaves open, and who took that upon themselves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiver {
    /// The right, a word of `vocabulary/rights.toml`.
    pub right: String,
    /// The office that recorded it.
    pub by: Office,
    /// Why the pack may leave it open.
    pub note: String,
    pub(crate) line: usize,
}

/// The manifest, as a pack without rules.
pub(super) fn read(source: &dyn LawSource, dir: &str, vocabulary: &Vocabulary) -> Read<Pack> {
    let mut table = document::open(source, &format!("{dir}/pack.toml"))?;
    let folder = dir.rsplit('/').next().unwrap_or(dir);
    let slug_node = table.need("slug")?;
    let slug: PackSlug = slug_node.name()?;
    if slug.as_str() != folder {
        return Err(slug_node.wrong(format!("`{slug}` is not the name of its folder, `{folder}`")));
    }
    let kind = one_of(
        &table.need("kind")?,
        &[
            ("agreement", Kind::Agreement),
            ("handling", Kind::Handling),
            ("baseline", Kind::Baseline),
            ("jurisdiction", Kind::Jurisdiction),
        ],
    )?;
    let complete = matches!(kind, Kind::Agreement);
    let purposes = words(&mut table, "purposes", complete, |word| vocabulary.purposes.contains_key(word))?;
    let listed = |list: &'static str| {
        move |word: &str| vocabulary.list(list).is_some_and(|words| words.iter().any(|known| known == word))
    };
    let activities = words(&mut table, "activities", complete, listed("activity"))?;
    let data_categories = words(&mut table, "data_categories", complete, listed("data_category"))?;
    let recipients = words(&mut table, "recipients", complete, |_: &str| true)?;
    let supervision = table.optional_text("supervision")?;
    if complete && supervision.is_none() {
        return Err(table.wrong("`supervision` is missing: which body supervises?"));
    }
    let receipt_grade = table.take("receipt_grade").map_or(Ok(ReceiptGrade::Integrated), |node| {
        one_of(&node, &[("integrated", ReceiptGrade::Integrated), ("witnessed", ReceiptGrade::Witnessed)])
    })?;
    let rows = table.tables("status")?;
    let lines: Vec<usize> = rows.iter().map(|row| row.line).collect();
    let status = rows.into_iter().map(|row| status(row, vocabulary)).collect::<Read<Vec<_>>>()?;
    if let Some((row, text)) = super::status::contradiction(&status) {
        return Err(Finding::error(&table.file, lines.get(row).copied().unwrap_or(0), text));
    }
    if status.is_empty() && kind != Kind::Jurisdiction {
        return Err(table.wrong("`[[status]]` is missing: for whom is it in force, from when?"));
    }
    let mut lapse_table = table.table("lapse")?;
    let lapse = if lapse_table.is_empty() {
        None
    } else {
        let office_node = lapse_table.need("escalate_to")?;
        let escalate_to: Office = office_node.name()?;
        known_office(vocabulary, escalate_to.as_str()).map_err(|text| office_node.wrong(text))?;
        if !status.iter().any(|row| row.until.is_some() || row.state == State::Lapsed) {
            return Err(
                office_node.wrong("`[lapse]` says what follows a last day, and no `[[status]]` has one")
            );
        }
        Some(Lapse { escalate_to, article: lapse_table.name("article")? })
    };
    lapse_table.done()?;
    let mut after_table = table.table("after_end")?;
    let after_end = if after_table.is_empty() {
        None
    } else {
        let node = after_table.need("actions")?;
        let actions: BTreeSet<Action> = node.names()?.into_iter().collect();
        if let Some(unknown) = actions.iter().find(|action| !vocabulary.actions.contains_key(*action)) {
            return Err(node.wrong(format!("there is no action `{unknown}`")));
        }
        Some(AfterEnd { actions, article: after_table.name("article")? })
    };
    after_table.done()?;
    let declarations = table
        .tables("declaration")?
        .into_iter()
        .map(|row| super::declaration::read(row, vocabulary))
        .collect::<Read<Vec<_>>>()?;
    let mut treatments = BTreeMap::new();
    for (class, node) in table.table("treatments")?.rest() {
        let class: DataClass = class.parse().map_err(|error| node.wrong(format!("{error}")))?;
        let mut entry = node.into_table()?;
        let rule = format!("treatments.{}", class.as_str().replace('_', "-"));
        let rule = TreatmentRule {
            treatment: entry.name("treatment")?,
            article: entry.name("article")?,
            rule: rule.parse().map_err(|error| entry.wrong(format!("{error}")))?,
        };
        entry.done()?;
        treatments.insert(class, rule);
    }
    let mut parameters = BTreeMap::new();
    for (name, node) in table.table("parameter")?.rest() {
        parameters.insert(name, parameter(node.into_table()?)?);
    }
    let mut alternatives = Vec::new();
    for mut entry in table.tables("alternative")? {
        let reasons = entry.need("reasons")?;
        for reason in reasons.names::<ReasonCode>()? {
            known_reason(vocabulary, &reason).map_err(|text| reasons.wrong(text))?;
        }
        alternatives.push(AlternativeRule {
            reasons: reasons.names()?.into_iter().collect(),
            strip: entry.need("strip")?.names()?.into_iter().collect(),
        });
        entry.done()?;
    }
    let mut escalation_table = table.table("escalation")?;
    let mut escalation = Vec::new();
    for mut step in escalation_table.tables("path")? {
        let office_node = step.need("office")?;
        let office: Office = office_node.name()?;
        known_office(vocabulary, office.as_str()).map_err(|text| office_node.wrong(text))?;
        escalation.push(EscalationStep { office, within: step.name("within")? });
        step.done()?;
    }
    escalation_table.done()?;
    let mut rights = table.table("decision_rights")?;
    let mut offices = |key: &str| -> Read<BTreeSet<Office>> {
        let Some(node) = rights.take(key) else { return Ok(BTreeSet::new()) };
        let offices: BTreeSet<Office> = node.names()?.into_iter().collect();
        for office in &offices {
            known_office(vocabulary, office.as_str()).map_err(|text| node.wrong(text))?;
        }
        Ok(offices)
    };
    let decision_rights =
        DecisionRights { four_eyes: offices("four_eyes")?, other_unit: offices("other_unit")? };
    rights.done()?;
    let mut oversight = table.table("oversight")?;
    let seats = oversight.names("seats")?;
    oversight.done()?;
    let mut review_table = table.table("review")?;
    let review = if review_table.is_empty() {
        None
    } else {
        Some(Review { every: review_table.name("every")?, next: review_table.need("next")?.as_date()? })
    };
    review_table.done()?;
    let mut articles = Vec::new();
    for mut entry in table.tables("article")? {
        let enforce = one_of(&entry.need("enforce")?, &super::Enforcement::WORDS)?;
        let article = entry.name("article")?;
        articles.push(ArticleNote { article, enforce, note: entry.text("note")? });
        entry.done()?;
    }
    let mut waivers = Vec::new();
    for mut entry in table.tables("waiver")? {
        let office_node = entry.need("by")?;
        let by: Office = office_node.name()?;
        known_office(vocabulary, by.as_str()).map_err(|text| office_node.wrong(text))?;
        let line = entry.line;
        waivers.push(Waiver { right: entry.text("right")?, by, note: entry.text("note")?, line });
        entry.done()?;
    }
    let displaces = table.take("displaces");
    let pack = Pack {
        slug,
        kind,
        title: table.text("title")?,
        citation: table.text("citation")?,
        source: table.optional_text("source")?,
        certainty: table.text("certainty")?,
        include: table.names("include")?,
        activities,
        purposes,
        data_categories,
        recipients,
        supervision,
        receipt_grade,
        count: table.optional_name::<Count>("count")?.unwrap_or(Count::Plain),
        displaces: displaces.as_ref().map_or(Ok(Vec::new()), Node::names)?,
        displaces_line: displaces.as_ref().map_or(0, |node| node.line),
        status,
        lapse,
        after_end,
        declarations,
        parameters,
        treatments,
        alternatives,
        escalation,
        decision_rights,
        oversight: seats,
        review,
        articles,
        covers: table.names("covers")?,
        waivers,
        tradition: table.optional_text("tradition")?,
        authorities: table.names("authorities")?,
        dir: dir.to_owned(),
        rules: Vec::new(),
        templates: BTreeMap::new(),
        file_lines: Vec::new(),
        word_lines: Vec::new(),
    };
    if kind == Kind::Jurisdiction && pack.tradition.is_none() {
        return Err(table.wrong("`tradition` is missing: judge-first, administrative, …"));
    }
    table.done()?;
    Ok(pack)
}

/// The words under `key`, each of which must be known; at least one where the pack must be complete (C11).
fn words<T: std::str::FromStr<Err: std::fmt::Display>>(
    table: &mut Table,
    key: &str,
    complete: bool,
    known: impl Fn(&str) -> bool,
) -> Read<Vec<T>> {
    let Some(node) = table.take(key) else {
        return if complete {
            Err(table.wrong(format!("`{key}` is missing: an agreement says what it covers")))
        } else {
            Ok(Vec::new())
        };
    };
    let items = node.as_list()?;
    if items.is_empty() && complete {
        return Err(node.wrong(format!("`{key}` is empty: an agreement says what it covers")));
    }
    for item in items {
        if !known(item.as_text()?) {
            return Err(item.wrong(format!("`{}` is not in the vocabulary", item.as_text()?)));
        }
    }
    items.iter().map(Node::name).collect()
}

fn status(mut row: Table, vocabulary: &Vocabulary) -> Read<Status> {
    let parties = row.need("parties")?;
    let everyone = matches!(parties.as_list()?, [one] if one.as_text().is_ok_and(|text| text == "*"));
    let named: BTreeSet<JurisdictionCode> =
        if everyone { BTreeSet::new() } else { parties.names()?.into_iter().collect() };
    if let Some(unknown) = named.iter().find(|code| !vocabulary.places.contains_key(*code)) {
        return Err(parties.wrong(format!("`{unknown}` has no file in vocabulary/calendars")));
    }
    let status = Status {
        parties: (!everyone).then_some(named),
        state: one_of(&row.need("state")?, &State::WORDS)?,
        from: row.need("from")?.as_date()?,
        until: row.take("until").map(|node| node.as_date()).transpose()?,
        known_from: row.take("known_from").map(|node| node.as_date()).transpose()?,
    };
    if let Some(until) = status.until.filter(|until| *until < status.from) {
        return Err(row.wrong(format!("`until` ({until}) lies before `from` ({})", status.from)));
    }
    if status.until.is_some() && status.state != State::InForce {
        let text = format!("`until` is the last day in force, and the state is `{}`", status.state.as_str());
        return Err(row.wrong(text));
    }
    row.done()?;
    Ok(status)
}

fn parameter(mut table: Table) -> Read<Parameter> {
    let parameter = Parameter {
        value: table.need("value")?.literal(),
        kind: one_of(
            &table.need("kind")?,
            &[("treaty", ParameterKind::Treaty), ("party-set", ParameterKind::PartySet)],
        )?,
        certainty: table.text("certainty")?,
        note: table.optional_text("note")?,
        line: table.line,
    };
    table.done()?;
    Ok(parameter)
}

pub(super) fn known_reason(vocabulary: &Vocabulary, reason: &ReasonCode) -> Result<(), String> {
    let base = reason.as_str().split(':').next().unwrap_or_default();
    if vocabulary.reasons.contains_key(base) {
        return Ok(());
    }
    let known = vocabulary.reasons.keys().map(|known| known.as_str());
    Err(format!("reason `{reason}` is not in the vocabulary{}", did_you_mean(base, known)))
}

pub(super) fn known_office(vocabulary: &Vocabulary, office: &str) -> Result<(), String> {
    if vocabulary.offices.contains_key(office) {
        return Ok(());
    }
    let known = vocabulary.offices.keys().map(|known| known.as_str());
    Err(format!("office `{office}` is not in the vocabulary{}", did_you_mean(office, known)))
}
