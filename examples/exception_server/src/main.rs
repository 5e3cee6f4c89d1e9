//! On Darwin: guards itself, crashes, and tells of it. Elsewhere it tells of a crash that comes over the transport in
//! memory.

use std::process::ExitCode;

use exception_server::{Crash, Handler};
use mig_rt::Transport;

/// Says what happened, and lets the system go on with it.
struct Teller;

impl<T: Transport> Handler<T> for Teller {
    fn handle(&mut self, crash: &mut Crash<'_, T>) -> bool {
        let codes: Vec<String> = crash.codes.iter().map(|it| format!("{it:#x}")).collect();
        let mut text = format!("{:?} with codes {}", crash.kind, codes.join(", "));
        if let Some([thread, task]) = crash.identity {
            text += &format!(", of thread {} of task {}", thread.name(), task.name());
        }
        tell(&text);
        false
    }
}

#[allow(clippy::print_stdout, reason = "it is what the program is for")]
fn tell(text: &str) {
    println!("{text}");
}

/// Has this task guarded by a thread of its own.
#[cfg(target_vendor = "apple")]
fn watch() -> mig_rt::Result<()> {
    use generated::darwin::types::ExceptionMask;
    use mig_rt::{Darwin, ReceiveRight};

    let port = ReceiveRight::new(&Darwin)?;
    exception_server::guard(Darwin::ABIS[0], &Darwin::task_self(), &port, ExceptionMask::BAD_ACCESS)?;
    std::thread::spawn(move || exception_server::catch(&port, Teller));
    Ok(())
}

#[cfg(target_vendor = "apple")]
fn main() -> ExitCode {
    if let Err(error) = watch() {
        tell(&format!("the kernel does not let this task be guarded: {error}"));
        return ExitCode::FAILURE;
    }
    tell("looking at address 16");
    // SAFETY: there is nothing, and looking ends the program: the kernel asks the handler first.
    #[allow(unsafe_code, reason = "a crash is wanted")]
    let there = unsafe { std::ptr::without_provenance::<u8>(16).read_volatile() };
    tell(&format!("there is {there}"));
    ExitCode::SUCCESS
}

#[cfg(not(target_vendor = "apple"))]
fn main() -> ExitCode {
    use exception_server::Catcher;
    use generated::darwin::mach_exc::darwin_lp64::mach_exception_raise;
    use generated::darwin::types::ExceptionType;
    use mig_rt::{Loopback, Wide};

    let space = Loopback::new(Catcher(Teller), &exception_server::subsystems());
    let (port, codes) = (space.port(), [1, 0x10].map(Wide::new));
    match mach_exception_raise(&port, &port, &port, ExceptionType::BAD_ACCESS, &codes) {
        Ok(()) => tell("the handler lets the thread go on"),
        Err(error) => tell(&format!("the handler does not: {error}")),
    }
    ExitCode::SUCCESS
}
