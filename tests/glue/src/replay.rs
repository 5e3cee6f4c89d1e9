//! Tables of calls that replay recorded exchanges, in several ABIs.

use mig_codegen::Unit;

use super::stub::Stub;
use super::{Described, Passed, Writer};

/// A generated module.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// The set that it is part of.
    pub set: &'a str,
    /// Its path in Rust.
    pub path: &'a str,
    /// What else its signatures name, as a statement.
    pub uses: &'a str,
    /// The text of the module.
    pub text: &'a str,
    /// The texts of its wire halves in the order of the units, if they are files of their own.
    pub wires: &'a [String],
}

/// The text of a subsystem's module: an implementation of its server, and for each ABI a table of its routines.
pub fn replay(units: &[Unit], source: &Source<'_>) -> String {
    let halves: Vec<String> = (0..units.len()).map(|at| half(&units[at], source, at)).collect();
    let stub = stub(&units[0], source, 0);
    let key = "";
    let interface = &units[0].interface;
    let methods: String =
        interface.routines.iter().map(|it| Writer::new(interface, &stub, key, it).rust_method()).collect();
    let (translations, forms) = (stub.plain_translations(), stub.missing_forms());
    let Source { path, uses, .. } = source;
    let server = &stub.server;
    let (halves, tables) = (halves.concat(), units.iter().map(|it| format!("{}::TABLE, ", it.abi.module())));
    let tables: String = tables.collect();
    format!(
        "use {path} as api;
use api::*;
{uses}
use crate::side::{{self, Arg, Kernel, Service, Side}};
use mig_rt::*;
type T = Kernel;
pub(crate) const TABLES: &[side::Table] = &[{tables}];
{translations}
{forms}
impl {server}<Kernel> for Service {{ {methods} }}
{halves}
"
    )
}

/// The text of a module for what a set shares: the translations and missing forms of its types.
pub fn translations(path: &str, text: &str) -> String {
    let stub = Stub::parse(&[text], "");
    let (translations, forms) = (stub.plain_translations(), stub.missing_forms());
    format!(
        "use {path}::*;
use crate::side::{{Kernel, Service}};
use mig_rt::*;
type T = Kernel;
{translations}
{forms}
"
    )
}

fn stub(unit: &Unit, source: &Source<'_>, at: usize) -> Stub {
    let mut files = vec![source.text];
    files.extend(source.wires.get(at).map(String::as_str));
    Stub::parse(&files, &unit.abi.module())
}

/// The calls of one ABI.
fn half(unit: &Unit, source: &Source<'_>, at: usize) -> String {
    let stub = stub(unit, source, at);
    let (mut functions, mut table) = (String::new(), String::new());
    for routine in &unit.interface.routines {
        let writer = Writer::new(&unit.interface, &stub, "", routine);
        let Some(call) = stub.call_of(routine) else { continue };
        functions += &writer.rust_call(call);
        table += &writer.row(&call.name);
    }
    let (module, marker, set) = (unit.abi.module(), unit.abi.marker(), source.set);
    let name = unit.interface.subsystem.as_ref().map_or("", |it| it.name.as_str());
    format!(
        "pub(crate) mod {module} {{
use super::*;
use super::api::{module} as wire;
pub(super) const TABLE: side::Table = side::Table {{
    set: {set:?},
    name: {name:?},
    abi: AbiId::{marker},
    subsystem: wire::subsystem,
    routines: &[{table}],
}};
{functions}
}}
"
    )
}

impl Writer<'_> {
    fn row(&self, rust: &str) -> String {
        let args: String = self.args.iter().map(Described::row).collect();
        let name = &self.routine.name;
        let id = self.interface.subsystem.as_ref().map_or(0, |it| it.base) + self.routine.number;
        let limit = if self.routine.one_way { "0".to_owned() } else { format!("wire::{rust}::REPLY_LIMIT") };
        format!(
            "side::Routine {{ name: {name:?}, id: {id}, reply_limit: {limit}, call: rust_{rust}, args: &[{args}] }},\n"
        )
    }
}

impl Described<'_> {
    fn row(&self) -> String {
        let (name, max, sent) = (&self.arg.name, self.max, self.dispositions().first().copied().unwrap_or(0));
        let (text, indefinite) = (self.passed == Passed::Text, self.passed == Passed::Indefinite);
        format!("Arg {{ name: {name:?}, max: {max}, sent: {sent}, text: {text}, indefinite: {indefinite} }},")
    }
}
