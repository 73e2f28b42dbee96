//! `vws top`: what a server does, live.
//!
//! # Layout
//! - this file: the command. `sample`: what a server says of itself, at one moment. `rates`: what lies between two.
//! - `screen`: what is shown of it. `terminal`: the terminal, and its keys.

mod rates;
mod sample;
mod screen;
mod terminal;

use std::io::{self, IsTerminal};
use std::time::Duration;

use clap::Args;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::{Instant, sleep_until};
use vws_server::units::Span;

use super::failure::{Done, Failure};
use super::remote::Remote;
use super::{Common, EXIT_CODES, print};
use rates::Picture;
use sample::Sample;
use screen::View;
use terminal::{Key, Terminal};

/// The shortest time between two looks: each costs the server what it tells.
const SHORTEST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(3_600);

/// Watch what a server does: sessions by what happens in them, followers, rates, memory, the log.
///
/// In a terminal it is drawn anew at each interval; keys: s the next column to sort by, r the other way round, / a filter by
/// name or id, space to pause, arrows and page keys to move, q to quit. Elsewhere, and with --once, it looks twice, one
/// interval apart, and prints a table. It takes a token of at least the role own for all sessions.
#[derive(Debug, Args)]
#[command(after_help = EXIT_CODES)]
pub(crate) struct Top {
    /// How long between two looks.
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = interval)]
    interval: Duration,
    /// Print one table and end.
    #[arg(long)]
    once: bool,
    #[command(flatten)]
    pub(crate) common: Common,
}

fn interval(text: &str) -> Result<Duration, String> {
    let span: Span = text.parse()?;
    let within = (SHORTEST..=LONGEST).contains(&span.get());
    within.then(|| span.get()).ok_or_else(|| format!("{text} is outside [100ms, 1h]"))
}

impl Top {
    pub(crate) async fn run(self) -> Done {
        let mut remote = self.common.remote()?;
        let first = Sample::take(&mut remote).await?;
        let is_terminal = io::stdin().is_terminal() && io::stdout().is_terminal();
        if self.common.form.json && !self.once {
            return tokio::select! {
                done = self.lines(remote, first) => done,
                gone = print::nobody_reads() => Err(gone),
            };
        }
        if self.once || !is_terminal {
            tokio::time::sleep(self.interval).await;
            let picture = Picture::of(&first, &Sample::take(&mut remote).await?);
            return if self.common.form.json { print::json(&picture) } else { screen::print(&picture) };
        }
        self.live(remote, first).await
    }

    /// A line of JSON at each interval, until nobody reads them.
    async fn lines(&self, mut remote: Remote, mut last: Sample) -> Done {
        loop {
            tokio::time::sleep(self.interval).await;
            let next = Sample::take(&mut remote).await?;
            print::json(&Picture::of(&last, &next))?;
            last = next;
        }
    }

    async fn live(&self, mut remote: Remote, mut last: Sample) -> Done {
        let cannot = |error: io::Error| Failure::file("use the terminal", &error);
        let mut resized = signal(SignalKind::window_change()).map_err(cannot)?;
        let mut ended = signal(SignalKind::terminate()).map_err(cannot)?;
        let mut terminal = Terminal::take().map_err(cannot)?;
        let mut view = View::new(self.common.url.to_string());
        let mut next_look = Instant::now() + self.interval.min(Duration::from_millis(500));
        loop {
            terminal.draw(|width, height| view.draw(width, height)).map_err(cannot)?;
            tokio::select! {
                key = terminal.key() => match key {
                    None => return Ok(()),
                    Some(key) if view.take(&key) => return Ok(()),
                    Some(Key::Redraw) => terminal.forget(),
                    Some(_) => {}
                },
                _ = resized.recv() => terminal.forget(),
                _ = ended.recv() => return Ok(()),
                () = sleep_until(next_look) => {
                    match Sample::take(&mut remote).await {
                        Ok(next) => {
                            view.show(Picture::of(&last, &next));
                            last = next;
                        }
                        // A server that is started again is looked at again.
                        Err(Failure::Unreachable(why)) => view.lose(why),
                        Err(other) => return Err(other),
                    }
                    next_look = Instant::now() + self.interval;
                }
            }
        }
    }
}
