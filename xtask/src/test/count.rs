//! Counting tests from what their runners print.

use std::fmt;

/// How many tests passed, failed and were left out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    /// Ran and passed.
    pub(crate) passed: u64,
    /// Ran and failed; checks without tests of their own count as one.
    pub(crate) failed: u64,
    /// Known to the runner, but not run.
    pub(crate) skipped: u64,
}

/// Whose output it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Counter {
    /// `cargo test` and wasm-bindgen's runner: one `test result:` line a binary.
    Libtest,
    /// `cargo nextest run`: one `Summary` line.
    Nextest,
    /// `node --test`: one line a number, at the end.
    Node,
}

impl Tally {
    /// Adds what one line of output tells.
    pub(crate) fn read(&mut self, counter: Counter, line: &str) {
        let line = without_colour(line);
        let line = line.trim();
        match counter {
            Counter::Libtest => {
                if let Some(counts) = line.strip_prefix("test result:") {
                    // `ok. 5 passed; 0 failed; 1 ignored; 0 measured; 2 filtered out; finished in …`
                    let counts = counts.split_once(". ").map_or(counts, |(_, counts)| counts);
                    self.read_counts(counts.split(';'));
                }
            }
            Counter::Nextest => {
                // `Summary [   1.2s] 12 tests run: 11 passed, 1 failed, 2 skipped`
                if let Some((_, counts)) =
                    line.strip_prefix("Summary").and_then(|rest| rest.split_once("run:"))
                {
                    self.read_counts(counts.split(','));
                }
            }
            Counter::Node => {
                // `# pass 5` when it is not a terminal, `ℹ pass 5` when it is one.
                let words: Vec<&str> = line.split_whitespace().collect();
                let ["#" | "ℹ", name, number] = words[..] else {
                    return;
                };
                match (name, number.parse::<u64>()) {
                    ("pass", Ok(number)) => self.passed += number,
                    ("fail" | "cancelled", Ok(number)) => self.failed += number,
                    ("skipped" | "todo", Ok(number)) => self.skipped += number,
                    _ => {}
                }
            }
        }
    }

    /// Adds another run's counts.
    pub(crate) fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }

    fn read_counts<'a>(&mut self, counts: impl Iterator<Item = &'a str>) {
        for count in counts {
            let mut words = count.split_whitespace();
            let (Some(number), Some(what)) = (words.next(), words.next()) else {
                continue;
            };
            match (number.parse::<u64>(), what) {
                (Ok(number), "passed") => self.passed += number,
                (Ok(number), "failed" | "timed") => self.failed += number,
                (Ok(number), "ignored" | "skipped") => self.skipped += number,
                _ => {}
            }
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)?;
        if self.skipped > 0 {
            write!(f, ", {} skipped", self.skipped)?;
        }
        Ok(())
    }
}

/// The line without terminal colour sequences (`ESC [ … letter`).
fn without_colour(line: &str) -> String {
    let mut plain = String::with_capacity(line.len());
    let mut characters = line.chars();
    while let Some(character) = characters.next() {
        if character == '\u{1b}' {
            characters.by_ref().find(char::is_ascii_alphabetic);
        } else {
            plain.push(character);
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::{Counter, Tally};

    fn check(counter: Counter, lines: &[&str], passed: u64, failed: u64, skipped: u64) {
        let mut tally = Tally::default();
        for line in lines {
            tally.read(counter, line);
        }
        assert_eq!(tally, Tally { passed, failed, skipped });
    }

    #[test]
    fn libtest_results_are_summed() {
        let lines = [
            "running 6 tests",
            "test a::b ... ok",
            "test result: ok. 5 passed; 0 failed; 1 ignored; 0 measured; 2 filtered out; finished in 0.00s",
            "test result: \u{1b}[31mFAILED\u{1b}[0m. 1 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1.00s",
        ];
        check(Counter::Libtest, &lines, 6, 2, 1);
    }

    #[test]
    fn the_summary_of_nextest_is_read() {
        let line = "     Summary [   0.500s] 12 tests run: 11 passed (1 slow), 1 failed, 2 skipped";
        check(Counter::Nextest, &[line], 11, 1, 2);
    }

    #[test]
    fn both_forms_of_node_are_read_and_nothing_else() {
        let lines = [
            "# Subtest: pass 9",
            "# tests 9",
            "# pass 5",
            "# fail 1",
            "# cancelled 1",
            "# skipped 2",
            "# todo 0",
        ];
        check(Counter::Node, &lines, 5, 2, 2);
        check(Counter::Node, &["ℹ pass 3", "ℹ fail 0"], 3, 0, 0);
    }

    #[test]
    fn the_closing_line_has_the_form_that_machines_read() {
        let mut tally = Tally::default();
        tally.add(Tally { passed: 3, failed: 1, skipped: 0 });
        assert_eq!(tally.to_string(), "3 passed, 1 failed");
        tally.skipped = 2;
        assert_eq!(tally.to_string(), "3 passed, 1 failed, 2 skipped");
    }
}
