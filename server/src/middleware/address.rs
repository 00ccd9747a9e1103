//! Where a request comes from: for throttling alone, never stored or logged in clear.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use axum::{
    extract::{ConnectInfo, FromRequestParts},
    http::{HeaderMap, request::Parts},
};

use crate::{AppState, ServiceError};

/// The client's address; IPv6 cut to its /64, which is what one customer has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Address(pub IpAddr);

impl Address {
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
        IpAddr::V6(v6) => {
            let s = v6.segments();
            IpAddr::V6(Ipv6Addr::new(s[0], s[1], s[2], s[3], 0, 0, 0, 0))
        }
        v4 => v4,
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
    fn an_ipv6_customer_is_one_address() {
        assert_eq!(narrow(ip("2001:db8:1:2:3:4:5:6")), ip("2001:db8:1:2::"));
        assert_eq!(narrow(ip("::ffff:192.0.2.1")), ip("192.0.2.1"));
    }
}
