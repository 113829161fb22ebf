//! What travels of a bundle, read as its receiver reads it, without reading twice what travels as it was.

use super::envelope::Envelope;
use super::{Bundle, BundleError, Limits, Object};
use crate::json::Node;
use std::collections::HashMap;

impl<'a> Bundle<'a> {
    /// The bundle of these objects, as [`of_objects`](Self::of_objects) reads them: each the JSON text of one, with its
    /// position in [`objects`](Self::objects) where this bundle was made from that very text. Those are not read twice.
    ///
    /// # Errors
    /// As there.
    pub(crate) fn again(
        self,
        objects: &[(Option<usize>, &'a [u8])],
        limits: &Limits,
    ) -> Result<Self, BundleError> {
        Envelope::within(objects.iter().map(|(_, text)| text.len()), limits)?;
        let in_place = |(at, (position, _)): (usize, &(Option<usize>, _))| *position == Some(at);
        if self.rejected.is_empty()
            && objects.len() == self.objects.len()
            && objects.iter().enumerate().all(in_place)
        {
            // As the largest bundles are: nothing is anywhere else than it was.
            let Self { mut objects, idents, rejected, .. } = self;
            objects.iter_mut().enumerate().for_each(|(at, object)| object.position = at);
            return Ok(Self { id: None, unknown: Vec::new(), objects, rejected, idents });
        }
        let mut kept = vec![false; self.objects.len()];
        for place in objects.iter().filter_map(|(position, _)| *position) {
            kept[place] = true;
        }
        // What is not kept goes before anything is read: the largest bundles would not fit in memory twice.
        let read = self.objects.into_iter().zip(&kept);
        let mut read: Vec<Option<Object<'a>>> = read.map(|(object, kept)| kept.then_some(object)).collect();
        drop(self.idents);
        let texts = objects.iter().filter(|(position, _)| position.is_none()).map(|(_, text)| *text);
        let mut texts = Envelope::of_objects(texts, limits)?.objects.into_iter();
        let mut bundle = Self::empty(objects.len());
        let mut versions = HashMap::with_capacity(objects.len());
        for (position, (kept, _)) in objects.iter().enumerate() {
            if let Some(object) = kept.and_then(|kept| read[kept].take()) {
                let id = object.tree.get("id").and_then(Node::text).unwrap_or_default();
                bundle.place(position, id, object, &mut versions);
            } else if let Some(text) = texts.next() {
                bundle.read_element(position, text, &mut versions);
            }
        }
        Ok(bundle)
    }
}
