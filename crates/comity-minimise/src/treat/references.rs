//! References and ids: what they name stays home, has a new id, or is as it was.

use super::*;
use crate::bundle::split_id;

impl<'b, 't> Walk<'_, 't, 'b> {
    pub(super) fn reference(&mut self, id: &str, row: &Row) -> Outcome<'b> {
        let table = self.shared.table;
        let binding = row.class == table.marking;
        let class = table.class(row.class).name.as_str();
        if split_id(id).is_none() {
            // Not an id: selectors and words of markings pass, anything else where an id belongs does not.
            return if binding { Outcome::Same } else { self.unknown() };
        }
        if binding && table.handling(id).is_some() {
            return Outcome::Same;
        }
        let Some(target) = self.shared.bundle.ident(id) else {
            if table.guessable(id) {
                return self.lose(class, Treatment::WithholdProperty, Ground::GuessableReference);
            }
            return Outcome::Same;
        };
        self.references.push(Reference { target, property: self.property, binding });
        let Some((fates, _)) = self.fates else { return Outcome::Same };
        if !fates.alive[target] {
            self.object_lost |= binding;
            return self.lose(class, Treatment::WithholdProperty, Ground::RefersToWithheld);
        }
        let Some(renamed) = fates.renamed.get(&target) else { return Outcome::Same };
        let fits =
            |to: &[String]| to.is_empty() || to.iter().any(|kind| renamed.split("--").next() == Some(kind));
        if !fits(&row.to) {
            return self.lose(class, Treatment::WithholdProperty, Ground::RefersToWithheld);
        }
        self.note(class, Treatment::Pseudonymise, || Ground::Follows);
        Outcome::Changed(Node::Text(Cow::Owned(renamed.clone())))
    }

    pub(super) fn own_id(&mut self, leaf: &Node<'b>) -> Outcome<'b> {
        let renamed = self.fates.and_then(|(fates, _)| {
            let ident = self.shared.bundle.ident(leaf.as_text()?)?;
            fates.renamed.get(&ident)
        });
        let Some(renamed) = renamed.cloned() else { return Outcome::Same };
        self.note("reference", Treatment::Pseudonymise, || Ground::Follows);
        Outcome::Changed(Node::Text(Cow::Owned(renamed)))
    }
}
