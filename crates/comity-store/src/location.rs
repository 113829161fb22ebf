//! Where a gateway's database is.

use std::fmt;
use std::str::FromStr;

/// Where a gateway's database is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Location {
    /// SQLite, in the gateway's folder.
    #[default]
    Folder,
    /// A server that speaks PostgreSQL's protocol.
    Server(ServerUrl),
}

/// The URL of a database server: `postgres://user@host:port/database`.
///
/// It may hold a password, which neither `Display` nor `Debug` shows.
#[derive(Clone, PartialEq, Eq)]
pub struct ServerUrl {
    text: String,
    config: Box<tokio_postgres::Config>,
}

/// A text that is no URL of a database server.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LocationError {
    /// Another scheme.
    #[error(
        "a database is `postgres://user@host:port/name`; without a URL it is SQLite in the data directory"
    )]
    Scheme,
    /// It does not read.
    #[error("the database's URL does not read: {0}")]
    Url(String),
    /// It asks for what this program does not do.
    #[error(
        "the database's URL asks for TLS, which is not built in; use a socket, loopback or a tunnel and `sslmode=disable`"
    )]
    Tls,
}

impl ServerUrl {
    /// The URL whole, its password included: for the file that only the gateway reads.
    #[must_use]
    pub fn dangerous_text(&self) -> &str {
        &self.text
    }

    pub(crate) fn config(&self) -> tokio_postgres::Config {
        *self.config.clone()
    }
}

impl FromStr for ServerUrl {
    type Err = LocationError;

    /// # Errors
    /// [`LocationError`]; callers name the flag or file that it came from.
    fn from_str(text: &str) -> Result<Self, LocationError> {
        if !text.starts_with("postgres://") && !text.starts_with("postgresql://") {
            return Err(LocationError::Scheme);
        }
        let config: tokio_postgres::Config = text.parse().map_err(|error: tokio_postgres::Error| {
            LocationError::Url(match std::error::Error::source(&error) {
                Some(source) => source.to_string(),
                None => error.to_string(),
            })
        })?;
        if config.get_ssl_mode() == tokio_postgres::config::SslMode::Require {
            return Err(LocationError::Tls);
        }
        if config.get_hosts().is_empty() {
            return Err(LocationError::Url("it names no host".into()));
        }
        Ok(Self { text: text.to_owned(), config: Box::new(config) })
    }
}

impl fmt::Display for ServerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (scheme, rest) = self.text.split_once("://").unwrap_or(("postgres", &self.text));
        let rest = rest.split('?').next().unwrap_or_default();
        match rest.rsplit_once('@') {
            Some((user, host)) => {
                let user = user.split(':').next().unwrap_or_default();
                write!(f, "{scheme}://{user}@{host}")
            }
            None => write!(f, "{scheme}://{rest}"),
        }
    }
}

impl fmt::Debug for ServerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_never_shown() {
        for url in
            ["postgres://who:s3cret@db.example:5432/comity", "postgres://who@db.example/c?password=s3cret"]
        {
            let url: ServerUrl = url.parse().unwrap();
            let shown = format!("{url} {url:?}");
            assert!(!shown.contains("s3cret") && shown.contains("who@db.example"), "{shown}");
        }
    }

    #[test]
    fn what_is_no_server_is_refused() {
        let refused = |text: &str| text.parse::<ServerUrl>().unwrap_err();
        assert_eq!(refused("mysql://db.example/comity"), LocationError::Scheme);
        assert_eq!(refused("/var/lib/comity.sqlite"), LocationError::Scheme);
        assert_eq!(refused("postgres://db.example/c?sslmode=require"), LocationError::Tls);
        assert!(matches!(refused("postgres://db.example:port/c"), LocationError::Url(_)));
    }
}
