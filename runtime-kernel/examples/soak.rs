//! Remote procedure calls that carry rights and memory, millions of them, and a look at what is left: nothing.
//!
//! `cargo run --release -p runtime-kernel --example soak [CALLS]`
//!
//! Each call takes a send right, a receive right and a region of memory there and back between two tasks; every tenth is
//! followed by calls to the kernel. In the end the census must be what it was, and so must the resident size. One part in
//! fifty of the calls is answered by a thread of its own.
#![allow(clippy::print_stdout, unused_crate_dependencies, reason = "an example tells what it does")]

use std::error::Error;

use generated::darwin::mach_port::darwin_lp64;
use generated::mach3::mach_port::gnumach_i386;
use mig_rt::{
    AbiId, Address, Disposition, MsgReturn, Operation, PortName, ReceiveRight, RightKind, SendRight, Timeout, Transport,
};
use runtime_kernel::{Kernel, Task};

const ABI: AbiId = AbiId::GnumachI386;
/// What the memory of a call holds, in bytes.
const BYTES: usize = 512;
/// Bytes of a page, and of what the resident size may differ by: what the host's allocator keeps at hand.
const PAGE: u64 = 4096;
const SLACK: u64 = 1 << 20;

fn main() -> Result<(), Box<dyn Error>> {
    let calls: u32 = std::env::args().nth(1).map_or(Ok(10_000_000), |it| it.parse())?;
    let kernel = Kernel::default();
    let world = World::new(&kernel)?;
    // Tables and allocators grow to the size that they need.
    world.run(calls / 100 + 1)?;
    kernel.check()?;
    let (before, resident) = (kernel.census(), resident()?);
    let started = std::time::Instant::now();
    world.run(calls)?;
    let took = started.elapsed();
    kernel.check()?;
    let (after, grown) = (kernel.census(), self::resident()?.saturating_sub(resident));
    println!("{calls} calls in {:.1} s: {} ns each", took.as_secs_f64(), took.as_nanos() / u128::from(calls));
    println!("before: {before}");
    println!("after:  {after}");
    println!("resident: {} KiB before, {} KiB more after", resident / 1024, grown / 1024);
    if before != after || grown > SLACK {
        return Err("something is left".into());
    }
    Ok(())
}

/// Bytes of this process in memory.
fn resident() -> Result<u64, Box<dyn Error>> {
    let pages = std::fs::read_to_string("/proc/self/statm")?;
    Ok(pages.split(' ').nth(1).ok_or("no second number")?.parse::<u64>()? * PAGE)
}

struct World {
    client: Task,
    server: Task,
    service: ReceiveRight<Task>,
    to_service: SendRight<Task>,
    answers: ReceiveRight<Task>,
    /// Its send right goes along with every call.
    token: ReceiveRight<Task>,
}

impl World {
    fn new(kernel: &Kernel) -> Result<World, Box<dyn Error>> {
        let (client, server) = (kernel.task("client", ABI), kernel.task("server", ABI));
        let service = ReceiveRight::new(&server)?;
        let to_service = server.give_send(&service, &client)?;
        let (answers, token) = (ReceiveRight::new(&client)?, ReceiveRight::new(&client)?);
        Ok(World { client, server, service, to_service, answers, token })
    }

    fn run(&self, calls: u32) -> Result<(), Box<dyn Error>> {
        let across = calls / 50;
        for call in 0..calls - across {
            self.call()?;
            serve(&self.server, self.service.name(), Some(Timeout(0))).map_err(|it| format!("{it:?}"))?;
            self.take_answer()?;
            if call % 10 == 0 {
                self.ask_kernel()?;
            }
        }
        let service = self.service.name();
        let thread = self.server.spawn("server", move |task| (0..across).try_for_each(|_| serve(&task, service, None)));
        for _ in 0..across {
            self.call()?;
            self.take_answer()?;
        }
        let served = thread.join().map_err(|_| "the server panicked")?;
        served.map_err(|it| format!("{it:?}"))?;
        // Each thread keeps its reply port for the next call.
        Ok(())
    }

    /// Sends a request with a send right, a receive right and memory, which all move.
    fn call(&self) -> Result<(), Box<dyn Error>> {
        let moved = self.client.make_port()?;
        let memory = self.client.allocate(BYTES, &mut |it| it.fill(7))?;
        let memory = self.client.surrender(memory);
        let mut request = message(
            (self.to_service.name(), Disposition::COPY_SEND),
            (self.answers.name(), Disposition::MAKE_SEND_ONCE),
            [(self.token.name(), Disposition::MAKE_SEND), (moved, Disposition::MOVE_RECEIVE)],
            memory,
        );
        let operation = Operation { send: true, ..Operation::default() };
        self.client.mach_msg(ABI, operation, PortName::NULL, &mut request, 0).map_err(|it| format!("{it:?}"))?;
        Ok(())
    }

    fn take_answer(&self) -> Result<(), Box<dyn Error>> {
        let mut answer = Vec::new();
        let operation = Operation { receive: Some(self.answers.name()), ..Operation::default() };
        self.client.mach_msg(ABI, operation, PortName::NULL, &mut answer, 256).map_err(|it| format!("{it:?}"))?;
        self.client.release(PortName(word(&answer, 28)), RightKind::SEND);
        self.client.release(PortName(word(&answer, 36)), RightKind::RECEIVE);
        // SAFETY: the answer's memory, taken once.
        #[allow(unsafe_code, reason = "the message is read by hand")]
        let memory = unsafe { self.client.adopt(Address(word(&answer, 44).into()), BYTES) };
        drop(memory);
        Ok(())
    }

    /// Calls that move rights and memory from and to the kernel, in both families of messages.
    fn ask_kernel(&self) -> Result<(), mig_rt::Error> {
        let task = self.client.self_port();
        let name = gnumach_i386::mach_port_allocate(&task, RightKind::RECEIVE)?;
        let (mut names, mut types) = ([PortName::NULL; 1], [0; 1]);
        // There are more names, so they come out of line.
        darwin_lp64::mach_port_names(&task, &mut names, &mut types)?;
        let right = gnumach_i386::mach_port_extract_right(&task, name, Disposition::MAKE_SEND)?;
        drop(right);
        darwin_lp64::mach_port_mod_refs(&task, name, RightKind::RECEIVE, -1)
    }
}

/// Receives a request and sends everything back that it brought.
fn serve(task: &Task, service: PortName, limit: Option<Timeout>) -> Result<(), MsgReturn> {
    let mut bytes = Vec::new();
    let operation = Operation { receive: Some(service), receive_timeout: limit, ..Operation::default() };
    task.mach_msg(ABI, operation, PortName::NULL, &mut bytes, 256).map_err(|it| it.code)?;
    let mut answer = message(
        (PortName(word(&bytes, 8)), Disposition::MOVE_SEND_ONCE),
        (PortName::NULL, Disposition::NONE),
        [(PortName(word(&bytes, 28)), Disposition::MOVE_SEND), (PortName(word(&bytes, 36)), Disposition::MOVE_RECEIVE)],
        Address(word(&bytes, 44).into()),
    );
    let operation = Operation { send: true, ..Operation::default() };
    task.mach_msg(ABI, operation, PortName::NULL, &mut answer, 0).map(drop).map_err(|it| it.code)
}

type Named = (PortName, Disposition);

/// A message of `gnumach-i386` with two rights and a region that moves.
fn message(to: Named, reply: Named, rights: [Named; 2], memory: Address) -> Vec<u8> {
    let bits = u32::from(to.1.0) | u32::from(reply.1.0) << 8 | 1 << 31;
    let right = |it: Named| [0x1001_2000 | u32::from(it.1.0), it.0.0];
    let ([a, b], [c, d]) = (right(rights[0]), right(rights[1]));
    // Bytes out of line, and the sender's no more.
    let region = 0x4000_0809 | (BYTES as u32) << 16;
    let words = [bits, 48, to.0.0, reply.0.0, 0, 4711, a, b, c, d, region, memory.0 as u32];
    words.iter().flat_map(|it| it.to_le_bytes()).collect()
}

fn word(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..at + 4).and_then(|it| it.try_into().ok()).map_or(0, u32::from_le_bytes)
}
