//! Random syntax trees which some text parses to, and a generator of random numbers.

use mig_parser::ast::*;
use mig_parser::span::{Span, Spanned};

/// A generator of random numbers which gives the same ones for the same seed.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Random {
        Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(0x1234_5678_9abc_def1))
    }

    /// A number below `end`.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % end
    }

    pub(crate) fn of<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        &choices[self.below(choices.len())]
    }

    fn rarely(&mut self) -> bool {
        self.below(4) == 0
    }
}

/// Makes trees.
pub(super) struct Generator {
    random: Random,
}

/// Among them words which are keywords elsewhere, or only begin like one.
const NAMES: [&str; 16] = [
    "a",
    "x_1",
    "_",
    "T9",
    "error",
    "const",
    "sendtime",
    "function",
    "kernel",
    "intranpayload",
    "arrays",
    "of_",
    "PointerTo",
    "typed",
    "mach_port_t",
    "inside",
];

const SYMBOLS: [&str; 4] = ["MACH_MSG_TYPE_COPY_SEND", "MSG_TYPE_BIT", "polymorphic", "POLYMORPHIC"];

fn spanned<T>(value: T) -> Spanned<T> {
    Spanned { value, span: Span::default() }
}

fn word(text: &str) -> Word {
    Word { text: text.to_owned(), span: Span::default() }
}

impl Generator {
    pub(super) fn new(seed: u64) -> Generator {
        Generator { random: Random::new(seed) }
    }

    pub(super) fn ast(&mut self) -> Ast {
        Ast { statements: self.some(8, Self::statement) }
    }

    fn word(&mut self, choices: &[&str]) -> Word {
        let text: &&str = self.random.of(choices);
        word(text)
    }

    fn some<T>(&mut self, most: usize, mut make: impl FnMut(&mut Self) -> T) -> Vec<T> {
        (0..self.random.below(most + 1)).map(|_| make(self)).collect()
    }

    fn statement(&mut self) -> Statement {
        let kind = match self.random.below(8) {
            0 => StatementKind::Subsystem(Subsystem {
                modes: self.some(3, |it| spanned(*it.random.of(SubsystemMode::ALL))),
                name: self.name(),
                base: self.number(),
            }),
            1 => StatementKind::Skip(self.random.rarely().then(|| self.number())),
            2 => StatementKind::Setting(self.setting()),
            3 => StatementKind::Import(Import {
                kind: spanned(*self.random.of(ImportKind::ALL)),
                file: self.word(&["<mach/std_types.h>", "\"a b;c.h\"", "<>", "\"<x>\""]),
            }),
            4 => StatementKind::RcsId(self.word(&["\"$Id: x $\"", "\"\"", "\"; routine\""])),
            5 | 6 => StatementKind::Type(self.named_type()),
            _ => StatementKind::Routine(self.routine()),
        };
        Statement { span: Span::default(), doc: self.doc(), kind }
    }

    fn doc(&mut self) -> Option<String> {
        const LINES: [&str; 8] = ["A line.", "  indented", "", "* star", "***", "// slashes", "\"quoted", "last *"];
        let lines = self.some(4, |it| *it.random.of(&LINES)).join("\n");
        let doc = lines.trim_matches('\n');
        (!doc.is_empty() && self.random.rarely()).then(|| doc.to_owned())
    }

    fn setting(&mut self) -> Setting {
        use SettingKey::*;
        let key = *self.random.of(SettingKey::ALL);
        let value = match key {
            NoWaitTime | NoSendTime => None,
            ServerPrefix | UserPrefix | ServerDemux | Error => Some(self.name()),
            UserTypeLimit | OnStackLimit | UseSpecialReplyPort => Some(word(&self.number().value.to_string())),
            ConsumeOnSendError => Some(self.word(&["none", "Timeout", "ANY"])),
            WaitTime | SendTime | MsgOption | MsgType | MsgKind => Some(self.word(&["5", "a/b.c-$x", "routine"])),
        };
        Setting { key: spanned(key), value }
    }

    fn name(&mut self) -> Word {
        self.word(&NAMES)
    }

    fn number(&mut self) -> Number {
        Number { value: *self.random.of(&[0, 1, 42, 4096, u32::MAX]), span: Span::default() }
    }

    fn named_type(&mut self) -> NamedType {
        let annotations = self.some(2, Self::annotation);
        NamedType { name: self.name(), spec: self.type_spec(3), annotations, span: Span::default() }
    }

    fn annotation(&mut self) -> Annotation {
        let (trans, function, server) = (self.name(), self.name(), self.name());
        let kind = match self.random.below(7) {
            0 => AnnotationKind::InTran { trans, function, server },
            1 => AnnotationKind::OutTran { server, function, trans },
            2 => AnnotationKind::Destructor { function, trans },
            3 => AnnotationKind::InTranPayload { trans, function },
            4 => AnnotationKind::CType(trans),
            5 => AnnotationKind::CUserType(trans),
            _ => AnnotationKind::CServerType(trans),
        };
        Annotation { span: Span::default(), kind }
    }

    /// A type of at most `depth` types inside each other.
    fn type_spec(&mut self, depth: usize) -> TypeSpec {
        let inner = |it: &mut Self| Box::new(it.type_spec(depth - 1));
        let kind = match self.random.below(if depth == 0 { 4 } else { 8 }) {
            0 => TypeSpecKind::Basic(self.basic()),
            1 => TypeSpecKind::Native(self.native()),
            2 => TypeSpecKind::CString { variable: self.random.rarely(), size: self.sum(2) },
            3 => TypeSpecKind::Name(self.name()),
            4 => TypeSpecKind::Array { bound: self.bound(), element: inner(self) },
            5 => TypeSpecKind::Struct { count: self.sum(2), element: inner(self) },
            6 => TypeSpecKind::OutOfLine(inner(self)),
            _ => {
                let mut members = self.some(2, |it| Member { ty: it.name(), name: it.name() });
                members.push(Member { ty: self.name(), name: self.name() });
                TypeSpecKind::Members(members)
            }
        };
        TypeSpec { span: Span::default(), kind }
    }

    fn bound(&mut self) -> Bound {
        match self.random.below(4) {
            0 => Bound::Unbounded,
            1 => Bound::Star,
            2 => Bound::UpTo(self.sum(2)),
            _ => Bound::Fixed(self.sum(2)),
        }
    }

    fn basic(&mut self) -> Basic {
        let long = self.random.rarely().then(|| LongForm { bits: self.sum(2), flags: self.some(3, Self::flag) });
        Basic { sent: self.ipc_type(), received: self.random.rarely().then(|| self.ipc_type()), long }
    }

    fn ipc_type(&mut self) -> IpcType {
        match self.random.rarely() {
            true => IpcType::Number(self.number()),
            false => IpcType::Symbol(self.word(&SYMBOLS)),
        }
    }

    fn native(&mut self) -> Native {
        let kind = *self.random.of(NativeKind::ALL);
        let if_not = (kind == NativeKind::PointerToIfNot).then(|| self.name());
        Native { kind: spanned(kind), ty: self.word(&["char", "unsigned long int", "foo_t"]), if_not }
    }

    /// An expression of sums, as deep as a parser would build it.
    fn sum(&mut self, depth: usize) -> Expr {
        self.chain(depth, &[Operator::Add, Operator::Subtract], Self::product)
    }

    fn product(&mut self, depth: usize) -> Expr {
        self.chain(depth, &[Operator::Multiply, Operator::Divide], Self::factor)
    }

    fn chain(&mut self, depth: usize, operators: &[Operator], operand: fn(&mut Self, usize) -> Expr) -> Expr {
        let mut left = operand(self, depth);
        while self.random.rarely() {
            let operator = spanned(*self.random.of(operators));
            let right = operand(self, depth);
            let kind = ExprKind::Binary(Box::new(left), operator, Box::new(right));
            left = Expr { span: Span::default(), kind };
        }
        left
    }

    fn factor(&mut self, depth: usize) -> Expr {
        let kind = match depth > 0 && self.random.rarely() {
            true => ExprKind::Paren(Box::new(self.sum(depth - 1))),
            false => ExprKind::Number(self.number().value),
        };
        Expr { span: Span::default(), kind }
    }

    fn routine(&mut self) -> Routine {
        let kind = *self.random.of(RoutineKind::ALL);
        let result = (kind == RoutineKind::Function).then(|| self.arg_type());
        Routine { kind: spanned(kind), name: self.name(), args: self.some(6, Self::arg), result }
    }

    fn arg(&mut self) -> Arg {
        let direction = (!self.random.rarely()).then(|| spanned(*self.random.of(Direction::ALL)));
        let implied = direction.is_some_and(|it| matches!(it.value, Direction::ServerImpl | Direction::UserImpl));
        let trailer_field = (implied && !self.random.rarely()).then(|| self.word(&["msgh_sender", "x"]));
        Arg {
            span: Span::default(),
            direction,
            name: self.name(),
            ty: self.arg_type(),
            flags: self.some(2, Self::flag),
            trailer_field,
        }
    }

    fn arg_type(&mut self) -> ArgType {
        match self.random.below(4) {
            0 => ArgType::Declared(self.named_type()),
            1 => ArgType::Native(self.native()),
            _ => ArgType::Name(self.name()),
        }
    }

    fn flag(&mut self) -> Flag {
        Flag { kind: spanned(*self.random.of(FlagKind::ALL)), brackets: self.random.rarely() }
    }
}
