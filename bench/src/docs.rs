//! The part of `docs/PERFORMANCE.md` that is measured: its table and its plots, put in their place.

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

/// Writes the table and the plots into the project's documentation.
///
/// # Errors
/// Where a file cannot be read or written, or the page has no place for them.
pub(crate) fn write(table: &Table) -> Result<(), String> {
    let docs: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs");
    let page = docs.join("PERFORMANCE.md");
    let text = std::fs::read_to_string(&page).map_err(|error| format!("{}: {error}", page.display()))?;
    let mut measured = String::new();
    for plot in plots(table) {
        let file = docs.join("images").join(plot.file);
        std::fs::write(&file, plot.svg).map_err(|error| format!("{}: {error}", file.display()))?;
        measured += &format!("![{}](images/{})\n\n", plot.words, plot.file);
    }
    measured += &table.markdown();
    let text = placed(&text, &measured).ok_or_else(|| format!("{} has no {BEGIN}", page.display()))?;
    std::fs::write(&page, text).map_err(|error| format!("{}: {error}", page.display()))
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
