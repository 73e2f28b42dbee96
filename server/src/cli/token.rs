//! `vws token`: tokens made, looked at and taken back.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;
use vws_core::model::{Role, Subject};
use vws_core::{DisplayName, Millis, SessionId};
use vws_server::auth::{Claims, KeyError, Keys, MAX_TOKEN_BYTES, TokenId};
use vws_server::units::{Span, rfc3339};

use super::failure::{Done, Failure};
use super::{Common, EXIT_CODES, Form, print};

/// What is done with tokens.
#[derive(Debug, Subcommand)]
pub(crate) enum TokenCommand {
    Create(Create),
    Inspect(Inspect),
    Revoke(Revoke),
}

/// Sign a token with the server's secret, and print it.
///
/// It needs no server. Who holds it may do what its role allows, until it ends or is revoked.
#[derive(Debug, Args)]
#[command(after_help = EXIT_CODES)]
pub(crate) struct Create {
    /// Who it is of, as their events tell: 1 to 128 bytes.
    subject: String,
    /// What its holder may do: view, edit, own or admin.
    #[arg(long)]
    role: Role,
    /// The session that it is for, or * for all.
    #[arg(long, value_name = "SESSION")]
    session: For,
    /// How long it holds, such as 90m or 24h.
    #[arg(long, value_name = "TIME", default_value = "1h")]
    expires_in: Span,
    /// What its holder is called by others; left out, they say so themselves.
    #[arg(long)]
    name: Option<String>,
    /// The file with the secret that the server has.
    #[arg(long, env = "VWS_AUTH_SECRET_FILE", value_name = "FILE")]
    secret_file: PathBuf,
    #[command(flatten)]
    pub(crate) form: Form,
}

/// Tell what is in a token, without a server.
///
/// With a key its signature and times are checked, and one that does not hold ends with exit code 1.
#[derive(Debug, Args)]
#[command(after_help = EXIT_CODES)]
pub(crate) struct Inspect {
    /// The file with the token; - or nothing for stdin.
    #[arg(default_value = "-")]
    file: PathBuf,
    /// Check it by the secret in this file.
    #[arg(long, env = "VWS_AUTH_SECRET_FILE", value_name = "FILE")]
    secret_file: Option<PathBuf>,
    /// Check it by the public key in this file.
    #[arg(long, env = "VWS_AUTH_PUBLIC_KEY", value_name = "FILE")]
    public_key: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) form: Form,
}

/// Take a token back: it does not hold any more, and its connections end at once.
///
/// It takes a token of the role admin for all sessions.
#[derive(Debug, Args)]
#[command(after_help = EXIT_CODES)]
pub(crate) struct Revoke {
    /// The id of the token, as `vws token inspect` tells it.
    #[arg(required_unless_present = "file", conflicts_with = "file")]
    token_id: Option<TokenId>,
    /// The file with the token itself; - for stdin.
    #[arg(long)]
    file: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) common: Common,
}

/// The sessions that a token is for.
#[derive(Debug, Clone, PartialEq, Eq)]
struct For(String);

impl std::str::FromStr for For {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text != "*" {
            text.parse::<SessionId>().map_err(|error| format!("{error}; * stands for all sessions"))?;
        }
        Ok(Self(text.to_owned()))
    }
}

impl From<KeyError> for Failure {
    fn from(error: KeyError) -> Self {
        Self::File(error.to_string())
    }
}

/// A token from a file, or from stdin.
pub(crate) fn read(path: &Path) -> Done<String> {
    let tried = || format!("read a token of {}", path.display());
    let mut text = String::new();
    // As much as a token may have, white space around it, and what shows that it has more.
    let most = MAX_TOKEN_BYTES as u64 + 64;
    let read = if path == Path::new("-") {
        io::stdin().take(most).read_to_string(&mut text)
    } else {
        File::open(path).and_then(|file| file.take(most).read_to_string(&mut text))
    };
    read.map_err(|error| Failure::file(tried(), &error))?;
    let token = text.trim();
    if token.is_empty() || token.len() > MAX_TOKEN_BYTES || !token.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(Failure::File(format!("cannot {}: it has none", tried())));
    }
    Ok(token.to_owned())
}

/// The moment of a claim.
fn moment(seconds: f64) -> String {
    rfc3339((seconds.max(0.0) * 1_000.0) as Millis)
}

impl TokenCommand {
    pub(crate) async fn run(self) -> Done {
        match self {
            Self::Create(create) => create.run(),
            Self::Inspect(inspect) => inspect.run(),
            Self::Revoke(revoke) => revoke.run().await,
        }
    }

    pub(crate) const fn form(&self) -> Form {
        match self {
            Self::Create(create) => create.form,
            Self::Inspect(inspect) => inspect.form,
            Self::Revoke(revoke) => revoke.common.form,
        }
    }
}

impl Create {
    fn run(self) -> Done {
        let keys = Keys::load(Some(&self.secret_file), None)?;
        let subject = Subject::new(&self.subject).map_err(|why| Failure::Usage(format!("SUBJECT: {why}")))?;
        let name = self.name.as_deref().map(|name| DisplayName::new("name", name)).transpose();
        let name = name.map_err(|error| Failure::Usage(error.to_string()))?;
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        let claims = Claims {
            sub: subject.as_str().to_owned(),
            name: name.map(|name| name.as_str().to_owned()),
            session: self.session.0,
            role: self.role.name().to_owned(),
            exp: (now + self.expires_in.get()).as_millis() as f64 / 1_000.0,
            nbf: None,
            iat: Some(now.as_secs() as f64),
            jti: Uuid::now_v7().to_string(),
        };
        // What the server would not take is not made.
        let fault = |fault: vws_server::auth::TokenFault| Failure::Usage(fault.to_string());
        let token = keys.sign(&claims).ok_or_else(|| Failure::Failed("it cannot be signed".to_owned()))?;
        keys.verify(&token, now.as_millis() as Millis).map_err(fault)?;
        if self.form.json {
            return print::json(&json!({
                "token": token, "token_id": claims.jti, "subject": claims.sub, "name": claims.name,
                "role": claims.role, "session": claims.session, "expires_at": (claims.exp * 1_000.0) as Millis,
            }));
        }
        print::line(&token)
    }
}

impl Inspect {
    fn run(self) -> Done {
        let token = read(&self.file)?;
        let claims = Keys::unverified(&token).map_err(|fault| Failure::Failed(fault.to_string()))?;
        let checks = self.secret_file.is_some() || self.public_key.is_some();
        let keys = Keys::load(self.secret_file.as_deref(), self.public_key.as_deref())?;
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        let fault = checks.then(|| keys.verify(&token, now.as_millis() as Millis).err()).flatten();
        if self.form.json {
            print::json(&json!({
                "subject": claims.sub, "name": claims.name, "role": claims.role, "session": claims.session,
                "token_id": claims.jti, "expires_at": (claims.exp * 1_000.0) as Millis,
                "not_before": claims.nbf.map(|nbf| (nbf * 1_000.0) as Millis),
                "holds": checks.then_some(fault.is_none()),
                "fault": fault.as_ref().map(ToString::to_string),
            }))?;
        } else {
            let verdict = match (&fault, checks) {
                (_, false) => "not checked: no key was given".to_owned(),
                (None, true) => "yes, unless it was revoked".to_owned(),
                (Some(fault), true) => format!("no: {fault}"),
            };
            for (what, value) in [
                ("subject", Some(claims.sub.clone())),
                ("name", claims.name.clone()),
                ("role", Some(claims.role.clone())),
                ("session", Some(claims.session.clone())),
                ("begins", claims.nbf.map(moment)),
                ("ends", Some(moment(claims.exp))),
                ("id", Some(claims.jti.clone())),
                ("holds", Some(verdict)),
            ] {
                if let Some(value) = value {
                    print::line(&super::clean(&format!("{what:<9}{value}")))?;
                }
            }
        }
        if fault.is_some() { Err(Failure::Told) } else { Ok(()) }
    }
}

/// A revocation as the server tells it.
#[derive(Debug, Deserialize)]
struct Revoked {
    token_id: String,
    until: Millis,
}

impl Revoke {
    async fn run(self) -> Done {
        let mut wish = json!({});
        match (&self.file, &self.token_id) {
            (Some(file), _) => {
                let claims = Keys::unverified(&read(file)?);
                let claims = claims.map_err(|fault| Failure::Failed(fault.to_string()))?;
                wish["token_id"] = claims.jti.into();
                wish["until"] = ((claims.exp.max(0.0) * 1_000.0).ceil() as Millis).into();
            }
            (None, Some(id)) => wish["token_id"] = id.as_str().into(),
            (None, None) => return Err(Failure::Usage("neither an id nor a file is given".to_owned())),
        }
        let revoked: Revoked = self.common.remote()?.post("/api/tokens/revoked", &wish).await?;
        if self.common.form.json {
            return print::json(&json!({ "token_id": revoked.token_id, "until": revoked.until }));
        }
        print::line(&super::clean(&format!("revoked {}", revoked.token_id)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn auth13_a_token_is_for_one_session_or_all() {
        assert_eq!("*".parse(), Ok(For("*".to_owned())));
        let id = "01890a5d-ac96-774b-bcce-b302099a8057";
        assert_eq!(id.parse(), Ok(For(id.to_owned())));
        for wrong in ["", "all", "**", "01890A5D-AC96-774B-BCCE-B302099A8057"] {
            assert!(wrong.parse::<For>().is_err(), "{wrong}");
        }
    }
}
