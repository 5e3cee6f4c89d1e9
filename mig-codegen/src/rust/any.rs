//! Client functions that take the ABI as an argument.

use proc_macro2::TokenStream;
use quote::quote;

use super::Context;
use super::names;
use crate::config::Sides;
use crate::model::{Flow, Role, Routine};

impl Context<'_> {
    /// `pub mod any`: the functions of the wire halves, with a leading ABI.
    pub(super) fn any(&self) -> TokenStream {
        let functions: Vec<TokenStream> = self.joined.routines.iter().map(|it| self.any_function(it)).collect();
        let tokens = super::file::inside(quote!(#(#functions)*));
        quote! {
            /// The client functions of every ABI: the first argument says which.
            ///
            /// An ABI that a transport does not speak is refused when it is called, with
            /// `MACH_SEND_INVALID_HEADER`.
            pub mod any { #tokens }
        }
    }

    fn any_params(&self, routine: &Routine) -> Vec<TokenStream> {
        let anonymous = quote!('_);
        let mut params = Vec::new();
        for arg in &routine.args {
            let one_way_reply = routine.one_way && matches!(arg.role, Role::ReplyPort | Role::UserReplyPort);
            let param = if one_way_reply {
                Some(self.disposition(arg).given(&anonymous))
            } else {
                self.client_param(arg, &anonymous)
            };
            if let Some(ty) = param {
                let name = names::variable(&arg.name);
                params.push(quote!(#name: #ty));
            }
            if let Some(ty) = self.client_slice(arg).filter(|_| arg.flow != Flow::In) {
                let name = self.out_name(routine, arg, Sides::Client);
                params.push(quote!(#name: #ty));
            }
        }
        params
    }

    fn any_function(&self, routine: &Routine) -> TokenStream {
        let name = names::routine(&routine.name);
        let abi = names::Scope::with(routine.args.iter().map(|it| names::variable(&it.name))).take("abi");
        let params = self.any_params(routine);
        let results = self.client_results(routine);
        let lifetime = results.borrows().then(|| quote!('a,));
        let result = results.tokens(&quote!(super::#name::Out), &quote!('a));
        let arms = (0..self.units.len()).filter_map(|unit| {
            let half = self.half(unit);
            let exchange = half
                .unit
                .exchanges
                .iter()
                .find(|it| half.unit.interface.routines[it.routine].number == routine.number)?;
            let (row, module) = (names::ident(half.unit.abi.marker()), names::ident(&half.unit.abi.module()));
            let call = half.stub(exchange)?.call_tokens(&quote!(#module::#name));
            Some(quote!(AbiId::#row => { #call }))
        });
        let doc = format!(" [`{}`]({}::{name}()) in any ABI.", routine.name, self.units[0].abi.module());
        let allow = (params.len() > 6)
            .then(|| quote!(#[allow(clippy::too_many_arguments, reason = "as the definition has it")]));
        quote! {
            #[doc = #doc]
            #[doc = ""]
            #[doc = " # Errors"]
            #[doc = " As there; `MACH_SEND_INVALID_HEADER` for an ABI that lacks the routine."]
            #allow
            pub fn #name<#lifetime T: Transport>(#abi: AbiId, #(#params),*) -> rt::Result<#result> {
                match #abi {
                    #(#arms)*
                    _ => Err(MsgReturn::SEND_INVALID_HEADER.into()),
                }
            }
        }
    }
}
