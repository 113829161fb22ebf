//! Reading the public holidays of `vocabulary/calendars/*.toml`: those of each year as rules, others by their day.

use super::{Read, one_of};
use crate::document::{Node, Table};
use comity_terms::calendar::{Count, Holidays, InLieu, YEARS_MAX, Yearly};
use jiff::civil::Date;
use std::collections::BTreeSet;

/// The holidays that a calendar states. Whether its years are sound is for the calendar to say.
pub(super) fn holidays(table: &mut Table) -> Read<Holidays> {
    let mut bound = |key: &str| table.take(key).map(|node| year(&node)).transpose();
    let (first, last) = (bound("first_year")?, bound("last_year")?);
    let between = table.take("between_holidays").map_or(Ok(false), |node| node.as_bool())?;
    let mut listed = Vec::new();
    for mut holiday in table.tables("holiday")? {
        let dates: Vec<Date> = match holiday.take("dates") {
            Some(node) => node.as_list()?.iter().map(Node::as_date).collect::<Read<_>>()?,
            None => vec![holiday.need("date")?.as_date()?],
        };
        holiday.text("name")?;
        let only = only(&mut holiday)?;
        listed.extend(dates.into_iter().map(|date| (date, only)));
        holiday.done()?;
    }
    let mut yearly = Vec::new();
    for mut rule in table.tables("yearly")? {
        rule.text("name")?;
        let on = rule.need("on")?;
        let on = on
            .as_text()?
            .parse()
            .map_err(|error: comity_terms::calendar::CalendarError| on.wrong(error.to_string()))?;
        let mut bound = |key: &str| rule.take(key).map(|node| year(&node)).transpose();
        let (from, until) = (bound("from")?, bound("until")?);
        let except = match rule.take("except") {
            Some(node) => node.as_list()?.iter().map(year).collect::<Read<BTreeSet<_>>>()?,
            None => BTreeSet::new(),
        };
        let in_lieu = rule.take("in_lieu").map(|node| one_of(&node, &InLieu::WORDS)).transpose()?;
        let only = only(&mut rule)?;
        rule.done()?;
        yearly.push(Yearly { on, from, until, except, in_lieu, only });
    }
    // A plain list speaks for the years that it lists: so did calendars before holidays were rules.
    let years = match (first, last) {
        (Some(first), Some(last)) => Some(first..=last),
        (None, None) if yearly.is_empty() => {
            let listed = || listed.iter().map(|(day, _)| day.year());
            listed().min().zip(listed().max()).map(|(first, last)| first..=last)
        }
        (None, None) => None,
        _ => return Err(table.wrong("`first_year` and `last_year` go together")),
    };
    Ok(Holidays { years, listed, yearly, between })
}

/// The one counting rule that heeds a holiday.
fn only(table: &mut Table) -> Read<Option<Count>> {
    let words = Count::ALL.map(|count| (count.as_str(), count));
    table.take("only").map(|node| one_of(&node, &words)).transpose()
}

fn year(node: &Node) -> Read<i16> {
    let year = node.as_whole()?;
    i16::try_from(year).ok().filter(|year| YEARS_MAX.contains(year)).ok_or_else(|| {
        node.wrong(format!("{year} is no year from {} to {}", YEARS_MAX.start(), YEARS_MAX.end()))
    })
}
