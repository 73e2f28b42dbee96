//! One field of many objects at once: all of them, or none.

use vws_core::command::ObjectPatch;
use vws_core::limits::ModelLimits;
use vws_core::reduce::State;
use vws_core::{Command, Object, ObjectName, Rejection};

use super::object::ObjectField;
use super::{Refusal, judge, together};

/// The command that gives each of these objects what the field's text says. A text such as `+=1` goes on from
/// what each of them has.
///
/// # Errors
/// The refusal of the server; of several objects with the name of the one that it is about.
pub fn set<S: State>(
    state: &S,
    names: &[ObjectName],
    field: ObjectField,
    text: &str,
    limits: &ModelLimits,
) -> Result<Command, Refusal> {
    if let ([name], ObjectField::Name) = (names, field) {
        return field.command(state, name.as_str(), text, limits);
    }
    update(state, names, limits, |object| field.patch(object, text))
}

/// The command that changes each of these objects by what `patch` makes for it, `None` for those that stay.
/// One that is not there any more is passed over.
///
/// # Errors
/// As [`set`].
pub fn update<S: State>(
    state: &S,
    names: &[ObjectName],
    limits: &ModelLimits,
    patch: impl Fn(&Object) -> Result<Option<ObjectPatch>, Refusal>,
) -> Result<Command, Refusal> {
    let mut commands = Vec::with_capacity(names.len());
    for name in names {
        let Some(object) = state.object(name.as_str()) else { continue };
        if let Some(patch) = patch(object)? {
            commands.push(Command::UpdateObject { name: name.to_string(), patch });
        }
    }
    let command = together(commands);
    match judge(state, &command, limits) {
        Ok(()) => Ok(command),
        Err(rejection) => Err(refusal(&command, &rejection)),
    }
}

/// What a command is refused with; of a batch with the name of the object that it is about.
fn refusal(command: &Command, rejection: &Rejection) -> Refusal {
    let refusal = Refusal::from(rejection.primary().clone());
    let Command::Batch { commands } = command else { return refusal };
    let pointer = rejection.errors().next().map(|error| error.pointer.as_str()).unwrap_or_default();
    let index = pointer.strip_prefix("/commands/").and_then(|rest| rest.split('/').next()?.parse().ok());
    match index.and_then(|index: usize| commands.get(index)) {
        Some(Command::UpdateObject { name, .. }) => {
            Refusal { words: format!("{name}: {}", refusal.words), ..refusal }
        }
        _ => refusal,
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::form::create::CreateForm;
    use crate::form::object::Axis;
    use vws_core::{Session, SessionId, apply, reduce};
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    /// A session of objects with these names and places.
    pub(in crate::form) fn session(objects: &[(&str, f64)]) -> Session {
        let id: SessionId = "0197a2b4-0000-7000-8000-000000000001".parse().expect("a valid id");
        let mut session = Session::new(id, None, 0, 0);
        for (name, x) in objects {
            let position = [x.to_string(), "0".into(), "0".into()];
            let form = CreateForm { name: (*name).to_owned(), position, ..CreateForm::default() };
            let command = form.command(&session, &ModelLimits::default()).expect("a valid form");
            session = after(session, &command);
        }
        session
    }

    /// The session after a command.
    pub(in crate::form) fn after(mut session: Session, command: &Command) -> Session {
        let limits = ModelLimits::default();
        let context = reduce::Context { at: 0, limits: &limits, expect_version: None };
        for event in vws_core::decide(&session, command, &context).expect("it was judged") {
            let seq = session.seq() + 1;
            apply(&mut session, &event, seq, 0);
        }
        session
    }

    pub(in crate::form) fn names(text: &str) -> Vec<ObjectName> {
        text.split(' ').map(|name| ObjectName::new("name", name).expect("a valid name")).collect()
    }

    fn xs(session: &Session) -> Vec<f64> {
        session.objects().map(|object| object.x.get()).collect()
    }

    const X: ObjectField = ObjectField::Position(Axis::X);

    #[test]
    fn web29_what_is_typed_is_set_in_all_by_one_command() {
        let state = session(&[("a", 1.0), ("b", 2.0), ("c", 3.0)]);
        let limits = ModelLimits::default();
        let command = set(&state, &names("a c"), X, "7", &limits).expect("valid");
        assert!(matches!(&command, Command::Batch { commands } if commands.len() == 2), "{command:?}");
        assert_eq!(xs(&after(state, &command)), [7.0, 2.0, 7.0]);
    }

    #[test]
    fn web29_a_relative_text_goes_on_from_what_each_has() {
        let state = session(&[("a", 1.0), ("b", 2.0)]);
        let command = set(&state, &names("a b"), X, "+=0.5", &ModelLimits::default()).expect("valid");
        let state = after(state, &command);
        assert_eq!(xs(&state), [1.5, 2.5]);
        let command = set(&state, &names("a b"), X, "*=2", &ModelLimits::default()).expect("valid");
        assert_eq!(xs(&after(state, &command)), [3.0, 5.0]);
    }

    #[test]
    fn web29_one_refusal_refuses_all_and_says_of_which() {
        let state = session(&[("a", 1.0), ("b", 11.0)]);
        let refusal = set(&state, &names("a b"), X, "+=2", &ModelLimits::default()).expect_err("refused");
        assert_eq!(refusal.code, "coordinate_out_of_bounds");
        assert_eq!(refusal.words, "b: x = 13 is outside [-12, 12]");
        let one = set(&state, &names("b"), X, "+=2", &ModelLimits::default()).expect_err("refused");
        assert_eq!(one.words, "x = 13 is outside [-12, 12]");
        let limits = ModelLimits { commands_per_batch: 1, ..ModelLimits::default() };
        let many = set(&state, &names("a b"), X, "1", &limits).expect_err("refused");
        assert_eq!(many.words, "the batch has 2 commands, more than 1");
    }

    #[test]
    fn web29_what_is_gone_is_passed_over() {
        let state = session(&[("a", 1.0)]);
        let command = set(&state, &names("a b"), X, "2", &ModelLimits::default()).expect("valid");
        assert_eq!(xs(&after(state, &command)), [2.0]);
    }
}
