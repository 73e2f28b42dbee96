//! A JSON object that is too large to hold, cut into the values of its fields as its bytes come.
//!
//! The field [`LONG`] holds an array, whose items are told one by one. What is inside the values is left to
//! the parser that they are given to; what is between them is checked here.

use crate::error::RequestError;

/// The field whose array is told item by item.
pub(super) const LONG: &str = "objects";

/// A value of the file.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    /// A field with its value.
    Field(&'a str, &'a [u8]),
    /// The array of [`LONG`] begins.
    Items,
    /// The next item of it.
    Item(&'a [u8]),
}

/// Why nothing more can be cut.
#[derive(Debug, PartialEq)]
pub(super) enum Stop {
    /// It is not JSON, or not an object.
    Malformed(RequestError),
    /// One value has more bytes than any may have.
    TooLarge,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    Start,
    /// Before a key; `true` where the object may also end.
    Key(bool),
    Colon,
    Value,
    /// After a field's value.
    Comma,
    /// Before an item; `true` where the array may also end.
    Item(bool),
    /// After an item.
    ItemComma,
    /// Inside a key or a value; where to go on after it.
    Inside(Inside),
    End,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Inside {
    Key,
    Field,
    Item,
}

/// Cuts one object into pieces. Holds one key and one value at most.
#[derive(Debug)]
pub(super) struct Scanner {
    at: At,
    key: String,
    value: Vec<u8>,
    max: usize,
    /// Brackets that are open inside the value.
    depth: usize,
    in_string: bool,
    escaped: bool,
    line: u64,
    column: u64,
    /// The line that the value began on.
    began: u64,
}

impl Scanner {
    /// A scanner of values of at most `max` bytes.
    pub(super) const fn new(max: usize) -> Self {
        Self {
            at: At::Start,
            key: String::new(),
            value: Vec::new(),
            max,
            depth: 0,
            in_string: false,
            escaped: false,
            line: 1,
            column: 0,
            began: 1,
        }
    }

    /// The line that was read to.
    pub(super) const fn line(&self) -> u64 {
        self.line
    }

    /// Whether the object is whole.
    pub(super) fn is_whole(&self) -> bool {
        self.at == At::End
    }

    /// Takes bytes in and tells each value that is whole by now, with the line that it began on.
    pub(super) fn read(&mut self, bytes: &[u8], mut tell: impl FnMut(u64, Piece<'_>)) -> Result<(), Stop> {
        for byte in bytes {
            self.step(*byte, &mut tell)?;
            if *byte == b'\n' {
                self.line += 1;
                self.column = 0;
            } else {
                self.column += 1;
            }
        }
        Ok(())
    }

    fn step(&mut self, byte: u8, tell: &mut impl FnMut(u64, Piece<'_>)) -> Result<(), Stop> {
        if let At::Inside(inside) = self.at {
            return self.inside(inside, byte, tell);
        }
        if matches!(byte, b' ' | b'\t' | b'\r' | b'\n') {
            return Ok(());
        }
        self.at = match (self.at, byte) {
            (At::Start, b'{') => At::Key(true),
            (At::Key(_), b'"') => self.enter(Inside::Key, byte),
            (At::Key(true) | At::Comma, b'}') => At::End,
            (At::Colon, b':') => At::Value,
            (At::Value, b'[') if self.key == LONG => {
                tell(self.line, Piece::Items);
                At::Item(true)
            }
            (At::Value, b) if begins_value(b) => self.enter(Inside::Field, byte),
            (At::Comma, b',') => At::Key(false),
            (At::Item(true) | At::ItemComma, b']') => At::Comma,
            (At::Item(_), b) if begins_value(b) => self.enter(Inside::Item, byte),
            (At::ItemComma, b',') => At::Item(false),
            (at, _) => return Err(self.unexpected(at)),
        };
        Ok(())
    }

    fn enter(&mut self, inside: Inside, byte: u8) -> At {
        self.value.clear();
        self.value.push(byte);
        self.began = self.line;
        self.in_string = byte == b'"';
        self.escaped = false;
        self.depth = usize::from(matches!(byte, b'{' | b'['));
        At::Inside(inside)
    }

    fn inside(
        &mut self,
        inside: Inside,
        byte: u8,
        tell: &mut impl FnMut(u64, Piece<'_>),
    ) -> Result<(), Stop> {
        let bare = !self.in_string && self.depth == 0;
        if bare && matches!(byte, b',' | b'}' | b']' | b' ' | b'\t' | b'\r' | b'\n') {
            // A number or a word ends at what follows it, which is a step of its own.
            self.leave(inside, tell)?;
            return self.step(byte, tell);
        }
        if self.value.len() == self.max {
            return Err(Stop::TooLarge);
        }
        self.value.push(byte);
        if self.in_string {
            match byte {
                _ if self.escaped => self.escaped = false,
                b'\\' => self.escaped = true,
                b'"' => self.in_string = false,
                _ => {}
            }
        } else {
            match byte {
                b'"' => self.in_string = true,
                b'{' | b'[' => self.depth += 1,
                b'}' | b']' => self.depth -= 1,
                _ => {}
            }
        }
        let closed = !self.in_string && self.depth == 0 && matches!(byte, b'"' | b'}' | b']');
        if closed { self.leave(inside, tell) } else { Ok(()) }
    }

    fn leave(&mut self, inside: Inside, tell: &mut impl FnMut(u64, Piece<'_>)) -> Result<(), Stop> {
        self.at = match inside {
            Inside::Key => {
                self.key = serde_json::from_slice(&self.value).map_err(|_| self.broken("a key is broken"))?;
                At::Colon
            }
            Inside::Field => {
                tell(self.began, Piece::Field(&self.key, &self.value));
                At::Comma
            }
            Inside::Item => {
                tell(self.began, Piece::Item(&self.value));
                At::ItemComma
            }
        };
        Ok(())
    }

    fn unexpected(&self, at: At) -> Stop {
        self.broken(match at {
            At::Start => "expected `{`",
            At::Key(true) => "expected a key or `}`",
            At::Key(false) => "expected a key",
            At::Colon => "expected `:`",
            At::Value | At::Item(false) => "expected a value",
            At::Comma => "expected `,` or `}`",
            At::Item(true) => "expected a value or `]`",
            At::ItemComma => "expected `,` or `]`",
            At::Inside(_) | At::End => "trailing characters",
        })
    }

    fn broken(&self, words: &str) -> Stop {
        let detail = format!("{words} at column {}", self.column + 1);
        Stop::Malformed(RequestError::Malformed { format: "JSON", detail })
    }
}

const fn begins_value(byte: u8) -> bool {
    matches!(byte, b'{' | b'[' | b'"' | b'-' | b'0'..=b'9' | b't' | b'f' | b'n')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(text: &str, step: usize) -> Result<Vec<String>, Stop> {
        let mut scanner = Scanner::new(64);
        let mut found = Vec::new();
        for chunk in text.as_bytes().chunks(step) {
            scanner.read(chunk, |line, piece| {
                let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
                found.push(match piece {
                    Piece::Field(key, value) => format!("{line} {key}={}", text(value)),
                    Piece::Items => format!("{line} items"),
                    Piece::Item(value) => format!("{line} {}", text(value)),
                });
            })?;
        }
        if scanner.is_whole() { Ok(found) } else { Err(scanner.broken("is not whole")) }
    }

    #[test]
    fn imp2_values_are_cut_wherever_the_bytes_are() {
        let text = "{\"a\": 1 ,\n\"b\":\"x\\\"}],\\\\\",\"objects\" : [\n{\"n\":[{}]},\n 2,\"]\"],\"c\":{\"objects\":[1]}, \"d\":null}\n";
        let expected = [
            "1 a=1",
            r#"2 b="x\"}],\\""#,
            "2 items",
            "3 {\"n\":[{}]}",
            "4 2",
            "4 \"]\"",
            "4 c={\"objects\":[1]}",
            "4 d=null",
        ];
        for step in 1..=text.len() {
            assert_eq!(pieces(text, step).as_deref(), Ok(&expected.map(str::to_owned)[..]), "{step}");
        }
        assert_eq!(pieces("{}", 1), Ok(Vec::new()));
        assert_eq!(pieces("{\"objects\":[]}", 1), Ok(vec!["1 items".to_owned()]));
    }

    #[test]
    fn imp2_what_is_between_values_is_checked() {
        for text in [
            "",
            "[",
            "{",
            "{,",
            "{\"a\"}",
            "{\"a\":}",
            "{\"a\":1,}",
            "{\"a\":1 2}",
            "{\"objects\":[,]}",
            "{\"objects\":[1,]}",
            "{\"objects\":[1 2]}",
            "{\"objects\":[1]",
            "{} {}",
            "{\"a\":1}}",
            "{\"\\x\":1}",
            "{\"a\":]}",
            "\u{feff}{}",
        ] {
            assert!(pieces(text, 3).is_err(), "{text}");
        }
        let long = format!("{{\"a\":{}}}", "1".repeat(65));
        assert_eq!(pieces(&long, 7), Err(Stop::TooLarge));
        assert!(pieces(&format!("{{\"a\":{}}}", "1".repeat(64)), 7).is_ok());
    }
}
