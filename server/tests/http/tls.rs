//! HTTP inside TLS, and what comes to a port that speaks it.

use std::sync::Arc;

use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use vws_server::Config;
use vws_server::config::Contradiction;
use vws_server::net::{Tls, TlsError, TlsFiles};
use vws_server::units::Span;

use super::authority::Authority;
use super::support::{Answer, TestServer, in_time};

/// A server inside TLS, and who has signed for it.
async fn secured(change: impl FnOnce(&mut Config)) -> (TestServer, Authority) {
    let authority = Authority::new();
    let (certificate, key) = authority.sign("server");
    let server = TestServer::with(|config| {
        (config.tls_cert, config.tls_key) = (Some(certificate), Some(key));
        change(config);
    });
    (server.await, authority)
}

fn client_config(
    authority: &Authority,
    versions: &[&'static SupportedProtocolVersion],
    protocols: &[&[u8]],
) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(authority.file()).expect("is PEM")).expect("is a certificate");
    let mut config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_protocol_versions(versions)
        .expect("are known")
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
    config
}

async fn dial_with(server: &TestServer, config: ClientConfig) -> std::io::Result<TlsStream<TcpStream>> {
    let name = ServerName::try_from("localhost").expect("is a name");
    in_time(TlsConnector::from(Arc::new(config)).connect(name, server.connect().await)).await
}

async fn dial(server: &TestServer, authority: &Authority) -> TlsStream<TcpStream> {
    let config = client_config(authority, rustls::ALL_VERSIONS, &[b"http/1.1"]);
    dial_with(server, config).await.expect("the handshake")
}

/// Sends this and reads until the server ends the connection, as it must inside TLS, too.
async fn exchange(mut stream: impl AsyncRead + AsyncWriteExt + Unpin, bytes: &[u8]) -> Answer {
    let _ = stream.write_all(bytes).await;
    let mut answer = Vec::new();
    in_time(stream.read_to_end(&mut answer)).await.expect("an end that was meant");
    Answer::parse(&answer)
}

fn get(target: &str) -> Vec<u8> {
    format!("GET {target} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").into_bytes()
}

#[tokio::test]
async fn tls1_requests_are_answered_in_both_versions_and_other_protocols_are_refused() {
    let (server, authority) = secured(|_| {}).await;
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let http: &[u8] = b"http/1.1";
        for protocols in [&[][..], &[http], &[b"h2", http]] {
            let stream = dial_with(&server, client_config(&authority, &[version], protocols)).await;
            let stream = stream.expect("the handshake");
            let (_, session) = stream.get_ref();
            assert_eq!(session.protocol_version(), Some(version.version));
            let agreed = session.alpn_protocol();
            assert_eq!(agreed, (!protocols.is_empty()).then_some(&b"http/1.1"[..]), "{version:?}");
            assert_eq!(exchange(stream, &get("/healthz")).await.status, 200);
        }
        let refused = dial_with(&server, client_config(&authority, &[version], &[b"h2"])).await;
        let refused = refused.expect_err("nothing else is spoken").to_string();
        assert!(refused.contains("NoApplicationProtocol"), "{refused}");
    }
    server.stop().await;
}

#[tokio::test]
async fn tls1_bodies_of_any_size_go_both_ways() {
    let page = tempfile::tempdir().expect("a folder");
    let index: Vec<u8> = (0..3_000_000_u32).map(|n| (n % 251) as u8).collect();
    std::fs::write(page.path().join("index.html"), &index).expect("is written");
    let (server, authority) = secured(|config| config.page = Some(page.path().to_owned())).await;
    let answer = exchange(dial(&server, &authority).await, &get("/")).await;
    assert_eq!(answer.status, 200);
    assert!(answer.body == index, "{} bytes of {}", answer.body.len(), index.len());

    let mut stream = dial(&server, &authority).await;
    let post = "POST /api/sessions HTTP/1.1\r\nhost: localhost\r\ncontent-length: 0\r\n\r\n";
    stream.write_all(post.as_bytes()).await.expect("the server reads");
    let mut answer = vec![0; 4_096];
    let read = in_time(stream.read(&mut answer)).await.expect("an answer");
    let made = Answer::parse(&answer[..read]);
    assert_eq!(made.status, 201);
    // On the same connection: more than fits one record, and refused by what it says.
    let note = "n".repeat(900_000);
    let body = format!(r#"{{"name":"a","type":"cube","x":0,"y":0,"z":0,"properties":{{"note":"{note}"}}}}"#);
    let head = format!(
        "POST {}/objects HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n\r\n",
        made.header("location").expect("is told"),
        body.len()
    );
    exchange(stream, &[head.as_bytes(), body.as_bytes()].concat()).await.problem(422, "properties_too_large");
    server.stop().await;
}

#[tokio::test]
async fn tls1_http8_a_client_that_sends_on_is_told_that_its_body_is_too_large() {
    let (server, authority) = secured(|_| {}).await;
    let body = vec![b' '; 4 << 20];
    let head =
        format!("POST /api/sessions HTTP/1.1\r\nhost: localhost\r\ncontent-length: {}\r\n\r\n", body.len());
    let stream = dial(&server, &authority).await;
    exchange(stream, &[head.as_bytes(), &body].concat()).await.problem(413, "body_too_large");
    server.stop().await;
}

#[tokio::test]
async fn tls1_http12_a_client_that_takes_nothing_of_its_answer_is_cut_off() {
    let page = tempfile::tempdir().expect("a folder");
    std::fs::write(page.path().join("index.html"), vec![b'x'; 32 << 20]).expect("a large page");
    let (server, authority) = secured(|config| {
        config.page = Some(page.path().to_owned());
        config.limits.stall_timeout = Span::millis(100);
    })
    .await;
    let mut stalled = dial(&server, &authority).await;
    stalled.write_all(&get("/")).await.expect("the server reads");
    loop {
        let metrics = exchange(dial(&server, &authority).await, &get("/metrics")).await.text();
        if metrics.contains("\nvws_connections 1\n") {
            break;
        }
    }
    let mut received = Vec::new();
    let cut = in_time(stalled.read_to_end(&mut received)).await;
    assert!(cut.is_err(), "an answer that was cut short is not taken for a whole one");
    assert!(received.len() < 32 << 20, "{} bytes", received.len());
    server.stop().await;
}

#[tokio::test]
async fn tls3_a_handshake_that_dawdles_is_cut_off_and_counts_as_a_connection() {
    let (server, authority) = secured(|config| {
        config.limits.head_timeout = Span::millis(500);
        config.limits.max_connections = 2;
    })
    .await;
    // One that says nothing, one that has said half a hello.
    let mut silent = server.connect().await;
    let mut slow = server.connect().await;
    slow.write_all(&[22, 3, 1, 2, 0, 1, 0]).await.expect("the server reads");
    // They have the two places, so that a third is closed without a word, as soon as it is seen.
    let mut third = server.connect().await;
    let mut rest = Vec::new();
    let _ = in_time(third.read_to_end(&mut rest)).await;
    assert_eq!(rest, b"");
    for late in [&mut silent, &mut slow] {
        let _ = in_time(late.read_to_end(&mut rest)).await;
        assert_eq!(rest, b"");
    }
    let metrics = exchange(dial(&server, &authority).await, &get("/metrics")).await.text();
    for fewer in ["vws_tls_handshakes_failed_total 0\n", "vws_tls_handshakes_failed_total 1\n"] {
        assert!(!metrics.contains(fewer), "{metrics}");
    }
    assert!(metrics.contains("vws_connections 1\n"), "{metrics}");
    server.stop().await;
}

#[tokio::test]
async fn tls4_plain_http_is_told_where_it_has_come_to() {
    let (server, _authority) = secured(|_| {}).await;
    for request in ["GET / HTTP/1.1\r\nhost: localhost\r\n\r\n", "POST /api/sessions HTTP/1.1\r\n"] {
        let refused = server.exchange(request).await;
        let problem = refused.problem(400, "https_expected");
        assert_eq!(refused.header("connection"), Some("close"));
        assert!(problem["detail"].as_str().is_some_and(|words| words.contains("https://")), "{problem}");
    }
    // What is neither is closed.
    let mut stream = server.connect().await;
    stream.write_all(&[0, 1, 2, 3, 4, 5, 6, 7]).await.expect("the server reads");
    let mut rest = Vec::new();
    let _ = in_time(stream.read_to_end(&mut rest)).await;
    assert!(!rest.starts_with(b"HTTP"), "{rest:?}");
    server.stop().await;
}

#[test]
fn tls2_a_certificate_and_its_key_go_together() {
    let given = |cert: Option<&str>, key: Option<&str>| {
        let (tls_cert, tls_key) = (cert.map(Into::into), key.map(Into::into));
        Config { tls_cert, tls_key, ..Config::default() }.tls()
    };
    assert_eq!(given(None, None), Ok(None));
    let files = TlsFiles { certificate: "a".into(), key: "b".into() };
    assert_eq!(given(Some("a"), Some("b")), Ok(Some(files)));
    for (cert, key, words) in
        [(Some("a"), None, "--tls-cert needs --tls-key"), (None, Some("b"), "--tls-key needs --tls-cert")]
    {
        let refused: Contradiction = given(cert, key).expect_err("one is missing");
        assert!(refused.to_string().starts_with(words), "{refused}");
    }
}

#[test]
fn tls2_what_cannot_be_used_is_told_with_the_file_it_is_in() {
    let authority = Authority::new();
    let ((cert, key), (other_cert, other_key)) = (authority.sign("one"), authority.sign("other"));
    let write = |name: &str, bytes: &[u8]| {
        let path = authority.folder().join(name);
        std::fs::write(&path, bytes).expect("is written");
        path
    };
    let (empty, missing) = (write("empty", b""), authority.folder().join("missing"));
    let damaged = write("damaged", b"-----BEGIN CERTIFICATE-----\n!!!\n-----END CERTIFICATE-----\n");
    let no_certificate = write("none.pem", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    let load = |certificate: &std::path::Path, key: &std::path::Path| {
        let files = TlsFiles { certificate: certificate.to_owned(), key: key.to_owned() };
        Tls::load(files).map(|_| ()).map_err(|refused: TlsError| refused.to_string())
    };
    assert_eq!(load(&cert, &key), Ok(()));
    assert_eq!(load(&other_cert, &other_key), Ok(()));
    for (cert, key, file, words) in [
        (&cert, &other_key, "other.key", "is not the key of the certificate in"),
        (&other_cert, &key, "other.pem", "is not the key of the certificate in"),
        (&empty, &key, "empty", "holds no certificate"),
        (&cert, &empty, "empty", "holds no private key"),
        (&key, &cert, "one.key", "holds no certificate"),
        (&missing, &key, "missing", "cannot read"),
        (&cert, &missing, "missing", "cannot read"),
        (&damaged, &key, "damaged", "holds no certificate"),
        (&no_certificate, &key, "none.pem", "cannot use the certificate in"),
    ] {
        let refused = load(cert, key).expect_err("cannot be used");
        assert!(refused.contains(file) && refused.contains(words), "{refused}");
        assert!(!refused.contains("BEGIN") && refused.lines().count() == 1, "{refused}");
    }
}
