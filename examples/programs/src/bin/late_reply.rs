//! Answers that another thread gives, later.
//!
//! A cake takes its time. The oven's method keeps where the answer goes (`Later`) and returns, so the oven can be asked
//! for other things; when the cake is done, the cook answers, who is another thread. A `Later` that is dropped tells the
//! client that nobody will answer.
//!
//! ```text
//! $ cargo run -p programs --bin late_reply
//! oven: a plum cake goes in
//! oven: turns 1 cake
//! oven: turns 1 cake
//! cook: the plum cake is done
//! guest: the plum cake was turned 2 times
//! oven: a plastic cake goes in
//! guest: the plastic cake: the stub refused the call: MIG_SERVER_DIED (-308)
//! ```

#![allow(clippy::print_stdout, unused_crate_dependencies, reason = "it shows what happens")]

use std::sync::mpsc::{Receiver, Sender, channel};

use mig_rt::{AbiId, Answer, KernReturn, Later, PortName, ReceiveRight, ReplyTo, SendRight, Text, serve};
use programs::oven::gnumach_x86_64 as oven;
use programs::oven::{OvenServer, oven_bake};
use runtime_kernel::{Kernel, Task};

struct Cake {
    name: String,
    turns: i32,
    guest: Later<Task, oven_bake::Reply>,
}

struct Oven {
    cakes: Vec<Cake>,
    cook: Sender<Cake>,
}

impl OvenServer<Task> for Oven {
    fn oven_bake(&mut self, _: PortName, reply: ReplyTo<'_, Task, oven_bake::Reply>, name: Text<'_>) -> Answer {
        let name = String::from_utf8_lossy(name.bytes()).into_owned();
        println!("oven: a {name} cake goes in");
        let (guest, answer) = reply.later();
        if name != "plastic" {
            self.cakes.push(Cake { name, turns: 0, guest });
        }
        answer
    }

    fn oven_turn(&mut self, _: PortName) -> Result<i32, KernReturn> {
        let cakes = std::mem::take(&mut self.cakes);
        let number = cakes.len() as i32;
        if number > 0 {
            println!("oven: turns {number} cake");
        }
        for mut cake in cakes {
            cake.turns += 1;
            if cake.turns < 2 {
                self.cakes.push(cake);
            } else {
                self.cook.send(cake).map_err(|_| KernReturn::FAILURE)?;
            }
        }
        Ok(number)
    }
}

/// Answers for the oven.
fn cook(done: &Receiver<Cake>) -> mig_rt::Result<()> {
    done.iter().try_for_each(|cake| {
        println!("cook: the {} cake is done", cake.name);
        cake.guest.send(Ok(cake.turns))
    })
}

fn eat(kitchen: &SendRight<Task>) {
    for name in ["plum", "plastic"] {
        match oven::oven_bake(kitchen, name.as_bytes()) {
            Ok(turns) => println!("guest: the {name} cake was turned {turns} times"),
            Err(error) => println!("guest: the {name} cake: {error}"),
        }
    }
}

/// Turns the oven until two cakes have been turned, or one twice.
fn help(kitchen: &SendRight<Task>) -> mig_rt::Result<()> {
    let mut turned = 0;
    while turned < 2 {
        turned += oven::oven_turn(kitchen)?;
    }
    Ok(())
}

fn main() -> mig_rt::Result<()> {
    let kernel = Kernel::default();
    let [server, guest, helper] = ["kitchen", "guest", "helper"].map(|name| kernel.task(name, AbiId::GnumachX8664));
    let port = ReceiveRight::new(&server)?;
    let [for_guest, for_helper] = [server.give_send(&port, &guest)?, server.give_send(&port, &helper)?];
    let (to_cook, done) = channel();
    server.spawn("oven", move |_| {
        let mut oven = Oven { cakes: Vec::new(), cook: to_cook };
        serve::<_, _, { oven::MAX }>(&port, &[oven::subsystem()], &mut oven)
    });
    server.spawn("cook", move |_| cook(&done));
    let eating = guest.spawn("guest", move |_| eat(&for_guest));
    helper.spawn("helper", move |_| help(&for_helper)).join().expect("the helper does not panic")?;
    eating.join().expect("the guest does not panic");
    Ok(())
}
