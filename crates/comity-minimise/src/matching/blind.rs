//! RFC 9497's VOPRF in mode 0x01, ristretto255-SHA512, in batches of one size.

use super::value::MatchValue;
use crate::TokenKeyError;
use comity_terms::{Digest, Entropy};
use rand_core::{CryptoRng, RngCore};
use std::fmt;
use voprf::{BlindedElement, EvaluationElement, Group, Proof, Ristretto255, VoprfClient, VoprfServer};
use zeroize::Zeroizing;

/// How many elements a batch has, whatever is looked for: the rest is filling. 4 KiB each way; some 20 ms of work at each
/// side.
pub const BATCH: usize = 128;

/// The bytes of an element of the group.
pub const ELEMENT_LENGTH: usize = 32;

/// The bytes of a proof: two scalars.
pub const PROOF_LENGTH: usize = 64;

/// The bytes of a batch.
const BATCH_LENGTH: usize = BATCH * ELEMENT_LENGTH;

/// Why a batch or its evaluation does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BlindError {
    /// Another length than a batch has.
    #[error("a batch has {BATCH} elements of {ELEMENT_LENGTH} bytes, {0} bytes came")]
    Length(usize),
    /// An element that is none: not in its one encoding, or the identity.
    #[error("element {0} is no element of the group, or its identity")]
    Element(usize),
    /// The key is none.
    #[error("the key is no element of the group, or its identity")]
    Key,
    /// The evaluation is not proved to be by the key.
    #[error("the evaluation is not by the key of the epoch")]
    Unproven,
    /// More values than a batch has places.
    #[error("{0} values for one batch, the most is {BATCH}")]
    TooMany(usize),
}

/// The holder's key for one partner, agreement, activity, purpose and epoch.
pub struct MatchKey(VoprfServer<Ristretto255>);

impl fmt::Debug for MatchKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("match key of 32 bytes")
    }
}

impl MatchKey {
    /// The key of a scope, each part of which is text, under the epoch's `secret`.
    ///
    /// # Errors
    /// [`TokenKeyError`] in the one case in 2^252 in which no scalar comes out; callers answer nothing.
    pub fn derive(secret: &[u8; 32], scope: &[&str]) -> Result<Self, TokenKeyError> {
        let parts: Vec<&[u8]> = scope.iter().map(|part| part.as_bytes()).collect();
        let info = Digest::of_parts("comity match scalar v1", &parts);
        VoprfServer::new_from_seed(secret, &info.0).map(Self).map_err(|_| TokenKeyError)
    }

    /// The public half: what an evaluation is proved against.
    #[must_use]
    pub fn public(&self) -> [u8; ELEMENT_LENGTH] {
        <Ristretto255 as Group>::serialize_elem(self.0.get_public_key()).into()
    }

    /// The tag of a value of the holder's own; `None` where hashing takes it to the identity (never found by anyone).
    #[must_use]
    pub fn tag(&self, value: &MatchValue) -> Option<u64> {
        self.0.evaluate(&value.input()).ok().map(|output| first(&output))
    }

    /// What a batch is evaluated to, with the proof that it was by this key.
    ///
    /// # Errors
    /// [`BlindError::Length`], never of what [`Elements::parse`] gave.
    pub fn evaluate(
        &self,
        elements: &Elements,
        entropy: &mut dyn Entropy,
    ) -> Result<(Vec<u8>, [u8; PROOF_LENGTH]), BlindError> {
        let evaluated = self.0.batch_blind_evaluate(&mut Drawing(entropy), &elements.0);
        let evaluated = evaluated.map_err(|_| BlindError::Length(elements.0.len() * ELEMENT_LENGTH))?;
        let bytes = evaluated.messages.iter().flat_map(EvaluationElement::serialize).collect();
        Ok((bytes, evaluated.proof.serialize().into()))
    }
}

/// A batch as it came: every element is one.
pub struct Elements(Vec<BlindedElement<Ristretto255>>);

impl Elements {
    /// The batch that bytes are.
    ///
    /// # Errors
    /// [`BlindError::Length`], [`BlindError::Element`]; callers answer the peer with it and record the misbehaviour.
    pub fn parse(bytes: &[u8]) -> Result<Self, BlindError> {
        let read = |(number, element): (usize, &[u8])| {
            BlindedElement::deserialize(element).map_err(|_| BlindError::Element(number))
        };
        elements(bytes)?.enumerate().map(read).collect::<Result<_, _>>().map(Self)
    }
}

impl fmt::Debug for Elements {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} elements", self.0.len())
    }
}

fn elements(bytes: &[u8]) -> Result<impl Iterator<Item = &[u8]>, BlindError> {
    if bytes.len() == BATCH_LENGTH {
        Ok(bytes.chunks_exact(ELEMENT_LENGTH))
    } else {
        Err(BlindError::Length(bytes.len()))
    }
}

/// A batch of the asker's: what it looks for, blinded, and what unblinds it.
pub struct Blinded {
    inputs: Vec<Zeroizing<Vec<u8>>>,
    clients: Vec<VoprfClient<Ristretto255>>,
    bytes: Vec<u8>,
    /// How many of the first are values; the others are filling.
    values: usize,
}

impl fmt::Debug for Blinded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {BATCH} elements", self.values)
    }
}

impl Blinded {
    /// Blinds values, and random filling up to a batch.
    ///
    /// # Errors
    /// [`BlindError::TooMany`]. [`BlindError::Element`] names a value that hashing takes to the identity.
    pub fn draw(values: &[&MatchValue], entropy: &mut dyn Entropy) -> Result<Self, BlindError> {
        if values.len() > BATCH {
            return Err(BlindError::TooMany(values.len()));
        }
        let mut blinded = Self {
            inputs: values.iter().map(|value| value.input()).collect(),
            clients: Vec::with_capacity(BATCH),
            bytes: Vec::with_capacity(BATCH_LENGTH),
            values: values.len(),
        };
        blinded.inputs.resize_with(BATCH, || {
            let mut filling = Zeroizing::new(vec![0; 32]);
            entropy.fill(&mut filling);
            filling
        });
        for (number, input) in blinded.inputs.iter().enumerate() {
            let drawn = VoprfClient::blind(input, &mut Drawing(&mut *entropy));
            let drawn = drawn.map_err(|_| BlindError::Element(number))?;
            blinded.clients.push(drawn.state);
            blinded.bytes.extend(drawn.message.serialize());
        }
        Ok(blinded)
    }

    /// What goes to the holder.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The tags of the values, in their order, once the evaluation is proved to be by the key `public`.
    ///
    /// # Errors
    /// [`BlindError`]; callers believe none of the batch and record the misbehaviour.
    pub fn finish(
        &self,
        public: &[u8; ELEMENT_LENGTH],
        evaluated: &[u8],
        proof: &[u8; PROOF_LENGTH],
    ) -> Result<Vec<u64>, BlindError> {
        let public = <Ristretto255 as Group>::deserialize_elem(public).map_err(|_| BlindError::Key)?;
        let proof = Proof::deserialize(proof).map_err(|_| BlindError::Unproven)?;
        let read = |(number, element): (usize, &[u8])| {
            EvaluationElement::deserialize(element).map_err(|_| BlindError::Element(number))
        };
        let evaluated: Vec<_> = elements(evaluated)?.enumerate().map(read).collect::<Result<_, _>>()?;
        let inputs: Vec<&[u8]> = self.inputs.iter().map(|input| input.as_slice()).collect();
        let outputs = VoprfClient::batch_finalize(&inputs, &self.clients, &evaluated, &proof, public);
        let outputs = outputs.map_err(|_| BlindError::Unproven)?;
        let mut tags = Vec::with_capacity(self.values);
        for output in outputs.take(self.values) {
            tags.push(first(&output.map_err(|_| BlindError::Unproven)?));
        }
        Ok(tags)
    }
}

/// The tag: the first 8 bytes of an output, big-endian.
fn first(output: &[u8]) -> u64 {
    output.iter().take(8).fold(0, |tag, byte| tag << 8 | u64::from(*byte))
}

/// Our randomness as the library asks for it.
struct Drawing<'e>(&'e mut dyn Entropy);

impl RngCore for Drawing<'_> {
    fn next_u32(&mut self) -> u32 {
        let mut bytes = [0; 4];
        self.fill_bytes(&mut bytes);
        u32::from_le_bytes(bytes)
    }

    fn next_u64(&mut self) -> u64 {
        let mut bytes = [0; 8];
        self.fill_bytes(&mut bytes);
        u64::from_le_bytes(bytes)
    }

    fn fill_bytes(&mut self, out: &mut [u8]) {
        self.0.fill(out);
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), rand_core::Error> {
        self.fill_bytes(out);
        Ok(())
    }
}

/// The port asks for a cryptographically secure source.
impl CryptoRng for Drawing<'_> {}

#[cfg(test)]
mod tests;
