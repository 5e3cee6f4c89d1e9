//! What our generated Rust looks like: signatures, structures of results.

use std::collections::BTreeMap;

use mig_codegen::model::{Arg, Routine};
use quote::ToTokens;
use syn::{
    FnArg, GenericArgument, ImplItem, Item, ItemImpl, ItemMod, Pat, Path, PathArguments, ReturnType, Signature,
    TraitItem, Type,
};

use super::Passed;

/// A generated module: the half without an ABI, and one wire half.
pub(super) struct Stub {
    /// Name of the wire half.
    wire: String,
    /// Name of the server's trait.
    pub(super) server: String,
    /// Markers of translated types, what arrives and what is sent.
    markers: Vec<[String; 3]>,
    /// Structures, and the ABIs in which they have a form if that is not the same in all.
    forms: BTreeMap<String, Vec<String>>,
    calls: BTreeMap<String, Function>,
    methods: BTreeMap<String, Function>,
    /// Fields of structures, by their paths.
    structures: BTreeMap<String, Vec<(String, Type)>>,
    /// What answers of routines hold, if they may come later.
    answers: BTreeMap<String, Type>,
}

/// A function's signature.
pub(super) struct Function {
    pub(super) name: String,
    pub(super) text: String,
    pub(super) params: Vec<(String, Type)>,
    /// What it returns if it succeeds.
    pub(super) result: Type,
}

impl Stub {
    /// The module in one file, or the half without an ABI in one and the wire half in another.
    pub(super) fn parse(files: &[&str], wire: &str) -> Stub {
        let mut stub = Stub {
            wire: wire.to_owned(),
            server: String::new(),
            markers: Vec::new(),
            forms: BTreeMap::new(),
            calls: BTreeMap::new(),
            methods: BTreeMap::new(),
            structures: BTreeMap::new(),
            answers: BTreeMap::new(),
        };
        for text in files {
            syn::parse_file(text).expect("generated Rust is Rust").items.into_iter().for_each(|it| stub.item(it));
        }
        stub
    }

    fn item(&mut self, item: Item) {
        match item {
            Item::Trait(it) => {
                self.server = it.ident.to_string();
                for item in it.items {
                    if let TraitItem::Fn(it) = item {
                        self.methods.insert(plain(&it.sig.ident.to_string()), Function::new(it.sig));
                    }
                }
            }
            Item::Impl(it) => self.implementation(&it),
            Item::Fn(it) => self.call(it.sig),
            Item::Mod(it) if it.ident == self.wire.as_str() => {
                it.content.into_iter().flat_map(|it| it.1).for_each(|it| self.wire_item(it));
            }
            Item::Mod(it) => self.results(it),
            _ => {}
        }
    }

    fn implementation(&mut self, it: &ItemImpl) {
        let Some((of, _)) = &it.trait_ else { return };
        let name = of.segments.last().map(|it| it.ident.to_string());
        match name.as_deref() {
            Some("Translated") => {
                let [arrives, sent] = ["In", "Out"].map(|name| associated(&it.items, name));
                self.markers.push([text(&it.self_ty), arrives, sent]);
            }
            Some("Form") if it.generics.params.is_empty() => {
                let abi = type_arguments(of).first().map(|it| text(it)).expect("a form is that in an ABI");
                self.forms.entry(text(&it.self_ty)).or_default().push(abi);
            }
            _ => {}
        }
    }

    fn wire_item(&mut self, item: Item) {
        if let Item::Fn(it) = item {
            self.call(it.sig);
        }
    }

    fn call(&mut self, signature: Signature) {
        self.calls.insert(plain(&signature.ident.to_string()), Function::new(signature));
    }

    /// The client function of a routine; one that its definition's other ABIs have alone has none.
    pub(super) fn call_of(&self, routine: &Routine) -> Option<&Function> {
        self.calls.get(&plain(&routine.name))
    }

    /// The server's method of a routine.
    pub(super) fn method_of(&self, routine: &Routine) -> &Function {
        &self.methods[&plain(&routine.name)]
    }

    /// The module of a routine.
    fn results(&mut self, module: ItemMod) {
        for item in module.content.into_iter().flat_map(|it| it.1) {
            match item {
                Item::Struct(it) => {
                    let fields = it.fields.into_iter();
                    let fields = fields.filter_map(|it| Some((it.ident?.to_string(), it.ty))).collect();
                    self.structures.insert(format!("{}::{}", module.ident, it.ident), fields);
                }
                Item::Impl(it) => {
                    for item in it.items {
                        if let ImplItem::Type(it) = item {
                            self.answers.insert(module.ident.to_string(), it.ty);
                        }
                    }
                }
                _ => {}
            }
        }
    }

    /// Implementations for what the synthetic interface translates: numbers.
    pub(super) fn offset_translations(&self) -> String {
        let of = |[it, ..]: &[String; 3]| {
            format!(
                "impl Translate<Kernel, {it}> for Service {{ type Object = u32;
                 fn intran(&self, it: i32) -> u32 {{ (it as u32).wrapping_add(1000) }} }}
                 impl Outtran<Kernel, {it}> for Service {{ type Object = u32;
                 fn outtran(&self, it: u32) -> i32 {{ it.wrapping_sub(1000) as i32 }} }}"
            )
        };
        self.markers.iter().map(of).collect()
    }

    /// Implementations that leave everything as it is: the object of a port is its name.
    pub(super) fn plain_translations(&self) -> String {
        let of = |[it, arrives, sent]: &[String; 3]| {
            let (object, made) = match arrives.starts_with("PortIn") {
                true => ("PortName", "crate::side::name(&it)"),
                false => (arrives.as_str(), "it"),
            };
            format!(
                "impl Translate<Kernel, {it}> for Service {{ type Object = {object};
                 fn intran(&self, it: <{it} as Translated<T>>::In<'_>) -> {object} {{ {made} }} }}
                 impl Outtran<Kernel, {it}> for Service {{ type Object = {sent};
                 fn outtran(&self, it: {sent}) -> {sent} {{ it }} }}\n"
            )
        };
        self.markers.iter().map(of).collect()
    }

    /// Forms in the ABI of 64 bits for structures that have one in that of 32 bits alone.
    pub(super) fn missing_forms(&self) -> String {
        let narrow = |it: &[String]| it.len() == 1 && it[0].ends_with("DarwinIlp32");
        let missing = self.forms.iter().filter(|it| narrow(it.1)).map(|it| format!("{}, ", it.0));
        format!("crate::side::same_form! {{ {} }}\n", missing.collect::<String>())
    }

    /// The fields of a result, if it is a structure: name, type.
    pub(super) fn fields(&self, routine: &str, result: &Type) -> Option<(String, &[(String, Type)])> {
        let Type::Path(it) = result else { return None };
        let last = it.path.segments.last()?.ident.to_string();
        let path = format!("{routine}::{last}");
        Some((path.clone(), self.structures.get(&path)?))
    }

    /// What a server's method makes: its own result, or that of the answer that it gives.
    pub(super) fn made(&self, method: &Function) -> Type {
        owned(self.answers.get(&method.name).unwrap_or(&method.result))
    }

    /// The type of an argument or a result, as the client has it.
    fn ty(&self, routine: &Routine, arg: &Arg) -> Option<&Type> {
        let (call, method) = (self.call_of(routine)?, self.method_of(routine));
        let params = call.params.iter().chain(&method.params);
        if let Some(it) = params.clone().find(|it| is_named(&it.0, &arg.name)) {
            return Some(&it.1);
        }
        match self.fields(&call.name, &call.result) {
            Some((_, fields)) => fields.iter().find(|it| is_named(&it.0, &arg.name)).map(|it| &it.1),
            None => Some(&call.result),
        }
    }

    /// The type of the elements of an argument.
    pub(super) fn element(&self, routine: &Routine, arg: &Arg, passed: Passed) -> Option<String> {
        let ty = bare(self.ty(routine, arg)?);
        if passed == Passed::Text {
            return None;
        }
        Some(if passed == Passed::Value { text(ty) } else { text(inner(ty)) })
    }

    /// Whether Rust has an array for an array.
    pub(super) fn is_array(&self, routine: &Routine, arg: &Arg) -> bool {
        let generic = |ty: &Type| text(ty).contains("Room <");
        self.ty(routine, arg).is_some_and(|it| matches!(bare(it), Type::Array(_)) || generic(bare(it)))
    }
}

/// An associated type.
fn associated(items: &[ImplItem], name: &str) -> String {
    let found = items.iter().find_map(|it| match it {
        ImplItem::Type(it) if it.ident == name => Some(text(&it.ty)),
        _ => None,
    });
    found.expect("generated translations have both")
}

/// A name without what differs between C and Rust.
fn plain(name: &str) -> String {
    name.strip_prefix("r#").unwrap_or(name).replace('_', "").to_lowercase()
}

impl Function {
    fn new(signature: Signature) -> Function {
        let params = signature.inputs.iter().filter_map(|it| match it {
            FnArg::Typed(it) => match &*it.pat {
                Pat::Ident(name) => Some((name.ident.to_string(), owned(&it.ty))),
                _ => None,
            },
            FnArg::Receiver(_) => None,
        });
        let result = match &signature.output {
            ReturnType::Type(_, it) => owned(inner_first(it)),
            ReturnType::Default => panic!("every function has a result"),
        };
        let name = signature.ident.to_string();
        Function { name, params: params.collect(), result, text: signature.to_token_stream().to_string() }
    }
}

/// Names of parameters are those of arguments, or nearly.
pub(super) fn is_named(param: &str, arg: &str) -> bool {
    plain(param) == plain(arg) || param.strip_suffix("_out").is_some_and(|it| plain(it) == plain(arg))
}

/// A copy.
fn owned(ty: &Type) -> Type {
    syn::parse_str(&text(ty)).expect("it was one")
}

pub(super) fn text(ty: &Type) -> String {
    ty.to_token_stream().to_string()
}

/// Without a reference.
fn bare(ty: &Type) -> &Type {
    if let Type::Reference(it) = ty { &it.elem } else { ty }
}

/// `E` of `[E]`, `[E; N]`, and whatever is generic in E at last.
fn inner(ty: &Type) -> &Type {
    match ty {
        Type::Array(it) => &it.elem,
        Type::Slice(it) => &it.elem,
        other => generics(other).last().copied().unwrap_or(other),
    }
}

/// `X` of `Result<X, …>`.
fn inner_first(ty: &Type) -> &Type {
    generics(ty).first().copied().unwrap_or(ty)
}

fn generics(ty: &Type) -> Vec<&Type> {
    let Type::Path(it) = ty else { return Vec::new() };
    type_arguments(&it.path)
}

fn type_arguments(path: &Path) -> Vec<&Type> {
    let Some(PathArguments::AngleBracketed(it)) = path.segments.last().map(|it| &it.arguments) else {
        return Vec::new();
    };
    let types = it.args.iter().filter_map(|it| match it {
        GenericArgument::Type(it) => Some(it),
        _ => None,
    });
    types.collect()
}
