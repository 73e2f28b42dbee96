//! The table as Markdown, for a terminal and for `docs/PERFORMANCE.md` alike.

use super::{Figure, Row, SUBJECT, Table};

impl Table {
    /// The machine, the goals, and every figure.
    pub(crate) fn markdown(&self) -> String {
        let mut out = format!("{}; {}.\n\n", self.date, self.machine);
        for note in &self.notes {
            out += &format!("- {note}\n");
        }
        if !self.notes.is_empty() {
            out.push('\n');
        }
        out += &self.goals();
        out += "\n";
        out += &self.figures();
        out
    }

    /// Each goal with what was measured of it.
    fn goals(&self) -> String {
        let mut lines = vec![["what", "goal", "measured", ""].map(str::to_owned)];
        for row in &self.rows {
            for goal in &row.goals {
                let what = format!("{}: {}", row.part, row.what);
                let met = if goal.met { "met" } else { "**missed**" };
                let measured = match goal.words.contains('×') {
                    true => format!("{} ×", number(goal.measured)),
                    false => format!("{} {}", number(goal.measured), row.unit),
                };
                lines.push([what, goal.words.clone(), measured, met.to_owned()]);
            }
        }
        if lines.len() == 1 { String::new() } else { aligned(&lines) }
    }

    /// Every figure: the median, the spread, and the subject as a multiple of it.
    fn figures(&self) -> String {
        let mut lines =
            vec![["what", "who", "median", "unit", "lowest to highest", "VWS beside it"].map(str::to_owned)];
        for row in &self.rows {
            let mut what = format!("{}: {}", row.part, row.what);
            for figure in &row.figures {
                lines.push(line(row, figure, std::mem::take(&mut what)));
            }
        }
        aligned(&lines)
    }
}

fn line(row: &Row, figure: &Figure, what: String) -> [String; 6] {
    let (low, high) = figure.spread();
    let beside = match row.ratio(SUBJECT, &figure.who) {
        Some(ratio) if figure.who != SUBJECT => format!("{} ×", number(ratio)),
        _ => String::new(),
    };
    let spread = match figure.runs.len() {
        0 | 1 => String::new(),
        _ => format!("{} to {}", number(low), number(high)),
    };
    [what, figure.who.clone(), number(figure.median()), row.unit.clone(), spread, beside]
}

/// A Markdown table whose columns are straight as plain text, too.
fn aligned<const N: usize>(lines: &[[String; N]]) -> String {
    let width = |column: usize| {
        lines.iter().map(|line| line[column].chars().count()).max().unwrap_or_default().max(3)
    };
    let widths: [usize; N] = std::array::from_fn(width);
    let mut out = String::new();
    for (n, line) in lines.iter().enumerate() {
        for (cell, width) in line.iter().zip(widths) {
            out += &format!("| {cell}{} ", " ".repeat(width - cell.chars().count()));
        }
        out += "|\n";
        if n == 0 {
            out += &widths.map(|width| format!("| {} ", "-".repeat(width))).concat();
            out += "|\n";
        }
    }
    out
}

/// A number as a person reads it: three significant digits, thousands apart.
pub(crate) fn number(value: f64) -> String {
    if !value.is_finite() {
        return "–".to_owned();
    }
    let size = value.abs();
    if size >= 1e6 {
        return format!("{} M", number(value / 1e6));
    }
    let decimals = match size {
        _ if size >= 100.0 => 0,
        _ if size >= 10.0 => 1,
        _ if size >= 1.0 => 2,
        _ => 3,
    };
    let plain = format!("{value:.decimals$}");
    let (whole, rest) = plain.split_once('.').unwrap_or((&plain, ""));
    let rest = rest.trim_end_matches('0');
    let mut grouped = String::new();
    for (n, digit) in whole.chars().enumerate() {
        if n > 0 && digit.is_ascii_digit() && (whole.len() - n).is_multiple_of(3) && grouped != "-" {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    if rest.is_empty() { grouped } else { format!("{grouped}.{rest}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::Side;
    use vws_load::machine::Machine;

    #[test]
    fn numbers_are_read_by_people() {
        for (value, text) in [
            (0.0, "0"),
            (0.123_4, "0.123"),
            (0.9, "0.9"),
            (12.34, "12.3"),
            (999.6, "1,000"),
            (-1234.0, "-1,234"),
            (-123.0, "-123"),
            (123_456.0, "123,456"),
            (10_830_000.0, "10.8 M"),
            (f64::NAN, "–"),
        ] {
            assert_eq!(number(value), text);
        }
    }

    #[test]
    fn the_table_is_markdown_that_is_straight_as_text() {
        let mut row = Row::new("fanout", "10 subscribers", "deliveries/s");
        row.figure(SUBJECT, vec![95.0, 90.0]);
        row.figure("raw", vec![100.0, 100.0]);
        row.goal(Side::AtLeast, 0.95, "raw");
        let machine = Machine { cpu: "a machine".to_owned(), cores: 1, kernel: "0".to_owned() };
        let table =
            Table { date: "2026-01-31".into(), machine, notes: vec!["quiet".into()], rows: vec![row] };
        let wanted = "\
2026-01-31; 1 core of a machine, Linux 0.

- quiet

| what                   | goal         | measured |            |
| ---------------------- | ------------ | -------- | ---------- |
| fanout: 10 subscribers | ≥ 0.95 × raw | 0.925 ×  | **missed** |

| what                   | who | median | unit         | lowest to highest | VWS beside it |
| ---------------------- | --- | ------ | ------------ | ----------------- | ------------- |
| fanout: 10 subscribers | VWS | 92.5   | deliveries/s | 90 to 95          |               |
|                        | raw | 100    | deliveries/s | 100 to 100        | 0.925 ×       |
";
        assert_eq!(table.markdown(), wanted);
    }
}
