//! Random values of every kind, right and wrong.

use proptest::collection::{btree_map, vec};
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};
use vws_core::Command;
use vws_core::command::{
    CameraPatch, Change, ObjectDraft, ObjectPatch, OrbitDraft, ScaleInput, WorldDraft, WorldPatch,
};
use vws_core::limits::SAFE_INTEGER;
use vws_core::model::{Partial3, Scalar, Vec3};
use vws_core::wire::{
    CallDraft, CameraPoseDraft, ClientMessage, CommandMessage, Hello, PresenceDraft, Resume, Secret,
};

/// So many random cases, or fewer where `PROPTEST_CASES` says so: who changes one thing of `core` after the other and runs
/// the tests on each has no time for all of them.
pub(crate) fn cases(most: u32) -> ProptestConfig {
    let told = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok());
    ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(most.min(told.unwrap_or(most))) }
}

/// Names that meet often, of several scripts, and some that no object can have.
fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        12 => select(vec!["a", "b", "c", "d", "é", "e\u{301}", "世界", "a b", "~1"]).prop_map(str::to_owned),
        1 => Just("n".repeat(128)),
        1 => select(vec!["", "/", "..", " a", "a\u{0}", "\u{202e}"]).prop_map(str::to_owned),
        1 => any::<String>(),
    ]
}

/// Numbers in [-bound, bound], on its edges and just outside. Finite, so that they can be written.
fn number(bound: f64) -> impl Strategy<Value = f64> {
    prop_oneof![
        24 => -bound..=bound,
        4 => (-4_i32..=4).prop_map(f64::from),
        2 => select(vec![bound, -bound, 0.0, -0.0, f64::MIN_POSITIVE, 5e-324]),
        1 => select(vec![bound.next_up(), -bound * 2.0, 1e300, -1e300]),
    ]
}

/// Numbers in (0, bound], and now and then not.
fn factor(bound: f64) -> impl Strategy<Value = f64> {
    prop_oneof![16 => 1e-6..=bound, 1 => select(vec![0.0, -1.0, bound.next_up(), 5e-324])]
}

fn partial(value: impl Strategy<Value = f64> + Clone) -> impl Strategy<Value = Partial3<f64>> {
    (of(value.clone()), of(value.clone()), of(value)).prop_map(|(x, y, z)| Partial3 { x, y, z })
}

fn partial_of(bound: f64) -> impl Strategy<Value = Partial3<f64>> {
    partial(proptest::strategy::Union::new([number(bound).boxed()]))
}

fn scale() -> impl Strategy<Value = ScaleInput> {
    prop_oneof![
        factor(1_000.0).prop_map(ScaleInput::Uniform),
        partial(proptest::strategy::Union::new([factor(1_000.0).boxed()])).prop_map(ScaleInput::Axes),
    ]
}

fn kind() -> impl Strategy<Value = String> {
    select(vec!["cube", "sphere", "light", "text", "model", "robot", "cube", "世", ""])
        .prop_map(str::to_owned)
}

fn color() -> impl Strategy<Value = String> {
    prop_oneof![8 => any::<[u8; 3]>().prop_map(|[r, g, b]| format!("#{r:02X}{g:02x}{b:02x}")), 1 => Just("red".to_owned())]
}

fn scalar() -> impl Strategy<Value = Scalar> {
    prop_oneof![
        any::<bool>().prop_map(|v| json!(v)),
        any::<i64>().prop_map(|v| json!(v)),
        any::<u64>().prop_map(|v| json!(v)),
        number(1e9).prop_map(|v| json!(v)),
        ".{0,20}".prop_map(|v: String| json!(v)),
    ]
    .prop_map(|value| serde_json::from_value(value).expect("is a scalar"))
}

fn key() -> impl Strategy<Value = String> {
    select(vec!["k", "l", "m", "é", "a/b", "k", "l", ""]).prop_map(str::to_owned)
}

fn change<T: std::fmt::Debug + Clone>(value: impl Strategy<Value = T>) -> impl Strategy<Value = Change<T>> {
    prop_oneof![
        4 => Just(Change::Keep),
        1 => Just(Change::Reset),
        4 => value.prop_map(Change::Set),
    ]
}

/// For fields that null is refused in: seldom.
fn kept<T: std::fmt::Debug + Clone>(value: impl Strategy<Value = T>) -> impl Strategy<Value = Change<T>> {
    prop_oneof![20 => Just(Change::Keep), 1 => Just(Change::Reset), 20 => value.prop_map(Change::Set)]
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![8 => "[a-zé世 \n]{0,12}", 1 => any::<String>()]
}

prop_compose! {
    fn draft()(
        name in name(), kind in kind(), x in number(12.0), y in number(12.0), z in number(12.0),
        rotation in of(partial_of(36_000.0)), scale in of(scale()), color in of(color()),
        opacity in of(factor(1.0)), visible in of(any::<bool>()), text in of(text()),
        properties in of(btree_map(key(), scalar(), 0..4)),
    ) -> ObjectDraft {
        ObjectDraft { name, kind, x, y, z, rotation, scale, color, opacity, visible, text, properties }
    }
}

prop_compose! {
    fn object_patch()(
        kind in kept(kind()), x in kept(number(12.0)), y in kept(number(12.0)), z in kept(number(12.0)),
        rotation in change(partial_of(36_000.0)), scale in change(scale()), color in change(color()),
        opacity in change(factor(1.0)), visible in change(any::<bool>()), text in change(text()),
        properties in change(btree_map(key(), of(scalar()), 0..4)),
    ) -> ObjectPatch {
        ObjectPatch { kind, x, y, z, rotation, scale, color, opacity, visible, text, properties }
    }
}

fn size() -> impl Strategy<Value = f64> {
    prop_oneof![8 => (1_u32..=1_000).prop_map(f64::from), 1 => select(vec![0.0, 1_001.0, 2.5])]
}

fn fov() -> impl Strategy<Value = f64> {
    prop_oneof![8 => 10.0..=120.0, 1 => select(vec![9.0, 121.0])]
}

prop_compose! {
    fn world_draft()(
        size in of(size()), transparency in of(factor(1.0)), camera_x in of(number(100.0)),
        camera_y in of(number(100.0)), camera_z in of(number(100.0)),
        camera_target in of(partial_of(100.0)), camera_fov in of(fov()),
    ) -> WorldDraft {
        WorldDraft { size, transparency, camera_x, camera_y, camera_z, camera_target, camera_fov }
    }
}

prop_compose! {
    fn world_patch()(
        size in change(size()), transparency in change(factor(1.0)), camera_x in change(number(100.0)),
        camera_y in change(number(100.0)), camera_z in change(number(100.0)),
        camera_target in change(partial_of(100.0)), camera_fov in change(fov()),
    ) -> WorldPatch {
        WorldPatch { size, transparency, camera_x, camera_y, camera_z, camera_target, camera_fov }
    }
}

prop_compose! {
    fn camera_patch()(
        x in of(number(100.0)), y in of(number(100.0)), z in of(number(100.0)),
        target in of(partial_of(100.0)), fov in of(fov()),
    ) -> CameraPatch {
        CameraPatch { x, y, z, target, fov }
    }
}

prop_compose! {
    fn orbit_draft()(
        radius in of(factor(200.0)), speed in of(number(360.0)), elevation in of(number(89.0)),
    ) -> OrbitDraft {
        OrbitDraft { radius, speed, elevation }
    }
}

/// Any command but a batch.
pub(crate) fn single() -> impl Strategy<Value = Command> {
    prop_oneof![
        6 => draft().prop_map(|object| Command::CreateObject { object }),
        8 => (name(), object_patch()).prop_map(|(name, patch)| Command::UpdateObject { name, patch }),
        3 => (name(), name()).prop_map(|(name, new_name)| Command::RenameObject { name, new_name }),
        3 => name().prop_map(|name| Command::DeleteObject { name }),
        1 => Just(Command::ClearObjects),
        1 => world_draft().prop_map(|world| Command::InitializeWorld { world }),
        2 => world_patch().prop_map(|patch| Command::UpdateWorld { patch }),
        2 => camera_patch().prop_map(|camera| Command::MoveCamera { camera }),
        1 => orbit_draft().prop_map(|orbit| Command::StartOrbit { orbit }),
        1 => Just(Command::StopOrbit),
        1 => of(name()).prop_map(|name| Command::RenameSession { name }),
        1 => (name(), of(0_u64..8)).prop_map(|(name, version)| Command::ExpectObject { name, version }),
        1 => (0_u64..8).prop_map(|version| Command::ExpectWorld { version }),
    ]
}

/// Any command.
pub(crate) fn command() -> impl Strategy<Value = Command> {
    prop_oneof![
        8 => single(),
        2 => vec(single(), 0..6).prop_map(|commands| Command::Batch { commands }),
    ]
}

/// Any commands, most of which stand somewhere.
pub(crate) fn commands() -> impl Strategy<Value = Vec<Command>> {
    vec(command(), 0..24)
}

/// What looks like a command, with faults of form at random places.
pub(crate) fn nearly_a_command() -> impl Strategy<Value = Value> {
    let odd = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        number(20.0).prop_map(Value::from),
        name().prop_map(Value::from),
        Just(json!([])),
        Just(json!({})),
        Just(json!({"x": 1, "unknown": [1, 2]})),
    ];
    (command(), vec((any::<proptest::sample::Index>(), odd), 0..3)).prop_map(|(command, oddities)| {
        let mut value = serde_json::to_value(command).expect("encodes");
        for (at, odd) in oddities {
            let mut places = Vec::new();
            collect(&value, String::new(), &mut places);
            let place = at.get(&places).clone();
            if let Some(found) = value.pointer_mut(&place) {
                *found = odd;
            }
        }
        value
    })
}

/// The JSON pointers of all values inside.
fn collect(value: &Value, at: String, places: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                let token = key.replace('~', "~0").replace('/', "~1");
                collect(value, format!("{at}/{token}"), places);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                collect(item, format!("{at}/{index}"), places);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
    places.push(at);
}

fn vector() -> impl Strategy<Value = Vec3<f64>> {
    (number(1_000.0), number(1_000.0), number(1_000.0)).prop_map(|(x, y, z)| Vec3 { x, y, z })
}

fn camera_pose() -> impl Strategy<Value = CameraPoseDraft> {
    (vector(), vector(), of(fov())).prop_map(|(position, target, fov)| CameraPoseDraft {
        position,
        target,
        fov,
    })
}

fn presence() -> impl Strategy<Value = PresenceDraft> {
    let call = (any::<u32>(), camera_pose()).prop_map(|(id, camera)| CallDraft { id, camera });
    let shown = (of(camera_pose()), of(vector()), vec(name(), 0..4));
    (shown, of(any::<String>()), any::<bool>(), of(call)).prop_map(
        |((camera, pointer, selection), follows, away, call)| PresenceDraft {
            camera,
            pointer,
            selection,
            follows,
            away,
            call,
        },
    )
}

/// Anything that a client can say.
pub(crate) fn client_message() -> impl Strategy<Value = ClientMessage> {
    let resume = || (any::<u64>(), any::<u64>()).prop_map(|(epoch, seq)| Resume { epoch, seq });
    let hello = (any::<u64>(), any::<String>(), of(name()), of(color()), of(any::<String>()), of(resume()))
        .prop_map(|(protocol, client_id, name, color, token, after)| {
            ClientMessage::Hello(Hello { protocol, client_id, name, color, token: token.map(Secret), after })
        });
    prop_oneof![
        hello,
        (1..=SAFE_INTEGER, of(any::<u64>()), command()).prop_map(|(id, expect_version, command)| {
            ClientMessage::Command(CommandMessage { id, expect_version, command })
        }),
        presence().prop_map(ClientMessage::Presence),
        of(resume()).prop_map(|after| ClientMessage::Resume { after }),
        number(1e15).prop_map(|t| ClientMessage::Ping { t }),
    ]
}
