//! A stream of events over HTTP, cut into its messages.

/// A message of an event stream.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Message {
    /// What kind it is; empty for an event of the session.
    pub(crate) event: String,
    /// Where the stream is after it.
    pub(crate) id: Option<String>,
    /// What it says.
    pub(crate) data: String,
}

/// Bytes of one line that are taken: more than any event has.
const MAX_LINE: usize = 4 << 20;

/// Cuts a stream into messages, wherever its bytes are cut.
#[derive(Debug, Default)]
pub(crate) struct Messages {
    line: Vec<u8>,
    open: Message,
    some: bool,
}

impl Messages {
    /// Takes bytes in, and gives the messages that are whole by now.
    ///
    /// # Errors
    /// A line that is longer than any server sends.
    pub(crate) fn read(&mut self, bytes: &[u8]) -> Result<Vec<Message>, String> {
        let mut whole = Vec::new();
        for byte in bytes {
            match byte {
                b'\n' => {
                    let line = String::from_utf8_lossy(&std::mem::take(&mut self.line)).into_owned();
                    whole.extend(self.take(line.trim_end_matches('\r')));
                }
                _ if self.line.len() == MAX_LINE => {
                    return Err(format!("a line has more than {MAX_LINE} bytes"));
                }
                byte => self.line.push(*byte),
            }
        }
        Ok(whole)
    }

    fn take(&mut self, line: &str) -> Option<Message> {
        if line.is_empty() {
            let message = std::mem::take(&mut self.open);
            return std::mem::take(&mut self.some).then_some(message);
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => value.clone_into(&mut self.open.event),
            "id" => self.open.id = Some(value.to_owned()),
            "data" => {
                if self.some {
                    self.open.data.push('\n');
                }
                self.open.data.push_str(value);
                self.some = true;
            }
            _ => {}
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cli9_messages_are_whole_wherever_the_bytes_are_cut() {
        let stream =
            "event: welcome\nid: 7-1\ndata: {}\n\n:\n\nid: 7-2\r\ndata: a\r\ndata: b\r\n\r\nretry: 5\n\n";
        let message = |event: &str, id: &str, data: &str| Message {
            event: event.to_owned(),
            id: Some(id.to_owned()),
            data: data.to_owned(),
        };
        let expected = [message("welcome", "7-1", "{}"), message("", "7-2", "a\nb")];
        for step in 1..stream.len() {
            let mut messages = Messages::default();
            let found: Vec<_> = stream
                .as_bytes()
                .chunks(step)
                .flat_map(|chunk| messages.read(chunk).expect("is short"))
                .collect();
            assert_eq!(found, expected, "{step}");
        }
    }
}
