//! The terminal: a screen that is written as a whole, and keys as they are pressed.

use std::io::{self, Read, Write};
use std::thread;

use rustix::termios::{InputModes, LocalModes, OptionalActions, Termios, tcgetattr, tcgetwinsize, tcsetattr};
use tokio::sync::mpsc;

use super::screen::{Line, Look};

/// What is pressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Key {
    Char(char),
    Enter,
    Erase,
    Escape,
    Up,
    Down,
    PageUp,
    PageDown,
    Home,
    /// Ctrl-C, or Ctrl-D.
    Interrupt,
    /// Ctrl-L: the screen may show something else than was written.
    Redraw,
    /// Something that means nothing here.
    Other,
}

/// The terminal, for as long as it is held: the lines that were there come back after.
pub(super) struct Terminal {
    before: Termios,
    keys: mpsc::Receiver<Key>,
    /// What is on the screen.
    shown: Vec<Line>,
    size: (usize, usize),
}

impl Terminal {
    pub(super) fn take() -> io::Result<Self> {
        let before = tcgetattr(io::stdin())?;
        let mut raw = before.clone();
        // Each key as it is pressed, Ctrl-C too: whatever ends this gives the terminal back first.
        raw.local_modes -= LocalModes::ICANON | LocalModes::ECHO | LocalModes::ISIG | LocalModes::IEXTEN;
        raw.input_modes -= InputModes::IXON | InputModes::ICRNL;
        tcsetattr(io::stdin(), OptionalActions::Flush, &raw)?;
        let (pressed, keys) = mpsc::channel(64);
        // It lives as long as the program, which ends with the terminal's being given back.
        thread::spawn(move || read_keys(&pressed));
        let terminal = Self { before, keys, shown: Vec::new(), size: (0, 0) };
        // The other screen, without a cursor.
        terminal.write("\x1b[?1049h\x1b[?25l\x1b[2J")?;
        Ok(terminal)
    }

    /// The next key; none when there is nobody any more who presses one.
    pub(super) async fn key(&mut self) -> Option<Key> {
        self.keys.recv().await
    }

    /// Has the next drawing write everything.
    pub(super) fn forget(&mut self) {
        self.shown.clear();
        self.size = (0, 0);
    }

    /// Writes the lines that have changed, in one piece that terminals which know of it show at once: nothing flickers.
    pub(super) fn draw(&mut self, lines: impl FnOnce(usize, usize) -> Vec<Line>) -> io::Result<()> {
        let size = tcgetwinsize(io::stdout())?;
        let size = (usize::from(size.ws_col), usize::from(size.ws_row));
        let mut text = String::from("\x1b[?2026h");
        if size != self.size {
            self.shown.clear();
            self.size = size;
            text.push_str("\x1b[2J");
        }
        let lines = lines(size.0, size.1);
        for (n, line) in lines.iter().enumerate() {
            if self.shown.get(n) == Some(line) {
                continue;
            }
            let look = match line.look {
                Look::Plain => "",
                Look::Strong => "\x1b[1m",
                Look::Head => "\x1b[7m",
                Look::Faint => "\x1b[2m",
            };
            text.push_str(&format!("\x1b[{};1H{look}{}\x1b[0m\x1b[K", n + 1, line.text));
        }
        text.push_str("\x1b[?2026l");
        self.shown = lines;
        self.write(&text)
    }

    fn write(&self, text: &str) -> io::Result<()> {
        let mut out = io::stdout().lock();
        out.write_all(text.as_bytes())?;
        out.flush()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // A terminal that is gone needs nothing back.
        let _ = self.write("\x1b[0m\x1b[?25h\x1b[?1049l");
        let _ = tcsetattr(io::stdin(), OptionalActions::Flush, &self.before);
    }
}

fn read_keys(pressed: &mpsc::Sender<Key>) {
    let mut bytes = [0; 256];
    let mut stdin = io::stdin().lock();
    // What is pressed comes whole, also where it is several bytes.
    while let Ok(length) = stdin.read(&mut bytes) {
        if length == 0 || keys(&bytes[..length]).into_iter().any(|key| pressed.blocking_send(key).is_err()) {
            return;
        }
    }
}

/// The keys of what has come at once.
fn keys(bytes: &[u8]) -> Vec<Key> {
    const SEQUENCES: [(&str, Key); 8] = [
        ("\x1b[A", Key::Up),
        ("\x1b[B", Key::Down),
        ("\x1bOA", Key::Up),
        ("\x1bOB", Key::Down),
        ("\x1b[5~", Key::PageUp),
        ("\x1b[6~", Key::PageDown),
        ("\x1b[H", Key::Home),
        ("\x1bOH", Key::Home),
    ];
    let text = String::from_utf8_lossy(bytes);
    let mut rest = &*text;
    let mut keys = Vec::new();
    while let Some(first) = rest.chars().next() {
        if let Some((sequence, key)) = SEQUENCES.iter().find(|(sequence, _)| rest.starts_with(sequence)) {
            keys.push(*key);
            rest = &rest[sequence.len()..];
            continue;
        }
        if first == '\x1b'
            && let Some(second) = rest.chars().nth(1)
        {
            // One that means nothing here, to its end.
            keys.push(Key::Other);
            rest = &rest[1 + second.len_utf8()..];
            if matches!(second, '[' | 'O') {
                let end = rest.find(|c: char| c.is_ascii_alphabetic() || c == '~');
                rest = end.map_or("", |end| &rest[end + 1..]);
            }
            continue;
        }
        keys.push(match first {
            '\x1b' => Key::Escape,
            '\r' | '\n' => Key::Enter,
            '\x7f' | '\x08' => Key::Erase,
            '\x03' | '\x04' => Key::Interrupt,
            '\x0c' => Key::Redraw,
            c if c.is_control() => Key::Other,
            c => Key::Char(c),
        });
        rest = &rest[first.len_utf8()..];
    }
    keys
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cli26_keys_are_read_as_terminals_send_them() {
        for (bytes, expected) in [
            (&b"qs"[..], vec![Key::Char('q'), Key::Char('s')]),
            (b"\x1b[A\x1bOB\x1b[6~", vec![Key::Up, Key::Down, Key::PageDown]),
            (b"\x1b", vec![Key::Escape]),
            (b"\x1b[1;5Cj", vec![Key::Other, Key::Char('j')]),
            (b"\x1bx", vec![Key::Other]),
            (b"\x1b\xc3\xa9j", vec![Key::Other, Key::Char('j')]),
            (b"\r\x7f\x03\x0c\x01", vec![Key::Enter, Key::Erase, Key::Interrupt, Key::Redraw, Key::Other]),
            ("é世".as_bytes(), vec![Key::Char('é'), Key::Char('世')]),
            (b"\xff", vec![Key::Char('\u{fffd}')]),
            (b"", vec![]),
        ] {
            assert_eq!(keys(bytes), expected, "{bytes:?}");
        }
    }
}
