//! Type words as constants: one for each distinct word of a wire half, named after its type.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{Ident, TokenStream};
use quote::quote;

use super::names;
use super::shape::Disposition;
use crate::model::IpcName;
use crate::wire::Descriptor;

/// The words used so far, in the order of first use.
#[derive(Debug, Default)]
pub(super) struct Words {
    names: RefCell<BTreeMap<Vec<u8>, String>>,
    order: RefCell<Vec<(String, Vec<u8>)>>,
    taken: RefCell<BTreeSet<String>>,
}

impl Words {
    /// Words whose names must not meet these.
    pub(super) fn apart_from(taken: impl IntoIterator<Item = String>) -> Words {
        Words { taken: RefCell::new(taken.into_iter().collect()), ..Words::default() }
    }

    /// The constant for a word. `type_name` is the type's name in the definition, if it has one.
    pub(super) fn constant(&self, word: &Descriptor, type_name: Option<&str>) -> Ident {
        if let Some(name) = self.names.borrow().get(&word.bytes) {
            return names::ident(name);
        }
        let mut name = base_name(word, type_name);
        while !self.taken.borrow_mut().insert(name.clone()) {
            name.push('_');
        }
        self.names.borrow_mut().insert(word.bytes.clone(), name.clone());
        self.order.borrow_mut().push((name.clone(), word.bytes.clone()));
        names::ident(&name)
    }

    /// The declarations.
    pub(super) fn declarations(&self) -> TokenStream {
        let constants = self
            .order
            .borrow()
            .iter()
            .map(|(name, bytes)| {
                let name = names::ident(name);
                let value = value(bytes);
                quote!(const #name: Ty = #value;)
            })
            .collect::<Vec<_>>();
        quote!(#(#constants)*)
    }
}

/// `Ty::new(0x1001_2002)`, or `Ty::long` for three words.
fn value(bytes: &[u8]) -> TokenStream {
    let number = |bytes: &[u8]| bytes.iter().rev().fold(0u64, |all, it| all << 8 | u64::from(*it));
    if bytes.len() == 12 {
        let (word, rest) = (hex(number(&bytes[..4])), hex(number(&bytes[4..])));
        return quote!(Ty::long(#word, #rest));
    }
    let word = hex(number(bytes));
    quote!(Ty::new(#word))
}

/// A hexadecimal literal, an underscore every four digits.
fn hex(it: u64) -> TokenStream {
    let digits = format!("{it:x}");
    let mut text = String::from("0x");
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index) % 4 == 0 {
            text.push('_');
        }
        text.push(digit);
    }
    text.parse().expect("a number is one token")
}

/// Single elements are named after what the kernel calls them, everything else after its type.
fn base_name(word: &Descriptor, type_name: Option<&str>) -> String {
    let single = word.number == 1 && word.inline && !word.long;
    let kind = match (word.name, word.bits) {
        (IpcName::Number(it @ 16..=21), _) => Some(Disposition::constant(it)),
        (IpcName::Polymorphic, _) => Some("ANY_RIGHT"),
        (IpcName::Number(0), 32) => Some("BOOLEAN"),
        (IpcName::Number(1), 16) => Some("INTEGER_16"),
        (IpcName::Number(2), 32) => Some("INTEGER_32"),
        (IpcName::Number(11), 64) => Some("INTEGER_64"),
        (IpcName::Number(8), 8) => Some("CHAR"),
        (IpcName::Number(9), 8) => Some("BYTE"),
        (IpcName::Number(15), 32) => Some("PORT_NAME"),
        _ => None,
    };
    match (kind, type_name) {
        (Some(it), _) if single => it.to_owned(),
        (_, Some(it)) => it.strip_suffix("_t").unwrap_or(it).to_ascii_uppercase(),
        (Some(it), None) => format!("{it}S"),
        (None, None) => "WORD".to_owned(),
    }
}
