//! The part of `docs/PERFORMANCE.md` that is measured: its table and its plots, put in their place.

use std::path::{Path, PathBuf};

use crate::plot::plots;
use crate::table::Table;

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
        assert!(placed(include_str!("../../docs/PERFORMANCE.md"), "").is_some());
    }
}
