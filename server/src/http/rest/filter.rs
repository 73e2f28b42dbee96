//! Which objects a list is asked for.

use vws_core::{Object, ObjectType};

use super::super::refusal::Refusal;
use super::super::request::Query;

/// World units around `near` where the request does not say.
const RADIUS_DEFAULT: f64 = 1.0;

/// What an object must be to be listed. Without any condition each is.
#[derive(Debug, Default)]
pub(super) struct Filter {
    kind: Option<ObjectType>,
    within: Option<Box3>,
    near: Option<Ball>,
}

/// A box, its faces included.
#[derive(Debug)]
struct Box3 {
    least: [f64; 3],
    most: [f64; 3],
}

/// A ball, its surface included.
#[derive(Debug)]
struct Ball {
    centre: [f64; 3],
    radius: f64,
}

impl Filter {
    /// # Errors
    /// [`Refusal::QueryInvalid`] for a parameter that is not what it must be.
    pub(super) fn of(query: &mut Query) -> Result<Self, Refusal> {
        let kind = query.parse("type", |text| ObjectType::new(text).map_err(|error| error.to_string()))?;
        let within = query.parse("within", numbers::<6>)?.map(|[x1, y1, z1, x2, y2, z2]| Box3 {
            least: [x1.min(x2), y1.min(y2), z1.min(z2)],
            most: [x1.max(x2), y1.max(y2), z1.max(z2)],
        });
        let centre = query.parse("near", numbers::<3>)?;
        let radius = query.parse("radius", |text| match number(text) {
            Some(radius) if radius >= 0.0 => Ok(radius),
            _ => Err("expected a number that is not negative".to_owned()),
        })?;
        let near = (centre.is_some() || radius.is_some())
            .then(|| Ball { centre: centre.unwrap_or_default(), radius: radius.unwrap_or(RADIUS_DEFAULT) });
        Ok(Self { kind, within, near })
    }

    /// Whether every object passes.
    pub(super) const fn is_open(&self) -> bool {
        self.kind.is_none() && self.within.is_none() && self.near.is_none()
    }

    pub(super) fn passes(&self, object: &Object) -> bool {
        let at = [object.x.get(), object.y.get(), object.z.get()];
        self.kind.as_ref().is_none_or(|kind| object.kind == *kind)
            && self.within.as_ref().is_none_or(|b| (0..3).all(|i| b.least[i] <= at[i] && at[i] <= b.most[i]))
            && self.near.as_ref().is_none_or(|ball| {
                let squares = (0..3).map(|i| (at[i] - ball.centre[i]).powi(2));
                squares.sum::<f64>() <= ball.radius.powi(2)
            })
    }
}

/// `N` numbers with commas between them.
fn numbers<const N: usize>(text: &str) -> Result<[f64; N], String> {
    let found: Option<Vec<f64>> = text.split(',').map(number).collect();
    found
        .and_then(|v| v.try_into().ok())
        .ok_or_else(|| format!("expected {N} numbers with commas between them"))
}

/// A number as JSON writes it: neither NaN nor an infinity has a form there.
fn number(text: &str) -> Option<f64> {
    serde_json::from_str(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_numbers_are_read_strictly() {
        assert_eq!(numbers("1,-2.5,3e-1"), Ok([1.0, -2.5, 0.3]));
        for text in
            ["", "1,2", "1,2,3,4", "1,2,", "1,,3", "a,b,c", "1,2,NaN", "1,2,inf", "1,2,1e999", "[1],2,3"]
        {
            assert!(numbers::<3>(text).is_err(), "{text}");
        }
    }
}
