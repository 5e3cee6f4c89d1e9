//! Layouts: tables of every case, and pictures that are well formed.

use std::path::Path;

use mig_codegen::Abi;
use tests::{cases_dir, check};

use crate::run::mig_cli;

#[test]
fn every_case_is_laid_out() {
    check("wire", |case| {
        let folder = case.path.parent().expect("a case is in a folder");
        let name = case.path.file_name().expect("a case has a name").to_string_lossy();
        let table = Path::new(name.as_ref()).with_extension("toml").to_string_lossy().into_owned();
        let mut args = vec!["layout", &name];
        if folder.join(&table).is_file() {
            args.extend(["--types", &table]);
        }
        let all = [Abi::GNUMACH_I386, Abi::GNUMACH_X86_64, Abi::GNUMACH_X86_64_2022].map(|it| it.name.to_owned());
        let abis = if case.options.abis.is_empty() { &all[..] } else { &case.options.abis[..] };
        abis.iter().for_each(|it| args.extend(["--abi", it]));
        let outcome = mig_cli(folder, &args);
        assert_eq!(outcome.code, 0, "{}:\n{}", case.name, outcome.err);
        outcome.out
    });
}

/// Pictures of everything that the wire has: tags are closed, nothing is outside of the page, and nothing changes from
/// one run to the next.
#[test]
fn pictures_are_well_formed() {
    for abi in Abi::ALL {
        let family = if abi.has_type_words() { "typed" } else { "untyped" };
        let folder = cases_dir("").join("../vectors").join(family);
        let svg = picture(&folder, "shapes.defs", abi.name);
        assert_eq!(svg, picture(&folder, "shapes.defs", abi.name), "{}", abi.name);
        well_formed(&svg);
        inside(&svg);
        assert!(!svg.contains("<script") && !svg.contains("@import") && !svg.contains("url(http"));
    }
}

fn picture(folder: &Path, file: &str, abi: &str) -> String {
    let outcome = mig_cli(folder, &["layout", "--format", "svg", "--abi", abi, file]);
    assert_eq!(outcome.code, 0, "{}", outcome.err);
    outcome.out
}

/// Every tag is closed, in the right order, and text has no stray marks.
fn well_formed(svg: &str) {
    let mut open = Vec::new();
    let mut rest = svg;
    while let Some((text, more)) = rest.split_once('<') {
        let entities = ["amp;", "lt;", "gt;", "quot;", "#39;"];
        assert!(text.split('&').skip(1).all(|it| entities.iter().any(|name| it.starts_with(name))), "{text}");
        let (tag, more) = more.split_once('>').expect("a tag ends");
        rest = more;
        match tag.strip_prefix('/') {
            Some(name) => assert_eq!(open.pop(), Some(name), "</{name}>"),
            None if tag.ends_with('/') => {}
            None => open.push(tag.split(' ').next().unwrap_or_default()),
        }
        assert_eq!(tag.matches('"').count() % 2, 0, "<{tag}>");
    }
    assert!(open.is_empty(), "{open:?} is not closed");
}

/// No text begins outside of the page.
fn inside(svg: &str) {
    let number = |tag: &str, name: &str| {
        let value = tag.split_once(&format!(" {name}=\""))?.1.split_once('"')?.0;
        value.parse::<u32>().ok()
    };
    let page = svg.split('>').next().expect("a root");
    let (width, height) = (number(page, "width").expect("a width"), number(page, "height").expect("a height"));
    for tag in svg.split('<').filter(|it| it.starts_with("text ")) {
        let (x, y) = (number(tag, "x").expect("a place"), number(tag, "y").expect("a place"));
        assert!(x < width && y < height, "<{tag}");
    }
}

/// The names of a definition may be anything that its grammar allows, and the picture is still one.
#[test]
fn long_names_stay_inside_their_boxes() {
    let dir = crate::run::folder("long-names");
    let name = "n".repeat(300);
    let text = format!(
        "subsystem s{name} 1;\ntype port_t = MACH_MSG_TYPE_COPY_SEND;\n\
         simpleroutine r{name}(server : port_t; {name} : int);\n"
    );
    std::fs::write(dir.join("long.defs"), text).expect("a definition");
    let svg = picture(&dir, "long.defs", "gnumach-i386");
    well_formed(&svg);
    inside(&svg);
    let label = |it: &&str| it.starts_with("text class=\"\"");
    let longest = svg.split('<').filter(label).map(str::len).max().expect("labels");
    assert!(longest < 120, "{longest}");
}
