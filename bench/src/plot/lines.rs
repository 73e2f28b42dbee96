//! How a cost grows: a line each, over how many there are, beside what it is with the least of them.

use std::fmt::Write;

use super::{WIDTH, picture};
use crate::table::{Row, number};

const LEFT: f64 = 56.0;
const RIGHT: f64 = WIDTH - 236.0;
const TOP: f64 = 56.0;
const BOTTOM: f64 = 300.0;
const HEIGHT: f64 = 348.0;
/// Within so much of it a cost counts as flat.
const FLAT: (f64, f64) = (0.8, 1.2);

/// A place on a line: how many there are, and the cost as a multiple of the first.
type Place = (f64, f64);

pub(super) fn svg(title: &str, rows: &[(&str, &Row)]) -> String {
    let lines: Vec<(&str, Vec<Place>)> = rows.iter().map(|(name, row)| (*name, places(row))).collect();
    let all = || lines.iter().flat_map(|(_, places)| places);
    let widest = all().map(|place| place.0.log10()).fold(1.0, f64::max).ceil();
    let highest = all().map(|place| place.1).fold(1.5, f64::max) * 1.1;
    let x = |count: f64| LEFT + (RIGHT - LEFT) * count.log10() / widest;
    let y = |times: f64| BOTTOM - (BOTTOM - TOP) * times / highest;

    let mut content = String::new();
    let (high, low) = (y(FLAT.1), y(FLAT.0));
    let _ = writeln!(
        content,
        r#"<rect x="{LEFT}" y="{high:.1}" width="{:.1}" height="{:.1}" fill="currentColor" opacity="0.07"/>"#,
        RIGHT - LEFT,
        low - high
    );
    let _ = writeln!(
        content,
        r#"<text class="soft" x="{:.1}" y="{:.1}">flat: ± 20 %</text>"#,
        LEFT + 8.0,
        high + 15.0
    );
    let _ = writeln!(content, r#"<path class="line soft" d="M{LEFT} {TOP}V{BOTTOM}H{RIGHT}"/>"#);
    let step = if highest > 4.0 { (highest / 4.0).ceil() } else { 0.5 };
    let mut tick = 0.0;
    while tick < highest {
        let _ = writeln!(
            content,
            r#"<text class="soft" x="{:.1}" y="{:.1}" text-anchor="end">{} ×</text>"#,
            LEFT - 8.0,
            y(tick) + 4.5,
            number(tick)
        );
        tick += step;
    }
    for power in 0..=widest as i32 {
        let count = 10_f64.powi(power);
        let _ = writeln!(
            content,
            r#"<text class="soft" x="{:.1}" y="{:.1}" text-anchor="middle">{}</text>"#,
            x(count),
            BOTTOM + 20.0,
            number(count)
        );
    }
    for ((name, places), class) in lines.iter().zip(["a", "b", "c"]) {
        line(&mut content, class, name, places, &x, &y);
    }
    legend_places(&lines, &y).into_iter().zip(["a", "b", "c"]).zip(&lines).for_each(
        |((at, class), (name, _))| {
            let _ =
                writeln!(content, r#"<circle class="{class}" cx="{:.1}" cy="{at:.1}" r="4"/>"#, RIGHT + 18.0);
            let _ = writeln!(content, r#"<text x="{:.1}" y="{:.1}">{name}</text>"#, RIGHT + 30.0, at + 4.5);
        },
    );
    picture(HEIGHT, title, &content)
}

fn line(
    content: &mut String,
    class: &str,
    name: &str,
    places: &[Place],
    x: &impl Fn(f64) -> f64,
    y: &impl Fn(f64) -> f64,
) {
    let points: Vec<String> =
        places.iter().map(|(count, times)| format!("{:.1},{:.1}", x(*count), y(*times))).collect();
    let points = points.join(" ");
    let _ = writeln!(
        content,
        r#"<polyline class="{class}" style="fill:none" stroke-width="2" points="{points}"><title>{name}</title></polyline>"#
    );
    for (count, times) in places {
        let _ = writeln!(
            content,
            r#"<circle class="{class}" cx="{:.1}" cy="{:.1}" r="3.5"/>"#,
            x(*count),
            y(*times)
        );
    }
}

/// Where the names stand: each beside the end of its line, and none over another.
fn legend_places(lines: &[(&str, Vec<Place>)], y: &impl Fn(f64) -> f64) -> Vec<f64> {
    const APART: f64 = 20.0;
    let mut order: Vec<(usize, f64)> = lines
        .iter()
        .enumerate()
        .map(|(n, (_, places))| (n, places.last().map_or(BOTTOM, |last| y(last.1))))
        .collect();
    order.sort_by(|a, b| a.1.total_cmp(&b.1));
    let mut placed = vec![0.0; lines.len()];
    let mut free = TOP;
    for (n, wanted) in order {
        placed[n] = wanted.max(free);
        free = placed[n] + APART;
    }
    placed
}

/// The counts and costs of a row whose figures are named `10 subscribers`, `1,000 subscribers`, ….
fn places(row: &Row) -> Vec<Place> {
    let count =
        |name: &str| name.split(' ').next().and_then(|count| count.replace(',', "").parse::<f64>().ok());
    let mut all: Vec<Place> =
        row.figures.iter().filter_map(|figure| Some((count(&figure.who)?, figure.median()))).collect();
    all.retain(|(count, cost)| *count >= 1.0 && cost.is_finite());
    let Some(&(_, first)) = all.first() else { return all };
    all.iter_mut().for_each(|place| place.1 /= first);
    all
}
