//! The model as text: what `emit model` prints, and what tests store.

use std::fmt::{self, Write};

use super::{
    Arg, ArgOptions, Class, Consume, Dealloc, Flow, Form, Interface, IpcName, Member, NativeType, Role, Routine, Sides,
    Token, Translation, Type, TypeId,
};

/// The interface as text: subsystem, types, routines with their arguments.
///
/// The types are those that routines use; where there are no routines, all that are declared.
pub fn dump(interface: &Interface) -> String {
    let mut text = String::new();
    write(interface, &mut text).expect("a string takes whatever is written");
    text
}

fn write(interface: &Interface, out: &mut String) -> fmt::Result {
    write_subsystem(interface, out)?;
    if let Some(it) = &interface.server_demux {
        writeln!(out, "serverdemux {it}")?;
    }
    if let Some(it) = &interface.rcs_id {
        writeln!(out, "rcsid {it}")?;
    }
    for import in &interface.imports {
        writeln!(out, "{} {}", import.kind.text(), import.file)?;
    }
    let types = if interface.routines.is_empty() { interface.declared.clone() } else { interface.used_types() };
    for id in types.into_iter().filter(|it| interface.ty(*it).name.is_some()) {
        write_type(interface, id, out)?;
    }
    interface.routines.iter().try_for_each(|it| write_routine(interface, it, out))
}

fn write_subsystem(interface: &Interface, out: &mut String) -> fmt::Result {
    let ids = if interface.slots == 1 { "1 id".to_owned() } else { format!("{} ids", interface.slots) };
    let Some(it) = &interface.subsystem else { return writeln!(out, "no subsystem, {ids}") };
    write_doc(&it.doc, out)?;
    let mode = |on, text| if on { text } else { "" };
    let (user, server) = (mode(it.kernel_user, " kerneluser"), mode(it.kernel_server, " kernelserver"));
    writeln!(out, "subsystem {} {}{user}{server}, {ids}", it.name, it.base)
}

fn write_doc(doc: &Option<String>, out: &mut String) -> fmt::Result {
    doc.iter().flat_map(|it| it.lines()).try_for_each(|it| writeln!(out, "/// {it}"))
}

fn write_type(interface: &Interface, id: TypeId, out: &mut String) -> fmt::Result {
    let ty = interface.ty(id);
    writeln!(out)?;
    write_doc(&ty.doc, out)?;
    writeln!(out, "type {} = {}", ty.name.as_deref().unwrap_or("?"), form(interface, ty))?;
    write!(out, "    {}", record(ty))?;
    if matches!(ty.form, Form::Fixed(..) | Form::UpTo(..)) && !ty.inline {
        write!(out, ", {} descriptors", interface.descriptors(id))?;
    }
    let Translation { intran, outtran, destructor, payload } = &ty.translation;
    let names = [
        ("user", &ty.c.user),
        ("server", &ty.c.server),
        ("trans", &ty.c.trans),
        ("intran", intran),
        ("outtran", outtran),
        ("destructor", destructor),
        ("intranpayload", payload),
    ];
    for (what, name) in names {
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
        Form::Basic => format!("{} of {} bits", pair(ty), ty.bits),
        Form::Truth => format!("{} of {} bits, true or false", pair(ty), ty.bits),
        Form::Real => format!("{} of {} bits, with a point", pair(ty), ty.bits),
        Form::Alias(it) => of(it),
        Form::Fixed(it, count) if ty.class == Class::Value => format!("struct[{count}] of {}", of(it)),
        Form::Fixed(it, count) => format!("array[{count}] of {}", of(it)),
        Form::UpTo(it, count) => format!("array[*:{count}] of {}", of(it)),
        Form::Unbounded(it) => format!("array[] of {}", of(it)),
        Form::OutOfLine(it) => format!("^ {}", of(it)),
        Form::Text(size) if ty.variable => format!("c_string[*:{size}]"),
        Form::Text(size) => format!("c_string[{size}]"),
        Form::Members(members) => {
            let member = |it: &Member| format!("{} {} at {}", of(&it.ty), it.name, it.offset);
            let members: Vec<String> = members.iter().map(member).collect();
            format!("struct {{ {} }}", members.join("; "))
        }
        Form::Native(NativeType { ty, if_not: Some(value), .. }) => format!("PointerToIfNot({ty}, {value})"),
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
    let number = match (ty.variable, ty.number) {
        (true, 0) => "any number".to_owned(),
        (true, it) => format!("up to {it}"),
        (false, it) => it.to_string(),
    };
    let class = match ty.class {
        Class::Value => "by value",
        Class::Array => "by reference",
        Class::Text => "text",
    };
    let place = match ty.inline {
        _ if ty.is_unbounded() => "in line or out of line",
        true => "in line",
        false => "out of line",
    };
    let c_size = if ty.c_bytes() != ty.bytes() { format!(", {} bytes in C", ty.c_bytes()) } else { String::new() };
    let flags: String =
        [long(ty.long), dealloc(ty.dealloc)].into_iter().flatten().map(|it| format!(", {it}")).collect();
    format!("{} of {} bits, {number}, {place}, {class}{c_size}{flags}", pair(ty), ty.bits)
}

fn long(it: Option<bool>) -> Option<&'static str> {
    it.map(|it| if it { "islong" } else { "isnotlong" })
}

fn dealloc(it: Dealloc) -> Option<&'static str> {
    match it {
        Dealloc::No => None,
        Dealloc::Yes => Some("dealloc"),
        Dealloc::RunTime => Some("dealloc[]"),
    }
}

fn write_routine(interface: &Interface, routine: &Routine, out: &mut String) -> fmt::Result {
    writeln!(out)?;
    write_doc(&routine.doc, out)?;
    let kind = if routine.one_way { "simpleroutine" } else { "routine" };
    let obsolete = if routine.obsolete { ", obsolete" } else { "" };
    let base = interface.subsystem.as_ref().map_or(0, |it| u64::from(it.base));
    let id = base + u64::from(routine.number);
    match routine.one_way {
        true => writeln!(out, "{kind} {} {id}{obsolete}", routine.name)?,
        false => writeln!(out, "{kind} {} {id}, reply {}{obsolete}", routine.name, id + 100)?,
    }
    write_settings(routine, out)?;
    routine.args.iter().try_for_each(|it| write_arg(interface, it, out))
}

fn write_settings(routine: &Routine, out: &mut String) -> fmt::Result {
    let text = |it: &String| (!it.is_empty()).then(|| it.clone());
    let consume = routine.consume_on_send_error.map(|it| match it {
        Consume::None => "none".to_owned(),
        Consume::Timeout => "timeout".to_owned(),
        Consume::Any => "any".to_owned(),
    });
    let settings = [
        ("userprefix", text(&routine.user_prefix)),
        ("serverprefix", text(&routine.server_prefix)),
        ("waittime", routine.wait_time.as_ref().map(|it| it.text.clone())),
        ("sendtime", routine.send_time.as_ref().map(|it| it.text.clone())),
        ("msgoption", routine.msg_option.as_ref().map(|it| it.text.clone())),
        ("usespecialreplyport", routine.special_reply_port.then(|| "1".to_owned())),
        ("consumeonsenderror", consume),
        ("error", routine.error_procedure.clone()),
    ];
    for (what, value) in settings {
        if let Some(value) = value {
            writeln!(out, "    {what} {value}")?;
        }
    }
    Ok(())
}

fn write_arg(interface: &Interface, arg: &Arg, out: &mut String) -> fmt::Result {
    let ty = interface.ty(arg.ty);
    let name = ty.name.clone().unwrap_or_else(|| form(interface, ty));
    write!(out, "    {:<18} {} : {name}", role(arg), arg.name)?;
    if let Some(field) = &arg.trailer_field {
        write!(out, ", {field}")?;
    }
    for text in flags(&arg.options) {
        write!(out, ", {text}")?;
    }
    for (side, text) in [(Sides::User, "client"), (Sides::Server, "server")] {
        let companions = interface.companions(arg, side);
        let names: Vec<String> = companions.into_iter().map(|it| format!("{}{}", arg.name, it.suffix())).collect();
        if !names.is_empty() {
            write!(out, "  ({text}: {})", names.join(", "))?;
        }
    }
    writeln!(out)
}

fn flags(options: &ArgOptions) -> impl Iterator<Item = &'static str> {
    let flags = [
        (options.count_in_out, "countinout"),
        (options.server_copy, "servercopy"),
        (options.ret_code, "retcode"),
        (options.same_count, "samecount"),
        (options.physical_copy, "physicalcopy"),
        (options.overwrite, "overwrite"),
        (options.auto, "auto"),
        (options.constant, "const"),
    ];
    let others = [long(options.long), dealloc(options.dealloc)];
    flags.into_iter().filter_map(|(on, text)| on.then_some(text)).chain(others.into_iter().flatten())
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
        (Role::Token(token, sides), _) => token_role(token, sides),
    }
}

fn token_role(token: Token, sides: Sides) -> &'static str {
    match (token, sides) {
        (Token::Security, Sides::Both) => "sectoken",
        (Token::Security, Sides::Server) => "serversectoken",
        (Token::Security, Sides::User) => "usersectoken",
        (Token::Audit, Sides::Both) => "audittoken",
        (Token::Audit, Sides::Server) => "serveraudittoken",
        (Token::Audit, Sides::User) => "useraudittoken",
        (Token::Context, _) => "servercontexttoken",
        (Token::Field, Sides::User) => "userimpl",
        (Token::Field, _) => "serverimpl",
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
            Form::Basic | Form::Truth | Form::Real | Form::Text(_) | Form::Native(_) => {}
        }
    }
}
