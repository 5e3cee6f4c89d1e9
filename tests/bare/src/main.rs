//! A program for no operating system which calls stubs and serves them. It is built and not run: what would need `std`,
//! an allocator or unwinding does not link.
//!
//! `cargo build --release --target x86_64-unknown-none`

#![no_std]
#![no_main]

mod nowhere;

/// Stubs as they are in the repository; another test sees to it that they are the compiler's latest.
#[allow(dead_code, reason = "not every stub is called")]
#[path = "../../../generated/src/mach3"]
mod mach3 {
    pub mod device;
    pub mod notify;
    pub mod types;
}

use core::hint::black_box;
use core::panic::PanicInfo;

use mach3::device::{self, DeviceServer};
use mach3::notify::{self, NotifyServer};
use mach3::types::{Device, DeviceMode};
use mig_rt::{AbiId, KernReturn, PortIn, PortName, ReceiveRight, SendRight, Subsystem, Translate, serve};

use nowhere::Nowhere;

/// A server of two subsystems in three ABIs.
struct Server {
    deleted: u32,
}

impl Translate<Nowhere, Device> for Server {
    type Object = PortName;

    fn intran(&self, from: PortIn<'_, Nowhere>) -> PortName {
        match from {
            PortIn::Local(it) => it,
            PortIn::Payload(it) => PortName(it as u32),
            PortIn::Right(it) => it.name(),
        }
    }
}

impl DeviceServer<Nowhere> for Server {}

impl NotifyServer<Nowhere> for Server {
    fn mach_notify_port_deleted(&mut self, _: PortName, name: PortName) -> Result<(), KernReturn> {
        self.deleted = name.0;
        Ok(())
    }
}

fn call(port: &SendRight<Nowhere>) -> mig_rt::Result<usize> {
    let mut room = [0; 128];
    let mut read = 0;
    for abi in [AbiId::GnumachI386, AbiId::GnumachX8664, AbiId::GnumachX8664v2022] {
        let device = device::any::device_open(abi, port, black_box(DeviceMode(1)), black_box(b"console"))?;
        device::any::device_write(abi, &device, DeviceMode(0), 0, black_box(b"text"))?;
        read += device::any::device_read_inband(abi, &device, DeviceMode(0), 0, 128, &mut room)?;
        read += device::any::device_read(abi, &device, DeviceMode(0), 0, 128)?.len();
    }
    Ok(read)
}

#[unsafe(no_mangle)]
extern "C" fn _start() -> ! {
    let port = black_box(SendRight::null(&Nowhere));
    let _ = black_box(call(&port));
    let subsystems: [Subsystem<Nowhere, Server>; 6] = [
        device::gnumach_i386::subsystem(),
        device::gnumach_x86_64::subsystem(),
        device::gnumach_x86_64_2022::subsystem(),
        notify::gnumach_i386::subsystem(),
        notify::gnumach_x86_64::subsystem(),
        notify::gnumach_x86_64_2022::subsystem(),
    ];
    let own = black_box(ReceiveRight::null(&Nowhere));
    black_box(serve::serve::<_, _, 4096>(&own, &subsystems, &mut Server { deleted: 0 }));
    stop()
}

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    stop()
}

fn stop() -> ! {
    loop {
        core::hint::spin_loop();
    }
}
