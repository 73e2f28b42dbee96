//! What a connection does next. Pure: time and randomness come in as arguments.

use vws_core::wire::CloseCode;

use super::backoff;

/// How a connection stands.
#[derive(Debug, Clone, PartialEq)]
pub enum Status {
    /// A socket is being opened, or has been and the server's welcome is awaited.
    Connecting,
    /// The server has welcomed this client.
    Online,
    /// The socket is gone; another one is tried at `until`.
    Waiting {
        /// When, in monotonic milliseconds.
        until: f64,
    },
    /// Over, until the user asks again.
    Ended(Ended),
}

/// Why a connection is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    /// The session does not exist, or no longer.
    NoSuchSession,
    /// The server refused this client, and would again.
    Refused {
        /// The number in the close frame.
        code: u16,
        /// The reason in the close frame.
        reason: String,
    },
}

/// What happened to a connection.
#[derive(Debug, Clone, PartialEq)]
pub enum Input {
    /// The server's welcome has come.
    Welcomed,
    /// The socket is gone, or was found dead, or could not be made.
    Lost {
        /// The number in the close frame; 1006 where there was none.
        code: u16,
        /// The reason in the close frame.
        reason: String,
    },
    /// The wait is over.
    Due,
    /// The browser has a network again, or the user does not want to wait.
    RetryNow,
    /// The greeting has changed since the welcome. It is said on a new socket, since a connection has only one.
    GreetAnew,
}

/// What to do about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Nothing.
    Stay,
    /// Open a socket.
    Connect,
    /// Take another client id, then open a socket.
    ConnectAsAnother,
    /// Wait, then say [`Input::Due`].
    Wait,
    /// Nothing, for good.
    Stop,
}

/// Failures in a row up to which a greeting that the server did not take is taken to have come too late.
const BAD_HELLOS: u32 = 3;

/// Connects again and again until it is told that this is of no use.
#[derive(Debug)]
pub struct Machine {
    status: Status,
    /// Failures since the last welcome.
    failures: u32,
}

impl Default for Machine {
    /// A machine whose first socket is being opened.
    fn default() -> Self {
        Self { status: Status::Connecting, failures: 0 }
    }
}

impl Machine {
    /// How the connection stands.
    #[must_use]
    pub const fn status(&self) -> &Status {
        &self.status
    }

    /// Takes in what happened at `now` (monotonic milliseconds), `random` in [0, 1).
    pub fn on(&mut self, input: Input, now: f64, random: f64) -> Step {
        match input {
            Input::Welcomed => {
                self.failures = 0;
                self.status = Status::Online;
                Step::Stay
            }
            Input::Lost { code, reason } => self.lost(code, reason, now, random),
            Input::Due => match self.status {
                Status::Waiting { .. } => self.connect(),
                _ => Step::Stay,
            },
            Input::RetryNow => match self.status {
                Status::Waiting { .. } | Status::Ended(_) => self.connect(),
                Status::Connecting | Status::Online => Step::Stay,
            },
            Input::GreetAnew => match self.status {
                Status::Online => self.connect(),
                Status::Connecting | Status::Waiting { .. } | Status::Ended(_) => Step::Stay,
            },
        }
    }

    fn connect(&mut self) -> Step {
        self.status = Status::Connecting;
        Step::Connect
    }

    fn lost(&mut self, code: u16, reason: String, now: f64, random: f64) -> Step {
        let known = CloseCode::from_code(code);
        match known {
            Some(CloseCode::NoSuchSession) => self.end(Ended::NoSuchSession),
            // A duplicated tab has the id of the one it was made of. Two of them would take it from
            // each other for ever.
            Some(CloseCode::Superseded) => {
                self.status = Status::Connecting;
                Step::ConnectAsAnother
            }
            // A page that is busy for seconds, as a slow machine is with its first picture, greets too late.
            Some(CloseCode::BadHello) if self.failures < BAD_HELLOS => self.wait(now, random),
            Some(known) if !known.is_worth_a_retry() => self.end(Ended::Refused { code, reason }),
            _ => self.wait(now, random),
        }
    }

    fn wait(&mut self, now: f64, random: f64) -> Step {
        let until = now + backoff::delay_ms(self.failures, random);
        self.failures = self.failures.saturating_add(1);
        self.status = Status::Waiting { until };
        Step::Wait
    }

    fn end(&mut self, why: Ended) -> Step {
        self.status = Status::Ended(why);
        Step::Stop
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn lost(code: u16) -> Input {
        Input::Lost { code, reason: String::new() }
    }

    #[test]
    fn a_lost_connection_is_tried_again_ever_more_slowly() {
        let mut machine = Machine::default();
        machine.on(Input::Welcomed, 0.0, 0.0);
        for wait in [500.0, 1_000.0, 2_000.0] {
            assert_eq!(machine.on(lost(1006), 100.0, 1.0), Step::Wait);
            assert_eq!(*machine.status(), Status::Waiting { until: 100.0 + wait });
            assert_eq!(machine.on(Input::Due, 0.0, 0.0), Step::Connect);
        }
        machine.on(Input::Welcomed, 0.0, 0.0);
        machine.on(lost(1001), 0.0, 1.0);
        assert_eq!(*machine.status(), Status::Waiting { until: 500.0 }, "a welcome starts over");
    }

    #[test]
    fn an_open_socket_alone_starts_nothing_over() {
        let mut machine = Machine::default();
        machine.on(lost(1006), 0.0, 1.0);
        machine.on(Input::Due, 0.0, 0.0);
        machine.on(lost(1006), 0.0, 1.0);
        assert_eq!(*machine.status(), Status::Waiting { until: 1_000.0 });
    }

    #[test]
    fn the_user_need_not_wait() {
        let mut machine = Machine::default();
        machine.on(lost(1006), 0.0, 1.0);
        assert_eq!(machine.on(Input::RetryNow, 0.0, 0.0), Step::Connect);
        assert_eq!(machine.on(Input::RetryNow, 0.0, 0.0), Step::Stay, "it is connecting already");
        assert_eq!(machine.on(Input::Due, 0.0, 0.0), Step::Stay, "a timer that comes late is nothing");
    }

    #[test]
    fn what_a_retry_cannot_mend_ends_it() {
        let mut machine = Machine::default();
        assert_eq!(machine.on(lost(4004), 0.0, 0.0), Step::Stop);
        assert_eq!(*machine.status(), Status::Ended(Ended::NoSuchSession));
        for code in [4001, 4003, 4009, 1009] {
            let mut machine = Machine::default();
            assert_eq!(machine.on(lost(code), 0.0, 0.0), Step::Stop, "{code}");
            assert!(matches!(machine.status(), Status::Ended(Ended::Refused { .. })));
            assert_eq!(machine.on(Input::RetryNow, 0.0, 0.0), Step::Connect, "the user may still ask");
        }
    }

    #[test]
    fn a_greeting_that_came_too_late_is_said_again_but_not_for_ever() {
        let mut machine = Machine::default();
        for _ in 0..BAD_HELLOS {
            assert_eq!(machine.on(lost(4000), 0.0, 0.0), Step::Wait);
            assert_eq!(machine.on(Input::Due, 0.0, 0.0), Step::Connect);
        }
        assert_eq!(machine.on(lost(4000), 0.0, 0.0), Step::Stop);
        assert!(matches!(machine.status(), Status::Ended(Ended::Refused { code: 4000, .. })));
    }

    #[test]
    fn a_new_greeting_takes_a_new_socket_at_once_where_the_old_one_was_answered() {
        let mut machine = Machine::default();
        machine.on(Input::Welcomed, 0.0, 0.0);
        assert_eq!(machine.on(Input::GreetAnew, 0.0, 0.0), Step::Connect);
        assert_eq!(*machine.status(), Status::Connecting);
        assert_eq!(machine.on(Input::GreetAnew, 0.0, 0.0), Step::Stay, "it is on its way");
        machine.on(lost(1006), 0.0, 1.0);
        assert_eq!(machine.on(Input::GreetAnew, 0.0, 0.0), Step::Stay, "the next socket says it anyway");
    }

    #[test]
    fn a_superseded_client_comes_back_as_another() {
        let mut machine = Machine::default();
        assert_eq!(machine.on(lost(4010), 0.0, 0.0), Step::ConnectAsAnother);
        assert_eq!(*machine.status(), Status::Connecting);
    }
}
