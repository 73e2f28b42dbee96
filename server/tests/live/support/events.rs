//! A client of event streams, which reads them by the HTML standard.

use std::collections::VecDeque;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use vws_core::wire::{Encoding, ServerMessage};

use super::{Mirror, Stream, TestServer, dial, in_time};

/// One message of a stream, or a comment.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Message {
    Event { name: String, id: String, data: Value },
    Comment,
}

/// An open event stream.
#[derive(Debug)]
pub(crate) struct EventStream {
    pub(crate) stream: Stream,
    pub(crate) status: u16,
    pub(crate) head: String,
    /// Bytes of the body that make no whole message yet.
    rest: Vec<u8>,
    /// Bytes that are still in their chunks.
    raw: Vec<u8>,
    ready: VecDeque<Message>,
    over: bool,
    /// What a browser would send as `Last-Event-ID`.
    pub(crate) last_id: String,
}

impl EventStream {
    pub(crate) async fn open(server: &TestServer, target: &str, last_event_id: Option<&str>) -> Self {
        let mut headers = vec![("accept", "text/event-stream")];
        headers.extend(last_event_id.map(|id| ("last-event-id", id)));
        let stream = in_time(dial(server, None)).await;
        Self::over(stream, server, target, &headers).await
    }

    /// Sends the request on a connection that is there.
    pub(crate) async fn over(
        mut stream: Stream,
        server: &TestServer,
        target: &str,
        headers: &[(&str, &str)],
    ) -> Self {
        let mut request = format!("GET {target} HTTP/1.1\r\nhost: {}\r\n", server.address);
        for (name, value) in headers {
            request.push_str(&format!("{name}: {value}\r\n"));
        }
        request.push_str("\r\n");
        stream.write_all(request.as_bytes()).await.expect("the server reads");
        let mut raw = Vec::new();
        let end = loop {
            if let Some(at) = raw.windows(4).position(|w| w == b"\r\n\r\n") {
                break at;
            }
            let read = in_time(stream.read_buf(&mut raw)).await.expect("the server answers");
            assert!(read > 0, "the server answers");
        };
        let head = String::from_utf8(raw[..end].to_vec()).expect("a head of text").to_ascii_lowercase();
        let status = head.split(' ').nth(1).and_then(|s| s.parse().ok()).expect("a status");
        raw.drain(..end + 4);
        Self {
            stream,
            status,
            head,
            rest: Vec::new(),
            raw,
            ready: VecDeque::new(),
            over: false,
            last_id: String::new(),
        }
    }

    /// The next message or comment; `None` at the end.
    pub(crate) async fn next(&mut self) -> Option<Message> {
        loop {
            if let Some(message) = self.ready.pop_front() {
                if let Message::Event { id, .. } = &message {
                    self.last_id.clone_from(id);
                }
                return Some(message);
            }
            if self.over {
                return None;
            }
            self.unchunk();
            self.parse();
            if !self.ready.is_empty() || self.over {
                continue;
            }
            let read = in_time(self.stream.read_buf(&mut self.raw)).await.unwrap_or(0);
            self.over |= read == 0;
        }
    }

    /// The next message, comments passed over: its name and its data.
    pub(crate) async fn message(&mut self) -> (String, Value) {
        loop {
            match self.next().await {
                Some(Message::Event { name, data, .. }) => return (name, data),
                Some(Message::Comment) => {}
                None => panic!("the stream has ended"),
            }
        }
    }

    /// The next message, which must have that name.
    pub(crate) async fn named(&mut self, wanted: &str) -> Value {
        let (name, data) = self.message().await;
        assert_eq!(name, wanted, "{data}");
        data
    }

    /// Listens until the mirror has the event `seq`.
    pub(crate) async fn follow(&mut self, mirror: &mut Mirror, seq: u64) {
        while mirror.seq() < seq {
            let data = self.named("message").await;
            match Encoding::Json.decode_server(data.to_string().as_bytes()).expect("is a message") {
                ServerMessage::Event(record) => {
                    assert!(self.last_id.ends_with(&format!("-{}", record.seq)), "{}", self.last_id);
                    mirror.apply(record);
                }
                other => panic!("only events are unnamed: {other:?}"),
            }
        }
    }

    /// Takes whole HTTP chunks out of `raw`.
    fn unchunk(&mut self) {
        while let Some(line_end) = self.raw.windows(2).position(|w| w == b"\r\n") {
            let size = std::str::from_utf8(&self.raw[..line_end]).expect("a chunk size");
            let size = usize::from_str_radix(size, 16).expect("a chunk size");
            let end = line_end + 2 + size;
            if self.raw.len() < end + 2 {
                return;
            }
            self.rest.extend_from_slice(&self.raw[line_end + 2..end]);
            self.raw.drain(..end + 2);
            self.over |= size == 0;
        }
    }

    /// Takes whole messages out of `rest`.
    fn parse(&mut self) {
        while let Some(end) = self.rest.windows(2).position(|w| w == b"\n\n") {
            let block: Vec<u8> = self.rest.drain(..end + 2).collect();
            let block = String::from_utf8(block).expect("a stream of text");
            let (mut name, mut id, mut data) = ("message".to_owned(), None, None);
            for line in block.lines() {
                match line.split_once(": ").unwrap_or((line, "")) {
                    ("event", value) => name = value.to_owned(),
                    ("id", value) => id = Some(value.to_owned()),
                    ("data", value) => data = Some(serde_json::from_str(value).expect("JSON")),
                    (":" | "", _) => {}
                    (other, _) => panic!("there is no field {other:?}"),
                }
            }
            let id = id.unwrap_or_else(|| self.last_id.clone());
            self.ready.push_back(data.map_or(Message::Comment, |data| Message::Event { name, id, data }));
        }
    }
}
