use super::*;

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
    let ahead = pair.replica.ahead();
    assert!(!ahead.is_empty() && ahead.touches_object("b") && !ahead.touches_object("a"));
    assert!(Pair::live(&[plain("a")]).replica.ahead().is_empty());
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
fn rep16_what_may_look_different_is_named() {
    let mut pair = Pair::live(&[plain("a"), plain("b"), plain("c")]);
    let names = |touched: &Touched| {
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
    let size = json!({"type": "update_world", "patch": {"size": 5}});
    let named = json!({"type": "rename_session", "name": "t"});
    let world = (String::new(), false, true, false);
    for (value, shows) in [(size, world), (named, (String::new(), false, false, true))] {
        let submitted = pair.submit(&value).expect("stands");
        let rejected = ServerMessage::Rejected { id: submitted.id, problem: problem() };
        assert_eq!(names(&touched(&pair.hear([rejected]))), shows);
    }
    // A heartbeat, a pong or an old event touch nothing.
    let nothing = beat(&pair.server.session);
    assert_eq!(pair.hear([nothing, ServerMessage::Pong { t: 1.5 }]).len(), 2);
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
fn rep10_a_snapshot_that_holds_what_was_accepted_acknowledges_it() {
    let mut pair = Pair::live(&[plain("a")]);
    pair.submit(&plain("b")).expect("stands");
    // Its event is among those that were skipped.
    pair.done(&plain("b"), Some(("me", 1)));
    pair.hear([ServerMessage::Accepted { id: 1, seq: 2, events: 1 }]);
    pair.hear([ServerMessage::Resync { reason: ResyncReason::Lagged }]);
    let whole = parts(&pair.server.session);
    let effects = pair.hear(whole);
    assert!(effects.contains(&Effect::Acknowledged { id: 1, seq: 2, events: 1 }));
    assert!(sent_ids(&effects).is_empty(), "what has its verdict is not sent again");
}

#[test]
fn rep7_the_version_that_was_seen_travels_with_the_command_and_is_for_the_server_to_check() {
    let mut pair = Pair::live(&[plain("a")]);
    pair.submit(&plain("b")).expect("stands");
    // It is shown with the version that its event would have, were it the next.
    let wish = command(&patch("b", json!({"x": 5})));
    let submitted = pair.replica.submit(wish, Some(2), NOW).expect("stands on what is shown");
    let ClientMessage::Command(message) = &submitted.message else { panic!("is a command") };
    assert_eq!(message.expect_version, Some(2));
    // Another client's event comes in between, so that its version is another one: it shows on.
    let events = pair.done(&patch("a", json!({"y": 1})), Some(("other", 1)));
    pair.hear(events);
    let shown = pair.replica.view().and_then(|view| view.object("b").map(|b| (b.x.get(), b.version)));
    assert_eq!(shown, Some((5.0, 4)), "the second of the two that come next");
}

#[test]
fn rep16_what_another_one_s_change_lets_show_or_hides_is_named() {
    // The welcome allows 5 objects.
    let mut pair = Pair::live(&[plain("a"), plain("b"), plain("c"), plain("d")]);
    pair.submit(&plain("mine")).expect("stands");
    let fifth = pair.done(&plain("e"), Some(("other", 1)));
    assert!(touched(&pair.hear(fifth)).objects.contains("mine"), "there is no room for it any more");
    assert!(!pair.shows("mine"));
    let gone = pair.done(&json!({"type": "delete_object", "name": "e"}), Some(("other", 2)));
    assert!(touched(&pair.hear(gone)).objects.contains("mine"), "there is room again");
    assert!(pair.shows("mine"));
    // A wish to clear hides everything, until it is refused.
    let submitted = pair.submit(&json!({"type": "clear_objects"})).expect("stands");
    assert!(submitted.touched.all_objects);
    assert!(!pair.shows("a"));
    assert!(touched(&pair.hear([ServerMessage::Rejected { id: 2, problem: problem() }])).all_objects);
    assert!(pair.shows("a"));
}

#[test]
fn rep18_law8_a_command_whose_outcome_is_no_longer_kept_is_told_as_such() {
    let expired = |id| {
        let code = Problem::COMMAND_ID_EXPIRED.to_owned();
        let problem = Problem { code, detail: "is no longer kept".to_owned(), errors: Vec::new() };
        ServerMessage::Rejected { id, problem }
    };
    for took_effect in [true, false] {
        let mut pair = Pair::live(&[plain("a")]);
        pair.submit(&plain("b")).expect("stands");
        pair.submit(&patch("b", json!({"x": 1}))).expect("stands");
        pair.replica.disconnected();
        // A snapshot has skipped its event, if there was one.
        if took_effect {
            pair.done(&plain("b"), Some(("me", 1)));
        }
        pair.done(&plain("c"), Some(("other", 1)));
        let whole = parts(&pair.server.session);
        pair.hear([welcome(&pair.server.session, Mode::Snapshot)]);
        pair.hear(whole);
        let effects = pair.hear([expired(1)]);
        assert_eq!(effects[0], Effect::OutcomeUnknown { id: 1, command: command(&plain("b")) });
        assert_eq!(verdicts(&effects), [], "neither taken nor refused");
        assert_eq!(pair.replica.pending(), 1, "it is settled");
        pair.check_equal();
        assert_eq!(pair.shows("b"), took_effect, "what shows is what there is");
        assert_eq!(pair.hear([expired(1)]), [], "and told once");
    }
}

#[test]
fn clu29_what_a_server_cannot_tell_of_an_earlier_try_is_told_as_unknown() {
    let rejected = |code: &str| {
        let problem = Problem { code: code.to_owned(), detail: "not now".to_owned(), errors: Vec::new() };
        ServerMessage::Rejected { id: 1, problem }
    };
    let is_unknown = |effects: &[Effect]| matches!(effects[0], Effect::OutcomeUnknown { id: 1, .. });
    let again = |pair: &mut Pair| {
        pair.replica.disconnected();
        let welcome = welcome(&pair.server.session, Mode::Tail);
        pair.hear([welcome]);
    };
    for (code, at_first, later) in [
        ("log_unavailable", false, true),
        ("session_contended", false, true),
        ("object_not_found", false, false),
        ("outcome_unknown", true, true),
    ] {
        let mut pair = Pair::live(&[plain("a")]);
        pair.submit(&plain("b")).expect("stands");
        assert_eq!(
            is_unknown(&pair.hear([rejected(code)])),
            at_first,
            "{code} on the connection it was sent on"
        );
        let mut pair = Pair::live(&[plain("a")]);
        pair.submit(&plain("b")).expect("stands");
        again(&mut pair);
        assert_eq!(is_unknown(&pair.hear([rejected(code)])), later, "{code} after it was sent before");
        let mut pair = Pair::live(&[plain("a")]);
        pair.replica.disconnected();
        pair.submit(&plain("b")).expect("stands");
        again(&mut pair);
        assert_eq!(
            is_unknown(&pair.hear([rejected(code)])),
            at_first,
            "{code} after it was kept for this one"
        );
    }
}

#[test]
fn auth12_what_a_role_does_not_allow_is_refused_before_it_is_sent() {
    let mut pair = Pair::live(&[plain("a")]);
    let welcomed = |role: Option<Role>, session: &Session| match welcome(session, Mode::Tail) {
        ServerMessage::Welcome(welcome) => {
            let access = role.map(|role| Access { role, until: None, shares: false });
            ServerMessage::Welcome(Welcome { access, ..welcome })
        }
        other => other,
    };
    for (role, may) in [
        (Some(Role::View), false),
        (Some(Role::Edit), true),
        (Some(Role::View), false),
        (Some(Role::Own), true),
        (Some(Role::Admin), true),
        (None, true),
    ] {
        pair.replica.disconnected();
        pair.replica.receive([welcomed(role, &pair.server.session)]);
        assert_eq!(pair.replica.access().map(|access| access.role), role);
        let change = command(&patch("a", json!({"x": 5})));
        let judged = pair.replica.judge(&change, None, NOW);
        assert_eq!(judged.is_ok(), may, "{role:?}");
        if let Err(refused) = judged {
            assert_eq!(
                (refused.code(), refused.to_string()),
                ("forbidden", "the role view may not change this session; it takes edit".to_owned(),)
            );
            assert_eq!(pair.replica.submit(change, None, NOW), Err(refused));
            assert_eq!(pair.replica.pending(), 0, "it takes no id");
        }
    }
}
