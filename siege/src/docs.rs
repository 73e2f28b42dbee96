//! The part of `docs/RELIABILITY.md` that is measured, put in its place.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::lines::Name;
use crate::table::{HEAD, Table};

/// What stands before and behind it.
const BEGIN: &str = "<!-- measured: written by `cargo xtask reliability --docs` -->";
const END: &str = "<!-- end of what is measured -->";

/// Writes the table into the project's documentation.
///
/// # Errors
/// Where the page cannot be read or written, or has no place for it.
pub(crate) fn write(table: &Table) -> Result<(), String> {
    let page: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/RELIABILITY.md");
    let text = std::fs::read_to_string(&page).map_err(|error| format!("{}: {error}", page.display()))?;
    let text = placed(&text, table).ok_or_else(|| format!("{} has no {BEGIN}", page.display()))?;
    std::fs::write(&page, text).map_err(|error| format!("{}: {error}", page.display()))
}

/// The page with the table's lines in it. Of a line that was not proved now the page keeps what it has.
fn placed(page: &str, table: &Table) -> Option<String> {
    let (before, rest) = page.split_once(BEGIN)?;
    let (former, after) = rest.split_once(END)?;
    let mut lines: BTreeMap<usize, String> = BTreeMap::new();
    for line in former.lines().filter(|line| line.starts_with('|')) {
        if let Some(place) = place(line) {
            lines.insert(place, format!("{line}\n"));
        }
    }
    for row in &table.rows {
        let line = row.markdown();
        if let Some(place) = place(&line) {
            lines.insert(place, line);
        }
    }
    let lines: String = lines.into_values().collect();
    Some(format!("{before}{BEGIN}\n\n{}\n\n{HEAD}{lines}\n{END}{after}", table.origin()))
}

/// The place of a line among all, by the name in the command that makes it again.
fn place(line: &str) -> Option<usize> {
    let (_, command) = line.split_once("`cargo xtask reliability ")?;
    let words: Vec<&str> = command.split(['`', ' ']).collect();
    Name::ALL.iter().position(|name| words.contains(&name.word().as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::Row;
    use crate::verdict::Verdict;
    use vws_load::machine::Machine;

    fn table(rows: Vec<Row>) -> Table {
        Table {
            date: "2026-01-31".to_owned(),
            machine: Machine::here(),
            is_quick: false,
            is_dev: false,
            rows,
        }
    }

    fn row(name: Name, closed: u64) -> Row {
        let mut verdict = Verdict::default();
        verdict.exactly("closed", closed, closed);
        let command = format!("cargo xtask reliability {}", name.word());
        Row::new(name.word(), Ok(verdict), 1, command)
    }

    #[test]
    fn what_is_proved_replaces_its_line_and_no_other() {
        let page = format!("a\n{BEGIN}\nold\n{END}\nb\n");
        let first =
            placed(&page, &table(vec![row(Name::Idle, 7), row(Name::SlowHeads, 1)])).expect("a place");
        assert!(
            first.starts_with("a\n") && first.ends_with(&format!("{END}\nb\n")) && !first.contains("old")
        );
        let again = placed(&first, &table(vec![row(Name::SlowHeads, 2)])).expect("a place");
        let closed: Vec<&str> = again.lines().filter(|line| line.contains("closed")).collect();
        assert_eq!(closed.len(), 2, "{again}");
        assert!(closed[0].starts_with("| slow-heads | closed = 2 "), "{again}");
        assert!(closed[1].starts_with("| idle | closed = 7 "), "{again}");
        assert_eq!(placed("a\nb\n", &table(Vec::new())), None);
    }

    #[test]
    fn the_page_has_a_place_for_it() {
        assert!(placed(include_str!("../../docs/RELIABILITY.md"), &table(Vec::new())).is_some());
    }
}
