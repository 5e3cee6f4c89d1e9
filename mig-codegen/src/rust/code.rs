//! A code in place of a request: `RetCode`.
//!
//! The message has the form of an error reply then, and carries nothing else: the method gets the code, and nothing in
//! place of every other argument.

use proc_macro2::TokenStream;
use quote::quote;

use super::client::{Locals, Stub};
use super::names;
use super::shape::Shape;
use super::value::{Value, literal};
use crate::model::{Arg, Flow, IpcName, Role, Sides};

impl Stub<'_> {
    /// The argument whose error is sent in place of the request.
    fn code(&self) -> Option<&Arg> {
        self.routine.args.iter().find(|it| it.options.ret_code).filter(|_| !self.half.unit.abi.has_type_words())
    }

    /// Whether an argument has no place in the message because its error takes all of it.
    pub(super) fn is_code(&self, arg: &Arg) -> bool {
        self.code().is_some_and(|it| std::ptr::eq(it, arg))
    }

    /// What a client writes if there is an error.
    pub(super) fn encode_code(&self) -> Option<TokenStream> {
        let (name, request) = (names::variable(&self.code()?.name), &self.locals.request);
        Some(quote! {
            if let Err(code) = #name {
                #request.code(code);
                return Ok(#request);
            }
        })
    }

    /// What a server does if there is an error.
    pub(super) fn serve_code(&self) -> Option<TokenStream> {
        let code = self.code()?;
        let Locals { request, service, body, .. } = &self.locals;
        let method = names::routine(&self.routine.name);
        let (port, trailer) = (self.translated_port(), self.trailer_reads(Sides::Server));
        let arguments: Vec<TokenStream> = self.routine.args.iter().filter_map(|it| self.argument(it, code)).collect();
        let via = arguments.iter().any(|it| super::file::mentions(it, "via"));
        let via = via.then(|| quote!(let via = #request.via().clone();));
        Some(quote! {
            if let Some((code, #body)) = #request.code() {
                #trailer
                #body.end()?;
                #via
                #port
                #service.#method(#(#arguments),*)?;
                return Ok(());
            }
        })
    }

    fn argument(&self, arg: &Arg, code: &Arg) -> Option<TokenStream> {
        let name = names::variable(&arg.name);
        match arg.role {
            Role::Data if std::ptr::eq(arg, code) => Some(quote!(Err(code))),
            Role::Data if arg.flow != Flow::Out => Some(self.nothing(arg)),
            Role::RequestPort | Role::SeqNo | Role::Token(_, Sides::Server | Sides::Both) => Some(quote!(#name)),
            Role::ReplyPort | Role::ServerReplyPort => {
                let reply = &self.locals.reply;
                Some(quote!(#reply.into_right()))
            }
            _ => None,
        }
    }

    /// A value that is none: zero, null or empty.
    fn nothing(&self, arg: &Arg) -> TokenStream {
        let context = self.half.context;
        let layout = self.layout(arg);
        let (value, is_right) = match self.shape(arg) {
            Shape::Each(of, extent) => (extent.of_nothing(&no_memory(&of, &layout)), false),
            Shape::Value(it) => (zero(&it.tokens(context)), false),
            Shape::Fixed(it, count) => {
                let (it, count) = (it.tokens(context), literal(count));
                let zero = zero(&quote!([#it; #count]));
                (quote!(&#zero), false)
            }
            Shape::Counted(it) if it.is_plain() => (quote!(&[]), false),
            Shape::Counted(_) => (quote!(Elements::none(#layout)), false),
            Shape::Indefinite(_) => (quote!(Data::Inline(&[])), false),
            Shape::Text { .. } => (quote!(Text::default()), false),
            Shape::Right(it) => (right(it.received), true),
            shape @ (Shape::Memory(_) | Shape::Rights(..)) => (no_memory(&shape, &layout), false),
        };
        let Some(marker) = context.marker(arg).filter(|_| context.is_translated_in(arg)) else { return value };
        let (marker, service) = (context.path(&marker), &self.locals.service);
        let of = if is_right { quote!(PortIn::Right(&#value)) } else { value };
        quote!(Translate::<T, #marker>::intran(&*#service, #of))
    }
}

/// Memory that is none, or an array of no rights.
fn no_memory(shape: &Shape, layout: &TokenStream) -> TokenStream {
    match shape {
        Shape::Rights(it, _) => {
            let it = it.got();
            quote!(Rights::<T, #it>::none(&via))
        }
        _ if layout.is_empty() => quote!(Region::none(&via)),
        _ => quote!(Region::none_of(&via, #layout)),
    }
}

fn zero(ty: &TokenStream) -> TokenStream {
    quote!(rt::form::zero::<W, #ty>())
}

fn right(received: IpcName) -> TokenStream {
    match received {
        IpcName::Number(17) => quote!(SendRight::null(&via)),
        IpcName::Number(18) => quote!(SendOnceRight::null(&via)),
        IpcName::Number(16) => quote!(ReceiveRight::null(&via)),
        _ => quote!(AnyRight::Number(PortName::NULL, Disposition::NONE)),
    }
}

/// A code is a result of nothing.
pub(super) fn value(context: &super::Context<'_>, arg: &Arg) -> Option<Value> {
    let entry = context.table.get("kern_return_t").filter(|_| arg.options.ret_code)?;
    match entry {
        crate::types::Entry::Path { rust, base } => {
            Some(Value::Mapped(super::value::Path::Outside(rust.clone()), *base))
        }
        _ => None,
    }
}
