//! Log lines, written by a thread of their own: a reader of stderr that stalls never stalls the
//! server. Lines that do not fit its queue are dropped and counted.

use std::io::{self, Write};
use std::panic;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, SyncSender, TrySendError};
use std::thread::JoinHandle;

use tracing::error;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::{EnvFilter, fmt};

use crate::config::LogFormat;

/// Lines that wait to be written. At some 200 bytes each that is under 2 MiB.
const QUEUE_LINES: usize = 8_192;

/// Writes out what is still queued when it is dropped.
#[derive(Debug)]
pub struct Logger {
    sender: SyncSender<Message>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug)]
enum Message {
    Line(Vec<u8>),
    End,
}

/// Starts logging for the whole process.
///
/// # Errors
/// When `filter` is not a level or a list of tracing directives.
pub fn start(format: LogFormat, filter: &str) -> Result<Logger, String> {
    let filter = EnvFilter::try_new(quieter(filter)).map_err(|error| error.to_string())?;
    let (sender, receiver) = mpsc::sync_channel(QUEUE_LINES);
    let dropped = Arc::new(AtomicU64::new(0));
    let queue = Queue { sender: sender.clone(), dropped: Arc::clone(&dropped) };
    let thread = std::thread::Builder::new()
        .name("log".to_owned())
        .spawn(move || write_all(&receiver, &dropped))
        .map_err(|error| error.to_string())?;
    let lines = fmt().with_env_filter(filter).with_writer(queue);
    let installed = match format {
        LogFormat::Human => lines.with_ansi(false).with_target(false).try_init(),
        LogFormat::Json => {
            lines.json().flatten_event(true).with_current_span(true).with_span_list(false).try_init()
        }
    };
    installed.map_err(|error| error.to_string())?;
    Ok(Logger { sender, thread: Some(thread) })
}

/// At `info` the client of NATS tells what the server itself tells, in other words.
fn quieter(filter: &str) -> String {
    let is_info = filter.split(',').any(|directive| directive.trim() == "info");
    if is_info && !filter.contains("async_nats") {
        format!("{filter},async_nats=warn")
    } else {
        filter.to_owned()
    }
}

/// Has every panic logged once, with its place. What a client hears of it is a plain 500.
pub fn panics() {
    panic::set_hook(Box::new(|info| {
        let place = info.location().map(ToString::to_string).unwrap_or_default();
        error!(panic.message = info.payload_as_str().unwrap_or("(no text)"), panic.place = place, "panic");
    }));
}

impl Drop for Logger {
    fn drop(&mut self) {
        // The thread takes lines as long as it lives, so this waits for room and no longer.
        let _ = self.sender.send(Message::End);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn write_all(lines: &Receiver<Message>, dropped: &AtomicU64) {
    let mut out = io::stderr();
    while let Ok(Message::Line(line)) = lines.recv() {
        let missing = dropped.swap(0, Ordering::Relaxed);
        if missing > 0 {
            // There is nowhere else to tell that stderr is gone.
            let _ = writeln!(out, "{missing} log lines were dropped: stderr was not read in time");
        }
        let _ = out.write_all(&line);
    }
}

#[derive(Clone)]
struct Queue {
    sender: SyncSender<Message>,
    dropped: Arc<AtomicU64>,
}

impl<'a> MakeWriter<'a> for Queue {
    type Writer = Line<'a>;

    fn make_writer(&'a self) -> Line<'a> {
        Line { queue: self, bytes: Vec::with_capacity(256) }
    }
}

/// One line in the making; it is queued when it is whole.
struct Line<'a> {
    queue: &'a Queue,
    bytes: Vec<u8>,
}

impl Write for Line<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Line<'_> {
    fn drop(&mut self) {
        if self.bytes.is_empty() {
            return;
        }
        let line = Message::Line(std::mem::take(&mut self.bytes));
        if let Err(TrySendError::Full(_)) = self.queue.sender.try_send(line) {
            self.queue.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }
}
