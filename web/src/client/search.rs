//! What people write into the search of the object tree: words, and terms such as `type:cube` or `x>5`.

use vws_core::Object;
use vws_core::model::{Color, Scalar};

use crate::form::object::{Axis, ObjectField};
use crate::form::properties::shown;
use crate::form::text;
use crate::words;

/// The forms of a search, each with what it finds: what the page's help lists.
pub const FORMS: [(&str, &str); 9] = [
    ("crate", "“crate” in the name; several words: all of them"),
    ("\"old crate\"", "white space, or a sign that would mean something"),
    ("type:cube", "types that begin so"),
    ("x>5  y<=0  z=3", "also rotation.y, scale.x, opacity"),
    ("color:#ff8800", "of this colour"),
    ("hidden:yes", "hidden; hidden:no for the others"),
    ("prop:part", "with a property of this key"),
    ("prop:part=7", "and this value"),
    ("-type:light", "all but these"),
];

/// A search: an object is found where every term holds.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Query {
    terms: Vec<Term>,
    faults: Vec<String>,
}

#[derive(Debug, Clone, PartialEq)]
struct Term {
    negated: bool,
    test: Test,
}

#[derive(Debug, Clone, PartialEq)]
enum Test {
    /// The name has this, whatever its case.
    Name(String),
    /// The type begins with this, whatever its case.
    Kind(String),
    Number(ObjectField, Sign, f64),
    Color(Color),
    Hidden(bool),
    Property(String, Option<String>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sign {
    Less,
    AtMost,
    Equal,
    AtLeast,
    Greater,
}

/// Numbers that differ by less are the same to a search: nobody sees the difference.
const CLOSE: f64 = 1e-9;

impl Sign {
    /// Each as it is written; what begins like another one comes first.
    const ALL: [(&'static str, Self); 5] = [
        ("<=", Self::AtMost),
        (">=", Self::AtLeast),
        ("<", Self::Less),
        (">", Self::Greater),
        ("=", Self::Equal),
    ];

    fn holds(self, value: f64, other: f64) -> bool {
        match self {
            Self::Less => value < other,
            Self::AtMost => value <= other,
            Self::Equal => (value - other).abs() < CLOSE,
            Self::AtLeast => value >= other,
            Self::Greater => value > other,
        }
    }
}

impl Query {
    /// Reads a search. A term that is wrong finds as much as if it were not there, and is told by
    /// [`faults`](Self::faults).
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let mut query = Self::default();
        for word in words(text) {
            match word.term() {
                Ok(term) => query.terms.push(term),
                Err(fault) => query.faults.push(fault),
            }
        }
        query
    }

    /// What is wrong, term by term, in words for the user.
    #[must_use]
    pub fn faults(&self) -> &[String] {
        &self.faults
    }

    /// Whether every object is found.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    /// Whether an object is found.
    #[must_use]
    pub fn finds(&self, object: &Object) -> bool {
        self.terms.iter().all(|term| term.test.holds(object) != term.negated)
    }
}

impl Test {
    fn holds(&self, object: &Object) -> bool {
        match self {
            Self::Name(word) => words::lower(object.name.as_str()).contains(word),
            Self::Kind(word) => words::lower(object.kind.as_str()).starts_with(word),
            Self::Number(field, sign, other) => {
                field.value(object).is_some_and(|value| sign.holds(value, *other))
            }
            Self::Color(color) => object.color == *color,
            Self::Hidden(hidden) => object.visible != *hidden,
            Self::Property(key, wanted) => object
                .properties
                .get(key)
                .is_some_and(|value| wanted.as_ref().is_none_or(|wanted| says(value, wanted))),
        }
    }
}

/// Whether a property's value is what somebody wrote.
fn says(value: &Scalar, wanted: &str) -> bool {
    match (value, wanted) {
        (Scalar::Bool(value), "yes" | "true") => *value,
        (Scalar::Bool(value), "no" | "false") => !*value,
        (Scalar::Number(number), _) => {
            let wanted = words::number(wanted);
            number.as_f64().zip(wanted).is_some_and(|(a, b)| Sign::Equal.holds(a, b))
        }
        _ => words::lower(&shown(value)) == words::lower(wanted),
    }
}

/// A word of a search. What stood in quotes means nothing but itself.
#[derive(Debug, Default)]
struct Word {
    text: String,
    /// The bytes of `text` up to which nothing was in quotes.
    plain: Option<usize>,
}

/// The words of a search. White space parts them unless it is in quotes; a quote that is not closed goes to
/// the end, as it does while one types. `\"` and `\\` in quotes are the signs themselves.
fn words(text: &str) -> Vec<Word> {
    let mut words = Vec::new();
    let mut word: Option<Word> = None;
    let mut quoted = false;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' => {
                quoted = !quoted;
                let word = word.get_or_insert_default();
                word.plain.get_or_insert(word.text.len());
            }
            '\\' if quoted && matches!(chars.peek(), Some('"' | '\\')) => {
                word.get_or_insert_default().text.extend(chars.next());
            }
            c if c.is_whitespace() && !quoted => words.extend(word.take()),
            c => word.get_or_insert_default().text.push(c),
        }
    }
    words.extend(word);
    words
}

impl Word {
    /// The part before the first quote: what may be an operator.
    fn plain(&self) -> &str {
        &self.text[..self.plain.unwrap_or(self.text.len())]
    }

    fn term(&self) -> Result<Term, String> {
        let negated = self.plain().starts_with('-') && self.text.len() > 1;
        let rest = if negated { &self.text[1..] } else { &self.text };
        let plain = &self.plain()[usize::from(negated)..];
        let test = match split(plain) {
            None => Test::Name(words::lower(rest)),
            Some((key, sign)) => test(key, sign, &rest[key.len() + sign.len()..])?,
        };
        Ok(Term { negated, test })
    }
}

/// The key and the sign at the front of a term that has them.
fn split(plain: &str) -> Option<(&str, &str)> {
    let at = plain.find([':', '<', '>', '='])?;
    let signs = Sign::ALL.iter().map(|(sign, _)| *sign).chain([":"]);
    let sign = signs.into_iter().find(|sign| plain[at..].starts_with(sign))?;
    Some((&plain[..at], &plain[at..at + sign.len()]))
}

fn test(key: &str, sign: &str, value: &str) -> Result<Test, String> {
    let lower = words::lower(key);
    if let Some(field) = field(&lower) {
        let Some((_, sign)) = Sign::ALL.iter().find(|(written, _)| *written == sign) else {
            return Err(format!("{key}: write {key}=3, {key}>3 or {key}<=3"));
        };
        if value.is_empty() {
            return Err(format!("{key}{}: a number follows", signs(*sign)));
        }
        let number =
            text::number(key, value).map_err(|error| format!("{key}{}{value}: {error}", signs(*sign)))?;
        return Ok(Test::Number(field, *sign, number));
    }
    match (lower.as_str(), sign) {
        ("type", ":" | "=") if !value.is_empty() => Ok(Test::Kind(words::lower(value))),
        ("color" | "colour", ":" | "=") => {
            Color::new("color", value).map(Test::Color).map_err(|error| error.to_string())
        }
        ("hidden", ":" | "=") => match words::lower(value).as_str() {
            "yes" | "true" => Ok(Test::Hidden(true)),
            "no" | "false" => Ok(Test::Hidden(false)),
            _ => Err(format!("hidden:{value}: it is yes or no")),
        },
        ("prop", ":") => property(value),
        ("type" | "color" | "colour" | "hidden" | "prop", _) => {
            Err(format!("{key}{sign}{value}: write {key}:something"))
        }
        _ => Err(format!(
            "{key}{sign}{value}: there is nothing of the name “{key}” to search by; a name with such a sign goes in quotes"
        )),
    }
}

fn property(text: &str) -> Result<Test, String> {
    let (key, value) = match text.split_once('=') {
        Some((key, value)) => (key, Some(value.to_owned())),
        None => (text, None),
    };
    if key.is_empty() {
        return Err("prop: the key of a property follows, as in prop:part or prop:part=7".to_owned());
    }
    Ok(Test::Property(key.to_owned(), value))
}

fn signs(sign: Sign) -> &'static str {
    Sign::ALL.iter().find(|(_, other)| *other == sign).map_or("", |(written, _)| written)
}

/// The field of a number that goes by this name.
fn field(name: &str) -> Option<ObjectField> {
    let axis = |name: &str| Axis::ALL.into_iter().find(|axis| axis.as_str() == name);
    match name.split_once('.') {
        None if name == "opacity" => Some(ObjectField::Opacity),
        None => axis(name).map(ObjectField::Position),
        Some(("rotation", rest)) => axis(rest).map(ObjectField::Rotation),
        Some(("scale", rest)) => axis(rest).map(ObjectField::Scale),
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn object(json: &str) -> Object {
        let all = r##""type":"cube","x":0,"y":0,"z":0,"rotation":{"x":0,"y":0,"z":0},"scale":{"x":1,"y":1,"z":1},"color":"#5b8def","opacity":1,"visible":true,"text":"","properties":{},"version":1,"created_at":0,"updated_at":0"##;
        let mut value: serde_json::Value = serde_json::from_str(&format!("{{{all}}}")).expect("JSON");
        let own: serde_json::Value = serde_json::from_str(json).expect("JSON");
        for (key, own) in own.as_object().expect("an object") {
            value[key] = own.clone();
        }
        serde_json::from_value(value).expect("a valid object")
    }

    fn objects() -> Vec<Object> {
        [
            r##"{"name":"Old crate","type":"cube","x":6,"color":"#ff8800"}"##,
            r##"{"name":"lamp","type":"light","x":-2,"z":3,"opacity":0.5}"##,
            r##"{"name":"drone","type":"drone-x","visible":false,"rotation":{"x":0,"y":90,"z":0},"properties":{"part":7,"part no":"a b","on":true}}"##,
            r##"{"name":"a:b","x":5,"properties":{"part":"seven"}}"##,
        ]
        .map(object)
        .into()
    }

    /// The first letters of what a search finds.
    fn found(search: &str) -> String {
        let query = Query::parse(search);
        assert_eq!(query.faults(), [""; 0], "{search}");
        let all = objects();
        let found = all.iter().filter(|o| query.finds(o));
        found.map(|o| o.name.as_str().chars().next().unwrap_or_default()).collect()
    }

    fn fault(search: &str) -> String {
        let query = Query::parse(search);
        assert_eq!(query.faults().len(), 1, "{search}: {query:?}");
        query.faults()[0].clone()
    }

    #[test]
    fn web24_words_are_in_the_name_and_all_of_them() {
        assert_eq!(found(""), "Olda");
        assert_eq!(found("  CRATE "), "O");
        assert_eq!(found("crate old"), "O");
        assert_eq!(found("\"old crate\""), "O");
        assert_eq!(found("\"crate old\""), "");
        assert_eq!(found("\"a:b\""), "a", "in quotes a sign is a sign");
        assert_eq!(found("\"old cr"), "O", "as far as one has typed");
        assert_eq!(found("-r"), "la");
        assert_eq!(found("-"), "", "a name with a dash");
    }

    #[test]
    fn web24_terms_look_at_the_fields() {
        assert_eq!(found("type:cube"), "Oa");
        assert_eq!(found("type:DRONE"), "d");
        assert_eq!(found("x>5"), "O");
        assert_eq!(found("x>=5"), "Oa");
        assert_eq!(found("x<0"), "l");
        assert_eq!(found("x<=0"), "ld");
        assert_eq!(found("z=3"), "l");
        assert_eq!(found("x=10/2"), "a");
        assert_eq!(found("rotation.y=90"), "d");
        assert_eq!(found("opacity<1"), "l");
        assert_eq!(found("scale.x=1 X>5"), "O");
        assert_eq!(found("color:#FF8800"), "O");
        assert_eq!(found("hidden:yes"), "d");
        assert_eq!(found("hidden:no"), "Ola");
        assert_eq!(found("prop:part"), "da");
        assert_eq!(found("prop:part=7"), "d");
        assert_eq!(found("prop:part=7.0"), "d");
        assert_eq!(found("prop:part=Seven"), "a");
        assert_eq!(found("prop:\"part no\"=\"a b\""), "d");
        assert_eq!(found("prop:on=yes"), "d");
        assert_eq!(found("prop:on=no"), "");
    }

    #[test]
    fn web24_terms_are_anded_and_negated() {
        assert_eq!(found("type:cube x>5"), "O");
        assert_eq!(found("-type:cube"), "ld");
        assert_eq!(found("-type:cube -hidden:yes"), "l");
        assert_eq!(found("-x>5"), "lda");
        assert_eq!(found("-\"old crate\""), "lda");
        assert_eq!(found("x=-2"), "l", "a minus of a number is none of a term");
    }

    #[test]
    fn web24_a_wrong_term_is_told_and_loses_nothing() {
        assert_eq!(fault("x>abc"), "x>abc: expected a number, found the string \"abc\"");
        assert_eq!(fault("x>"), "x>: a number follows");
        assert_eq!(fault("x:5"), "x: write x=3, x>3 or x<=3");
        assert_eq!(fault("color:red"), "color = \"red\" is not a colour of the form #rrggbb");
        assert_eq!(fault("hidden:maybe"), "hidden:maybe: it is yes or no");
        assert!(fault("foo:bar").contains("nothing of the name “foo”"));
        assert!(fault("prop:").contains("prop:part=7"));
        assert!(fault("type:").contains("type:something"));
        let query = Query::parse("x>abc type:cube");
        assert_eq!(objects().iter().filter(|o| query.finds(o)).count(), 2, "the rest finds what it finds");
    }

    #[test]
    fn web24_quotes_keep_their_signs() {
        let quoted: Vec<_> = words(r#"a "b \"c\" \\" d"e f"g"#).into_iter().map(|word| word.text).collect();
        assert_eq!(quoted, ["a", r#"b "c" \"#, "de fg"]);
        let long = "x>1 ".repeat(10_000);
        assert_eq!(Query::parse(&long).terms.len(), 10_000);
    }
}
