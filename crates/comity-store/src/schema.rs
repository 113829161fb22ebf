//! How a database comes to the schema that this program knows: numbered steps, each done once. The same for both
//! engines.
//!
//! A step that was merged is never edited. What was done is kept with its digest, so that a database made by
//! an edited step is refused rather than half understood.

use comity_terms::Digest;

/// How many of `steps` are done in a database that says so of `done`: number and digest, in order.
///
/// # Errors
/// When these are not the first of `steps`, in words.
pub(crate) fn known(steps: &[&str], done: &[(usize, Digest)]) -> Result<usize, String> {
    for (position, (version, digest)) in done.iter().enumerate() {
        let Some(step) = steps.get(position) else {
            return Err(format!("the database has schema {version}, this program knows {}", steps.len()));
        };
        if *version != position + 1 || *digest != Digest::of(step.as_bytes()) {
            return Err(format!("step {version} of the schema is not the one known here"));
        }
    }
    Ok(done.len())
}
