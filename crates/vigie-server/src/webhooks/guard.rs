//! Which addresses a webhook may be at: the Internet, and nothing that only this machine or its network can reach.
//!
//! In: an address that a name resolved to. Out: why it is refused, or nothing.
//! Always true: an IPv4 address inside an IPv6 one is judged as what it is.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Networks that are not the public Internet, with what they are.
const V4: &[([u8; 4], u8, &str)] = &[
    ([0, 0, 0, 0], 8, "unspecified"),
    ([10, 0, 0, 0], 8, "private"),
    ([100, 64, 0, 0], 10, "shared by a carrier"),
    ([127, 0, 0, 0], 8, "loopback"),
    ([169, 254, 0, 0], 16, "link-local"),
    ([172, 16, 0, 0], 12, "private"),
    ([192, 0, 0, 0], 24, "reserved"),
    ([192, 0, 2, 0], 24, "for documentation"),
    ([192, 88, 99, 0], 24, "a relay of 6to4"),
    ([192, 168, 0, 0], 16, "private"),
    ([198, 18, 0, 0], 15, "for benchmarks"),
    ([198, 51, 100, 0], 24, "for documentation"),
    ([203, 0, 113, 0], 24, "for documentation"),
    ([224, 0, 0, 0], 4, "multicast"),
    ([240, 0, 0, 0], 4, "reserved"),
];

/// The same of IPv6, by the first 64 bits; what is not in 2000::/3 is refused as a whole.
const V6: &[(u64, u8, &str)] = &[
    (0x2001_0000_0000_0000, 32, "a Teredo tunnel"),
    (0x2001_0002_0000_0000, 48, "for benchmarks"),
    (0x2001_0010_0000_0000, 28, "an identifier without a place"),
    (0x2001_0020_0000_0000, 28, "an identifier without a place"),
    (0x2001_0db8_0000_0000, 32, "for documentation"),
    (0x3fff_0000_0000_0000, 20, "for documentation"),
];

/// Why no request may go there; `None` when one may.
pub(super) fn refusal(address: IpAddr) -> Option<&'static str> {
    match address {
        IpAddr::V4(address) => refusal_of_v4(address),
        IpAddr::V6(address) => refusal_of_v6(address),
    }
}

fn refusal_of_v4(address: Ipv4Addr) -> Option<&'static str> {
    let bits = u32::from(address);
    V4.iter()
        .find(|(network, length, _)| {
            let mask = u32::MAX << (32 - length);
            bits & mask == u32::from(Ipv4Addr::from(*network)) & mask
        })
        .map(|(_, _, what)| *what)
}

fn refusal_of_v6(address: Ipv6Addr) -> Option<&'static str> {
    let bits = u128::from(address);
    let within = |network: u128, length: u32| bits >> (128 - length) == network >> (128 - length);
    if address.is_unspecified() {
        return Some("unspecified");
    }
    if address.is_loopback() {
        return Some("loopback");
    }
    // ::/96, ::ffff:0:0/96, ::ffff:0:0:0/96 (translated) and 64:ff9b::/96: the last 32 bits are an IPv4 address.
    let embeds = [0, 0xffff << 32, 0xffff << 48, 0x0064_ff9b << 96];
    if embeds.into_iter().any(|network| within(network, 96)) {
        let low = u32::try_from(bits & u128::from(u32::MAX)).unwrap_or(0);
        return refusal_of_v4(Ipv4Addr::from(low));
    }
    // 2002::/16 (6to4): the 32 bits behind it are.
    if within(0x2002 << 112, 16) {
        let middle = u32::try_from((bits >> 80) & u128::from(u32::MAX)).unwrap_or(0);
        return refusal_of_v4(Ipv4Addr::from(middle));
    }
    if within(0xfe80 << 112, 10) {
        return Some("link-local");
    }
    if within(0xfc00 << 112, 7) {
        return Some("unique local");
    }
    if address.is_multicast() {
        return Some("multicast");
    }
    if !within(0x2000 << 112, 3) {
        return Some("reserved");
    }
    let first = u64::try_from(bits >> 64).unwrap_or(0);
    V6.iter()
        .find(|(network, length, _)| first >> (64 - length) == network >> (64 - length))
        .map(|(_, _, what)| *what)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    #[test]
    fn only_the_public_internet_is_let_through() {
        let check = |text: &str, expected: Option<&str>| {
            let address: IpAddr = text.parse().unwrap();
            assert_eq!(refusal(address), expected, "{text}");
        };
        for public in [
            "1.1.1.1",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.0",
            "169.253.0.1",
            "169.255.0.1",
            "172.15.255.255",
            "172.32.0.0",
            "192.0.1.1",
            "192.167.255.255",
            "192.169.0.0",
            "198.17.255.255",
            "198.20.0.0",
            "223.255.255.255",
            "2606:4700:4700::1111",
            "2a00:1450::1",
            "::ffff:1.1.1.1",
            "64:ff9b::1.1.1.1",
            "2002:101:101::1",
        ] {
            check(public, None);
        }
        check("0.0.0.0", Some("unspecified"));
        check("0.1.2.3", Some("unspecified"));
        check("10.0.0.1", Some("private"));
        check("10.255.255.255", Some("private"));
        check("100.64.0.0", Some("shared by a carrier"));
        check("100.127.255.255", Some("shared by a carrier"));
        check("127.0.0.1", Some("loopback"));
        check("127.255.255.254", Some("loopback"));
        check("169.254.169.254", Some("link-local"));
        check("172.16.0.1", Some("private"));
        check("172.31.255.255", Some("private"));
        check("192.0.0.8", Some("reserved"));
        check("192.0.2.1", Some("for documentation"));
        check("192.168.0.1", Some("private"));
        check("198.18.0.1", Some("for benchmarks"));
        check("198.19.255.255", Some("for benchmarks"));
        check("198.51.100.7", Some("for documentation"));
        check("203.0.113.7", Some("for documentation"));
        check("224.0.0.1", Some("multicast"));
        check("239.255.255.255", Some("multicast"));
        check("240.0.0.1", Some("reserved"));
        check("255.255.255.255", Some("reserved"));
        check("::", Some("unspecified"));
        check("::1", Some("loopback"));
        check("::127.0.0.1", Some("loopback"));
        check("::ffff:127.0.0.1", Some("loopback"));
        check("::ffff:10.1.2.3", Some("private"));
        check("::ffff:169.254.169.254", Some("link-local"));
        check("::ffff:0:192.168.0.1", Some("private"));
        check("64:ff9b::10.0.0.1", Some("private"));
        check("64:ff9b:1::1", Some("reserved"));
        check("2002:7f00:1::1", Some("loopback"));
        check("2002:c0a8:1::1", Some("private"));
        check("fe80::1", Some("link-local"));
        check("febf::1", Some("link-local"));
        check("fec0::1", Some("reserved"));
        check("fc00::1", Some("unique local"));
        check("fdff::1", Some("unique local"));
        check("ff02::1", Some("multicast"));
        check("100::1", Some("reserved"));
        check("2001::1", Some("a Teredo tunnel"));
        check("2001:2::1", Some("for benchmarks"));
        check("2001:db8::1", Some("for documentation"));
        check("3fff::1", Some("for documentation"));
        check("4000::1", Some("reserved"));
    }
}
