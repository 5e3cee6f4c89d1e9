//! What the kernel says of a message's sender: arguments that stand for elements of the trailer.

use proc_macro2::{Ident, TokenStream};
use quote::quote;

use super::Half;
use super::client::Stub;
use super::names;
use crate::model::{Arg, Role, Sides, Token};

/// Elements of a trailer, in its order: each includes those before it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Element {
    Sequence,
    Sender,
    Audit,
    Context,
}

impl Element {
    /// The element that an argument stands for on one side, if it does. A sequence number stands in the header of the
    /// other family.
    pub(super) fn of(arg: &Arg, side: Sides) -> Option<Element> {
        let Role::Token(token, sides) = arg.role else { return None };
        if sides != Sides::Both && sides != side {
            return None;
        }
        match (token, arg.trailer_field.as_deref()) {
            (Token::Security, _) => Some(Element::Sender),
            (Token::Audit, _) => Some(Element::Audit),
            (Token::Context, _) => Some(Element::Context),
            (Token::Field, Some("msgh_seqno")) => Some(Element::Sequence),
            (Token::Field, Some("msgh_sender")) => Some(Element::Sender),
            (Token::Field, Some("msgh_audit")) => Some(Element::Audit),
            (Token::Field, Some("msgh_context")) => Some(Element::Context),
            (Token::Field, _) => None,
        }
    }

    /// Its type in Rust.
    pub(super) fn ty(self) -> TokenStream {
        match self {
            Element::Sequence => quote!(u32),
            Element::Sender => quote!(SecurityToken),
            Element::Audit => quote!(AuditToken),
            Element::Context => quote!(u64),
        }
    }

    /// The body's method that reads it.
    fn method(self) -> Ident {
        names::ident(match self {
            Element::Sequence => "sequence",
            Element::Sender => "security_token",
            Element::Audit => "audit_token",
            Element::Context => "context",
        })
    }

    /// What a receiver asks for.
    fn constant(self) -> Ident {
        names::ident(match self {
            Element::Sequence => "Sequence",
            Element::Sender => "Sender",
            Element::Audit => "Audit",
            Element::Context => "Context",
        })
    }
}

impl Stub<'_> {
    /// The most that a client asks for behind a reply.
    pub(super) fn user_trailer(&self) -> Option<Ident> {
        self.routine.args.iter().filter_map(|it| Element::of(it, Sides::User)).max().map(Element::constant)
    }

    /// Reads a side's elements of the trailer: when everything before was read.
    pub(super) fn trailer_reads(&self, side: Sides) -> TokenStream {
        let body = &self.locals.body;
        let reads = self.routine.args.iter().filter_map(|it| {
            let sequence = it.role == Role::SeqNo && side == Sides::Server && !self.half.unit.abi.sequence_number;
            let element = if sequence { Element::Sequence } else { Element::of(it, side)? };
            let (name, method) = (names::variable(&it.name), element.method());
            Some(quote!(let #name = #body.#method()?;))
        });
        quote!(#(#reads)*)
    }
}

impl Half<'_> {
    /// The most that a server asks for behind requests.
    pub(super) fn server_trailer(&self) -> Option<Ident> {
        let of = |it: &Arg| match it.role {
            Role::SeqNo if !self.unit.abi.sequence_number => Some(Element::Sequence),
            _ => Element::of(it, Sides::Server),
        };
        let args = self.context.joined.routines.iter().flat_map(|it| &it.args);
        args.filter_map(of).max().map(Element::constant)
    }
}
