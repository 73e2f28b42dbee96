//! TLS: whom a client takes for the server that it was sent to.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use thiserror::Error;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// Why nobody could be trusted.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum TrustError {
    /// The file of authorities is of no use.
    #[error("cannot use the authorities in {}: {detail}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why not.
        detail: String,
    },
    /// The system has no authorities.
    #[error("this system has no certificates of authorities{detail}; name a file that has the server's")]
    System {
        /// What it said.
        detail: String,
    },
}

/// The authorities that a client believes.
#[derive(Clone)]
pub struct Trust(TlsConnector);

impl Trust {
    /// Those in the PEM file `ca_file` and no others or, without one, those of the system.
    ///
    /// # Errors
    /// [`TrustError`] where there are none.
    pub fn of(ca_file: Option<&Path>) -> Result<Self, TrustError> {
        let roots = match ca_file {
            Some(path) => roots_of(path)?,
            None => roots_of_system()?,
        };
        let mut config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .expect("the provider has what they need")
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self(TlsConnector::from(Arc::new(config))))
    }

    /// The handshake with a server that must show a certificate for `host`, a name or an address.
    ///
    /// # Errors
    /// What it fails with; [`is_untrusted`] tells whether the certificate is why.
    pub async fn secure(&self, tcp: TcpStream, host: &str) -> io::Result<TlsStream<TcpStream>> {
        let name = ServerName::try_from(unbracketed(host).to_owned())
            .map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
        self.0.connect(name, tcp).await
    }
}

impl std::fmt::Debug for Trust {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Trust")
    }
}

/// Whether a handshake failed because the server's certificate is not believed.
#[must_use]
pub fn is_untrusted(error: &io::Error) -> bool {
    let fault = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    matches!(fault, Some(rustls::Error::InvalidCertificate(_)))
}

/// The host of an address, without the brackets that an IPv6 address has in it.
#[must_use]
pub fn unbracketed(host: &str) -> &str {
    host.strip_prefix('[').and_then(|inner| inner.strip_suffix(']')).unwrap_or(host)
}

fn roots_of(path: &Path) -> Result<RootCertStore, TrustError> {
    let refused = |detail: String| TrustError::File { path: path.to_owned(), detail };
    let bytes = std::fs::read(path).map_err(|error| refused(error.to_string()))?;
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&bytes) {
        let certificate = certificate.map_err(|error| refused(error.to_string()))?;
        roots.add(certificate).map_err(|error| refused(error.to_string()))?;
    }
    if roots.is_empty() { Err(refused("it holds no certificate in PEM".to_owned())) } else { Ok(roots) }
}

fn roots_of_system() -> Result<RootCertStore, TrustError> {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    // Some that systems have cannot be read by anybody; the others do.
    let _ = roots.add_parsable_certificates(found.certs);
    if roots.is_empty() {
        let detail = found.errors.first().map(|error| format!(" ({error})")).unwrap_or_default();
        return Err(TrustError::System { detail });
    }
    Ok(roots)
}
