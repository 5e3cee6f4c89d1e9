//! The syntax tree: what was written, and where.
//!
//! Plain data with public fields. Names are not looked up, numbers not computed, defaults not filled in; the union of
//! all dialects fits, and [`check_dialect`](crate::dialect::check) says what one of them lacks.

mod keywords;

pub use keywords::*;

use crate::span::{Span, Spanned};

/// A definition file after preprocessing.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Ast {
    /// In the order of the text. What could not be parsed is missing.
    pub statements: Vec<Statement>,
}

/// Something that ends with a semicolon.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Statement {
    /// From the first token to the semicolon.
    pub span: Span,
    /// The comment directly above it, without its decoration.
    pub doc: Option<String>,
    /// Which statement.
    pub kind: StatementKind,
}

/// Every statement of every dialect.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum StatementKind {
    /// `subsystem kernelserver name 2000;`
    Subsystem(Subsystem),
    /// `skip;`, `skip 3;`
    Skip(Option<Number>),
    /// Settings for the routines that follow, or for the file.
    Setting(Setting),
    /// `import <mach/std_types.h>;` and kin.
    Import(Import),
    /// `rcsid "text";`, delimiters kept.
    RcsId(Word),
    /// `type name = …;`
    Type(NamedType),
    /// `routine name(…);` and kin.
    Routine(Routine),
}

/// An identifier, keyword or other word as it was written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Word {
    /// Its text.
    pub text: String,
    /// Where.
    pub span: Span,
}

/// A decimal number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Number {
    /// Its value.
    pub value: u32,
    /// Where.
    pub span: Span,
}

/// `subsystem { kerneluser | kernelserver } name base`
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Subsystem {
    /// In the order of the text; the same one may be written twice, which a check reports.
    pub modes: Vec<Spanned<SubsystemMode>>,
    /// Its name.
    pub name: Word,
    /// Message id of the first routine.
    pub base: Number,
}

/// A setting: keyword and operand.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Setting {
    /// Which.
    pub key: Spanned<SettingKey>,
    /// Its operand: a word or a number as text, absent for `nowaittime` and `nosendtime`.
    pub value: Option<Word>,
}

/// `import` and kin.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Import {
    /// Which.
    pub kind: Spanned<ImportKind>,
    /// The file with its quotes or brackets.
    pub file: Word,
}

/// A name and what it stands for: `name = spec annotations`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NamedType {
    /// Name of the new type.
    pub name: Word,
    /// What it is.
    pub spec: TypeSpec,
    /// What it is called in C, and how it is translated.
    pub annotations: Vec<Annotation>,
    /// From the name to the last annotation.
    pub span: Span,
}

/// A type as it is written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TypeSpec {
    /// Where.
    pub span: Span,
    /// Its form.
    pub kind: TypeSpecKind,
}

/// Forms of types.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum TypeSpecKind {
    /// A kind of data that the kernel knows.
    Basic(Basic),
    /// A declared type.
    Name(Word),
    /// `array[…] of T`
    Array {
        /// How many elements.
        bound: Bound,
        /// Of what.
        element: Box<TypeSpec>,
    },
    /// `struct[n] of T`: an array that C passes by value.
    Struct {
        /// How many elements.
        count: Expr,
        /// Of what.
        element: Box<TypeSpec>,
    },
    /// `struct { T a; U b; }`
    Members(Vec<Member>),
    /// `^ T`: out of line.
    OutOfLine(Box<TypeSpec>),
    /// `c_string[n]`, `c_string[*:n]`
    CString {
        /// Written with `*:`.
        variable: bool,
        /// Bytes, the NUL included.
        size: Expr,
    },
    /// A C type that is copied as it stands.
    Native(Native),
}

/// Between the brackets of an array.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Bound {
    /// `[]`
    Unbounded,
    /// `[*]`, which means the same.
    Star,
    /// `[*:n]`
    UpTo(Expr),
    /// `[n]`
    Fixed(Expr),
}

/// `A`, `A|B`, `(A|B, bits, flags)`
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Basic {
    /// What is sent.
    pub sent: IpcType,
    /// What is received, if it was written.
    pub received: Option<IpcType>,
    /// The rest of the long form.
    pub long: Option<LongForm>,
}

/// The long form's size and flags.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LongForm {
    /// Bits of one element.
    pub bits: Expr,
    /// `IsLong`, `Dealloc` and so on.
    pub flags: Vec<Flag>,
}

/// A kind of data that the kernel knows.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum IpcType {
    /// By number.
    Number(Number),
    /// `MACH_MSG_TYPE_…`, `MSG_TYPE_…` or `polymorphic`.
    Symbol(Word),
}

/// `T name;` in a structure.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Member {
    /// Name of its type.
    pub ty: Word,
    /// Name of the member.
    pub name: Word,
}

/// `PointerTo(T)`, `PointerToIfNot(T, V)`, `ValueOf(T)`
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Native {
    /// Which of the three.
    pub kind: Spanned<NativeKind>,
    /// The C type, words joined by one blank.
    pub ty: Word,
    /// The value that is left out.
    pub if_not: Option<Word>,
}

/// An integer expression.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Expr {
    /// Where.
    pub span: Span,
    /// Its form.
    pub kind: ExprKind,
}

/// Forms of integer expressions.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ExprKind {
    /// A number.
    Number(u32),
    /// Two operands.
    Binary(Box<Expr>, Spanned<Operator>, Box<Expr>),
    /// In parentheses.
    Paren(Box<Expr>),
}

/// After a type: C names and translations.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Annotation {
    /// Where.
    pub span: Span,
    /// Which.
    pub kind: AnnotationKind,
}

/// The annotations.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum AnnotationKind {
    /// `intran: T f(S)`
    InTran {
        /// What the server's routine gets.
        trans: Word,
        /// What makes it.
        function: Word,
        /// What arrives.
        server: Word,
    },
    /// `outtran: S f(T)`
    OutTran {
        /// What is sent.
        server: Word,
        /// What makes it.
        function: Word,
        /// What the server's routine gives.
        trans: Word,
    },
    /// `destructor: f(T)`
    Destructor {
        /// What frees it.
        function: Word,
        /// What it frees.
        trans: Word,
    },
    /// `intranpayload: T f`
    InTranPayload {
        /// What the server's routine gets.
        trans: Word,
        /// What makes it from a protected payload.
        function: Word,
    },
    /// `ctype: T`
    CType(Word),
    /// `cusertype: T`
    CUserType(Word),
    /// `cservertype: T`
    CServerType(Word),
}

/// A routine of any kind.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Routine {
    /// Which kind.
    pub kind: Spanned<RoutineKind>,
    /// Its name.
    pub name: Word,
    /// Its arguments.
    pub args: Vec<Arg>,
    /// What a `function` returns.
    pub result: Option<ArgType>,
}

/// An argument.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Arg {
    /// From the direction to the last flag.
    pub span: Span,
    /// Its direction, if it was written.
    pub direction: Option<Spanned<Direction>>,
    /// Its name.
    pub name: Word,
    /// Its type.
    pub ty: ArgType,
    /// Its flags.
    pub flags: Vec<Flag>,
    /// OSF's `serverimpl` and `userimpl` name a field of the trailer.
    pub trailer_field: Option<Word>,
}

/// Type of an argument.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ArgType {
    /// A declared type.
    Name(Word),
    /// Declared in place, for this argument alone.
    Declared(NamedType),
    /// A C type that is copied as it stands.
    Native(Native),
}

impl ArgType {
    /// Where it was written.
    pub fn span(&self) -> Span {
        match self {
            ArgType::Name(it) => it.span,
            ArgType::Declared(it) => it.span,
            ArgType::Native(it) => it.kind.span.to(it.ty.span),
        }
    }
}

/// A flag of a type or an argument.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Flag {
    /// Which.
    pub kind: Spanned<FlagKind>,
    /// Written with `[]`: decided when the stub runs.
    pub brackets: bool,
}
