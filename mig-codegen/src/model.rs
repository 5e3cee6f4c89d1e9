//! The resolved interface: every name looked up, every default made explicit.
//!
//! Invariants: a [`TypeId`] points into [`Interface::types`], and a type comes after every type it is made of. What a
//! message looks like is not here; [`wire`](crate::wire) knows.

mod companions;
mod dump;

pub use companions::Companion;
pub use dump::dump;
pub use mig_parser::ast::ImportKind;
use mig_parser::span::Span;

/// A definition file, resolved for one ABI.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Interface {
    /// Its subsystem; a file of types alone has none.
    pub subsystem: Option<Subsystem>,
    /// Every type that is named or used.
    pub types: Vec<Type>,
    /// Types declared by a statement, in the order of the text. Of those with the same name, the last.
    pub declared: Vec<TypeId>,
    /// In the order of the text.
    pub routines: Vec<Routine>,
    /// Message ids that the subsystem takes: routines and skipped numbers.
    pub slots: u32,
    /// Name of the C demultiplexer, if the definition gives one.
    pub server_demux: Option<String>,
    /// What C files include.
    pub imports: Vec<Import>,
    /// Text for C files.
    pub rcs_id: Option<String>,
}

/// `subsystem name base`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Subsystem {
    /// Its name.
    pub name: String,
    /// Message id of its first routine.
    pub base: u32,
    /// The client runs in the kernel.
    pub kernel_user: bool,
    /// The server runs in the kernel.
    pub kernel_server: bool,
    /// Where its name stands.
    pub span: Span,
    /// The comment above it.
    pub doc: Option<String>,
}

/// `import <file>;`
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Import {
    /// Which files include it.
    pub kind: ImportKind,
    /// The file with its delimiters.
    pub file: String,
}

/// Index into [`Interface::types`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct TypeId(pub u32);

impl Interface {
    /// The type with this id.
    pub fn ty(&self, id: TypeId) -> &Type {
        &self.types[id.0 as usize]
    }

    /// The type, with `type b = a;` seen through: the one whose form is not just another name.
    pub fn form(&self, id: TypeId) -> &Type {
        match self.ty(id).form {
            Form::Alias(of) => self.form(of),
            _ => self.ty(id),
        }
    }

    /// How many descriptors of an untyped message a type takes: 0 for plain data.
    pub fn descriptors(&self, id: TypeId) -> u32 {
        let ty = self.ty(id);
        match &ty.form {
            Form::Alias(of) => self.descriptors(*of),
            Form::OutOfLine(_) | Form::Unbounded(_) => u32::from(!ty.inline),
            Form::Fixed(of, count) | Form::UpTo(of, count) => self.descriptors(*of).saturating_mul(*count),
            Form::Basic => u32::from(ty.is_port()),
            Form::Truth | Form::Real | Form::Text(_) | Form::Members(_) | Form::Native(_) => 0,
        }
    }

    /// The names that a type goes by, its own first: an alias has those of what it stands for too.
    pub fn names(&self, id: TypeId) -> impl Iterator<Item = &str> {
        let next = |it: &TypeId| match self.ty(*it).form {
            Form::Alias(of) => Some(of),
            _ => None,
        };
        std::iter::successors(Some(id), next).filter_map(|it| self.ty(it).name.as_deref())
    }
}

/// What a message says an item is, as a number of the kernel's.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum IpcName {
    /// This number.
    Number(u32),
    /// Decided when the message is built.
    Polymorphic,
}

impl IpcName {
    /// Whether it is a right for certain.
    pub fn is_port(self) -> bool {
        matches!(self, IpcName::Number(16..=21))
    }

    /// Whether it is a right, or may be one.
    pub fn may_be_port(self) -> bool {
        self.is_port() || self == IpcName::Polymorphic
    }
}

/// How C passes a value, which also decides how it is copied.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Class {
    /// By value: numbers, rights, `struct`, pointers to what is out of line.
    Value,
    /// By reference: arrays.
    Array,
    /// By reference, ending with a NUL.
    Text,
}

/// Whether memory or a right leaves its sender.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Dealloc {
    /// It stays.
    #[default]
    No,
    /// It leaves.
    Yes,
    /// The caller decides: `dealloc[]`.
    RunTime,
}

/// A type: what the kernel is told, and the form that Rust gives it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Type {
    /// Its name in the definition; parts of a type have none.
    pub name: Option<String>,
    /// Where it was declared.
    pub span: Span,
    /// The comment above its declaration.
    pub doc: Option<String>,
    /// What a sender calls its base elements.
    pub sent: IpcName,
    /// What a receiver sees them called.
    pub received: IpcName,
    /// Bits of one base element.
    pub bits: u32,
    /// Base elements; the most there can be if that varies, 0 if nothing bounds them or, in typed messages, if they are
    /// out of line. For an array of out-of-line data, those of each element.
    pub number: u32,
    /// The data are in the message.
    pub inline: bool,
    /// How many there are is known when the message is built.
    pub variable: bool,
    /// How C passes it.
    pub class: Class,
    /// `islong` or `isnotlong`, if it was written.
    pub long: Option<bool>,
    /// What the type says of its sender's memory.
    pub dealloc: Dealloc,
    /// Bytes that C gives a structure, or an array of constant size of them; 0 for everything else.
    pub c_size: u32,
    /// What it is made of.
    pub form: Form,
    /// Its names in C.
    pub c: CNames,
    /// How the server's side converts it.
    pub translation: Translation,
}

/// What a type is made of.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Form {
    /// One element of a kind that the kernel knows.
    Basic,
    /// `MACH_MSG_TYPE_BOOLEAN`: one element that is a truth value.
    Truth,
    /// `MACH_MSG_TYPE_REAL_32`, `MACH_MSG_TYPE_REAL_64`: one element that is a number with a point. The families number
    /// the longer one differently.
    Real,
    /// Another name for a type.
    Alias(TypeId),
    /// `array[n] of T`, `struct[n] of T`
    Fixed(TypeId, u32),
    /// `array[*:n] of T`
    UpTo(TypeId, u32),
    /// `array[] of T`
    Unbounded(TypeId),
    /// `^ T`
    OutOfLine(TypeId),
    /// `c_string[n]`, or `c_string[*:n]` if the type is variable.
    Text(u32),
    /// `struct { … }`
    Members(Vec<Member>),
    /// A C type that is copied as it stands.
    Native(NativeType),
}

/// A member of `struct { … }`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Member {
    /// Its name.
    pub name: String,
    /// Its type.
    pub ty: TypeId,
    /// Bytes from the start of the structure.
    pub offset: u32,
}

/// `PointerTo(T)` and kin.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NativeType {
    /// Passed by pointer.
    pub pointer: bool,
    /// The C type.
    pub ty: String,
    /// The value that is left out.
    pub if_not: Option<String>,
}

/// Names of a type in C.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct CNames {
    /// In client stubs.
    pub user: Option<String>,
    /// In server stubs.
    pub server: Option<String>,
    /// In the server's routines.
    pub trans: Option<String>,
}

/// Functions that convert a type.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Translation {
    /// From what arrived to what the server's routine gets.
    pub intran: Option<String>,
    /// From what the server's routine gives to what is sent.
    pub outtran: Option<String>,
    /// Frees what `intran` made.
    pub destructor: Option<String>,
    /// From a protected payload to what the server's routine gets.
    pub payload: Option<String>,
}

impl Type {
    /// Bytes of the data in line, the most if that varies.
    pub fn bytes(&self) -> u32 {
        (u64::from(self.number) * u64::from(self.bits)).div_ceil(8) as u32
    }

    /// Bytes that C gives one element of this type in line. More than [`bytes`](Type::bytes) for a structure whose
    /// members the C compiler aligns more widely than the definition.
    pub fn c_bytes(&self) -> u32 {
        if self.c_size > 0 { self.c_size } else { self.bytes() }
    }

    /// Whether it carries rights, for certain or perhaps.
    pub fn is_port(&self) -> bool {
        self.sent.may_be_port() || self.received.may_be_port()
    }

    /// `array[]` which is in line or out of line, as the number of its elements demands. Untyped messages have none.
    pub fn is_unbounded(&self) -> bool {
        self.inline && matches!(self.form, Form::Unbounded(_))
    }
}

/// A routine.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Routine {
    /// Its name.
    pub name: String,
    /// Where its name stands.
    pub span: Span,
    /// The comment above it.
    pub doc: Option<String>,
    /// Its place in the subsystem: message id less base.
    pub number: u32,
    /// Nobody waits for a reply.
    pub one_way: bool,
    /// `procedure`, `simpleprocedure` or `function`: errors went to the error procedure in C. The value of a function
    /// is its first `out` argument, called `result`.
    pub obsolete: bool,
    /// In the order of the text.
    pub args: Vec<Arg>,
    /// Prefix of the C client's function.
    pub user_prefix: String,
    /// Prefix of the C server's function.
    pub server_prefix: String,
    /// Receive time limit in force, unless an argument gives one.
    pub wait_time: Option<Constant>,
    /// Send time limit in force, unless there is a receive time limit or an argument gives one.
    pub send_time: Option<Constant>,
    /// Options of the call in force, unless an argument gives them.
    pub msg_option: Option<Constant>,
    /// Uses the thread's special reply port: there is a reply, and the caller brings no port for it.
    pub special_reply_port: bool,
    /// What happens to a message that could not be sent.
    pub consume_on_send_error: Option<Consume>,
    /// The `error` procedure in force.
    pub error_procedure: Option<String>,
}

impl Routine {
    /// The argument with this role.
    pub fn find(&self, role: Role) -> Option<&Arg> {
        self.args.iter().find(|it| it.role == role)
    }

    /// The request port.
    ///
    /// # Panics
    /// Never: a routine without one is not resolved.
    pub fn request_port(&self) -> &Arg {
        self.find(Role::RequestPort).expect("resolve refuses a routine without a request port")
    }

    /// Arguments in the body of the request.
    pub fn sent(&self) -> impl Iterator<Item = &Arg> {
        self.args.iter().filter(|it| it.is_sent())
    }

    /// Arguments in the body of the reply.
    pub fn returned(&self) -> impl Iterator<Item = &Arg> {
        self.args.iter().filter(|it| it.is_returned())
    }
}

/// A word of a definition that stands for a number: decimal, or a C constant.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Constant {
    /// As it was written.
    pub text: String,
    /// Where.
    pub span: Span,
}

/// `consumeonsenderror`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Consume {
    /// Nothing is destroyed.
    None,
    /// Destroyed when the send timed out.
    Timeout,
    /// Destroyed also when the destination was invalid.
    Any,
}

/// An argument of a routine.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Arg {
    /// Its name.
    pub name: String,
    /// Where its name stands.
    pub span: Span,
    /// What it is for.
    pub role: Role,
    /// Which messages carry it, if any does.
    pub flow: Flow,
    /// Its type.
    pub ty: TypeId,
    /// Its flags, with the defaults that its type gives.
    pub options: ArgOptions,
    /// The field of the trailer that it stands for, if its token is [`Token::Field`].
    pub trailer_field: Option<String>,
}

impl Arg {
    /// Whether the client's or the server's function has it.
    pub fn is_on(&self, side: Sides) -> bool {
        let of = match self.role {
            Role::Data | Role::RequestPort | Role::ReplyPort => Sides::Both,
            Role::ServerReplyPort | Role::SeqNo => Sides::Server,
            Role::UserReplyPort | Role::WaitTime | Role::SendTime | Role::MsgOption => Sides::User,
            Role::Token(_, sides) => sides,
        };
        of == Sides::Both || of == side
    }

    /// Whether the request carries it in its body.
    pub fn is_sent(&self) -> bool {
        self.role == Role::Data && self.flow != Flow::Out
    }

    /// Whether the reply carries it in its body.
    pub fn is_returned(&self) -> bool {
        self.role == Role::Data && self.flow != Flow::In
    }
}

/// What an argument is for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Role {
    /// It is data of the message.
    Data,
    /// The port that is sent to.
    RequestPort,
    /// The port of the reply, on both sides.
    ReplyPort,
    /// The port of the reply, on the server's side.
    ServerReplyPort,
    /// The port of the reply, on the client's side.
    UserReplyPort,
    /// Receive time limit.
    WaitTime,
    /// Send time limit.
    SendTime,
    /// Options of the call.
    MsgOption,
    /// Sequence number of the request.
    SeqNo,
    /// Token of the message's sender.
    Token(Token, Sides),
}

/// What the kernel says of a message's sender.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Token {
    /// Security token.
    Security,
    /// Audit token.
    Audit,
    /// Context of the port.
    Context,
    /// A field of the trailer, named by the definition or not.
    Field,
}

/// Who gets something.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Sides {
    /// The client, of the reply.
    User,
    /// The server, of the request.
    Server,
    /// Each of the message it receives.
    Both,
}

/// Which messages carry an argument.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Flow {
    /// The request.
    In,
    /// The reply.
    Out,
    /// Both.
    InOut,
}

/// Flags of an argument.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct ArgOptions {
    /// Whether memory or a right leaves its sender.
    pub dealloc: Dealloc,
    /// `islong` or `isnotlong` of the argument or its type.
    pub long: Option<bool>,
    /// The request says how much the caller can take.
    pub count_in_out: bool,
    /// The server keeps indefinite data.
    pub server_copy: bool,
    /// An error code stands for the data.
    pub ret_code: bool,
    /// Counted by the array before.
    pub same_count: bool,
    /// Physical copy of memory.
    pub physical_copy: bool,
    /// Received into the caller's buffer.
    pub overwrite: bool,
    /// The C stub frees it after the call.
    pub auto: bool,
    /// The server does not write to it.
    pub constant: bool,
}
