//! A receive right moves to another task, with everything that waits there, and clients do not notice.
//!
//! The day shift serves until it is sent home, and then hands its port over in a message. The client has had one right
//! all along: its next request is answered by the night shift, wherever it was waiting.
//!
//! ```text
//! $ cargo run -p programs --bin hand_over
//! day: 1 + 1
//! client: 2
//! day: 2 + 2
//! client: 4
//! day: goes home
//! night: takes over
//! night: 3 + 3
//! client: 6
//! night: 4 + 4
//! client: 8
//! night: goes home
//! ```

#![allow(clippy::print_stdout, unused_crate_dependencies, reason = "it shows what happens")]

use mig_rt::{AbiId, KernReturn, MsgReturn, PortName, ReceiveRight, SendRight, serve_once};
use programs::calculator::CalculatorServer;
use programs::calculator::gnumach_x86_64 as calculator;
use programs::shift::ShiftServer;
use programs::shift::gnumach_x86_64 as shift;
use runtime_kernel::{Kernel, Task};

/// Whoever serves just now.
struct Shift {
    name: &'static str,
    /// What it was handed over.
    port: Option<ReceiveRight<Task>>,
    is_over: bool,
}

impl CalculatorServer<Task> for Shift {
    fn calculator_add(&mut self, _: PortName, a: i32, b: i32) -> Result<i32, KernReturn> {
        println!("{}: {a} + {b}", self.name);
        a.checked_add(b).ok_or(KernReturn::INVALID_ARGUMENT)
    }
}

impl ShiftServer<Task> for Shift {
    fn shift_end(&mut self, _: PortName) -> Result<(), KernReturn> {
        println!("{}: goes home", self.name);
        self.is_over = true;
        Ok(())
    }

    fn shift_take_over(&mut self, _: PortName, port: ReceiveRight<Task>) -> Result<(), KernReturn> {
        println!("{}: takes over", self.name);
        self.port = Some(port);
        Ok(())
    }
}

impl Shift {
    fn new(name: &'static str) -> Shift {
        Shift { name, port: None, is_over: false }
    }

    /// Serves until it is sent home.
    fn serve(&mut self, port: &ReceiveRight<Task>) -> Result<(), MsgReturn> {
        let subsystems = [calculator::subsystem(), shift::subsystem()];
        while !self.is_over {
            serve_once::<_, _, { calculator::MAX + shift::MAX }>(port, &subsystems, self)?;
        }
        Ok(())
    }

    /// Waits until it is handed a port.
    fn take_over(&mut self, own: &ReceiveRight<Task>) -> Result<ReceiveRight<Task>, MsgReturn> {
        loop {
            serve_once::<_, _, { shift::MAX }>(own, &[shift::subsystem()], self)?;
            if let Some(port) = self.port.take() {
                return Ok(port);
            }
        }
    }
}

fn ask(calculator: &SendRight<Task>) -> mig_rt::Result<()> {
    for numbers in [[1, 2], [3, 4]] {
        for number in numbers {
            println!("client: {}", calculator::calculator_add(calculator, number, number)?);
        }
        shift::shift_end(calculator)?;
    }
    Ok(())
}

fn main() -> mig_rt::Result<()> {
    let kernel = Kernel::default();
    let [day, night, client] = ["day", "night", "client"].map(|name| kernel.task(name, AbiId::GnumachX8664));
    let (port, own) = (ReceiveRight::new(&day)?, ReceiveRight::new(&night)?);
    let calculator = day.give_send(&port, &client)?;
    let successor = night.give_send(&own, &day)?;
    let first = day.spawn("day", move |_| {
        Shift::new("day").serve(&port)?;
        shift::shift_take_over(&successor, port)
    });
    let second = night.spawn("night", move |_| {
        let mut shift = Shift::new("night");
        let port = shift.take_over(&own)?;
        Ok(shift.serve(&port)?)
    });
    let third = client.spawn("client", move |_| ask(&calculator));
    [first, second, third].into_iter().try_for_each(|it| it.join().expect("nobody panics"))
}
