//! How NATS is reached, and whose part of it is this server's.

use std::convert::Infallible;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use async_nats::ServerAddr;
use percent_encoding::percent_decode_str;

/// How NATS is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// One server or several of one cluster, of which any will do.
    pub servers: Vec<ServerUrl>,
    /// What the names of all that is kept there begin with.
    pub prefix: Prefix,
    /// Servers that keep each message, where this server is the one that sets the streams up.
    pub replicas: usize,
    /// A file with a user's token and key, as `nsc` writes them.
    pub credentials: Option<PathBuf>,
    /// A file with the authorities (PEM) that have signed the servers' certificates; those of the system otherwise.
    pub authorities: Option<PathBuf>,
}

impl Options {
    /// Of one server, with all else as it is where nothing is said.
    #[must_use]
    pub fn of(server: &str) -> Self {
        Self {
            servers: vec![ServerUrl(server.to_owned())],
            prefix: Prefix::default(),
            replicas: 1,
            credentials: None,
            authorities: None,
        }
    }
}

/// Where a NATS server is: `nats://host:port` or `tls://host:port`, with `user:password@` where it asks for that. What is
/// shown of it leaves them out.
#[derive(Clone, PartialEq, Eq)]
pub struct ServerUrl(String);

impl ServerUrl {
    /// The same as the client takes it.
    ///
    /// # Errors
    /// What is wrong with it, without a word of it.
    pub fn address(&self) -> Result<ServerAddr, String> {
        let address: ServerAddr = self.0.parse().map_err(|error: std::io::Error| error.to_string())?;
        match address.scheme() {
            "nats" | "tls" if address.host().is_empty() => Err("it names no host".to_owned()),
            "nats" | "tls" => Ok(address),
            _ => Err("expected nats://HOST[:PORT] or tls://HOST[:PORT]".to_owned()),
        }
    }
}

/// What a server is shown to let somebody in.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Login {
    /// A user and a password.
    User(String, String),
    /// A word that many may know.
    Token(String),
}

/// The login of an address: `user:password@`, or `token@`.
pub(super) fn login(address: &ServerAddr) -> Option<Login> {
    let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    let name = address.username().map(decoded)?;
    Some(match address.password().map(decoded) {
        Some(password) => Login::User(name, password),
        None => Login::Token(name),
    })
}

/// Any text: what is wrong with it is told by [`address`](ServerUrl::address), which does not repeat a password.
impl FromStr for ServerUrl {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for ServerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (scheme, rest) = self.0.split_once("://").unwrap_or(("nats", &self.0));
        let host = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
        write!(f, "{scheme}://{host}")
    }
}

impl fmt::Debug for ServerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What the names of streams, buckets and subjects begin with: 1 to 32 of the letters a to z and A to Z, digits, `_` and `-`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prefix(String);

impl Prefix {
    const MAX: usize = 32;

    /// As it is written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for Prefix {
    fn default() -> Self {
        Self("vws".to_owned())
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Prefix {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let is_name = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
        if is_name && (1..=Self::MAX).contains(&text.len()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(format!("expected 1 to {} letters, digits, _ or -", Self::MAX))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clu9_no_password_is_shown() {
        for (text, shown) in [
            ("nats://ada:s3cret@a.example:4222", "nats://a.example:4222"),
            ("tls://ada:s3c@ret@a.example", "tls://a.example"),
            ("ada:s3cret@a.example", "nats://a.example"),
            ("http://ada:s3cret@a.example", "http://a.example"),
            ("127.0.0.1:4222", "nats://127.0.0.1:4222"),
        ] {
            let url: ServerUrl = text.parse().expect("any text is one");
            assert_eq!(url.to_string(), shown);
            assert_eq!(format!("{url:?}"), shown);
            if let Err(wrong) = url.address() {
                assert!(!wrong.contains("s3c"), "{wrong}");
            }
        }
    }

    #[test]
    fn clu9_an_address_may_say_who_one_is() {
        let login_of = |text: &str| login(&text.parse().expect("is an address"));
        assert!(login_of("nats://a.example").is_none());
        let user = |name: &str, password: &str| Login::User(name.to_owned(), password.to_owned());
        assert!(login_of("nats://ada:s3c%40ret@a.example") == Some(user("ada", "s3c@ret")));
        assert!(login_of("tls://s3cret@a.example") == Some(Login::Token("s3cret".to_owned())));
    }

    #[test]
    fn clu9_an_address_names_a_host_and_a_way_to_it() {
        for text in ["127.0.0.1", "nats://[::1]:4222", "tls://a.example", "nats://ada:s3cret@a.example:4222"]
        {
            let url: ServerUrl = text.parse().expect("any text is one");
            assert!(url.address().is_ok(), "{text}");
        }
        for text in ["http://a.example", "ws://a.example", "nats://", "nats://a.example:port", ""] {
            let url: ServerUrl = text.parse().expect("any text is one");
            assert!(url.address().is_err(), "{text}");
        }
    }

    #[test]
    fn clu9_a_prefix_is_a_name_that_subjects_can_have() {
        for text in ["vws", "a", "World_1-b", &"x".repeat(32)] {
            assert_eq!(text.parse::<Prefix>().map(|prefix| prefix.to_string()).as_deref(), Ok(text));
        }
        for text in ["", "a.b", "a b", "*", ">", "ä", &"x".repeat(33)] {
            assert!(text.parse::<Prefix>().is_err(), "{text}");
        }
    }
}
