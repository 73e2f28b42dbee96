use serde_json::json;
use vws_core::model::{DisplayName, Label, ObjectName};
use vws_core::reduce::State;

use super::given::{Given, check, cube, plain};

/// How a name is refused: its code and message; `None` when it is taken.
fn refusal(name: &str) -> Option<String> {
    let given = Given::nothing();
    match given.decide(&plain(name)) {
        Ok(_) => None,
        Err(rejection) => {
            let found: Vec<_> = super::given::faults(&rejection);
            assert_eq!(found, [("/object/name".to_owned(), "name_invalid")]);
            Some(rejection.to_string())
        }
    }
}

#[test]
fn name1_names_have_1_to_128_bytes() {
    assert_eq!(refusal("").as_deref(), Some("name = \"\" is empty"));
    assert_eq!(refusal("a"), None);
    assert_eq!(refusal(&"a".repeat(128)), None);
    let long = refusal(&"a".repeat(129)).expect("129 bytes are refused");
    assert!(long.ends_with("has 129 bytes, more than 128"), "{long}");
    // Bytes are counted, not characters: 42 of three bytes and one of two.
    assert_eq!(refusal(&format!("{}é", "世".repeat(42))), None);
    assert!(refusal(&"世".repeat(43)).is_some());
}

#[test]
fn name2_any_script_is_kept_byte_for_byte() {
    let names = [
        "cube1",
        "Würfel",
        "куб",
        "κύβος",
        "立方体",
        "큐브",
        "キューブ",
        "מכעב",
        "مكعب",
        "घन",
        "ลูกบาศก์",
        "👩‍👩‍👧",
        "a.b",
        "...",
        "%2F",
        "\"quoted\"",
        "'; drop",
        "<b>",
        "~0~1",
        "a\u{200b}b",
        "null",
        "-",
        "con",
        "a|b*?:",
    ];
    let mut given = Given::nothing();
    for name in names {
        given.run(&plain(name)).expect(name);
        assert_eq!(given.object(name).name.as_str().as_bytes(), name.as_bytes());
    }
    assert_eq!(given.session.object_count(), names.len());
}

#[test]
fn name2_names_that_look_alike_are_different_names() {
    let mut given = Given::nothing();
    for name in ["é", "e\u{301}", "É", "ａ", "a", "A", "а"] {
        given.run(&plain(name)).expect(name);
    }
    assert_eq!(given.session.object_count(), 7);
}

#[test]
fn name3_controls_and_bidi_controls_are_refused_anywhere() {
    let controls = ('\0'..='\u{1f}').chain('\u{7f}'..='\u{9f}');
    let bidi = ['\u{61c}', '\u{200e}', '\u{200f}']
        .into_iter()
        .chain('\u{202a}'..='\u{202e}')
        .chain('\u{2066}'..='\u{2069}');
    for c in controls.chain(bidi) {
        let expected = format!("has the character U+{:04X}, which is not allowed", u32::from(c));
        for name in [format!("{c}ab"), format!("a{c}b"), format!("ab{c}"), c.to_string()] {
            let told = refusal(&name).unwrap_or_else(|| panic!("{name:?} is taken"));
            assert!(told.ends_with(&expected), "{told}");
            assert!(DisplayName::new("name", &name).is_err(), "{name:?}");
        }
    }
    // Their neighbours are no controls.
    for c in [' ', '~', '\u{a0}', '\u{61b}', '\u{200d}', '\u{2010}', '\u{202f}', '\u{2065}', '\u{206a}'] {
        assert_eq!(refusal(&format!("a{c}b")), None, "U+{:04X}", u32::from(c));
    }
}

#[test]
fn name4_path_characters_and_dots_are_refused() {
    for name in ["/", "a/b", "\\", "a\\b", ".", "..", "../a", "a/", "/a"] {
        assert!(refusal(name).is_some(), "{name:?}");
    }
    assert_eq!(refusal(".").as_deref(), Some("name = \".\" is reserved"));
    for name in ["...", ".a", "a.", "..a", "a..b", "／", "∕"] {
        assert_eq!(refusal(name), None, "{name:?}");
    }
}

#[test]
fn name5_outer_white_space_is_refused_and_inner_kept() {
    for space in [' ', '\u{a0}', '\u{1680}', '\u{2003}', '\u{2028}', '\u{202f}', '\u{3000}'] {
        for name in [format!("{space}a"), format!("a{space}"), space.to_string()] {
            let told = refusal(&name).unwrap_or_else(|| panic!("{name:?} is taken"));
            assert!(told.ends_with("begins or ends with white space"), "{told}");
        }
        assert_eq!(refusal(&format!("a{space}b")), None);
    }
}

#[test]
fn name6_names_are_unique_and_ordered_as_bytes() {
    let mut given = Given::nothing();
    for name in ["b", "a10", "Z", "ä", "a2", "世", "a"] {
        given.run(&plain(name)).expect(name);
    }
    let listed: Vec<_> = given.session.objects().map(|object| object.name.as_str()).collect();
    assert_eq!(listed, ["Z", "a", "a10", "a2", "b", "ä", "世"]);
    let after: Vec<_> = given.session.objects_after("a10").map(|object| object.name.as_str()).collect();
    assert_eq!(after, ["a2", "b", "ä", "世"]);
    // The place need not be a name that is there.
    assert_eq!(given.session.objects_after("a1").next().map(|object| object.name.as_str()), Some("a10"));
    check(&[plain("a")], &plain("a"), Err(&[("/object/name", "object_exists")]));
    check(
        &[plain("a")],
        &plain("A"),
        Ok(
            json!([{"type": "object_created", "object": Given::after(&[plain("a"), plain("A")]).object("A")}]),
        ),
    );
}

#[test]
fn name7_display_names_have_1_to_64_characters() {
    let taken = |name: &str| DisplayName::new("name", name).is_ok();
    assert!(!taken(""));
    assert!(taken("x") && taken(&"世".repeat(64)) && !taken(&"世".repeat(65)));
    assert!(taken("a/b\\c") && taken("."), "a display name is no object's name");
    assert!(!taken(" a") && !taken("a\u{3000}"));
    let rename = |name: &str| json!({"type": "rename_session", "name": name});
    check(&[], &rename(&"x".repeat(65)), Err(&[("/name", "display_name_invalid")]));
    check(&[], &rename("Plan B"), Ok(json!([{"type": "session_renamed", "name": "Plan B"}])));
}

#[test]
fn name8_texts_have_at_most_256_characters_and_may_have_lines() {
    let text = |text: &str| Label::new("text", text).map(|label| label.as_str().len());
    assert_eq!(text(""), Ok(0));
    assert_eq!(text(&"世".repeat(256)), Ok(768));
    assert!(text(&"a".repeat(257)).is_err());
    assert_eq!(text(" two\nlines "), Ok(11));
    for bad in ["a\tb", "a\rb", "\0", "\u{85}", "a\u{202e}b"] {
        check(&[], &cube("a", json!({"text": bad})), Err(&[("/object/text", "text_invalid")]));
    }
}

#[test]
fn name1_the_rules_hold_wherever_names_are_read() {
    let read = |name: &str| serde_json::from_value::<ObjectName>(json!(name));
    assert!(read("a").is_ok());
    for bad in ["", " a", "a/b", "..", "a\u{7f}", &"a".repeat(129)] {
        assert!(read(bad).is_err(), "{bad:?}");
        let event = json!({"type": "object_deleted", "name": bad});
        assert!(serde_json::from_value::<vws_core::Event>(event).is_err(), "{bad:?}");
    }
}
