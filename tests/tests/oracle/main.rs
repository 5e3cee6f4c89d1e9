//! Our stubs against those of the C compilers of interfaces that Debian packages, live: every routine of every
//! definition of `gnumach-dev`, of `vectors/typed/shapes.defs` and of `oracle/more.defs`, C clients with Rust servers
//! and the reverse.
//!
//! For each ABI a program is written, built and run. It holds the C stubs of both sides, our generated stubs, and glue
//! that gives both the same values: see `tests/oracle`. Where a tool is missing the test says so and passes, unless
//! `MIG_ORACLE=required` is in the environment.

mod program;
mod strict;
mod tools;

use mig_codegen::Abi;

#[test]
fn gnumach_x86_64_2022() {
    live(Abi::GNUMACH_X86_64_2022, "x86_64-gnu-mig", "x86_64-unknown-linux-gnu", "-m64");
}

#[test]
fn gnumach_i386() {
    live(Abi::GNUMACH_I386, "i686-gnu-mig", "i686-unknown-linux-gnu", "-m32");
}

fn live(abi: Abi, mig: &'static str, target: &'static str, machine: &'static str) {
    let tools = match tools::Tools::find(abi, mig, target, machine) {
        Ok(it) => it,
        Err(missing) => {
            return tests::left_out("MIG_ORACLE", &format!("{}: not compared with C: {missing}", abi.name));
        }
    };
    let program = program::Program::write(&abi, &tools);
    let said = tools.run(&program.directory);
    let called = said.lines().filter_map(|it| it.strip_prefix("routine "));
    let called: Vec<&str> = called.collect();
    let left_out: Vec<&String> = program.routines.iter().filter(|it| !called.contains(&it.as_str())).collect();
    assert!(left_out.iter().all(|it| program.rejected.contains(it)), "not called: {left_out:?}");
    let figures = said.lines().find_map(|it| it.strip_prefix("figures ")).expect("the program ended");
    let figures: Vec<&str> = figures.split(' ').collect();
    tests::note(&format!(
        "{}: {} routines, {} exchanges, {} bytes compared with C; gcc rejects C's own {:?}",
        figures[0], figures[1], figures[2], figures[3], program.rejected
    ));
    let wrong: Vec<&str> = said.lines().skip_while(|it| !it.starts_with("wrong ")).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
