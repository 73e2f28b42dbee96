//! What contenders reached: a bar each, the best first, with its lowest and highest run.

use std::fmt::Write;

use super::{WIDTH, escaped, picture};
use crate::table::{Figure, Row, SUBJECT, number};

/// Where bars begin, and how long the longest is.
const LEFT: f64 = 104.0;
const LONGEST: f64 = WIDTH - LEFT - 96.0;
const STEP: f64 = 30.0;
const THICK: f64 = 18.0;
const TOP: f64 = 48.0;

/// Which figure is the best.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Best {
    Most,
    Least,
}

pub(super) fn svg(title: &str, row: &Row, best: Best) -> String {
    let mut figures: Vec<&Figure> = row.figures.iter().filter(|figure| figure.median().is_finite()).collect();
    figures.sort_by(|a, b| b.median().total_cmp(&a.median()));
    if best == Best::Least {
        figures.reverse();
    }
    let most = figures.iter().map(|figure| figure.spread().1).fold(f64::MIN_POSITIVE, f64::max);
    let mut content = String::new();
    for (n, figure) in figures.iter().enumerate() {
        bar(&mut content, TOP + STEP * n as f64, figure, LONGEST / most);
    }
    picture(TOP + STEP * figures.len() as f64 + 10.0, title, &content)
}

fn bar(content: &mut String, y: f64, figure: &Figure, scale: f64) {
    let class = match figure.who.as_str() {
        SUBJECT => "ours",
        "raw" => "ceiling",
        _ => "theirs",
    };
    let (low, high) = figure.spread();
    let (length, text, middle) = (figure.median() * scale, y + THICK / 2.0 + 4.5, y + THICK / 2.0);
    let [low, high] = [low, high].map(|value| LEFT + value * scale);
    let weight = if class == "ours" { r#" font-weight="600""# } else { "" };
    let who = escaped(&figure.who);
    let _ = writeln!(
        content,
        r#"<text x="{}" y="{text:.1}" text-anchor="end"{weight}>{who}</text>"#,
        LEFT - 10.0
    );
    let _ = writeln!(
        content,
        r#"<rect class="{class}" x="{LEFT}" y="{y:.1}" width="{:.1}" height="{THICK}" rx="2"/>"#,
        length.max(1.0)
    );
    if high - low > 1.0 {
        let _ = writeln!(
            content,
            r#"<path class="line soft" d="M{low:.1} {middle:.1}H{high:.1}M{low:.1} {:.1}v6M{high:.1} {:.1}v6"/>"#,
            middle - 3.0,
            middle - 3.0
        );
    }
    let place = high.max(LEFT + length) + 8.0;
    let _ =
        writeln!(content, r#"<text x="{place:.1}" y="{text:.1}"{weight}>{}</text>"#, number(figure.median()));
}
