//! Calls of generated client functions, and methods of the generated server trait.

use mig_codegen::model::{Flow, Role, Sides};
use syn::Type;

use super::stub::{Function, is_named, text};
use super::{Described, Passed, Writer};

impl Writer<'_> {
    fn described(&self, param: &str) -> &Described<'_> {
        let exact = self.args.iter().find(|it| it.arg.name == param);
        let it = exact.or_else(|| self.args.iter().find(|it| is_named(param, &it.arg.name)));
        it.unwrap_or_else(|| panic!("{} has no {param}", self.routine.name))
    }

    /// Calls the generated client function.
    pub(super) fn rust_call(&self, call: &Function) -> String {
        let name = &call.name;
        let (mut slots, mut given) = (String::new(), String::new());
        for (param, ty) in &call.params {
            let it = self.described(param);
            if is_slot(it, ty) {
                slots += &format!("let mut slot_{} = {};\n", it.at, it.room(ty));
                given += &format!("&mut slot_{}, ", it.at);
            } else {
                given += &format!("{}, ", it.given(ty));
            }
        }
        let slotted: Vec<usize> = call
            .params
            .iter()
            .map(|it| (self.described(&it.0), &it.1))
            .filter(|it| is_slot(it.0, it.1))
            .map(|it| it.0.at)
            .collect();
        let results = self.results(call, &slotted);
        format!(
            "fn rust_{name}(x_: Side) -> i32 {{
                {slots}
                match wire::{name}({given}) {{
                    Ok(out) => {{ {results} 0 }}
                    Err(it) => it.code(),
                }}
            }}\n"
        )
    }

    /// Writes down what a client function returned.
    fn results(&self, call: &Function, slotted: &[usize]) -> String {
        let fields = self.stub.fields(&call.name, &call.result);
        let mut text = String::new();
        for it in self.args.iter().filter(|it| it.arg.is_returned() || it.is_token_of(Sides::User)) {
            let at = it.at;
            let value = match &fields {
                Some((_, fields)) => fields
                    .iter()
                    .find(|field| is_named(&field.0, &it.arg.name))
                    .map_or(String::new(), |it| format!("out.{}", it.0)),
                None => "out".to_owned(),
            };
            let slot = slotted.contains(&at);
            text += &match it.passed {
                _ if !it.is_data() => format!("x_.got({at}, {value});"),
                Passed::Fixed | Passed::Value if slot && it.ty.is_port() => {
                    format!("x_.got_rights({at}, &slot_{at}[..]);")
                }
                Passed::Fixed | Passed::Value if slot => format!("x_.got_value({at}, &slot_{at});"),
                Passed::Counted if it.ty.is_port() => format!("x_.got_rights({at}, &slot_{at}[..{value}]);"),
                Passed::Counted => format!("x_.got_list({at}, slot_{at}[..{value}].iter().copied());"),
                Passed::Text => format!("x_.got_text({at}, &slot_{at}[..{value}]);"),
                Passed::Value | Passed::Fixed if !it.ty.is_port() => format!("x_.got_value({at}, &{value});"),
                _ => format!("x_.got({at}, {value});"),
            };
            text.push('\n');
        }
        text
    }

    /// The server's method.
    pub(super) fn rust_method(&self) -> String {
        let method = self.stub.method_of(self.routine);
        let (mut reads, mut fills, mut reply) = (String::new(), String::new(), None);
        for (param, ty) in &method.params {
            let it = self.described(param);
            let shown = text(ty);
            if shown.starts_with("ReplyTo") {
                reply = Some(param);
            } else if shown.contains("Room <") {
                fills += &format!("x_.filled({}, {param})?;\n", it.at);
            } else if it.is_data()
                || matches!(it.arg.role, Role::RequestPort | Role::SeqNo)
                || it.is_token_of(Sides::Server)
            {
                reads += &it.read(param, ty);
            }
        }
        let made = self.made(method, &self.stub.made(method));
        let body = match reply {
            Some(it) => {
                format!("match x_.verdict() {{ Ok(()) => {it}.now(Ok({made})), Err(code) => {it}.now(Err(code)) }}")
            }
            None => format!("x_.verdict()?; {fills} Ok({made})"),
        };
        format!("{} {{ let x_ = Side::server(); {reads} {body} }}\n", method.text)
    }

    /// What the method returns.
    fn made(&self, method: &Function, ty: &Type) -> String {
        if text(ty) == "()" {
            return "()".to_owned();
        }
        if let Some((path, fields)) = self.stub.fields(&method.name, ty) {
            let fields = fields.iter().map(|it| format!("{}: {}, ", it.0, self.described(&it.0).given(&it.1)));
            return format!("{path} {{ {} }}", fields.collect::<String>());
        }
        // What has room in the reply is no result, unless it may be out of line too.
        let has_room = |it: &Described<'_>| {
            method.params.iter().any(|(name, ty)| is_named(name, &it.arg.name) && text(ty).contains("Room <"))
        };
        let mut results = self.args.iter().filter(|it| it.arg.is_returned());
        let only = results.find(|it| it.passed == Passed::Indefinite || !has_room(it));
        only.map_or("()".to_owned(), |it| it.given(ty))
    }
}

/// Whether a client gives room for a result.
fn is_slot(it: &Described<'_>, ty: &Type) -> bool {
    let mutable = matches!(ty, Type::Reference(it) if it.mutability.is_some());
    mutable && it.arg.flow != Flow::In
}

impl Described<'_> {
    /// Room for a result of the client's.
    fn room(&self, ty: &Type) -> String {
        let at = self.at;
        let Type::Reference(reference) = ty else { panic!("room is lent") };
        match (&*reference.elem, self.passed) {
            (Type::Array(_), _) if self.ty.is_port() => {
                let it = text(&reference.elem);
                format!("<{it}>::try_from(x_.rights_room({at})).expect(\"as many\")")
            }
            (Type::Array(_), _) => format!("x_.values::<{}>({at})", text(&reference.elem)),
            (_, Passed::Text) => format!("x_.text_room({at})"),
            _ if self.ty.is_port() => format!("x_.rights_room({at})"),
            _ => format!("x_.room({at})"),
        }
    }

    /// A value that is given away or lent.
    fn given(&self, ty: &Type) -> String {
        let at = self.at;
        match self.arg.role {
            Role::WaitTime | Role::SendTime => return format!("Timeout(x_.word({at}))"),
            Role::MsgOption => return format!("MsgOptions(x_.word({at}))"),
            _ => {}
        }
        if let Type::Reference(it) = ty {
            let amp = if it.mutability.is_some() { "&mut " } else { "&" };
            return match &*it.elem {
                Type::Slice(_) if self.passed == Passed::Text => format!("{amp}x_.text({at})"),
                Type::Slice(_) if self.ty.is_port() => format!("{amp}x_.rights({at})[..]"),
                Type::Slice(_) => format!("{amp}x_.list({at})[..]"),
                Type::Array(_) if self.ty.is_port() => {
                    let of = text(&it.elem);
                    format!("{amp}<{of}>::try_from(x_.rights({at})).expect(\"as many\")")
                }
                _ if self.ty.is_port() => format!("{amp}x_.made({at})"),
                _ => format!("{amp}x_.values({at})"),
            };
        }
        let made = self.ty.is_port() || text(ty).contains('<') && !text(ty).starts_with('[');
        let object = ["Obj", "OutObj"].iter().any(|it| text(ty).starts_with(it)) && !self.ty.is_port();
        let wrapped = object || text(ty).starts_with("Wide");
        let code = text(ty).starts_with("Result");
        if made && !wrapped && !code { format!("x_.made({at})") } else { format!("x_.values({at})") }
    }

    /// Writes down what a method got.
    fn read(&self, param: &str, ty: &Type) -> String {
        let at = self.at;
        let shown = text(ty);
        let line = match self.passed {
            Passed::Text => format!("x_.got_text({at}, {param}.bytes());"),
            _ if self.is_token_of(Sides::Server) => format!("x_.got({at}, {param});"),
            _ if !self.is_data() => format!("x_.got_value({at}, &{param});"),
            Passed::Counted if shown.starts_with('&') => format!("x_.got_list({at}, {param}.iter().copied());"),
            Passed::Value | Passed::Fixed if !self.ty.is_port() => {
                let amp = if shown.starts_with('&') { "" } else { "&" };
                format!("x_.got_value({at}, {amp}{param});")
            }
            _ => format!("x_.got({at}, {param});"),
        };
        line + "\n"
    }
}
