//! WebSocket connections before a load begins: the handshake, and messages that are waited for and read whole.

use std::io::{BufReader, Read, Write};
use std::net::TcpStream;

use crate::error::{Done, LoadError};
use crate::frame::{self, CLOSE};
use crate::http::{Answer, Target, read_head};

/// Bytes of one message that are read.
const MAX_MESSAGE: u64 = 64 << 20;

/// A connection that messages are read from one by one.
#[derive(Debug)]
pub struct Socket {
    stream: BufReader<TcpStream>,
    /// Bytes that messages took on the wire so far, heads included, the handshake not.
    pub bytes: u64,
}

impl Socket {
    /// Opens one at a path, speaking `protocol` where it is not empty.
    ///
    /// # Errors
    /// [`LoadError`] where nobody is there or the answer is another one than 101.
    pub fn open(target: &Target, under: &str, protocol: &str) -> Done<Self> {
        Self::on(target.connect()?, target, under, protocol)
    }

    /// The same on a connection that somebody has opened.
    ///
    /// # Errors
    /// As for [`open`](Self::open).
    pub fn on(mut stream: TcpStream, target: &Target, under: &str, protocol: &str) -> Done<Self> {
        let offered = match protocol {
            "" => String::new(),
            protocol => format!("sec-websocket-protocol: {protocol}\r\n"),
        };
        // The key proves to a client that its peer speaks WebSocket, which is known here.
        let request = format!(
            "GET {} HTTP/1.1\r\nhost: {}\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\
             sec-websocket-version: 13\r\nsec-websocket-key: dndzLWxvYWQtLS0tLS0tLQ==\r\n{offered}\r\n",
            target.path(under),
            target.host()
        );
        stream.write_all(request.as_bytes()).map_err(|error| LoadError::broke("no WebSocket", error))?;
        let mut stream = BufReader::with_capacity(16 << 10, stream);
        let head = read_head(&mut stream)?;
        match Answer::read(&head) {
            Some(Answer { status: 101, .. }) => Ok(Self { stream, bytes: 0 }),
            _ => {
                let line = head.lines().next().unwrap_or_default();
                Err(LoadError::Refused(format!("{target} opens no WebSocket: {line}")))
            }
        }
    }

    /// Says a text.
    ///
    /// # Errors
    /// [`LoadError::Unreachable`]
    pub fn say(&mut self, text: &str) -> Done {
        let mut out = Vec::new();
        frame::write(&mut out, frame::TEXT, text.as_bytes());
        self.write(&out)
    }

    /// Writes bytes as they are.
    ///
    /// # Errors
    /// [`LoadError::Unreachable`]
    pub fn write(&mut self, bytes: &[u8]) -> Done {
        self.stream.get_mut().write_all(bytes).map_err(|error| LoadError::broke("nothing is taken", error))
    }

    /// Says to the server's kernel that nothing more comes; what it says is still read.
    pub fn end_writing(&mut self) {
        // Where it has ended everything already, that is said as well.
        let _ = self.stream.get_ref().shutdown(std::net::Shutdown::Write);
    }

    /// The next message, whole: its opcode and payload.
    ///
    /// # Errors
    /// [`LoadError`] where the connection ends first, the server's code and reason included.
    pub fn message(&mut self) -> Done<(u8, Vec<u8>)> {
        let mut head = [0; 2];
        self.fill(&mut head)?;
        if head[0] & 0x80 == 0 || head[1] & 0x80 != 0 {
            return Err(LoadError::Refused("a frame that is masked or a part of a message".to_owned()));
        }
        let (length, bytes) = match head[1] {
            126 => {
                let mut more = [0; 2];
                self.fill(&mut more)?;
                (u64::from(u16::from_be_bytes(more)), 4)
            }
            127 => {
                let mut more = [0; 8];
                self.fill(&mut more)?;
                (u64::from_be_bytes(more), 10)
            }
            short => (u64::from(short), 2),
        };
        if length > MAX_MESSAGE {
            return Err(LoadError::Refused(format!("a message of {length} bytes is too long")));
        }
        let mut payload = vec![0; length as usize];
        self.fill(&mut payload)?;
        self.bytes += bytes + length;
        match head[0] & 0x0f {
            CLOSE => {
                Err(LoadError::Refused(format!("the server ended the connection: {}", closed(&payload))))
            }
            opcode => Ok((opcode, payload)),
        }
    }

    /// The connection, and what was read of it beyond the last message.
    #[must_use]
    pub fn into_parts(self) -> (TcpStream, Vec<u8>) {
        let ahead = self.stream.buffer().to_vec();
        (self.stream.into_inner(), ahead)
    }

    fn fill(&mut self, bytes: &mut [u8]) -> Done {
        self.stream.read_exact(bytes).map_err(|error| LoadError::broke("no message", error))
    }
}

/// Code and reason of a close.
pub(crate) fn closed(payload: &[u8]) -> String {
    match payload.split_first_chunk::<2>() {
        Some((code, reason)) => {
            format!("{} {}", u16::from_be_bytes(*code), String::from_utf8_lossy(reason)).trim_end().to_owned()
        }
        None => "without a code".to_owned(),
    }
}
