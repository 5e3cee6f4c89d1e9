//! Writes the program that compares.

use std::fs;
use std::path::{Path, PathBuf};

use mig_codegen::{Abi, Compilation, Config};
use mig_parser::diag::render::Style;
use mig_parser::source::from_disk;

use crate::tools::{INCLUDE, Tools};

/// A program, written and with its C stubs compiled.
pub(crate) struct Program {
    pub(crate) directory: PathBuf,
    /// Every routine of every definition: subsystem and name.
    pub(crate) routines: Vec<String>,
    /// Those whose C stubs gcc rejects.
    pub(crate) rejected: Vec<String>,
}

impl Program {
    /// Writes it.
    pub(crate) fn write(abi: &Abi, tools: &Tools) -> Program {
        let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("oracle").join(abi.name);
        // What an earlier run left may be of other definitions. What cargo built may stay: cargo knows.
        let _ = fs::remove_dir_all(directory.join("c"));
        let _ = fs::remove_dir_all(directory.join("src"));
        fs::create_dir_all(directory.join("c")).expect("the target directory can be written");
        let mut program = Program { directory, routines: Vec::new(), rejected: Vec::new() };
        program.copy_sources();
        let mut keys = Vec::new();
        for file in definitions() {
            keys.extend(program.add(abi, tools, &file));
        }
        tools.archive(&program.directory.join("c"));
        let modules: String = keys.iter().map(|it| format!("pub mod {it};\n")).collect();
        program.file("src/stubs.rs", &modules);
        program.file("src/glue.rs", &glue::index(&keys));
        program
    }

    /// What does not vary.
    fn copy_sources(&self) {
        let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("oracle");
        for entry in fs::read_dir(from.join("src")).expect("it is checked in") {
            let path = entry.expect("as above").path();
            let name = path.file_name().expect("a file").to_string_lossy().into_owned();
            self.file(&format!("src/{name}"), &fs::read_to_string(&path).expect("as above"));
        }
        let manifest = fs::read_to_string(from.join("Cargo.toml.in")).expect("as above");
        let support = Path::new(env!("CARGO_MANIFEST_DIR")).join("../mig-rt");
        self.file("Cargo.toml", &manifest.replace("@MIG_RT@", &support.display().to_string()));
    }

    fn file(&self, name: &str, text: &str) {
        mig_codegen::build::write_if_changed(&self.directory.join(name), text).expect("the directory can be written");
    }

    /// Adds a definition, if it has a subsystem: the name of its module.
    fn add(&mut self, abi: &Abi, tools: &Tools, file: &Path) -> Option<String> {
        let config = config(abi, file);
        let compilation = config.read(file, &mut from_disk);
        let unit = &compilation.units[0];
        let subsystem = unit.interface.subsystem.as_ref()?.name.clone();
        let text = rust(&compilation, &config);
        let key = file.file_stem().expect("a file").to_string_lossy().into_owned();
        let rejected = tools.compile(file, &key, &self.directory.join("c"));
        let of = |it: &String| format!("{subsystem} {it}");
        self.routines.extend(unit.interface.routines.iter().map(|it| of(&it.name)));
        let named = unit.interface.routines.iter().filter(|it| {
            let user = format!("u_{key}_{}{}", it.user_prefix, it.name);
            let server = format!("_X{}", it.name);
            rejected.contains(&user) || rejected.contains(&server)
        });
        let named: Vec<String> = named.map(|it| it.name.clone()).collect();
        self.rejected.extend(named.iter().map(of));
        self.file(&format!("src/stubs/{key}.rs"), &glue::with_c(&key, unit, &text, &named));
        Some(key)
    }
}

pub(crate) fn config(abi: &Abi, file: &Path) -> Config {
    let mut config = Config::default().abi(*abi).include(INCLUDE);
    if file.starts_with(INCLUDE) {
        config = config.types(Path::new(env!("CARGO_MANIFEST_DIR")).join("../defs/mach3/types.toml"));
    }
    config
}

pub(crate) fn rust(compilation: &Compilation, config: &Config) -> String {
    let single = compilation.single_file(config);
    let report = compilation.render(&single.diagnostics, Style::Plain);
    let [(_, text)] = <[_; 1]>::try_from(single.files).unwrap_or_else(|_| panic!("{report}"));
    text
}

/// Every definition file of the package, and the synthetic ones.
pub(crate) fn definitions() -> Vec<PathBuf> {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = vec![own.join("vectors/typed/shapes.defs"), own.join("oracle/more.defs")];
    ["mach", "device", "mach_debug"].iter().for_each(|it| walk(&Path::new(INCLUDE).join(it), &mut files));
    files.sort();
    files
}

fn walk(directory: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).expect("the package is installed").flatten() {
        let path = entry.path();
        if entry.file_type().is_ok_and(|it| it.is_dir()) {
            walk(&path, files);
        } else if path.extension().is_some_and(|it| it == "defs") {
            files.push(path);
        }
    }
}
