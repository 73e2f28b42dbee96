//! The types of the package are made of a file of schemas, and that file of core's own types.

mod document;

#[test]
fn js8_the_schemas_are_those_of_the_core() {
    let kept = include_str!("../../../src/schema.json");
    assert!(
        kept == document::text(),
        "packages/js/src/schema.json is not current: `npm run types` in packages/js makes it anew"
    );
}
