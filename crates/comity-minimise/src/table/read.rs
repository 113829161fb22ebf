//! Reading `paths.toml`, strictly: what is wrong is named with its line.

use super::*;
use serde::Deserialize;
use toml::Spanned;

pub(super) fn table(text: &str) -> Result<PathTable, TableError> {
    let file: File = toml::from_str(text).map_err(|error| TableError {
        line: error.span().map_or(1, |span| line_of(text, span.start)),
        text: error.message().to_owned(),
    })?;
    Builder { text, classes: classes(text, &file)? }.build(file)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    class: BTreeMap<String, Spanned<ClassText>>,
    subject: SubjectRules,
    handling: BTreeMap<String, Spanned<String>>,
    handling_code: Spanned<CodesText>,
    iep: Spanned<Policies>,
    shared: Shared,
    #[serde(rename = "type")]
    types: BTreeMap<String, Spanned<TypeText>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CodesText {
    codes: Vec<String>,
    named: Vec<String>,
    known_by: Vec<String>,
    elsewhere: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ClassText {
    summary: String,
    treatment: String,
    #[serde(default)]
    personal: bool,
    #[serde(default)]
    recurs: bool,
    #[serde(default)]
    scan: Scan,
    identifies: Option<IdentifierKind>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WithoutText {
    class: String,
    category: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Shared {
    every: TypeText,
    domain: TypeText,
    observable: TypeText,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TypeText {
    kind: Option<Kind>,
    category: Option<String>,
    category_impersonal: Option<String>,
    category_without: Option<WithoutText>,
    #[serde(default)]
    paths: BTreeMap<String, Vec<Spanned<String>>>,
    #[serde(default)]
    row: BTreeMap<String, Spanned<RowText>>,
    #[serde(default)]
    require: Vec<String>,
    #[serde(default)]
    one_of: Vec<Vec<String>>,
    #[serde(default)]
    id_from: Vec<String>,
    #[serde(default)]
    cited_by: Vec<String>,
    becomes: Option<Becomes>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RowText {
    class: String,
    treatment: Option<String>,
    generalise: Option<Coarsening>,
    pseudonymise: Option<Token>,
    attacker: Option<String>,
    unless: Option<UnlessText>,
    #[serde(default)]
    to: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct UnlessText {
    property: String,
    is: Vec<String>,
    class: String,
}

fn line_of(text: &str, offset: usize) -> usize {
    text.as_bytes()[..offset.min(text.len())].iter().filter(|byte| **byte == b'\n').count() + 1
}

fn classes(text: &str, file: &File) -> Result<Vec<Class>, TableError> {
    let read = |(name, class): (&String, &Spanned<ClassText>)| {
        let fail = |text_of: String| TableError { line: line_of(text, class.span().start), text: text_of };
        let class = class.get_ref();
        Ok(Class {
            name: DataClass::new(name).map_err(|error| fail(error.to_string()))?,
            summary: class.summary.clone(),
            treatment: class.treatment.parse().map_err(|error| fail(format!("{error}")))?,
            personal: class.personal,
            recurs: class.recurs,
            scan: class.scan,
            identifies: class.identifies,
        })
    };
    file.class.iter().map(read).collect()
}

struct Builder<'t> {
    text: &'t str,
    classes: Vec<Class>,
}

impl Builder<'_> {
    fn build(self, file: File) -> Result<PathTable, TableError> {
        let mut types = Words::default();
        for (name, section) in &file.types {
            let at = section.span().start;
            let own = section.get_ref();
            let kind = own.kind.ok_or_else(|| self.fail(at, format!("`{name}` has no kind")))?;
            let mut root = Place::default();
            self.plant(&mut root, &file.shared.every, at)?;
            match kind {
                Kind::Domain | Kind::Relationship | Kind::Meta => {
                    self.plant(&mut root, &file.shared.domain, at)?
                }
                Kind::Observable => self.plant(&mut root, &file.shared.observable, at)?,
                Kind::Marking => {}
            }
            self.plant(&mut root, own, at)?;
            let category = |given: &Option<String>| {
                DataCategory::new(given.as_deref().unwrap_or("indicator"))
                    .map_err(|error| self.fail(at, error.to_string()))
            };
            let without = match &own.category_without {
                Some(without) => {
                    self.class(&without.class, at)?;
                    let category = category(&Some(without.category.clone()))?;
                    Some(Without { class: without.class.clone(), category })
                }
                None => None,
            };
            types.insert(
                name.clone(),
                StixType {
                    kind,
                    without,
                    category: category(&own.category)?,
                    category_impersonal: category(&own.category_impersonal)?,
                    root,
                    id_from: own.id_from.clone(),
                    cited_by: own.cited_by.clone(),
                    becomes: own.becomes.clone(),
                },
            );
        }
        let mut handling = HashMap::new();
        for (id, word) in &file.handling {
            let level = word.get_ref().parse();
            handling
                .insert(id.clone(), level.map_err(|error| self.fail(word.span().start, format!("{error}")))?);
        }
        let codes = file.handling_code.get_ref();
        let offset = file.handling_code.span().start;
        let elsewhere = codes.elsewhere.parse().map_err(|error| self.fail(offset, format!("{error}")))?;
        let texts = (codes.named.clone(), codes.known_by.clone());
        let codes = Codes::new(codes.codes.clone(), texts, elsewhere)
            .ok_or_else(|| self.fail(offset, "expected two handling codes or more".to_owned()))?;
        if let Some(fault) = file.iep.get_ref().fault() {
            return Err(self.fail(file.iep.span().start, fault));
        }
        let (reference, marking) = (self.class("reference", 0)?, self.class("marking", 0)?);
        Ok(PathTable {
            classes: self.classes,
            types,
            subject: file.subject,
            handling,
            codes,
            policies: file.iep.into_inner(),
            warning: WarningLists::default(),
            reference,
            marking,
        })
    }

    fn fail(&self, offset: usize, text: String) -> TableError {
        TableError { line: line_of(self.text, offset), text }
    }

    fn class(&self, name: &str, offset: usize) -> Result<ClassIndex, TableError> {
        let found = self.classes.iter().position(|class| class.name.as_str() == name);
        found.ok_or_else(|| self.fail(offset, format!("`{name}` is not a class of this table")))
    }

    fn plant(&self, root: &mut Place, section: &TypeText, at: usize) -> Result<(), TableError> {
        for (name, paths) in &section.paths {
            let class = self.class(name, paths.first().map_or(at, |path| path.span().start))?;
            for path in paths {
                let row = Row {
                    class,
                    treatment: None,
                    generalise: None,
                    pseudonymise: None,
                    attacker: None,
                    unless: None,
                    to: Vec::new(),
                };
                self.put(root, path.get_ref(), row, path.span().start)?;
            }
        }
        for (path, row) in &section.row {
            let offset = row.span().start;
            let text = row.get_ref();
            let treatment = text.treatment.as_deref().map(str::parse::<Treatment>).transpose();
            let unless = text.unless.as_ref().map(|unless| {
                let class = self.class(&unless.class, offset)?;
                Ok(Unless { property: unless.property.clone(), is: unless.is.clone(), class })
            });
            let row = Row {
                class: self.class(&text.class, offset)?,
                treatment: treatment.map_err(|error| self.fail(offset, format!("{error}")))?,
                generalise: text.generalise,
                pseudonymise: text.pseudonymise,
                attacker: text.attacker.as_deref().map(|name| self.class(name, offset)).transpose()?,
                unless: unless.transpose()?,
                to: text.to.clone(),
            };
            self.put(root, path, row, offset)?;
        }
        for path in &section.require {
            let (parent, name) = path.rsplit_once('.').unwrap_or(("", path));
            let place = if parent.is_empty() { &mut *root } else { root.at(parent) };
            place.require.push(name.to_owned());
        }
        for group in &section.one_of {
            // A group lies in one object: its paths differ in their last step only.
            let parent =
                group.first().and_then(|path| path.rsplit_once('.')).map_or("", |(parent, _)| parent);
            let names =
                group.iter().map(|path| path.rsplit_once('.').map_or(path.as_str(), |(_, name)| name));
            let names = names.map(str::to_owned).collect();
            let place = if parent.is_empty() { &mut *root } else { root.at(parent) };
            place.one_of.push(names);
        }
        Ok(())
    }

    fn put(&self, root: &mut Place, path: &str, row: Row, offset: usize) -> Result<(), TableError> {
        let place = root.at(path);
        if place.row.is_some() {
            return Err(self.fail(offset, format!("`{path}` has a row already")));
        }
        place.row = Some(row);
        Ok(())
    }
}
