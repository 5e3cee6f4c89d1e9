//! One server for two interfaces on one port.
//!
//! A loop takes any number of subsystems; the identifier of a request says whose it is. What nobody serves is answered
//! with `MIG_BAD_ID`.
//!
//! ```text
//! $ cargo run -p programs --bin two_subsystems
//! client: 40 + 2 = 42
//! client: line 0 of the diary: "learned to add"
//! client: line 1 of the diary: the server answered KERN_INVALID_ARGUMENT (4)
//! client: a deposit: the server answered MIG_BAD_ID (-303)
//! ```

#![allow(clippy::print_stdout, unused_crate_dependencies, reason = "it shows what happens")]

use mig_rt::{AbiId, KernReturn, PortName, ReceiveRight, Room, SendRight, Text, serve};
use programs::bank::gnumach_x86_64 as bank;
use programs::calculator::CalculatorServer;
use programs::calculator::gnumach_x86_64 as calculator;
use programs::diary::DiaryServer;
use programs::diary::gnumach_x86_64 as diary;
use runtime_kernel::{Kernel, Task};

/// Whoever can add and write.
#[derive(Default)]
struct Clerk {
    lines: Vec<Vec<u8>>,
}

impl CalculatorServer<Task> for Clerk {
    fn calculator_add(&mut self, _: PortName, a: i32, b: i32) -> Result<i32, KernReturn> {
        a.checked_add(b).ok_or(KernReturn::INVALID_ARGUMENT)
    }
}

impl DiaryServer<Task> for Clerk {
    fn diary_write(&mut self, _: PortName, line: Text<'_>) -> Result<(), KernReturn> {
        self.lines.push(line.bytes().to_vec());
        Ok(())
    }

    fn diary_read(&mut self, _: PortName, number: i32, line: &mut Room<'_, u8>) -> Result<(), KernReturn> {
        let number = usize::try_from(number).map_err(|_| KernReturn::INVALID_ARGUMENT)?;
        line.extend(self.lines.get(number).ok_or(KernReturn::INVALID_ARGUMENT)?)
    }
}

fn ask(clerk: &SendRight<Task>) -> mig_rt::Result<()> {
    println!("client: 40 + 2 = {}", calculator::calculator_add(clerk, 40, 2)?);
    diary::diary_write(clerk, b"learned to add")?;
    for number in 0..2 {
        let mut line = [0; 64];
        match diary::diary_read(clerk, number, &mut line) {
            Ok(size) => println!("client: line {number} of the diary: {:?}", String::from_utf8_lossy(&line[..size])),
            Err(error) => println!("client: line {number} of the diary: {error}"),
        }
    }
    if let Err(error) = bank::account_deposit(clerk, 100) {
        println!("client: a deposit: {error}");
    }
    Ok(())
}

fn main() -> mig_rt::Result<()> {
    let kernel = Kernel::default();
    let [server, client] = ["server", "client"].map(|name| kernel.task(name, AbiId::GnumachX8664));
    let port = ReceiveRight::new(&server)?;
    let clerk = server.give_send(&port, &client)?;
    server.spawn("server", move |_| {
        let subsystems = [calculator::subsystem(), diary::subsystem()];
        serve::<_, _, { calculator::MAX + diary::MAX }>(&port, &subsystems, &mut Clerk::default())
    });
    client.spawn("client", move |_| ask(&clerk)).join().expect("the client does not panic")
}
