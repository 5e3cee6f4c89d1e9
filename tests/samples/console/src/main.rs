//! A console device and its user, in one process.
//!
//! The messages are those of a Mach kernel's device interface, byte for byte; [`Loopback`] plays the kernel that
//! carries them. `cargo run -p mach-console` shows each of them.

#![allow(clippy::print_stdout, reason = "it is a console")]

mod service;

/// What the build script made of `defs/mach3/device.defs`.
#[allow(unreachable_pub, dead_code, reason = "the sample calls few of the routines")]
mod device {
    include!(concat!(env!("OUT_DIR"), "/device.rs"));
}

use std::process::ExitCode;

use device::{DeviceMode, gnumach_i386 as stubs};
use mig_rt::Loopback;
use mig_rt::loopback::{Stage, Tapped};
use service::Console;

fn main() -> ExitCode {
    println!("compiled defs/mach3/device.defs to {}", concat!(env!("OUT_DIR"), "/device.rs"));
    println!("it holds the types and the server trait `DeviceServer` for every ABI,");
    println!("and client functions and a dispatcher for {}\n", stubs::ABI);
    let port = Loopback::new(Console::default(), &[stubs::subsystem()]);
    port.tap(|message| {
        show(&message);
        Ok(())
    });
    let result = talk(&port);
    // The service holds a right to its own port, which must not keep the port space alive.
    port.with_service(|it| it.own.take());
    match result {
        Ok(()) => {
            println!("\nwhat is left of rights and regions:\n{}", port.accounts());
            ExitCode::SUCCESS
        }
        Err(it) => {
            println!("\nthe call failed: {it}");
            ExitCode::FAILURE
        }
    }
}

/// Opens the console, writes a line, and reads it back.
fn talk(port: &Loopback<Console>) -> mig_rt::Result<()> {
    let master = port.port();
    port.with_service(|it| it.own = Some(port.port()));
    let console = stubs::device_open(&master, DeviceMode(0), b"console\0")?;
    println!("opened the console: port {}", console.name());
    let written = stubs::device_write_inband(&console, DeviceMode(0), 0, b"Hello, Mach!\n")?;
    println!("wrote {written} bytes");
    let mut data = [0; 64];
    let read = stubs::device_read_inband(&console, DeviceMode(0), 0, 64, &mut data)?;
    println!("read back: {:?}", String::from_utf8_lossy(&data[..read]));
    if let Err(it) = stubs::device_open(&master, DeviceMode(0), b"tape\0") {
        println!("there is no tape: {it}");
    }
    stubs::device_close(&console)
}

/// One line for each message, and its bytes.
fn show(message: &Tapped<'_>) {
    if message.stage != Stage::Sent {
        return;
    }
    let id = u32::from_le_bytes(message.bytes[20..24].try_into().unwrap_or_default());
    let what = if message.request { "request" } else { "reply" };
    println!("  {what} {id}, {} bytes", message.bytes.len());
    // Rows of padding say nothing.
    for (row, bytes) in message.bytes.chunks(16).enumerate().filter(|it| it.1.iter().any(|it| *it != 0)) {
        let hex: Vec<String> = bytes.iter().map(|it| format!("{it:02x}")).collect();
        let text: String = bytes.iter().map(|it| if it.is_ascii_graphic() { char::from(*it) } else { '.' }).collect();
        println!("    {:3}  {:47}  {text}", row * 16, hex.join(" "));
    }
}

#[test]
fn the_console_returns_what_was_written() {
    let port = Loopback::new(Console::default(), &[stubs::subsystem()]);
    talk(&port).expect("every call is answered");
    port.with_service(|it| it.own.take());
    let left = port.accounts();
    assert!(left.ports.values().all(|it| it.send + it.send_once == 0), "{left}");
    assert!(left.regions.is_empty() && left.faults.is_empty(), "{left}");
}
