//! One field of the objects that the inspector shows: typed, dragged or reset, in all of them at once.

use std::cell::RefCell;
use std::rc::Rc;

use vws_core::command::ObjectPatch;
use vws_core::{Command, ObjectName};
use yew::prelude::*;

use super::super::context::{SessionHandle, use_session};
use super::targets::Targets;
use crate::client::SessionClient;
use crate::form::object::ObjectField;
use crate::form::{expr, several, together};
use crate::ui::scrub::{Drag, OnDrag};
use crate::ui::{LiveField, Shape};

/// Properties of [`Live`].
#[derive(Properties, PartialEq)]
pub(super) struct LiveProps {
    pub(super) targets: Targets,
    pub(super) field: ObjectField,
    pub(super) label: AttrValue,
    #[prop_or_default]
    pub(super) prefix: Option<AttrValue>,
    pub(super) shape: Shape,
    /// Whether it has a button of its own that gives it its default.
    #[prop_or_default]
    pub(super) resets: bool,
}

/// A field of one object, or of several at once.
#[component]
pub(super) fn Live(props: &LiveProps) -> Html {
    let session = use_session();
    // A drag goes on while the field is drawn anew by what it does.
    let started = use_mut_ref(|| None::<Started>);
    let LiveProps { targets, field, .. } = props;
    let field = *field;
    let check = {
        let names = Rc::clone(&targets.names);
        session.check(move |client, text| {
            client.check(|view, limits| several::set(view, &names, field, text, limits))
        })
    };
    let can_change = session.client.read_only().is_none() && targets.locked.is_none();
    let ondrag = can_change.then(|| ondrag(&session.client, targets, field, &started));
    let onreset = (props.resets && can_change && targets.is_changed(field)).then(|| {
        let patch = field.reset().unwrap_or_default();
        reset(&session, targets, patch)
    });
    html! {
        <LiveField id={format!("inspector-{}", field.id())} label={props.label.clone()} prefix={props.prefix.clone()} shape={props.shape}
            shown={targets.shown(field)} mixed={targets.is_mixed(field)} pending={targets.is_unconfirmed(field)} {check}
            commit={session.commit()} {ondrag} {onreset} />
    }
}

/// A callback that changes all of them by one patch.
pub(super) fn reset(session: &SessionHandle, targets: &Targets, patch: ObjectPatch) -> Callback<()> {
    let (client, names) = (Rc::clone(&session.client), Rc::clone(&targets.names));
    Callback::from(move |()| {
        let command =
            |name: &ObjectName| Command::UpdateObject { name: name.to_string(), patch: patch.clone() };
        // What would be refused of it is told as of any command.
        client.submit(together(names.iter().map(command).collect()));
    })
}

/// A drag that has begun.
struct Started {
    gesture: u64,
    /// What each of them had then.
    values: Vec<(ObjectName, f64)>,
    /// Whether anything was sent.
    sent: bool,
}

impl Started {
    /// How far all of them can go together.
    fn reach(&self, field: ObjectField, by: f64) -> f64 {
        reach(self.values.iter().map(|(_, value)| *value), field.range(), by)
    }

    fn command(&self, field: ObjectField, by: f64) -> Command {
        let commands = self.values.iter().filter_map(|(name, value)| {
            // Given up, each is what it was to the last bit.
            let value = if by == 0.0 { *value } else { expr::rounded(value + by) };
            let patch = field.with_value(value)?;
            Some(Command::UpdateObject { name: name.to_string(), patch })
        });
        together(commands.collect())
    }
}

/// How far these values can go by `by` without one of them leaving its range.
fn reach(values: impl Iterator<Item = f64>, range: Option<(f64, f64)>, by: f64) -> f64 {
    let Some((min, max)) = range else { return by };
    values.fold(by, |by, value| by.clamp((min - value).min(0.0), (max - value).max(0.0)))
}

/// What a drag of the field's letter does: every value of it is a change of the same gesture, so that all of
/// them are taken back as one.
fn ondrag(
    client: &Rc<SessionClient>,
    targets: &Targets,
    field: ObjectField,
    started: &Rc<RefCell<Option<Started>>>,
) -> OnDrag {
    let (client, names, started) = (Rc::clone(client), Rc::clone(&targets.names), Rc::clone(started));
    Callback::from(move |drag: Drag| {
        let by = match drag {
            Drag::Begin => {
                let value = |name: &ObjectName| {
                    let object = client.object(name.as_str())?;
                    Some((name.clone(), field.value(&object)?))
                };
                let values = names.iter().filter_map(value).collect();
                started.replace(Some(Started { gesture: client.new_gesture(), values, sent: false }));
                return 0.0;
            }
            Drag::By(by) => by,
            Drag::Cancel => 0.0,
        };
        let Some(mut going) = started.take() else { return 0.0 };
        let by = going.reach(field, by);
        if drag == Drag::Cancel {
            if going.sent {
                client.cancel_live(vec![going.command(field, by)], going.gesture);
            }
            return by;
        }
        going.sent = true;
        // What is refused, as of an object that somebody has deleted, is told once and ends the drag.
        if client.submit_in(going.command(field, by), Some(going.gesture)) {
            started.replace(Some(going));
        }
        by
    })
}

#[cfg(test)]
mod tests {
    use super::reach;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn web28_a_drag_ends_where_the_first_of_them_reaches_its_bound() {
        let range = Some((-12.0, 12.0));
        let reached = |by| reach([10.0, -11.0, 0.0].into_iter(), range, by);
        assert_eq!(reached(1.0), 1.0);
        assert_eq!(reached(5.0), 2.0);
        assert_eq!(reached(-5.0), -1.0);
        assert_eq!(reach([0.0005].into_iter(), Some((0.001, 1.0)), 0.0), 0.0, "what is there already stays");
        assert_eq!(reach([5.0].into_iter(), None, 1e9), 1e9);
    }
}
