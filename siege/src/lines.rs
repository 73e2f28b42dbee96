//! The lines, each by its name on the command line.

mod autobahn;
mod floods;
mod idle;
mod malformed;
mod mixed;
mod sessions;
mod slow;
mod stalled;

use clap::ValueEnum;

use crate::verdict::{Verdict, count};

/// A line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Name {
    /// Requests whose head comes a byte at a time.
    SlowHeads,
    /// Requests whose body comes a byte at a time.
    SlowBodies,
    /// WebSocket messages that come a byte at a time.
    SlowMessages,
    /// Subscribers that take nothing of what they are told.
    Stalled,
    /// Commands as fast as a connection takes them.
    Commands,
    /// Presence as fast as a connection takes it.
    Presence,
    /// Pings as fast as a connection takes them.
    Pings,
    /// Connections that are opened and reset.
    Connects,
    /// More connections than there may be.
    Full,
    /// Clients that join and leave.
    Reconnects,
    /// What no client should send.
    Malformed,
    /// Autobahn's suite for WebSocket.
    Autobahn,
    /// Connections that say nothing.
    Idle,
    /// Sessions that are made and deleted.
    Sessions,
    /// Everything that clients do, for long.
    Mixed,
}

/// How much of a line is done.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Form {
    pub(crate) is_quick: bool,
    pub(crate) is_dev: bool,
    /// Of what takes minutes, where that is told.
    pub(crate) minutes: Option<f64>,
    /// Of malformed input.
    pub(crate) seed: u64,
}

impl Form {
    /// One value for the whole form and one for the short one.
    pub(crate) const fn of<T: Copy>(&self, whole: T, quick: T) -> T {
        if self.is_quick { quick } else { whole }
    }

    /// How long the other clients may wait, in milliseconds. The short form runs where others build.
    pub(crate) const fn others_wait(&self) -> f64 {
        self.of(50.0, 500.0)
    }

    /// What makes a line of this form again.
    pub(crate) fn command(&self, name: Name) -> String {
        let mut command = format!("cargo xtask reliability {}", name.word());
        if self.is_quick {
            command += " --quick";
        }
        if self.is_dev {
            command += " --dev";
        }
        if let Some(minutes) = self.minutes.filter(|_| matches!(name, Name::Mixed | Name::Idle)) {
            command += &format!(" --minutes {minutes}");
        }
        if name == Name::Malformed && self.seed != 1 {
            command += &format!(" --seed {}", self.seed);
        }
        command
    }
}

impl Name {
    /// All of them, in the order of the table.
    pub(crate) const ALL: [Self; 15] = [
        Self::SlowHeads,
        Self::SlowBodies,
        Self::SlowMessages,
        Self::Stalled,
        Self::Commands,
        Self::Presence,
        Self::Pings,
        Self::Connects,
        Self::Full,
        Self::Reconnects,
        Self::Malformed,
        Self::Autobahn,
        Self::Idle,
        Self::Sessions,
        Self::Mixed,
    ];

    /// As it is written on the command line.
    pub(crate) fn word(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }

    /// As it is called in the table.
    pub(crate) fn title(self, form: &Form) -> String {
        match self {
            Self::SlowHeads => format!("{} heads at a byte a second", count(slow::COUNT as u64)),
            Self::SlowBodies => format!("{} bodies at a byte a second", count(slow::COUNT as u64)),
            Self::SlowMessages => format!("{} messages at a byte a second", count(slow::COUNT as u64)),
            Self::Stalled => format!("{} stalled subscribers at 1,000 events/s", stalled::STALLED),
            Self::Commands => "flood of commands".to_owned(),
            Self::Presence => "flood of presence".to_owned(),
            Self::Pings => "flood of pings".to_owned(),
            Self::Connects => "flood of connections".to_owned(),
            Self::Full => "more connections than there may be".to_owned(),
            Self::Reconnects => "flood of joins and leaves".to_owned(),
            Self::Malformed => {
                format!("{} connections with malformed input", count(malformed::connections(form)))
            }
            Self::Autobahn => "Autobahn, cases 1–7, 9, 10".to_owned(),
            Self::Idle => {
                let (many, minutes) = (count(idle::connections(form) as u64), spoken(idle::minutes(form)));
                format!("{many} idle connections for {minutes}")
            }
            Self::Sessions => format!("{} sessions made and deleted", count(sessions::sessions(form))),
            Self::Mixed => format!("{} of mixed load", spoken(mixed::minutes(form))),
        }
    }

    /// Proves it.
    ///
    /// # Errors
    /// Where it does not come to a verdict.
    pub(crate) fn prove(self, form: &Form) -> Result<Verdict, String> {
        match self {
            Self::SlowHeads => slow::heads(form),
            Self::SlowBodies => slow::bodies(form),
            Self::SlowMessages => slow::messages(form),
            Self::Stalled => stalled::prove(form),
            Self::Commands => floods::commands(form),
            Self::Presence => floods::presence(form),
            Self::Pings => floods::pings(form),
            Self::Connects => floods::connects(form),
            Self::Full => floods::full(form),
            Self::Reconnects => floods::reconnects(form),
            Self::Malformed => malformed::prove(form),
            Self::Autobahn => autobahn::prove(),
            Self::Idle => idle::prove(form),
            Self::Sessions => sessions::prove(form),
            Self::Mixed => mixed::prove(form),
        }
    }
}

/// `10 min`, `20 s`.
fn spoken(minutes: f64) -> String {
    if minutes >= 1.0 { format!("{minutes} min") } else { format!("{:.0} s", minutes * 60.0) }
}
