//! Where a request comes from: for throttling, and in words for the list of sessions; never stored or logged in clear.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use api_types::sessions::Place;
use axum::{
    extract::{ConnectInfo, FromRequestParts},
    http::{HeaderMap, request::Parts},
};

use crate::{AppState, ServiceError};

/// The client's address; IPv6 cut to its /64, which is what one customer has, unless it is the loopback address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Address(pub IpAddr);

impl Address {
    /// What it tells about a place.
    pub fn place(&self) -> Place {
        let (loopback, local) = match self.0 {
            IpAddr::V4(ip) => {
                let [a, b, ..] = ip.octets();
                // Shared address space has no method of its own yet.
                (ip.is_loopback(), ip.is_private() || ip.is_link_local() || (a == 100 && b & 0xc0 == 64))
            }
            IpAddr::V6(ip) => (ip.is_loopback(), ip.is_unique_local() || ip.is_unicast_link_local()),
        };
        match (loopback, local) {
            (true, _) => Place::ThisMachine,
            (_, true) => Place::LocalNetwork,
            _ => Place::Internet,
        }
    }

    /// The bits that a network shares: 24 of IPv4, 48 of IPv6.
    pub fn network(&self) -> Vec<u8> {
        match self.0 {
            IpAddr::V4(ip) => ip.octets()[..3].to_vec(),
            IpAddr::V6(ip) => ip.octets()[..6].to_vec(),
        }
    }

    /// The network that is counted beside the address. A customer of IPv6 has 65,536 of these addresses for nothing; IPv4's cost.
    pub fn wider(&self) -> Option<Vec<u8>> {
        match self.0 {
            IpAddr::V6(ip) if !ip.is_loopback() => Some(self.network()),
            _ => None,
        }
    }

    /// The bytes that a throttle counts.
    pub fn bytes(&self) -> Vec<u8> {
        match self.0 {
            IpAddr::V4(ip) => ip.octets().to_vec(),
            IpAddr::V6(ip) => ip.octets().to_vec(),
        }
    }
}

impl FromRequestParts<AppState> for Address {
    type Rejection = ServiceError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ServiceError> {
        let peer = parts
            .extensions
            .get::<ConnectInfo<SocketAddr>>()
            .map(|info| info.0.ip())
            .ok_or_else(|| ServiceError::Internal("the listener gives no peer address".into()))?;
        Ok(Self(narrow(client(peer, &parts.headers, &state.config.trusted_proxies))))
    }
}

/// The peer, or what the nearest untrusted hop was seen as by trusted proxies.
fn client(peer: IpAddr, headers: &HeaderMap, trusted: &[IpAddr]) -> IpAddr {
    let mut address = peer;
    let hops = headers.get_all("x-forwarded-for").iter().filter_map(|v| v.to_str().ok());
    let hops: Vec<&str> = hops.flat_map(|v| v.split(',')).map(str::trim).collect();
    for hop in hops.iter().rev() {
        if !trusted.contains(&address.to_canonical()) {
            break;
        }
        let Ok(ip) = hop.parse::<IpAddr>() else { break };
        address = ip;
    }
    address
}

fn narrow(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        IpAddr::V6(v6) if !v6.is_loopback() => {
            let s = v6.segments();
            IpAddr::V6(Ipv6Addr::new(s[0], s[1], s[2], s[3], 0, 0, 0, 0))
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn forwarded_addresses_count_only_from_trusted_proxies() {
        let mut headers = HeaderMap::new();
        headers.insert("x-forwarded-for", "198.51.100.9, 203.0.113.7".parse().unwrap());
        let proxy = ip("10.0.0.1");
        assert_eq!(client(proxy, &headers, &[]), proxy);
        assert_eq!(client(proxy, &headers, &[proxy]), ip("203.0.113.7"));
        assert_eq!(client(proxy, &headers, &[proxy, ip("203.0.113.7")]), ip("198.51.100.9"));
    }

    #[test]
    fn places_and_networks() {
        let place = |text| Address(narrow(ip(text))).place();
        for text in ["127.0.0.1", "::1", "::ffff:127.0.0.1"] {
            assert_eq!(place(text), Place::ThisMachine, "{text}");
        }
        for text in ["10.1.2.3", "192.168.0.9", "172.16.0.1", "169.254.1.1", "100.64.0.1", "fd00::1", "fe80::1"] {
            assert_eq!(place(text), Place::LocalNetwork, "{text}");
        }
        for text in ["203.0.113.9", "100.128.0.1", "172.32.0.1", "2001:db8::1"] {
            assert_eq!(place(text), Place::Internet, "{text}");
        }
        let network = |text| Address(narrow(ip(text))).network();
        assert_eq!(network("203.0.113.9"), network("203.0.113.200"));
        assert_ne!(network("203.0.113.9"), network("203.0.114.9"));
        assert_eq!(network("2001:db8:1:2::3"), network("2001:db8:1:9::4"));
        assert_ne!(network("2001:db8:1::3"), network("2001:db8:2::3"));
        let wider = |text| Address(narrow(ip(text))).wider();
        assert_eq!(wider("2001:db8:1:2::3"), Some(network("2001:db8:1:9::4")));
        assert_eq!([wider("203.0.113.9"), wider("::1"), wider("127.0.0.1")], [None, None, None]);
    }

    #[test]
    fn an_ipv6_customer_is_one_address() {
        assert_eq!(narrow(ip("2001:db8:1:2:3:4:5:6")), ip("2001:db8:1:2::"));
        assert_eq!(narrow(ip("::ffff:192.0.2.1")), ip("192.0.2.1"));
    }
}
