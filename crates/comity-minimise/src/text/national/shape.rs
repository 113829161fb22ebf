//! How a number looks: a step for each place; and which shapes a text can have by how it begins, so that most are not
//! tried.

/// What a shape may hold at one place: which ASCII characters, and whether the place may be empty.
pub(super) struct Step {
    characters: u128,
    /// The same, by the two high bits of a byte: most of what is asked is this.
    quarters: [u64; 4],
    optional: bool,
}

impl Step {
    fn one_of(characters: u128) -> Self {
        #[expect(clippy::cast_possible_truncation, reason = "the low half is taken")]
        let quarters = [characters as u64, (characters >> 64) as u64, 0, 0];
        Self { characters, quarters, optional: false }
    }

    fn takes(&self, byte: u8) -> bool {
        self.quarters[usize::from(byte >> 6)] >> (byte & 63) & 1 == 1
    }
}

/// `9` a digit, `A` a capital letter, `X` either, `[…]` one of these, `?` after any: or nothing; others as they are.
pub(super) fn shape(text: &str) -> Vec<Step> {
    let all = |range: std::ops::RangeInclusive<u8>| range.fold(0_u128, |set, b| set | 1 << b);
    let mut steps: Vec<Step> = Vec::new();
    let mut characters = text.bytes();
    while let Some(b) = characters.next() {
        let set = match b {
            b'9' => all(b'0'..=b'9'),
            b'A' => all(b'A'..=b'Z'),
            b'X' => all(b'A'..=b'Z') | all(b'0'..=b'9'),
            b'?' => {
                if let Some(last) = steps.last_mut() {
                    last.optional = true;
                }
                continue;
            }
            b'[' => one_of(&characters.by_ref().take_while(|b| *b != b']').collect::<Vec<_>>()),
            b => 1 << b,
        };
        steps.push(Step::one_of(set));
    }
    steps
}

/// The characters of a set; `-` between two is a range, first or last it is itself.
fn one_of(set: &[u8]) -> u128 {
    let mut characters = 0;
    for (at, b) in set.iter().enumerate() {
        characters |= 1_u128 << b;
        if *b == b'-'
            && let (Some(low), Some(high)) = (at.checked_sub(1).map(|at| set[at]), set.get(at + 1))
        {
            characters = (low..=*high).fold(characters & !(1 << b'-'), |all, b| all | 1 << b);
        }
    }
    characters
}

pub(super) fn fit(shape: &[Step], text: &[u8]) -> Option<usize> {
    let mut at = 0;
    for step in shape {
        let met = text.get(at).is_some_and(|byte| step.takes(*byte));
        match (met, step.optional) {
            (true, _) => at += 1,
            (false, true) => {}
            (false, false) => return None,
        }
    }
    Some(at)
}

/// How a text begins: with how many digits or capitals, and what comes behind them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Beginning {
    capitals: bool,
    /// Those of [`RUN_MAX`] and more together.
    count: usize,
    /// Which of [`BEHIND`]; their number where it is none of these, or the end.
    behind: usize,
}

/// The longest run that a beginning is told by.
const RUN_MAX: usize = 24;

const DIGITS: u128 = 0x3ff << b'0';
const CAPITALS: u128 = 0x3ff_ffff << b'A';

/// What may come behind the digits or capitals that a number begins with, as far as it is told apart.
const BEHIND: [u128; 7] = {
    let marks = 1 << b' ' | 1 << b'-' | 1 << b'.' | 1 << b'/';
    [DIGITS, CAPITALS, 1 << b' ', 1 << b'-', 1 << b'.', 1 << b'/', !(DIGITS | CAPITALS | marks)]
};

/// How many beginnings there are.
pub(super) const BEGINNINGS: usize = 2 * (RUN_MAX + 1) * (BEHIND.len() + 1);

impl Beginning {
    /// How `text` begins.
    pub(super) fn of(text: &[u8]) -> Self {
        let capitals = text.first().is_some_and(u8::is_ascii_uppercase);
        let leads = |byte: &&u8| if capitals { byte.is_ascii_uppercase() } else { byte.is_ascii_digit() };
        let count = text.iter().take(RUN_MAX).take_while(leads).count();
        let behind = match text.get(count) {
            Some(b'0'..=b'9') => 0,
            Some(b'A'..=b'Z') => 1,
            Some(b' ') => 2,
            Some(b'-') => 3,
            Some(b'.') => 4,
            Some(b'/') => 5,
            Some(byte) if byte.is_ascii() => 6,
            _ => BEHIND.len(),
        };
        Self { capitals, count, behind }
    }

    /// The one at this place among all.
    pub(super) fn at(place: usize) -> Self {
        let (run, behind) = (place / (BEHIND.len() + 1), place % (BEHIND.len() + 1));
        Self { capitals: run > RUN_MAX, count: run % (RUN_MAX + 1), behind }
    }

    /// Its place among all.
    pub(super) fn place(self) -> usize {
        let run = self.count + if self.capitals { RUN_MAX + 1 } else { 0 };
        run * (BEHIND.len() + 1) + self.behind
    }
}

/// Whether what begins so can have this shape.
pub(super) fn begins(shape: &[Step], beginning: Beginning) -> bool {
    let Beginning { capitals, count, behind } = beginning;
    let leads = if capitals { CAPITALS } else { DIGITS };
    follows(
        shape,
        (leads, count),
        if count == RUN_MAX { Some(u128::MAX) } else { BEHIND.get(behind).copied() },
    )
}

/// Whether the rest of a shape can be so many characters of a set and one of those `behind` them, or nothing more.
fn follows(shape: &[Step], (leads, count): (u128, usize), behind: Option<u128>) -> bool {
    let Some((step, rest)) = shape.split_first() else { return count == 0 };
    let taken = match (count, behind) {
        (0, Some(behind)) => step.characters & behind != 0,
        (0, None) => false,
        _ => step.characters & leads != 0 && follows(rest, (leads, count - 1), behind),
    };
    taken || step.optional && follows(rest, (leads, count), behind)
}
