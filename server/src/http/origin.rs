//! Which pages may talk to this server, and under which names it answers.
//!
//! A browser tells with `Origin` which page sends a request. A page of this server has the origin
//! that the request's own `Host` names. Since a foreign page can point its own name at a loopback
//! address (DNS rebinding) and is then of the same origin, a server on a loopback address answers only
//! for names that such a page cannot have.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use axum::extract::Request;
use axum::http::header::{HOST, ORIGIN};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderValue, Version};

use super::refusal::Refusal;
use crate::config::Config;

/// A page's origin as a browser writes it: `scheme://host[:port]` in lower case, without the port
/// that the scheme implies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin(String);

impl Origin {
    /// The origin as a browser writes it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn host(&self) -> &str {
        let authority = self.0.split_once("://").map_or("", |(_, authority)| authority);
        without_port(authority)
    }
}

impl FromStr for Origin {
    type Err = String;

    fn from_str(s: &str) -> Result<Self, String> {
        let refused =
            || format!("{s:?} is not an origin such as https://example.org or http://localhost:8081");
        let lower = s.to_ascii_lowercase();
        let (scheme, authority) = lower.split_once("://").ok_or_else(refused)?;
        let parsed: Authority = authority.parse().map_err(|_| refused())?;
        if !matches!(scheme, "http" | "https") || authority.contains('@') || parsed.host().is_empty() {
            return Err(refused());
        }
        let implied = if scheme == "http" { ":80" } else { ":443" };
        Ok(Self(format!("{scheme}://{}", authority.strip_suffix(implied).unwrap_or(authority))))
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Which hosts and origins a server answers.
#[derive(Debug, Clone)]
pub struct Access {
    origins: Vec<Origin>,
    /// The host names, in lower case, that are answered beside `localhost` and addresses; `None` for
    /// any.
    hosts: Option<Vec<String>>,
}

impl Access {
    /// The access that `config` gives on a server at `address`.
    #[must_use]
    pub fn new(address: IpAddr, config: &Config) -> Self {
        let named = !config.allow_host.is_empty();
        let hosts = (named || address.is_loopback()).then(|| {
            let allowed = config.allow_host.iter().map(|host| host.to_ascii_lowercase());
            allowed.chain(config.allow_origin.iter().map(|origin| origin.host().to_owned())).collect()
        });
        Self { origins: config.allow_origin.clone(), hosts }
    }

    /// Whether `origin` is one of the listed origins.
    #[must_use]
    pub fn is_listed(&self, origin: &HeaderValue) -> bool {
        self.origins.iter().any(|listed| listed.as_str().as_bytes() == origin.as_bytes())
    }

    /// Refuses requests of pages that may not talk to this server. A request without `Origin` is not
    /// from a browser's page and passes.
    ///
    /// Whether the client speaks `https` is part of the server's own origin where it is known.
    ///
    /// # Errors
    /// [`Refusal::OriginNotAllowed`] for any origin but the server's own and the listed ones, `null`
    /// included.
    pub fn check_origin(&self, headers: &HeaderMap, https: Option<bool>) -> Result<(), Refusal> {
        let mut origins = headers.get_all(ORIGIN).iter();
        let Some(origin) = origins.next() else { return Ok(()) };
        let is_own = || is_same_origin(origin, headers.get(HOST), https);
        if origins.next().is_none() && (self.is_listed(origin) || is_own()) {
            return Ok(());
        }
        Err(Refusal::OriginNotAllowed(String::from_utf8_lossy(origin.as_bytes()).into_owned()))
    }

    /// Refuses a request that names no host or several (RFC 9112 §3.2): what stands between it and this
    /// server might have chosen another one.
    ///
    /// # Errors
    /// [`Refusal::HeaderInvalid`].
    pub fn check_one_host(request: &Request) -> Result<(), Refusal> {
        let mut hosts = request.headers().get_all(HOST).iter();
        let refused = |detail| Err(Refusal::header(&HOST, detail));
        match (hosts.next(), hosts.next(), request.uri().authority()) {
            (_, Some(_), _) => refused("it is given twice"),
            (None, ..) if request.version() == Version::HTTP_11 => refused("it is missing"),
            (Some(host), None, Some(target))
                if !target.as_str().as_bytes().eq_ignore_ascii_case(host.as_bytes()) =>
            {
                refused("it is not the host of the request line")
            }
            _ => Ok(()),
        }
    }

    /// Refuses requests for names that this server does not go by. `localhost` and addresses always
    /// pass: no foreign page can have them. A request without `Host` is not from a browser.
    ///
    /// # Errors
    /// [`Refusal::HostNotAllowed`] for any other name that is not listed.
    pub fn check_host(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        let (Some(listed), Some(host)) = (&self.hosts, headers.get(HOST)) else { return Ok(()) };
        let host = String::from_utf8_lossy(host.as_bytes()).to_ascii_lowercase();
        let name = without_port(&host);
        if is_unmistakable(name) || listed.iter().any(|known| known == name) {
            return Ok(());
        }
        Err(Refusal::HostNotAllowed(name.to_owned()))
    }
}

/// Whether a page of `origin` was served under the host that the request is for. The scheme is left
/// open where it is not known, as a proxy before the server may have taken off the TLS.
fn is_same_origin(origin: &HeaderValue, host: Option<&HeaderValue>, https: Option<bool>) -> bool {
    let bytes = origin.as_bytes();
    let plain = bytes.strip_prefix(b"http://").filter(|_| https != Some(true));
    let secured = || bytes.strip_prefix(b"https://").filter(|_| https != Some(false));
    let authority = plain.or_else(secured);
    matches!((authority, host), (Some(authority), Some(host)) if authority.eq_ignore_ascii_case(host.as_bytes()))
}

/// `localhost`, names under it, and addresses.
fn is_unmistakable(name: &str) -> bool {
    let address = name.strip_prefix('[').and_then(|inner| inner.strip_suffix(']')).unwrap_or(name);
    name == "localhost" || name.ends_with(".localhost") || address.parse::<IpAddr>().is_ok()
}

/// The host of `host[:port]`; an IPv6 address keeps its brackets.
fn without_port(authority: &str) -> &str {
    match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) => host,
        _ => authority,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(host: &str, origin: Option<&str>) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(HOST, host.parse().expect("a header value"));
        if let Some(origin) = origin {
            headers.insert(ORIGIN, origin.parse().expect("a header value"));
        }
        headers
    }

    fn access(allow_origin: &[&str], allow_host: &[&str]) -> Access {
        let config = Config {
            allow_origin: allow_origin.iter().map(|o| o.parse().expect("an origin")).collect(),
            allow_host: allow_host.iter().map(|&h| h.to_owned()).collect(),
            ..Config::default()
        };
        Access::new(config.listen.ip(), &config)
    }

    #[test]
    fn http3_only_the_own_origin_and_listed_ones_pass() {
        let access = access(&["https://app.example", "http://localhost:8081"], &[]);
        let host = "127.0.0.1:8080";
        for origin in [
            None,
            Some("http://127.0.0.1:8080"),
            Some("https://127.0.0.1:8080"),
            Some("https://app.example"),
            Some("http://localhost:8081"),
        ] {
            assert_eq!(access.check_origin(&headers(host, origin), None), Ok(()), "{origin:?}");
        }
        for origin in [
            "null",
            "",
            "http://127.0.0.1",
            "http://127.0.0.1:80800",
            "http://127.0.0.1:8080.evil.example",
            "http://127.0.0.1:8080@evil.example",
            "http://evil.example/127.0.0.1:8080",
            "file://127.0.0.1:8080",
            "http://app.example",
            "https://app.example:8443",
            "https://app.example.evil.example",
            "https://evilapp.example",
            "http://localhost:8080",
        ] {
            let refused = access.check_origin(&headers(host, Some(origin)), None);
            assert_eq!(refused, Err(Refusal::OriginNotAllowed(origin.to_owned())), "{origin}");
        }
    }

    #[test]
    fn http3_two_origins_are_refused() {
        let mut headers = headers("127.0.0.1:8080", Some("http://127.0.0.1:8080"));
        headers.append(ORIGIN, HeaderValue::from_static("http://evil.example"));
        assert!(access(&[], &[]).check_origin(&headers, None).is_err());
    }

    #[test]
    fn http42_where_the_scheme_is_known_the_own_origin_has_it() {
        let access = access(&["http://app.example"], &[]);
        let check =
            |origin, https| access.check_origin(&headers("world.example", Some(origin)), https).is_ok();
        for (origin, over_http, over_https, unknown) in [
            ("http://world.example", true, false, true),
            ("https://world.example", false, true, true),
            ("http://app.example", true, true, true),
            ("https://app.example", false, false, false),
        ] {
            let found = [Some(false), Some(true), None].map(|https| check(origin, https));
            assert_eq!(found, [over_http, over_https, unknown], "{origin}");
        }
    }

    #[test]
    fn http4_a_loopback_server_answers_only_for_names_that_no_foreign_page_has() {
        let access = access(&["https://app.example"], &["world.example"]);
        for host in [
            "localhost",
            "LOCALHOST:8080",
            "vws.localhost",
            "127.0.0.1:8080",
            "[::1]:8080",
            "192.168.1.5",
            "app.example",
            "World.example:443",
        ] {
            assert_eq!(access.check_host(&headers(host, None)), Ok(()), "{host}");
        }
        for host in
            ["evil.example", "evil.example:8080", "localhost.evil.example", "127.0.0.1.evil.example", ""]
        {
            assert!(access.check_host(&headers(host, None)).is_err(), "{host}");
        }
    }

    #[test]
    fn http4_a_public_server_without_a_list_answers_for_any_name() {
        let any = Access::new(IpAddr::from([0, 0, 0, 0]), &Config::default());
        assert_eq!(any.check_host(&headers("world.example", None)), Ok(()));
    }

    #[test]
    fn origins_are_read_as_browsers_write_them() {
        assert_eq!("HTTPS://App.Example:443".parse(), Ok(Origin("https://app.example".to_owned())));
        assert_eq!("http://[::1]:8080".parse(), Ok(Origin("http://[::1]:8080".to_owned())));
        for text in
            ["", "*", "null", "example.org", "ftp://example.org", "https://", "https://a/b", "https://u@a"]
        {
            assert!(text.parse::<Origin>().is_err(), "{text}");
        }
    }
}
