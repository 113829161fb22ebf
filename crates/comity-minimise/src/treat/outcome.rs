//! What became of a value, and of the values of one container.

use crate::json::Node;

/// What became of a value.
pub(crate) enum Outcome<'a> {
    /// It is as it was.
    Same,
    /// This stands in its place.
    Changed(Node<'a>),
    /// It stays home.
    Lost,
}

impl<'a> Outcome<'a> {
    /// What travels of `value`, whose outcome this is.
    pub(super) fn of(self, value: &Node<'a>) -> Option<Node<'a>> {
        match self {
            Self::Same => Some(value.clone()),
            Self::Changed(value) => Some(value),
            Self::Lost => None,
        }
    }
}

/// The outcomes of a container's values by position. Most are the same: nothing is held before the first that
/// is not, and beyond the last.
#[derive(Default)]
pub(super) struct Outcomes<'a>(Vec<Outcome<'a>>);

impl<'a> Outcomes<'a> {
    /// Each position is put at most once.
    pub(super) fn put(&mut self, position: usize, outcome: Outcome<'a>) {
        if matches!(outcome, Outcome::Same) {
            return;
        }
        if self.0.len() <= position {
            self.0.resize_with(position + 1, || Outcome::Same);
        }
        self.0[position] = outcome;
    }

    pub(super) fn all_same(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn is_lost(&self, position: usize) -> bool {
        matches!(self.0.get(position), Some(Outcome::Lost))
    }

    /// All of them, in order and without end: beyond what is held everything is the same.
    pub(super) fn each(self) -> impl Iterator<Item = Outcome<'a>> {
        self.0.into_iter().chain(std::iter::repeat_with(|| Outcome::Same))
    }
}
