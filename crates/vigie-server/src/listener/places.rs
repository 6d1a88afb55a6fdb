//! Places for connections: so many in all, and so many for one address.
//!
//! A connection from a trusted proxy stands for many clients: it is counted in all, and the sockets that come through it are counted by the address that the proxy names.
//! Always true: a place is given back when whoever holds it is dropped.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use http::HeaderMap;
use ipnet::IpNet;
use parking_lot::Mutex;

use super::files;
use crate::config::Config;
use crate::limits::Limit;

/// Places of a listener for operators: scrapes, probes and a browser.
const FOR_OPERATORS: usize = 32;

/// The address that a request comes from, as far as it can be believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ClientAddress(pub(crate) IpAddr);

/// The places of one listener.
#[derive(Debug)]
pub(crate) struct Places {
    limit: usize,
    taken: AtomicUsize,
    /// 0 is no limit.
    per_address: usize,
    by_address: Mutex<HashMap<IpAddr, usize>>,
    trusted: Vec<IpNet>,
}

/// A place that is taken.
#[derive(Debug)]
pub(crate) struct Place {
    places: Arc<Places>,
    is_counted: bool,
    address: Option<IpAddr>,
}

impl Places {
    /// As configured, within what the system's limit of open files leaves.
    pub(crate) fn of_clients(config: &Config) -> Arc<Self> {
        Arc::new(Self::new(
            files::connections(config.limits.connections),
            config.limits.connections_per_address,
            config.trusted_proxies.clone(),
        ))
    }

    /// A few, beside those of the clients, so that an operator gets in when they are all taken.
    pub(crate) fn of_operators() -> Arc<Self> {
        Arc::new(Self::new(FOR_OPERATORS, 0, Vec::new()))
    }

    fn new(limit: usize, per_address: usize, trusted: Vec<IpNet>) -> Self {
        Self {
            limit,
            taken: AtomicUsize::new(0),
            per_address,
            by_address: Mutex::default(),
            trusted,
        }
    }

    /// How many connections may be open.
    pub(crate) fn limit(&self) -> usize {
        self.limit
    }

    /// How many are.
    pub(crate) fn taken(&self) -> usize {
        self.taken.load(Ordering::Relaxed)
    }

    /// A place for a connection from `peer`.
    ///
    /// # Errors
    /// The limit that is reached.
    pub(super) fn take(self: &Arc<Self>, peer: IpAddr) -> Result<Place, Limit> {
        let mut place = Place {
            places: Arc::clone(self),
            is_counted: true,
            address: None,
        };
        // The place is given back by its drop when it was one too many.
        if self.taken.fetch_add(1, Ordering::Relaxed) >= self.limit {
            return Err(Limit::Connections);
        }
        if !self.is_trusted(peer) {
            place.address = self.count(peer)?;
        }
        Ok(place)
    }

    /// A place for a socket whose connection belongs to a trusted proxy; `None` when it needs none.
    ///
    /// # Errors
    /// The limit that is reached.
    pub(crate) fn take_behind_proxy(
        self: &Arc<Self>,
        client: ClientAddress,
    ) -> Result<Option<Place>, Limit> {
        let address = self.count(client.0)?;
        Ok(address.map(|address| Place {
            places: Arc::clone(self),
            is_counted: false,
            address: Some(address),
        }))
    }

    /// The client behind a trusted proxy, as the proxy names it; `None` when the peer is itself the client, or nothing is counted by address.
    pub(crate) fn client_behind(&self, peer: IpAddr, headers: &HeaderMap) -> Option<ClientAddress> {
        if self.per_address == 0 || !self.is_trusted(peer) {
            return None;
        }
        let mut named = headers
            .get_all("x-forwarded-for")
            .iter()
            .rev()
            // A proxy appends to whatever its client wrote, which need not be text.
            .flat_map(|value| value.as_bytes().rsplit(|byte| *byte == b','))
            .map_while(address);
        // Each proxy adds whom it got the request from; the first that is no proxy of ours is the client.
        named
            .find(|address| !self.is_trusted(*address))
            .map(ClientAddress)
    }

    fn is_trusted(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.trusted
            .iter()
            .any(|network| network.contains(&address))
    }

    fn count(&self, address: IpAddr) -> Result<Option<IpAddr>, Limit> {
        if self.per_address == 0 {
            return Ok(None);
        }
        let address = address.to_canonical();
        let mut by_address = self.by_address.lock();
        let taken = by_address.entry(address).or_default();
        if *taken >= self.per_address {
            return Err(Limit::ConnectionsPerAddress);
        }
        *taken += 1;
        Ok(Some(address))
    }
}

/// One entry of `X-Forwarded-For`; some proxies write the client's port, too.
fn address(entry: &[u8]) -> Option<IpAddr> {
    let entry = std::str::from_utf8(entry).ok()?.trim();
    let alone = entry.parse().ok();
    alone.or_else(|| Some(entry.parse::<SocketAddr>().ok()?.ip()))
}

impl Drop for Place {
    fn drop(&mut self) {
        if self.is_counted {
            self.places.taken.fetch_sub(1, Ordering::Relaxed);
        }
        let Some(address) = self.address else {
            return;
        };
        let mut by_address = self.places.by_address.lock();
        if let Some(taken) = by_address.get_mut(&address) {
            *taken -= 1;
            if *taken == 0 {
                by_address.remove(&address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
    use http::HeaderValue;

    use super::*;

    fn places(limit: usize, per_address: usize, trusted: &str) -> Arc<Places> {
        let trusted = trusted.split_whitespace().map(|one| one.parse().unwrap());
        Arc::new(Places::new(limit, per_address, trusted.collect()))
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn places_come_back_when_their_holders_go() {
        let places = places(2, 0, "");
        let first = places.take(ip("192.0.2.1")).unwrap();
        let _second = places.take(ip("192.0.2.1")).unwrap();
        assert_eq!(
            places.take(ip("192.0.2.1")).unwrap_err(),
            Limit::Connections
        );
        assert_eq!(places.taken(), 2);
        drop(first);
        assert!(places.take(ip("192.0.2.1")).is_ok());
    }

    #[test]
    fn an_address_has_its_own_limit_and_a_trusted_proxy_has_none() {
        let places = places(9, 1, "10.0.0.0/8");
        let held = places.take(ip("::ffff:192.0.2.1")).unwrap();
        let refused = places.take(ip("192.0.2.1")).unwrap_err();
        assert_eq!(refused, Limit::ConnectionsPerAddress);
        assert_eq!(places.taken(), 1);
        assert!(places.take(ip("192.0.2.2")).is_ok());
        let proxied: Vec<_> = (0..3).map(|_| places.take(ip("10.1.1.1"))).collect();
        assert!(proxied.iter().all(Result::is_ok));
        let client = ClientAddress(ip("192.0.2.1"));
        assert!(places.take_behind_proxy(client).is_err());
        drop(held);
        let behind = places.take_behind_proxy(client).unwrap();
        assert!(behind.is_some());
        assert!(places.take(ip("192.0.2.1")).is_err());
        drop((behind, proxied));
        assert!(places.by_address.lock().is_empty());
        assert_eq!(places.taken(), 0);
    }

    #[test]
    fn only_a_trusted_proxy_is_believed_and_only_its_own_word() {
        let places = places(9, 1, "10.0.0.0/8 127.0.0.1/32");
        let check = |peer: &str, forwarded: &[&[u8]], expected: Option<&str>| {
            let mut headers = HeaderMap::new();
            for value in forwarded {
                let value = HeaderValue::from_bytes(value).unwrap();
                headers.append("x-forwarded-for", value);
            }
            let found = places.client_behind(ip(peer), &headers);
            assert_eq!(found, expected.map(|text| ClientAddress(ip(text))));
        };
        check("192.0.2.9", &[b"198.51.100.1"], None);
        check("127.0.0.1", &[], None);
        check("127.0.0.1", &[b"198.51.100.1"], Some("198.51.100.1"));
        check(
            "127.0.0.1",
            &[b"1.2.3.4, 198.51.100.1"],
            Some("198.51.100.1"),
        );
        check(
            "127.0.0.1",
            &[b"1.2.3.4", b"198.51.100.1, 10.0.0.7"],
            Some("198.51.100.1"),
        );
        check("127.0.0.1", &[b"1.2.3.4, nonsense"], None);
        check("127.0.0.1", &[b"10.0.0.7"], None);
        // What the client wrote before its proxy did does not hide it.
        check("127.0.0.1", &[b"\xff, 198.51.100.1"], Some("198.51.100.1"));
        check("127.0.0.1", &[b"198.51.100.1:5555"], Some("198.51.100.1"));
        check("127.0.0.1", &[b"[2001:db8::1]:44"], Some("2001:db8::1"));
    }
}
