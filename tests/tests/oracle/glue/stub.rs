//! What our generated Rust looks like: signatures, structures of results.

use std::collections::BTreeMap;

use mig_codegen::model::{Arg, Routine};
use quote::ToTokens;
use syn::{FnArg, Item, ItemMod, Pat, ReturnType, Signature, TraitItem, Type};

use super::Passed;

/// A generated file.
pub(super) struct Stub {
    /// Name of the server's trait.
    pub(super) server: String,
    /// Markers of translated types.
    markers: Vec<String>,
    pub(super) calls: BTreeMap<String, Function>,
    pub(super) methods: BTreeMap<String, Function>,
    /// Fields of structures, by their paths.
    structures: BTreeMap<String, Vec<(String, Type)>>,
    /// What answers of routines hold, if they may come later.
    answers: BTreeMap<String, Type>,
}

/// A function's signature.
pub(super) struct Function {
    pub(super) text: String,
    pub(super) params: Vec<(String, Type)>,
    /// What it returns if it succeeds.
    pub(super) result: Type,
}

impl Stub {
    pub(super) fn parse(text: &str) -> Stub {
        let mut stub = Stub {
            server: String::new(),
            markers: Vec::new(),
            calls: BTreeMap::new(),
            methods: BTreeMap::new(),
            structures: BTreeMap::new(),
            answers: BTreeMap::new(),
        };
        for item in syn::parse_file(text).expect("generated Rust is Rust").items {
            stub.item(item);
        }
        stub
    }

    fn item(&mut self, item: Item) {
        match item {
            Item::Trait(it) => {
                self.server = it.ident.to_string();
                for item in it.items {
                    if let TraitItem::Fn(it) = item {
                        self.methods.insert(it.sig.ident.to_string(), Function::new(it.sig));
                    }
                }
            }
            Item::Impl(it) => {
                let of = it.trait_.as_ref().and_then(|it| it.0.segments.last()).map(|it| it.ident.to_string());
                if of.as_deref() == Some("Translated") {
                    self.markers.push(it.self_ty.to_token_stream().to_string());
                }
            }
            Item::Mod(it) if it.ident.to_string().starts_with("gnumach_") && is_wire(&it) => {
                for item in it.content.into_iter().flat_map(|it| it.1) {
                    if let Item::Fn(it) = item {
                        self.calls.insert(it.sig.ident.to_string(), Function::new(it.sig));
                    }
                }
            }
            Item::Mod(it) => self.results(it),
            _ => {}
        }
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
                        if let syn::ImplItem::Type(it) = item {
                            self.answers.insert(module.ident.to_string(), it.ty);
                        }
                    }
                }
                _ => {}
            }
        }
    }

    /// Implementations for what the synthetic interface translates: numbers.
    pub(super) fn translations(&self) -> String {
        let of = |it: &String| {
            format!(
                "impl Translate<Kernel, {it}> for Service {{ type Object = u32;
                 fn intran(&self, it: i32) -> u32 {{ (it as u32).wrapping_add(1000) }} }}
                 impl Outtran<Kernel, {it}> for Service {{ type Object = u32;
                 fn outtran(&self, it: u32) -> i32 {{ it.wrapping_sub(1000) as i32 }} }}"
            )
        };
        self.markers.iter().map(of).collect()
    }

    /// The fields of a result, if it is a structure: name, type.
    pub(super) fn fields(&self, routine: &str, result: &Type) -> Option<(String, &[(String, Type)])> {
        let Type::Path(it) = result else { return None };
        let last = it.path.segments.last()?.ident.to_string();
        let path = format!("{routine}::{last}");
        Some((path.clone(), self.structures.get(&path)?))
    }

    /// What a server's method makes: its own result, or that of the answer that it gives.
    pub(super) fn made(&self, routine: &str) -> &Type {
        self.answers.get(routine).unwrap_or_else(|| &self.methods[routine].result)
    }

    /// The type of an argument or a result, as the client has it.
    fn ty(&self, routine: &Routine, arg: &Arg) -> Option<&Type> {
        let (call, method) = (self.calls.get(&routine.name)?, self.methods.get(&routine.name)?);
        let params = call.params.iter().chain(&method.params);
        if let Some(it) = params.clone().find(|it| is_named(&it.0, &arg.name)) {
            return Some(&it.1);
        }
        match self.fields(&routine.name, &call.result) {
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

/// The half of an ABI, and not a routine that has a similar name.
fn is_wire(module: &ItemMod) -> bool {
    let items = module.content.iter().flat_map(|it| &it.1);
    items.into_iter().any(|it| matches!(it, Item::Fn(it) if it.sig.ident == "dispatch"))
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
        Function { params: params.collect(), result, text: signature.to_token_stream().to_string() }
    }
}

/// Names of parameters are those of arguments, or nearly.
pub(super) fn is_named(param: &str, arg: &str) -> bool {
    let param = param.strip_prefix("r#").unwrap_or(param);
    param == arg || param.strip_suffix('_') == Some(arg) || param.strip_suffix("_out") == Some(arg)
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
    let Some(syn::PathArguments::AngleBracketed(it)) = it.path.segments.last().map(|it| &it.arguments) else {
        return Vec::new();
    };
    let types = it.args.iter().filter_map(|it| match it {
        syn::GenericArgument::Type(it) => Some(it),
        _ => None,
    });
    types.collect()
}
