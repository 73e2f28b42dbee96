//! Sums that people type where a number is asked for: `3+0.5`, `12/5`, `-(2+1)*4`.

use crate::words;

/// How deep brackets may stand in one another; more is no sum that anybody types.
const DEEPEST: usize = 32;

/// The value of a sum of decimal numbers with `+ - * /` and brackets; `None` where the text is none.
/// A division by 0 is infinite or no number, as in arithmetic of floats.
#[must_use]
pub fn value(text: &str) -> Option<f64> {
    let mut reader = Reader { rest: text, depth: 0 };
    let value = reader.sum()?;
    reader.rest.trim_start().is_empty().then_some(value)
}

/// Without what computing with binary fractions adds at the end: 0.1 + 0.2 is 0.3. Numbers that the model
/// holds keep all that matters of them.
#[must_use]
pub fn rounded(value: f64) -> f64 {
    let rounded = (value * 1e9).round() / 1e9;
    if rounded.is_finite() { rounded } else { value }
}

struct Reader<'a> {
    rest: &'a str,
    depth: usize,
}

impl Reader<'_> {
    /// Takes one of `signs` off the front, if it is there.
    fn take(&mut self, signs: &[char]) -> Option<char> {
        let rest = self.rest.trim_start();
        let sign = rest.chars().next().filter(|c| signs.contains(c))?;
        self.rest = &rest[sign.len_utf8()..];
        Some(sign)
    }

    fn sum(&mut self) -> Option<f64> {
        let mut value = self.product()?;
        while let Some(sign) = self.take(&['+', '-']) {
            let next = self.product()?;
            value = if sign == '+' { value + next } else { value - next };
        }
        Some(value)
    }

    fn product(&mut self) -> Option<f64> {
        let mut value = self.factor()?;
        while let Some(sign) = self.take(&['*', '/']) {
            let next = self.factor()?;
            value = if sign == '*' { value * next } else { value / next };
        }
        Some(value)
    }

    fn factor(&mut self) -> Option<f64> {
        let mut sign = 1.0;
        while let Some(taken) = self.take(&['+', '-']) {
            if taken == '-' {
                sign = -sign;
            }
        }
        if self.take(&['(']).is_none() {
            return self.number().map(|value| sign * value);
        }
        self.depth += 1;
        if self.depth > DEEPEST {
            return None;
        }
        let value = self.sum()?;
        self.take(&[')'])?;
        self.depth -= 1;
        Some(sign * value)
    }

    /// Digits with at most one point, and an exponent where there is one.
    fn number(&mut self) -> Option<f64> {
        let rest = self.rest.trim_start();
        let bytes = rest.as_bytes();
        let digits = |from: usize| from + bytes[from..].iter().take_while(|b| b.is_ascii_digit()).count();
        let mut end = digits(0);
        if bytes.get(end) == Some(&b'.') {
            end = digits(end + 1);
        }
        if matches!(bytes.get(end), Some(b'e' | b'E')) {
            let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
            let to = digits(end + 1 + sign);
            if to > end + 1 + sign {
                end = to;
            }
        }
        let value = words::number(&rest[..end])?;
        self.rest = &rest[end..];
        Some(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn web28_sums_have_the_values_of_school() {
        for (text, expected) in [
            ("3+0.5", 3.5),
            ("12/5", 2.4),
            ("2+3*4", 14.0),
            ("(2+3)*4", 20.0),
            ("10-4-3", 3.0),
            ("24/4/2", 3.0),
            ("-3 + 5", 2.0),
            ("2*-3", -6.0),
            ("--2", 2.0),
            ("-(1+2)", -3.0),
            (" 1e1 + .5 ", 10.5),
            ("5.", 5.0),
            ("((((1))))", 1.0),
        ] {
            assert_eq!(value(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn web28_what_is_no_sum_has_no_value() {
        for text in
            ["", " ", "+", "1+", "*2", "1 2", "(1", "1)", "()", "1,5", "x", "1+x", "2**3", "1..2", "."]
        {
            assert_eq!(value(text), None, "{text}");
        }
        assert_eq!(value(&"(".repeat(100_000)), None, "and costs no stack");
        assert_eq!(value(&format!("{}1{}", "(".repeat(33), ")".repeat(33))), None);
        assert_eq!(value("1/0"), Some(f64::INFINITY));
    }

    #[test]
    fn web28_results_are_as_people_count() {
        assert_eq!(rounded(0.1 + 0.2), 0.3);
        assert_eq!(rounded(-12.0), -12.0);
        assert_eq!(rounded(f64::MAX), f64::MAX);
    }
}
