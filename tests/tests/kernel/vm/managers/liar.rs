//! A manager that lies: every message of the protocol at every moment, to every port, with numbers and bytes of all kinds.

use generated::mach3::mach::gnumach_i386 as mach;
use generated::mach3::mach_port::gnumach_i386 as mach_port;
use generated::mach3::types::{CopyStrategy, MemoryObjectReturn};
use mig_rt::{
    AbiId, Address, Disposition, KernReturn, Operation, PortName, Protection, ReceiveRight, Result, RightKind,
    SendRight, Size, Timeout,
};
use runtime_kernel::Task;

use super::dice::Dice;
use crate::vm::PAGE;

const OFFSETS: [u64; 11] =
    [0, PAGE, 2 * PAGE, 3 * PAGE, 1, PAGE - 1, 7 * PAGE, 0x7fff_f000, 0x8000_0000, 0xffff_f000, 0xffff_ffff];
const SIZES: [u64; 9] = [0, PAGE, 2 * PAGE, 4 * PAGE, 1, PAGE + 1, 0x7fff_f000, 0xffff_f000, 0xffff_ffff];
const LENGTHS: [u64; 7] = [0, 1, PAGE, PAGE + 1, 2 * PAGE, 4 * PAGE, 40 * PAGE];
const LOCKS: [i32; 9] = [0, 0, 1, 2, 7, 8, 9, -1, i32::MAX];
const STRATEGIES: [i32; 8] = [0, 1, 2, 2, 3, 4, -1, i32::MIN];

/// What a liar calls, and with what.
pub(super) struct Liar {
    task: Task,
    /// Where the kernel asks it.
    set: PortName,
    /// Bytes of the pages that it was given.
    pub(super) seen: Vec<u8>,
    /// Ports that it says things to: of caches, names, other objects, the kernel, and none.
    pub(super) to: Vec<PortName>,
    /// Where answers go.
    reply: ReceiveRight<Task>,
    /// Messages that were good once.
    old: Vec<Vec<u8>>,
    pub(super) dice: Dice,
}

impl Liar {
    pub(super) fn new(task: &Task, set: PortName, seed: u64) -> Liar {
        let to = vec![task.self_port().into_raw(), task.host_port().into_raw(), PortName(0x00f0_0001)];
        let (task, reply) = (task.clone(), ReceiveRight::new(task).unwrap());
        Liar { task, set, seen: Vec::new(), to, reply, old: Vec::new(), dice: Dice::new(seed) }
    }

    /// Takes what the kernel says, if it says anything: all ports, and now and then the memory.
    pub(super) fn hear(&mut self) {
        let from = self.dice.one(&[self.set, self.set, self.reply.name()]);
        let operation = Operation { receive: Some(from), receive_timeout: Some(Timeout(0)), ..Operation::default() };
        let mut bytes = Vec::new();
        if self.task.mach_msg(AbiId::GnumachI386, operation, PortName::NULL, &mut bytes, 512).is_err() {
            return;
        }
        let words: Vec<u32> = bytes.chunks_exact(4).map(|it| u32::from_le_bytes(it.try_into().unwrap())).collect();
        self.to.push(PortName(words[3]));
        if self.dice.below(4) > 0 {
            self.help(&words);
        }
        let mut rest = &words[6..];
        while let [kind, behind @ ..] = rest {
            // What it said to itself may be anything.
            let Some(next) = self.take(*kind, behind) else { return };
            rest = next;
        }
    }

    /// Now and then it does what it should: those who never get anything have nothing to lose.
    fn help(&mut self, words: &[u32]) {
        let (Some(control), offset) = (words.get(7), words.get(9).map_or(0, |it| u64::from(*it))) else { return };
        let (id, null) = (words[5], ReceiveRight::null(&self.task));
        let (bytes, lock) =
            (vec![self.dice.below(0x40) as u8; PAGE as usize], Protection(self.dice.one(&[0, 0, 0, 2])));
        let precious = self.dice.flip();
        let _ = self.lent(PortName(*control), |to| match id {
            2200 => mach::memory_object_ready(to, precious, CopyStrategy(i32::from(bytes[0]) % 4)),
            2203 if lock == Protection::WRITE => mach::memory_object_data_unavailable(to, Address(offset), Size(PAGE)),
            2203 => mach::memory_object_data_supply(to, Address(offset), (&bytes[..]).into(), lock, precious, &null),
            2204 => {
                let (none, unlocked) = (MemoryObjectReturn::NONE, Protection::NONE);
                mach::memory_object_lock_request(to, Address(offset), Size(PAGE), none, false, unlocked, &null)
            }
            _ => Ok(()),
        });
    }

    /// Calls a port by its name, which stays what it is.
    fn lent<X>(&self, name: PortName, call: impl FnOnce(&SendRight<Task>) -> X) -> X {
        // SAFETY: the name is lent for the call, and given back.
        #[allow(unsafe_code, reason = "names as in C")]
        let to = unsafe { SendRight::from_raw(name, self.task.clone()) };
        let result = call(&to);
        let _ = to.into_raw();
        result
    }

    /// An item of a body; what is behind it.
    fn take<'a>(&mut self, kind: u32, behind: &'a [u32]) -> Option<&'a [u32]> {
        const IN_LINE: u32 = 1 << 28;
        const LONG: u32 = 1 << 29;
        let (name, bits, count, behind) = match kind & LONG {
            0 => (kind & 0xff, kind >> 8 & 0xff, kind >> 16 & 0xfff, behind),
            _ => (behind.first()? & 0xffff, behind[0] >> 16, *behind.get(1)?, &behind[2..]),
        };
        if kind & IN_LINE == 0 {
            let (at, size) = (Address((*behind.first()?).into()), (bits / 8).saturating_mul(count));
            self.seen.extend(self.task.read(at, size as usize).unwrap_or_default().iter().step_by(64));
            if self.dice.flip() {
                let _ = mach::vm_deallocate(&self.task.self_port(), at, Size(size.into()));
            }
            return behind.get(1..);
        }
        if (16..=18).contains(&name) {
            self.to.push(PortName(*behind.first()?));
        }
        behind.get((bits / 8).saturating_mul(count).div_ceil(4) as usize..)
    }

    /// Says something.
    pub(super) fn lie(&mut self) {
        let name = self.dice.one(&self.to);
        match self.dice.below(8) {
            0 | 1 => self.mutant(name),
            2 => self.keep(name),
            3 => self.lose(name),
            4 => {
                // Twice the same.
                let bytes = self.record();
                (0..2).for_each(|_| self.send(name, bytes.clone()));
            }
            _ => self.say(name),
        }
    }

    /// A call as its stub makes it.
    fn say(&mut self, name: PortName) {
        let mut dice = self.dice.split();
        let null = ReceiveRight::null(&self.task);
        let reply = if dice.flip() { &self.reply } else { &null };
        let _ = self.lent(name, |to| call(&mut dice, to, reply));
    }

    /// The bytes of a call, by calling oneself.
    fn record(&mut self) -> Vec<u8> {
        let own = ReceiveRight::new(&self.task).unwrap();
        let to = self.task.make_send(&own).unwrap();
        let null = ReceiveRight::null(&self.task);
        let told = self.dice.flip();
        let _ = call(&mut self.dice, &to, if told { &self.reply } else { &null });
        let operation =
            Operation { receive: Some(own.name()), receive_timeout: Some(Timeout(0)), ..Operation::default() };
        let mut bytes = Vec::new();
        // A call that waits for an answer is not sent to oneself.
        let _ = self.task.mach_msg(AbiId::GnumachI386, operation, PortName::NULL, &mut bytes, 512);
        bytes
    }

    /// Sends a recorded call to another port.
    fn send(&mut self, name: PortName, mut bytes: Vec<u8>) {
        if bytes.len() < 24 {
            return;
        }
        let complex = u32::from_le_bytes(bytes[..4].try_into().unwrap()) & 1 << 31;
        let disposition = self.dice.one(&[Disposition::COPY_SEND, Disposition::COPY_SEND, Disposition::MAKE_SEND]);
        bytes[..4].copy_from_slice(&(complex | u32::from(disposition.0)).to_le_bytes());
        bytes[8..12].copy_from_slice(&name.0.to_le_bytes());
        bytes[12..16].fill(0);
        self.raw(bytes);
    }

    fn raw(&self, mut bytes: Vec<u8>) {
        let operation = Operation { send: true, send_timeout: Some(Timeout(0)), ..Operation::default() };
        let _ = self.task.mach_msg(AbiId::GnumachI386, operation, PortName::NULL, &mut bytes, 0);
    }

    /// A call with some of its bytes changed, and maybe one that was made long ago.
    fn mutant(&mut self, name: PortName) {
        let bytes = self.record();
        self.old.push(bytes);
        let which = self.dice.below(self.old.len() as u64) as usize;
        let mut bytes = self.old[which].clone();
        if bytes.len() <= 24 {
            return;
        }
        for _ in 0..self.dice.below(4) {
            let at = 24 + self.dice.below(bytes.len() as u64 - 24) as usize;
            match self.dice.below(4) {
                0 => bytes[at] ^= 1 << self.dice.below(8),
                1 => bytes[at] = self.dice.below(256) as u8,
                2 => bytes[at & !3..][..4].copy_from_slice(&name.0.to_le_bytes()),
                // What it calls: any routine of the kernel near those of managers.
                _ => bytes[20..24].copy_from_slice(&(2030 + self.dice.below(70) as u32).to_le_bytes()),
            }
        }
        if self.dice.below(6) == 0 {
            let length = (24 + self.dice.below(bytes.len() as u64 - 23) as usize) & !3;
            bytes.truncate(length);
        }
        self.send(name, bytes);
    }

    /// One reference more.
    fn keep(&mut self, name: PortName) {
        let own = self.task.self_port();
        let _ = mach_port::mach_port_mod_refs(&own, name, RightKind::SEND, 1);
    }

    /// One reference less, or now and then all that there is: with its receive right an object dies.
    fn lose(&mut self, name: PortName) {
        let own = self.task.self_port();
        if name == own.name() {
            return;
        }
        let _ = mach_port::mach_port_deallocate(&own, name);
        if self.dice.below(200) == 0 {
            let _ = mach_port::mach_port_destroy(&own, name);
        }
    }
}

/// Some call of the protocol.
fn call(dice: &mut Dice, to: &SendRight<Task>, reply: &ReceiveRight<Task>) -> Result<()> {
    let (at, size, lock) = (Address(dice.one(&OFFSETS)), Size(dice.one(&SIZES)), Protection(dice.one(&LOCKS)));
    let strategy = CopyStrategy(dice.one(&STRATEGIES));
    let (first, second) = (dice.flip(), dice.flip());
    let data = vec![dice.below(0x40) as u8; dice.one(&LENGTHS) as usize];
    match dice.below(12) {
        0 | 1 => mach::memory_object_data_supply(to, at, (&data[..]).into(), lock, first, reply),
        2 => mach::memory_object_data_provided(to, at, &data, lock),
        3 => mach::memory_object_data_unavailable(to, at, size),
        4 => mach::memory_object_data_error(to, at, size, Err(KernReturn::FAILURE)),
        5 | 6 => {
            let returned = MemoryObjectReturn(dice.one(&[0, 1, 2, 3, -1]));
            mach::memory_object_lock_request(to, at, size, returned, first, lock, reply)
        }
        7 => mach::memory_object_set_attributes(to, first, second, strategy),
        8 | 9 => mach::memory_object_ready(to, first, strategy),
        10 => mach::memory_object_change_attributes(to, first, strategy, reply),
        _ if dice.below(60) == 0 => mach::memory_object_destroy(to, Ok(())),
        _ => mach::memory_object_ready(to, true, CopyStrategy::DELAY),
    }
}
