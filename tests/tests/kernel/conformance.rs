//! What real kernels are tested for, shown of this one: a file for each theme. `docs/conformance.md` says which test shows
//! what, those of other files included.

mod by_hand;
mod guards;
mod hostile;
mod messages;
mod notifications;
mod races;
mod replies;
mod rights;
mod send_possible;
mod trailers;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// The page names tests that there are, and all of this folder.
#[test]
fn the_page_is_true() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = fs::read_to_string(root.join("../docs/conformance.md")).unwrap();
    let named: BTreeSet<(&str, &str)> =
        page.split('`').skip(1).step_by(2).filter_map(|it| it.split_once(": ")).collect();
    for (file, test) in &named {
        let text = fs::read_to_string(root.join("tests/kernel").join(file).with_extension("rs")).unwrap_or_default();
        assert!(text.contains(&format!("#[test]\nfn {test}() {{")), "`{file}: {test}` is no test");
    }
    for path in fs::read_dir(root.join("tests/kernel/conformance")).unwrap().map(|it| it.unwrap().path()) {
        let file = format!("conformance/{}", path.file_stem().unwrap().display());
        let text = fs::read_to_string(&path).unwrap();
        for test in text.split("#[test]\nfn ").skip(1).filter_map(|it| it.split_once('(')) {
            assert!(named.contains(&(file.as_str(), test.0)), "`{file}: {}` is not on the page", test.0);
        }
    }
}
