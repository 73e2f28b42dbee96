//! The form of a new object while somebody is at it: what each type begins with, and what stays of what was typed.

use vws_core::Object;
use vws_core::model::{Color, ObjectType};
use vws_core::reduce::State;
use vws_core::replica::View;

use super::create::{CreateForm, free_name, stem};
use super::room::{self, Body};
use super::text;

/// A form, and what it began with: what differs was typed.
#[derive(Debug, Clone, PartialEq)]
pub struct Draft {
    /// What the fields say.
    pub form: CreateForm,
    begun: CreateForm,
    /// Whether it begins at the place that was typed for the one before.
    kept: bool,
}

/// What a light begins with: a lamp's warm white.
const LAMPLIGHT: &str = "#fff1c0";
/// What a plane begins with: a ground, which does not draw the eye.
const GROUND: &str = "#9aa5b1";
/// Along x and z.
const GROUND_WIDTH: &str = "4";

/// What colour a type begins with, so that what is made quickly can be told apart.
fn paint(kind: &ObjectType) -> String {
    let color = match kind {
        ObjectType::Sphere => "#f2784b",
        ObjectType::Cylinder => "#e9b44c",
        ObjectType::Cone => "#4caf7d",
        ObjectType::Torus => "#a06cd5",
        _ => return Color::DEFAULT.to_string(),
    };
    color.to_owned()
}

/// Whether objects of a type can be seen to be turned.
#[must_use]
pub fn has_rotation(kind: &str) -> bool {
    kind != ObjectType::Light.as_str()
}

/// Whether a type has one size for all axes. A light's is how strongly it shines.
#[must_use]
pub fn has_one_scale(kind: &str) -> bool {
    kind == ObjectType::Light.as_str()
}

/// The fields that a type begins with, apart from name and place.
fn defaults(kind: &str) -> CreateForm {
    let form = CreateForm { kind: kind.to_owned(), ..CreateForm::default() };
    match ObjectType::new(kind) {
        Ok(ObjectType::Light) => CreateForm { color: LAMPLIGHT.to_owned(), ..form },
        Ok(ObjectType::Plane) => {
            let scale = [GROUND_WIDTH, "1", GROUND_WIDTH].map(str::to_owned);
            CreateForm { color: GROUND.to_owned(), scale, ..form }
        }
        Ok(kind) => CreateForm { color: paint(&kind), ..form },
        // A custom type that has no name yet.
        Err(_) => form,
    }
}

/// The body of the object that a form would make; `None` while a number of it is none.
fn body(form: &CreateForm) -> Option<Body> {
    let three = |texts: &[String; 3]| -> Option<[f64; 3]> {
        let [x, y, z] = [0, 1, 2].map(|axis| text::number("", &texts[axis]).ok());
        Some([x?, y?, z?])
    };
    let scale = three(&form.scale).filter(|scale| scale.iter().all(|factor| *factor > 0.0))?;
    let kind = ObjectType::new(&form.kind).unwrap_or_else(|_| ObjectType::Custom("".into()));
    Some(Body::of(&kind, three(&form.rotation)?, scale, &form.text))
}

/// The numbers of a place as fields show them.
fn texts(place: [f64; 3]) -> [String; 3] {
    place.map(text::of_number)
}

impl Default for Draft {
    fn default() -> Self {
        Self::of(CreateForm::default())
    }
}

impl Draft {
    fn of(form: CreateForm) -> Self {
        Self { begun: form.clone(), form, kept: false }
    }

    /// The form of a type as it begins: under a name that nobody has, and where there is room.
    #[must_use]
    pub fn fresh(kind: &str, view: &View<'_>) -> Self {
        let mut form = defaults(kind);
        form.name = free_name(kind, |name| view.object(name).is_some());
        if let Some(place) = body(&form).and_then(|body| room::free(&body, view.objects(), [0.0; 2], None)) {
            form.position = texts(place);
        }
        Self::of(form)
    }

    /// The form with all that an object has, for one more beside it.
    #[must_use]
    pub fn like(object: &Object, view: &View<'_>) -> Self {
        Self::of(CreateForm::from(object)).beside(view)
    }

    /// The form for another object of the same kind: it keeps colour and size, and all else that makes things
    /// alike. What one says is its own. A place that was typed stays: the next one's is typed from there, often on
    /// one axis alone.
    #[must_use]
    pub fn next(&self, view: &View<'_>) -> Self {
        let form = CreateForm { text: String::new(), visible: true, ..self.form.clone() };
        let kept = self.form.position != self.begun.position;
        Self { kept, ..Self::of(form) }.beside(view)
    }

    /// Under a free name, and unless its place is kept further along the row; where that comes to its end wherever there is room.
    fn beside(mut self, view: &View<'_>) -> Self {
        let form = &mut self.form;
        form.name = free_name(stem(&form.name), |name| view.object(name).is_some());
        let [x, y, z] = [0, 1, 2].map(|axis| text::number("", &form.position[axis]).ok());
        if let (false, Some(body), Some(x), Some(y), Some(z)) = (self.kept, body(form), x, y, z) {
            let place = room::beside(&body, view.objects(), [x, y, z])
                .or_else(|| room::free(&body, view.objects(), [x, z], Some(y)));
            if let Some(place) = place {
                form.position = texts(place);
            }
        }
        self.begun.clone_from(&self.form);
        self
    }

    /// The form once its fields say this. While nobody has chosen a place it stays on the ground, and clear of
    /// what is there, whatever becomes of its size.
    #[must_use]
    pub fn edited(&self, view: &View<'_>, form: CreateForm) -> Self {
        let draft = Self { form, begun: self.begun.clone(), kept: self.kept };
        let had = (&self.form.scale, &self.form.rotation, &self.form.text);
        if (&draft.form.scale, &draft.form.rotation, &draft.form.text) == had {
            draft
        } else {
            draft.placed(view)
        }
    }

    /// At a place that has room, unless somebody has chosen one.
    fn placed(mut self, view: &View<'_>) -> Self {
        let near = [0, 2].map(|axis| text::number("", &self.begun.position[axis]).ok());
        if !self.kept
            && self.form.position == self.begun.position
            && let ([Some(x), Some(z)], Some(body)) = (near, body(&self.form))
            && let Some(place) = room::free(&body, view.objects(), [x, z], None)
        {
            self.form.position = texts(place);
            self.begun.position.clone_from(&self.form.position);
        }
        self
    }

    /// The form of another type. It begins as that one does; what was typed stays, where the type has such a field.
    #[must_use]
    pub fn of_kind(&self, kind: &str, view: &View<'_>) -> Self {
        if kind == self.form.kind {
            return self.clone();
        }
        let mut next = Self::fresh(kind, view);
        let (was, typed) = (&self.begun, &self.form);
        if self.kept {
            next.form.position.clone_from(&was.position);
            next.begun.position.clone_from(&was.position);
            next.kept = true;
        }
        keep(&mut next.form.name, &was.name, &typed.name);
        for axis in 0..3 {
            keep(&mut next.form.position[axis], &was.position[axis], &typed.position[axis]);
            if has_rotation(kind) {
                keep(&mut next.form.rotation[axis], &was.rotation[axis], &typed.rotation[axis]);
            }
        }
        let [x, y, z] = &typed.scale;
        if !has_one_scale(kind) || (x == y && y == z) {
            for axis in 0..3 {
                keep(&mut next.form.scale[axis], &was.scale[axis], &typed.scale[axis]);
            }
        }
        keep(&mut next.form.color, &was.color, &typed.color);
        keep(&mut next.form.opacity, &was.opacity, &typed.opacity);
        keep(&mut next.form.visible, &was.visible, &typed.visible);
        keep(&mut next.form.text, &was.text, &typed.text);
        keep(&mut next.form.properties, &was.properties, &typed.properties);
        next.placed(view)
    }

    /// The same form with a model out of a file; a name that nobody has typed becomes the file's. Neither is
    /// typed: with another type both go again.
    #[must_use]
    pub fn with_model(&self, name: &str, url: &str, view: &View<'_>) -> Self {
        let mut filled = self.clone();
        let is_taken = |name: &str| view.object(name).is_some();
        if self.form.name == self.begun.name {
            filled.form.name = if is_taken(name) { free_name(stem(name), is_taken) } else { name.to_owned() };
            filled.begun.name.clone_from(&filled.form.name);
        }
        for form in [&mut filled.form, &mut filled.begun] {
            match form.properties.iter_mut().find(|(key, _)| key == "url") {
                Some((_, value)) => url.clone_into(value),
                None => form.properties.push(("url".to_owned(), url.to_owned())),
            }
        }
        filled
    }
}

/// Keeps what was typed in the place of what a field begins with.
fn keep<T: PartialEq + Clone>(field: &mut T, was: &T, typed: &T) {
    if was != typed {
        field.clone_from(typed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use vws_core::limits::ModelLimits;
    use vws_core::reduce::{Changes, Overlay};
    use vws_core::{Command, Session, SessionId, apply, reduce};
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    /// A session in which a person makes things.
    struct Desk {
        session: Session,
        none: Changes,
    }

    impl Desk {
        fn new() -> Self {
            let id: SessionId = "0197a2b4-0000-7000-8000-000000000001".parse().expect("a valid id");
            Self { session: Session::new(id, None, 0, 0), none: Changes::default() }
        }

        fn view(&self) -> View<'_> {
            Overlay::of(&self.session, &self.none)
        }

        fn fresh(&self, kind: &str) -> Draft {
            Draft::fresh(kind, &self.view())
        }

        fn typed(&self, draft: &Draft, change: impl FnOnce(&mut CreateForm)) -> Draft {
            let mut form = draft.form.clone();
            change(&mut form);
            draft.edited(&self.view(), form)
        }

        /// Adds what the form says, and answers the form of the next.
        fn add(&mut self, draft: &Draft) -> Draft {
            let limits = ModelLimits::default();
            let command = draft.form.command(&self.view(), &limits).expect("a valid form");
            let context = reduce::Context { at: 0, limits: &limits, expect_version: None };
            for event in vws_core::decide(&self.session, &command, &context).expect("it was judged") {
                let seq = self.session.seq() + 1;
                apply(&mut self.session, &event, seq, 0);
            }
            draft.next(&self.view())
        }
    }

    fn place(draft: &Draft) -> [&str; 3] {
        [0, 1, 2].map(|axis| draft.form.position[axis].as_str())
    }

    #[test]
    fn web77_the_first_object_is_a_cube_that_stands_on_the_ground() {
        let desk = Desk::new();
        let command = desk.fresh("cube").form.command(&desk.view(), &ModelLimits::default());
        let Ok(Command::CreateObject { object }) = command else { panic!("{command:?}") };
        assert_eq!((object.name.as_str(), object.kind.as_str()), ("cube-1", "cube"));
        assert_eq!((object.x, object.y, object.z), (0.0, 0.5, 0.0));
    }

    #[test]
    fn web76_a_type_begins_with_its_own_name_size_and_colour() {
        let mut desk = Desk::new();
        let first = desk.typed(&desk.fresh("text"), |form| {
            form.text = "Welcome".into();
            form.color = "#ff0000".into();
            form.scale = ["2", "2", "2"].map(str::to_owned);
        });
        let next = desk.add(&first);
        assert_eq!(
            (next.form.color.as_str(), next.form.scale[1].as_str()),
            ("#ff0000", "2"),
            "one more like it"
        );
        assert_eq!(
            (next.form.name.as_str(), next.form.text.as_str()),
            ("text-2", ""),
            "with a text of its own"
        );
        let cube = next.of_kind("cube", &desk.view());
        assert_eq!(cube, desk.fresh("cube"), "nothing of the last one");
        let light = cube.of_kind("light", &desk.view());
        assert_eq!((light.form.name.as_str(), light.form.color.as_str()), ("light-1", LAMPLIGHT));
        let plane = light.of_kind("plane", &desk.view());
        assert_eq!((plane.form.name.as_str(), plane.form.scale.join(" ").as_str()), ("plane-1", "4 1 4"));
    }

    #[test]
    fn web76_what_was_typed_into_this_form_stays_where_the_type_has_it() {
        let desk = Desk::new();
        let typed = desk.typed(&desk.fresh("cube"), |form| {
            form.name = "tower".into();
            form.color = "#00ff00".into();
            form.position[0] = "7".into();
            form.rotation[1] = "45".into();
            form.scale[1] = "3".into();
        });
        let cone = typed.of_kind("cone", &desk.view()).form;
        assert_eq!(
            (cone.name.as_str(), cone.color.as_str(), cone.position[0].as_str()),
            ("tower", "#00ff00", "7")
        );
        assert_eq!((cone.rotation[1].as_str(), cone.scale.join(" ").as_str()), ("45", "1 3 1"));
        let light = typed.of_kind("light", &desk.view()).form;
        assert_eq!((light.rotation[1].as_str(), light.scale.join(" ").as_str()), ("0", "1 1 1"));
        assert_eq!(typed.of_kind("cube", &desk.view()), typed, "it is that type");
    }

    #[test]
    fn web76_the_name_of_a_custom_type_names_the_object_as_it_is_typed() {
        let desk = Desk::new();
        let mut draft = desk.fresh("cube").of_kind("", &desk.view());
        assert_eq!(draft.form.name, "object-1");
        for kind in ["d", "dr", "drone"] {
            draft = draft.of_kind(kind, &desk.view());
        }
        assert_eq!((draft.form.name.as_str(), draft.form.kind.as_str()), ("drone-1", "drone"));
    }

    #[test]
    fn web77_each_object_has_room_whatever_came_before() {
        let mut desk = Desk::new();
        let next = desk.add(&desk.fresh("cube"));
        assert_eq!(place(&next), ["1.5", "0.5", "0"], "beside");
        assert_eq!(place(&next.of_kind("sphere", &desk.view())), ["1.5", "0.5", "0"], "not in the cube");
        assert_eq!(place(&desk.fresh("cylinder")), ["1.5", "0.5", "0"], "a form that is opened anew");
        assert_eq!(place(&next.of_kind("plane", &desk.view())), ["0", "0", "0"], "a ground is below");
    }

    #[test]
    fn web77_a_place_that_nobody_chose_follows_the_size() {
        let desk = Desk::new();
        let cube = desk.fresh("cube");
        let tall = desk.typed(&cube, |form| form.scale[1] = "3".into());
        assert_eq!(place(&tall), ["0", "1.5", "0"], "it stands on the ground");
        let half_typed = desk.typed(&tall, |form| form.scale[1] = String::new());
        assert_eq!(place(&half_typed), ["0", "1.5", "0"]);
        let chosen = desk.typed(&cube, |form| form.position[1] = "5".into());
        assert_eq!(place(&desk.typed(&chosen, |form| form.scale[1] = "3".into())), ["0", "5", "0"]);
    }

    #[test]
    fn web74_the_next_object_is_beside_the_last_one_and_within_the_world() {
        let mut desk = Desk::new();
        let at = |x: &str, width: &str| {
            let (x, width) = (x.to_owned(), width.to_owned());
            move |form: &mut CreateForm| {
                form.position = [x, "1".into(), "-2".into()];
                form.scale[0] = width;
            }
        };
        let fresh = |desk: &Desk, x, width| desk.typed(&desk.fresh("cube"), at(x, width));
        let wide = fresh(&desk, "-2.1", "0.3");
        let wide = desk.add(&wide);
        assert_eq!(place(&desk.add(&wide)), ["-1.3", "1", "-2"]);
        let edge = fresh(&desk, "10.51", "1");
        let edge_again = desk.add(&edge);
        assert_eq!(
            place(&desk.add(&edge_again)),
            ["10.5", "1", "-0.5"],
            "where the world ends another row begins"
        );
        let wrong = desk.typed(&edge, |form| form.position[0] = "abc".into());
        assert_eq!(
            place(&wrong.next(&desk.view())),
            ["abc", "1", "-2"],
            "what is no number stays to be mended"
        );
    }

    #[test]
    fn web74_a_place_that_was_typed_is_where_the_next_form_begins() {
        let mut desk = Desk::new();
        let mut leg = desk.typed(&desk.fresh("cylinder"), |form| {
            form.scale = ["0.2", "1", "0.2"].map(str::to_owned);
            form.position = ["1", "0.5", "1"].map(str::to_owned);
        });
        for (axis, to) in [(2, "-1"), (0, "-1"), (2, "1")] {
            let was = leg.form.position.clone();
            leg = desk.add(&leg);
            assert_eq!(leg.form.position, was, "nothing moves that nobody moved");
            leg = desk.typed(&leg, |form| form.position[axis] = to.to_owned());
        }
        assert_eq!(place(&leg), ["-1", "0.5", "1"]);
        let next = desk.add(&leg);
        let high = desk.typed(&next, |form| form.scale[1] = "3".into());
        assert_eq!(place(&high), ["-1", "0.5", "1"], "whatever its size becomes");
        assert_eq!(place(&high.of_kind("cube", &desk.view())), ["-1", "0.5", "1"], "or its type");
        assert_eq!(place(&desk.add(&next)), ["-0.3", "0.5", "1"], "nothing was typed: beside");
    }

    #[test]
    fn one_more_like_an_object_has_all_of_it() {
        let mut desk = Desk::new();
        let sign = desk.typed(&desk.fresh("text"), |form| form.text = "Exit".into());
        desk.add(&sign);
        let view = desk.view();
        let object = view.object("text-1").expect("it was added");
        let like = Draft::like(object, &view).form;
        assert_eq!((like.name.as_str(), like.text.as_str(), like.kind.as_str()), ("text-2", "Exit", "text"));
    }

    #[test]
    fn web58_a_model_fills_in_its_address_and_its_name_where_that_is_nobodys_choice() {
        let mut desk = Desk::new();
        let ship = desk.typed(&desk.fresh("cube"), |form| form.name = "ship".into());
        desk.add(&ship);
        let fresh = desk.fresh("model");
        let filled = fresh.with_model("boat", "asset:1", &desk.view());
        assert_eq!(filled.form.name, "boat");
        assert_eq!(filled.form.properties, [("url".to_owned(), "asset:1".to_owned())]);
        assert_eq!(fresh.with_model("ship", "asset:1", &desk.view()).form.name, "ship-1", "it is taken");
        let mine = desk.typed(&filled, |form| form.name = "mine".into());
        let again = mine.with_model("other", "asset:2", &desk.view()).form;
        assert_eq!((again.name.as_str(), again.properties[0].1.as_str()), ("mine", "asset:2"));
        assert_eq!(again.properties.len(), 1);
        assert_eq!(filled.of_kind("cube", &desk.view()), desk.fresh("cube"), "a cube has no model");
    }
}
