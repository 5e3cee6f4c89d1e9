//! Operations, chosen by a seed. They name things by what they are, so that a list of them stays a program when some are
//! left out.

use mig_rt::{AbiId, Disposition, RightKind};

use super::calls::DISPOSITIONS;

/// Tasks of a world.
pub(crate) const TASKS: usize = 8;

/// Which name of a task: the n-th of those that are such, or of all.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Name {
    Any(u8),
    Send(u8),
    Receive(u8),
    Once(u8),
    Set(u8),
    Dead(u8),
    /// One of few that the kernel did not choose, whether it is in use or not.
    Chosen(u8),
    Null,
    /// `MACH_PORT_DEAD`
    Invalid,
}

type Named = (Name, Disposition);

#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Act {
    Allocate(RightKind),
    AllocateName(RightKind, Name),
    Rename(Name, Name),
    Destroy(Name),
    Deallocate(Name),
    ModRefs(Name, RightKind, i32),
    GetRefs(Name, RightKind),
    SetLimit(Name, u32),
    SetMade(Name, u32),
    SetSequence(Name, u32),
    Status(Name),
    Members(Name),
    MoveMember(Name, Name),
    Request {
        name: Name,
        id: u32,
        sync: u32,
        notify: Named,
    },
    Insert(Name, Named),
    Extract(Named),
    /// A send right to another task.
    Give(Name, usize),
    Send {
        to: Named,
        reply: Named,
        rights: Vec<Named>,
        memory: Option<usize>,
        notify: Option<Name>,
    },
    Receive {
        name: Name,
        limit: usize,
        large: bool,
    },
    /// The task ends, and another begins.
    Kill,
    /// Every name is looked at.
    Look,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Operation {
    pub(crate) task: usize,
    pub(crate) act: Act,
}

/// Numbers by xorshift.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Random {
        Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(crate) fn below(&mut self, end: u32) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        ((self.0 >> 16) % u64::from(end)) as u32
    }

    /// One of every task, which are mostly not the same.
    pub(crate) fn abis(&mut self) -> [AbiId; TASKS] {
        [(); TASKS].map(|()| self.pick(&AbiId::ALL))
    }

    fn one_in(&mut self, n: u32) -> bool {
        self.below(n) == 0
    }

    fn pick<X: Copy>(&mut self, from: &[X]) -> X {
        from[self.below(from.len() as u32) as usize]
    }

    fn byte(&mut self) -> u8 {
        self.below(256) as u8
    }

    fn kind(&mut self) -> RightKind {
        RightKind(self.below(6))
    }

    fn any(&mut self) -> Name {
        let byte = self.byte();
        match self.below(24) {
            0 => Name::Null,
            1 => Name::Invalid,
            2..=4 => Name::Chosen(byte % 6),
            5 | 6 => Name::Dead(byte),
            7..=11 => Name::Receive(byte),
            12..=15 => Name::Send(byte),
            _ => Name::Any(byte),
        }
    }

    /// Mostly one of a kind.
    fn name(&mut self, kind: fn(u8) -> Name) -> Name {
        if self.one_in(8) { self.any() } else { kind(self.byte()) }
    }

    fn chosen(&mut self) -> Name {
        self.name(|it| Name::Chosen(it % 6))
    }

    /// A disposition, and mostly a name that has such a right.
    fn named(&mut self, how: Disposition) -> Named {
        let name = match how {
            Disposition::MOVE_SEND | Disposition::COPY_SEND if self.one_in(6) => Name::Dead(self.byte()),
            Disposition::MOVE_SEND | Disposition::COPY_SEND => self.name(Name::Send),
            Disposition::MOVE_SEND_ONCE => self.name(Name::Once),
            _ => self.name(Name::Receive),
        };
        (name, how)
    }

    fn right(&mut self) -> Named {
        let how = if self.one_in(40) { Disposition(self.below(32) as u8) } else { self.pick(&DISPOSITIONS) };
        self.named(how)
    }

    fn destination(&mut self) -> Named {
        let how = match self.below(20) {
            0 => Disposition(self.below(32) as u8),
            1..=6 => Disposition::MAKE_SEND,
            7..=12 => Disposition::COPY_SEND,
            13..=15 => Disposition::MOVE_SEND,
            16 => Disposition::MAKE_SEND_ONCE,
            _ => Disposition::MOVE_SEND_ONCE,
        };
        self.named(how)
    }

    fn send(&mut self) -> Act {
        let to = self.destination();
        let reply = match self.below(8) {
            0..=2 => (Name::Null, Disposition::NONE),
            // One name twice.
            3 => (to.0, self.pick(&DISPOSITIONS)),
            _ => self.destination(),
        };
        let rights = (0..self.below(4)).map(|_| self.right()).collect();
        let memory = self.one_in(4).then(|| self.below(9000) as usize);
        let notify = self.one_in(4).then(|| self.name(Name::Receive));
        Act::Send { to, reply, rights, memory, notify }
    }

    fn receive(&mut self) -> Act {
        let name = if self.one_in(3) { self.name(Name::Set) } else { self.name(Name::Receive) };
        let limit = if self.one_in(10) { 24 + 8 * self.below(3) as usize } else { 4096 };
        Act::Receive { name, limit, large: self.one_in(3) }
    }

    fn references(&mut self) -> Act {
        let delta = match self.below(12) {
            0 => self.pick(&[65_533, 65_534, 65_535, 30_000, i32::MAX, i32::MIN, -65_535]),
            1 => 0,
            2 | 3 => self.below(7) as i32 - 3,
            4 | 5 => 1,
            _ => -1,
        };
        match self.below(8) {
            0 => Act::ModRefs(self.any(), self.kind(), delta),
            1 | 2 => Act::ModRefs(self.name(Name::Send), RightKind::SEND, delta),
            3 => Act::ModRefs(self.name(Name::Once), RightKind::SEND_ONCE, delta),
            4 => Act::ModRefs(self.name(Name::Dead), RightKind::DEAD_NAME, delta),
            5 => Act::ModRefs(self.name(Name::Set), RightKind::PORT_SET, delta),
            _ => Act::ModRefs(self.name(Name::Receive), RightKind::RECEIVE, delta),
        }
    }

    fn request(&mut self) -> Act {
        let id = if self.one_in(30) { self.below(80) } else { self.pick(&[66, 66, 69, 70, 70, 72, 72, 72]) };
        let name = if matches!(id, 66 | 72) { self.name(Name::Any) } else { self.name(Name::Receive) };
        let sync = if self.one_in(3) { self.below(4) } else { 0 };
        let notify = match self.below(10) {
            0 => (Name::Null, Disposition::MAKE_SEND_ONCE),
            1 => (Name::Invalid, Disposition::MAKE_SEND_ONCE),
            2 => (self.name(Name::Once), Disposition::MOVE_SEND_ONCE),
            _ => (self.name(Name::Receive), Disposition::MAKE_SEND_ONCE),
        };
        Act::Request { name, id, sync, notify }
    }

    fn act(&mut self) -> Act {
        match self.below(200) {
            0..=13 => Act::Allocate(self.pick(&[RightKind::RECEIVE; 4])),
            14..=17 => Act::Allocate(RightKind::PORT_SET),
            18 => Act::Allocate(self.kind()),
            19..=22 => Act::AllocateName(self.pick(&[RightKind::RECEIVE, RightKind::PORT_SET]), self.chosen()),
            23 => Act::AllocateName(self.kind(), self.any()),
            24..=27 => Act::Rename(self.name(Name::Any), self.chosen()),
            28..=33 => Act::Destroy(self.any()),
            34..=41 => Act::Deallocate(self.any()),
            42..=57 => self.references(),
            58..=60 => Act::GetRefs(self.any(), self.kind()),
            61..=64 => Act::SetLimit(self.name(Name::Receive), self.below(18)),
            65 | 66 => Act::SetMade(self.name(Name::Receive), self.pick(&[0, 1, 7, u32::MAX])),
            67 | 68 => Act::SetSequence(self.name(Name::Receive), self.pick(&[0, 9, u32::MAX])),
            69..=74 => Act::Status(self.name(Name::Receive)),
            75..=77 => Act::Members(self.name(Name::Set)),
            78..=82 => Act::MoveMember(self.name(Name::Receive), self.name(Name::Set)),
            83 | 84 => Act::MoveMember(self.name(Name::Receive), Name::Null),
            85..=99 => self.request(),
            100..=105 => Act::Insert(self.chosen(), self.right()),
            106 | 107 => Act::Insert(self.any(), self.right()),
            108..=112 => Act::Extract(self.right()),
            113..=120 => Act::Give(self.name(Name::Receive), self.below(TASKS as u32) as usize),
            121..=164 => self.send(),
            165..=196 => self.receive(),
            197 if self.one_in(2) => Act::Kill,
            _ => Act::Look,
        }
    }

    pub(crate) fn operation(&mut self) -> Operation {
        Operation { task: self.below(TASKS as u32) as usize, act: self.act() }
    }
}
