//! Three nodes over NATS JetStream, beside JetStream alone with the same messages.
//!
//! Everything shares this machine: NATS servers, nodes, and who loads them. So what more machines would do cannot be seen
//! here, and rates are told beside what the same cores do with JetStream alone; what a command costs the nodes and the
//! servers is told by the time of their processes, which others on the machine hardly change.
//!
//! # Layout
//! - `scene`: the cluster and its sessions. `work`: what is done to it. `dialects`: how it is talked to.
//! - `raw`: JetStream alone. `meter`: what processes and NATS took meanwhile. `rows`: the rows of the table.

mod dialects;
mod meter;
mod raw;
mod rows;
mod scene;
mod work;

use std::path::PathBuf;

use vws_cluster::{Failure, Nats, Plan};

use crate::alternate::{Alternated, alternate};
use crate::table::Row;
use meter::{Meter, Run};
use raw::Raw;
use scene::{NODES, Scene};
use work::{TIMED, Work, terms};

/// One of what alternates.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Turn {
    /// A load over so many nodes.
    Over(usize, Work),
    /// JetStream alone, one message at a time on each of so many subjects.
    Raw(usize),
    /// JetStream alone, until somebody is told.
    RawTold,
}

/// What a cluster over one number of NATS servers came to.
struct Block {
    /// `1 NATS server`
    over: String,
    sessions: usize,
    done: Vec<Alternated<Turn, Run>>,
}

/// The rows, and what is to be known beside them.
///
/// # Errors
/// Where VWS does not run; a NATS server that is absent or too old is told in a note.
pub(crate) fn run(vws: PathBuf, quick: bool) -> Result<(Vec<Row>, Vec<String>), String> {
    let nats = std::env::var_os("VWS_NATS_SERVER").map(PathBuf::from);
    let (mut rows, mut notes) = (Vec::new(), Vec::new());
    for servers in [1, 3] {
        let plan = Plan { vws: vws.clone(), nats: nats.clone(), servers, nodes: NODES, flags: flags() };
        match block(&plan, quick, &mut notes) {
            Ok(block) => rows.extend(rows::of(&block)),
            Err(Absent::Nats(why)) => notes.push(format!("nodes over {servers} NATS: absent ({why})")),
            Err(Absent::Other(why)) => return Err(why),
        }
    }
    if !rows.is_empty() {
        notes.push(
            "nodes: NATS servers, nodes and load share these cores, so rates say what the machine does and not what \
             more machines do: trust the time of processes"
                .to_owned(),
        );
    }
    Ok((rows, notes))
}

enum Absent {
    Nats(String),
    Other(String),
}

/// Every bound out of the way that protects a server from what a load does.
fn flags() -> Vec<String> {
    let flags =
        ["--log warn", "--command-rate 4000000000 --command-burst 4000000000", "--max-sessions 100000000"];
    flags.iter().flat_map(|flags| flags.split(' ')).map(str::to_owned).collect()
}

fn block(plan: &Plan, quick: bool, notes: &mut Vec<String>) -> Result<Block, Absent> {
    let (rounds, sessions) = if quick { (1, 200) } else { (3, 1_000) };
    check(plan)?;
    let other = Absent::Other;
    let mut scene = Scene::new(plan, sessions).map_err(other)?;
    // What is written last is the pattern of what raw writes: the change of one object.
    Work::Many.run(&scene, &scene.targets(NODES), terms(true)).map_err(other)?;
    let urls: Vec<String> = scene.cluster.servers().iter().map(Nats::url).collect();
    let mut raw = Raw::new(&urls, &scene.sessions[0], sessions).map_err(other)?;
    let over = match plan.servers {
        1 => "1 NATS server".to_owned(),
        servers => format!("{servers} NATS servers"),
    };
    let [payload, headers] = raw.bytes();
    notes.push(format!(
        "nodes over {over}: a message of one event is {payload} bytes and {headers} of headers, raw's as well"
    ));
    let done = alternate(rounds, &turns(sessions), |turn| {
        eprintln!("  {over}: {turn:?}");
        match turn {
            Turn::Over(nodes, work) => {
                scene.have(nodes)?;
                work.run(&scene, &scene.targets(nodes), terms(quick))
            }
            Turn::Raw(subjects) => alone(&scene, |terms| raw.publish(subjects, terms), quick),
            Turn::RawTold => alone(&scene, |terms| raw.tell(TIMED.0, TIMED.0 as f64 * TIMED.1, terms), quick),
        }
    });
    for one in &done {
        if let Some(why) = &one.failed {
            let who = if matches!(one.who, Turn::Over(..)) { crate::table::SUBJECT } else { "raw" };
            notes.push(format!("{who} failed at {:?} over {over}: {why}", one.who));
        }
    }
    Ok(Block { over, sessions, done })
}

/// Whether there is a NATS server that is new enough.
fn check(plan: &Plan) -> Result<(), Absent> {
    match Nats::check(plan.nats.as_deref(), plan.servers) {
        Ok(()) => Ok(()),
        Err(failure @ (Failure::Missing { .. } | Failure::TooOld { .. })) => {
            Err(Absent::Nats(failure.to_string()))
        }
        Err(failure) => Err(Absent::Other(failure.to_string())),
    }
}

/// In an order that ends and starts few nodes.
fn turns(sessions: usize) -> Vec<Turn> {
    let mut turns = vec![
        Turn::Raw(1),
        Turn::Over(3, Work::Hot),
        Turn::RawTold,
        Turn::Over(3, Work::See { further: 1 }),
        Turn::Over(3, Work::See { further: 0 }),
        Turn::Raw(sessions),
    ];
    for nodes in [3, 2, 1] {
        turns
            .extend([Work::Many, Work::Crowd, Work::People, Work::Mixed].map(|work| Turn::Over(nodes, work)));
    }
    turns.push(Turn::Over(1, Work::Hot));
    turns
}

/// JetStream alone, with the nodes idle beside it.
fn alone(
    scene: &Scene,
    mut publish: impl FnMut(&vws_load::Terms) -> Result<vws_load::Outcome, String>,
    quick: bool,
) -> Result<Run, String> {
    Meter::of(&scene.cluster).during(|edges| {
        let terms = vws_load::Terms { edges: Some(edges), ..terms(quick) };
        publish(&terms).map(|outcome| (outcome, 0))
    })
}
