//! TOML read strictly: every key is asked for, every other key is an error with its line.

use crate::finding::{Finding, did_you_mean};
use crate::source::LawSource;
use comity_terms::Value;
use std::collections::BTreeMap;
use std::fmt::Display;
use std::str::FromStr;
use std::sync::Arc;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A value of a document, and where it stands.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    file: Arc<str>,
    pub(crate) line: usize,
    kind: Kind,
}

#[derive(Debug, Clone)]
enum Kind {
    Text(String),
    Whole(i64),
    Truth(bool),
    Date(String),
    List(Vec<Node>),
    Table(BTreeMap<String, Node>),
}

/// A table of a document, from which keys are taken until none is left.
#[derive(Debug, Clone)]
pub(crate) struct Table {
    pub(crate) file: Arc<str>,
    pub(crate) line: usize,
    entries: BTreeMap<String, Node>,
    asked: Vec<String>,
}

type Read<T> = Result<T, Finding>;

/// The longest file of law: 1,000 rules of 2 KiB, twice over.
pub(crate) const FILE_BYTES_MAX: usize = 4 << 20;

/// The text of a file that must be there.
pub(crate) fn text(source: &dyn LawSource, path: &str) -> Read<String> {
    let bytes = source.read(path).ok_or_else(|| Finding::error(path, 0, "there is no such file"))?;
    if bytes.len() > FILE_BYTES_MAX {
        let text = format!("weighs {} bytes: a file of law has at most {FILE_BYTES_MAX}", bytes.len());
        return Err(Finding::error(path, 0, text));
    }
    String::from_utf8(bytes.into_owned()).map_err(|_| Finding::error(path, 0, "is not UTF-8"))
}

/// The document at `path`.
pub(crate) fn open(source: &dyn LawSource, path: &str) -> Read<Table> {
    parse(path, &text(source, path)?)
}

/// The document in `text`.
pub(crate) fn parse(file: &str, text: &str) -> Read<Table> {
    let lines = Lines::of(file, text);
    let table = DeTable::parse(text).map_err(|error| {
        let line = error.span().map_or(0, |span| lines.at(span.start));
        Finding::error(file, line, error.message().to_owned())
    })?;
    let node = Node::table(&lines, table.span().start, table.get_ref())?;
    node.into_table()
}

/// Where the lines of a file begin: looked up for every value, so not counted anew for each.
pub(crate) struct Lines {
    pub(crate) file: Arc<str>,
    starts: Vec<usize>,
}

impl Lines {
    pub(crate) fn of(file: &str, text: &str) -> Self {
        let ends = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        Self { file: file.into(), starts: std::iter::once(0).chain(ends.map(|(at, _)| at + 1)).collect() }
    }

    /// The line, from 1, that the byte at `offset` stands in.
    pub(crate) fn at(&self, offset: usize) -> usize {
        self.starts.partition_point(|start| *start <= offset)
    }
}

impl Node {
    fn table(lines: &Lines, offset: usize, table: &DeTable<'_>) -> Read<Self> {
        let entries = table
            .iter()
            .map(|(key, value)| {
                let mut node = Self::value(lines, value)?;
                // A table's own span begins where its content does; its key is what a reader looks for.
                node.line = lines.at(key.span().start);
                Ok((key.get_ref().to_string(), node))
            })
            .collect::<Read<_>>()?;
        Ok(Self { file: lines.file.clone(), line: lines.at(offset), kind: Kind::Table(entries) })
    }

    fn value(lines: &Lines, value: &Spanned<DeValue<'_>>) -> Read<Self> {
        let offset = value.span().start;
        let (file, line) = (&*lines.file, lines.at(offset));
        let kind = match value.get_ref() {
            DeValue::String(text) => Kind::Text(text.to_string()),
            DeValue::Integer(number) => Kind::Whole(
                i64::from_str_radix(number.as_str(), number.radix())
                    .map_err(|_| Finding::error(file, line, "is not a whole number of 64 bits"))?,
            ),
            DeValue::Float(_) => {
                return Err(Finding::error(
                    file,
                    line,
                    "law knows no fractions: write a whole number or text",
                ));
            }
            DeValue::Boolean(truth) => Kind::Truth(*truth),
            DeValue::Datetime(date) => Kind::Date(date.to_string()),
            DeValue::Array(items) => {
                Kind::List(items.iter().map(|item| Self::value(lines, item)).collect::<Read<_>>()?)
            }
            DeValue::Table(table) => return Self::table(lines, offset, table),
        };
        Ok(Self { file: lines.file.clone(), line, kind })
    }

    /// An error at this value.
    pub(crate) fn wrong(&self, text: impl Into<String>) -> Finding {
        Finding::error(&self.file, self.line, text)
    }

    fn expected(&self, what: &str) -> Finding {
        let is = match &self.kind {
            Kind::Text(_) => "text",
            Kind::Whole(_) => "a number",
            Kind::Truth(_) => "true or false",
            Kind::Date(_) => "a date",
            Kind::List(_) => "a list",
            Kind::Table(_) => "a table",
        };
        self.wrong(format!("expected {what}, and this is {is}"))
    }

    pub(crate) fn as_text(&self) -> Read<&str> {
        match &self.kind {
            Kind::Text(text) => Ok(text),
            _ => Err(self.expected("text")),
        }
    }

    /// The text as a name or a word of its kind.
    pub(crate) fn name<T: FromStr<Err: Display>>(&self) -> Read<T> {
        self.as_text()?.parse().map_err(|error: T::Err| self.wrong(error.to_string()))
    }

    pub(crate) fn as_bool(&self) -> Read<bool> {
        match self.kind {
            Kind::Truth(truth) => Ok(truth),
            _ => Err(self.expected("true or false")),
        }
    }

    pub(crate) fn as_whole(&self) -> Read<i64> {
        match self.kind {
            Kind::Whole(number) => Ok(number),
            _ => Err(self.expected("a number")),
        }
    }

    /// A date, written as a date or as text.
    pub(crate) fn as_date(&self) -> Read<jiff::civil::Date> {
        match &self.kind {
            Kind::Text(text) | Kind::Date(text) => {
                text.parse().map_err(|_| self.wrong(format!("`{text}` is not a date: expected YYYY-MM-DD")))
            }
            _ => Err(self.expected("a date")),
        }
    }

    pub(crate) fn as_list(&self) -> Read<&[Node]> {
        match &self.kind {
            Kind::List(items) => Ok(items),
            _ => Err(self.expected("a list")),
        }
    }

    pub(crate) fn names<T: FromStr<Err: Display>>(&self) -> Read<Vec<T>> {
        self.as_list()?.iter().map(Self::name).collect()
    }

    pub(crate) fn is_table(&self) -> bool {
        matches!(self.kind, Kind::Table(_))
    }

    pub(crate) fn is_list(&self) -> bool {
        matches!(self.kind, Kind::List(_))
    }

    pub(crate) fn into_table(self) -> Read<Table> {
        match self.kind {
            Kind::Table(entries) => {
                Ok(Table { file: self.file, line: self.line, entries, asked: Vec::new() })
            }
            _ => Err(self.expected("a table")),
        }
    }

    /// The value as facts and obligations carry it.
    pub(crate) fn literal(&self) -> Value {
        match &self.kind {
            Kind::Text(text) | Kind::Date(text) => Value::Text(text.clone()),
            Kind::Whole(number) => Value::Long(*number),
            Kind::Truth(truth) => Value::Bool(*truth),
            Kind::List(items) => Value::List(items.iter().map(Self::literal).collect()),
            Kind::Table(entries) => {
                Value::Record(entries.iter().map(|(key, node)| (key.clone(), node.literal())).collect())
            }
        }
    }
}

impl Table {
    /// An error at this table.
    pub(crate) fn wrong(&self, text: impl Into<String>) -> Finding {
        Finding::error(&self.file, self.line, text)
    }

    /// Takes the value under `key`.
    pub(crate) fn take(&mut self, key: &str) -> Option<Node> {
        self.asked.push(key.to_owned());
        self.entries.remove(key)
    }

    /// Takes the value under a key that must be there.
    pub(crate) fn need(&mut self, key: &str) -> Read<Node> {
        if let Some(node) = self.take(key) {
            return Ok(node);
        }
        // One that is there and looks like it is what its writer meant.
        let meant = self.entries.iter().map(|(other, node)| (other, node, did_you_mean(other, [key])));
        let meant = meant.into_iter().find(|(.., hint)| !hint.is_empty());
        Err(meant.map_or_else(
            || self.wrong(format!("`{key}` is missing")),
            |(other, node, hint)| {
                node.wrong(format!("`{key}` is missing, and no key `{other}` is known here{hint}"))
            },
        ))
    }

    pub(crate) fn text(&mut self, key: &str) -> Read<String> {
        self.need(key)?.as_text().map(str::to_owned)
    }

    pub(crate) fn optional_text(&mut self, key: &str) -> Read<Option<String>> {
        self.take(key).map(|node| node.as_text().map(str::to_owned)).transpose()
    }

    pub(crate) fn name<T: FromStr<Err: Display>>(&mut self, key: &str) -> Read<T> {
        self.need(key)?.name()
    }

    pub(crate) fn optional_name<T: FromStr<Err: Display>>(&mut self, key: &str) -> Read<Option<T>> {
        self.take(key).map(|node| node.name()).transpose()
    }

    /// The names under `key`; none when it is absent.
    pub(crate) fn names<T: FromStr<Err: Display>>(&mut self, key: &str) -> Read<Vec<T>> {
        self.take(key).map_or_else(|| Ok(Vec::new()), |node| node.names())
    }

    /// The tables of `[[key]]`; none when it is absent.
    pub(crate) fn tables(&mut self, key: &str) -> Read<Vec<Table>> {
        match self.take(key) {
            None => Ok(Vec::new()),
            Some(node) => match node.kind {
                Kind::List(items) => items.into_iter().map(Node::into_table).collect(),
                _ => Err(node.expected("a list of tables")),
            },
        }
    }

    /// The table under `key`; an empty one when it is absent.
    pub(crate) fn table(&mut self, key: &str) -> Read<Table> {
        match self.take(key) {
            Some(node) => node.into_table(),
            None => Ok(Table {
                file: self.file.clone(),
                line: self.line,
                entries: BTreeMap::new(),
                asked: Vec::new(),
            }),
        }
    }

    /// Every entry that is left, in the order of the keys: for tables whose keys are names.
    pub(crate) fn rest(self) -> impl Iterator<Item = (String, Node)> {
        self.entries.into_iter()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Nothing may be left.
    pub(crate) fn done(self) -> Read<()> {
        match self.entries.first_key_value() {
            None => Ok(()),
            Some((key, node)) => Err(node.wrong(format!(
                "no key `{key}` is known here{}",
                did_you_mean(key, self.asked.iter().map(String::as_str))
            ))),
        }
    }
}
