//! What is shown: pure, from a picture and the size of the terminal to lines of text.

use std::cmp::Ordering;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::super::failure::Done;
use super::super::print::{self, clean};
use super::rates::{Picture, Row};
use super::terminal::Key;

/// What is told of a session, in the order of the columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Column {
    Events,
    Deliveries,
    Followers,
    Peers,
    Objects,
    Seq,
    Feed,
    Models,
    Session,
    Name,
}

impl Column {
    const ALL: [Self; 10] = [
        Self::Events,
        Self::Deliveries,
        Self::Followers,
        Self::Peers,
        Self::Objects,
        Self::Seq,
        Self::Feed,
        Self::Models,
        Self::Session,
        Self::Name,
    ];

    const fn head(self) -> &'static str {
        match self {
            Self::Events => "EVENTS/S",
            Self::Deliveries => "DELIVERIES/S",
            Self::Followers => "FOLLOWERS",
            Self::Peers => "PEERS",
            Self::Objects => "OBJECTS",
            Self::Seq => "SEQ",
            Self::Feed => "FEED",
            Self::Models => "MODELS",
            Self::Session => "SESSION",
            Self::Name => "NAME",
        }
    }

    /// Cells that it takes; a head with its mark is narrower.
    const fn width(self) -> usize {
        match self {
            Self::Events | Self::Feed | Self::Models => 10,
            Self::Followers => 11,
            Self::Deliveries => 14,
            Self::Peers => 7,
            Self::Objects => 9,
            Self::Seq => 11,
            Self::Session => 37,
            Self::Name => 0,
        }
    }

    /// Those that a screen of that width has room for, with the session's id and a part of its name.
    fn visible(width: usize) -> Vec<Self> {
        const FIRST_TO_GO: [Column; 5] =
            [Column::Peers, Column::Models, Column::Feed, Column::Seq, Column::Objects];
        const NAME: usize = 18;
        let mut columns = Self::ALL.to_vec();
        for gone in FIRST_TO_GO {
            let cells = |column: &Self| column.width() + if column.is_text() { 2 } else { 0 };
            if columns.iter().map(cells).sum::<usize>() + NAME <= width {
                break;
            }
            columns.retain(|column| *column != gone);
        }
        columns
    }

    const fn is_text(self) -> bool {
        matches!(self, Self::Session | Self::Name)
    }

    fn cell(self, row: &Row) -> String {
        match self {
            Self::Events => rate(row.events),
            Self::Deliveries => rate(row.deliveries),
            Self::Followers => count(row.followers),
            Self::Peers => count(row.peers),
            Self::Objects => count(row.objects),
            Self::Seq => count(row.seq),
            Self::Feed => bytes((row.feed_bytes + row.snapshot_bytes) as f64),
            Self::Models => bytes(row.asset_bytes as f64),
            Self::Session => row.session_id.to_string(),
            Self::Name => clean(row.name.as_deref().unwrap_or_default()),
        }
    }

    /// The larger first; texts in their own order.
    fn compare(self, a: &Row, b: &Row) -> Ordering {
        match self {
            Self::Events => b.events.total_cmp(&a.events),
            Self::Deliveries => b.deliveries.total_cmp(&a.deliveries),
            Self::Followers => b.followers.cmp(&a.followers),
            Self::Peers => b.peers.cmp(&a.peers),
            Self::Objects => b.objects.cmp(&a.objects),
            Self::Seq => b.seq.cmp(&a.seq),
            Self::Feed => (b.feed_bytes + b.snapshot_bytes).cmp(&(a.feed_bytes + a.snapshot_bytes)),
            Self::Models => b.asset_bytes.cmp(&a.asset_bytes),
            Self::Session => a.session_id.cmp(&b.session_id),
            Self::Name => a.name.cmp(&b.name),
        }
    }
}

/// The sessions in an order that stays where much is equal.
fn sorted<'a>(rows: impl Iterator<Item = &'a Row>, by: Column, reverse: bool) -> Vec<&'a Row> {
    let mut rows: Vec<_> = rows.collect();
    rows.sort_by(|a, b| {
        let order = by.compare(a, b);
        let order = if reverse { order.reverse() } else { order };
        order.then_with(|| b.followers.cmp(&a.followers)).then_with(|| a.session_id.cmp(&b.session_id))
    });
    rows
}

/// One table, for those who read it as text.
pub(super) fn print(picture: &Picture) -> Done {
    for line in summary(picture) {
        print::line(&line)?;
    }
    let rows = sorted(picture.busy.iter(), Column::Events, false);
    if rows.is_empty() {
        return Ok(());
    }
    print::line("")?;
    let mut table = print::Table::new(&Column::ALL.map(Column::head));
    for row in rows {
        table.row(Column::ALL.map(|column| column.cell(row)));
    }
    table.print()
}

/// What the server does as a whole.
fn summary(picture: &Picture) -> Vec<String> {
    let Picture { sessions, sessions_loaded, connections, followers, log, .. } = picture;
    let memory = picture.resident_bytes.map_or_else(|| "-".to_owned(), |all| bytes(all as f64));
    let lag = match (picture.lag_p90_events, picture.lag_p99_events) {
        (Some(p90), Some(p99)) => format!("lag p90/p99 {}/{} events", at_most(p90), at_most(p99)),
        _ => "lag none".to_owned(),
    };
    let flush =
        log.flush_p99_seconds.map_or_else(|| "none".to_owned(), |s| format!("{} ms", at_most(s * 1e3)));
    let mut lines = vec![
        format!(
            "sessions {} ({} in memory)   connections {}   followers {}   memory {memory}   up {}   {}",
            count(*sessions),
            count(*sessions_loaded),
            count(*connections),
            count(*followers),
            span(picture.uptime_ms / 1_000),
            picture.durability,
        ),
        format!(
            "commands/s {} ({} refused)   events/s {}   deliveries/s {}   requests/s {}   {lag}   resyncs/s {}",
            rate(picture.commands),
            rate(picture.commands_refused),
            rate(picture.events),
            rate(picture.deliveries),
            rate(picture.requests),
            rate(picture.resyncs),
        ),
    ];
    if picture.durability != "memory" {
        lines.push(format!(
            "log: commits/s {}   {}/s   flush p99 {flush}   journal {}   failures {}",
            rate(log.commits),
            bytes(log.written_bytes),
            bytes(log.journal_bytes),
            log.failures,
        ));
    }
    if log.damaged_sessions > 0.0 {
        lines.push(format!(
            "{} sessions are damaged and not served: see vws session ls",
            log.damaged_sessions
        ));
    }
    if picture.more {
        lines.push("there are more sessions in memory than are told here".to_owned());
    }
    lines
}

/// A line in as many as a screen of that width takes for it; what belongs together stays so.
fn flowing(line: &str, width: usize) -> Vec<String> {
    const BETWEEN: &str = "   ";
    let mut lines: Vec<String> = Vec::new();
    for part in line.split(BETWEEN) {
        match lines.last_mut() {
            Some(last) if last.width() + BETWEEN.len() + part.width() <= width => {
                last.push_str(BETWEEN);
                last.push_str(part);
            }
            _ => lines.push(part.to_owned()),
        }
    }
    lines
}

/// What is shown, and how whoever looks wants it.
#[derive(Debug)]
pub(super) struct View {
    server: String,
    picture: Option<Picture>,
    lost: Option<String>,
    sort: usize,
    reverse: bool,
    filter: String,
    /// A filter is being typed.
    typing: bool,
    paused: bool,
    top: usize,
    /// Sessions that there is room for, as of the last drawing.
    room: usize,
}

impl View {
    pub(super) const fn new(server: String) -> Self {
        Self {
            server,
            picture: None,
            lost: None,
            sort: 0,
            reverse: false,
            filter: String::new(),
            typing: false,
            paused: false,
            top: 0,
            room: 0,
        }
    }

    pub(super) fn show(&mut self, picture: Picture) {
        self.lost = None;
        if !self.paused {
            self.picture = Some(picture);
        }
    }

    pub(super) fn lose(&mut self, why: String) {
        self.lost = Some(why);
    }

    /// Takes a key, and tells whether it is the last one.
    pub(super) fn take(&mut self, key: &Key) -> bool {
        if self.typing {
            match key {
                Key::Char(c) => self.filter.push(*c),
                Key::Erase => {
                    self.filter.pop();
                }
                Key::Enter => self.typing = false,
                Key::Escape => (self.typing, self.filter) = (false, String::new()),
                Key::Interrupt => return true,
                _ => {}
            }
            self.top = 0;
            return false;
        }
        let page = self.room.max(1);
        match key {
            Key::Char('q') | Key::Interrupt => return true,
            Key::Char('s') => self.sort = (self.sort + 1) % Column::ALL.len(),
            Key::Char('S') => self.sort = (self.sort + Column::ALL.len() - 1) % Column::ALL.len(),
            Key::Char('r') => self.reverse = !self.reverse,
            Key::Char('/') => self.typing = true,
            Key::Char(' ') => self.paused = !self.paused,
            Key::Escape => self.filter.clear(),
            Key::Up | Key::Char('k') => self.top = self.top.saturating_sub(1),
            Key::Down | Key::Char('j') => self.top += 1,
            Key::PageUp => self.top = self.top.saturating_sub(page),
            Key::PageDown => self.top += page,
            Key::Home => self.top = 0,
            _ => {}
        }
        false
    }

    fn matches(&self, row: &Row) -> bool {
        let wanted = self.filter.to_lowercase();
        let name = row.name.as_deref().unwrap_or_default().to_lowercase();
        name.contains(&wanted) || row.session_id.to_string().contains(&wanted)
    }

    /// The screen, line by line, none wider than it is and no more of them than it has.
    pub(super) fn draw(&mut self, width: usize, height: usize) -> Vec<Line> {
        let mut lines = vec![Line::strong(format!("vws top  {}{}", self.server, self.state()))];
        let mut shown = Vec::new();
        let columns = Column::visible(width);
        if let Some(picture) = &self.picture {
            lines.extend(summary(picture).iter().flat_map(|line| flowing(line, width)).map(Line::plain));
            lines.push(Line::plain(String::new()));
            lines.push(Line::head(self.heads(&columns)));
            let found = picture.busy.iter().filter(|row| self.matches(row));
            shown = sorted(found, Column::ALL[self.sort], self.reverse);
        } else if self.lost.is_none() {
            lines.push(Line::plain("looking …".to_owned()));
        }
        self.room = height.saturating_sub(lines.len() + 1);
        self.top = self.top.min(shown.len().saturating_sub(self.room));
        lines
            .extend(shown.iter().skip(self.top).take(self.room).map(|row| Line::plain(cells(row, &columns))));
        lines.truncate(height.saturating_sub(1));
        lines.resize_with(height.saturating_sub(1), || Line::plain(String::new()));
        lines.push(Line::faint(self.help(shown.len())));
        lines.into_iter().map(|line| line.fit(width)).collect()
    }

    fn state(&self) -> String {
        match (&self.lost, self.paused) {
            (Some(why), _) => format!("  {}; trying again", clean(why)),
            (None, true) => "  paused".to_owned(),
            (None, false) => String::new(),
        }
    }

    fn heads(&self, columns: &[Column]) -> String {
        let head = |column: &Column| {
            let mark = if *column != Column::ALL[self.sort] {
                ""
            } else if self.reverse {
                "^"
            } else {
                "v"
            };
            aligned(*column, &format!("{}{mark}", column.head()))
        };
        columns.iter().map(head).collect()
    }

    fn help(&self, found: usize) -> String {
        if self.typing {
            return format!("filter: {}_   (enter keeps it, esc drops it)", clean(&self.filter));
        }
        let filter =
            if self.filter.is_empty() { String::new() } else { format!("   filter {:?}", self.filter) };
        format!("q quit  s sort  r reverse  / filter  space pause  arrows move   {found} shown{filter}")
    }
}

fn cells(row: &Row, columns: &[Column]) -> String {
    columns.iter().map(|column| aligned(*column, &column.cell(row))).collect()
}

/// Numbers to the right, texts to the left of their column, with a space between.
fn aligned(column: Column, text: &str) -> String {
    let space = " ".repeat(column.width().saturating_sub(text.width()));
    if column.is_text() { format!("  {text}{space}") } else { format!("{space}{text}") }
}

/// How a line looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    Plain,
    Strong,
    Head,
    Faint,
}

/// A line of the screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) text: String,
    pub(super) look: Look,
}

impl Line {
    const fn plain(text: String) -> Self {
        Self { text, look: Look::Plain }
    }

    const fn strong(text: String) -> Self {
        Self { text, look: Look::Strong }
    }

    const fn head(text: String) -> Self {
        Self { text, look: Look::Head }
    }

    const fn faint(text: String) -> Self {
        Self { text, look: Look::Faint }
    }

    /// Cut to the width of the screen. A head is as wide as that.
    fn fit(self, width: usize) -> Self {
        let mut left = width;
        let fits = |c: &char| {
            let cells = c.width().unwrap_or(0);
            let fits = cells <= left;
            left = if fits { left - cells } else { 0 };
            fits
        };
        let mut text: String = self.text.chars().take_while(fits).collect();
        if self.look == Look::Head {
            text.push_str(&" ".repeat(width.saturating_sub(text.width())));
        }
        Self { text, ..self }
    }
}

fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

fn rate(of: f64) -> String {
    if of > 0.0 && of < 9.95 { format!("{of:.1}") } else { count(of.round() as u64) }
}

/// The bound of a histogram's bucket.
fn at_most(bound: f64) -> String {
    if bound.is_infinite() {
        return "many".to_owned();
    }
    if bound.fract() == 0.0 { count(bound as u64) } else { format!("{bound:.2}") }
}

fn bytes(n: f64) -> String {
    const UNITS: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];
    let mut left = n;
    let mut unit = 0;
    while left >= 1_024.0 && unit + 1 < UNITS.len() {
        left /= 1_024.0;
        unit += 1;
    }
    if unit == 0 { format!("{left:.0} B") } else { format!("{left:.1} {}", UNITS[unit]) }
}

fn span(seconds: u64) -> String {
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, _) => format!("{minutes} min"),
        (0, ..) => format!("{hours} h {minutes} min"),
        _ => format!("{days} d {hours} h"),
    }
}

#[cfg(test)]
mod tests {
    use vws_core::SessionId;

    use super::super::rates::LogPicture;
    use super::*;

    fn row(n: u8, name: &str, events: f64, followers: u64) -> Row {
        Row {
            session_id: SessionId::from_uuid(uuid::Uuid::from_bytes([n; 16])),
            name: Some(name.to_owned()),
            events,
            deliveries: events * followers as f64,
            followers,
            peers: 1,
            objects: 1_234,
            seq: 12_345_678,
            feed_bytes: 2_048,
            snapshot_bytes: 0,
            asset_bytes: 0,
        }
    }

    fn picture(busy: Vec<Row>) -> Picture {
        Picture {
            uptime_ms: 93_784_000,
            durability: "buffered".to_owned(),
            sessions: 120,
            sessions_loaded: busy.len() as u64,
            connections: 1_204,
            followers: 1_180,
            resident_bytes: Some(3 << 20),
            commands: 2_310.4,
            commands_refused: 0.5,
            events: 2_306.0,
            deliveries: 230_600.0,
            requests: 12.0,
            resyncs: 0.0,
            lag_p90_events: Some(1.0),
            lag_p99_events: Some(f64::INFINITY),
            log: LogPicture {
                commits: 96.0,
                written_bytes: 1_258_291.2,
                flush_p99_seconds: Some(0.0032),
                journal_bytes: 4_299_161.6,
                failures: 0.0,
                damaged_sessions: 0.0,
            },
            busy,
            more: false,
        }
    }

    fn drawn(view: &mut View, width: usize, height: usize) -> Vec<String> {
        view.draw(width, height).into_iter().map(|line| line.text).collect()
    }

    fn names(view: &mut View) -> Vec<String> {
        let lines = drawn(view, 160, 20);
        let named = lines.iter().skip(6).take_while(|line| !line.is_empty());
        named.map(|line| line.split("  ").last().unwrap_or_default().trim().to_owned()).collect()
    }

    fn type_in(view: &mut View, keys: &str) {
        for c in keys.chars() {
            assert!(!view.take(&if c == '\n' { Key::Enter } else { Key::Char(c) }));
        }
    }

    #[test]
    fn cli26_sessions_are_sorted_and_filtered_as_the_keys_say() {
        let mut view = View::new("http://here".to_owned());
        view.show(picture(vec![
            row(1, "Atelier", 5.0, 9),
            row(2, "Bureau", 50.0, 1),
            row(3, "Cellar", 0.0, 99),
        ]));
        assert_eq!(names(&mut view), ["Bureau", "Atelier", "Cellar"]);
        type_in(&mut view, "r");
        assert_eq!(names(&mut view), ["Cellar", "Atelier", "Bureau"]);
        type_in(&mut view, "rss");
        assert_eq!(names(&mut view), ["Cellar", "Atelier", "Bureau"], "by followers");
        type_in(&mut view, "/EL");
        assert_eq!(names(&mut view), ["Cellar", "Atelier"]);
        assert_eq!(drawn(&mut view, 80, 20).last().map(|line| &line[..10]), Some("filter: EL"));
        type_in(&mut view, "\n");
        assert!(!view.take(&Key::Escape));
        assert_eq!(names(&mut view).len(), 3);
        type_in(&mut view, " ");
        view.show(picture(Vec::new()));
        assert_eq!(names(&mut view).len(), 3, "a pause keeps what is there");
        assert!(view.take(&Key::Char('q')));
    }

    #[test]
    fn cli26_the_screen_has_its_size_whatever_that_is_and_moves_over_many_sessions() {
        let mut view = View::new("http://here".to_owned());
        let wide = "名".repeat(60);
        let rows = (0..200).map(|n| row(n, if n == 7 { &wide } else { "w" }, f64::from(n), 1)).collect();
        view.show(picture(rows));
        for (width, height) in [(0, 0), (1, 1), (7, 3), (80, 24), (200, 60), (300, 250)] {
            let lines = drawn(&mut view, width, height);
            assert_eq!(lines.len(), height.max(1), "{width} x {height}");
            assert!(lines.iter().all(|line| line.width() <= width), "{width} x {height}: {lines:?}");
        }
        drawn(&mut view, 80, 24);
        for _ in 0..100 {
            view.take(&Key::PageDown);
            drawn(&mut view, 80, 24);
        }
        let last = drawn(&mut view, 80, 24);
        assert!(last[22].contains("00000000-0000-0000-0000-000000000000"), "{last:?}");
        assert!(last[1..5].iter().any(|line| line.contains("resyncs/s 0")), "nothing is cut off: {last:?}");
        view.take(&Key::Home);
        let first = drawn(&mut view, 80, 24);
        assert!(first.iter().any(|line| line.contains("c7c7c7c7")), "the first again: {first:?}");
        view.lose("cannot reach it".to_owned());
        assert!(drawn(&mut view, 80, 24)[0].contains("cannot reach it; trying again"));
    }

    #[test]
    fn cli26_no_name_reaches_the_terminal_as_a_control() {
        let mut view = View::new("http://here".to_owned());
        view.show(picture(vec![row(1, "a\u{1b}[2J", 1.0, 1)]));
        type_in(&mut view, "/a\u{1b}");
        assert!(drawn(&mut view, 200, 20).iter().all(|line| !line.contains('\u{1b}')));
    }

    #[test]
    fn cli26_numbers_are_short_and_exact_where_they_are_small() {
        assert_eq!(
            [count(0), count(999), count(1_000), count(1_234_567)],
            ["0", "999", "1,000", "1,234,567"]
        );
        assert_eq!(
            [rate(0.0), rate(0.04), rate(9.9), rate(9.96), rate(1_234.4)],
            ["0", "0.0", "9.9", "10", "1,234"]
        );
        assert_eq!([bytes(0.0), bytes(1_023.0), bytes(1_536.0)], ["0 B", "1023 B", "1.5 KiB"]);
        assert_eq!([span(59), span(3_600), span(93_784)], ["59 s", "1 h 0 min", "1 d 2 h"]);
    }
}
