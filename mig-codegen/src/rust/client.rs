//! Client functions: encode, one blocking call, decode.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};

use super::Half;
use super::decode::out_path;
use super::names::{self, Scope};
use super::shape::Shape;
use super::value::literal;
use crate::config::Sides;
use crate::model::{Arg, Constant, Flow, Role, Routine};
use crate::wire::{Complexity, Descriptor, Exchange, FieldKind, Item, Message, Place};

/// Bytes of the trailer that every message of the untyped family has.
const LEAST_TRAILER: u32 = 8;
/// And of the largest.
pub(super) const MAX_TRAILER: u32 = 68;

/// One routine in one ABI, with the names of its generated locals.
pub(super) struct Stub<'a> {
    pub(super) half: &'a Half<'a>,
    pub(super) routine: &'a Routine,
    pub(super) exchange: &'a Exchange,
    pub(super) locals: Locals,
}

/// Names of generated locals: an argument keeps its name, a local that meets it gets an underscore.
pub(super) struct Locals {
    pub(super) buffer: Ident,
    pub(super) request: Ident,
    pub(super) reply: Ident,
    pub(super) body: Ident,
    pub(super) own: Ident,
    pub(super) service: Ident,
    pub(super) rooms: Ident,
    pub(super) out: Ident,
}

impl Locals {
    fn of(routine: &Routine) -> Locals {
        let mut scope = Scope::with(
            routine.args.iter().flat_map(|it| [names::variable(&it.name), names::beside(routine, it, "out")]),
        );
        let mut take = |name: &str| scope.take(name);
        Locals {
            buffer: take("buffer"),
            request: take("request"),
            reply: take("reply"),
            body: take("body"),
            own: take("own"),
            service: take("service"),
            rooms: take("rooms"),
            out: take("out"),
        }
    }
}

impl Half<'_> {
    /// The stub of one routine, if the joined interface has it.
    pub(super) fn stub<'a>(&'a self, exchange: &'a Exchange) -> Option<Stub<'a>> {
        let own = &self.unit.interface.routines[exchange.routine];
        let routine = self.context.joined.routines.iter().find(|it| it.number == own.number)?;
        Some(Stub { half: self, routine, exchange, locals: Locals::of(routine) })
    }

    /// Everything of one routine.
    pub(super) fn routine(&self, exchange: &Exchange) -> TokenStream {
        let Some(stub) = self.stub(exchange) else { return TokenStream::new() };
        let client = self.context.calls().then(|| stub.client());
        let module = stub.module();
        let server = self.context.serves().then(|| stub.server());
        quote!(#client #module #server)
    }
}

impl<'a> Stub<'a> {
    /// The argument of an item.
    pub(super) fn arg(&self, item: &Item<'_>) -> Option<&'a Arg> {
        self.routine.args.get(item.data.arg?)
    }

    pub(super) fn shape(&self, arg: &Arg) -> Shape {
        self.half.context.shape(arg)
    }

    /// The first argument of a cursor's method: the constant of a type word, named after the argument's type in this
    /// ABI, and a comma. Nothing in the family without type words.
    pub(super) fn word(&self, word: Option<&Descriptor>, arg: Option<&Arg>) -> TokenStream {
        let Some(word) = word else { return TokenStream::new() };
        let own = &self.half.unit.interface;
        let name = arg.and_then(|it| {
            let unit_arg = own.routines[self.exchange.routine].args.iter().find(|own| own.name == it.name)?;
            own.names(unit_arg.ty).next()
        });
        let constant = self.half.words.constant(word, name);
        quote!(#constant,)
    }

    pub(super) fn name(&self) -> Ident {
        names::routine(&self.routine.name)
    }

    pub(super) fn id(&self) -> Ident {
        names::constant(&self.routine.name)
    }

    /// `shape.min`, `shape.max` and the complex bit, as a receiver expects them.
    fn shape_constant(&self, message: &Message) -> TokenStream {
        let min = literal(message.min);
        if !self.half.unit.abi.has_type_words() {
            let (descriptors, max) = (literal(message.descriptors), literal(message.max));
            return quote!(Shape::described(#descriptors, #min, #max));
        }
        let complex = match message.received {
            Complexity::Simple => quote!(Complex::Never),
            Complexity::Complex => quote!(Complex::Always),
            Complexity::RunTime => quote!(Complex::Maybe),
        };
        let max = literal(if message.is_variable() { message.max.max(message.min + 1) } else { message.min });
        quote!(Shape::new(#complex, #min, #max))
    }

    /// Sizes and shapes, and the client's two parts.
    fn module(&self) -> TokenStream {
        let name = self.name();
        let limit = self.reply_limit();
        let max = literal(self.exchange.request.max.max(limit));
        let request_max = literal(self.exchange.request.max);
        let request = self.shape_constant(&self.exchange.request);
        let reply = (!self.routine.one_way).then(|| {
            let shape = self.shape_constant(&self.exchange.reply);
            let reply_max = literal(self.exchange.reply.max);
            let limit = (limit != self.exchange.reply.max).then(|| {
                let limit = literal(limit);
                quote! {
                    /// Bytes of the largest reply and what stands behind it.
                    pub const REPLY_LIMIT: usize = #limit;
                }
            });
            quote! {
                /// The reply as its receiver expects it.
                pub const REPLY: Shape = #shape;
                /// Bytes of the largest reply.
                pub const REPLY_MAX: usize = #reply_max;
                #limit
            }
        });
        let max = if self.routine.one_way { quote!(#request_max) } else { quote!(#max) };
        let rooms = self.room_constants();
        let parts = self.half.context.calls().then(|| {
            let encode = self.encode();
            let decode = (!self.routine.one_way).then(|| self.decode());
            quote!(#encode #decode)
        });
        let doc = format!(" The parts of `{}`.", self.routine.name);
        quote! {
            #[doc = #doc]
            pub mod #name {
                use super::*;
                /// Bytes of the largest message.
                pub const MAX: usize = #max;
                /// The request as its receiver expects it.
                pub const REQUEST: Shape = #request;
                #reply
                #rooms
                #parts
            }
        }
    }

    /// Where the arrays of the reply stand when all are full.
    fn room_constants(&self) -> TokenStream {
        if !self.half.context.serves() || self.half.context.is_answered(self.routine) {
            return TokenStream::new();
        }
        let constants = self.exchange.reply.items().filter_map(|item| {
            let arg = self.arg(&item)?;
            // What leaves by memory of its own has no place in the message.
            let leaves = item.data.transfer.is_some() && !matches!(item.data.kind, FieldKind::PortArray(Place::Inline));
            if !self.shape(arg).has_room() || leaves || item.data.kind == FieldKind::Length {
                return None;
            }
            let (name, at) = (room_constant(self.routine, arg), literal(item.data.at));
            let doc = format!(" Where `{}` stands in a reply whose arrays are full.", arg.name);
            Some(quote!(#[doc = #doc] pub const #name: usize = #at;))
        });
        quote!(#(#constants)*)
    }

    /// Parameters of the client function, with their names.
    fn params(&self, lifetime: &TokenStream) -> Vec<(Ident, TokenStream)> {
        let context = self.half.context;
        let mut params = Vec::new();
        for arg in &self.routine.args {
            params.extend(context.client_param(arg, lifetime).map(|it| (names::variable(&arg.name), it)));
            params.extend(context.client_slice(arg).map(|it| (context.out_name(self.routine, arg, Sides::Client), it)));
        }
        params
    }

    /// Parameters of `encode`: whatever is sent.
    pub(super) fn sent_params(&self, lifetime: &TokenStream) -> Vec<(Ident, TokenStream)> {
        let context = self.half.context;
        let header = |it: &&Arg| matches!(it.role, Role::Data | Role::RequestPort) || self.is_one_way_reply(it);
        let mut params = Vec::new();
        for arg in self.routine.args.iter().filter(header) {
            let name = names::variable(&arg.name);
            if context.is_exchanged(arg) {
                params.extend(context.client_slice(arg).map(|it| (name, super::params::shared_slice(&it))));
            } else if arg.flow == Flow::Out && self.sends_room(arg) {
                params.push((names::beside(self.routine, arg, "room"), quote!(usize)));
            } else if self.is_one_way_reply(arg) {
                params.push((name, quote!(Outbound<#lifetime, T>)));
            } else {
                params.extend(context.client_param(arg, lifetime).map(|it| (name, it)));
            }
        }
        params
    }

    /// Whether the request says how much room there is for a result. Memory of its own needs none.
    pub(super) fn sends_room(&self, arg: &Arg) -> bool {
        let is_room =
            |it: Item<'_>| it.data.kind == FieldKind::Count && self.arg(&it).is_some_and(|it| std::ptr::eq(it, arg));
        self.exchange.request.items().any(is_room)
    }

    /// The reply port of a one-way routine: a right like any other, but in the header.
    pub(super) fn is_one_way_reply(&self, arg: &Arg) -> bool {
        self.routine.one_way && matches!(arg.role, Role::ReplyPort | Role::UserReplyPort)
    }

    fn client(&self) -> TokenStream {
        let context = self.half.context;
        let (name, results) = (self.name(), context.client_results(self.routine));
        let docs = self.client_docs();
        let anonymous = quote!('_);
        let params = self.params(&anonymous).into_iter().map(|(name, ty)| {
            let one_way_reply =
                self.routine.args.iter().find(|it| names::variable(&it.name) == name && self.is_one_way_reply(it));
            let ty = one_way_reply.map_or(ty, |it| context.disposition(it).given(&anonymous));
            quote!(#name: #ty)
        });
        let params: Vec<TokenStream> = params.collect();
        let allow = (params.len() > 7)
            .then(|| quote!(#[allow(clippy::too_many_arguments, reason = "as the definition has it")]));
        let call = self.call_tokens(&quote!(#name));
        let lifetime = results.borrows().then(|| quote!('a,));
        let result = results.tokens(&out_path(self.routine, &quote!(super::)), &quote!('a));
        quote! {
            #docs
            #allow
            pub fn #name<#lifetime T: Transport>(#(#params),*) -> rt::Result<#result> {
                const { assert_speaks::<T>(ABI) };
                #call
            }
        }
    }

    /// Encode, send, decode. `path` leads to the routine's module.
    pub(super) fn call_tokens(&self, path: &TokenStream) -> TokenStream {
        let Locals { buffer, request, .. } = &self.locals;
        let arguments = self.sent_arguments();
        let send = self.send_tokens(path);
        let slices = self.slice_params().into_iter().map(|it| it.0);
        let last = if self.routine.one_way { send } else { quote!(#path::decode(#send?, #(#slices),*)) };
        quote! {
            let mut #buffer = Buffer::new();
            let #request = #path::encode(&mut #buffer, #(#arguments),*)?;
            #last
        }
    }

    fn sent_arguments(&self) -> Vec<TokenStream> {
        let context = self.half.context;
        let header = |it: &&Arg| matches!(it.role, Role::Data | Role::RequestPort) || self.is_one_way_reply(it);
        let mut arguments = Vec::new();
        for arg in self.routine.args.iter().filter(header) {
            let name = names::variable(&arg.name);
            if arg.flow == Flow::Out && self.sends_room(arg) {
                let max = self.reply_max(arg);
                let takes_slice = context.client_slice(arg).is_some();
                arguments.push(if takes_slice { quote!(#name.len()) } else { quote!(#max) });
            } else if self.is_one_way_reply(arg) {
                arguments.push(match context.disposition(arg).number() {
                    Some(19) => quote!(#name.copy()),
                    Some(20) => quote!(#name.make_send()),
                    Some(21) => quote!(#name.make_send_once()),
                    Some(_) => quote!(#name.into()),
                    None => quote!(#name),
                });
            } else if arg.flow != Flow::Out {
                arguments.push(quote!(#name));
            }
        }
        arguments
    }

    /// `request.call(…)` or `request.send()`, with what the definition adds.
    fn send_tokens(&self, path: &TokenStream) -> TokenStream {
        let request = &self.locals.request;
        let operation = self.operation();
        let limit = self.reply_limit() != self.exchange.reply.max;
        let limit = names::ident(if limit { "REPLY_LIMIT" } else { "REPLY_MAX" });
        match (self.routine.one_way, operation) {
            (true, None) => quote!(#request.send()),
            (true, Some(it)) => quote!(#request.send_with(#it)),
            (false, None) => quote!(#request.call(#path::#limit)),
            (false, Some(it)) => quote!(#request.call_with(#path::#limit, #it)),
        }
    }

    /// Bytes that a client must be able to receive: the reply, and a trailer where there are trailers.
    fn reply_limit(&self) -> u32 {
        if self.half.unit.abi.has_type_words() {
            return self.exchange.reply.max;
        }
        // A kernel delivers as much of a trailer as was asked for.
        self.exchange.reply.max.next_multiple_of(4) + self.user_trailer().map_or(LEAST_TRAILER, |_| MAX_TRAILER)
    }

    /// Time limits, options and reply port of the call, if there are any.
    fn operation(&self) -> Option<TokenStream> {
        let mut steps = Vec::new();
        let find = |role| self.routine.find(role).map(|it| names::variable(&it.name));
        let wait = find(Role::WaitTime)
            .map(|it| quote!(#it))
            .or(self.constant(&self.routine.wait_time).map(|it| quote!(Timeout(#it))));
        if !self.routine.one_way {
            if let Some(port) = find(Role::ReplyPort).or(find(Role::UserReplyPort)) {
                steps.push(quote!(.reply_on(#port)));
            }
            steps.extend(wait.iter().map(|it| quote!(.receive_within(#it))));
        }
        let limit = find(Role::SendTime)
            .map(|it| quote!(#it))
            .or(self.constant(&self.routine.send_time).map(|it| quote!(Timeout(#it))));
        // Darwin's stubs give a limit for the whole call to its send, too.
        let limit = if self.half.unit.abi.has_type_words() { limit } else { wait.or(limit) };
        steps.extend(limit.map(|it| quote!(.send_within(#it))));
        let options = find(Role::MsgOption)
            .map(|it| quote!(#it))
            .or(self.constant(&self.routine.msg_option).map(|it| quote!(MsgOptions(#it))));
        steps.extend(options.map(|it| quote!(.with(#it))));
        if self.routine.special_reply_port {
            steps.push(quote!(.special_reply()));
        }
        steps.extend(self.user_trailer().map(|it| quote!(.with_trailer(TrailerElements::#it))));
        (!steps.is_empty()).then(|| quote!(Operation::default() #(#steps)*))
    }

    fn constant(&self, it: &Option<Constant>) -> Option<proc_macro2::Literal> {
        self.half.context.constant(it.as_ref()?, &self.half.unit.abi).map(literal)
    }

    pub(super) fn slice_params(&self) -> Vec<(Ident, TokenStream)> {
        let context = self.half.context;
        let slices = self.routine.args.iter();
        slices
            .filter_map(|it| Some((context.out_name(self.routine, it, Sides::Client), context.client_slice(it)?)))
            .collect()
    }
}

/// Constant for the place of an array in a reply. Its module needs the routine's id too, which is named before it.
pub(super) fn room_constant(routine: &Routine, arg: &Arg) -> Ident {
    let name = names::constant(&arg.name);
    if name == names::constant(&routine.name) { format_ident!("{name}_") } else { name }
}
