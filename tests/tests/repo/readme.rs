//! What `README.md` tells people to type works.

use std::fs;
use std::path::{Path, PathBuf};

use crate::{mig_cli, root};

/// A folder as the README's reader has it: the workspace's definitions, and one of their own.
fn folder(name: &str) -> PathBuf {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&dir);
    let defs = dir.join("defs/mach3");
    fs::create_dir_all(&defs).expect("a new folder");
    for file in fs::read_dir(root().join("defs/mach3")).expect("our definitions") {
        let file = file.expect("a readable folder").path();
        fs::copy(&file, defs.join(file.file_name().expect("a file"))).expect("a copy");
    }
    fs::copy(root().join("tests/cases/rust/demo.defs"), dir.join("my.defs")).expect("a copy");
    dir
}

#[test]
fn commands_of_the_readme_work() {
    let dir = folder("readme");
    let readme = fs::read_to_string(root().join("README.md")).expect("a README");
    let commands = readme.lines().filter(|it| it.starts_with("mig-cli "));
    let commands: Vec<&str> = commands.map(|it| it.split('#').next().unwrap_or(it).trim()).collect();
    assert!(commands.len() >= 5, "the README shows no commands: {commands:?}");
    for command in commands {
        let args: Vec<&str> = command.split_whitespace().collect();
        mig_cli(&dir, &args).unwrap_or_else(|said| panic!("`{command}` fails:\n{said}"));
    }
    for file in ["src/mach_port.rs", "user.rs", "server.rs"] {
        assert!(dir.join(file).exists(), "no command wrote {file}");
    }
}

/// Links between our documents lead somewhere.
#[test]
fn links_of_the_documents_are_alive() {
    for document in ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "BENCHMARKS.md"] {
        let text = fs::read_to_string(root().join(document)).unwrap_or_else(|it| panic!("{document}: {it}"));
        for link in text.split("](").skip(1).filter_map(|it| it.split(')').next()) {
            assert!(link.contains("://") || root().join(link).exists(), "{document} has a dead link: {link}");
        }
        // Paths of code spans that look like files of ours.
        for span in text.split('`').skip(1).step_by(2).filter(|it| it.contains('/') && it.ends_with(".rs")) {
            let found = ["", "mig-codegen/src", "mig-parser/src", "mig-rt/src", "tests/tests"]
                .iter()
                .any(|it| root().join(it).join(span).exists());
            assert!(found, "{document} speaks of a file that is not there: {span}");
        }
    }
}
