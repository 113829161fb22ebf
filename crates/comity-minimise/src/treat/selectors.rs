//! Granular markings: each selector follows what became of the property that it names.

use super::*;

impl<'b, 't> Walk<'_, 't, 'b> {
    /// Granular markings: each selector follows what became of the property that it names.
    pub(super) fn granular_markings(&mut self, node: &Node<'b>, place: Option<&'t Place>) -> Outcome<'b> {
        let mut outcomes = Vec::new();
        let mut same = true;
        for (index, marking) in node.items().iter().enumerate() {
            let outcome = self.within_item(index, |walk| match marking {
                Node::Object(properties) => walk.granular_marking(properties, place),
                _ => walk.unknown(),
            });
            same &= matches!(outcome, Outcome::Same);
            outcomes.push(outcome);
        }
        if same && matches!(node, Node::List(_)) {
            return Outcome::Same;
        }
        let kept: Vec<_> = node
            .items()
            .iter()
            .zip(outcomes)
            .filter_map(|(marking, outcome)| match outcome {
                Outcome::Same => Some(marking.clone()),
                Outcome::Changed(marking) => Some(marking),
                Outcome::Lost => None,
            })
            .collect();
        if kept.is_empty() { Outcome::Lost } else { Outcome::Changed(Node::List(kept)) }
    }

    fn granular_marking(
        &mut self,
        properties: &[(Cow<'b, str>, Node<'b>)],
        place: Option<&'t Place>,
    ) -> Outcome<'b> {
        let mut kept = Vec::new();
        let mut same = true;
        for (name, value) in properties {
            let outcome = self.within(name, |walk| match (name.as_ref(), place) {
                ("selectors", Some(_)) => walk.selectors(value),
                (name, place) => walk.value(value, place.and_then(|place| place.child(name))),
            });
            same &= matches!(outcome, Outcome::Same);
            match outcome {
                Outcome::Same => kept.push((name.clone(), value.clone())),
                Outcome::Changed(value) => kept.push((name.clone(), value)),
                Outcome::Lost if name == "selectors" => {
                    // A marking of nothing.
                    let marking = self.shared.table.marking;
                    let class = self.shared.table.class(marking).name.as_str();
                    return self.lose(class, Treatment::WithholdProperty, Ground::Follows);
                }
                Outcome::Lost => {}
            }
        }
        if same { Outcome::Same } else { Outcome::Changed(Node::Object(kept)) }
    }

    fn selectors(&mut self, node: &Node<'b>) -> Outcome<'b> {
        let mut kept = Vec::new();
        let mut same = true;
        for (index, selector) in node.items().iter().enumerate() {
            let followed = selector.as_text().and_then(|selector| self.follow(selector));
            let marking = self.shared.table.marking;
            let class = self.shared.table.class(marking).name.as_str();
            match followed {
                Some(followed) if selector.as_text() == Some(&followed) => kept.push(selector.clone()),
                Some(followed) => {
                    same = false;
                    self.within_item(index, |walk| {
                        walk.note(class, Treatment::Generalise, || Ground::Follows);
                    });
                    kept.push(Node::Text(Cow::Owned(followed)));
                }
                None => {
                    same = false;
                    self.within_item(index, |walk| {
                        walk.note(class, Treatment::WithholdProperty, || Ground::Follows);
                    });
                }
            }
        }
        match (same, kept.is_empty()) {
            (_, true) => Outcome::Lost,
            (true, _) => Outcome::Same,
            _ => Outcome::Changed(Node::List(kept)),
        }
    }

    /// Where the property that a selector names is now; `None` when it is gone, or never was.
    fn follow(&self, selector: &str) -> Option<String> {
        let mut node = self.object;
        let mut old = String::new();
        let mut new = String::new();
        for step in selector.split('.') {
            let mut new_step = step.to_owned();
            if let Some(index) = step.strip_prefix('[').and_then(|step| step.strip_suffix(']')) {
                let index: usize = index.parse().ok()?;
                let Node::List(items) = node else { return None };
                node = items.get(index)?;
                if let Some(places) = self.moved.get(&old) {
                    new_step = format!("[{}]", places.get(index).copied().flatten()?);
                }
            } else {
                node = node.get(step)?;
            }
            for path in [&mut old, &mut new] {
                if !path.is_empty() {
                    path.push('.');
                }
            }
            old.push_str(step);
            new.push_str(&new_step);
            if self.gone.contains(&old) {
                return None;
            }
        }
        Some(new)
    }
}
