//! Operations that move rights in messages, by hand: stubs would not send what is wrong.

use generated::{darwin, mach3};
use mig_rt::{Address, Disposition, Left, Memory, MsgId, MsgReturn, PortName, Transport};

use super::drive::{Checked, Pair, same};
use super::messages::{Enclosed, Letter, Named, Sent, TRAILER, size};
use super::operation::Name;
use super::ports::{Item, Message, Right};
use super::wire::{self, Part, Parts};

/// How a right looks that has arrived.
fn arrived(it: Right) -> Disposition {
    match it {
        Right::Null | Right::Dead => Disposition::NONE,
        Right::Receive(_) => Disposition::MOVE_RECEIVE,
        Right::Send(_) => Disposition::MOVE_SEND,
        Right::Once(_) => Disposition::MOVE_SEND_ONCE,
    }
}

impl Pair {
    /// A request to the kernel: the right that its answer brings, if it does.
    fn call(&self, task: usize, mach3: MsgId, darwin: MsgId, body: Vec<Part>) -> Result<u32, i32> {
        let (slot, abi) = (&self.slots[task], self.model.abis[task]);
        let remote = (slot.me.name().0, Disposition::COPY_SEND);
        let local = (slot.reply.0, Disposition::MAKE_SEND_ONCE);
        let id = if wire::is_untyped(abi) { darwin } else { mach3 };
        let complex = body.iter().any(|it| matches!(it, Part::Right(_)));
        let mut bytes = Parts { complex, remote, local, id: id.0 as u32, body }.write(abi);
        let reply = Some(slot.reply);
        let arrived = match self.msg(task, &mut bytes, (true, reply), (4096, false), None) {
            Ok(it) => it,
            Err(why) => {
                // The reply right was released with the request, and says so to the reply port.
                self.msg(task, &mut bytes, (false, reply), (4096, false), None).map_err(|it| it.code.code())?;
                return Err(why.code.code());
            }
        };
        let body = Parts::read(arrived.abi, &bytes[..arrived.size as usize]).body;
        // An untyped answer with rights has no code.
        let (code, rest) = match body.first() {
            Some(Part::Word(code)) => (*code as i32, &body[1..]),
            _ => (0, &body[..]),
        };
        match (code, rest.first()) {
            (0, Some(Part::Right((name, _)))) => Ok(*name),
            (0, _) => Ok(0),
            (code, _) => Err(code),
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
    fn take_result(&mut self, task: usize, kernel: Result<u32, i32>, model: Result<Right, i32>) -> Checked {
        same("result", kernel.map(drop), model.map(drop))?;
        // What follows from a call is done before its answer is read.
        self.model.settle();
        match (kernel, model) {
            (Ok(name), Ok(right)) => self.model.give(task, right, name),
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
        let body = vec![Part::Name(name), Part::Word(id), Part::Word(sync), Part::Right(notify)];
        let mach3 = mach3::mach_port::MACH_PORT_REQUEST_NOTIFICATION;
        let kernel = self.call(task, mach3, darwin::mach_port::MACH_PORT_REQUEST_NOTIFICATION, body);
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
        let (mach3, darwin) = (mach3::mach_port::MACH_PORT_INSERT_RIGHT, darwin::mach_port::MACH_PORT_INSERT_RIGHT);
        let kernel = self.call(task, mach3, darwin, vec![Part::Name(name), Part::Right(poly)]);
        let model = self.take_right(task, poly);
        let model = model.and_then(|it| self.model.insert(task, name, it).map_err(|it| it.code()));
        same("result", kernel.map(drop), model)
    }

    pub(super) fn extract(&mut self, task: usize, right: (Name, Disposition)) -> Checked {
        let named = self.named(task, right);
        let (mach3, darwin) = (mach3::mach_port::MACH_PORT_EXTRACT_RIGHT, darwin::mach_port::MACH_PORT_EXTRACT_RIGHT);
        let body = vec![Part::Name(named.0), Part::Word(named.1.0.into())];
        let kernel = self.call(task, mach3, darwin, body);
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
        // What was sent or came back is elsewhere, and its addresses may mean something else.
        let kept = kernel.as_ref().is_err_and(|it| matches!(it.left, Left::Untouched | Left::Unknown));
        if let Some((at, size)) = region.filter(|_| kept) {
            self.slots[task].task.unlend(at, size);
        }
        let kernel = kernel.map(drop).map_err(|it| it.code);
        match self.model.send(task, &letter) {
            Sent::Done => same("result", kernel, Ok(())),
            Sent::WillNotify => same("result", kernel, Err(MsgReturn::SEND_WILL_NOTIFY)),
            Sent::Refused(code) => same("result", kernel, Err(code)),
            Sent::Back(code, message) => {
                same("result", kernel, Err(code))?;
                let back = Parts::read(message.abi, &bytes);
                let bits = (arrived(message.to), arrived(message.reply), complex(&message));
                same("bits of what came back", (back.remote.1, back.local.1, back.complex), bits)?;
                self.model.give(task, message.to, back.remote.0)?;
                self.model.give(task, message.reply, back.local.0)?;
                self.compare_body(task, &message, &back.body)
            }
        }
    }

    /// A message's bytes, and the memory that it sends.
    fn write(&self, task: usize, letter: &Letter) -> (Vec<u8>, Option<(Address, usize)>) {
        let mut region = None;
        let body = letter.body.iter().map(|it| match it {
            Enclosed::Right(it) => Part::Right(*it),
            Enclosed::Memory(size, byte) => {
                let via = &self.slots[task].task;
                let at = via.surrender(via.allocate(*size, &mut |it| it.fill(*byte)).unwrap());
                region = Some((at, *size));
                Part::Memory(at, *size)
            }
        });
        let body: Vec<Part> = body.collect();
        let complex = !body.is_empty();
        let parts = Parts { complex, remote: letter.to, local: letter.reply, id: letter.id, body };
        (parts.write(self.model.abis[task]), region)
    }

    pub(super) fn receive(&mut self, task: usize, name: Name, room: (usize, bool)) -> Checked {
        let name = self.pick(task, name);
        let mut bytes = Vec::new();
        let kernel = self.msg(task, &mut bytes, (false, Some(PortName(name))), room, None);
        let model = self.model.receive(task, name, room);
        let result = kernel.as_ref().map(drop).map_err(|it| it.code);
        same("result", result, model.as_ref().map(drop).map_err(|it| *it))?;
        let (Ok(it), Ok((message, sequence))) = (kernel, model) else { return Ok(()) };
        let trailer = if wire::is_untyped(message.abi) { TRAILER as u32 } else { 0 };
        same("ABI, size, and size of the trailer", (it.abi, it.size as usize, it.trailer), {
            (message.abi, size(&message), trailer)
        })?;
        same("sequence number", wire::sequence(it.abi, &bytes, it.size as usize), sequence)?;
        let (Right::Send(id) | Right::Once(id)) = message.to else { return Err("it came from nowhere".to_owned()) };
        let parts = Parts::read(it.abi, &bytes[..it.size as usize]);
        let local = (self.model.ports[&id].home.map_or(0, |it| it.1), arrived(message.to));
        let head = (local, arrived(message.reply), complex(&message), message.id);
        same("header", (parts.local, parts.remote.1, parts.complex, parts.id), head)?;
        self.model.arrive(message.to);
        self.model.give(task, message.reply, parts.remote.0)?;
        self.compare_body(task, &message, &parts.body)
    }

    /// Compares what a message brought, and gives its rights to the task.
    fn compare_body(&mut self, task: usize, message: &Message, parts: &[Part]) -> Checked {
        same("parts", parts.len(), message.body.len())?;
        for (item, part) in message.body.iter().zip(parts) {
            match (item, part) {
                (Item::Right(it), Part::Right((name, how))) => {
                    if arrived(*it) != Disposition::NONE {
                        same("type of a right", *how, arrived(*it))?;
                    }
                    self.model.give(task, *it, *name)?;
                }
                (Item::Word(it), Part::Word(word)) => same("number", word, it)?,
                (Item::Memory(data), Part::Memory(at, size)) => {
                    same("size of memory", *size, data.len())?;
                    let via = &self.slots[task].task;
                    // SAFETY: the message's memory, taken once.
                    #[allow(unsafe_code, reason = "the message is read by hand")]
                    let memory = unsafe { via.adopt(*at, data.len()) };
                    same("memory", memory.bytes().unwrap(), &data[..])?;
                }
                other => return Err(format!("an item has become another: {other:x?}")),
            }
        }
        Ok(())
    }
}

fn complex(message: &Message) -> bool {
    message.body.iter().any(|it| !matches!(it, Item::Word(_)))
}
