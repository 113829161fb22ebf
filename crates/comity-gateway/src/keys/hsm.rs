//! A hardware security module over PKCS#11 (OASIS, 2.40): it holds what the files of epoch keys are sealed by.
//!
//! ```text
//! in the module   one AES-256 key for each bucket: made there, never leaves it; destroyed with the bucket
//! in the file     id of that key (16) | nonce (12) | the epoch key, sealed by AES-256-GCM (32) | tag (16)
//! ```
//! Whoever copies files has nothing without the module; once the module has destroyed a bucket's key, nobody has. The
//! module is asked once for each bucket that a process uses, never for each record: its speed bounds nothing.
//!
//! Invariants: a sealed file opens for its own bucket only; a key of the module is there before the file that names
//! it, and is destroyed before that file is. What a crash leaves in the module in between seals nothing.

use comity_terms::Entropy;
use comity_vault::EpochKey;
use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::error::{Error, RvError};
use cryptoki::mechanism::Mechanism;
use cryptoki::mechanism::aead::GcmParams;
use cryptoki::object::{Attribute, ObjectClass, ObjectHandle};
use cryptoki::session::{Session, UserType};
use cryptoki::types::AuthPin;
use serde::Deserialize;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use zeroize::Zeroizing;

const ID_LENGTH: usize = 16;
const NONCE_LENGTH: usize = 12;
const TAG_LENGTH: usize = 16;
const KEY_LENGTH: usize = 32;

/// The bytes of a sealed epoch key: no plain one has as many.
pub const SEALED_LENGTH: usize = ID_LENGTH + NONCE_LENGTH + KEY_LENGTH + TAG_LENGTH;

/// The longest file with a PIN.
const PIN_BYTES_MAX: usize = 1_024;

/// Which module an operator named: `[hsm]` in settings.toml.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HsmSettings {
    /// The library that speaks PKCS#11 with it.
    pub module: PathBuf,
    /// The label of the token.
    pub token: String,
    /// The file that holds the user's PIN.
    pub pin_file: PathBuf,
}

/// Why a module does not do what it is asked.
#[derive(Debug, thiserror::Error)]
pub enum HsmError {
    /// The library does not load, or does not start.
    #[error("{}: {reason}", module.display())]
    Module {
        /// The library.
        module: PathBuf,
        /// Why.
        reason: String,
    },
    /// No token has this label.
    #[error("{}: no token is called `{token}`", module.display())]
    NoToken {
        /// The library.
        module: PathBuf,
        /// The label asked for.
        token: String,
    },
    /// The PIN does not read.
    #[error("{}: {reason}", path.display())]
    Pin {
        /// Its file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// The module refused.
    #[error("the security module does not {what}: {reason}")]
    Refused {
        /// What it was asked.
        what: &'static str,
        /// What it says.
        reason: String,
    },
    /// The key that sealed a file is not in the module.
    #[error("the key of {0} is not in the security module")]
    Missing(String),
    /// What opens is no epoch key.
    #[error("the file of {0} is not what the security module sealed")]
    Altered(String),
    /// A file is sealed, and no module is named.
    #[error("the key of {0} is sealed by a security module: settings.toml names none (`[hsm]`)")]
    NotNamed(String),
}

/// A module with its token, signed in.
pub struct Hsm {
    settings: HsmSettings,
    context: Pkcs11,
    session: Mutex<Session>,
}

impl fmt::Debug for Hsm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "token {} of {}", self.settings.token, self.settings.module.display())
    }
}

fn refused(what: &'static str) -> impl Fn(Error) -> HsmError {
    move |error| HsmError::Refused { what, reason: short(&error) }
}

/// The code that a module gave, without the standard's sentences about it.
fn short(error: &Error) -> String {
    match error {
        Error::Pkcs11(code, function) => format!("{code:?} ({function:?})"),
        other => other.to_string(),
    }
}

impl Hsm {
    /// Loads the library and signs in to the token.
    ///
    /// # Errors
    /// [`HsmError`], naming the library, token or file; the gateway does not start.
    pub fn open(settings: &HsmSettings) -> Result<Self, HsmError> {
        let failed =
            |error: Error| HsmError::Module { module: settings.module.clone(), reason: short(&error) };
        let context = Pkcs11::new(&settings.module).map_err(failed)?;
        match context.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)) {
            // Another gateway of this process uses it too.
            Ok(()) | Err(Error::Pkcs11(RvError::CryptokiAlreadyInitialized, _)) => {}
            Err(error) => return Err(failed(error)),
        }
        let session = signed_in(&context, settings)?;
        Ok(Self { settings: settings.clone(), context, session: Mutex::new(session) })
    }

    /// Makes a key in the module and seals an epoch key by it: what its file holds. `label` names the key to people who
    /// look into the token.
    ///
    /// # Errors
    /// [`HsmError::Refused`]; nothing is left in the module then, unless it went away in between.
    pub fn seal(&self, key: &EpochKey, label: &str, entropy: &mut dyn Entropy) -> Result<Vec<u8>, HsmError> {
        let mut sealed = vec![0; ID_LENGTH + NONCE_LENGTH];
        entropy.fill(&mut sealed);
        let (id, nonce) = sealed.split_at_mut(ID_LENGTH);
        let text = self.asked(|session| {
            let template = [
                Attribute::Class(ObjectClass::SECRET_KEY),
                Attribute::Token(true),
                Attribute::Private(true),
                Attribute::Sensitive(true),
                Attribute::Extractable(false),
                Attribute::Encrypt(true),
                Attribute::Decrypt(true),
                Attribute::ValueLen(32.into()),
                Attribute::Id(id.to_vec()),
                Attribute::Label(format!("comity {label}").into_bytes()),
            ];
            let made = session.generate_key(&Mechanism::AesKeyGen, &template)?;
            let mut nonce = *nonce_of(nonce);
            let bound = GcmParams::new(&mut nonce, label.as_bytes(), 128.into())?;
            let text = session.encrypt(&Mechanism::AesGcm(bound), made, key.dangerous_bytes());
            if text.is_err() {
                let _ = session.destroy_object(made);
            }
            text
        });
        sealed.extend(text.map_err(refused("seal an epoch key"))?);
        Ok(sealed)
    }

    /// The epoch key in a sealed file of `label`.
    ///
    /// # Errors
    /// [`HsmError::Missing`] when the module has destroyed its key, or is another one; [`HsmError::Altered`] when the
    /// file is not this bucket's, or was changed; [`HsmError::Refused`].
    pub fn open_sealed(&self, sealed: &[u8], label: &str) -> Result<Zeroizing<[u8; KEY_LENGTH]>, HsmError> {
        let altered = || HsmError::Altered(label.to_owned());
        let (id, rest) = sealed.split_at_checked(ID_LENGTH).ok_or_else(altered)?;
        let (nonce, text) = rest.split_at_checked(NONCE_LENGTH).ok_or_else(altered)?;
        let opened = self.asked(|session| {
            let Some(key) = found(session, id)?.first().copied() else { return Ok(None) };
            let mut nonce = *nonce_of(nonce);
            let bound = GcmParams::new(&mut nonce, label.as_bytes(), 128.into())?;
            session.decrypt(&Mechanism::AesGcm(bound), key, text).map(Some)
        });
        let opened = match opened {
            Ok(opened) => opened.map(Zeroizing::new),
            Err(Error::Pkcs11(RvError::EncryptedDataInvalid | RvError::EncryptedDataLenRange, _)) => {
                return Err(altered());
            }
            Err(error) => return Err(refused("open an epoch key")(error)),
        };
        let opened = opened.ok_or_else(|| HsmError::Missing(label.to_owned()))?;
        let mut key = Zeroizing::new([0; KEY_LENGTH]);
        if opened.len() != key.len() {
            return Err(altered());
        }
        key.copy_from_slice(&opened);
        Ok(key)
    }

    /// Destroys the module's key of a sealed file: from then on the file opens nowhere. Done already is done.
    ///
    /// # Errors
    /// [`HsmError::Refused`]; it is not destroyed, callers try again.
    pub fn destroy(&self, sealed: &[u8]) -> Result<(), HsmError> {
        let Some(id) = sealed.get(..ID_LENGTH) else { return Ok(()) };
        let destroyed = self.asked(|session| {
            for key in found(session, id)? {
                session.destroy_object(key)?;
            }
            Ok(())
        });
        destroyed.map_err(refused("destroy a key"))
    }

    /// That the module answers: how many keys of buckets it holds, for the operator who looks.
    ///
    /// # Errors
    /// [`HsmError::Refused`].
    pub fn count(&self) -> Result<usize, HsmError> {
        let all = [Attribute::Class(ObjectClass::SECRET_KEY), Attribute::Token(true)];
        let held = self.asked(|session| session.find_objects(&all));
        Ok(held.map_err(refused("tell what it holds"))?.len())
    }

    /// Asks by the session there is; once more by a new one where that was lost, as when a module restarts.
    fn asked<T>(&self, mut ask: impl FnMut(&Session) -> Result<T, Error>) -> Result<T, Error> {
        let mut session = self.session();
        match ask(&session) {
            Err(Error::Pkcs11(
                RvError::SessionHandleInvalid
                | RvError::SessionClosed
                | RvError::DeviceRemoved
                | RvError::TokenNotPresent
                | RvError::UserNotLoggedIn,
                _,
            )) => {
                if let Ok(new) = signed_in(&self.context, &self.settings) {
                    *session = new;
                }
                ask(&session)
            }
            asked => asked,
        }
    }

    fn session(&self) -> MutexGuard<'_, Session> {
        // A poisoned lock still holds a session of the module.
        self.session.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn signed_in(context: &Pkcs11, settings: &HsmSettings) -> Result<Session, HsmError> {
    let failed = |error: Error| HsmError::Module { module: settings.module.clone(), reason: short(&error) };
    let slots = context.get_slots_with_initialized_token().map_err(failed)?;
    let slot = slots.into_iter().find(|slot| {
        context.get_token_info(*slot).is_ok_and(|info| info.label().trim_end() == settings.token)
    });
    let slot = slot.ok_or_else(|| HsmError::NoToken {
        module: settings.module.clone(),
        token: settings.token.clone(),
    })?;
    let session = context.open_rw_session(slot).map_err(failed)?;
    match session.login(UserType::User, Some(&pin(&settings.pin_file)?)) {
        Ok(()) | Err(Error::Pkcs11(RvError::UserAlreadyLoggedIn, _)) => Ok(session),
        Err(error) => Err(HsmError::Refused { what: "let this gateway in", reason: short(&error) }),
    }
}

fn pin(path: &Path) -> Result<AuthPin, HsmError> {
    let failed = |reason: String| HsmError::Pin { path: path.to_owned(), reason };
    let read = crate::files::read(path, PIN_BYTES_MAX).map_err(|error| failed(error.source.to_string()))?;
    let bytes = Zeroizing::new(read.ok_or_else(|| failed("the file of the PIN is not there".to_owned()))?);
    let text = std::str::from_utf8(&bytes).map_err(|_| failed("it is not text".to_owned()))?;
    Ok(AuthPin::new(text.trim_end_matches(['\r', '\n']).into()))
}

fn found(session: &Session, id: &[u8]) -> Result<Vec<ObjectHandle>, Error> {
    session.find_objects(&[Attribute::Class(ObjectClass::SECRET_KEY), Attribute::Id(id.to_vec())])
}

fn nonce_of(bytes: &[u8]) -> &[u8; NONCE_LENGTH] {
    // Unwrap safety: callers split it off at that length.
    bytes.try_into().expect("a nonce of its length")
}

#[cfg(test)]
mod tests;
