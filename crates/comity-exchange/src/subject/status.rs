//! Where a request stands, for whoever has its code.

use super::{Answer, Desk};
use crate::ExchangeError;
use crate::alone::clear;
use crate::ports::{RequestRow, Store, Subjects};
use crate::wire::Text;
use comity_terms::Digest;
use comity_terms::ids::RequestId;

/// What whoever has the code of a request is shown: its row, and the answer where there is one. `None` for a wrong code as
/// for a wrong number.
///
/// # Errors
/// [`ExchangeError`].
pub async fn shown<W: Desk>(
    world: &W,
    number: RequestId,
    code: &str,
) -> Result<Option<(RequestRow, Option<Answer>)>, ExchangeError> {
    let row = Subjects::request(world.store(), number).await?;
    // Compared whether there is a row or not.
    let given = code_digest(number, code);
    let known = row.as_ref().map_or(Digest([0; 32]), |row| row.detail.code.0);
    let Some(row) = row.filter(|_| given == known) else { return Ok(None) };
    let mut answer = None;
    if let Some(Text(segment)) = row.detail.answer
        && let Some(segment) = world.store().segment(segment).await?
    {
        answer = clear(world, &segment)?.map(|clear| Answer(clear.as_bytes().to_vec()));
    }
    Ok(Some((row, answer)))
}

/// The code that opens a request's status: 160 bits in groups that can be read out.
pub(crate) fn code(bytes: &[u8; 20]) -> String {
    const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    let mut groups = Vec::with_capacity(4);
    for group in bytes.chunks_exact(5) {
        let bits = group.iter().fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
        let letter = |place: u32| char::from(LETTERS[(bits >> (5 * place) & 31) as usize]);
        groups.push((0..8).rev().map(letter).collect::<String>());
    }
    groups.join("-")
}

/// What is kept of a code.
pub(super) fn code_digest(number: RequestId, code: &str) -> Digest {
    Digest::of_parts("comity request code v1", &[number.as_bytes(), code.trim().as_bytes()])
}
