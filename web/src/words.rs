//! What the standard library does by tables of its own, done by the browser, which has them anyway: 30 KB that
//! nobody has to download.

/// The letters of a text as small ones, for comparisons that pass over the difference.
#[must_use]
pub fn lower(text: &str) -> String {
    #[cfg(target_arch = "wasm32")]
    return js_sys::JsString::from(text).to_lower_case().into();
    #[cfg(not(target_arch = "wasm32"))]
    return text.to_lowercase();
}

/// The letters of a text as large ones.
#[must_use]
pub fn upper(text: &str) -> String {
    #[cfg(target_arch = "wasm32")]
    return js_sys::JsString::from(text).to_upper_case().into();
    #[cfg(not(target_arch = "wasm32"))]
    return text.to_uppercase();
}

/// The number that a text is as a whole, in the decimal notation that `str::parse` reads: digits with at most one
/// point, an exponent, a sign. What is too large to hold is infinite.
#[must_use]
pub fn number(text: &str) -> Option<f64> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    match digits.as_bytes() {
        [] => return None,
        name if name.eq_ignore_ascii_case(b"inf") || name.eq_ignore_ascii_case(b"infinity") => {
            return Some(if text.starts_with('-') { f64::NEG_INFINITY } else { f64::INFINITY });
        }
        name if name.eq_ignore_ascii_case(b"nan") => return Some(f64::NAN),
        // A browser reads other bases, spaces and nothing at all, too.
        other if !other.iter().all(|c| matches!(c, b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-')) => {
            return None;
        }
        _ => {}
    }
    #[cfg(target_arch = "wasm32")]
    let value = Some(js_sys::Number::from(wasm_bindgen::JsValue::from_str(text)).value_of());
    #[cfg(not(target_arch = "wasm32"))]
    let value = text.parse().ok();
    value.filter(|value: &f64| !value.is_nan())
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn numbers_are_those_of_the_standard_library() {
        for text in [
            "0",
            "-0",
            "+1",
            "1.",
            ".5",
            "1.5e3",
            "1E-3",
            "-12.75",
            "9007199254740993",
            "1e999",
            "-1e999",
            "inf",
            "-Infinity",
            "",
            "+",
            "-",
            ".",
            "e",
            "e5",
            "1e",
            "1.2.3",
            "--1",
            "0x10",
            " 1",
            "1 ",
            "1_000",
            "12px",
            "Infinitys",
            "5e-324",
            "0.1e",
            "1+1",
        ] {
            let expected = text.parse::<f64>().ok().map(f64::to_bits);
            assert_eq!(number(text).map(f64::to_bits), expected, "{text:?}");
        }
        assert!(number("NaN").is_some_and(f64::is_nan));
    }

    #[test]
    fn letters_are_those_of_the_standard_library() {
        for text in ["", "Crate 2", "ÄÖÜ ß", "ΟΔΟΣ", "İstanbul", "ǅ", "日本"] {
            assert_eq!(lower(text), text.to_lowercase());
            assert_eq!(upper(text), text.to_uppercase());
        }
    }
}
