//! The text of a field into a value.

use serde_json::Number;
use vws_core::error::RequestError;
use vws_core::model::Scalar;

use super::expr;
use crate::words;

/// The number that a field's text says, by itself or as a sum (`12/5`). Outer white space is nothing; a
/// decimal comma is not read, since it would be a thousands separator to others.
///
/// # Errors
/// What the server says of a request without the field, with a text there, or with a number too
/// large to hold.
pub fn number(field: &str, text: &str) -> Result<f64, RequestError> {
    let trimmed = text.trim();
    if trimmed.is_empty() {
        return Err(RequestError::MissingField { field: field.to_owned() });
    }
    match words::number(trimmed) {
        Some(value) if value.is_finite() => Ok(value),
        Some(_) => Err(RequestError::NumberNotFinite { value: trimmed.to_owned() }),
        None => match expr::value(trimmed) {
            Some(value) if value.is_finite() => Ok(expr::rounded(value)),
            Some(_) => Err(RequestError::NumberNotFinite { value: shortened(trimmed) }),
            None => Err(RequestError::TypeMismatch {
                expected: "a number".to_owned(),
                found: format!("the string {:?}", shortened(trimmed)),
            }),
        },
    }
}

/// The number that a field's text makes of the one that is there: `+=1`, `-=1`, `*=2` and `/=2` go on from it,
/// anything else takes its place.
///
/// # Errors
/// As [`number`].
pub fn number_from(field: &str, now: f64, text: &str) -> Result<f64, RequestError> {
    let Some((sign, by)) = relative(text) else { return number(field, text) };
    let by = number(field, by)?;
    let value = match sign {
        '+' => now + by,
        '-' => now - by,
        '*' => now * by,
        _ => now / by,
    };
    if value.is_finite() {
        Ok(expr::rounded(value))
    } else {
        Err(RequestError::NumberNotFinite { value: shortened(text.trim()) })
    }
}

/// The sign and the rest of a text that goes on from what is there.
fn relative(text: &str) -> Option<(char, &str)> {
    let (sign, by) = text.trim_start().split_once('=')?;
    let sign = sign.trim_end();
    let is_sign = matches!(sign, "+" | "-" | "*" | "/");
    is_sign.then(|| (sign.chars().next().unwrap_or_default(), by))
}

/// As much of a text as a message needs.
fn shortened(text: &str) -> String {
    const MOST: usize = 40;
    match text.char_indices().nth(MOST) {
        None => text.to_owned(),
        Some((at, _)) => format!("{}…", &text[..at]),
    }
}

/// A number as a field shows it: in full, so that what is shown is what is there.
#[must_use]
pub fn of_number(value: f64) -> String {
    value.to_string()
}

/// The property value that a text says: `true` and `false` are booleans, numbers are numbers,
/// anything else is itself. A text in double quotes is always a string: `"5"` is not the number.
#[must_use]
pub fn scalar(text: &str) -> Scalar {
    match text {
        "true" => Scalar::Bool(true),
        "false" => Scalar::Bool(false),
        _ => serde_json::from_str::<Number>(text).map_or_else(
            |_| {
                Scalar::String(
                    serde_json::from_str::<String>(text).unwrap_or_else(|_| text.to_owned()).into(),
                )
            },
            Scalar::Number,
        ),
    }
}

/// A property value as a field shows it, so that [`scalar`] reads it back as it is.
#[must_use]
pub fn of_scalar(value: &Scalar) -> String {
    match value {
        Scalar::Bool(v) => v.to_string(),
        Scalar::Number(v) => v.to_string(),
        Scalar::String(v) => {
            if scalar(v) == *value {
                v.as_ref().to_owned()
            } else {
                serde_json::Value::from(v.as_ref()).to_string()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use vws_core::Error;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn refused(text: &str) -> (&'static str, String) {
        let error = Error::from(number("x", text).expect_err("no number"));
        (error.code(), error.to_string())
    }

    #[test]
    fn numbers_are_read_as_people_write_them() {
        for (text, value) in [("5", 5.0), (" -0.5 ", -0.5), ("+3", 3.0), (".25", 0.25), ("1e1", 10.0)] {
            assert_eq!(number("x", text), Ok(value), "{text}");
        }
    }

    #[test]
    fn what_is_no_number_is_refused_as_the_server_refuses_it() {
        assert_eq!(refused(""), ("missing_field", "the field \"x\" is missing".to_owned()));
        assert_eq!(refused("1e999"), ("number_not_finite", "1e999 is not a finite number".to_owned()));
        assert_eq!(refused("NaN").0, "number_not_finite");
        assert_eq!(
            refused("1,5"),
            ("type_mismatch", "expected a number, found the string \"1,5\"".to_owned())
        );
        assert!(refused(&"a".repeat(1_000)).1.len() < 100);
    }

    #[test]
    fn web28_sums_are_numbers_too() {
        assert_eq!(number("x", "3+0.5"), Ok(3.5));
        assert_eq!(number("x", "0.1+0.2"), Ok(0.3));
        assert_eq!(number("x", "0.1000000000001"), Ok(0.1000000000001), "a number is taken as it is");
        assert_eq!(refused("1/0"), ("number_not_finite", "1/0 is not a finite number".to_owned()));
        assert_eq!(refused("1+").0, "type_mismatch");
    }

    #[test]
    fn web29_a_number_goes_on_from_the_one_that_is_there() {
        for (text, value) in
            [("+=1", 3.0), ("-= 0.5", 1.5), ("*=1.5", 3.0), ("/=4", 0.5), ("+=1/2", 2.5), ("7", 7.0)]
        {
            assert_eq!(number_from("x", 2.0, text), Ok(value), "{text}");
        }
        assert_eq!(number_from("x", 0.2, "+=0.1"), Ok(0.3));
        assert!(number_from("x", 1.0, "+=").is_err());
        assert!(number_from("x", 1.0, "/=0").is_err());
        assert!(number_from("x", 1.0, "==2").is_err());
    }

    #[test]
    fn shown_numbers_are_read_back_the_same() {
        for value in [0.1 + 0.2, 12.000_000_1, -1e-300, 36_000.0, 1.0 / 3.0] {
            assert_eq!(number("x", &of_number(value)), Ok(value));
        }
    }

    #[test]
    fn properties_are_read_by_their_form() {
        assert_eq!(scalar("true"), Scalar::Bool(true));
        assert_eq!(scalar("5"), Scalar::Number(5.into()));
        assert_eq!(scalar("two words"), Scalar::String("two words".into()));
        assert_eq!(scalar("\"5\""), Scalar::String("5".into()));
        assert_eq!(scalar("null"), Scalar::String("null".into()));
        assert_eq!(scalar("\"half"), Scalar::String("\"half".into()));
    }

    #[test]
    fn shown_properties_are_read_back_the_same() {
        for text in ["5", "true", "", "a \"b\"", "\"5\"", "null", "1e400", "<b>"] {
            let value = Scalar::String(text.into());
            assert_eq!(scalar(&of_scalar(&value)), value, "{text}");
        }
        assert_eq!(of_scalar(&Scalar::Number(5.into())), "5");
    }
}
