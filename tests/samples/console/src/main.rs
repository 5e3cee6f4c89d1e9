//! A console device and its user: two tasks of a kernel.
//!
//! The messages are those of a Mach kernel's device interface, byte for byte, and the kernel that carries them is in this
//! process. `cargo run -p mach-console` shows the exchange.

#![allow(clippy::print_stdout, reason = "it is a console")]

mod service;

/// What the build script made of `defs/mach3/device.defs`.
#[allow(unreachable_pub, dead_code, reason = "the sample calls few of the routines")]
mod device {
    include!(concat!(env!("OUT_DIR"), "/device.rs"));
}

use std::process::ExitCode;

use device::{DeviceMode, gnumach_i386 as stubs};
use mig_rt::{ReceiveRight, SendRight, serve};
use runtime_kernel::{Kernel, Task, Terminated, Trace};
use service::Console;

fn main() -> ExitCode {
    println!("compiled defs/mach3/device.defs to {}", concat!(env!("OUT_DIR"), "/device.rs"));
    println!("it holds the types and the server trait `DeviceServer` for every ABI,");
    println!("and client functions and a dispatcher for {}\n", stubs::ABI);
    let (kernel, trace) = (Kernel::default(), Trace::live(|line| println!("  {}", line.trim_start())));
    trace.name_routines(device::ROUTINES);
    kernel.trace(Some(&trace));
    match exchange(&kernel) {
        Ok(()) => ExitCode::SUCCESS,
        Err(it) => {
            println!("\nthe call failed: {it}");
            ExitCode::FAILURE
        }
    }
}

/// Starts a console and its user, and waits until both are done.
fn exchange(kernel: &Kernel) -> mig_rt::Result<()> {
    let [server, client] = ["console", "user"].map(|name| kernel.task(name, stubs::ABI));
    let port = ReceiveRight::new(&server)?;
    let master = server.give_send(&port, &client)?;
    let mut console = Console::new(server.make_send(&port)?);
    let serving =
        server.spawn("main", move |_| serve::<_, _, { stubs::MAX }>(&port, &[stubs::subsystem()], &mut console));
    let result = client.spawn("main", move |_| talk(&master)).join().expect("the user does not panic");
    // The console ends with its task, wherever it is.
    server.terminate();
    assert!(serving.join().is_err_and(|it| it.is::<Terminated>()));
    result
}

/// Opens the console, writes a line, and reads it back.
fn talk(master: &SendRight<Task>) -> mig_rt::Result<()> {
    let console = stubs::device_open(master, DeviceMode(0), b"console\0")?;
    println!("opened the console: port {}", console.name());
    let written = stubs::device_write_inband(&console, DeviceMode(0), 0, b"Hello, Mach!\n")?;
    println!("wrote {written} bytes");
    let mut data = [0; 64];
    let read = stubs::device_read_inband(&console, DeviceMode(0), 0, 64, &mut data)?;
    println!("read back: {:?}", String::from_utf8_lossy(&data[..read]));
    if let Err(it) = stubs::device_open(master, DeviceMode(0), b"tape\0") {
        println!("there is no tape: {it}");
    }
    stubs::device_close(&console)
}

#[test]
fn the_console_returns_what_was_written() {
    let kernel = Kernel::default();
    assert_eq!(exchange(&kernel), Ok(()));
    assert_eq!(kernel.check(), Ok(()));
}
