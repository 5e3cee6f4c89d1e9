//! Model and ABI → layouts: the only place in the compiler that asks for the family.

use mig_parser::diag::codes::output as codes;
use mig_parser::diag::{Diagnostic, Diagnostics};

use super::Exchange;
use super::typed::Typed;
use crate::abi::{Abi, Family};
use crate::model::Interface;

/// The layouts of every routine; none, and a diagnostic, for a family whose messages cannot be laid out yet.
pub fn lower(interface: &Interface, abi: &Abi, diagnostics: &mut Diagnostics) -> Vec<Exchange> {
    let Some(subsystem) = &interface.subsystem else { return Vec::new() };
    match abi.family {
        Family::Typed => Typed { interface, abi, subsystem }.lower(diagnostics),
        Family::Untyped => {
            diagnostics.push(
                Diagnostic::new(&codes::UNTYPED, subsystem.span, format!("messages of `{}` cannot be laid out yet", abi.name))
                    .label("the untyped family of OSF and Darwin is not there yet")
                    .note("the definition itself was read and checked")
                    .help("choose one of the typed ABIs with `--abi`: `gnumach-i386`, `gnumach-x86_64`, `gnumach-x86_64-2022`"),
            );
            Vec::new()
        }
    }
}
