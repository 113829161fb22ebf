//! The laws of a gateway: packs as they were adopted, read from `DIR/law/<digest>/` and from nowhere else.
//!
//! Adopting copies a pack with what it includes and the vocabulary there, and signs its digest. A partner's
//! law comes in the same way: from the shipped packs where the digest is theirs, else from the partner, and it
//! is kept only if what was fetched has the digest that the partner signed.

use crate::files::{self, FileError};
use comity_agreement::pack::Kind;
use comity_agreement::{Law, LawFiles, Level, Library, LoadError, Vocabulary, lint, rights, shipped};
use comity_terms::{Digest, PackSlug};
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

mod named;

pub use named::{Directory, Named, named, packs, write_pack};

/// The most that a pack with all it needs may weigh: 2,000 rules of 2 KiB, as much again for cases, and the
/// vocabulary.
pub const LAW_BYTES_MAX: usize = 16 << 20;

/// A law with the words that it uses.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The law.
    pub law: Arc<Law>,
    /// Its words.
    pub vocabulary: Arc<Vocabulary>,
}

/// Why a law is not there.
#[derive(Debug, thiserror::Error)]
pub enum LawError {
    /// A pack does not load.
    #[error("{0}")]
    Load(String),
    /// No such pack, shipped or as a directory.
    #[error("no pack `{name}`: neither shipped nor a directory{hint}")]
    Unknown {
        /// As given.
        name: String,
        /// The packs that are shipped.
        hint: String,
    },
    /// A directory, but none that holds a pack.
    #[error("no pack `{}`: the directory has no `pack.toml`", .0.display())]
    NoPack(PathBuf),
    /// Where a pack is to be written something lies already.
    #[error("{} is there already: a draft is written to a folder of its own", .0.display())]
    Taken(PathBuf),
    /// What was fetched is not what was signed.
    #[error("the text of `{pack}` has the digest {found}, not {signed}")]
    Digest {
        /// The pack.
        pack: PackSlug,
        /// What was signed.
        signed: Digest,
        /// What was fetched.
        found: Digest,
    },
    /// The file system failed.
    #[error(transparent)]
    File(#[from] FileError),
}

impl From<LoadError> for LawError {
    fn from(error: LoadError) -> Self {
        Self::Load(error.to_string())
    }
}

/// The words that this release knows: read when they are first asked for, and kept.
///
/// # Errors
/// [`LawError::Load`] when what is built in does not load: a fault of the release, which its tests catch.
pub fn vocabulary() -> Result<&'static Arc<Vocabulary>, LawError> {
    static WORDS: OnceLock<Arc<Vocabulary>> = OnceLock::new();
    if let Some(words) = WORDS.get() {
        return Ok(words);
    }
    let library = Library::open(shipped())?;
    Ok(WORDS.get_or_init(|| Arc::clone(library.vocabulary())))
}

/// The shelf of adopted laws.
#[derive(Debug)]
pub struct Shelf {
    root: PathBuf,
    loaded: Mutex<HashMap<Digest, Loaded>>,
    /// Whether two laws may be asked together, by the digests of the agreement and the other.
    together: Mutex<HashMap<(Digest, Digest), bool>>,
    /// Held by whoever puts a law here: two that come at once would share one draft.
    putting: Mutex<()>,
}

impl Shelf {
    /// The shelf at `root`: `DIR/law`.
    #[must_use]
    pub fn new(root: PathBuf) -> Self {
        Self { root, loaded: Mutex::default(), together: Mutex::default(), putting: Mutex::default() }
    }

    /// The law of that digest, when it is here.
    ///
    /// # Errors
    /// [`LawError`] when its files were damaged: their digest is checked at each first loading.
    pub fn law(&self, pack: &PackSlug, digest: Digest) -> Result<Option<Loaded>, LawError> {
        if let Some(loaded) = self.held().get(&digest) {
            return Ok(Some(loaded.clone()));
        }
        let directory = self.root.join(digest.hex());
        if !directory.is_dir() {
            return Ok(None);
        }
        let loaded = load(&read_directory(&directory)?, pack)?;
        if loaded.law.digest() != digest {
            return Err(LawError::Digest { pack: pack.clone(), signed: digest, found: loaded.law.digest() });
        }
        self.held().insert(digest, loaded.clone());
        Ok(Some(loaded))
    }

    /// Puts `pack` of `source` with all that it needs on the shelf; gives it loaded.
    ///
    /// # Errors
    /// [`LawError`] when it does not hold or cannot be kept.
    pub fn put(&self, source: &LawFiles, pack: &PackSlug) -> Result<Loaded, LawError> {
        let loaded = load(source, pack)?;
        let directory = self.root.join(loaded.law.digest().hex());
        let _one = self.putting.lock().unwrap_or_else(PoisonError::into_inner);
        // What lies here stays as it is, its vocabulary too: laws adopted together are asked in the same words, after an
        // upgrade as before it.
        if let Some(kept) = self.law(pack, loaded.law.digest())? {
            return Ok(kept);
        }
        if !directory.is_dir() {
            let needed = needed(source, &loaded.law).0;
            let files = needed.iter().map(|(path, bytes)| (path.as_str(), bytes.as_slice()));
            files::create_tree(&directory, files)?;
        }
        self.held().insert(loaded.law.digest(), loaded.clone());
        Ok(loaded)
    }

    /// Keeps what a partner gave as the text of its law, if it is what the partner signed.
    ///
    /// # Errors
    /// [`LawError::Digest`] when it is not.
    pub fn keep_fetched(
        &self,
        source: &LawFiles,
        pack: &PackSlug,
        signed: Digest,
    ) -> Result<Loaded, LawError> {
        let found = load(source, pack)?.law.digest();
        if found != signed {
            return Err(LawError::Digest { pack: pack.clone(), signed, found });
        }
        self.put(source, pack)
    }

    /// A pack of `source` as a party may adopt it: it holds, ends all that it lets go, leaves no right open unsaid, displaces what there is, and goes together with those of
    /// `adopted` that it would be asked beside.
    ///
    /// # Errors
    /// [`LawError::Load`] with every finding, by file and line.
    pub fn adoptable(source: &LawFiles, pack: &PackSlug, adopted: &[Loaded]) -> Result<(), LawError> {
        let mut library = Library::open(source)?;
        let law = library.law(pack)?;
        let vocabulary = library.vocabulary().clone();
        let overlay = |law: &Law| law.pack().kind == Kind::Jurisdiction;
        let mut findings = lint::check_displaced(&mut library, &law);
        findings.extend(lint::completeness(&law, &vocabulary));
        let gaps = rights::gaps(&library, &law)?;
        findings.extend(gaps.into_iter().filter(|finding| finding.level == Level::Error));
        // Laws that use other words cannot be asked the same question, so they are never asked together.
        let alike = adopted.iter().filter(|other| other.vocabulary.digest() == vocabulary.digest());
        for other in alike.filter(|other| overlay(&other.law) != overlay(&law)) {
            let (agreement, party) = if overlay(&law) { (&other.law, &law) } else { (&law, &other.law) };
            findings.extend(lint::check_together(agreement, party, &vocabulary));
        }
        if findings.is_empty() { Ok(()) } else { Err(LoadError(findings).into()) }
    }

    /// Whether `overlay`, the law of a party, may be asked beside `agreement`: it only tightens, and refuses
    /// nothing that a floor of cooperation grants. Told once for each pair; what is wrong goes to the operator.
    pub fn go_together(&self, agreement: &Law, overlay: &Law, vocabulary: &Vocabulary) -> bool {
        let mut told = self.together.lock().unwrap_or_else(PoisonError::into_inner);
        *told.entry((agreement.digest(), overlay.digest())).or_insert_with(|| {
            let findings = lint::check_together(agreement, overlay, vocabulary);
            for finding in &findings {
                tracing::error!(law = %overlay.pack().slug, %finding, "is not asked beside the agreement");
            }
            findings.is_empty()
        })
    }

    /// The files of the law of that digest, for a partner to fetch.
    ///
    /// # Errors
    /// [`LawError::File`].
    pub fn files(&self, digest: Digest) -> Result<Option<LawFiles>, LawError> {
        let directory = self.root.join(digest.hex());
        if directory.is_dir() { read_directory(&directory).map(Some) } else { Ok(None) }
    }

    fn held(&self) -> std::sync::MutexGuard<'_, HashMap<Digest, Loaded>> {
        self.loaded.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The pack in `source`, if it has this very digest.
#[must_use]
pub fn digested(source: &LawFiles, pack: &PackSlug, digest: Digest) -> Option<Loaded> {
    load(source, pack).ok().filter(|loaded| loaded.law.digest() == digest)
}

fn load(source: &LawFiles, pack: &PackSlug) -> Result<Loaded, LawError> {
    let mut library = Library::open(source)?;
    let law = library.law(pack)?;
    Ok(Loaded { law, vocabulary: library.vocabulary().clone() })
}

/// The files that `law` needs: its own, those of its includes, and the vocabulary.
fn needed(source: &LawFiles, law: &Law) -> LawFiles {
    let packs: Vec<String> = std::iter::once(law.pack())
        .chain(law.includes())
        .flat_map(|pack| ["agreements", "jurisdictions"].map(|root| format!("{root}/{}/", pack.slug)))
        .collect();
    let wanted =
        |path: &str| path.starts_with("vocabulary/") || packs.iter().any(|pack| path.starts_with(pack));
    LawFiles(source.0.iter().filter(|(path, _)| wanted(path)).map(|(p, b)| (p.clone(), b.clone())).collect())
}

/// Every file below `directory`, by its path from there; not more than [`LAW_BYTES_MAX`] in all.
pub fn read_directory(directory: &Path) -> Result<LawFiles, LawError> {
    let mut found = BTreeMap::new();
    let mut waiting = vec![directory.to_owned()];
    let mut left = LAW_BYTES_MAX;
    while let Some(folder) = waiting.pop() {
        for entry in std::fs::read_dir(&folder).map_err(files::at(&folder, "list"))? {
            let path = entry.map_err(files::at(&folder, "list"))?.path();
            if path.is_dir() {
                waiting.push(path);
            } else if let Some(bytes) = files::read(&path, left)? {
                left -= bytes.len();
                let name = path.strip_prefix(directory).unwrap_or(&path).to_string_lossy().into_owned();
                found.insert(name, bytes);
            }
        }
    }
    Ok(LawFiles(found))
}
