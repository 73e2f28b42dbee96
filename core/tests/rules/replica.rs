//! The replica, message by message.

use serde_json::{Value, json};
use vws_core::limits::{ModelLimits, PENDING_COMMANDS};
use vws_core::reduce::State;
use vws_core::replica::{Effect, Replica, Submitted};
use vws_core::snapshot::SnapshotPart;
use vws_core::wire::{
    ClientMessage, Heartbeat, Mode, PROTOCOL, Peer, Presence, Resume, ResyncReason, ServerMessage, Welcome,
};
use vws_core::{Author, ClientId, EventRecord, Problem, Rejection, Session};

use super::given::{Given, NOW, batch, canonical, patch, plain, session_id};

fn me() -> ClientId {
    ClientId::new("me").expect("is a client id")
}

fn welcome(session: &Session, mode: Mode) -> ServerMessage {
    ServerMessage::Welcome(Welcome {
        protocol: PROTOCOL,
        session: session_id(),
        epoch: session.epoch(),
        head_seq: session.seq(),
        mode,
        peers: Vec::new(),
        limits: ModelLimits { objects_per_session: 5, commands_per_batch: 9 },
    })
}

fn parts(session: &Session) -> Vec<ServerMessage> {
    session.snapshot().into_parts().into_iter().map(ServerMessage::Snapshot).collect()
}

fn beat(session: &Session) -> ServerMessage {
    ServerMessage::Heartbeat(Heartbeat { head_seq: session.seq(), digest: session.digest() })
}

fn lie(session: &Session) -> ServerMessage {
    let digest = "0123456789abcdef".parse().expect("is a digest");
    ServerMessage::Heartbeat(Heartbeat { head_seq: session.seq(), digest })
}

fn problem() -> Problem {
    Problem { code: "object_exists".to_owned(), detail: "no".to_owned(), errors: Vec::new() }
}

fn command(value: &Value) -> vws_core::Command {
    serde_json::from_value(value.clone()).expect("is a command")
}

/// A server's session and a replica of it that is live.
struct Pair {
    server: Given,
    replica: Replica,
}

impl Pair {
    fn live(commands: &[Value]) -> Self {
        let server = Given::after(commands);
        let mut replica = Replica::new(me());
        replica.receive([welcome(&server.session, Mode::Snapshot)]);
        replica.receive(parts(&server.session));
        assert!(replica.is_live());
        Self { server, replica }
    }

    /// The server does a command of `by` (ours or another's), and this is what it broadcasts.
    fn done(&mut self, value: &Value, by: Option<(&str, u64)>) -> Vec<ServerMessage> {
        let author = by.map(|(client, command_id)| Author {
            client_id: ClientId::new(client).expect("is a client id"),
            command_id,
        });
        let records = self.server.decide(value).expect("is taken");
        let records: Vec<_> =
            records.into_iter().map(|record| EventRecord { by: author.clone(), ..record }).collect();
        for record in &records {
            self.server.session.apply(record).expect("is the next");
        }
        self.server.now += 1;
        records.into_iter().map(ServerMessage::Event).collect()
    }

    fn submit(&mut self, value: &Value) -> Result<Submitted, Rejection> {
        self.replica.submit(command(value), None, NOW + 500)
    }

    fn hear(&mut self, messages: impl IntoIterator<Item = ServerMessage>) -> Vec<Effect> {
        self.replica.receive(messages)
    }

    fn confirmed(&self) -> &Session {
        self.replica.confirmed().expect("was loaded")
    }

    fn shows(&self, name: &str) -> bool {
        self.replica.view().is_some_and(|view| view.object(name).is_some())
    }

    fn check_equal(&self) {
        assert_eq!(canonical(self.confirmed()), canonical(&self.server.session));
    }
}

fn sent(effects: &[Effect]) -> Vec<ClientMessage> {
    let sent = effects.iter().filter_map(|effect| match effect {
        Effect::Send(message) => Some(message.clone()),
        _ => None,
    });
    sent.collect()
}

fn sent_ids(effects: &[Effect]) -> Vec<u64> {
    let ids = sent(effects).into_iter().filter_map(|message| match message {
        ClientMessage::Command(command) => Some(command.id),
        _ => None,
    });
    ids.collect()
}

fn resumes(effects: &[Effect]) -> Vec<Option<Resume>> {
    let resumes = sent(effects).into_iter().filter_map(|message| match message {
        ClientMessage::Resume { after } => Some(after),
        _ => None,
    });
    resumes.collect()
}

fn verdicts(effects: &[Effect]) -> Vec<(u64, bool)> {
    let verdicts = effects.iter().filter_map(|effect| match effect {
        Effect::Acknowledged { id, .. } => Some((*id, true)),
        Effect::Rejected { id, .. } => Some((*id, false)),
        _ => None,
    });
    verdicts.collect()
}

#[test]
fn rep2_what_comes_before_the_welcome_is_passed_over() {
    let mut pair = Pair::live(&[plain("a")]);
    let event = pair.done(&plain("b"), None);
    pair.replica.disconnected();
    let stale =
        [event, parts(&pair.server.session), vec![beat(&pair.server.session), lie(&pair.server.session)]];
    assert_eq!(pair.hear(stale.concat()), []);
    assert_eq!(pair.confirmed().seq(), 1);
    assert!(!pair.replica.is_live());
    let mut new = Replica::new(me());
    assert_eq!(new.receive(parts(&pair.server.session)), []);
    assert!(new.confirmed().is_none());
}

#[test]
fn rep3_only_the_next_event_is_taken_and_a_gap_is_asked_for_once() {
    let mut pair = Pair::live(&[plain("a")]);
    let events: Vec<_> = ["b", "c", "d"].iter().flat_map(|name| pair.done(&plain(name), None)).collect();
    let effects = pair.hear([events[1].clone()]);
    assert_eq!(resumes(&effects), [Some(Resume { epoch: 7, seq: 1 })]);
    assert!(!pair.replica.is_live());
    assert_eq!(pair.hear([events[2].clone()]), [], "it has been asked for");
    pair.hear([ServerMessage::Resync { reason: ResyncReason::Requested }]);
    pair.hear(events.clone());
    pair.check_equal();
    assert!(pair.replica.is_live());
    assert_eq!(pair.hear(events), [], "what is behind is passed over");
}

#[test]
fn rep4_a_difference_is_told_with_its_range_and_replaced() {
    let mut pair = Pair::live(&[plain("a")]);
    let agreed = beat(&pair.server.session);
    assert_eq!(pair.hear([agreed]), [Effect::Agreed { seq: 1 }]);
    for name in ["b", "c"] {
        let events = pair.done(&plain(name), None);
        pair.hear(events);
    }
    let different = lie(&pair.server.session);
    let effects = pair.hear([different.clone()]);
    assert!(effects.contains(&Effect::Diverged { agreed: 1, found: 3 }));
    assert_eq!(resumes(&effects), [None]);
    // Nothing is built on a state that is wrong, also not by the next connection.
    let event = pair.done(&plain("d"), None);
    assert_eq!(pair.hear(event), []);
    pair.hear([ServerMessage::Resync { reason: ResyncReason::Requested }]);
    let whole = parts(&pair.server.session);
    assert!(pair.hear(whole).contains(&Effect::Loaded { seq: 4 }));
    pair.check_equal();
    let different = lie(&pair.server.session);
    pair.hear([different]);
    pair.replica.disconnected();
    assert_eq!(pair.replica.hello(None, None).after, None);
}

#[test]
fn rep5_a_heartbeat_ahead_asks_again() {
    let mut pair = Pair::live(&[plain("a")]);
    let event = pair.done(&plain("b"), None);
    for _ in 0..2 {
        let ahead = beat(&pair.server.session);
        assert_eq!(resumes(&pair.hear([ahead])), [Some(Resume { epoch: 7, seq: 1 })]);
    }
    pair.hear(event);
    let now = beat(&pair.server.session);
    assert_eq!(pair.hear([now]), [Effect::Agreed { seq: 2 }]);
    assert!(pair.replica.is_live(), "what was asked for has been overtaken");
}

#[test]
fn rep6_a_command_is_judged_as_the_server_would() {
    let mut pair = Pair::live(&[plain("a")]);
    for refused in [plain("a"), patch("a", json!({"x": 13, "y": -13})), patch("b", json!({})), plain("/")] {
        let expected = pair.server.decide(&refused).expect_err("is refused");
        assert_eq!(pair.replica.judge(&command(&refused), None, NOW), Err(expected.clone()));
        assert_eq!(pair.submit(&refused), Err(expected));
    }
    // The limits are those of the welcome, and what is shown counts.
    for name in ["b", "c", "d", "e"] {
        pair.submit(&plain(name)).expect("is within the bound");
    }
    assert_eq!(pair.submit(&plain("f")).map_err(|refused| refused.code()), Err("too_many_objects"));
    assert_eq!(pair.submit(&plain("b")).map_err(|refused| refused.code()), Err("object_exists"));
    let stale = pair.replica.submit(command(&patch("a", json!({"x": 1}))), Some(9), NOW);
    assert_eq!(stale.map_err(|refused| refused.code()), Err("version_mismatch"));
    // Judging is not doing.
    assert_eq!(pair.replica.judge(&command(&patch("a", json!({"x": 1}))), None, NOW), Ok(()));
    assert_eq!(pair.replica.pending(), 4);
}

#[test]
fn rep7_commands_are_numbered_and_shown_at_once() {
    let mut pair = Pair::live(&[plain("a")]);
    let first = pair.submit(&plain("b")).expect("stands");
    pair.submit(&plain("b")).expect_err("is refused and takes no id");
    let second = pair.submit(&patch("b", json!({"x": 5}))).expect("stands on what is shown");
    assert_eq!((first.id, second.id), (1, 2));
    assert!(matches!(first.message, ClientMessage::Command(ref message) if message.id == 1));
    let view = pair.replica.view().expect("was loaded");
    assert_eq!(view.object("b").map(|object| object.x.get()), Some(5.0));
    assert_eq!((view.object_count(), pair.confirmed().object_count()), (2, 1));
}

#[test]
fn rep8_pending_commands_are_played_anew_over_each_change() {
    let mut pair = Pair::live(&[plain("a")]);
    pair.submit(&patch("a", json!({"x": 5}))).expect("stands");
    pair.submit(&plain("b")).expect("stands");
    // Another client moves the object: both changes show.
    let events = pair.done(&patch("a", json!({"x": 1, "y": 2})), Some(("other", 1)));
    pair.hear(events);
    let shown = pair.replica.view().and_then(|view| view.object("a").map(|a| (a.x.get(), a.y.get())));
    assert_eq!(shown, Some((5.0, 2.0)));
    // Another client takes both names away: nothing of ours shows, but for the verdicts we wait.
    let events =
        pair.done(&batch(&[json!({"type": "delete_object", "name": "a"}), plain("b")]), Some(("other", 2)));
    pair.hear(events);
    let view = pair.replica.view().expect("was loaded");
    assert!(view.object("a").is_none());
    assert_eq!(view.object("b"), pair.confirmed().object("b"));
    assert_eq!(pair.replica.pending(), 2);
    // The name is free again before the verdict: it shows again.
    let events = pair.done(&json!({"type": "delete_object", "name": "b"}), Some(("other", 3)));
    pair.hear(events);
    assert!(pair.shows("b") && pair.confirmed().object("b").is_none());
}

#[test]
fn rep9_the_last_event_of_a_command_acknowledges_it() {
    let mut pair = Pair::live(&[plain("a")]);
    let both = batch(&[plain("b"), plain("c")]);
    pair.submit(&both).expect("stands");
    let events = pair.done(&both, Some(("me", 1)));
    assert_eq!(verdicts(&pair.hear([events[0].clone()])), []);
    assert_eq!(pair.replica.pending(), 1);
    let effects = pair.hear([events[1].clone()]);
    assert!(effects.contains(&Effect::Acknowledged { id: 1, seq: 3, events: 2 }));
    assert!(pair.replica.ahead().is_empty());
    // The same id of another client is another command.
    pair.submit(&plain("d")).expect("stands");
    let events = pair.done(&plain("e"), Some(("other", 2)));
    assert_eq!(verdicts(&pair.hear(events)), []);
}

#[test]
fn rep10_accepted_counts_once_its_seq_is_there() {
    let mut pair = Pair::live(&[plain("a")]);
    pair.submit(&plain("b")).expect("stands");
    let events = pair.done(&plain("b"), None);
    let accepted = ServerMessage::Accepted { id: 1, seq: 2, events: 1 };
    assert_eq!(verdicts(&pair.hear([accepted.clone()])), []);
    assert!(pair.shows("b"), "it goes on being shown");
    let effects = pair.hear(events);
    assert!(effects.contains(&Effect::Acknowledged { id: 1, seq: 2, events: 1 }));
    assert_eq!(pair.hear([accepted]), [], "a verdict counts once");
    // One that changed nothing has no event to wait for.
    pair.submit(&patch("a", json!({"x": 0}))).expect("stands");
    let effects = pair.hear([ServerMessage::Accepted { id: 2, seq: 2, events: 0 }]);
    assert!(effects.contains(&Effect::Acknowledged { id: 2, seq: 2, events: 0 }));
}

#[test]
fn rep11_a_refused_command_is_rolled_back() {
    let mut pair = Pair::live(&[plain("a")]);
    pair.submit(&plain("b")).expect("stands");
    pair.submit(&patch("b", json!({"x": 1}))).expect("stands");
    let effects = pair.hear([ServerMessage::Rejected { id: 1, problem: problem() }]);
    assert_eq!(effects[0], Effect::Rejected { id: 1, command: command(&plain("b")), problem: problem() });
    assert!(!pair.shows("b"), "nor does what was built on it");
    assert_eq!(pair.replica.pending(), 1);
    assert_eq!(pair.hear([ServerMessage::Rejected { id: 1, problem: problem() }]), []);
    let effects = pair.hear([ServerMessage::Rejected { id: 0, problem: problem() }]);
    assert_eq!(effects, [Effect::Complaint(problem())], "0 is no command");
}

#[test]
fn rep12_what_has_no_verdict_is_sent_again_under_its_id() {
    let mut pair = Pair::live(&[plain("a")]);
    for name in ["b", "c", "d"] {
        pair.submit(&plain(name)).expect("stands");
    }
    let events = pair.done(&plain("b"), Some(("me", 1)));
    pair.hear(events);
    pair.replica.disconnected();
    assert!(pair.shows("c"), "it is shown while there is no connection");
    assert_eq!(pair.replica.hello(None, None).after, Some(Resume { epoch: 7, seq: 2 }));
    let again = welcome(&pair.server.session, Mode::Tail);
    assert_eq!(sent_ids(&pair.hear([again])), [2, 3]);
    // A snapshot in the midst of a connection has skipped events, our echoes perhaps among them.
    pair.done(&plain("c"), Some(("me", 2)));
    let whole = parts(&pair.server.session);
    pair.hear([ServerMessage::Resync { reason: ResyncReason::Lagged }]);
    assert_eq!(sent_ids(&pair.hear(whole)), [2, 3]);
    // The welcome's own snapshot has not: the commands were sent at the welcome.
    pair.replica.disconnected();
    pair.done(&json!({"type": "stop_orbit"}), None);
    pair.done(&patch("a", json!({"x": 9})), None);
    let again = welcome(&pair.server.session, Mode::Snapshot);
    assert_eq!(sent_ids(&pair.hear([again])), [2, 3]);
    let whole = parts(&pair.server.session);
    assert!(sent_ids(&pair.hear(whole)).is_empty());
}

#[test]
fn rep13_client4_only_so_many_commands_wait() {
    let mut new = Replica::new(me());
    assert_eq!(
        new.submit(command(&plain("a")), None, NOW).map_err(|refused| refused.code()),
        Err("not_ready")
    );
    assert_eq!(
        new.judge(&command(&plain("a")), None, NOW).map_err(|refused| refused.code()),
        Err("not_ready")
    );
    let mut pair = Pair::live(&[plain("a")]);
    for n in 0..PENDING_COMMANDS {
        pair.submit(&patch("a", json!({"x": (n % 10) as f64}))).expect("is within the bound");
    }
    let refused = pair.submit(&patch("a", json!({"x": 1}))).expect_err("is one too many");
    assert_eq!(refused.code(), "too_many_pending");
    pair.hear([ServerMessage::Rejected { id: 1, problem: problem() }]);
    assert_eq!(pair.submit(&patch("a", json!({"x": 1}))).map(|s| s.id), Ok(PENDING_COMMANDS as u64 + 1));
}

#[test]
fn rep14_a_snapshot_is_taken_when_it_is_whole_and_news() {
    let commands: Vec<_> = (0..600).map(|n| plain(&format!("o{n}"))).collect();
    let server = Given::after(&commands);
    let mut replica = Replica::new(me());
    replica.receive([welcome(&server.session, Mode::Snapshot)]);
    let whole = parts(&server.session);
    let of = whole.len() as u32;
    assert!(of > 2);
    let (last, others) = whole.split_last().expect("are some");
    for (parts, part) in (1..).zip(others.iter().rev()) {
        assert_eq!(replica.receive([part.clone()]), [Effect::Loading { parts, of }]);
        assert!(replica.confirmed().is_none());
    }
    assert!(replica.receive([last.clone()]).contains(&Effect::Loaded { seq: 600 }));
    assert_eq!(canonical(replica.confirmed().expect("was loaded")), canonical(&server.session));
    assert_eq!(replica.receive(whole.clone()), [], "it is there already");
    // One that is damaged is refused and told.
    let mut damaged = Replica::new(me());
    damaged.receive([welcome(&server.session, Mode::Snapshot)]);
    let mut effects = Vec::new();
    for message in whole {
        let ServerMessage::Snapshot(part) = message else { panic!("is a part") };
        let objects = part.objects.into_iter().skip(1).collect();
        effects.extend(damaged.receive([ServerMessage::Snapshot(SnapshotPart { objects, ..part })]));
    }
    assert!(matches!(effects.last(), Some(Effect::Unusable { .. })));
    assert!(damaged.confirmed().is_none());
}

#[test]
fn rep15_another_epoch_replaces_the_state_whatever_its_seq() {
    let mut pair = Pair::live(&[plain("a"), plain("b"), plain("c")]);
    pair.submit(&plain("d")).expect("stands");
    pair.hear([ServerMessage::Accepted { id: 1, seq: 4, events: 1 }]);
    pair.replica.disconnected();
    // The history is lost, and the new one is longer than what was accepted in the old.
    let mut server = Given::nothing();
    server.session = Session::new(session_id(), None, NOW, 8);
    for n in 0..5 {
        server.run(&plain(&format!("n{n}"))).expect("is taken");
    }
    let effects = pair.hear([welcome(&server.session, Mode::Snapshot)]);
    assert_eq!(sent_ids(&effects), [1]);
    assert_eq!(pair.replica.hello(None, None).after, None);
    let effects = pair.hear(parts(&server.session));
    assert_eq!(verdicts(&effects), [], "what the lost history accepted counts no more");
    assert_eq!(canonical(pair.confirmed()), canonical(&server.session));
    assert_eq!(pair.replica.pending(), 1);
    // A shorter one replaces it as well.
    pair.replica.disconnected();
    let shorter = Session::new(session_id(), None, NOW, 9);
    pair.hear([welcome(&shorter, Mode::Snapshot)]);
    pair.hear(parts(&shorter));
    assert_eq!((pair.confirmed().epoch(), pair.confirmed().seq()), (9, 0));
}

#[test]
fn rep16_what_may_look_different_is_named() {
    let touched = |effects: &[Effect]| {
        let touched = effects.iter().find_map(|effect| match effect {
            Effect::Changed(touched) => Some(touched.clone()),
            _ => None,
        });
        touched.expect("something changed")
    };
    let mut pair = Pair::live(&[plain("a"), plain("b"), plain("c")]);
    let names = |touched: &vws_core::replica::Touched| {
        let names: Vec<_> = touched.objects.iter().map(ToString::to_string).collect();
        (names.join(" "), touched.all_objects, touched.world, touched.name)
    };
    let rename = json!({"type": "rename_object", "name": "a", "new_name": "z"});
    let size = json!({"type": "update_world", "patch": {"size": 3}});
    let named = json!({"type": "rename_session", "name": "s"});
    let events: Vec<_> =
        [patch("b", json!({"x": 1})), rename].iter().flat_map(|c| pair.done(c, None)).collect();
    assert_eq!(names(&touched(&pair.hear(events))), ("a b z".to_owned(), false, false, false));
    let events = [pair.done(&size, None), pair.done(&named, None)].concat();
    assert_eq!(names(&touched(&pair.hear(events))), (String::new(), false, true, true));
    // What a pending command showed, or hides again, is named with it.
    let submitted = pair.submit(&plain("p")).expect("stands");
    assert_eq!(names(&submitted.touched), ("p".to_owned(), false, false, false));
    let effects = pair.hear([ServerMessage::Rejected { id: 1, problem: problem() }]);
    assert_eq!(names(&touched(&effects)), ("p".to_owned(), false, false, false));
    let events = pair.done(&json!({"type": "clear_objects"}), None);
    assert!(touched(&pair.hear(events)).all_objects);
    // A heartbeat, a pong or an old event touch nothing.
    let nothing = beat(&pair.server.session);
    assert_eq!(pair.hear([nothing, ServerMessage::Pong { t: 1.5 }]).len(), 2);
}

#[test]
fn rep17_peers_are_those_of_the_welcome_and_of_presence_since() {
    let peer = |id: &str, selection: &[&str]| Peer {
        client_id: ClientId::new(id).expect("is a client id"),
        name: None,
        color: None,
        presence: Presence {
            selection: selection
                .iter()
                .map(|name| vws_core::ObjectName::new("selection", name).expect("is a name"))
                .collect(),
            ..Presence::default()
        },
    };
    let mut pair = Pair::live(&[]);
    let ServerMessage::Welcome(mut first) = welcome(&pair.server.session, Mode::Tail) else {
        panic!("is a welcome")
    };
    first.peers = vec![peer("ada", &[]), peer("bo", &["a"])];
    pair.hear([ServerMessage::Welcome(first)]);
    let presence = |peers: &[Peer], left: &[&str]| ServerMessage::Presence {
        peers: peers.to_vec(),
        left: left.iter().map(|id| ClientId::new(id).expect("is a client id")).collect(),
    };
    let effects = pair.hear([presence(&[peer("bo", &["b"]), peer("cy", &[])], &["ada", "nobody"])]);
    assert_eq!(effects, [Effect::PeersChanged]);
    let there: Vec<_> = pair.replica.peers().cloned().collect();
    assert_eq!(there, [peer("bo", &["b"]), peer("cy", &[])]);
    pair.replica.disconnected();
    assert_eq!(pair.replica.peers().len(), 0);
}

#[test]
fn rep1_several_messages_at_once_do_what_they_do_one_by_one() {
    let commands = [plain("b"), patch("a", json!({"x": 3})), batch(&[plain("c"), plain("d")])];
    let run = |at_once: bool| {
        let mut pair = Pair::live(&[plain("a")]);
        for command in &commands {
            pair.submit(command).expect("stands");
        }
        let mut messages = Vec::new();
        for (id, command) in (1..).zip(&commands) {
            messages.extend(pair.done(command, Some(("me", id))));
        }
        let effects = if at_once {
            pair.hear(messages)
        } else {
            messages.into_iter().flat_map(|message| pair.hear([message])).collect()
        };
        pair.check_equal();
        (verdicts(&effects), canonical(pair.confirmed()))
    };
    assert_eq!(run(true), run(false));
}

#[test]
fn pres4_what_a_client_shows_lies_within_its_bounds() {
    use vws_core::limits::{PRESENCE_BOUND, PRESENCE_SELECTION};
    use vws_core::model::Vec3;
    use vws_core::wire::PresenceDraft;
    let pointing =
        |x: f64| PresenceDraft { pointer: Some(Vec3 { x, y: 0.0, z: 0.0 }), ..PresenceDraft::default() };
    assert!(pointing(PRESENCE_BOUND).check().is_ok());
    for x in [PRESENCE_BOUND + 0.1, f64::NAN, f64::INFINITY] {
        let refused = pointing(x).check().expect_err("is outside");
        assert_eq!(
            (refused.code(), refused.to_problem().errors[0].pointer.as_str()),
            ("presence_out_of_range", "/pointer/x")
        );
    }
    let selecting =
        |count: usize| PresenceDraft { selection: vec!["a".to_owned(); count], ..PresenceDraft::default() };
    assert!(selecting(PRESENCE_SELECTION).check().is_ok());
    assert_eq!(selecting(PRESENCE_SELECTION + 1).check().map_err(|r| r.code()), Err("selection_too_large"));
}
