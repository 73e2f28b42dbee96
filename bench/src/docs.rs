//! The part of `docs/PERFORMANCE.md` that is measured: its table and its plots, put in their place. The figures of every
//! run are kept beside it, so that a part can be measured again by itself.

use std::path::{Path, PathBuf};

use crate::plot::plots;
use crate::table::Table;

/// The page as it was when this program was built.
const PAGE: &str = include_str!("../../docs/PERFORMANCE.md");

/// What the part about reasons begins with.
const REASONS: &str = "## Where the time goes";

/// What stands before and behind it.
const BEGIN: &str = "<!-- measured: written by `cargo xtask bench --docs` -->";
const END: &str = "<!-- end of what is measured -->";

/// Writes table, plots and figures into the project's documentation; of a table that `is_part` what it has, in place of
/// what was there of it.
///
/// # Errors
/// Where a file cannot be read or written, the page has no place for them, or what is kept is of another machine.
pub(crate) fn write(table: Table, is_part: bool) -> Result<(), String> {
    let docs: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs");
    let (page, figures) = (docs.join("PERFORMANCE.md"), docs.join("performance.json"));
    let table = if is_part { kept(&read(&figures)?)?.with(table)? } else { table };
    let mut measured = String::new();
    for plot in plots(&table) {
        save(&docs.join("images").join(plot.file), &plot.svg)?;
        measured += &format!("![{}](images/{})\n\n", plot.words, plot.file);
    }
    measured += &table.markdown();
    let text =
        placed(&read(&page)?, &measured).ok_or_else(|| format!("{} has no {BEGIN}", page.display()))?;
    save(&page, &text)?;
    save(&figures, &json(&table)?)
}

fn read(path: &Path) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}

/// Writes a file.
///
/// # Errors
/// That it cannot be written, by its name.
pub(crate) fn save(path: &Path, text: &str) -> Result<(), String> {
    std::fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))
}

/// The figures, a row in a line, so that what has changed is seen in what is kept of them.
fn json(table: &Table) -> Result<String, String> {
    fn text(value: &impl serde::Serialize) -> Result<String, String> {
        serde_json::to_string(value).map_err(|error| error.to_string())
    }
    let rows: Result<Vec<String>, String> = table.rows.iter().map(text).collect();
    let (date, machine, notes) = (text(&table.date)?, text(&table.machine)?, text(&table.notes)?);
    let rows = rows?.join(",\n");
    Ok(format!("{{\"date\":{date},\n\"machine\":{machine},\n\"notes\":{notes},\n\"rows\":[\n{rows}\n]}}\n"))
}

fn kept(figures: &str) -> Result<Table, String> {
    serde_json::from_str(figures).map_err(|error| format!("docs/performance.json: {error}"))
}

/// What the page says of where the time goes, and of why goals are missed.
pub(crate) fn reasons() -> &'static str {
    PAGE.find(REASONS).map_or("", |at| &PAGE[at..])
}

/// The page with what is measured between its marks.
fn placed(page: &str, measured: &str) -> Option<String> {
    let (before, rest) = page.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}\n\n{}\n\n{END}{after}", measured.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_measured_replaces_what_was_and_nothing_else() {
        let page = format!("a\n{BEGIN}\nold\n{END}\nb\n");
        let wanted = format!("a\n{BEGIN}\n\nnew\n\n{END}\nb\n");
        assert_eq!(placed(&page, "\nnew\n"), Some(wanted.clone()));
        assert_eq!(placed(&wanted, "new"), Some(wanted), "twice is as once");
        assert_eq!(placed("a\nb\n", "new"), None);
    }

    #[test]
    fn the_page_has_a_place_for_it() {
        assert!(placed(PAGE, "").is_some());
    }

    #[test]
    fn the_page_shows_the_figures_that_are_kept() {
        let figures = include_str!("../../docs/performance.json");
        let table = kept(figures).expect("is a table");
        assert_eq!(json(&table).as_deref(), Ok(figures));
        assert!(PAGE.contains(table.markdown().trim()), "`cargo xtask bench --docs` writes both");
    }

    #[test]
    fn what_is_missed_has_a_reason() {
        let part = |line: &str| line.strip_prefix("| ")?.split_once(": ").map(|(part, _)| part.to_owned());
        let (_, told) = reasons().split_once("## What is missed, and why").expect("is there");
        let given: Vec<String> = told.lines().filter_map(part).collect();
        let missed = PAGE.lines().filter(|line| line.contains("| **missed** |"));
        for line in missed {
            let part = part(line).expect("a row is of a part");
            assert!(
                given.iter().any(|given| given.split(", ").any(|one| one == part)),
                "no reason for {line}"
            );
        }
    }
}
