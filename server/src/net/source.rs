//! Whom a connection and a request come from.
//!
//! A proxy says in `X-Forwarded-For` whom it passes on, and so may anybody: what a client itself says comes first in
//! that list, and each proxy adds to its end whom it has heard it from. So the list is read from its end, and only as
//! far as proxies that are believed have written it. `Forwarded` (RFC 7239) is not read: where a proxy writes
//! one of the two it passes the other one on as the client wrote it.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

use hyper::HeaderMap;
use hyper::header::HeaderName;
use ipnet::IpNet;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// A network of addresses, or one address: `10.0.0.0/8`, `fd00::/8`, `127.0.0.1`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network(IpNet);

impl FromStr for Network {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let network = text.parse::<IpNet>().or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
        network
            .map(|network| Self(network.trunc()))
            .map_err(|_| format!("{text:?} is no network such as 10.0.0.0/8, fd00::/8 or 127.0.0.1"))
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Where a request comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Source {
    /// Whose it is.
    pub(crate) address: IpAddr,
    /// Whether its client speaks HTTPS; `None` where a proxy that nobody knows of may stand between.
    pub(crate) https: Option<bool>,
    /// Whether a proxy has passed it on, so that its connection is not the client's own.
    pub(crate) forwarded: bool,
}

impl Source {
    /// Of a request that has come over no connection.
    pub(crate) const NOWHERE: Self =
        Self { address: IpAddr::V4(Ipv4Addr::UNSPECIFIED), https: None, forwarded: false };
}

/// The proxies that are believed.
#[derive(Debug, Clone, Default)]
pub(crate) struct Proxies(Vec<Network>);

impl Proxies {
    pub(crate) const fn new(networks: Vec<Network>) -> Self {
        Self(networks)
    }

    /// Whether what comes from there is believed when it says whom it passes on.
    pub(crate) fn are_at(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.0.contains(&address))
    }

    /// Where a request comes from that has come over a connection of `peer`, which is `secured` or not.
    pub(crate) fn source(&self, peer: IpAddr, secured: bool, headers: &HeaderMap) -> Source {
        let peer = peer.to_canonical();
        let https = secured.then_some(true);
        if !self.are_at(peer) {
            return Source { address: peer, https, forwarded: false };
        }
        let address = self.client(peer, headers);
        let https = last(headers, &X_FORWARDED_PROTO).map_or(https, |scheme| match scheme {
            "https" => Some(true),
            "http" => Some(false),
            _ => None,
        });
        Source { address, https, forwarded: address != peer }
    }

    /// The nearest address that is no believed proxy's. What cannot be read, and what is before it, was written by
    /// nobody who is believed to write addresses: then it is whoever passed it on.
    fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut nearest = peer;
        for list in headers.get_all(X_FORWARDED_FOR).iter().rev() {
            for entry in list.as_bytes().rsplit(|byte| *byte == b',') {
                let Some(address) = std::str::from_utf8(entry).ok().and_then(address) else { return nearest };
                nearest = address;
                if !self.are_at(address) {
                    return nearest;
                }
            }
        }
        nearest
    }
}

/// What the nearest proxy says in a header, which is a list or has several lines.
fn last<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let text = headers.get_all(name).iter().next_back()?.to_str().ok()?;
    text.rsplit(',').next().map(str::trim)
}

/// An address as proxies write them: bare, in brackets, with a port.
fn address(entry: &str) -> Option<IpAddr> {
    let entry = entry.trim_matches([' ', '\t']);
    let bracketed = || entry.strip_prefix('[')?.strip_suffix(']')?.parse::<Ipv6Addr>().ok().map(IpAddr::V6);
    let bare = entry.parse::<IpAddr>().ok();
    let with_port = || entry.parse::<SocketAddr>().ok().map(|address| address.ip());
    bare.or_else(with_port).or_else(bracketed).map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::header::HeaderValue;

    fn proxies(networks: &[&str]) -> Proxies {
        Proxies::new(networks.iter().map(|network| network.parse().expect("a network")).collect())
    }

    fn headers(name: HeaderName, lines: &[&[u8]]) -> HeaderMap {
        let line = |line: &&[u8]| (name.clone(), HeaderValue::from_bytes(line).expect("a header value"));
        lines.iter().map(line).fold(HeaderMap::new(), |mut all, (name, value)| {
            all.append(name, value);
            all
        })
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn http40_the_client_is_the_nearest_address_that_is_no_believed_proxy_s() {
        let proxies = proxies(&["10.0.0.0/8", "fd00::/8"]);
        for (lines, client) in [
            (&[][..], "10.0.0.1"),
            (&[&b"192.0.2.7"[..]], "192.0.2.7"),
            // What a client says of itself is before what proxies say of it.
            (&[b"1.1.1.1, 192.0.2.7"], "192.0.2.7"),
            (&[b"1.1.1.1", b"192.0.2.7"], "192.0.2.7"),
            (&[b"1.1.1.1,192.0.2.7 ,\t10.1.2.3 , fd00::7"], "192.0.2.7"),
            (&[b"192.0.2.7, 10.1.2.3", b"10.9.9.9"], "192.0.2.7"),
            (&[b"10.7.7.7, 10.1.2.3"], "10.7.7.7"),
            (&[b"192.0.2.7:4711"], "192.0.2.7"),
            (&[b"2001:db8::7"], "2001:db8::7"),
            (&[b"[2001:db8::7]"], "2001:db8::7"),
            (&[b"[2001:db8::7]:4711"], "2001:db8::7"),
            (&[b"::ffff:192.0.2.7"], "192.0.2.7"),
            (&[b"192.0.2.7, ::ffff:10.1.2.3"], "192.0.2.7"),
        ] {
            let source = proxies.source(ip("10.0.0.1"), false, &headers(X_FORWARDED_FOR, lines));
            assert_eq!(source.address, ip(client), "{lines:?}");
            assert_eq!(source.forwarded, !lines.is_empty(), "{lines:?}");
        }
    }

    #[test]
    fn http40_nobody_else_is_believed() {
        let told = headers(X_FORWARDED_FOR, &[b"192.0.2.7"]);
        for (networks, peer) in [
            (&[][..], "127.0.0.1"),
            (&["10.0.0.0/8"], "11.0.0.1"),
            (&["10.0.0.1"], "10.0.0.2"),
            (&["fd00::/8"], "fe80::1"),
            (&["127.0.0.1"], "::1"),
        ] {
            let source = proxies(networks).source(ip(peer), false, &told);
            assert_eq!(source, Source { address: ip(peer), https: None, forwarded: false });
        }
        let mapped = proxies(&["127.0.0.0/8"]).source(ip("::ffff:127.0.0.1"), false, &told);
        assert_eq!(mapped.address, ip("192.0.2.7"), "an address of IPv4 is one however it is written");
    }

    #[test]
    fn http41_what_cannot_be_read_leaves_whoever_passed_it_on() {
        let proxies = proxies(&["10.0.0.0/8"]);
        for garbage in [
            &b""[..],
            b" ",
            b"unknown",
            b"_hidden",
            b"192.0.2.7.8",
            b"192.0.2",
            b"192.0.2.7:",
            b"192.0.2.7:99999",
            b"192.0.2.7 10.0.0.1",
            b"[2001:db8::7",
            b"2001:db8::7]",
            b"[192.0.2.7]",
            b"fe80::1%eth0",
            b"for=192.0.2.7",
            b"\"192.0.2.7\"",
            b"\xff\xfe",
        ] {
            let source = |lines: &[&[u8]]| {
                proxies.source(ip("10.0.0.1"), false, &headers(X_FORWARDED_FOR, lines)).address
            };
            assert_eq!(source(&[garbage]), ip("10.0.0.1"), "{garbage:?}");
            assert_eq!(source(&[&[b"192.0.2.7,", garbage].concat()]), ip("10.0.0.1"), "{garbage:?}");
            let behind = [garbage, b", 10.1.2.3"].concat();
            assert_eq!(source(&[&behind]), ip("10.1.2.3"), "{garbage:?}");
            // What is before the client means nothing.
            assert_eq!(source(&[&[garbage, b", 192.0.2.9"].concat()]), ip("192.0.2.9"), "{garbage:?}");
        }
    }

    #[test]
    fn http42_the_scheme_is_the_server_s_own_or_what_a_believed_proxy_says() {
        let proxies = proxies(&["10.0.0.1"]);
        let https = |peer: &str, secured, lines: &[&[u8]]| {
            proxies.source(ip(peer), secured, &headers(X_FORWARDED_PROTO, lines)).https
        };
        assert_eq!(https("192.0.2.7", true, &[b"http"]), Some(true));
        assert_eq!(https("192.0.2.7", false, &[b"https"]), None, "anybody may say so");
        assert_eq!(https("10.0.0.1", false, &[b"https"]), Some(true));
        assert_eq!(https("10.0.0.1", true, &[b"http"]), Some(false));
        assert_eq!(https("10.0.0.1", false, &[b"http, https"]), Some(true), "the nearest says");
        assert_eq!(https("10.0.0.1", false, &[b"https", b"http"]), Some(false));
        assert_eq!(https("10.0.0.1", false, &[b"gopher"]), None);
        assert_eq!(https("10.0.0.1", false, &[]), None);
    }

    #[test]
    fn http40_networks_are_read_as_they_are_written_everywhere() {
        for (text, told) in [
            ("10.1.2.3/8", "10.0.0.0/8"),
            ("127.0.0.1", "127.0.0.1/32"),
            ("::1", "::1/128"),
            ("fd00::/8", "fd00::/8"),
        ] {
            assert_eq!(text.parse::<Network>().map(|network| network.to_string()).as_deref(), Ok(told));
        }
        for text in ["", "*", "10.0.0.0/33", "10.0.0", "localhost", "10.0.0.0/8,", "::/129"] {
            assert!(text.parse::<Network>().is_err(), "{text}");
        }
    }
}
