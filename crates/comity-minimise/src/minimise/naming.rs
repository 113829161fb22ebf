//! New ids: for treated observables, referenced ones first, and for people whose id is made from a name.
//!
//! An id that no value gives is made from the old one under the token key: the same in each exchange under that
//! key, so that an update meets what it updates.

use super::*;

impl Work<'_, '_> {
    /// Gives new ids to treated observables: those that others' ids are made from come first.
    pub(super) fn name(&mut self, travels: &[bool]) {
        self.name_people(travels);
        let (order, circular) = self.order(travels);
        // Ids in a circle cannot be made from each other. When one of them changes, all get keyed ones.
        if circular.iter().any(|index| self.surveys[*index].changed) {
            for index in &circular {
                let object = &self.shared.bundle.objects()[*index];
                let id = self.shared.tokens.id(object.stix_type(), object.id());
                self.fates.renamed.insert(object.ident(), id);
            }
        }
        for index in order {
            let object = &self.shared.bundle.objects()[index];
            if circular.contains(&index) {
                continue;
            }
            let survey = &self.surveys[index];
            let touched = survey.references.iter().any(|reference| self.refers_to_changed(reference));
            if !survey.changed && !touched {
                continue;
            }
            let Some((stix_type, before)) = treated_as(self.shared.table, self.converted, index, object)
            else {
                continue;
            };
            let (Outcome::Changed(after), _) = self.treat(index, None) else { continue };
            let new_type = after.get("type").and_then(Node::as_text).unwrap_or_default();
            let was = identifier::contribution(&stix_type.id_from, before);
            let is = identifier::contribution(&stix_type.id_from, &after);
            if was == is && is.is_some() && new_type == object.stix_type() {
                continue;
            }
            let id = match identifier::derived(new_type, &stix_type.id_from, &after) {
                Some(id) => id,
                None if survey.changed => self.shared.tokens.id(new_type, object.id()),
                None => continue,
            };
            if id != object.id() {
                self.fates.renamed.insert(object.ident(), id);
            }
        }
    }

    /// New ids for treated objects about a person whose id is made from a name: the name could be guessed and the
    /// guess checked. An observable's id is worked out again instead.
    fn name_people(&mut self, travels: &[bool]) {
        let Treating { bundle, table, subjects, tokens, .. } = self.shared;
        for (index, object) in bundle.objects().iter().enumerate().filter(|(index, _)| travels[*index]) {
            let observable =
                table.types.get(object.stix_type()).is_none_or(|t| t.kind == crate::table::Kind::Observable);
            if !observable
                && self.surveys[index].changed
                && identifier::is_from_name(object.id())
                && is_personal(object, table, subjects)
            {
                let renamed = self.fates.renamed.entry(object.ident());
                renamed.or_insert_with(|| tokens.id(object.stix_type(), object.id()));
            }
        }
    }

    pub(super) fn refers_to_changed(&self, reference: &Reference) -> bool {
        !self.fates.alive[reference.target] || self.fates.renamed.contains_key(&reference.target)
    }

    /// Travelling observables, each after those that its id is made from; and those that form circles.
    fn order(&self, travels: &[bool]) -> (Vec<usize>, HashSet<usize>) {
        let objects = self.shared.bundle.objects();
        let mut by_ident: Vec<Option<usize>> = vec![None; self.shared.bundle.ident_count()];
        for (index, object) in objects.iter().enumerate().filter(|(index, _)| travels[*index]) {
            by_ident[object.ident()] = Some(index);
        }
        let contributes = |index: usize, reference: &Reference| {
            let Some((stix_type, Node::Object(properties))) =
                treated_as(self.shared.table, self.converted, index, &objects[index])
            else {
                return false;
            };
            let name = properties.get(reference.property).map(|(name, _)| name.as_ref());
            stix_type.id_from.iter().any(|property| Some(property.as_str()) == name)
        };
        #[derive(Clone, Copy, PartialEq)]
        enum Mark {
            New,
            Open,
            Done,
        }
        let mut marks = vec![Mark::New; objects.len()];
        let (mut order, mut circular) = (Vec::new(), HashSet::new());
        let observable = |index: &usize| {
            self.shared
                .table
                .types
                .get(objects[*index].stix_type())
                .is_some_and(|stix_type| stix_type.kind == crate::table::Kind::Observable)
        };
        for start in (0..objects.len()).filter(|index| travels[*index]).filter(observable) {
            if marks[start] != Mark::New {
                continue;
            }
            // Depth first without recursion: (object, how many of its references were followed).
            let mut path = vec![(start, 0)];
            marks[start] = Mark::Open;
            while let Some((index, followed)) = path.last_mut() {
                let index = *index;
                let next = self.surveys[index].references.get(*followed);
                *followed += 1;
                let Some(reference) = next else {
                    marks[index] = Mark::Done;
                    order.push(index);
                    path.pop();
                    continue;
                };
                let Some(target) = by_ident[reference.target] else { continue };
                if !contributes(index, reference) || !observable(&target) {
                    continue;
                }
                match marks[target] {
                    Mark::New => {
                        marks[target] = Mark::Open;
                        path.push((target, 0));
                    }
                    Mark::Open => {
                        let from = path.iter().position(|(index, _)| *index == target).unwrap_or(0);
                        circular.extend(path[from..].iter().map(|(index, _)| *index));
                    }
                    Mark::Done => {}
                }
            }
        }
        (order, circular)
    }

    /// Old ids tell old values: they are looked for in texts too.
    pub(super) fn renamed_ids(&self) -> Vec<(String, StandIn)> {
        let objects = self.shared.bundle.objects().iter();
        objects
            .filter_map(|object| {
                let renamed = self.fates.renamed.get(&object.ident())?;
                Some((object.id().to_owned(), StandIn::Text(renamed.clone())))
            })
            .collect()
    }
}
