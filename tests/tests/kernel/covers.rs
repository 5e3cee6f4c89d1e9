//! Marks of what a test shows, next to where it shows it. `coverage.rs` finds them by their text.

use mig_rt::{Error, ErrorKind, KernReturn, MsgReturn};

/// Asserts what a call answers, marks that it is shown, and yields what it returned, if it did.
///
/// Without a result it only marks: where the assertion is of another form and stands beside it.
macro_rules! covers {
    ($call:literal, $code:literal, $result:expr $(,)?) => {{
        let result = $result;
        assert_eq!($crate::covers::Outcome::code(&result), $code, "{}", $call);
        result.ok()
    }};
    ($call:literal, $code:literal) => {
        // What coverage.rs reads.
    };
}

/// What a call answered, by name.
pub(crate) trait Outcome {
    fn code(&self) -> String;
}

impl<X> Outcome for Result<X, Error> {
    fn code(&self) -> String {
        match self.as_ref().err().map(|it| it.kind()) {
            None => "KERN_SUCCESS".to_owned(),
            Some(ErrorKind::Msg(it)) => name(it.name(), it.code()),
            Some(ErrorKind::Mig(it)) => name(it.name(), it.code()),
            Some(ErrorKind::Kern(it)) => name(it.name(), it.code()),
        }
    }
}

impl<X> Outcome for Result<X, KernReturn> {
    fn code(&self) -> String {
        self.as_ref().err().map_or_else(|| "KERN_SUCCESS".to_owned(), |it| name(it.name(), it.code()))
    }
}

impl<X> Outcome for Result<X, MsgReturn> {
    fn code(&self) -> String {
        self.as_ref().err().map_or_else(|| "MACH_MSG_SUCCESS".to_owned(), |it| name(it.name(), it.code()))
    }
}

fn name(name: Option<&'static str>, code: i32) -> String {
    name.map_or_else(|| code.to_string(), str::to_owned)
}
