//! The model as text: what `emit model` prints, and what tests store.

use std::fmt::{self, Write};

use super::{
    Arg, Class, Companion, Dealloc, Flow, Form, Interface, IpcName, Role, Routine, Sides, Token, Translation, Type,
    TypeId,
};

/// The interface as text: subsystem, the types that its routines use, routines with their arguments.
pub fn dump(interface: &Interface) -> String {
    let mut text = String::new();
    write(interface, &mut text).expect("a string takes whatever is written");
    text
}

fn write(interface: &Interface, out: &mut String) -> fmt::Result {
    match &interface.subsystem {
        Some(it) => {
            let mode = |on, text| if on { text } else { "" };
            let (user, server) = (mode(it.kernel_user, " kerneluser"), mode(it.kernel_server, " kernelserver"));
            writeln!(out, "subsystem {} {}{user}{server}, {} ids", it.name, it.base, interface.slots)?;
        }
        None => writeln!(out, "no subsystem")?,
    }
    if let Some(it) = &interface.server_demux {
        writeln!(out, "serverdemux {it}")?;
    }
    for import in &interface.imports {
        writeln!(out, "{} {}", import.kind.text(), import.file)?;
    }
    let used = interface.used_types();
    for id in used.into_iter().filter(|it| interface.ty(*it).name.is_some()) {
        write_type(interface, id, out)?;
    }
    interface.routines.iter().try_for_each(|it| write_routine(interface, it, out))
}

fn write_type(interface: &Interface, id: TypeId, out: &mut String) -> fmt::Result {
    let ty = interface.ty(id);
    writeln!(out, "\ntype {} = {}", ty.name.as_deref().unwrap_or("?"), form(interface, ty))?;
    write!(out, "    {}", record(ty))?;
    for (what, name) in [("user", &ty.c.user), ("server", &ty.c.server), ("trans", &ty.c.trans)] {
        if let Some(name) = name {
            write!(out, ", {what} {name}")?;
        }
    }
    let Translation { intran, outtran, destructor, payload } = &ty.translation;
    for (what, name) in
        [("intran", intran), ("outtran", outtran), ("destructor", destructor), ("intranpayload", payload)]
    {
        if let Some(name) = name {
            write!(out, ", {what} {name}")?;
        }
    }
    writeln!(out)
}

/// What the type is made of, one level deep down to names.
fn form(interface: &Interface, ty: &Type) -> String {
    let of = |id: &TypeId| match &interface.ty(*id).name {
        Some(it) => it.clone(),
        None => form(interface, interface.ty(*id)),
    };
    match &ty.form {
        Form::Basic | Form::Truth => format!("{} of {} bits", pair(ty), ty.bits),
        Form::Alias(it) => of(it),
        Form::Fixed(it, count) if ty.class == Class::Value => format!("struct[{count}] of {}", of(it)),
        Form::Fixed(it, count) => format!("array[{count}] of {}", of(it)),
        Form::UpTo(it, count) => format!("array[*:{count}] of {}", of(it)),
        Form::Unbounded(it) => format!("array[] of {}", of(it)),
        Form::OutOfLine(it) => format!("^ {}", of(it)),
        Form::Text(size) if ty.variable => format!("c_string[*:{size}]"),
        Form::Text(size) => format!("c_string[{size}]"),
        Form::Members(members) => {
            let members: Vec<String> =
                members.iter().map(|it| format!("{} {} at {}", of(&it.ty), it.name, it.offset)).collect();
            format!("struct {{ {} }}", members.join("; "))
        }
        Form::Native(it) if it.pointer => format!("PointerTo({})", it.ty),
        Form::Native(it) => format!("ValueOf({})", it.ty),
    }
}

fn pair(ty: &Type) -> String {
    let name = |it| match it {
        IpcName::Number(it) => it.to_string(),
        IpcName::Polymorphic => "polymorphic".to_owned(),
    };
    if ty.sent == ty.received { name(ty.sent) } else { format!("{}|{}", name(ty.sent), name(ty.received)) }
}

fn record(ty: &Type) -> String {
    let number = if ty.variable { format!("up to {}", ty.number) } else { ty.number.to_string() };
    let class = match ty.class {
        Class::Value => "by value",
        Class::Array => "by reference",
        Class::Text => "text",
    };
    let place = if ty.inline { "in line" } else { "out of line" };
    let long = match ty.long {
        Some(true) => ", islong",
        Some(false) => ", isnotlong",
        None => "",
    };
    format!("{} of {} bits, {number}, {place}, {class}{long}{}", pair(ty), ty.bits, dealloc(ty.dealloc))
}

fn dealloc(it: Dealloc) -> &'static str {
    match it {
        Dealloc::No => "",
        Dealloc::Yes => ", dealloc",
        Dealloc::RunTime => ", dealloc[]",
    }
}

fn write_routine(interface: &Interface, routine: &Routine, out: &mut String) -> fmt::Result {
    let kind = if routine.one_way { "simpleroutine" } else { "routine" };
    let id = interface.subsystem.as_ref().map_or(0, |it| it.base) + routine.number;
    writeln!(out, "\n{kind} {} {id}", routine.name)?;
    for (what, prefix) in [("userprefix", &routine.user_prefix), ("serverprefix", &routine.server_prefix)] {
        if !prefix.is_empty() {
            writeln!(out, "    {what} {prefix}")?;
        }
    }
    let settings =
        [("waittime", &routine.wait_time), ("sendtime", &routine.send_time), ("msgoption", &routine.msg_option)];
    for (what, value) in settings {
        if let Some(value) = value {
            writeln!(out, "    {what} {}", value.text)?;
        }
    }
    routine.args.iter().try_for_each(|it| write_arg(interface, it, out))
}

fn write_arg(interface: &Interface, arg: &Arg, out: &mut String) -> fmt::Result {
    let ty = interface.ty(arg.ty);
    let name = ty.name.clone().unwrap_or_else(|| form(interface, ty));
    write!(out, "    {:<12} {} : {name}", role(arg), arg.name)?;
    let flags = [
        (arg.options.count_in_out, "countinout"),
        (arg.options.server_copy, "servercopy"),
        (arg.options.ret_code, "retcode"),
        (arg.options.same_count, "samecount"),
        (arg.options.physical_copy, "physicalcopy"),
        (arg.options.overwrite, "overwrite"),
        (arg.options.auto, "auto"),
        (arg.options.constant, "const"),
        (arg.options.long == Some(true), "islong"),
        (arg.options.long == Some(false), "isnotlong"),
    ];
    for (_, text) in flags.iter().filter(|it| it.0) {
        write!(out, ", {text}")?;
    }
    write!(out, "{}", dealloc(arg.options.dealloc))?;
    for (side, text) in [(Sides::User, "client"), (Sides::Server, "server")] {
        let names: Vec<String> = interface.companions(arg, side).into_iter().map(|it| companion(arg, it)).collect();
        if !names.is_empty() {
            write!(out, "  ({text}: {})", names.join(", "))?;
        }
    }
    writeln!(out)
}

fn companion(arg: &Arg, it: Companion) -> String {
    format!("{}{}", arg.name, it.suffix())
}

fn role(arg: &Arg) -> &'static str {
    match (arg.role, arg.flow) {
        (Role::Data, Flow::In) => "in",
        (Role::Data, Flow::Out) => "out",
        (Role::Data, Flow::InOut) => "inout",
        (Role::RequestPort, _) => "request port",
        (Role::ReplyPort, _) => "reply port",
        (Role::ServerReplyPort, _) => "sreplyport",
        (Role::UserReplyPort, _) => "ureplyport",
        (Role::WaitTime, _) => "waittime",
        (Role::SendTime, _) => "sendtime",
        (Role::MsgOption, _) => "msgoption",
        (Role::SeqNo, _) => "msgseqno",
        (Role::Token(Token::Security, _), _) => "sectoken",
        (Role::Token(Token::Audit, _), _) => "audittoken",
        (Role::Token(Token::Context, _), _) => "context",
        (Role::Token(Token::Field, _), _) => "trailer",
    }
}

impl Interface {
    /// The types that routines use, and those they are made of, in the order of the model.
    pub fn used_types(&self) -> Vec<TypeId> {
        let mut used = vec![false; self.types.len()];
        for arg in self.routines.iter().flat_map(|it| &it.args) {
            self.mark(arg.ty, &mut used);
        }
        (0..self.types.len() as u32).map(TypeId).filter(|it| used[it.0 as usize]).collect()
    }

    fn mark(&self, id: TypeId, used: &mut [bool]) {
        if std::mem::replace(&mut used[id.0 as usize], true) {
            return;
        }
        match &self.ty(id).form {
            Form::Alias(of) | Form::Fixed(of, _) | Form::UpTo(of, _) | Form::Unbounded(of) | Form::OutOfLine(of) => {
                self.mark(*of, used);
            }
            Form::Members(members) => members.iter().for_each(|it| self.mark(it.ty, used)),
            Form::Basic | Form::Truth | Form::Text(_) | Form::Native(_) => {}
        }
    }
}
