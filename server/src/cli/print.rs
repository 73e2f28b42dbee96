//! What commands write: tables for people, one JSON value a line for programs.

use std::io::{self, IsTerminal, Write};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use serde::Serialize;
use tokio::sync::oneshot;
use unicode_width::UnicodeWidthStr;

use super::failure::{Done, Failure};

/// Writes a line to stdout.
pub(crate) fn line(text: &str) -> Done {
    write(|out| writeln!(out, "{text}"))
}

/// Writes a value as one line of JSON.
pub(crate) fn json<T: Serialize + ?Sized>(value: &T) -> Done {
    let text = serde_json::to_string(value).map_err(|error| Failure::Failed(error.to_string()))?;
    line(&text)
}

fn write(act: impl FnOnce(&mut io::StdoutLock<'_>) -> io::Result<()>) -> Done {
    let mut out = io::stdout().lock();
    act(&mut out).and_then(|()| out.flush()).map_err(|error| unwritten(&error))
}

/// Why stdout does not take what is written. A reader that is gone is no fault.
pub(crate) fn unwritten(error: &io::Error) -> Failure {
    match error.kind() {
        io::ErrorKind::BrokenPipe => Failure::NobodyReads,
        _ => Failure::file("write to stdout", error),
    }
}

/// Ends when whoever read stdout is gone: who waits for something to tell would notice only when it comes.
pub(crate) async fn nobody_reads() -> Failure {
    let (gone, told) = oneshot::channel();
    // It lives as long as the program, which waits for nothing else meanwhile.
    std::thread::spawn(move || {
        let out = io::stdout();
        let mut stdout = [PollFd::new(&out, PollFlags::empty())];
        let left = PollFlags::ERR | PollFlags::HUP;
        while let Err(Errno::INTR) = poll(&mut stdout, None) {}
        // Where it cannot be told, the next write will.
        if stdout[0].revents().intersects(left) {
            let _ = gone.send(());
        }
    });
    if told.await.is_err() {
        std::future::pending::<()>().await;
    }
    Failure::NobodyReads
}

/// Says something to a person that is no part of the result.
pub(crate) fn note(text: &str) {
    // Whoever closed stderr does not want to hear it.
    let _ = writeln!(io::stderr(), "{text}");
}

/// Rows under heads, each column as wide as it must be.
pub(crate) struct Table {
    heads: Vec<&'static str>,
    rows: Vec<Vec<String>>,
}

impl Table {
    pub(crate) fn new(heads: &[&'static str]) -> Self {
        Self { heads: heads.to_vec(), rows: Vec::new() }
    }

    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().map(|cell| clean(&cell)).collect());
    }

    /// Writes it; nothing at all where there is no row.
    pub(crate) fn print(&self) -> Done {
        if self.rows.is_empty() {
            return Ok(());
        }
        write(|out| self.lines().iter().try_for_each(|text| writeln!(out, "{text}")))
    }

    fn lines(&self) -> Vec<String> {
        let heads: Vec<String> = self.heads.iter().map(|&head| head.to_owned()).collect();
        let all = || std::iter::once(&heads).chain(&self.rows);
        let width = |column: usize| {
            all().filter_map(|row| row.get(column)).map(|cell| cell.width()).max().unwrap_or_default()
        };
        let widths: Vec<usize> = (0..heads.len()).map(width).collect();
        all()
            .map(|row| {
                let cells = row.iter().zip(&widths).map(|(cell, width)| {
                    let space = " ".repeat(width.saturating_sub(cell.width()));
                    format!("{cell}{space}")
                });
                cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
            })
            .collect()
    }
}

/// A text that does nothing to a terminal but show itself: whoever named things may be anybody.
pub(crate) fn clean(text: &str) -> String {
    let is_bidi = |c: char| matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    text.chars().fold(String::with_capacity(text.len()), |mut out, c| {
        if c.is_control() || is_bidi(c) {
            out.extend(c.escape_default());
        } else {
            out.push(c);
        }
        out
    })
}

/// A bar on stderr for work that takes a while, where stderr is a terminal; else nothing.
pub(crate) fn progress(total: Option<u64>, unit: &str, words: &'static str) -> ProgressBar {
    if !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let count = match unit {
        "bytes" => "{bytes}/{total_bytes}",
        _ => "{pos}/{len}",
    };
    let template = match total {
        Some(_) => format!("{{msg}} [{{bar:40}}] {count} {{eta}}"),
        None => "{msg} {spinner} {bytes} {elapsed}".to_owned(),
    };
    let bar = ProgressBar::with_draw_target(total, ProgressDrawTarget::stderr()).with_message(words);
    match ProgressStyle::with_template(&template) {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cli7_tables_are_straight_in_any_script() {
        let mut table = Table::new(&["NAME", "N"]);
        table.row(["世界".to_owned(), "1".to_owned()]);
        table.row(["a".to_owned(), "22".to_owned()]);
        assert_eq!(table.lines(), ["NAME  N", "世界  1", "a     22"]);
    }

    #[test]
    fn cli7_no_text_reaches_the_terminal_as_a_control() {
        assert_eq!(clean("a\u{1b}[31m\n\u{202e}b世"), "a\\u{1b}[31m\\n\\u{202e}b世");
    }
}
