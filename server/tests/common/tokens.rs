//! Tokens as an issuer makes them, good and bad, without the server's own code.

use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};
use tempfile::TempDir;

pub(crate) const SECRET: &str = "0123456789abcdef0123456789abcdef";
/// The roles, the least first.
pub(crate) const ROLES: [&str; 4] = ["view", "edit", "own", "admin"];

/// A file with the secret, which is there as long as the folder is.
pub(crate) fn secret_file() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("secret");
    std::fs::write(&path, SECRET).expect("is written");
    (folder, path)
}

/// Seconds since the Unix epoch.
pub(crate) fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("is after it").as_secs_f64()
}

/// The claims of a token of Ada's that holds for an hour.
pub(crate) fn claims(role: &str, session: &str) -> Value {
    json!({
        "sub": "ada@example.org", "session": session, "role": role, "exp": now() + 3_600.0,
        "jti": format!("{role}-1"),
    })
}

pub(crate) fn signed(claims: &Value) -> String {
    signed_by(Algorithm::HS256, SECRET, claims)
}

pub(crate) fn signed_by(algorithm: Algorithm, secret: &str, claims: &Value) -> String {
    let key = EncodingKey::from_secret(secret.as_bytes()).expect("is a key");
    encode(&Header::new(algorithm), claims, &key).expect("is signed")
}

/// A token that holds.
pub(crate) fn token(role: &str, session: &str) -> String {
    signed(&claims(role, session))
}

/// The id of the token that a server is to have revoked before it is shown one of [`bad`].
pub(crate) const REVOKED: &str = "revoked-1";

/// Tokens for everything that do not hold, by what is wrong with them, with the code of the refusal.
pub(crate) fn bad() -> Vec<(&'static str, String, &'static str)> {
    let with = |changes: &[(&str, Value)]| {
        let mut claims = claims("admin", "*");
        for (claim, value) in changes {
            claims[claim] = value.clone();
        }
        claims
    };
    let good = token("admin", "*");
    let (head, signature) = good.rsplit_once('.').expect("has three parts");
    let (first, _) = head.split_once('.').expect("has three parts");
    let other = token("view", "*");
    let viewers = other.split('.').nth(1).expect("has three parts");
    // {"alg":"none","typ":"JWT"}
    let none = format!("eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.{}.", &head[first.len() + 1..]);
    vec![
        ("expired", signed(&with(&[("exp", json!(now() - 1.0))])), "token_expired"),
        ("not yet valid", signed(&with(&[("nbf", json!(now() + 600.0))])), "token_not_yet_valid"),
        ("of another algorithm", signed_by(Algorithm::HS512, SECRET, &with(&[])), "token_invalid"),
        ("of no algorithm", none, "token_invalid"),
        ("tampered with", format!("{first}.{viewers}.{signature}"), "token_invalid"),
        ("of another secret", signed_by(Algorithm::HS256, &"x".repeat(32), &with(&[])), "token_invalid"),
        ("revoked", signed(&with(&[("jti", json!(REVOKED))])), "token_revoked"),
        ("no token", "not-a-token".to_owned(), "token_invalid"),
    ]
}
