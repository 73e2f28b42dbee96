//! Plots of the table, as SVG that follows the reader's theme.
//!
//! # Layout
//! - `bars`: what contenders reached. `lines`: how a cost grows.

mod bars;
mod lines;

use crate::table::{Row, Table};
use bars::Best;

/// Width of every plot; heights follow from what is in them.
const WIDTH: f64 = 760.0;

/// A plot, and the file that it is kept in.
#[derive(Debug)]
pub(crate) struct Plot {
    pub(crate) file: &'static str,
    /// What it shows, for whom does not see it.
    pub(crate) words: &'static str,
    pub(crate) svg: String,
}

/// Every plot that the table has rows for.
pub(crate) fn plots(table: &Table) -> Vec<Plot> {
    let find =
        |part: &str, what: &str| table.rows.iter().find(|row| row.part == part && row.what.starts_with(what));
    let bars = [
        (
            "performance-fanout.svg",
            "Deliveries a second of a saturated session, by server",
            "One session, 1,000 subscribers, saturated: deliveries a second",
            find("fanout", "1,000 subscribers, saturated"),
            Best::Most,
        ),
        (
            "performance-rate.svg",
            "The slowest hundredth of deliveries at a steady rate, by server",
            "1,000 events/s to 1,000 subscribers: p99 of a delivery, in µs (less is better)",
            find("rate", "1,000 events/s to 1,000 subscribers, p99"),
            Best::Least,
        ),
        (
            "performance-echo.svg",
            "Commands a second that come back as events, by server",
            "100 connections × 16 in flight: commands a second that came back",
            find("echo", "100 × 16 in flight"),
            Best::Most,
        ),
    ];
    let mut all: Vec<Plot> = bars
        .into_iter()
        .filter_map(|(file, words, title, row, best)| {
            Some(Plot { file, words, svg: bars::svg(title, row?, best) })
        })
        .collect();
    let growing: Vec<(&str, &Row)> = [
        ("a delivery, by subscribers", find("fanout", "server's time for one more delivery")),
        ("a PATCH, by sessions", find("growth", "server's time for a PATCH, by sessions")),
        ("a PATCH, by objects", find("growth", "server's time for a PATCH, by objects")),
    ]
    .into_iter()
    .filter_map(|(name, row)| Some((name, row?)))
    .collect();
    if !growing.is_empty() {
        all.push(Plot {
            file: "performance-growth.svg",
            words: "What a delivery and a change cost as there is more of everything",
            svg: lines::svg(
                "The server's time as there is more, as a multiple of what it is with the least",
                &growing,
            ),
        });
    }
    all
}

/// A whole picture. The colours are those of the reader's theme, as far as what shows it tells.
fn picture(height: f64, title: &str, content: &str) -> String {
    format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" role="img" aria-label="{title}">
<style>
  svg {{ color: #1f2328; background: #ffffff; font: 13px system-ui, "Segoe UI", "Liberation Sans", sans-serif; }}
  text {{ fill: currentColor; }}
  .title {{ font-size: 15px; font-weight: 600; }}
  .soft {{ opacity: 0.65; }}
  .line {{ stroke: currentColor; fill: none; }}
  .ours {{ fill: #2f6fd0; }} .theirs {{ fill: #9aa7b5; }} .ceiling {{ fill: #d9a13b; }}
  .a {{ stroke: #2f6fd0; fill: #2f6fd0; }} .b {{ stroke: #c2572d; fill: #c2572d; }} .c {{ stroke: #2e8b62; fill: #2e8b62; }}
  @media (prefers-color-scheme: dark) {{
    svg {{ color: #e6edf3; background: #0d1117; }}
    .ours {{ fill: #5b9bf5; }} .theirs {{ fill: #6b7785; }} .ceiling {{ fill: #c79238; }}
    .a {{ stroke: #5b9bf5; fill: #5b9bf5; }} .b {{ stroke: #e8825a; fill: #e8825a; }} .c {{ stroke: #5bbf93; fill: #5bbf93; }}
  }}
</style>
<text class="title" x="16" y="26">{title}</text>
{content}</svg>
"##,
        title = escaped(title)
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::SUBJECT;
    use vws_load::machine::Machine;

    fn table() -> Table {
        let mut fanout =
            Row::new("fanout", "1,000 subscribers, saturated, server on one core", "deliveries/s");
        fanout.figure(SUBJECT, vec![9e6, 10e6, 9.5e6]);
        fanout.figure("raw", vec![10.5e6]);
        fanout.figure("a & b", vec![1e5]);
        let mut growth = Row::new("growth", "server's time for a PATCH, by sessions of 10 objects", "µs");
        growth.figure("1 sessions", vec![5.0]);
        growth.figure("10,000 sessions", vec![5.5]);
        Table {
            date: "2026-01-31".into(),
            machine: Machine { cpu: "x".to_owned(), cores: 1, kernel: "0".to_owned() },
            notes: Vec::new(),
            rows: vec![fanout, growth],
        }
    }

    #[test]
    fn there_is_a_plot_for_what_was_measured() {
        let plots = plots(&table());
        let files: Vec<_> = plots.iter().map(|plot| plot.file).collect();
        assert_eq!(files, ["performance-fanout.svg", "performance-growth.svg"]);
        let fanout = &plots[0].svg;
        assert!(fanout.contains("a &amp; b") && fanout.contains("9.5 M"), "{fanout}");
        assert!(plots.iter().all(|plot| !plot.svg.contains("NaN") && plot.svg.ends_with("</svg>\n")));
    }

    #[test]
    fn the_longest_bar_is_of_the_most() {
        let plot = &plots(&table())[0].svg;
        let width = |class: &str| {
            let rest = plot.split_once(&format!(r#"class="{class}""#)).expect("a bar").1;
            let rest = rest.split_once(r#"width=""#).expect("a width").1;
            rest.split_once('"').expect("an end").0.parse::<f64>().expect("a number")
        };
        assert!(width("ceiling") > width("ours") && width("ours") > 50.0 * width("theirs"));
    }
}
