//! Layouts → Rust.
//!
//! Output has two halves. The ABI-free half has ids, types and the server's trait; it is made of the joined interface,
//! so that one implementation serves every ABI. Each wire half has the client functions and the dispatcher of one ABI.

mod any;
mod api;
mod check;
mod clashes;
mod client;
mod code;
mod decode;
mod described;
mod docs;
mod each;
mod encode;
mod fields;
mod file;
mod items;
mod layout;
pub(crate) mod names;
mod params;
mod replies;
mod results;
mod server;
mod set;
mod shape;
mod structure;
mod support;
mod trailer;
mod value;
mod words;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use mig_parser::diag::codes::routines;
use mig_parser::diag::{At, Diagnostic, Diagnostics};
use proc_macro2::TokenStream;
use quote::quote;

pub(crate) use file::text;
pub(crate) use set::Shared;

use self::items::Items;
use crate::compilation::{Compilation, Generated, Unit};
use crate::config::{Config, Sides};
use crate::join::Joined;
use crate::model::{Interface, TypeId};
use crate::types::TypeTable;

/// How the output is divided into files.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Form {
    /// `NAME.rs`, wire halves as modules inside.
    SingleFile,
    /// `NAME/mod.rs` and a file for each wire half.
    Folder,
}

/// Everything that the parts of the output are made from.
struct Context<'a> {
    units: &'a [Unit],
    joined: Interface,
    sources: Vec<Vec<Option<TypeId>>>,
    table: &'a TypeTable,
    sides: Sides,
    /// Path of the shared types' module.
    shared: Option<String>,
    /// Names that live there.
    shared_names: BTreeSet<String>,
    /// Name of the module.
    module: String,
    /// Types to be generated, here or in the shared module.
    items: Items,
}

/// Generates a definition on its own.
pub(crate) fn generate(compilation: &Compilation, config: &Config, form: Form) -> Generated {
    generate_with(compilation, config, form, &mut Shared::default())
}

/// Generates a definition of a set, whose shared types are collected.
pub(crate) fn generate_with(compilation: &Compilation, config: &Config, form: Form, shared: &mut Shared) -> Generated {
    let mut diagnostics = Diagnostics::default();
    let files = match Context::of(compilation, config, &mut diagnostics) {
        Some(mut context) => {
            context.divide(shared);
            context.check(&mut diagnostics);
            if diagnostics.has_errors() { Vec::new() } else { context.files(form) }
        }
        None => Vec::new(),
    };
    Generated { files, diagnostics }
}

/// A path of a type table without `rt::`: what it names is imported. `port::` is not `rt::`.
fn imported(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for (index, piece) in text.split("rt::").enumerate() {
        let inside = out.ends_with(|it: char| it == '_' || it == ':' || it.is_alphanumeric());
        if index > 0 && inside {
            out.push_str("rt::");
        }
        out.push_str(piece);
    }
    out
}

impl<'a> Context<'a> {
    fn of(compilation: &'a Compilation, config: &Config, diagnostics: &mut Diagnostics) -> Option<Context<'a>> {
        if compilation.has_errors() {
            return None;
        }
        let Some(module) = compilation.module(config) else {
            diagnostics.push(
                Diagnostic::new(&routines::NO_SUBSYSTEM, At::Nowhere, "no `subsystem` in this definition file")
                    .note("a file of types alone has nothing to generate")
                    .help("generate from a file with `subsystem NAME BASE;` that includes this one"),
            );
            return None;
        };
        let views: Vec<_> = compilation.units.iter().map(|it| (&it.abi, &it.interface)).collect();
        let Joined { interface, sources } = Joined::of(&views, diagnostics);
        let mut context = Context {
            units: &compilation.units,
            joined: interface,
            sources,
            table: &compilation.table,
            sides: config.sides,
            shared: config.shared_types.clone(),
            shared_names: BTreeSet::new(),
            module,
            items: Items::new(),
        };
        context.items = context.collect();
        Some(context)
    }

    /// The type of one ABI's definition that a joined type comes from.
    fn source(&self, id: TypeId, unit: usize) -> Option<TypeId> {
        self.sources.get(id.0 as usize)?.get(unit).copied().flatten()
    }

    /// Whether a type is declared in the definition file itself, not in one that it includes.
    fn is_local(&self, id: TypeId, mig: &str) -> bool {
        let unit = (0..self.units.len()).find_map(|unit| Some((unit, self.source(id, unit)?)));
        let Some((unit, own)) = unit else { return true };
        let Unit { parsed, interface, .. } = &self.units[unit];
        // An alias goes by the names of what it stands for.
        let named = |it: &&TypeId| interface.ty(**it).name.as_deref() == Some(mig);
        let own = interface.declared.iter().rev().find(named).copied().unwrap_or(own);
        match parsed.origins.resolve(interface.ty(own).span) {
            Some(it) => parsed.sources.get(it.place.file).included_from.is_none(),
            None => true,
        }
    }

    /// Decides which types are the set's and which the subsystem's own.
    fn divide(&mut self, shared: &mut Shared) {
        if self.shared.is_none() {
            return;
        }
        let candidates = self.items.iter().filter(|it| !it.1.local);
        let candidates = candidates.map(|(name, item)| (name.clone(), self.item_tokens(name, item))).collect();
        self.shared_names = shared.take(candidates);
    }

    /// Tokens of a path.
    fn path(&self, path: &value::Path) -> TokenStream {
        match path {
            value::Path::Generated(name) => {
                let path = names::path(name);
                if self.shared_names.contains(name) { quote!(types::#path) } else { path }
            }
            value::Path::Outside(text) => imported(text).parse().unwrap_or_default(),
        }
    }

    fn serves(&self) -> bool {
        self.sides != Sides::Client
    }

    fn calls(&self) -> bool {
        self.sides != Sides::Server
    }
}

impl Context<'_> {
    /// The files of the output.
    fn files(&self, form: Form) -> Vec<(PathBuf, String)> {
        let api = self.api();
        let halves = self.units.iter().enumerate();
        let halves = halves.map(|(index, it)| (it.abi.module(), file::inside(self.wire_half(index))));
        match form {
            Form::SingleFile => {
                let modules = halves.map(|(name, tokens)| self.module_tokens(&name, &tokens));
                let all = file::with_imports(quote!(#api #(#modules)*), &self.outer_imports());
                vec![(PathBuf::from(format!("{}.rs", self.module)), file::text(&self.banner(), all))]
            }
            Form::Folder => {
                let declared = self.units.iter().map(|it| self.module_declaration(&it.abi.module()));
                let all = file::with_imports(quote!(#(#declared)* #api), &self.outer_imports());
                let folder = PathBuf::from(&self.module);
                let mut files = vec![(folder.join("mod.rs"), file::text(&self.banner(), all))];
                let path = |name: String| folder.join(format!("{name}.rs"));
                files.extend(halves.map(|(name, tokens)| (path(name), file::text(&self.banner(), tokens))));
                files
            }
        }
    }

    fn outer_imports(&self) -> Vec<TokenStream> {
        match &self.shared {
            Some(path) if !self.shared_names.is_empty() => {
                let path: TokenStream = path.parse().unwrap_or_default();
                vec![quote!(use #path;)]
            }
            _ => Vec::new(),
        }
    }

    fn module_tokens(&self, name: &str, tokens: &TokenStream) -> TokenStream {
        let (ident, docs) = (names::ident(name), self.half_docs(name));
        quote! {
            #docs
            pub mod #ident { #tokens }
        }
    }

    fn module_declaration(&self, name: &str) -> TokenStream {
        let (ident, docs) = (names::ident(name), self.half_docs(name));
        quote!(#docs pub mod #ident;)
    }

    fn half_docs(&self, name: &str) -> TokenStream {
        let abi = self.units.iter().find(|it| it.abi.module() == name).map_or("", |it| it.abi.name);
        let what = match self.sides {
            Sides::Both => "Client functions and dispatcher",
            Sides::Client => "Client functions",
            Sides::Server => "Dispatcher",
        };
        let doc = format!(" {what} of subsystem `{}` for `{abi}`.", self.subsystem_name());
        quote!(#[doc = #doc])
    }

    fn subsystem_name(&self) -> &str {
        self.joined.subsystem.as_ref().map_or("", |it| &it.name)
    }

    fn banner(&self) -> String {
        format!("// Subsystem `{}`. Generated by mig; do not edit.\n", self.subsystem_name())
    }

    /// Client functions and dispatcher of one ABI.
    fn wire_half(&self, unit: usize) -> TokenStream {
        let half = self.half(unit);
        let row = names::ident(half.unit.abi.marker());
        let body = half.tokens();
        let words = half.words.declarations();
        let layouts = half.layouts.borrow();
        let layouts = layouts.values();
        let forms = self.mapped_forms();
        quote! {
            type W = #row;
            /// The ABI of every message here.
            pub const ABI: AbiId = AbiId::#row;
            #words
            #(#layouts)*
            #(#forms)*
            #body
        }
    }

    /// Assertions that the user's own types have the forms that the definition gives them.
    fn mapped_forms(&self) -> Vec<TokenStream> {
        let mut mapped = BTreeMap::new();
        for arg in self.joined.routines.iter().flat_map(|it| &it.args) {
            let shape = self.shape(arg);
            if let Some(value::Value::Mapped(path @ value::Path::Outside(text), base)) = shape.value()
                && !text.starts_with("rt::")
            {
                let (ty, base) = (self.path(path), value::number(*base));
                mapped.insert(text.clone(), quote!(const _: () = assert_form::<W, #ty, #base>();));
            }
        }
        mapped.into_values().collect()
    }

    fn half(&self, unit: usize) -> Half<'_> {
        let ids = self.id_names().into_iter();
        // Inside a routine's module its own constants hide the wire half's.
        let args = self.joined.routines.iter().flat_map(|it| &it.args).map(|it| it.name.to_ascii_uppercase());
        let reserved = ["ABI", "MAX", "REQUEST", "REPLY", "REPLY_MAX", "W", "T", "S"].map(str::to_owned);
        let words = words::Words::apart_from(ids.chain(args).chain(reserved));
        Half { context: self, unit: &self.units[unit], words, layouts: RefCell::default() }
    }
}

/// One ABI's part of the output being made.
struct Half<'a> {
    context: &'a Context<'a>,
    unit: &'a Unit,
    words: words::Words,
    /// Layouts of elements that are no plain ones, by constant.
    layouts: RefCell<BTreeMap<String, TokenStream>>,
}

impl Half<'_> {
    fn tokens(&self) -> TokenStream {
        let max = self.unit.exchanges.iter().map(|it| it.request.max.max(it.reply.max)).max();
        // A kernel appends a trailer to what it delivers, in the family that has one.
        let trailer = if self.unit.abi.has_type_words() { 0 } else { client::MAX_TRAILER };
        let max = value::literal(max.unwrap_or(self.unit.abi.header).next_multiple_of(4) + trailer);
        let routines = self.unit.exchanges.iter().map(|it| self.routine(it));
        let dispatcher = self.context.serves().then(|| self.dispatcher());
        quote! {
            /// Bytes of the largest message.
            pub const MAX: usize = #max;
            #(#routines)*
            #dispatcher
        }
    }
}

impl client::Stub<'_> {
    /// The layout of an argument's elements in this ABI, if they are no plain ones.
    fn layout(&self, arg: &crate::model::Arg) -> TokenStream {
        let shape = match self.shape(arg) {
            shape::Shape::Each(of, _) => *of,
            other => other,
        };
        let (shape::Shape::Counted(value) | shape::Shape::Indefinite(value) | shape::Shape::Memory(value)) = shape
        else {
            return TokenStream::new();
        };
        if value.is_plain() {
            return TokenStream::new();
        }
        let context = self.half.context;
        let ty = value.tokens(context);
        let name = ty.to_string().replace("types :: ", "").replace(" :: ", "_");
        let name = format!("{}_LAYOUT", names::snake(&name).to_ascii_uppercase());
        let constant = names::ident(&name);
        let structure = match &value {
            value::Value::Structure(value::Path::Generated(name)) => context.items.get(name),
            _ => None,
        };
        let everywhere = match structure.map(|it| &it.kind) {
            Some(items::Kind::Structure(id)) => context.is_everywhere(&context.fields(*id)),
            _ => false,
        };
        let layout = if everywhere { quote!(<#ty as Element>::LAYOUT) } else { quote!(Layout::of::<W>(ABI)) };
        self.half.layouts.borrow_mut().insert(name, quote!(const #constant: Layout<#ty> = #layout;));
        quote!(#constant)
    }
}
