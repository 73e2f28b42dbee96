use vws_core::limits::{PRESENCE_BOUND, PRESENCE_SELECTION};
use vws_core::model::Vec3;
use vws_core::wire::PresenceDraft;

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
