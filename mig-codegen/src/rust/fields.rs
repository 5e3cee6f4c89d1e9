//! Expressions that read and write the fields of structures.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};

use super::layout::Wire;
use super::value::{Value, literal, number};
use crate::types::Number;

/// An expression that reads a value at `at` of `base`.
pub(super) fn read(value: &Value, wire: &Wire, at: &TokenStream, row: &TokenStream) -> TokenStream {
    match (value, wire) {
        (Value::Number(it), Wire::Number(bits)) => read_number(*it, *bits, at),
        (Value::Mapped(_, base), _) => {
            let plain = Value::Number(*base).plain();
            quote!(Form::<#row>::read(&field::<#plain>(base, #at)))
        }
        (Value::Array(of, _), Wire::Array(each, _, stride)) => {
            let inner = read(of, each, &place(at, &quote!(it), *stride), row);
            quote!(core::array::from_fn(|it| #inner))
        }
        (Value::Structure(_), wire) => {
            let size = literal(wire.size());
            quote!(Form::<#row>::read(&field::<[u8; #size]>(base, #at)))
        }
        (_, wire) => {
            let size = literal(wire.size());
            quote!(field::<[u8; #size]>(base, #at))
        }
    }
}

/// Where an element of an array stands.
fn place(at: &TokenStream, index: &TokenStream, stride: u32) -> TokenStream {
    match (at.to_string().as_str(), stride) {
        ("0", 1) => index.clone(),
        (_, 1) => quote!(#at + #index),
        (at_zero, _) => {
            let stride = literal(stride);
            if at_zero == "0" { quote!(#index * #stride) } else { quote!(#at + #index * #stride) }
        }
    }
}

fn read_number(it: Number, bits: u32, at: &TokenStream) -> TokenStream {
    let unsigned = format_ident!("u{bits}");
    match it {
        Number::Bool => quote!(field::<#unsigned>(base, #at) != 0),
        Number::Name => quote!(field::<PortName>(base, #at)),
        Number::Address | Number::Size => {
            let name = number(it);
            if bits == 64 {
                quote!(#name(field::<Wide<u64>>(base, #at).get()))
            } else {
                quote!(#name(field::<u32>(base, #at).into()))
            }
        }
        Number::F32 => quote!(field::<f32>(base, #at)),
        Number::F64 => quote!(field::<Wide<f64>>(base, #at).get()),
        integer => {
            let own = integer.with_bits(bits);
            let ty = number(own);
            match (own == integer, bits) {
                (true, 64) => quote!(field::<Wide<#ty>>(base, #at).get()),
                (true, _) => quote!(field::<#ty>(base, #at)),
                (false, _) => quote!(field::<#ty>(base, #at).into()),
            }
        }
    }
}

/// A statement that writes a value at `at` of `base`, inside a function that returns an `Option`.
pub(super) fn write(value: &Value, wire: &Wire, at: &TokenStream, it: &TokenStream, row: &TokenStream) -> TokenStream {
    match (value, wire) {
        (Value::Number(number), Wire::Number(bits)) => write_number(*number, *bits, at, it),
        (Value::Array(of, _), Wire::Array(each, _, stride)) => {
            let inner = write(of, each, &place(at, &quote!(index), *stride), &quote!(it), row);
            quote!(for (index, it) in #it.into_iter().enumerate() { #inner })
        }
        (Value::Mapped(..) | Value::Structure(_), _) => quote!(put(&mut base, #at, Form::<#row>::write(&#it)?);),
        _ => quote!(put(&mut base, #at, #it);),
    }
}

fn write_number(number: Number, bits: u32, at: &TokenStream, it: &TokenStream) -> TokenStream {
    let unsigned = format_ident!("u{bits}");
    let value = match number {
        Number::Bool => quote!(#unsigned::from(#it)),
        Number::Name | Number::F32 => quote!(#it),
        Number::Address | Number::Size if bits == 64 => quote!(Wide::new(#it.0)),
        Number::Address | Number::Size => quote!(u32::try_from(#it.0).ok()?),
        Number::F64 => quote!(Wide::new(#it)),
        integer => {
            let own = integer.with_bits(bits);
            let ty = super::value::number(own);
            match (own == integer, bits) {
                (true, 64) => quote!(Wide::new(#it)),
                (true, _) => quote!(#it),
                (false, _) => quote!(#ty::try_from(#it).ok()?),
            }
        }
    };
    quote!(put(&mut base, #at, #value);)
}
