use vws_core::limits::{PRESENCE_BOUND, PRESENCE_SELECTION};
use vws_core::model::Vec3;
use vws_core::wire::{CallDraft, CameraPoseDraft, PresenceDraft};

#[test]
fn pres4_what_a_client_shows_lies_within_its_bounds() {
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

#[test]
fn pres4_err3_a_selection_that_is_too_large_is_not_checked_name_by_name() {
    let faults = |selection: Vec<String>| {
        PresenceDraft { selection, ..PresenceDraft::default() }
            .check()
            .expect_err("is refused")
            .errors()
            .count()
    };
    assert_eq!(faults(vec!["/".to_owned(); PRESENCE_SELECTION]), PRESENCE_SELECTION, "each has its pointer");
    assert_eq!(faults(vec!["/".to_owned(); 10_000]), 1 + PRESENCE_SELECTION);
}

#[test]
fn pres7_whom_it_follows_and_what_it_asks_of_others_lie_within_their_bounds() {
    let following = |id: &str| PresenceDraft { follows: Some(id.to_owned()), ..PresenceDraft::default() };
    assert_eq!(following("c-1").check().map(|p| p.follows.is_some()), Ok(true));
    let refused = following("c 1").check().expect_err("is no client id");
    assert_eq!(
        (refused.code(), refused.to_problem().errors[0].pointer.as_str()),
        ("client_id_invalid", "/follows")
    );

    let calling = |x: f64, fov: f64| {
        let origin = Vec3 { x: 0.0, y: 0.0, z: 0.0 };
        let camera = CameraPoseDraft { position: Vec3 { x, ..origin }, target: origin, fov: Some(fov) };
        PresenceDraft { call: Some(CallDraft { id: 7, camera }), ..PresenceDraft::default() }
    };
    let presence = calling(PRESENCE_BOUND, 60.0).check().expect("is within");
    assert_eq!(presence.call.map(|call| (call.id, call.camera.position.x.get())), Some((7, PRESENCE_BOUND)));
    let refused = calling(-PRESENCE_BOUND - 0.1, 121.0).check().expect_err("is outside").to_problem();
    let told: Vec<_> = refused.errors.iter().map(|e| (e.pointer.as_str(), e.detail.as_str())).collect();
    assert_eq!(
        told,
        [
            ("/call/camera/position/x", "call.camera.position.x = -1000.1 is outside [-1000, 1000]"),
            ("/call/camera/fov", "call.camera.fov = 121 is outside [10, 120]"),
        ]
    );
}

#[test]
fn pres7_what_is_not_said_takes_no_bytes() {
    let text = serde_json::to_string(&PresenceDraft::default()).expect("encodes");
    assert_eq!(text, "{}");
    let presence = PresenceDraft::default().check().expect("nothing breaks no rule");
    assert_eq!(serde_json::to_string(&presence).expect("encodes"), "{}");
}
