//! The accept loop, and HTTP/1 on what it accepts, inside TLS where there is a certificate.

use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use hyper::body::{Body as _, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use socket2::SockRef;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};
use tower::ServiceExt;
use tracing::{debug, warn};

use super::Stop;
use super::addresses::Addresses;
use super::drain::{Claim, Open, Rest, Unread};
use super::socket::{Patience, Socket};
use super::source::Proxies;
use super::stream::Stream;
use super::tls::{Insecure, Tls};
use crate::config::Limits;
use crate::http::{App, Refusal, last_words};
use crate::telemetry::Metrics;

/// After an accept error that a retry cannot mend at once, such as no free file descriptor: the
/// first pause, doubled at each further error up to the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// How far past its head limit a request is still read, so that it is refused with its length. What is
/// longer than this is refused by hyper.
const HEAD_SLACK: usize = 16 * 1024;

/// hyper starts with a buffer of this size and allows no smaller bound.
const SMALLEST_BUFFER: usize = 8 * 1024;

/// How many header lines a request may have; hyper answers 431 to more.
pub(super) const MAX_HEADERS: usize = 128;

/// The connections of one server: how each is served and how many there may be.
#[derive(Debug)]
pub(crate) struct Connections {
    places: Arc<Semaphore>,
    addresses: Arc<Addresses>,
    proxies: Proxies,
    tls: Option<Arc<Tls>>,
    http: http1::Builder,
    patience: Patience,
    /// Time for a handshake, as for a head.
    handshake: Duration,
    max_head: usize,
    send_buffer: usize,
    max: u32,
    router: axum::Router,
    stop: Stop,
    metrics: Arc<Metrics>,
}

impl Connections {
    pub(crate) fn new(router: axum::Router, tls: Option<Arc<Tls>>, app: &App) -> Self {
        let limits: &Limits = &app.config().limits;
        let mut http = http1::Builder::new();
        http.timer(TokioTimer::new())
            .header_read_timeout(limits.head_timeout.get())
            .max_headers(MAX_HEADERS)
            .max_buf_size(limits.max_head.as_usize().saturating_add(HEAD_SLACK).max(SMALLEST_BUFFER));
        Self {
            places: Arc::new(Semaphore::new(limits.max_connections as usize)),
            addresses: Arc::clone(app.addresses()),
            proxies: Proxies::new(app.config().trusted_proxy.clone()),
            tls,
            http,
            handshake: limits.head_timeout.get(),
            patience: Patience { stall: limits.stall_timeout.get(), drain: limits.body_timeout.get() },
            max_head: limits.max_head.as_usize(),
            send_buffer: limits.send_buffer.as_usize(),
            max: limits.max_connections,
            router,
            stop: app.stop().clone(),
            metrics: app.metrics(),
        }
    }

    fn open(self: &Arc<Self>, stream: TcpStream, peer: SocketAddr) {
        let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else {
            return self.turn_away(&stream, Refusal::TooManyConnections { max: self.max });
        };
        // Those whom a proxy passes on are counted by their own addresses, as their requests come.
        let of_address = match (!self.proxies.are_at(peer.ip())).then(|| self.addresses.enter(peer.ip())) {
            None => None,
            Some(Ok(place)) => place,
            Some(Err(max)) => return self.turn_away(&stream, Refusal::TooManyOfAddress { max }),
        };
        // A socket that refuses an option has just been closed by its client; serving will tell.
        let _ = stream.set_nodelay(true);
        let _ = SockRef::from(&stream).set_send_buffer_size(self.send_buffer);
        let claim = Claim { _place: place, _of_address: of_address, _counted: self.metrics.connection() };
        let this = Arc::clone(self);
        self.stop.spawn(async move {
            let stream = match &this.tls {
                None => Stream::Plain(stream),
                // What a handshake takes is not kept for as long as the connection.
                Some(tls) => match Box::pin(this.secure(tls, stream, peer)).await {
                    Ok(stream) => stream,
                    Err(None) => return,
                    Err(Some(plain)) => return Box::pin(this.refuse_plain(plain, claim)).await,
                },
            };
            this.serve(Open { stream, _claim: claim }, peer).await;
        });
    }

    /// The handshake. A client that speaks plain HTTP has its connection back.
    async fn secure(
        &self,
        tls: &Tls,
        stream: TcpStream,
        peer: SocketAddr,
    ) -> Result<Stream, Option<TcpStream>> {
        let shaken = tokio::select! {
            () = self.stop.stopping() => return Err(None),
            shaken = timeout(self.handshake, tls.secure(stream)) => shaken,
        };
        let error = match shaken {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(Insecure::PlainHttp(stream))) => return Err(Some(stream)),
            Ok(Err(Insecure::Failed(error))) => error,
            Err(late) => late.into(),
        };
        self.metrics.handshake_failed();
        debug!(client.address = %peer, %error, "no TLS handshake");
        Err(None)
    }

    /// Tells a client that speaks plain HTTP that this is no place for it.
    async fn refuse_plain(&self, stream: TcpStream, claim: Claim) {
        let _ = stream.try_write(&last_words(Refusal::HttpsExpected, None));
        let open = Open { stream: Stream::Plain(stream), _claim: claim };
        open.drain(self.patience.drain).await;
    }

    async fn serve(&self, open: Open, peer: SocketAddr) {
        let unread = Unread::default();
        let socket = Socket::new(open, unread.clone(), self.patience, self.max_head);
        let service = service_fn(|request: Request<Incoming>| {
            let has_body = !request.body().is_end_stream();
            let mut request = request.map(Body::new);
            let source = self.proxies.source(peer.ip(), self.tls.is_some(), request.headers());
            request.extensions_mut().insert(source);
            let answer = self.router.clone().oneshot(request);
            let unread = &unread;
            async move {
                // A refusal may leave a body where it is.
                answer.await.inspect(|answer| {
                    unread.set(match answer.status() {
                        status if !has_body || status.is_success() => Rest::Nothing,
                        StatusCode::REQUEST_TIMEOUT => Rest::Late,
                        _ => Rest::Refused,
                    });
                })
            }
        });
        let mut connection = pin!(self.http.serve_connection(TokioIo::new(socket), service).with_upgrades());
        let ended = tokio::select! {
            ended = connection.as_mut() => ended,
            () = self.stop.stopping() => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = ended {
            debug!(client.address = %peer, %error, "connection ended");
        }
    }

    /// Answers a refusal as far as the socket takes it at once, and closes it. Nothing is read or waited
    /// for: there is no room for this client. One that would have to be told inside TLS is told nothing, since a
    /// handshake costs more than a place.
    fn turn_away(&self, stream: &TcpStream, refusal: Refusal) {
        self.metrics.connection_refused();
        if self.tls.is_some() {
            return;
        }
        let _ = stream.try_write(&last_words(refusal, None));
    }
}

/// Serves connections until the server stops. An error while accepting never ends the loop and never
/// makes it spin.
pub(crate) async fn accept_until_stopped(listener: TcpListener, connections: Arc<Connections>) {
    let mut pause = FIRST_PAUSE;
    loop {
        let accepted = tokio::select! {
            () = connections.stop.stopping() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => {
                pause = FIRST_PAUSE;
                connections.open(stream, peer);
            }
            Err(error) if is_about_one_client(&error) => {
                debug!(%error, "a client left before it was accepted")
            }
            Err(error) => {
                warn!(%error, pause_ms = pause.as_millis() as u64, "cannot accept connections");
                tokio::select! {
                    () = connections.stop.stopping() => return,
                    () = sleep(pause) => {}
                }
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
        }
    }
}

/// Errors that concern the one connection that was being accepted; the next may work at once.
fn is_about_one_client(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionRefused | io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset
    )
}
