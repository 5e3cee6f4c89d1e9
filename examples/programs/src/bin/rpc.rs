//! A client and a server: two tasks that find each other by name.
//!
//! The server checks its port in at the name server and receives requests; the client looks the name up and calls. Each
//! speaks its own ABI, with messages as GNU Mach's and Darwin's programs of 64 bits write them, and the kernel answers
//! either in its own.
//!
//! ```text
//! $ cargo run -p programs --bin rpc
//! server: serves as `calculator`
//! server: adds 2 and 3
//! client: 2 + 3 = 5
//! server: divides 17 by 5
//! client: 17 = 5 × 3 + 2
//! server: divides 1 by 0
//! client: 1 / 0: the server answered KERN_INVALID_ARGUMENT (4)
//! ```

#![allow(clippy::print_stdout, unused_crate_dependencies, reason = "it shows what happens")]

use generated::{darwin, mach3};
use mig_rt::{AbiId, KernReturn, MsgReturn, PortName, ReceiveRight, SendRight, serve};
use programs::calculator::{CalculatorServer, calculator_divide, darwin_lp64, gnumach_x86_64};
use runtime_kernel::{Kernel, Task, names};

struct Calculator;

impl CalculatorServer<Task> for Calculator {
    fn calculator_add(&mut self, _: PortName, a: i32, b: i32) -> Result<i32, KernReturn> {
        println!("server: adds {a} and {b}");
        a.checked_add(b).ok_or(KernReturn::INVALID_ARGUMENT)
    }

    fn calculator_divide(&mut self, _: PortName, a: i32, b: i32) -> Result<calculator_divide::Out, KernReturn> {
        println!("server: divides {a} by {b}");
        let quotient = a.checked_div(b).ok_or(KernReturn::INVALID_ARGUMENT)?;
        Ok(calculator_divide::Out { quotient, remainder: a - quotient * b })
    }
}

/// Answers on a port until that is gone.
fn answer(port: &ReceiveRight<Task>) -> MsgReturn {
    let both = [gnumach_x86_64::subsystem(), darwin_lp64::subsystem()];
    serve::<_, _, { gnumach_x86_64::MAX + darwin_lp64::MAX }>(port, &both, &mut Calculator)
}

fn ask(client: &Task) -> mig_rt::Result<()> {
    let names = client.bootstrap_port();
    let calculator = darwin::netname::darwin_lp64::netname_look_up(&names, b"", b"calculator")?;
    let sum = darwin_lp64::calculator_add(&calculator, 2, 3)?;
    println!("client: 2 + 3 = {sum}");
    let out = darwin_lp64::calculator_divide(&calculator, 17, 5)?;
    println!("client: 17 = 5 × {} + {}", out.quotient, out.remainder);
    if let Err(error) = darwin_lp64::calculator_divide(&calculator, 1, 0) {
        println!("client: 1 / 0: {error}");
    }
    Ok(())
}

fn main() -> mig_rt::Result<()> {
    let kernel = Kernel::default();
    names::start(&kernel, AbiId::GnumachX8664)?;
    let (server, client) = (kernel.task("server", AbiId::GnumachX8664), kernel.task("client", AbiId::DarwinLp64));
    let (port, nobody) = (ReceiveRight::new(&server)?, SendRight::null(&server));
    mach3::netname::gnumach_x86_64::netname_check_in(&server.bootstrap_port(), b"calculator", &nobody, &port)?;
    println!("server: serves as `calculator`");
    server.spawn("server", move |_| answer(&port));
    // The kernel goes with `main`, and with it what the server receives from.
    client.spawn("client", |task| ask(&task)).join().expect("the client does not panic")
}
