//! One server for many ports: each account of a bank is a port, and all are in a set.
//!
//! One thread receives from the set. The port that a request came to says which account is meant; a client can name no
//! other, since it has a right to its own only.
//!
//! ```text
//! $ cargo run -p programs --bin port_set
//! ada: deposits 100 and has 100
//! bob: deposits 50 and has 50
//! ada: deposits -30 and has 70
//! bob: deposits -80: the server answered KERN_NO_SPACE (3)
//! bank: 70 of ada, 50 of bob
//! ```

#![allow(clippy::print_stdout, unused_crate_dependencies, reason = "it shows what happens")]

use std::collections::HashMap;

use generated::mach3::mach_port::gnumach_x86_64 as mach_port;
use mig_rt::{AbiId, KernReturn, PortName, Receive, ReceiveRight, RightKind, SendRight, serve};
use programs::bank::BankServer;
use programs::bank::gnumach_x86_64 as bank;
use runtime_kernel::{Kernel, Task};

/// What is on an account, by its port.
struct Bank(HashMap<PortName, i32>);

impl BankServer<Task> for Bank {
    fn account_deposit(&mut self, account: PortName, amount: i32) -> Result<i32, KernReturn> {
        let balance = self.0.get_mut(&account).ok_or(KernReturn::INVALID_ARGUMENT)?;
        let after = balance.checked_add(amount).filter(|it| *it >= 0).ok_or(KernReturn::NO_SPACE)?;
        *balance = after;
        Ok(after)
    }
}

fn deposit(who: &str, account: &SendRight<Task>, amount: i32) {
    match bank::account_deposit(account, amount) {
        Ok(balance) => println!("{who}: deposits {amount} and has {balance}"),
        Err(error) => println!("{who}: deposits {amount}: {error}"),
    }
}

fn main() -> mig_rt::Result<()> {
    let kernel = Kernel::default();
    let [server, ada, bob] = ["bank", "ada", "bob"].map(|name| kernel.task(name, AbiId::GnumachX8664));
    let own = server.self_port();
    let set = mach_port::mach_port_allocate(&own, RightKind::PORT_SET)?;
    let ports = [ReceiveRight::new(&server)?, ReceiveRight::new(&server)?];
    for port in &ports {
        mach_port::mach_port_move_member(&own, port.name(), set)?;
    }
    let names = ports.each_ref().map(ReceiveRight::name);
    let accounts = [server.give_send(&ports[0], &ada)?, server.give_send(&ports[1], &bob)?];
    let serving = server.spawn("bank", move |task| {
        let mut bank = Bank(names.map(|it| (it, 0)).into());
        serve::<_, _, { bank::MAX }>(Receive::from_set(&task, set), &[bank::subsystem()], &mut bank);
        bank
    });
    deposit("ada", &accounts[0], 100);
    deposit("bob", &accounts[1], 50);
    deposit("ada", &accounts[0], -30);
    deposit("bob", &accounts[1], -80);
    // The set is gone, and with it what the server receives from.
    mach_port::mach_port_destroy(&own, set)?;
    let bank = serving.join().expect("the bank does not panic");
    println!("bank: {} of ada, {} of bob", bank.0[&names[0]], bank.0[&names[1]]);
    Ok(())
}
