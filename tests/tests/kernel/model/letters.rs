//! Operations that move rights in messages, by hand: stubs would not send what is wrong.

use mig_rt::{Address, Disposition, Memory, MsgReturn, PortName, Transport};

use super::drive::{Checked, Pair, same};
use super::messages::{Enclosed, Letter, Named, Sent, size};
use super::operation::Name;
use super::ports::{Item, Message, Right};

/// Ids of `mach_port`.
const REQUEST_NOTIFICATION: u32 = 3214;
const INSERT_RIGHT: u32 = 3215;
const EXTRACT_RIGHT: u32 = 3216;

/// Type words: a number, a name that is only a number, a right, bytes out of line that move.
const NUMBER: u32 = 0x1001_2002;
const PORT_NAME: u32 = 0x1001_200f;
const RIGHT: u32 = 0x1001_2000;
const BYTES: u32 = 0x4000_0809;
const COMPLEX: u32 = 1 << 31;

fn right((name, how): Named) -> [u32; 2] {
    [RIGHT | u32::from(how.0), name]
}

fn bytes_of(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|it| it.to_le_bytes()).collect()
}

fn words_of(bytes: &[u8]) -> Vec<u32> {
    bytes.chunks_exact(4).map(|it| u32::from_le_bytes([it[0], it[1], it[2], it[3]])).collect()
}

/// How a right looks that has arrived.
fn arrived(it: Right) -> u32 {
    match it {
        Right::Null | Right::Dead => 0,
        Right::Receive(_) => 16,
        Right::Send(_) => 17,
        Right::Once(_) => 18,
    }
}

impl Pair {
    /// A request to the kernel: the words of the reply behind its code.
    fn call(&self, task: usize, id: u32, body: &[u32]) -> Result<Vec<u32>, i32> {
        let slot = &self.slots[task];
        let size = 24 + body.len() as u32 * 4;
        let head = [19 | 21 << 8 | COMPLEX, size, slot.me.name().0, slot.reply.0, 0, id];
        let mut bytes = bytes_of(&[&head[..], body].concat());
        let reply = Some(slot.reply);
        if let Err(why) = self.msg(task, &mut bytes, (true, reply), (4096, false), None) {
            // The reply right was released with the request, and says so to the reply port.
            self.msg(task, &mut bytes, (false, reply), (4096, false), None).map_err(|it| it.code.code())?;
            return Err(why.code.code());
        }
        let words = words_of(&bytes);
        match words[7] {
            0 => Ok(words[8..].to_vec()),
            code => Err(code as i32),
        }
    }

    /// Takes a right for a request to the kernel, as a message does.
    fn take_right(&mut self, task: usize, named: Named) -> Result<Right, i32> {
        match named.0 {
            0 => Ok(Right::Null),
            u32::MAX => Ok(Right::Dead),
            _ if self.model.can_take(task, named) => Ok(self.model.take(task, named)),
            _ => Err(MsgReturn::SEND_INVALID_RIGHT.code()),
        }
    }

    /// The result of a call that gives a right back.
    fn take_result(&mut self, task: usize, kernel: Result<Vec<u32>, i32>, model: Result<Right, i32>) -> Checked {
        same("result", kernel.clone().map(drop), model.map(drop))?;
        // What follows from a call is done before its answer is read.
        self.model.settle();
        match (kernel, model) {
            (Ok(words), Ok(right)) => self.model.give(task, right, words[1]),
            _ => Ok(()),
        }
    }

    pub(super) fn request(
        &mut self,
        task: usize,
        name: Name,
        (id, sync): (u32, u32),
        notify: (Name, Disposition),
    ) -> Checked {
        let (name, notify) = (self.pick(task, name), self.named(task, notify));
        let [kind, to] = right(notify);
        let body = [PORT_NAME, name, NUMBER, id, NUMBER, sync, kind, to];
        let kernel = self.call(task, REQUEST_NOTIFICATION, &body);
        let model = self.take_right(task, notify);
        let model = model.and_then(|it| self.model.request(task, name, id, sync, it).map_err(|it| it.code()));
        self.take_result(task, kernel, model)
    }

    pub(super) fn insert(&mut self, task: usize, name: Name, poly: (Name, Disposition)) -> Checked {
        let (name, poly) = (self.pick(task, name), self.named(task, poly));
        if !(16..=21).contains(&poly.1.0) {
            // It would be no right, and another message.
            return Ok(());
        }
        let [kind, right] = right(poly);
        let kernel = self.call(task, INSERT_RIGHT, &[PORT_NAME, name, kind, right]);
        let model = self.take_right(task, poly);
        let model = model.and_then(|it| self.model.insert(task, name, it).map_err(|it| it.code()));
        same("result", kernel.map(drop), model)
    }

    pub(super) fn extract(&mut self, task: usize, right: (Name, Disposition)) -> Checked {
        let named = self.named(task, right);
        let kernel = self.call(task, EXTRACT_RIGHT, &[PORT_NAME, named.0, NUMBER, named.1.0.into()]);
        let model = self.model.extract(task, named).map_err(|it| it.code());
        self.take_result(task, kernel, model)
    }

    pub(super) fn send(
        &mut self,
        task: usize,
        (to, reply): ((Name, Disposition), (Name, Disposition)),
        rights: &[(Name, Disposition)],
        memory: Option<usize>,
        notify: Option<Name>,
    ) -> Checked {
        let rights = rights.iter().filter(|it| (16..=21).contains(&it.1.0));
        let mut body: Vec<Enclosed> = rights.map(|it| Enclosed::Right(self.named(task, *it))).collect();
        let id = self.model.number();
        body.extend(memory.map(|it| Enclosed::Memory(it % 4000, id as u8)));
        let notify = notify.map(|it| self.pick(task, it));
        let letter = Letter { to: self.named(task, to), reply: self.named(task, reply), id, body, notify };
        let (mut bytes, region) = self.write(task, &letter);
        let kernel = self.msg(task, &mut bytes, (true, None), (0, false), letter.notify);
        if let Some(at) = region {
            self.slots[task].task.unlend(at, 0);
        }
        let kernel = kernel.map_err(|it| it.code);
        match self.model.send(task, &letter) {
            Sent::Done => same("result", kernel, Ok(())),
            Sent::WillNotify => same("result", kernel, Err(MsgReturn::SEND_WILL_NOTIFY)),
            Sent::Refused(code) => same("result", kernel, Err(code)),
            Sent::Back(code, message) => {
                same("result", kernel, Err(code))?;
                let words = words_of(&bytes);
                let bits = arrived(message.to) | arrived(message.reply) << 8 | complex(&message);
                same("bits of what came back", words[0], bits)?;
                self.model.give(task, message.to, words[2])?;
                self.model.give(task, message.reply, words[3])?;
                self.compare_body(task, &message, &words)
            }
        }
    }

    /// A message's bytes, and the memory that it sends.
    fn write(&self, task: usize, letter: &Letter) -> (Vec<u8>, Option<Address>) {
        let bits = u32::from(letter.to.1.0) | u32::from(letter.reply.1.0) << 8;
        let complex = if letter.body.is_empty() { 0 } else { COMPLEX };
        let size = 24 + letter.body.len() as u32 * 8;
        let mut words = vec![bits | complex, size, letter.to.0, letter.reply.0, 0, letter.id];
        let mut region = None;
        for it in &letter.body {
            match it {
                Enclosed::Right(it) => words.extend(right(*it)),
                Enclosed::Memory(size, byte) => {
                    let via = &self.slots[task].task;
                    let at = via.surrender(via.allocate(*size, &mut |it| it.fill(*byte)).unwrap());
                    region = Some(at);
                    words.extend([BYTES | (*size as u32) << 16, at.0 as u32]);
                }
            }
        }
        (bytes_of(&words), region)
    }

    pub(super) fn receive(&mut self, task: usize, name: Name, room: (usize, bool)) -> Checked {
        let name = self.pick(task, name);
        let mut bytes = Vec::new();
        let kernel = self.msg(task, &mut bytes, (false, Some(PortName(name))), room, None);
        let model = self.model.receive(task, name, room);
        same("result", kernel.map_err(|it| it.code), model.as_ref().map(drop).map_err(|it| *it))?;
        let Ok((message, sequence)) = model else { return Ok(()) };
        let words = words_of(&bytes);
        let bits = arrived(message.to) << 8 | arrived(message.reply) | complex(&message);
        let (Right::Send(id) | Right::Once(id)) = message.to else { return Err("it came from nowhere".to_owned()) };
        let local = self.model.ports[&id].home.map_or(0, |it| it.1);
        let head = [bits, size(&message) as u32, words[2], local, sequence, message.id];
        same("header", &words[..6], &head)?;
        self.model.arrive(message.to);
        self.model.give(task, message.reply, words[2])?;
        self.compare_body(task, &message, &words)
    }

    /// Compares what a message brought, and gives its rights to the task.
    fn compare_body(&mut self, task: usize, message: &Message, words: &[u32]) -> Checked {
        same("size", words.len(), 6 + 2 * message.body.len())?;
        for (item, words) in message.body.iter().zip(words[6..].chunks(2)) {
            match item {
                Item::Right(it) => {
                    if arrived(*it) != 0 {
                        same("type of a right", words[0], RIGHT | arrived(*it))?;
                    }
                    self.model.give(task, *it, words[1])?;
                }
                Item::Word(it) => same("number", words[1], *it)?,
                Item::Memory(data) => {
                    same("type of memory", words[0], BYTES | (data.len() as u32) << 16)?;
                    let via = &self.slots[task].task;
                    // SAFETY: the message's memory, taken once.
                    #[allow(unsafe_code, reason = "the message is read by hand")]
                    let memory = unsafe { via.adopt(Address(words[1].into()), data.len()) };
                    same("memory", memory.bytes().unwrap(), &data[..])?;
                }
            }
        }
        Ok(())
    }
}

fn complex(message: &Message) -> u32 {
    if message.body.iter().any(|it| !matches!(it, Item::Word(_))) { COMPLEX } else { 0 }
}
