//! Where somebody asks from: the address at the other end, or the one that a trusted proxy names.
//!
//! Behind a proxy all connections come from it. Where an operator names it (`trusted_proxies`), the last address in
//! `X-Forwarded-For` that is no trusted proxy's counts: what stands before that one, its client has written itself.

use axum::extract::connect_info::ConnectInfo;
use axum::http::{Extensions, HeaderMap};
use serde::Deserialize;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

/// The address at the other end of a request's connection, as the public listener attaches it.
#[must_use]
pub fn from(extensions: &Extensions) -> Option<IpAddr> {
    extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(address)| address.ip())
}

/// What one client has to itself: an IPv4 address, or 64 bits of IPv6.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Network(IpAddr);

impl Network {
    /// The network of an address.
    #[must_use]
    pub fn of(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX))),
            v4 @ IpAddr::V4(_) => v4,
        })
    }
}

/// The proxies whose word on where a request comes from is taken.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(transparent)]
pub struct TrustedProxies(Vec<IpAddr>);

impl TrustedProxies {
    /// The client's address: `end`, unless that is a trusted proxy which names another.
    #[must_use]
    pub fn client(&self, end: IpAddr, headers: &HeaderMap) -> IpAddr {
        let end = end.to_canonical();
        if !self.0.contains(&end) {
            return end;
        }
        let lines: Vec<&str> =
            headers.get_all("x-forwarded-for").iter().filter_map(|line| line.to_str().ok()).collect();
        let mut client = end;
        for hop in lines.iter().flat_map(|line| line.split(',')).rev() {
            let Some(address) = parsed(hop.trim()) else { break };
            client = address.to_canonical();
            if !self.0.contains(&client) {
                break;
            }
        }
        client
    }
}

/// An address, or one with a port.
fn parsed(text: &str) -> Option<IpAddr> {
    text.parse().ok().or_else(|| text.parse::<SocketAddr>().ok().map(|address| address.ip()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ipv6_client_has_64_bits() {
        let of = |text: &str| Network::of(text.parse().unwrap());
        assert_eq!(of("2001:db8:1:2:3:4:5:6"), of("2001:db8:1:2::"));
        assert_ne!(of("2001:db8:1:2::"), of("2001:db8:1:3::"));
        assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
    }

    #[test]
    fn only_a_trusted_proxy_is_believed() {
        let proxies = TrustedProxies(vec!["127.0.0.1".parse().unwrap(), "10.0.0.1".parse().unwrap()]);
        let table: &[(&str, &[&str], &str)] = &[
            ("192.0.2.7", &["198.51.100.1"], "192.0.2.7"),
            ("127.0.0.1", &[], "127.0.0.1"),
            ("::ffff:127.0.0.1", &["198.51.100.1"], "198.51.100.1"),
            ("127.0.0.1", &["203.0.113.9, 198.51.100.1"], "198.51.100.1"),
            ("127.0.0.1", &["203.0.113.9", "198.51.100.1, 10.0.0.1"], "198.51.100.1"),
            ("127.0.0.1", &["10.0.0.1"], "10.0.0.1"),
            ("127.0.0.1", &["198.51.100.1:4711"], "198.51.100.1"),
            ("127.0.0.1", &["[2001:db8::1]:4711"], "2001:db8::1"),
            ("127.0.0.1", &["198.51.100.1, unknown"], "127.0.0.1"),
            ("127.0.0.1", &[""], "127.0.0.1"),
        ];
        for (end, lines, expected) in table {
            let mut headers = HeaderMap::new();
            for line in *lines {
                headers.append("x-forwarded-for", line.parse().unwrap());
            }
            assert_eq!(proxies.client(end.parse().unwrap(), &headers).to_string(), *expected, "{lines:?}");
        }
    }
}
