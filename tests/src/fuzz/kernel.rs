//! Messages of any content, as a program could send them: to every port of the kernel, and to ordinary ones.
//!
//! An input is a list of messages, each `[ABI, destination, reply, options, size / 4]` and as many bytes. The kernel must
//! not panic, and when the task that sent them ends, nothing is left of it.

use std::fs;
use std::path::Path;

use generated::darwin::host_priv::darwin_lp64::host_set_exception_ports;
use mig_rt::{
    AbiId, Disposition, MsgId, MsgOptions, Operation, PortName, ReceiveRight, RightKind, SendRight, Timeout,
    TrailerElements, Transport,
};
use runtime_kernel::{Config, Kernel, Order, Task};
use serde_json::Value;

/// Messages of an input that are sent.
const MOST_MESSAGES: usize = 64;
/// Bytes of a message's head in an input.
const HEAD: usize = 5;
/// Room for what is received.
const ROOM: usize = 4096;

/// Sends what an input says, and looks at what is left.
///
/// # Panics
/// If the kernel's books are wrong, or if anything is left of a task that has ended.
pub fn kernel(input: &[u8]) {
    // Its threads never run: they only have ports.
    let kernel = Kernel::new(Config { order: Order::Seeded(1), ..Config::default() });
    let victim = kernel.task("victim", AbiId::GnumachI386);
    let kept = ReceiveRight::new(&victim).expect("there is room");
    kernel.forget_caches(&victim);
    let before = kernel.census();
    let attacker = Attacker::new(&kernel, input.first().copied().unwrap_or(0), &victim, &kept);
    let mut rest = input;
    for _ in 0..MOST_MESSAGES {
        let Some((head, behind)) = rest.split_first_chunk::<HEAD>() else { break };
        let size = (usize::from(head[4]) * 4).min(behind.len());
        attacker.send(*head, &behind[..size]);
        rest = &behind[size..];
        kernel.check().expect("the kernel's books are right after each message");
    }
    attacker.end(&kernel);
    forget_handlers(&kernel, &victim);
    // Those that the attacker has made live on without it.
    kernel.tasks().iter().filter(|it| **it != victim).for_each(Task::terminate);
    // What came to the victim's port is the victim's.
    let operation = Operation { receive: Some(kept.name()), receive_timeout: Some(Timeout(0)), ..Operation::default() };
    while victim.mach_msg(AbiId::GnumachI386, operation, PortName::NULL, &mut Vec::new(), 0).is_ok() {}
    victim.terminate();
    kernel.check().expect("the kernel's books are right at the end");
    let after = kernel.census();
    let left = (after.names, after.sends, after.send_onces, after.messages, after.regions, after.sets);
    assert_eq!(left, (0, 0, 0, 0, 0, 0), "{before} became {after}");
}

/// A task that has a name of every kind.
struct Attacker {
    task: Task,
    thread: runtime_kernel::Thread<()>,
    names: Vec<PortName>,
    ports: Vec<PortName>,
    /// The name of the processor set, and its control port.
    set: [PortName; 2],
}

impl Attacker {
    fn new(kernel: &Kernel, abi: u8, victim: &Task, kept: &ReceiveRight<Task>) -> Attacker {
        let task = kernel.task("attacker", AbiId::ALL[usize::from(abi) % AbiId::ALL.len()]);
        let thread = task.spawn("thread", |_| ());
        let make = |kind| {
            generated::mach3::mach_port::gnumach_i386::mach_port_allocate(&task.self_port(), kind)
                .expect("there is room")
        };
        let (both, only) = (ReceiveRight::new(&task).expect("there is room"), make(RightKind::RECEIVE));
        let send = task.make_send(&both).expect("it was made just now").into_raw();
        let once = task.make_send_once(&both).expect("it was made just now").into_raw();
        let ports = vec![both.into_raw(), only, make(RightKind::PORT_SET)];
        let names = vec![
            task.self_port().into_raw(),
            task.host_port().into_raw(),
            kernel.host_priv_port(&task).into_raw(),
            thread.port().into_raw(),
            victim.give_send(kept, &task).expect("both live").into_raw(),
            make(RightKind::DEAD_NAME),
            send,
            once,
        ];
        for size in [16, 5000] {
            let memory = task.allocate(size, &mut |it| it.fill(1)).expect("there is room");
            task.surrender(memory);
        }
        let set = processor_set(kernel, &task);
        Attacker { task, thread, names, ports, set }
    }

    /// The name that a byte means. Others are left as they stand in the message.
    fn name(&self, which: u8) -> Option<PortName> {
        let all = self.names.iter().chain(&self.ports).chain(&[PortName::NULL, PortName::DEAD]).chain(&self.set);
        all.copied().nth(usize::from(which % 16))
    }

    fn send(&self, [abi, to, reply, options, _]: [u8; HEAD], bytes: &[u8]) {
        let abi = AbiId::ALL[usize::from(abi) % AbiId::ALL.len()];
        let mut message = bytes.to_vec();
        let local = if header(abi) == 32 { 16 } else { 12 };
        for (at, which) in [(8, to), (local, reply)] {
            if let (Some(place), Some(name)) = (message.get_mut(at..at + 4), self.name(which)) {
                place.copy_from_slice(&name.0.to_le_bytes());
            }
        }
        let some = |bit: u8, option| if options & bit != 0 { option } else { MsgOptions::NONE.0 };
        let bits = some(1, MsgOptions::SEND_NOTIFY.0) | some(2, MsgOptions::SEND_CANCEL.0) | some(4, 0x80);
        let operation = Operation {
            send: true,
            receive: self.name(reply).filter(|_| options & 8 != 0),
            send_timeout: Some(Timeout(0)),
            receive_timeout: Some(Timeout(0)),
            large: options & 16 != 0,
            options: MsgOptions(bits | some(32, MsgOptions::RCV_NOTIFY.0)),
            trailer: if options & 64 != 0 { TrailerElements::Audit } else { TrailerElements::None },
            ..Operation::default()
        };
        let notify = self.ports[usize::from(options >> 7)];
        let _ = self.task.mach_msg(abi, operation, notify, &mut message, ROOM);
        for name in &self.ports {
            let poll = Operation { send: false, receive: Some(*name), ..operation };
            let _ = self.task.mach_msg(abi, poll, notify, &mut Vec::new(), ROOM);
        }
    }

    fn end(self, kernel: &Kernel) {
        self.task.terminate();
        assert_eq!(kernel.run(), Vec::<String>::new(), "a thread waits for ever");
        self.thread.join().expect_err("it ends before it begins");
    }
}

/// What a task has of the processor set that may do anything to the host.
fn processor_set(kernel: &Kernel, task: &Task) -> [PortName; 2] {
    use generated::mach3::mach_host::gnumach_i386 as mach_host;
    let (host, control) = (task.host_port(), kernel.host_priv_port(task));
    let name = mach_host::processor_set_default(&host).expect("the host can be asked");
    let set = mach_host::host_processor_set_priv(&control, &name).expect("the host can be asked");
    kernel.forget_caches(task);
    [name.into_raw(), set.into_raw()]
}

/// The host has no handlers of exceptions any more, whoever has given it some.
fn forget_handlers(kernel: &Kernel, task: &Task) {
    use generated::darwin::types::{ExceptionBehavior, ExceptionMask};
    let (host, nobody, all) = (kernel.host_priv_port(task), SendRight::null(task), ExceptionMask(0x3ffe));
    host_set_exception_ports(&host, all, &nobody, ExceptionBehavior::DEFAULT, 0).expect("the host can be asked");
    drop(host);
    kernel.forget_caches(task);
}

/// Bytes of a message's header.
fn header(abi: AbiId) -> usize {
    if matches!(abi, AbiId::GnumachX8664 | AbiId::GnumachX8664v2022) { 32 } else { 24 }
}

/// Inputs to begin with: recorded requests, and calls of every routine with arguments of a few kinds.
pub(super) fn seeds(here: &Path) -> Vec<Vec<u8>> {
    let mut found = recorded(&here.join("vectors"));
    let routines = |set: &'static [(&str, &[(MsgId, &str)])]| set.iter().flat_map(|it| it.1.iter().map(|it| it.0));
    let ids = routines(generated::mach3::SUBSYSTEMS).chain(routines(generated::darwin::SUBSYSTEMS));
    let ids: std::collections::BTreeSet<i32> = ids.map(|it| it.0).collect();
    for (abi, row) in (0u8..).zip(AbiId::ALL) {
        for (number, id) in ids.iter().enumerate() {
            // Those that are served are called in every way, and the others in one.
            let served = [2000..2100, 2606..2640, 3200..3300, 3400..3900, 4000..4012, 4800..4830, 666_700..666_702];
            let shapes: &[&str] = if served.iter().any(|it| it.contains(id)) {
                &["", "i", "n", "ni", "nii", "nn", "in", "np", "p", "ip", "niip", "nni", "r"]
            } else {
                &["i"]
            };
            for shape in shapes {
                let to = if number % 3 == 0 { [0, 3, 1, 2, 4][number / 3 % 5] } else { 0 };
                found.push(input(abi, to, &call(row, *id, shape)));
            }
        }
        let twice = call(row, 3215, "np");
        found.push([input(abi, 0, &twice), input(abi, 8, &twice), input(abi, 4, &twice)].concat());
    }
    found
}

/// One message of an input. The reply comes to the first port, and is received.
fn input(abi: u8, to: u8, message: &[u8]) -> Vec<u8> {
    let mut it = vec![abi, to, 8, 8, (message.len() / 4) as u8];
    it.extend_from_slice(message);
    it
}

/// A request with arguments: numbers, names, a right, or an array of rights.
fn call(abi: AbiId, id: i32, shape: &str) -> Vec<u8> {
    let complex = shape.contains(['p', 'r']);
    let bits = u32::from(Disposition::COPY_SEND.0) | u32::from(Disposition::MAKE_SEND_ONCE.0) << 8;
    let mut message = vec![0; header(abi)];
    message[..4].copy_from_slice(&(bits | u32::from(complex) << 31).to_le_bytes());
    let at = header(abi) - 4;
    message[at..].copy_from_slice(&id.to_le_bytes());
    if matches!(abi, AbiId::DarwinLp64 | AbiId::DarwinIlp32) {
        untyped(&mut message, shape)
    } else {
        typed(abi, &mut message, shape)
    }
    message
}

/// Names that a new task has.
const NAME: u32 = 0x300;

fn typed(abi: AbiId, message: &mut Vec<u8>, shape: &str) {
    let wide = header(abi) == 32;
    for it in shape.chars() {
        let (word, value): (u32, u32) = match it {
            'n' => (0x1001_200f, NAME),
            'p' => (0x1001_2014, NAME),
            'r' => (0x1002_2014, NAME),
            _ => (0x1001_2002, 1),
        };
        message.extend(word.to_le_bytes());
        if wide {
            message.extend([0; 4]);
        }
        message.extend(value.to_le_bytes());
        if wide || it == 'r' {
            message.extend(NAME.to_le_bytes());
        }
    }
}

fn untyped(message: &mut Vec<u8>, shape: &str) {
    let rights = shape.chars().filter(|it| "pr".contains(*it)).count() as u32;
    if rights > 0 {
        message.extend(rights.to_le_bytes());
        for _ in 0..rights {
            // A port descriptor: name, padding, disposition and kind.
            message.extend([NAME, 0, u32::from(Disposition::MAKE_SEND.0) << 16].map(u32::to_le_bytes).concat());
        }
    }
    message.extend([0, 0, 0, 0, 1, 0, 0, 0]);
    for it in shape.chars().filter(|it| "ni".contains(*it)) {
        let value = if it == 'n' { NAME } else { 1 };
        message.extend(value.to_le_bytes());
    }
}

/// Requests of recordings, each in the ABIs that it was recorded for.
fn recorded(vectors: &Path) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    for (abi, row) in (0u8..).zip(AbiId::ALL) {
        let Ok(file) = fs::read(vectors.join(format!("typed/exchanges-{}.json", row.name()))) else { continue };
        let all: Value = serde_json::from_slice(&file).expect("a recording is JSON");
        let cases = all["cases"].as_array().into_iter().flatten();
        found.extend(cases.filter_map(|it| seed_of(abi, it["request_sent"]["hex"].as_str()?)));
    }
    let folder = fs::read_dir(vectors.join("untyped/exchanges")).into_iter().flatten().flatten();
    let mut files: Vec<_> = folder.map(|it| it.path()).collect();
    files.sort();
    for line in files
        .iter()
        .filter_map(|it| fs::read_to_string(it).ok())
        .flat_map(|it| it.lines().map(str::to_owned).collect::<Vec<_>>())
    {
        let case: Value = serde_json::from_str(&line).expect("each line of a recording is JSON");
        let untyped = (0u8..)
            .zip(AbiId::ALL)
            .filter(|it| case["abis"].as_array().is_some_and(|all| all.iter().any(|at| at == it.1.name())));
        found.extend(untyped.filter_map(|it| seed_of(it.0, case["request_sent"].as_str()?)));
    }
    found
}

fn seed_of(abi: u8, hex: &str) -> Option<Vec<u8>> {
    let bytes: Option<Vec<u8>> =
        (0..hex.len() / 2).map(|it| u8::from_str_radix(hex.get(it * 2..it * 2 + 2)?, 16).ok()).collect();
    bytes.filter(|it| it.len() < 1000).map(|it| input(abi, 0, &it))
}
