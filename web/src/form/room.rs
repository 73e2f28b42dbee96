//! Where a new object has room: on the ground, and in nothing that stands there already.

use std::sync::Arc;

use vws_core::Object;
use vws_core::limits::POSITION_BOUND;
use vws_core::model::ObjectType;

/// The least space between a new object and what is there.
pub const GAP: f64 = 0.5;
/// Places are looked for on a raster of this width, so that they are numbers a person would write.
const STEP: f64 = 0.5;
/// Places along one axis: from one end of the world to the other.
const PLACES: usize = 49;
/// How high the middle of a light hangs over what is below it: one in the midst of things lights nothing.
const LIGHT_HEIGHT: f64 = 3.0;
/// What is flat, at least this wide and on the ground is what others stand on.
const FLOOR_WIDTH: f64 = 3.0;
/// How much flatter than wide a floor is.
const FLATNESS: f64 = 8.0;
/// Lengths that differ by less are the same: sums of decimals are not exact.
const SAME: f64 = 1e-6;

/// Half of an object's extent along its own axes at scale 1. The shapes are those of `web/js/shapes.js`; a
/// text is as high as one of its lines and faces whoever looks, so that it is as deep as it is wide.
fn half(kind: &ObjectType, text: &str) -> [f64; 3] {
    match kind {
        // A model's own extent is known once it is drawn.
        ObjectType::Cube
        | ObjectType::Sphere
        | ObjectType::Cylinder
        | ObjectType::Cone
        | ObjectType::Model => [0.5; 3],
        ObjectType::Plane => [0.5, 0.0, 0.5],
        ObjectType::Torus => [0.5, 0.15, 0.5],
        ObjectType::Light => [0.22; 3],
        ObjectType::Text => {
            let chars = text.lines().map(|line| line.chars().count()).max().unwrap_or_default().max(4);
            let width = 0.175 * chars as f64;
            [width, 0.35, width]
        }
        ObjectType::Custom(_) => [0.6; 3],
    }
}

/// What an object takes, whatever place it stands at: a box along the axes of the world.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Body {
    half: [f64; 3],
    /// From its foot to where the object's own y is.
    lift: f64,
    /// From there to its middle.
    rise: f64,
}

impl Body {
    /// The body of an object of this kind, turned by Euler angles in degrees and scaled.
    #[must_use]
    pub fn of(kind: &ObjectType, rotation: [f64; 3], scale: [f64; 3], text: &str) -> Self {
        let own = half(kind, text);
        let own: [f64; 3] = std::array::from_fn(|axis| own[axis] * scale[axis]);
        // The box around a turned box: its matrix (XYZ order) without the signs.
        let [(sx, cx), (sy, cy), (sz, cz)] = rotation.map(|degrees| degrees.to_radians().sin_cos());
        let turn = [
            [cy * cz, -cy * sz, sy],
            [cx * sz + sx * sy * cz, cx * cz - sx * sy * sz, -sx * cy],
            [sx * sz - cx * sy * cz, sx * cz + cx * sy * sz, cx * cy],
        ];
        let half = turn.map(|row| row.iter().zip(own).map(|(part, own)| part.abs() * own).sum());
        let (lift, rise) = match kind {
            // A model's origin is where whoever made it put it: most stand on it.
            ObjectType::Model => (0.0, half[1]),
            ObjectType::Light => (LIGHT_HEIGHT, 0.0),
            _ => (half[1], 0.0),
        };
        Self { half, lift, rise }
    }

    /// How wide it is along x.
    #[must_use]
    pub fn width(&self) -> f64 {
        2.0 * self.half[0]
    }

    fn at(&self, [x, y, z]: [f64; 3]) -> Bounds {
        Bounds { middle: [x, y + self.rise, z], half: self.half }
    }
}

/// What an object takes of the world.
struct Bounds {
    middle: [f64; 3],
    half: [f64; 3],
}

impl Bounds {
    fn of(object: &Object) -> Self {
        let (r, s) = (object.rotation, object.scale);
        let rotation = [r.x, r.y, r.z].map(|v| v.get());
        let scale = [s.x, s.y, s.z].map(|v| v.get());
        let body = Body::of(&object.kind, rotation, scale, object.text.as_str());
        body.at([object.x, object.y, object.z].map(|v| v.get()))
    }

    fn low(&self, axis: usize) -> f64 {
        self.middle[axis] - self.half[axis]
    }

    fn high(&self, axis: usize) -> f64 {
        self.middle[axis] + self.half[axis]
    }

    /// Whether others stand on it rather than beside it.
    fn is_floor(&self) -> bool {
        let width = 2.0 * self.half[0].min(self.half[2]);
        let height = 2.0 * self.half[1];
        width >= FLOOR_WIDTH && height * FLATNESS <= width && self.low(1) <= SAME && self.high(1) > -1.0
    }

    /// Whether both have a point in common that is not of their surfaces alone, once `gap` is between them to
    /// the sides. Of two flat things in one plane one hides the other.
    fn meets(&self, other: &Self, gap: f64) -> bool {
        let apart = |axis: usize, gap: f64| {
            (self.middle[axis] - other.middle[axis]).abs() >= self.half[axis] + other.half[axis] + gap - SAME
        };
        let one_plane =
            self.half[1] + other.half[1] < SAME && (self.middle[1] - other.middle[1]).abs() < SAME;
        !apart(0, gap) && !apart(2, gap) && (one_plane || !apart(1, 0.0))
    }
}

/// The place closest to `near` (x and z) at which a body stands on the ground, or on a floor that is there, and
/// in nothing else; `None` where the world has none. At a `height` that somebody has chosen it stays.
#[must_use]
pub fn free<'a>(
    body: &Body,
    objects: impl Iterator<Item = &'a Arc<Object>>,
    near: [f64; 2],
    height: Option<f64>,
) -> Option<[f64; 3]> {
    free_of(body, &objects.map(|object| Bounds::of(object)).collect::<Vec<_>>(), near, height)
}

fn free_of(body: &Body, objects: &[Bounds], near: [f64; 2], height: Option<f64>) -> Option<[f64; 3]> {
    let mut raster = Raster::new(body, height);
    if height.is_none() {
        for floor in objects.iter().filter(|bounds| bounds.is_floor()) {
            raster.raise(floor);
        }
    }
    for bounds in objects {
        raster.take(bounds);
        if raster.free == 0 {
            return None;
        }
    }
    raster.closest(near)
}

/// The first place that is free of those beside `last` along x, a row's next; `None` where the world ends
/// before.
#[must_use]
pub fn beside<'a>(
    body: &Body,
    objects: impl Iterator<Item = &'a Arc<Object>>,
    last: [f64; 3],
) -> Option<[f64; 3]> {
    let [x, y, z] = last;
    // Numbers for a person: the hundredth, as fields show them.
    let place = |n: u32| ((x + f64::from(n) * (body.width() + GAP)) * 100.0).round() / 100.0;
    let in_row = Bounds { half: [f64::INFINITY, body.half[1], body.half[2]], ..body.at([0.0, y, z]) };
    let row: Vec<Bounds> =
        objects.map(|object| Bounds::of(object)).filter(|o| in_row.meets(o, GAP)).collect();
    (1..)
        .map(place)
        .take_while(|x| x.abs() <= POSITION_BOUND)
        .find(|x| !row.iter().any(|other| body.at([*x, y, z]).meets(other, GAP)))
        .map(|x| [x, y, z])
}

/// The places of the world's floor plan at which a body may stand, and how high its foot is there.
struct Raster {
    body: Body,
    height: Option<f64>,
    foot: Vec<f64>,
    taken: Vec<bool>,
    free: usize,
}

/// The coordinate of a place of the raster.
fn coordinate(index: usize) -> f64 {
    index as f64 * STEP - POSITION_BOUND
}

/// The places of the raster within `reach` of `middle`, along one axis.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within the raster")]
fn places(middle: f64, reach: f64) -> std::ops::Range<usize> {
    let first = ((middle - reach + SAME + POSITION_BOUND) / STEP).ceil().clamp(0.0, PLACES as f64);
    let last = ((middle + reach - SAME + POSITION_BOUND) / STEP).floor().clamp(-1.0, PLACES as f64 - 1.0);
    first as usize..(last + 1.0) as usize
}

impl Raster {
    /// All that the world has room for: a body does not reach over its edge, as far as it fits at all.
    fn new(body: &Body, height: Option<f64>) -> Self {
        let inner = |half: f64| places(0.0, (POSITION_BOUND - half).max(0.0) + 2.0 * SAME);
        let mut taken = vec![true; PLACES * PLACES];
        let mut free = 0;
        for x in inner(body.half[0]) {
            for z in inner(body.half[2]) {
                taken[x * PLACES + z] = false;
                free += 1;
            }
        }
        Self { body: *body, height, foot: vec![0.0; PLACES * PLACES], taken, free }
    }

    fn around(&self, bounds: &Bounds, gap: f64) -> impl Iterator<Item = usize> + use<> {
        let [xs, zs] =
            [0, 2].map(|axis| places(bounds.middle[axis], bounds.half[axis] + self.body.half[axis] + gap));
        xs.flat_map(move |x| zs.clone().map(move |z| x * PLACES + z))
    }

    /// What comes to stand on a floor is as high.
    fn raise(&mut self, floor: &Bounds) {
        for at in self.around(floor, 0.0) {
            self.foot[at] = self.foot[at].max(floor.high(1));
        }
    }

    /// No place is left where the body would be in something.
    fn take(&mut self, bounds: &Bounds) {
        for at in self.around(bounds, GAP) {
            if !self.taken[at] && self.body.at(self.position(at)).meets(bounds, GAP) {
                self.taken[at] = true;
                self.free -= 1;
            }
        }
    }

    fn position(&self, at: usize) -> [f64; 3] {
        let y = self.height.unwrap_or(self.foot[at] + self.body.lift);
        [coordinate(at / PLACES), (y * 1e4).round() / 1e4, coordinate(at % PLACES)]
    }

    fn closest(&self, [x, z]: [f64; 2]) -> Option<[f64; 3]> {
        let far = |[px, _, pz]: &[f64; 3]| (px - x).powi(2) + (pz - z).powi(2);
        let free = (0..self.taken.len()).filter(|at| !self.taken[*at]);
        let places = free.map(|at| self.position(at)).filter(|[_, y, _]| y.abs() <= POSITION_BOUND);
        // Of places that are as near the one to the right is taken, then the one towards the viewer.
        places
            .min_by(|a, b| far(a).total_cmp(&far(b)).then(b[0].total_cmp(&a[0])).then(b[2].total_cmp(&a[2])))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn object(kind: &str, at: [f64; 3], scale: [f64; 3], rotation: [f64; 3]) -> Arc<Object> {
        let vector = |[x, y, z]: [f64; 3]| json!({"x": x, "y": y, "z": z});
        let [x, y, z] = at;
        let json = json!({"name": "a", "type": kind, "x": x, "y": y, "z": z, "rotation": vector(rotation),
            "scale": vector(scale), "color": "#000000", "opacity": 1.0, "visible": true, "text": "",
            "properties": {}, "version": 1, "created_at": 0, "updated_at": 0});
        Arc::new(serde_json::from_value(json).expect("a valid object"))
    }

    fn body(kind: &str, scale: [f64; 3]) -> Body {
        Body::of(&ObjectType::new(kind).expect("a valid type"), [0.0; 3], scale, "")
    }

    fn cube(at: [f64; 3]) -> Arc<Object> {
        object("cube", at, [1.0; 3], [0.0; 3])
    }

    #[test]
    fn web77_the_raster_goes_from_end_to_end_of_the_world() {
        assert_eq!((coordinate(0), coordinate(PLACES - 1)), (-POSITION_BOUND, POSITION_BOUND));
    }

    #[test]
    fn web77_each_type_stands_on_the_ground_of_an_empty_world() {
        for (kind, y) in
            [("cube", 0.5), ("sphere", 0.5), ("torus", 0.15), ("plane", 0.0), ("light", 3.0), ("drone", 0.6)]
        {
            assert_eq!(free(&body(kind, [1.0; 3]), [].iter(), [0.0; 2], None), Some([0.0, y, 0.0]), "{kind}");
        }
        let tower = body("cube", [1.0, 5.0, 1.0]);
        assert_eq!(free(&tower, [].iter(), [0.0; 2], None), Some([0.0, 2.5, 0.0]));
    }

    #[test]
    fn web77_what_is_there_is_left_alone_however_many_come() {
        let mut there = vec![cube([0.0, 0.5, 0.0])];
        for _ in 0..60 {
            let place = free(&body("cube", [1.0; 3]), there.iter(), [0.0; 2], None).expect("there is room");
            let new = Bounds { middle: place, half: [0.5; 3] };
            assert!(!there.iter().any(|other| new.meets(&Bounds::of(other), GAP)), "{place:?}");
            assert_eq!(place[1], 0.5);
            there.push(cube(place));
        }
        assert_eq!(there[1].x.get(), 1.5, "the first goes to the right");
    }

    #[test]
    fn web77_what_is_turned_takes_what_it_covers() {
        let beam = object("cube", [0.0, 0.5, 0.0], [1.0, 1.0, 8.0], [0.0, 90.0, 0.0]);
        let place = free(&body("cube", [1.0; 3]), [beam].iter(), [0.0; 2], None).expect("there is room");
        assert_eq!(place, [0.0, 0.5, 1.5], "the beam lies along x");
    }

    #[test]
    fn web77_what_hangs_above_takes_no_ground_and_a_light_is_above() {
        let cloud = cube([0.0, 6.0, 0.0]);
        assert_eq!(free(&body("cube", [1.0; 3]), [cloud].iter(), [0.0; 2], None), Some([0.0, 0.5, 0.0]));
        let below = cube([0.0, 0.5, 0.0]);
        assert_eq!(free(&body("light", [1.0; 3]), [below].iter(), [0.0; 2], None), Some([0.0, 3.0, 0.0]));
    }

    #[test]
    fn web77_things_stand_on_a_floor_and_not_in_it() {
        let slab = object("cube", [0.0, 0.1, 0.0], [20.0, 0.2, 20.0], [0.0; 3]);
        let there = [slab, cube([0.0, 0.7, 0.0])];
        assert_eq!(free(&body("cube", [1.0; 3]), there.iter(), [0.0; 2], None), Some([1.5, 0.7, 0.0]));
        let plane = object("plane", [0.0; 3], [8.0, 1.0, 8.0], [0.0; 3]);
        assert_eq!(
            free(&body("cube", [1.0; 3]), [plane.clone()].iter(), [0.0; 2], None),
            Some([0.0, 0.5, 0.0])
        );
        let second = free(&body("plane", [4.0, 1.0, 4.0]), [plane].iter(), [0.0; 2], None);
        assert_eq!(second, Some([6.5, 0.0, 0.0]), "two planes in one place are one");
    }

    #[test]
    fn web77_a_full_world_has_no_place_and_a_chosen_height_is_kept() {
        let all = object("cube", [0.0, 12.0, 0.0], [24.0; 3], [0.0; 3]);
        assert_eq!(free(&body("cube", [1.0; 3]), [Arc::clone(&all)].iter(), [0.0; 2], None), None);
        let below = free(&body("cube", [1.0; 3]), [all].iter(), [3.2, -0.1], Some(-4.0));
        assert_eq!(below, Some([3.0, -4.0, 0.0]));
        let huge = body("cube", [100.0; 3]);
        assert_eq!(free(&huge, [].iter(), [0.0; 2], None), None, "its middle would be above the world");
    }

    #[test]
    fn web74_a_row_goes_on_past_what_stands_in_it_and_ends_with_the_world() {
        let next = |there: &[Arc<Object>], last| beside(&body("cube", [1.0; 3]), there.iter(), last);
        assert_eq!(next(&[], [0.0, 1.0, -2.0]), Some([1.5, 1.0, -2.0]));
        let there = [cube([1.5, 1.0, -2.0]), cube([4.0, 1.0, -2.0]), cube([3.0, 9.0, -2.0])];
        assert_eq!(next(&there, [0.0, 1.0, -2.0]), Some([6.0, 1.0, -2.0]));
        assert_eq!(next(&[], [10.5, 1.0, 0.0]), Some([12.0, 1.0, 0.0]), "the bound belongs to the world");
        assert_eq!(next(&[], [10.51, 1.0, 0.0]), None);
    }
}
