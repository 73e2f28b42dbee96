use serde_json::{Value, json};
use vws_core::limits::ModelLimits;
use vws_core::transfer::{Format, Importer};
use vws_core::wire::parse_json;
use vws_core::{Command, Context, Problem, Session, decide};

use super::events::ID;

/// What a session without objects refuses a command with.
fn refusal(command: &Value) -> Problem {
    let session = Session::new(ID.parse().expect("is a UUID"), None, 0, 1);
    let context = Context { at: 0, limits: &ModelLimits::default(), expect_version: None };
    parse_json::<Command>(command.to_string().as_bytes())
        .and_then(|command| decide(&session, &command, &context))
        .expect_err("is refused")
        .to_problem()
}

#[test]
fn err1_err2_refusals_travel_as_their_golden_files_say() {
    let object = |name: &str, x: f64| json!({"name": name, "type": "cube", "x": x, "y": 0, "z": 0});
    let create = |name: &str, x: f64| json!({"type": "create_object", "object": object(name, x)});
    let problems = [
        ("problem.one_field", refusal(&create("a", 13.0))),
        ("problem.many_fields", refusal(&create(" ", 13.0))),
        (
            "problem.in_a_batch",
            refusal(&json!({"type": "batch", "commands": [create("a", 0.0), create("a", 0.0)]})),
        ),
        ("problem.of_the_form", refusal(&json!({"type": "delete_object", "name": "a", "a/b": 1}))),
        ("problem.of_a_file", {
            let mut importer = Importer::new(Format::State, ModelLimits::default());
            importer.read(b"{\"format\":\"vws.state\",\n\"version\":2,\n\"digest\":1}");
            importer.finish().expect_err("is refused").to_problem().expect("is one")
        }),
        (
            "problem.as_a_whole",
            Problem {
                code: "log_unavailable".to_owned(),
                detail: "the server cannot keep changes now".to_owned(),
                errors: Vec::new(),
            },
        ),
    ];
    for (name, problem) in &problems {
        super::check(name, problem);
    }
    super::no_others("problem", &problems.iter().map(|(name, _)| (*name).to_owned()).collect());
}
