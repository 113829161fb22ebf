//! Sessions of browsers: kept in memory under the digest of their cookie, until they end by themselves or are ended.

use super::openid::random;
use super::settings::SignInSettings;
use crate::bounded::Bounded;
use comity_terms::{Digest, Entropy, Timestamp};
use std::time::Duration;
use zeroize::Zeroizing;

/// The sessions of one process.
pub(super) struct Sessions {
    idle: Duration,
    most: Duration,
    open: Bounded<[u8; 32], Session>,
}

struct Session {
    officer: String,
    began: Timestamp,
    used: Timestamp,
    id_token: Zeroizing<String>,
}

impl Sessions {
    pub(super) fn new(settings: &SignInSettings) -> Self {
        Self {
            idle: Duration::from_secs(settings.session_idle_seconds),
            most: Duration::from_secs(settings.session_seconds_most),
            open: Bounded::new(settings.remembered_most),
        }
    }

    /// How long one lasts at most.
    pub(super) fn longest(&self) -> Duration {
        self.most
    }

    /// Begins one; gives its cookie.
    pub(super) fn begin(
        &self,
        officer: String,
        id_token: Zeroizing<String>,
        now: Timestamp,
        entropy: &mut impl Entropy,
    ) -> String {
        let cookie = random(entropy);
        self.open.lock().insert(key(&cookie), Session { officer, began: now, used: now, id_token });
        cookie
    }

    /// Whose it is, if it has not ended; it is used now.
    pub(super) fn officer(&self, cookie: &str, now: Timestamp) -> Option<String> {
        let key = key(cookie);
        let mut open = self.open.lock();
        let session = open.get_mut(&key)?;
        let lives = |since: Timestamp, long| since.checked_add(long).is_ok_and(|until| now < until);
        if lives(session.used, self.idle) && lives(session.began, self.most) {
            session.used = now;
            return Some(session.officer.clone());
        }
        open.remove(&key);
        None
    }

    /// Ends it; gives the token that it began with.
    pub(super) fn end(&self, cookie: &str) -> Option<Zeroizing<String>> {
        self.open.lock().remove(&key(cookie)).map(|session| session.id_token)
    }
}

fn key(cookie: &str) -> [u8; 32] {
    Digest::of(cookie.as_bytes()).0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::OsEntropy;
    use crate::settings::Settings;
    use std::path::Path;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + seconds).unwrap()
    }

    #[test]
    fn a_session_ends_idle_or_old_or_when_it_is_ended() {
        let shipped = Settings::read(Path::new("/nonexistent")).unwrap().signin;
        let sessions =
            Sessions::new(&SignInSettings { session_idle_seconds: 10, session_seconds_most: 25, ..shipped });
        let begin = || sessions.begin("a.tamm".into(), Zeroizing::new("token".into()), at(0), &mut OsEntropy);
        let (idle, old, ended) = (begin(), begin(), begin());
        let officer = |cookie: &str, seconds| sessions.officer(cookie, at(seconds));
        let tamm = Some("a.tamm".to_owned());
        assert_eq!(officer(&idle, 9), tamm);
        assert_eq!(officer(&idle, 19), None, "idle");
        assert_eq!(officer(&idle, 9), None, "and never again");
        for seconds in [9, 18, 24] {
            assert_eq!(officer(&old, seconds), tamm);
        }
        assert_eq!(officer(&old, 25), None, "old");
        assert_eq!(sessions.end(&ended).as_deref().map(String::as_str), Some("token"));
        assert_eq!(officer(&ended, 1), None);
        assert_eq!(sessions.end(&ended), None);
        assert_eq!(officer("", 0), None);
    }
}
