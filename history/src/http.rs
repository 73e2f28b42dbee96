//! Requests, on a connection that is kept and made anew after it was lost.

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use crate::run::Shared;

/// That no answer came, or none that is whole: what was asked for may have been done or not.
#[derive(Debug)]
pub(crate) struct Lost;

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// The code of a refusal.
    pub(crate) fn code(&self) -> String {
        self.json()["code"].as_str().unwrap_or("no code").to_owned()
    }
}

/// One client's requests, one after the other.
#[derive(Debug)]
pub(crate) struct Http {
    address: SocketAddr,
    shared: Arc<Shared>,
    connection: Option<SendRequest<Full<Bytes>>>,
}

impl Http {
    pub(crate) fn new(address: SocketAddr, shared: &Arc<Shared>) -> Self {
        Self { address, shared: Arc::clone(shared), connection: None }
    }

    /// Asks and reads the whole answer.
    pub(crate) async fn send(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<String>,
    ) -> Result<Answer, Lost> {
        let response = self.open(method, path, headers, body).await?;
        let status = response.status().as_u16();
        let place = response.headers().get("vws-seq").and_then(|place| place.to_str().ok());
        let place = place.map(str::to_owned);
        let body = response.into_body().collect().await.map_err(|_| Lost)?.to_bytes();
        if let Some(place) = place {
            self.shared.note_seen(&place);
        }
        Ok(Answer { status, body })
    }

    /// Asks; the answer's body is still to come.
    pub(crate) async fn open(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<String>,
    ) -> Result<Response<Incoming>, Lost> {
        let mut request =
            Request::builder().method(method).uri(path).header("host", self.address.to_string());
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(seen) = self.shared.seen() {
            request = request.header("vws-seen", seen);
        }
        if body.is_some() {
            request = request.header("content-type", "application/json");
        }
        let request = request.body(Full::from(body.unwrap_or_default())).map_err(|_| Lost)?;
        let kept = self.connection.take().filter(|connection| !connection.is_closed());
        let mut connection = match kept {
            Some(connection) => connection,
            None => self.connect().await?,
        };
        connection.ready().await.map_err(|_| Lost)?;
        let response = connection.send_request(request).await.map_err(|_| Lost)?;
        self.connection = Some(connection);
        Ok(response)
    }

    async fn connect(&self) -> Result<SendRequest<Full<Bytes>>, Lost> {
        let stream = TcpStream::connect(self.address).await.map_err(|_| Lost)?;
        let _ = stream.set_nodelay(true);
        let (connection, task) = handshake(TokioIo::new(stream)).await.map_err(|_| Lost)?;
        // It ends with its connection, whose requests tell how.
        tokio::spawn(task);
        Ok(connection)
    }
}
