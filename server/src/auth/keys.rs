//! The keys that tokens are signed and checked with.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use jsonwebtoken::dangerous::insecure_decode_claims;
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, decode_header, encode};
use thiserror::Error;
use vws_core::Millis;

use super::grant::Grant;
use super::token::{Claims, MAX_TOKEN_BYTES, TokenFault};

/// The shortest secret: as many bytes as the hash has (RFC 7518, section 3.2).
const SECRET_BYTES: usize = 32;
/// The largest file with a key.
const KEY_FILE_BYTES: u64 = 64 * 1024;

/// What tokens are signed and checked with. Neither is ever shown.
#[derive(Default)]
pub struct Keys {
    /// HS256: who has it makes tokens and checks them.
    secret: Option<(EncodingKey, DecodingKey)>,
    /// EdDSA: checks what others have signed.
    public: Option<DecodingKey>,
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keys")
            .field("secret", &self.secret.is_some())
            .field("public", &self.public.is_some())
            .finish()
    }
}

/// A key that cannot be used. What is in the file is not told.
#[derive(Debug, Error)]
pub enum KeyError {
    /// The file cannot be read.
    #[error("{path}: {error}")]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// The secret is too short.
    #[error(
        "{path} has a secret of {length} bytes; it takes {SECRET_BYTES} or more, as `openssl rand -hex 32` makes them"
    )]
    SecretTooShort {
        /// Which file.
        path: PathBuf,
        /// How long it is.
        length: usize,
    },
    /// It is no public key.
    #[error("{path} is no Ed25519 public key in PEM, as `openssl pkey -pubout` writes it")]
    NoPublicKey {
        /// Which file.
        path: PathBuf,
    },
    /// The file is no key.
    #[error("{path} has {length} bytes, more than the {KEY_FILE_BYTES} that a key may have")]
    TooLarge {
        /// Which file.
        path: PathBuf,
        /// How long it is.
        length: u64,
    },
}

/// The content of a file with a key.
fn read(path: &Path) -> Result<Vec<u8>, KeyError> {
    let failed = |error| KeyError::Io { path: path.to_owned(), error };
    let length = fs::metadata(path).map_err(failed)?.len();
    if length > KEY_FILE_BYTES {
        return Err(KeyError::TooLarge { path: path.to_owned(), length });
    }
    fs::read(path).map_err(failed)
}

impl Keys {
    /// The keys in these files: a secret (its bytes, without white space around them) and a public key in PEM.
    ///
    /// # Errors
    /// [`KeyError`] with the file that is wrong.
    pub fn load(secret: Option<&Path>, public: Option<&Path>) -> Result<Self, KeyError> {
        let mut keys = Self::default();
        if let Some(path) = secret {
            let content = read(path)?;
            let bytes = content.trim_ascii();
            keys = keys
                .with_secret(bytes)
                .ok_or_else(|| KeyError::SecretTooShort { path: path.to_owned(), length: bytes.len() })?;
        }
        if let Some(path) = public {
            let key = DecodingKey::from_ed_pem(&read(path)?);
            keys.public = Some(key.map_err(|_| KeyError::NoPublicKey { path: path.to_owned() })?);
        }
        Ok(keys)
    }

    /// The same with this secret; `None` where it is too short.
    #[must_use]
    pub fn with_secret(self, secret: &[u8]) -> Option<Self> {
        if secret.len() < SECRET_BYTES {
            return None;
        }
        let keys = (EncodingKey::from_secret(secret).ok()?, DecodingKey::from_secret(secret).ok()?);
        Some(Self { secret: Some(keys), ..self })
    }

    /// Whether there is a key: a server without one knows no tokens.
    #[must_use]
    pub const fn are_there(&self) -> bool {
        self.secret.is_some() || self.public.is_some()
    }

    /// Whether tokens can be made here.
    #[must_use]
    pub const fn can_sign(&self) -> bool {
        self.secret.is_some()
    }

    /// A token with these claims; `None` where there is no secret.
    #[must_use]
    pub fn sign(&self, claims: &Claims) -> Option<String> {
        let (key, _) = self.secret.as_ref()?;
        encode(&Header::new(Algorithm::HS256), claims, key).ok()
    }

    /// The ways of signing that are taken here.
    const fn taken(&self) -> &'static str {
        match (&self.secret, &self.public) {
            (Some(_), Some(_)) => "HS256 and EdDSA",
            (Some(_), None) => "HS256",
            (None, Some(_)) => "EdDSA",
            (None, None) => "no tokens",
        }
    }

    /// What the holder of `token` may do at `now`. The signature comes first: nothing of what is not signed is read.
    ///
    /// # Errors
    /// [`TokenFault`].
    pub fn verify(&self, token: &str, now: Millis) -> Result<Grant, TokenFault> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(TokenFault::Malformed);
        }
        // `none` is none of the algorithms that the crate knows.
        let found = decode_header(token).map_err(|_| TokenFault::Malformed)?;
        // The key says how it is used, never the token: a public key is no secret for HS256.
        let key = match (found.alg, &self.secret, &self.public) {
            (Algorithm::HS256, Some((_, key)), _) | (Algorithm::EdDSA, _, Some(key)) => key,
            (other, ..) => return Err(self.foreign(&format!("{other:?}"))),
        };
        let mut validation = Validation::new(found.alg);
        // Times are judged with the others, by the clock of this call; who it is for is in the claims of our own.
        validation.required_spec_claims.clear();
        validation.validate_exp = false;
        validation.validate_nbf = false;
        validation.validate_aud = false;
        let decoded = decode::<Claims>(token, key, &validation).map_err(|error| fault_of(&error))?;
        decoded.claims.granted(now)
    }

    /// What a token says, whoever has signed it: for people to look at, and never a reason to do anything.
    ///
    /// # Errors
    /// [`TokenFault::Malformed`] and [`TokenFault::Claim`].
    pub fn unverified(token: &str) -> Result<Claims, TokenFault> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(TokenFault::Malformed);
        }
        insecure_decode_claims(token).map_err(|error| fault_of(&error))
    }

    fn foreign(&self, found: &str) -> TokenFault {
        TokenFault::Algorithm { found: found.to_owned(), taken: self.taken() }
    }
}

fn fault_of(error: &jsonwebtoken::errors::Error) -> TokenFault {
    match error.kind() {
        ErrorKind::InvalidSignature => TokenFault::Signature,
        ErrorKind::Json(error) => {
            TokenFault::Claim { claim: "claims", detail: without_values(&error.to_string()) }
        }
        _ => TokenFault::Malformed,
    }
}

/// What serde says, without the text that it found.
fn without_values(message: &str) -> String {
    let quoted = message.find('"').map_or(message, |at| &message[..at]);
    quoted.chars().filter(|c| !c.is_control()).take(120).collect::<String>().trim_end().to_owned()
}
