//! Sets of subsystems that are generated together and share their types: what a manifest describes.
//!
//! ```toml
//! [[set]]
//! name = "mach3"
//! about = "Interfaces of a Mach 3 kernel."  # optional: documentation of the set's module
//! out = "src/mach3"                         # relative to the manifest, as every path here
//! abis = ["gnumach-i386", "gnumach-x86_64"]
//! include = ["../defs/mach3"]
//! types = ["../defs/mach3/types.toml"]
//!
//! [[set.subsystem]]
//! definition = "../defs/mach3/mach_port.defs"
//!
//! [[set.subsystem]]                         # the same file may come again, with other macros
//! definition = "../defs/mach3/notify.defs"
//! define = ["SEQNOS=1"]
//! module = "seqnos_notify"                  # optional: the subsystem's name otherwise
//! sides = "both"                            # optional: both, client, server
//! ```
//!
//! The output is a folder that belongs to the generator: `mod.rs`, `types.rs`, and a folder for each subsystem.

use std::path::{Path, PathBuf};

use mig_parser::diag::codes::output as codes;
use mig_parser::diag::{At, Diagnostic, Diagnostics};
use mig_parser::preprocess::MacroOption;
use mig_parser::source::Loader;
use proc_macro2::TokenStream;
use quote::quote;
use serde::Deserialize;

use crate::abi::Abi;
use crate::compilation::{Compilation, Generated};
use crate::config::{Config, Sides};
use crate::rust::{self, Shared, names};
use crate::types::syntax_error;

/// A manifest as it stands in its file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    set: Vec<FileSet>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct FileSet {
    name: String,
    about: Option<String>,
    out: PathBuf,
    abis: Vec<String>,
    #[serde(default)]
    include: Vec<PathBuf>,
    #[serde(default)]
    types: Vec<PathBuf>,
    #[serde(default)]
    subsystem: Vec<FileSubsystem>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct FileSubsystem {
    definition: PathBuf,
    module: Option<String>,
    #[serde(default)]
    define: Vec<String>,
    #[serde(default)]
    sides: FileSides,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum FileSides {
    #[default]
    Both,
    Client,
    Server,
}

/// What a manifest describes.
#[derive(Clone, Debug)]
pub struct Manifest {
    /// The sets, in its order.
    pub sets: Vec<Set>,
}

/// Subsystems that share their types.
#[derive(Clone, Debug)]
pub struct Set {
    /// Its name, which is its module's.
    pub name: String,
    /// Documentation of its module.
    pub about: String,
    /// The folder of its output.
    pub out: PathBuf,
    /// Definitions, and how each is compiled.
    pub subsystems: Vec<(PathBuf, Config)>,
}

/// The output of a set.
#[derive(Clone, Debug, Default)]
pub struct Output {
    /// Paths and texts; empty if there are errors anywhere.
    pub files: Vec<(PathBuf, String)>,
    /// What there is to say, subsystem by subsystem.
    pub rows: Vec<(Compilation, Diagnostics)>,
}

impl Manifest {
    /// Reads a manifest; `None` if something is wrong with it, which `diagnostics` then says.
    pub fn read(path: &Path, loader: &mut Loader<'_>, diagnostics: &mut Diagnostics) -> Option<Manifest> {
        let mut wrong = |what: String| {
            let message = format!("in the manifest {}: {what}", path.display());
            diagnostics.push(Diagnostic::new(&codes::MANIFEST, At::Nowhere, message));
        };
        let text = match loader(path).map(String::from_utf8) {
            Ok(Ok(it)) => it,
            Ok(Err(_)) => {
                wrong("it is not UTF-8".to_owned());
                return None;
            }
            Err(it) => {
                wrong(format!("it cannot be read: {it}"));
                return None;
            }
        };
        let file: File = match toml::from_str(&text) {
            Ok(it) => it,
            Err(it) => {
                wrong(syntax_error(&text, &it));
                return None;
            }
        };
        let here = path.parent().unwrap_or(Path::new(""));
        let sets: Result<Vec<Set>, String> = file.set.into_iter().map(|it| Set::of(it, here)).collect();
        sets.map_err(wrong).ok().map(|sets| Manifest { sets })
    }
}

/// `here/../defs` without the detour, where `here` has a name to leave out.
fn join(here: &Path, path: &Path) -> PathBuf {
    let mut joined = here.to_owned();
    for part in path.components() {
        match part {
            std::path::Component::ParentDir if joined.file_name().is_some() => {
                joined.pop();
            }
            other => joined.push(other),
        }
    }
    joined
}

impl Set {
    fn of(it: FileSet, here: &Path) -> Result<Set, String> {
        let mut config = Config { shared_types: Some("super::types".to_owned()), ..Config::default() };
        for name in &it.abis {
            let abi = Abi::find(name).ok_or_else(|| {
                format!(
                    "`{name}` is no ABI; those are {}",
                    Abi::ALL.iter().map(|it| it.name).collect::<Vec<_>>().join(", ")
                )
            })?;
            config.abis.push(abi);
        }
        if config.abis.is_empty() {
            return Err(format!("the set `{}` has no `abis`", it.name));
        }
        config.include = it.include.iter().map(|it| join(here, it)).collect();
        config.types = it.types.iter().map(|it| join(here, it)).collect();
        let subsystems = it.subsystem.into_iter().map(|row| {
            let mut config = config.clone();
            config.module = row.module;
            config.macros = row.define.iter().map(|it| define(it)).collect();
            config.sides = match row.sides {
                FileSides::Both => Sides::Both,
                FileSides::Client => Sides::Client,
                FileSides::Server => Sides::Server,
            };
            (join(here, &row.definition), config)
        });
        let about = it.about.unwrap_or_else(|| format!("The interface set `{}`.", it.name));
        Ok(Set { about, out: join(here, &it.out), subsystems: subsystems.collect(), name: it.name })
    }

    /// Generates everything. `before` is told of each definition before it is read.
    pub fn generate(&self, loader: &mut Loader<'_>, before: &mut dyn FnMut(&Path)) -> Output {
        let mut shared = Shared::default();
        let mut output = Output::default();
        let mut modules = Vec::new();
        let mut failed = false;
        for (definition, config) in &self.subsystems {
            before(definition);
            let compilation = config.read(definition, loader);
            let Generated { files, mut diagnostics } =
                rust::generate_with(&compilation, config, rust::Form::Folder, &mut shared);
            if let Some(module) = compilation.module(config) {
                if modules.iter().any(|it: &(String, String)| it.0 == module) {
                    diagnostics.push(same_module(&module, &self.name));
                }
                let subsystem = compilation.units.iter().find_map(|it| it.interface.subsystem.as_ref());
                modules.push((module, subsystem.map(|it| it.name.clone()).unwrap_or_default()));
            }
            failed |= compilation.has_errors() || diagnostics.has_errors();
            output.files.extend(files.into_iter().map(|(path, text)| (self.out.join(path), text)));
            output.rows.push((compilation, diagnostics));
        }
        if let Some((compilation, _)) = output.rows.first() {
            output.files.push((self.out.join("types.rs"), shared.file(&compilation.table, &self.name)));
        }
        output.files.push((self.out.join("mod.rs"), self.module(&modules)));
        if failed {
            output.files.clear();
        }
        output.files.sort();
        output
    }

    /// `mod.rs`: the set's modules.
    fn module(&self, modules: &[(String, String)]) -> String {
        let mut modules: Vec<_> = modules.iter().collect();
        modules.sort();
        let declared = modules.iter().map(|(module, subsystem)| -> TokenStream {
            let (ident, doc) = (names::ident(module), format!(" Subsystem `{subsystem}`."));
            quote!(#[doc = #doc] pub mod #ident;)
        });
        let rows = modules.iter().map(|(module, _)| {
            let ident = names::ident(module);
            quote!((#module, #ident::ROUTINES))
        });
        let table = quote! {
            #[doc = " The modules of the subsystems, and the ids and names of their routines."]
            pub const SUBSYSTEMS: &[(&str, &[(mig_rt::MsgId, &str)])] = &[#(#rows),*];
        };
        let docs = self.about.lines().map(|it| format!(" {it}"));
        let banner = format!("// The set `{}`. Generated by mig; do not edit.\n", self.name);
        rust::text(&banner, quote!(#(#![doc = #docs])* #(#declared)* pub mod types; #table))
    }
}

fn define(text: &str) -> MacroOption {
    let (name, body) = text.split_once('=').unwrap_or((text, "1"));
    MacroOption::Define { name: name.to_owned(), body: body.to_owned() }
}

fn same_module(module: &str, set: &str) -> Diagnostic {
    Diagnostic::new(
        &codes::MANIFEST,
        At::Nowhere,
        format!("two subsystems of the set `{set}` get the module `{module}`"),
    )
    .help("name one of them otherwise, with `module`")
}
