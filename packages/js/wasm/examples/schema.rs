//! Prints the schemas of the values that JavaScript sees: what the package's types are made of.
#![expect(clippy::print_stdout, reason = "that is what it is for")]

#[path = "../tests/schema/document.rs"]
mod document;

fn main() {
    print!("{}", document::text());
}
