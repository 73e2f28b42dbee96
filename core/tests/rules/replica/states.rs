use super::*;

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
    assert_eq!((new.session_id(), pair.replica.session_id()), (None, Some(session_id())));
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
fn clu17_a_heartbeat_says_that_its_server_is_cut_off_and_that_it_is_back() {
    let mut pair = Pair::live(&[plain("a")]);
    let same = |stale| match beat(&pair.server.session) {
        ServerMessage::Heartbeat(beat) => ServerMessage::Heartbeat(Heartbeat { stale, ..beat }),
        other => other,
    };
    let (well, cut) = (same(false), same(true));
    let agreed = || Effect::Agreed { seq: 1 };
    assert_eq!(pair.hear([well.clone()]), [agreed()]);
    assert_eq!(pair.hear([cut.clone()]), [Effect::Stale(true), agreed()]);
    assert_eq!(pair.hear([cut.clone()]), [agreed()], "it is told when it changes");
    assert!(pair.replica.is_stale() && pair.replica.is_live());
    assert_eq!(pair.hear([well]), [Effect::Stale(false), agreed()]);
    pair.hear([cut]);
    pair.replica.disconnected();
    assert!(!pair.replica.is_stale(), "another server may answer next");
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
    // One that comes in one part is there as soon as anything of it is.
    let small = Given::after(&[plain("a")]);
    let mut at_once = Replica::new(me());
    at_once.receive([welcome(&small.session, Mode::Snapshot)]);
    let effects = at_once.receive(parts(&small.session));
    assert!(!effects.iter().any(|effect| matches!(effect, Effect::Loading { .. })), "{effects:?}");
    // One that comes without its head is none, and tells of no progress.
    let ServerMessage::Snapshot(part) = parts(&small.session).remove(0) else { panic!("is a part") };
    let headless = ServerMessage::Snapshot(SnapshotPart { head: None, ..part });
    let mut waiting = Replica::new(me());
    waiting.receive([welcome(&small.session, Mode::Snapshot)]);
    assert_eq!(waiting.receive([headless]), []);
    assert!(waiting.confirmed().is_none());
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
fn rep4_both_agreed_last_at_a_heartbeat_or_at_the_snapshot() {
    let mut pair = Pair::live(&[plain("a")]);
    let event = pair.done(&plain("b"), None);
    pair.hear(event);
    let different = lie(&pair.server.session);
    let effects = pair.hear([different]);
    assert!(effects.contains(&Effect::Diverged { agreed: 1, found: 2 }), "the snapshot: {effects:?}");
    let mut pair = Pair::live(&[plain("a")]);
    let event = pair.done(&plain("b"), None);
    pair.hear(event);
    let (same, different) = (beat(&pair.server.session), lie(&pair.server.session));
    let effects = pair.hear([same, different]);
    assert!(effects.contains(&Effect::Diverged { agreed: 2, found: 2 }), "the heartbeat: {effects:?}");
}

#[test]
fn rep14_parts_of_before_a_resync_or_a_welcome_count_no_more() {
    let commands: Vec<_> = (0..600).map(|n| plain(&format!("o{n}"))).collect();
    let server = Given::after(&commands);
    let whole = parts(&server.session);
    let of = whole.len() as u32;
    let anew =
        [ServerMessage::Resync { reason: ResyncReason::Lagged }, welcome(&server.session, Mode::Snapshot)];
    for anew in anew {
        let mut replica = Replica::new(me());
        replica.receive([welcome(&server.session, Mode::Snapshot)]);
        assert_eq!(replica.receive([whole[0].clone()]), [Effect::Loading { parts: 1, of }]);
        replica.receive([anew]);
        assert_eq!(replica.receive([whole[1].clone()]), [Effect::Loading { parts: 1, of }]);
    }
}

#[test]
fn rep15_a_snapshot_of_a_former_history_is_not_taken_in() {
    let mut pair = Pair::live(&[plain("a")]);
    pair.done(&plain("b"), None);
    let former = parts(&pair.server.session);
    pair.replica.disconnected();
    let mut server = Given::nothing();
    server.session = Session::new(session_id(), None, NOW, 8);
    server.run(&plain("new")).expect("is taken");
    pair.hear([welcome(&server.session, Mode::Snapshot)]);
    assert_eq!(pair.hear(former), []);
    assert_eq!(pair.confirmed().seq(), 1, "what was there stays until it is replaced");
    pair.hear(parts(&server.session));
    assert_eq!(canonical(pair.confirmed()), canonical(&server.session));
}

#[test]
fn rep15_a_state_of_a_former_history_proves_no_verdict() {
    let mut pair = Pair::live(&[plain("a"), plain("b"), plain("c")]);
    pair.submit(&plain("d")).expect("stands");
    pair.replica.disconnected();
    let mut server = Given::nothing();
    server.session = Session::new(session_id(), None, NOW, 8);
    server.run(&plain("d")).expect("is taken");
    pair.hear([welcome(&server.session, Mode::Snapshot)]);
    // Its seq lies below that of the former state, in which it has not taken effect.
    let accepted = ServerMessage::Accepted { id: 1, seq: 1, events: 1 };
    assert_eq!(verdicts(&pair.hear([accepted])), []);
    let effects = pair.hear(parts(&server.session));
    assert!(effects.contains(&Effect::Acknowledged { id: 1, seq: 1, events: 1 }));
}

#[test]
fn rep15_events_of_a_batch_are_counted_anew_in_another_history() {
    let mut pair = Pair::live(&[plain("a")]);
    let both = batch(&[plain("b"), plain("c")]);
    pair.submit(&both).expect("stands");
    let events = pair.done(&both, Some(("me", 1)));
    pair.hear([events[0].clone()]);
    pair.replica.disconnected();
    // The same history goes on: the second event is the last of two.
    pair.hear([welcome(&pair.server.session, Mode::Tail)]);
    let effects = pair.hear([events[1].clone()]);
    assert!(effects.contains(&Effect::Acknowledged { id: 1, seq: 3, events: 2 }));
    // Another one begins: both come again.
    let both = batch(&[plain("d"), plain("e")]);
    pair.submit(&both).expect("stands");
    let events = pair.done(&both, Some(("me", 2)));
    pair.hear([events[0].clone()]);
    pair.replica.disconnected();
    pair.server.session = Session::new(session_id(), None, NOW, 8);
    pair.hear([welcome(&pair.server.session, Mode::Snapshot)]);
    let whole = parts(&pair.server.session);
    pair.hear(whole);
    let events = pair.done(&both, Some(("me", 2)));
    let effects = pair.hear(events);
    assert!(effects.contains(&Effect::Acknowledged { id: 2, seq: 2, events: 2 }), "{effects:?}");
}

#[test]
fn rep14_a_tail_without_a_state_to_put_it_on_is_answered_with_a_wish_for_a_snapshot() {
    let server = Given::after(&[plain("a")]);
    let mut replica = Replica::new(me());
    let effects = replica.receive([welcome(&server.session, Mode::Tail)]);
    assert_eq!(resumes(&effects), [None]);
    replica.receive(parts(&server.session));
    assert!(replica.is_live());
}

#[test]
fn rep16_a_snapshot_may_change_everything() {
    let server = Given::after(&[plain("a")]);
    let mut replica = Replica::new(me());
    replica.receive([welcome(&server.session, Mode::Snapshot)]);
    let touched = touched(&replica.receive(parts(&server.session)));
    assert!(touched.all_objects && touched.world && touched.name, "{touched:?}");
}
