//! Ways to servers that are no gateways: HTTPS with their certificates checked against the roots that an operator names;
//! plain HTTP within this machine.

use axum::http::Uri;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::version::TLS13;
use rustls::{ClientConfig, RootCertStore};
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// TLS 1.3 that believes certificates under the roots in a PEM file.
///
/// # Errors
/// Why there are none, in words.
pub(crate) fn under_roots(roots_file: &Path) -> Result<Arc<ClientConfig>, String> {
    let failed = |error: &dyn std::fmt::Display| format!("{}: {error}", roots_file.display());
    let mut roots = RootCertStore::empty();
    let certificates = CertificateDer::pem_file_iter(roots_file).map_err(|error| failed(&error))?;
    for certificate in certificates {
        // One that does not read is no root; without any, nothing is believed.
        let _ = certificate.map(|certificate| roots.add(certificate));
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&TLS13])
        .map_err(|error| failed(&error))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config))
}

/// An address that secrets may be sent to: over TLS, or within this machine. What it has beside host, port, path and
/// query makes it none.
pub(crate) fn endpoint(text: &str) -> Option<Uri> {
    let url: Uri = text.parse().ok()?;
    let host = url.host()?;
    let address = host.trim_matches(['[', ']']).parse::<IpAddr>();
    let loopback = address.map_or(host == "localhost", |address| address.is_loopback());
    let beside = url.authority()?.as_str().strip_prefix(host)?;
    let port = beside.is_empty() || beside.strip_prefix(':').is_some_and(|port| port.parse::<u16>().is_ok());
    let plain = port && !text.contains('#') && !host.is_empty();
    let safe = match url.scheme_str()? {
        "https" => true,
        "http" => loopback,
        _ => false,
    };
    (plain && safe && text.len() <= URL_BYTES_MAX).then_some(url)
}

/// Where Debian and most others keep the certificates that this machine believes.
pub(crate) fn system_roots() -> PathBuf {
    PathBuf::from("/etc/ssl/certs/ca-certificates.crt")
}

/// The longest URL that is called.
const URL_BYTES_MAX: usize = 2_048;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_go_over_tls_or_stay_within_the_machine() {
        for good in [
            "https://id.example",
            "https://id.example:8443/a?b",
            "http://localhost:1",
            "http://127.0.0.1/",
            "http://[::1]:80/",
        ] {
            assert!(endpoint(good).is_some(), "{good}");
        }
        for bad in [
            "http://id.example/",
            "http://192.0.2.1/",
            "http://localhost.example/",
            "https://a@id.example/",
            "https://id.example@id.example/",
            "https://id.example/#a",
            "ftp://localhost/",
            "/a",
            "https://id.example:/",
            "https://id.example:65536/",
            "http://[::1]8:80/",
        ] {
            assert!(endpoint(bad).is_none(), "{bad}");
        }
    }
}
