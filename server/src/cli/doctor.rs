//! `vws doctor`: what is wrong with a data directory, and its repair.

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;
use vws_server::assets::doctor::AssetReport;
use vws_server::log::disk::OpenError;
use vws_server::log::disk::doctor::{self, Examination, Remains, Repaired};

use super::Form;
use super::failure::{Done, Failure};
use super::print::{self, Table};

const EXIT_CODES: &str = "Exit codes: 0 sound or repaired, 1 damaged, or nothing was left to repair of a session, \
                          2 wrong command line, 5 the data directory cannot be used.";

/// Looks at every byte of a data directory that no server has in use.
#[derive(Debug, Args)]
#[command(after_help = EXIT_CODES)]
pub(crate) struct Doctor {
    /// The data directory.
    data: PathBuf,
    /// Cut what is damaged to what is whole of it. What was there before is kept in the folder `damaged`.
    #[arg(long)]
    repair: bool,
    #[command(flatten)]
    pub(crate) form: Form,
}

impl Doctor {
    pub(crate) fn run(self) -> Done {
        let bar = print::progress(Some(0), "sessions", "looking");
        let progress = |done: usize, all: usize| {
            bar.set_length(all as u64);
            bar.set_position(done as u64);
        };
        if self.repair {
            let repaired = doctor::repair(&self.data, progress).map_err(|error| unusable(&error))?;
            bar.finish_and_clear();
            if self.form.json {
                print::json(&repaired)?;
            } else {
                tell(&repaired.found)?;
                tell_repair(&repaired)?;
            }
            return if repaired.lost.is_empty() { Ok(()) } else { Err(Failure::Told) };
        }
        let found = doctor::examine(&self.data, progress).map_err(|error| unusable(&error))?;
        bar.finish_and_clear();
        if self.form.json {
            print::json(&Found { sound: found.is_sound(), found: &found })?;
        } else {
            tell(&found)?;
            if !found.is_sound() {
                print::line(
                    "Nothing was changed. To cut what is damaged to what is whole of it, add --repair.",
                )?;
            }
        }
        if found.is_sound() { Ok(()) } else { Err(Failure::Told) }
    }
}

#[derive(Serialize)]
struct Found<'a> {
    sound: bool,
    #[serde(flatten)]
    found: &'a Examination,
}

fn unusable(error: &OpenError) -> Failure {
    Failure::Data(error.to_string())
}

fn tell(found: &Examination) -> Done {
    let sick: Vec<_> = found.sessions.iter().filter(|session| !session.is_sound()).collect();
    let mut table = Table::new(&["SESSION", "NAME", "EVENTS", "A REPAIR KEEPS", "PROBLEM"]);
    for session in &sick {
        let name = session.name.as_ref().map_or_else(String::new, ToString::to_string);
        let keeps = match session.repair {
            Some(Remains { from, through }) if from == through => format!("the state at event {through}"),
            Some(remains) if remains.from == 0 => format!("events 1 to {}", remains.through),
            Some(remains) => format!("from event {} to {}", remains.from, remains.through),
            None => "nothing".to_owned(),
        };
        let mut first = [session.session_id.to_string(), name, session.seq.to_string(), keeps];
        for problem in &session.problems {
            table.row(first.into_iter().chain([problem.clone()]));
            first = [const { String::new() }; 4];
        }
    }
    table.print()?;
    for problem in &found.problems {
        print::line(&print::clean(problem))?;
    }
    for stray in &found.strays {
        print::line(&print::clean(&format!("{} belongs to no session", stray.display())))?;
    }
    for damaged in &found.assets.damaged {
        print::line(&format!(
            "{} has another content than it was given; a repair takes it out",
            damaged.display()
        ))?;
    }
    if found.torn_bytes > 0 {
        print::line(&format!(
            "{} bytes at the journal's end were never finished; the next start cuts them",
            found.torn_bytes
        ))?;
    }
    let bytes: u64 = found.sessions.iter().map(|session| session.bytes).sum();
    let events: u64 = found.sessions.iter().map(|session| session.seq - session.from.min(session.seq)).sum();
    print::line(&format!(
        "{} sessions, {events} events, {bytes} bytes: {}",
        found.sessions.len(),
        match sick.len() {
            0 if found.is_sound() => "all sound".to_owned(),
            0 => "the sessions are sound".to_owned(),
            damaged => format!("{damaged} damaged"),
        }
    ))?;
    let AssetReport { files, bytes, damaged, .. } = &found.assets;
    if *files == 0 {
        return Ok(());
    }
    print::line(&format!(
        "{files} models, {bytes} bytes: {}",
        if damaged.is_empty() { "all sound".to_owned() } else { format!("{} damaged", damaged.len()) }
    ))
}

fn tell_repair(repaired: &Repaired) -> Done {
    for session in &repaired.repaired {
        print::line(&format!("{session} is cut to what is whole of it"))?;
    }
    for session in &repaired.lost {
        print::line(&format!("{session} is taken out: nothing of it is whole"))?;
    }
    print::line("What was there before is in the folder damaged; remove it when it is of no more use.")
}
