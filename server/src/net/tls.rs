//! TLS: the certificate in use, how it is exchanged for a new one, and the handshake.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::RwLock;
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs::{Ticketer, default_provider};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem};
use thiserror::Error;
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

use super::stream::{Counted, SECURED_BUFFER, Stream};

/// What is spoken inside. A client that offers other protocols only is refused in the handshake.
const PROTOCOL: &[u8] = b"http/1.1";

/// The files that a server's certificate is read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// The certificate and those that lead to its authority, in PEM.
    pub certificate: PathBuf,
    /// Its private key, in PEM.
    pub key: PathBuf,
}

/// Why a certificate cannot be used.
#[derive(Debug, Error)]
pub enum TlsError {
    /// A file cannot be read.
    #[error("cannot read {}: {error}", path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why not.
        error: io::Error,
    },
    /// A file is no PEM, or not what it must be.
    #[error("{} holds no {wanted} in PEM{detail}", path.display())]
    Wanting {
        /// Which.
        path: PathBuf,
        /// What it must hold.
        wanted: &'static str,
        /// What is wrong with what it holds.
        detail: String,
    },
    /// The two files do not belong together.
    #[error("the key in {} is not the key of the certificate in {}", .0.key.display(), .0.certificate.display())]
    Mismatch(TlsFiles),
    /// The certificate or the key is of a kind that cannot be used.
    #[error("cannot use the certificate in {} with the key in {}: {error}", files.certificate.display(), files.key.display())]
    Unusable {
        /// The files.
        files: TlsFiles,
        /// Why not.
        error: rustls::Error,
    },
}

/// The certificate that new connections are shown.
#[derive(Debug)]
pub struct Tls {
    files: TlsFiles,
    /// Held to copy or exchange a reference. Connections keep the one that they began with.
    current: RwLock<Arc<ServerConfig>>,
}

/// Why a connection is not secured.
#[derive(Debug)]
pub(super) enum Insecure {
    /// Its client speaks plain HTTP.
    PlainHttp(TcpStream),
    /// The handshake failed.
    Failed(io::Error),
}

impl Tls {
    /// Reads the certificate and its key.
    ///
    /// # Errors
    /// [`TlsError`], which names the file.
    pub fn load(files: TlsFiles) -> Result<Self, TlsError> {
        let current = RwLock::new(Arc::new(read(&files)?));
        Ok(Self { files, current })
    }

    /// Reads the files again. New connections get what is there now; those that are there go on, and nobody takes up
    /// a session of before again.
    ///
    /// # Errors
    /// [`TlsError`]; all stays as it was.
    pub fn reload(&self) -> Result<(), TlsError> {
        let new = Arc::new(read(&self.files)?);
        *self.current.write() = new;
        Ok(())
    }

    /// Where the certificate is read from.
    #[must_use]
    pub const fn files(&self) -> &TlsFiles {
        &self.files
    }

    /// The handshake. Bounding its time is up to the caller.
    pub(super) async fn secure(&self, stream: TcpStream) -> Result<Stream, Insecure> {
        let mut first = [0];
        let seen = stream.peek(&mut first).await.map_err(Insecure::Failed)?;
        // A handshake begins with the byte 22, a request with the first letter of its method.
        if seen > 0 && first[0].is_ascii_alphabetic() {
            return Err(Insecure::PlainHttp(stream));
        }
        let acceptor = TlsAcceptor::from(Arc::clone(&self.current.read()));
        let bounded = |session: &mut rustls::ServerConnection| session.set_buffer_limit(Some(SECURED_BUFFER));
        let secured = acceptor.accept_with(Counted::new(stream), bounded).await;
        secured.map(|stream| Stream::Secured(Box::new(stream))).map_err(Insecure::Failed)
    }
}

fn read(files: &TlsFiles) -> Result<ServerConfig, TlsError> {
    let (chain, key) = (certificates(&files.certificate)?, private_key(&files.key)?);
    let unusable = |error| match error {
        rustls::Error::InconsistentKeys(rustls::InconsistentKeys::KeyMismatch) => {
            TlsError::Mismatch(files.clone())
        }
        error => TlsError::Unusable { files: files.clone(), error },
    };
    let mut config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(unusable)?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(unusable)?;
    config.alpn_protocols = vec![PROTOCOL.to_vec()];
    // Clients that come back all at once, as after a fault of the network, bring their session along, and the
    // signature, the dearest part of a handshake, is not made anew. The server keeps nothing for it.
    config.ticketer = Ticketer::new().map_err(unusable)?;
    Ok(config)
}

fn bytes_of(path: &Path) -> Result<Vec<u8>, TlsError> {
    fs::read(path).map_err(|error| TlsError::Unreadable { path: path.to_owned(), error })
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let bytes = bytes_of(path)?;
    let wanting = |detail| TlsError::Wanting { path: path.to_owned(), wanted: "certificate", detail };
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&bytes).collect();
    match chain {
        Ok(chain) if chain.is_empty() => Err(wanting(String::new())),
        Ok(chain) => Ok(chain),
        Err(error) => Err(wanting(format!(": {error}"))),
    }
}

fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, TlsError> {
    let bytes = bytes_of(path)?;
    PrivateKeyDer::from_pem_slice(&bytes).map_err(|error| {
        let detail = match error {
            pem::Error::NoItemsFound => String::new(),
            // What is in a file of keys is not told.
            _ => ": it is damaged".to_owned(),
        };
        TlsError::Wanting { path: path.to_owned(), wanted: "private key", detail }
    })
}
