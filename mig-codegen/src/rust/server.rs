//! The dispatcher: one function for each routine, always in the same order. Reads, room, `end`, translation, method,
//! writes, `finish`.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};

use super::Half;
use super::client::{Locals, Stub};
use super::names;
use super::replies::{Write, limit_name};
use super::shape::{Disposition, RightsPlace, Shape};
use super::value::{Value, literal};
use crate::model::{Arg, Flow, IpcName, Role, Sides as TokenSides};
use crate::wire::{FieldKind, Item};

/// What the server does with one item of the request.
struct Read {
    read: TokenStream,
    /// After `end`: what keeps a translated right alive.
    before: Option<TokenStream>,
    /// What the method gets.
    value: TokenStream,
    /// Whether `value` needs the proof of `end`.
    owned: bool,
}

impl Stub<'_> {
    pub(super) fn server(&self) -> TokenStream {
        let context = self.half.context;
        let answered = context.is_answered(self.routine);
        let Locals { service, request, reply, body, own, .. } = &self.locals;
        let function = names::serve(&self.name());
        let (name, server) = (self.name(), context.trait_name());
        let items: Vec<Item<'_>> = self.exchange.request.items().collect();
        let reads: Vec<(Option<&Arg>, Read)> = items.iter().map(|it| (self.arg(it), self.read(it))).collect();
        let body_mut = (!items.is_empty()).then(|| quote!(mut));
        let statements = reads.iter().map(|it| &it.1.read);
        let (header, code) = (self.header_reads(), self.serve_code());
        let trailer = self.trailer_reads(TokenSides::Server);
        let befores = reads.iter().filter_map(|it| it.1.before.as_ref());
        let needs_own = reads.iter().any(|it| it.1.owned);
        let end = if needs_own { quote!(let #own = #request.end(#body)?;) } else { quote!(#request.end(#body)?;) };
        let translated = self.translated_port();
        let taken = self.taken_reply();
        let answers = answered.then(|| self.answers());
        let (reserve, rooms, call) = if answered { self.answered_call(&reads) } else { self.call(&reads) };
        let unused = (!self.uses_reply()).then(|| quote!(_));
        let reply_param = match unused {
            Some(_) => format_ident!("_{}", reply),
            None => reply.clone(),
        };
        quote! {
            #answers
            #[inline(never)]
            fn #function<T: Transport, S: #server<T> + ?Sized>(
                #service: &mut S,
                #request: Request<'_, T, W>,
                #reply_param: ReplyHead<'_, T, W>,
            ) -> Served {
                #header
                #code
                let #body_mut #body = #request.body(#name::REQUEST)?;
                #(#statements)*
                #trailer
                #reserve
                #end
                #(#befores)*
                #translated
                #taken
                #rooms
                #call
            }
        }
    }

    /// Whether the function looks at its reply.
    fn uses_reply(&self) -> bool {
        let wants = |it: &Arg| matches!(it.role, Role::ReplyPort | Role::ServerReplyPort);
        self.routine.returned().next().is_some() || self.routine.args.iter().any(wants)
    }

    /// Fields of the header that the method gets: read before `end` uses the request up.
    fn header_reads(&self) -> TokenStream {
        let request = &self.locals.request;
        let reads = self.routine.args.iter().filter_map(|arg| {
            let name = names::variable(&arg.name);
            match arg.role {
                Role::RequestPort if self.half.context.is_translated_in(arg) => {
                    Some(quote!(let #name = #request.port_in();))
                }
                Role::RequestPort => Some(quote!(let #name = #request.port();)),
                Role::SeqNo if self.half.unit.abi.sequence_number => Some(quote!(let #name = #request.sequence();)),
                _ => None,
            }
        });
        quote!(#(#reads)*)
    }

    /// The object behind the request port.
    pub(super) fn translated_port(&self) -> Option<TokenStream> {
        let context = self.half.context;
        let port = self.routine.request_port();
        let marker = context.path(&context.marker(port).filter(|_| context.is_translated_in(port))?);
        let (name, service) = (names::variable(&port.name), &self.locals.service);
        Some(quote!(let #name = Translate::<T, #marker>::intran(&*#service, #name);))
    }

    /// A one-way routine's reply right.
    fn taken_reply(&self) -> Option<TokenStream> {
        let wants = |it: &&Arg| matches!(it.role, Role::ReplyPort | Role::ServerReplyPort);
        let arg = self.routine.args.iter().find(wants).filter(|_| self.routine.one_way)?;
        let (name, reply) = (names::variable(&arg.name), &self.locals.reply);
        Some(quote!(let #name = #reply.into_right();))
    }

    /// What the method gets, in the order of the definition.
    fn arguments(&self, reads: &[(Option<&Arg>, Read)]) -> Vec<TokenStream> {
        let answered = self.half.context.is_answered(self.routine);
        let mut arguments = Vec::new();
        for arg in &self.routine.args {
            let name = names::variable(&arg.name);
            match arg.role {
                Role::Data => {
                    if self.is_code(arg) {
                        arguments.push(quote!(Ok(())));
                    }
                    let read = reads.iter().find(|it| it.0.is_some_and(|it| std::ptr::eq(it, arg)));
                    arguments.extend(read.filter(|_| arg.flow != Flow::Out).map(|it| it.1.value.clone()));
                    if arg.flow != Flow::In && !answered && self.shape(arg).has_room() {
                        let room = self.room_name(arg);
                        arguments.push(quote!(&mut #room));
                    }
                }
                Role::RequestPort | Role::SeqNo | Role::Token(_, TokenSides::Server | TokenSides::Both) => {
                    arguments.push(quote!(#name));
                }
                Role::ReplyPort | Role::ServerReplyPort if self.routine.one_way => arguments.push(quote!(#name)),
                Role::ReplyPort | Role::ServerReplyPort => {
                    let reply = &self.locals.reply;
                    arguments.push(quote!(ReplyTo::new(#reply)));
                }
                Role::Token(_, TokenSides::User) | Role::UserReplyPort => {}
                Role::WaitTime | Role::SendTime | Role::MsgOption => {}
            }
        }
        arguments
    }

    /// `reserve`, rooms, and the rest.
    fn call(&self, reads: &[(Option<&Arg>, Read)]) -> (TokenStream, TokenStream, TokenStream) {
        let Locals { service, reply, rooms, out, .. } = &self.locals;
        let (name, method) = (self.name(), names::routine(&self.routine.name));
        let arguments = self.arguments(reads);
        let items = self.written_items();
        if items.is_empty() {
            return (quote!(), quote!(), quote!(#service.#method(#(#arguments),*)?; Ok(())));
        }
        let results = self.half.context.server_results(self.routine);
        let writes: Vec<Write> = items.iter().filter_map(|it| self.write(it, results.0.len())).collect();
        let places: Vec<&TokenStream> = writes.iter().filter_map(|it| it.room.as_ref()).collect();
        let via = writes.iter().any(|it| it.room.as_ref().is_some_and(|it| super::file::mentions(it, "rights")));
        let via = via.then(|| quote!(let via = #reply.via().clone();));
        // A room outside the message is filled there, and gathered later.
        let inside = writes.iter().any(|it| it.room.is_some() && it.filled.is_some());
        let inside = inside.then(|| quote!(let mut #rooms = #reply.rooms();));
        let mutable = inside.is_some().then(|| quote!(mut));
        let rooms = (!places.is_empty()).then(|| quote!(#via #inside #(#places)*));
        let reserve = quote!(let #mutable #reply = #reply.reserve::<{ #name::REPLY_MAX }>()?;);
        let bind = match results.0.as_slice() {
            [] => quote!(),
            [one] => {
                let one = &one.name;
                quote!(let #one =)
            }
            _ => quote!(let #out =),
        };
        let descriptors = self.descriptors(&self.exchange.reply, reply);
        let filled = writes.iter().filter_map(|it| it.filled.as_ref());
        let statements = writes.iter().map(|it| &it.write);
        let call = quote! {
            #bind #service.#method(#(#arguments),*)?;
            #(#filled)*
            let mut #reply = #reply.begin();
            #descriptors
            #(#statements)*
            #reply.finish()
        };
        (reserve, quote!(#rooms), call)
    }

    /// A method that gives a proof of its answer.
    fn answered_call(&self, reads: &[(Option<&Arg>, Read)]) -> (TokenStream, TokenStream, TokenStream) {
        let service = &self.locals.service;
        let method = names::routine(&self.routine.name);
        let arguments = self.arguments(reads);
        (quote!(), quote!(), quote!(#service.#method(#(#arguments),*).into_served()))
    }

    /// How an answer that may come later is written in this ABI.
    fn answers(&self) -> TokenStream {
        let Locals { reply, out, .. } = &self.locals;
        let (name, results) = (self.name(), self.half.context.server_results(self.routine));
        let items = self.written_items();
        let descriptors = self.descriptors(&self.exchange.reply, reply);
        let statements: Vec<TokenStream> =
            items.iter().filter_map(|it| self.write_answer(it, results.0.len())).collect();
        let max = literal(self.exchange.reply.max);
        let write = if statements.is_empty() {
            quote!(let _ = (#reply, #out); Ok(()))
        } else {
            let bind = match results.0.as_slice() {
                [one] => {
                    let one = &one.name;
                    quote!(let #one = #out;)
                }
                _ => quote!(),
            };
            quote!(let mut #reply = #reply.reserve::<#max>()?.begin(); #bind #descriptors #(#statements)* #reply.finish())
        };
        quote! {
            impl<T: Transport> Answers<T, W> for super::#name::Reply {
                fn write<'a>(#reply: ReplyHead<'_, T, W>, #out: <Self as Routine<T>>::Out<'a>) -> Served where T: 'a {
                    #write
                }
                fn send<'a>(
                    #reply: Deferred<T, W>,
                    result: Result<<Self as Routine<T>>::Out<'a>, KernReturn>,
                ) -> rt::Result<()> where T: 'a {
                    #reply.send::<Self, #max>(&mut Buffer::new(), result)
                }
            }
        }
    }

    /// Reads one item of the request.
    fn read(&self, item: &Item<'_>) -> Read {
        let Locals { body, .. } = &self.locals;
        if item.data.kind == FieldKind::Ndr {
            return plain_read(quote!(#body.ndr()?;), quote!());
        }
        let Some(arg) = self.arg(item) else { return plain_read(quote!(), quote!()) };
        match item.data.kind {
            FieldKind::Count => {
                let word = self.word(item.word.map(|it| &it.expected), Some(arg));
                let (limit, max) = (limit_name(self.routine, arg), self.reply_max(arg));
                return plain_read(quote!(let #limit = #body.room(#word #max)?;), quote!());
            }
            FieldKind::Length | FieldKind::Lengths => {
                return plain_read(self.read_length(&self.exchange.request, item.data, arg), quote!());
            }
            _ => {}
        }
        if let Some(transfer) = &item.data.transfer {
            let described = self.read_described(arg, item.data, transfer);
            return self.translated_right(arg, owned_read(described.read, described.take));
        }
        let mut data = self.read_data(item, arg);
        let name = names::variable(&arg.name);
        let (read, followers) = (&data.read, self.followers(arg, &quote!(#name.len())));
        data.read = quote!(#read #(#followers)*);
        data
    }

    /// Reads plain data, or whatever a type word describes.
    fn read_data(&self, item: &Item<'_>, arg: &Arg) -> Read {
        let Locals { body, own, .. } = &self.locals;
        let word = self.word(item.word.map(|it| &it.expected), Some(arg));
        let name = names::variable(&arg.name);
        let max = self.bound(item);
        let layout = self.layout(arg);
        match self.shape(arg) {
            Shape::Value(it) => {
                let read = self.get_value(&name, &word, &it, item.data);
                self.translated_value(arg, plain_read(read, quote!(#name)))
            }
            Shape::Fixed(it, count) => self.read_fixed(&name, &word, &it, count),
            Shape::Counted(it) => {
                let same = self.leader(arg).map(|it| names::variable(&it.name));
                let read = match (it.is_plain(), same) {
                    (true, None) => quote!(counted(#word #max)),
                    (false, None) => quote!(packed(#word #layout, #max)),
                    (true, Some(same)) => quote!(same(#same.len(), #max)),
                    (false, Some(same)) => quote!(same_packed(#layout, #same.len(), #max)),
                };
                plain_read(quote!(let #name = #body.#read?;), quote!(#name))
            }
            Shape::Text { variable: true, .. } => {
                plain_read(quote!(let #name = #body.text(#word #max)?;), quote!(#name))
            }
            Shape::Text { size, .. } => {
                let size = literal(size);
                plain_read(quote!(let #name = #body.fixed_text(#word #size)?;), quote!(#name))
            }
            Shape::Indefinite(it) if it.is_plain() => {
                owned_read(quote!(let #name = #body.indefinite(#word)?;), quote!(#own.data(#name)))
            }
            Shape::Indefinite(_) => owned_read(
                quote!(let #name = #body.packed_indefinite(#word #layout)?;),
                quote!(#own.packed_data(#name)),
            ),
            Shape::Memory(it) if it.is_plain() => {
                owned_read(quote!(let #name = #body.memory(#word)?;), quote!(#own.region(#name)))
            }
            Shape::Memory(_) => {
                owned_read(quote!(let #name = #body.memory(#word)?;), quote!(#own.packed_region(#name, #layout)))
            }
            Shape::Right(it) => self.read_right(arg, &word, it),
            Shape::Rights(it, place) => self.read_rights(&name, &word, it, place),
            // Only descriptors carry them.
            Shape::Each(..) => plain_read(quote!(), quote!()),
        }
    }

    fn read_fixed(&self, name: &Ident, word: &TokenStream, it: &Value, count: u32) -> Read {
        let body = &self.locals.body;
        let (ty, count) = (it.tokens(self.half.context), literal(count));
        if it.is_itself_plain() {
            plain_read(quote!(let #name = #body.array::<[#ty; #count]>(#word)?;), quote!(#name))
        } else {
            plain_read(quote!(let #name = #body.form::<[#ty; #count]>(#word)?;), quote!(&#name))
        }
    }

    fn read_rights(&self, name: &Ident, word: &TokenStream, it: Disposition, place: RightsPlace) -> Read {
        let Locals { body, own, .. } = &self.locals;
        let right = it.got();
        let method = match place {
            RightsPlace::Fixed(_) => quote!(fixed_rights),
            RightsPlace::Counted => quote!(rights),
            RightsPlace::Indefinite => quote!(rights_indefinite),
            RightsPlace::Memory => {
                let read = quote!(let #name = #body.memory(#word)?;);
                return owned_read(read, quote!(#own.rights_region::<#right>(#name)));
            }
        };
        owned_read(quote!(let #name = #body.#method(#word)?;), quote!(#own.rights::<#right>(#name)))
    }

    fn read_right(&self, arg: &Arg, word: &TokenStream, it: Disposition) -> Read {
        let Locals { body, own, .. } = &self.locals;
        let name = names::variable(&arg.name);
        let method = names::ident(it.owned_method());
        let read = if it.received == IpcName::Polymorphic { quote!(any_right) } else { quote!(right) };
        let read = quote!(let #name = #body.#read(#word)?;);
        self.translated_right(arg, owned_read(read, quote!(#own.#method(#name))))
    }

    /// A right that the server converts, if it does: the right lives until the method has returned.
    fn translated_right(&self, arg: &Arg, read: Read) -> Read {
        let context = self.half.context;
        let Some(marker) = context.marker(arg).filter(|_| context.is_translated_in(arg)) else { return read };
        let (marker, right) = (context.path(&marker), names::beside(self.routine, arg, "right"));
        let (taken, name, service) = (&read.value, names::variable(&arg.name), &self.locals.service);
        let before = quote! {
            let #right = #taken;
            let #name = Translate::<T, #marker>::intran(&*#service, PortIn::Right(&#right));
        };
        Read { before: Some(before), value: quote!(#name), ..read }
    }

    /// A number or structure that the server converts.
    fn translated_value(&self, arg: &Arg, read: Read) -> Read {
        let context = self.half.context;
        let Some(marker) = context.marker(arg).filter(|_| context.is_translated_in(arg)) else { return read };
        let (marker, name, service) = (context.path(&marker), names::variable(&arg.name), &self.locals.service);
        let before = quote!(let #name = Translate::<T, #marker>::intran(&*#service, #name););
        Read { before: Some(before), ..read }
    }
}

fn plain_read(read: TokenStream, value: TokenStream) -> Read {
    Read { read, before: None, value, owned: false }
}

fn owned_read(read: TokenStream, value: TokenStream) -> Read {
    Read { read, before: None, value, owned: true }
}

impl Half<'_> {
    /// The dispatcher, and what the loop needs to know of it.
    pub(super) fn dispatcher(&self) -> TokenStream {
        let server = self.context.trait_name();
        let subsystem = self.unit.interface.subsystem.as_ref();
        let base = subsystem.map_or(0, |it| it.base);
        let (first, last) = (literal(base), (i64::from(base) + i64::from(self.unit.interface.slots) - 1).max(0) as u32);
        let last = literal(last);
        let arms = self.unit.exchanges.iter().map(|it| {
            let routine = &self.unit.interface.routines[it.routine];
            let (id, function) = (names::constant(&routine.name), names::serve(&names::routine(&routine.name)));
            quote!(#id => #function(service, request, reply),)
        });
        let body = if self.unit.exchanges.is_empty() {
            quote!(let _ = (service, request, reply); Err(Unserved::BAD_ID))
        } else {
            quote!(match request.id() { #(#arms)* _ => Err(Unserved::BAD_ID) })
        };
        let row = names::ident(self.unit.abi.marker());
        let trailer = self.server_trailer().map(|it| quote!(.with_trailer(TrailerElements::#it)));
        let docs = format!(" Subsystem `{}` in this ABI, for the server's loop.", self.context.subsystem_name());
        quote! {
            /// Serves one request.
            ///
            /// # Errors
            /// Why there is no success to answer, and who owns what the request held.
            #[inline]
            pub fn dispatch<T: Transport, S: #server<T> + ?Sized>(
                service: &mut S,
                request: Request<'_, T, W>,
                reply: ReplyHead<'_, T, W>,
            ) -> Served {
                #body
            }

            #[doc = #docs]
            pub const fn subsystem<T: Transport, S: #server<T> + ?Sized>() -> Subsystem<T, S> {
                Subsystem::new(MsgId(#first)..=MsgId(#last), Dispatcher::#row(dispatch))#trailer
            }
        }
    }
}
