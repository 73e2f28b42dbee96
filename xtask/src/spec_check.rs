//! `cargo xtask spec-check`: SPEC.md and the tests name the same rules.
//!
//! A rule is a line of SPEC.md that starts (after list, table or quote marks) with its bold identifier,
//! such as `- **LAW1** …`, or a heading that starts with it. A test names rules at the start of its name:
//! `law1_…` or `law1_ws7_…` in Rust, `"LAW1: …"` or `"LAW1, WS7: …"` in JavaScript. Every rule has to be
//! named by a test, and every test that starts like an identifier has to name a rule that is there.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use crate::failure::{Context, Failure, Result};
use crate::project::Project;

/// Where tests are.
const FOLDERS: [&str; 10] =
    ["core", "server", "client", "web", "packages", "bench", "siege", "e2e", "fuzz", "history"];
/// Folders below them that hold no source of ours.
const NOT_OURS: [&str; 4] = ["node_modules", "dist", "target", "artifacts"];
/// Words that look like identifiers of rules and are not.
const WORDS: [&str; 8] = ["BASE64", "F32", "F64", "SHA256", "SHA384", "UTF16", "UTF8", "UUIDV7"];

/// Checks, and tells how much there is.
pub(crate) fn run(project: &Project) -> Result<String> {
    let path = project.root.join("SPEC.md");
    let spec = fs::read_to_string(&path).context(|| format!("read {}", path.display()))?;
    let mut files = Vec::new();
    for folder in FOLDERS {
        collect(&project.root.join(folder), &mut files)?;
    }
    let mut tests = Vec::new();
    for file in files {
        let text = fs::read_to_string(&file).context(|| format!("read {}", file.display()))?;
        let place = file.strip_prefix(&project.root).unwrap_or(&file);
        find_tests(place, &text, &mut tests);
    }
    let rules = find_rules(&spec);
    let faults = compare(&rules, &tests);
    if faults.is_empty() {
        let named: BTreeSet<_> = rules.iter().collect();
        return Ok(format!("{} rules, named by {} tests", named.len(), tests.len()));
    }
    Err(Failure::new(format!("SPEC.md and the tests do not agree:\n  {}", faults.join("\n  ")))
        .remedy("name the rule in the test that checks it, or correct the identifier"))
}

/// A test that starts with identifiers.
#[derive(Debug, PartialEq, Eq)]
struct Test {
    /// File and name, for messages.
    place: String,
    /// In upper case, in order.
    rules: Vec<String>,
}

fn collect(dir: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    if !dir.is_dir() {
        return Ok(());
    }
    for entry in fs::read_dir(dir).context(|| format!("read {}", dir.display()))? {
        let path = entry.context(|| format!("read {}", dir.display()))?.path();
        let name = path.file_name().unwrap_or_default();
        if path.is_dir() {
            if !NOT_OURS.iter().any(|other| name == *other) {
                collect(&path, files)?;
            }
        } else if path
            .extension()
            .is_some_and(|extension| ["rs", "js", "mjs"].iter().any(|known| extension == *known))
        {
            files.push(path);
        }
    }
    Ok(())
}

/// The identifiers of SPEC.md, in its order, duplicates included.
fn find_rules(spec: &str) -> Vec<String> {
    spec.lines().filter_map(rule_of_line).collect()
}

fn rule_of_line(line: &str) -> Option<String> {
    let text = line.trim_start_matches([' ', '-', '*', '|', '>', '#']);
    let bold = line[..line.len() - text.len()].ends_with("**");
    let heading = line.starts_with('#');
    let end = text.find(|character: char| !character.is_ascii_alphanumeric()).unwrap_or(text.len());
    let (word, rest) = text.split_at(end);
    let upper = word == word.to_ascii_uppercase();
    let marked = (bold && rest.starts_with("**")) || heading;
    (marked && upper && is_identifier(word)).then(|| word.to_owned())
}

/// Two letters or more, then digits: `LAW1`, `ws12`.
fn is_identifier(word: &str) -> bool {
    let letters = word.bytes().take_while(u8::is_ascii_alphabetic).count();
    let digits = &word[letters..];
    letters >= 2 && !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

fn find_tests(file: &Path, text: &str, tests: &mut Vec<Test>) {
    let names = if file.extension().is_some_and(|extension| extension == "rs") {
        rust_tests(file, text)
    } else {
        javascript_tests(text)
    };
    for (name, words) in names {
        let rules = leading_identifiers(words);
        if !rules.is_empty() {
            tests.push(Test { place: format!("{}: {name}", file.display()), rules });
        }
    }
}

/// Names of test functions, with their words. A suite that runs on several implementors has plain
/// functions that a macro calls: in `tests/` folders and files named for a contract those count too.
fn rust_tests<'t>(file: &Path, text: &'t str) -> Vec<(&'t str, Vec<&'t str>)> {
    let path = file.to_string_lossy();
    let any_function = path.contains("/tests/") || path.contains("contract");
    let mut found = Vec::new();
    let mut marked = false;
    for line in text.lines().map(str::trim_start) {
        if line.starts_with("#[") {
            marked |= line.contains("test]") || line.contains("test(");
        } else if let Some(name) = function_name(line) {
            if marked || any_function {
                found.push((name, name.split('_').collect()));
            }
            marked = false;
        }
    }
    found
}

fn function_name(line: &str) -> Option<&str> {
    let (before, after) = line.split_once("fn ")?;
    let modifiers = before
        .split_whitespace()
        .all(|word| word.starts_with("pub") || ["async", "const", "unsafe"].contains(&word));
    let end = after.find(|c: char| !c.is_ascii_alphanumeric() && c != '_')?;
    (modifiers && end > 0).then(|| &after[..end])
}

/// Titles of `test("…` and `it("…`, with their words.
fn javascript_tests(text: &str) -> Vec<(&str, Vec<&str>)> {
    let mut found = Vec::new();
    for line in text.lines().map(str::trim_start) {
        let Some(call) = ["test(", "it(", "await t.test("].iter().find_map(|start| line.strip_prefix(start))
        else {
            continue;
        };
        let Some(quote) = call.chars().next().filter(|c| "\"'`".contains(*c)) else {
            continue;
        };
        let title = call[1..].split(quote).next().unwrap_or_default();
        found.push((title, title.split([' ', ':', ',']).collect()));
    }
    found
}

/// The identifiers at the start, in upper case; empty words (as between `,` and a space) do not count.
fn leading_identifiers(words: Vec<&str>) -> Vec<String> {
    words
        .into_iter()
        .filter(|word| !word.is_empty())
        .map(str::to_ascii_uppercase)
        .take_while(|word| is_identifier(word) && !WORDS.contains(&word.as_str()))
        .collect()
}

fn compare(rules: &[String], tests: &[Test]) -> Vec<String> {
    let mut faults = Vec::new();
    let mut untested: BTreeMap<&str, bool> = BTreeMap::new();
    for rule in rules {
        if untested.insert(rule, true).is_some() {
            faults.push(format!("{rule} is in SPEC.md more than once"));
        }
    }
    for test in tests {
        for rule in &test.rules {
            match untested.get_mut(rule.as_str()) {
                Some(untested) => *untested = false,
                None => faults.push(format!("{}: there is no rule {rule}", test.place)),
            }
        }
    }
    let open = untested.into_iter().filter(|(_, untested)| *untested);
    faults.extend(open.map(|(rule, _)| format!("{rule} has no test")));
    faults
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{compare, find_rules, find_tests};

    fn check(spec: &str, file: &str, text: &str, faults: &[&str]) {
        let mut tests = Vec::new();
        find_tests(Path::new(file), text, &mut tests);
        assert_eq!(compare(&find_rules(spec), &tests), faults);
    }

    #[test]
    fn rules_are_bold_at_the_start_of_a_line_or_headings() {
        let spec = "# Spec 1\n## LAW1: fold\ntext **WS1** in a line\n- **WS7** echo\n\
                    | **NAME3** | a row |\n**LIMIT12** alone\n- **Note** no rule\n- LAW9 not bold\n";
        assert_eq!(find_rules(spec), ["LAW1", "WS7", "NAME3", "LIMIT12"]);
    }

    #[test]
    fn a_rule_without_a_test_is_a_fault() {
        let text = "#[test]\nfn law1_holds() {}\nfn law2_helper() {}\n";
        check("- **LAW1** a\n- **LAW2** b\n", "core/src/a.rs", text, &["LAW2 has no test"]);
    }

    #[test]
    fn a_test_of_an_unknown_rule_is_a_fault() {
        let text = "#[tokio::test(start_paused = true)]\nasync fn law1_law4_hold() {}\n\
                    #[test]\nfn utf8_is_no_rule() {}\n";
        check(
            "- **LAW1** a\n",
            "core/src/a.rs",
            text,
            &["core/src/a.rs: law1_law4_hold: there is no rule LAW4"],
        );
    }

    #[test]
    fn a_rule_that_is_there_twice_is_a_fault() {
        check(
            "- **LAW1** a\n- **LAW1** b\n",
            "core/tests/a.rs",
            "pub fn law1_of_a_suite(log: &mut dyn Log) {}\n",
            &["LAW1 is in SPEC.md more than once"],
        );
    }

    #[test]
    fn titles_in_javascript_count() {
        let text = "test(\"LAW1, WS7: two pages agree\", async () => {});\n  it('draws 10 cubes');\n";
        check("- **LAW1** a\n- **WS7** b\n", "e2e/a.test.mjs", text, &[]);
    }
}
