//! The ABI-free half: ids, types, results, the server's trait.

use std::collections::BTreeSet;

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};

use super::Context;
use super::names;
use super::results::Results;
use super::set;
use super::shape::Shape;
use super::value::literal;
use crate::model::{Arg, Flow, IpcName, Role, Routine};

impl Context<'_> {
    pub(super) fn api(&self) -> TokenStream {
        let ids = self.ids();
        let local = self.items.iter().filter(|it| !self.shared_names.contains(it.0));
        let local = Self::in_modules(local.map(|(name, item)| (name, self.item_tokens(name, item))));
        let constants = self.shared.is_none().then(|| set::constants(self.table, &self.id_names()));
        let modules = self.joined.routines.iter().map(|it| self.routine_module(it));
        let server = self.serves().then(|| self.server_trait());
        let any = (self.units.len() > 1 && self.calls() && !self.joined.routines.is_empty()).then(|| self.any());
        quote! {
            #ids
            #constants
            #local
            #(#modules)*
            #server
            #any
        }
    }

    fn ids(&self) -> TokenStream {
        let base = self.joined.subsystem.as_ref().map_or(0, |it| it.base);
        let ids = self.joined.routines.iter().map(|it| {
            let name = names::constant(&it.name);
            let value = literal(base + it.number);
            let doc = format!(" Requests of [`{0}`]({1}).", it.name, self.link(it));
            quote!(#[doc = #doc] pub const #name: MsgId = MsgId(#value);)
        });
        let rows = self.joined.routines.iter().map(|it| {
            let (id, name) = (names::constant(&it.name), &it.name);
            quote!((#id, #name))
        });
        quote! {
            #(#ids)*
            #[doc = " The ids of requests, and what the definition calls the routines."]
            pub const ROUTINES: &[(MsgId, &str)] = &[#(#rows),*];
        }
    }

    /// Names of the ids.
    pub(super) fn id_names(&self) -> BTreeSet<String> {
        self.joined.routines.iter().map(|it| names::constant(&it.name).to_string()).collect()
    }

    /// What a mention of a routine leads to.
    fn link(&self, routine: &Routine) -> String {
        let function = names::routine(&routine.name);
        match (self.calls(), self.units.first()) {
            (true, Some(it)) => format!("{}::{function}()", it.abi.module()),
            _ => format!("{}::{function}", self.trait_name()),
        }
    }

    pub(super) fn trait_name(&self) -> Ident {
        format_ident!("{}Server", names::camel(&self.module))
    }

    /// Structures of results, and the marker of a routine that may answer later.
    fn routine_module(&self, routine: &Routine) -> TokenStream {
        let (client, server) = (self.client_results(routine), self.server_results(routine));
        let out = format_ident!("Out");
        let needs_client = self.calls() && client.0.len() > 1;
        let needs_server = self.serves() && server.0.len() > 1;
        let shared = client.same(&server);
        let mut parts = Vec::new();
        if needs_client || needs_server && shared {
            let docs = format!(" What `{}` returns.", routine.name);
            parts.push(client.declaration(&out, &docs));
        }
        if needs_server && !shared {
            let docs = format!(" What a server of `{}` returns.", routine.name);
            parts.push(server.declaration(&format_ident!("Results"), &docs));
        }
        if self.serves() && self.is_answered(routine) {
            parts.push(self.reply_marker(routine, &server));
        }
        if parts.is_empty() {
            return TokenStream::new();
        }
        let module = names::routine(&routine.name);
        let doc = format!(" Results of `{}`.", routine.name);
        let inner = super::file::with_imports(quote!(#(#parts)*), &[]);
        let types = super::file::uses_path(&inner, "types").then(|| {
            quote!(
                use super::types;
            )
        });
        let local = self.items.keys().filter(|it| !self.shared_names.contains(*it));
        let local: BTreeSet<&str> = local.map(|it| it.split("::").next().unwrap_or(it)).collect();
        let local = local.into_iter().filter(|it| super::file::mentions(&inner, it)).map(|it| {
            let it = names::ident(it);
            quote!(use super::#it;)
        });
        let local: Vec<TokenStream> = local.collect();
        quote! {
            #[doc = #doc]
            pub mod #module { #types #(#local)* #inner }
        }
    }

    fn reply_marker(&self, routine: &Routine, server: &Results) -> TokenStream {
        let doc = format!(" `{}`, whose answer may come later.", routine.name);
        let out = server.tokens(&quote!(Results), &quote!('a));
        let out = if server.0.len() > 1 && self.client_results(routine).same(server) {
            server.tokens(&quote!(Out), &quote!('a))
        } else {
            out
        };
        quote! {
            #[doc = #doc]
            #[derive(Clone, Copy, Debug)]
            pub struct Reply;
            impl<T: Transport> Routine<T> for Reply {
                type Out<'a> = #out where T: 'a;
            }
        }
    }

    /// Whether the server's method gives a proof of its answer.
    pub(super) fn is_answered(&self, routine: &Routine) -> bool {
        !routine.one_way && routine.args.iter().any(|it| matches!(it.role, Role::ReplyPort | Role::ServerReplyPort))
    }

    /// Path to the server's structure of results, seen from `prefix`.
    pub(super) fn server_path(&self, routine: &Routine, prefix: &TokenStream) -> TokenStream {
        let module = names::routine(&routine.name);
        let shared = self.client_results(routine).same(&self.server_results(routine));
        let name = if shared { format_ident!("Out") } else { format_ident!("Results") };
        quote!(#prefix #module::#name)
    }

    /// Whether a server converts the argument when it arrives.
    pub(super) fn is_translated_in(&self, arg: &Arg) -> bool {
        let ty = self.joined.ty(arg.ty);
        (ty.translation.intran.is_some() || ty.translation.payload.is_some()) && self.is_translatable(arg)
    }

    /// Whether a server converts the argument when it is returned. An answer that may come later holds what travels: it is
    /// sent where there is no server to ask.
    pub(super) fn is_translated_out(&self, routine: &Routine, arg: &Arg) -> bool {
        !self.is_answered(routine) && self.joined.ty(arg.ty).translation.outtran.is_some() && self.is_translatable(arg)
    }

    /// Send rights and values by value have objects; what else a definition may translate stays as it is.
    fn is_translatable(&self, arg: &Arg) -> bool {
        match self.shape(arg) {
            Shape::Value(_) => true,
            Shape::Right(it) => it.received == IpcName::Number(17) || arg.role == Role::RequestPort,
            _ => false,
        }
    }

    fn server_trait(&self) -> TokenStream {
        let name = self.trait_name();
        let mut bounds: Vec<TokenStream> = Vec::new();
        let mut add = |it: TokenStream| {
            if !bounds.iter().any(|known| known.to_string() == it.to_string()) {
                bounds.push(it);
            }
        };
        let args = self.joined.routines.iter().flat_map(|routine| routine.args.iter().map(move |it| (routine, it)));
        for (routine, arg) in args {
            let Some(marker) = self.marker(arg).map(|it| self.path(&it)) else { continue };
            let (input, output) = (arg.flow != Flow::Out, arg.flow != Flow::In && arg.role == Role::Data);
            if input && self.is_translated_in(arg) {
                add(quote!(Translate<T, #marker>));
            }
            if output && self.is_translated_out(routine, arg) {
                add(quote!(Outtran<T, #marker>));
            }
        }
        let bounds = (!bounds.is_empty()).then(|| quote!(: #(#bounds)+*));
        let methods = self.joined.routines.iter().map(|it| self.method(it));
        let docs = self.trait_docs();
        quote! {
            #docs
            #[allow(
                unused_variables, clippy::new_ret_no_self, clippy::too_many_arguments, clippy::type_complexity,
                clippy::wrong_self_convention, reason = "as the definition has it"
            )]
            pub trait #name<T: Transport> #bounds { #(#methods)* }
        }
    }

    fn trait_docs(&self) -> TokenStream {
        let subsystem = self.joined.subsystem.as_ref();
        let first = format!(" Serves subsystem `{}`.", self.subsystem_name());
        let doc = subsystem.and_then(|it| it.doc.as_ref()).map(|it| {
            let lines = super::docs::paragraphs(it).into_iter().map(|it| format!(" {it}"));
            quote!(#[doc = ""] #(#[doc = #lines])*)
        });
        quote! {
            #[doc = #first]
            #doc
            #[doc = ""]
            #[doc = " A right or a region given to a method belongs to it: dropping it releases it. What a method does not"]
            #[doc = " override answers `MIG_BAD_ID`."]
        }
    }

    fn method(&self, routine: &Routine) -> TokenStream {
        let name = names::routine(&routine.name);
        let docs = self.method_docs(routine);
        let params = self.method_params(routine);
        let prefix = quote!();
        if self.is_answered(routine) {
            let reply = self.reply_param(routine);
            return quote! {
                #docs
                fn #name(&mut self, #(#params),*) -> Answer {
                    #reply.now(Err(KernReturn::MIG_BAD_ID))
                }
            };
        }
        let result = self.server_results(routine).tokens(&self.server_path(routine, &prefix), &quote!('static));
        quote! {
            #docs
            fn #name(&mut self, #(#params),*) -> Result<#result, KernReturn> {
                Err(KernReturn::MIG_BAD_ID)
            }
        }
    }

    fn reply_param(&self, routine: &Routine) -> Ident {
        let reply = routine.args.iter().find(|it| matches!(it.role, Role::ReplyPort | Role::ServerReplyPort));
        reply.map_or(format_ident!("reply"), |it| names::variable(&it.name))
    }
}
