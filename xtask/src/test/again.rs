//! Which tests of node's runner failed, to run them once more.

use std::collections::BTreeSet;
use std::process::Command;

/// The titles of tests that failed, and the files that they are in, from the runner's TAP.
#[derive(Debug, Default)]
pub(crate) struct Failed {
    titles: Vec<String>,
    files: BTreeSet<String>,
    /// Whether the lines that follow are about one that failed.
    inside: bool,
}

impl Failed {
    /// Takes one line of output in.
    pub(crate) fn read(&mut self, line: &str) {
        if let Some(title) = line.strip_prefix("not ok ").and_then(|rest| rest.split_once(" - ")) {
            self.titles.push(title.1.trim().to_owned());
            self.inside = true;
        } else if line.starts_with("ok ") {
            self.inside = false;
        } else if let Some(place) = line.trim().strip_prefix("location: '").filter(|_| self.inside) {
            // `location: '/clone/e2e/links.test.mjs:56:1'`
            let file = place.split(':').next().unwrap_or_default();
            self.files.insert(file.to_owned());
            self.inside = false;
        }
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.titles.len()
    }

    /// Whether there are none, or none that could be chosen.
    pub(crate) fn is_empty(&self) -> bool {
        self.titles.is_empty() || self.files.is_empty()
    }

    /// What they are called.
    pub(crate) fn titles(&self) -> impl Iterator<Item = &str> {
        self.titles.iter().map(String::as_str)
    }

    /// Has node's runner run these alone.
    pub(crate) fn choose(&self, node: &mut Command) {
        for title in &self.titles {
            node.arg(format!("--test-name-pattern=^{}$", escaped(title)));
        }
        node.args(&self.files);
    }
}

/// A regular expression of JavaScript that matches a text alone.
fn escaped(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len());
    for character in text.chars() {
        if r"\^$.*+?()[]{}|/".contains(character) {
            pattern.push('\\');
        }
        pattern.push(character);
    }
    pattern
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::Failed;

    #[test]
    fn those_that_failed_are_chosen_by_title_and_file() {
        let mut failed = Failed::default();
        for line in [
            "ok 1 - WEB1: this one is fine",
            "  ---",
            "  location: '/clone/e2e/fine.test.mjs:5:1'",
            "not ok 2 - WEB2: what (a link) says? is told",
            "  ---",
            "  duration_ms: 60.5",
            "  location: '/clone/e2e/links.test.mjs:56:1'",
            "not ok 3 - WEB3: another",
            "  location: '/clone/e2e/links.test.mjs:70:1'",
            "# fail 2",
        ] {
            failed.read(line);
        }
        assert_eq!(failed.count(), 2);
        assert!(!failed.is_empty());
        let mut node = Command::new("node");
        failed.choose(&mut node);
        let arguments: Vec<_> =
            node.get_args().map(|argument| argument.to_string_lossy().into_owned()).collect();
        assert_eq!(
            arguments,
            [
                r"--test-name-pattern=^WEB2: what \(a link\) says\? is told$",
                "--test-name-pattern=^WEB3: another$",
                "/clone/e2e/links.test.mjs",
            ]
        );
    }

    #[test]
    fn what_is_no_test_is_not_counted() {
        let mut failed = Failed::default();
        failed.read("✗ something else");
        failed.read("  location: '/clone/e2e/links.test.mjs:56:1'");
        assert_eq!((failed.count(), failed.is_empty()), (0, true));
    }
}
