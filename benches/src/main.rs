//! Generated stubs and the compiler, side by side with their C counterparts.
//!
//! ```text
//! benches stubs             time of a client and server stub pair, without transport
//! benches instructions      the same in instructions, counted by valgrind
//! benches kernel            messages and ports of the runtime kernel
//! benches memory            its virtual memory
//! benches paging            its memory managers
//! benches size              bytes of machine code of each pair
//! benches compile MIG_CLI   the compiler as a process against GNU's driver and its bare pipeline
//! benches check MIG_CLI     `cargo check` of one generated subsystem
//! ```
//!
//! Both sides of a row run in the same process or one after the other, in alternating order. The figure is a ratio.

#![allow(clippy::print_stdout, reason = "it is a report")]

mod cases;
mod direct;
mod kernel;
mod memory;
mod paging;
mod processes;
mod service;
mod stubs;

#[allow(unreachable_pub, dead_code, reason = "as a definition makes them")]
mod bench {
    include!(concat!(env!("OUT_DIR"), "/bench.rs"));
}

use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match args[..] {
        ["stubs"] => stubs::times(),
        ["instructions"] => stubs::instructions(),
        ["kernel"] => kernel::report(),
        ["memory"] => memory::report(),
        ["paging"] => paging::report(),
        ["size"] => stubs::sizes(),
        ["call", family, case, side, times] => stubs::call(family, case, side, times.parse().expect("a number")),
        ["compile", mig_cli] => processes::compile(Path::new(mig_cli)),
        ["check", mig_cli] => processes::check(Path::new(mig_cli)),
        _ => {
            println!("usage: benches stubs|instructions|kernel|memory|paging|size|compile MIG_CLI|check MIG_CLI");
            return ExitCode::from(2);
        }
    }
    ExitCode::SUCCESS
}
