//! The manager's side of the protocol: both forms of it are written down alike.

use std::sync::Arc;

use generated::mach3::memory_object::MemoryObjectServer;
use generated::mach3::notify::NotifyServer;
use generated::mach3::seqnos_memory_object::SeqnosMemoryObjectServer;
use generated::mach3::types::CopyStrategy;
use mig_rt::{Address, KernReturn, PortName, Protection, ReceiveRight, Region, SendRight, Size};
use runtime_kernel::Task;

use super::asked::{Asked, Heard};
use super::manager::{Answer, Shared};

/// Who serves the objects of a manager.
pub(crate) struct Desk {
    pub(super) shared: Arc<Shared>,
    pub(super) answer: Answer,
    /// Whether messages are served with their sequence numbers.
    pub(super) counts: bool,
}

type Done = Result<(), KernReturn>;

impl Desk {
    /// Writes a message down, and answers it.
    fn hear(&mut self, port: PortName, seqno: Option<u32>, asked: Asked) -> Done {
        assert_eq!(seqno.is_some(), self.counts && !matches!(asked, Asked::Unanswered));
        let object = self.shared.find(port);
        self.shared.hear(Heard { object: object.clone(), asked: asked.clone(), seqno });
        (self.answer)(&object, &asked);
        Ok(())
    }

    /// The same of a message that says which cache it is about.
    fn hear_of(&mut self, port: PortName, seqno: Option<u32>, control: &SendRight<Task>, asked: Asked) -> Done {
        assert!(self.shared.find(port).knows(control.name()), "a control port that no init brought");
        self.hear(port, seqno, asked)
    }

    fn init(
        &mut self,
        port: PortName,
        seqno: Option<u32>,
        control: SendRight<Task>,
        name: SendRight<Task>,
        page_size: Size,
    ) -> Done {
        self.shared.find(port).begin(control, name);
        self.hear(port, seqno, Asked::Init { page_size: page_size.0 })
    }

    fn terminate(
        &mut self,
        port: PortName,
        seqno: Option<u32>,
        control: ReceiveRight<Task>,
        name: ReceiveRight<Task>,
    ) -> Done {
        self.shared.find(port).end(control, name);
        self.hear(port, seqno, Asked::Terminate)
    }

    fn copied(
        &mut self,
        port: PortName,
        seqno: Option<u32>,
        control: &SendRight<Task>,
        (offset, length): (Address, Size),
        new: ReceiveRight<Task>,
    ) -> Done {
        let new = self.shared.add(&format!("copy{}", self.shared.objects()), new);
        self.hear_of(port, seqno, control, Asked::Copy { offset: offset.0, length: length.0, new })
    }
}

fn bytes(data: &Region<Task, u8>) -> Vec<u8> {
    data.bytes().unwrap().to_vec()
}

/// The methods of both forms: the same with and without a number.
macro_rules! protocol {
    ($($seqno:ident: $type:ty)?) => {
        fn memory_object_init(
            &mut self, port: PortName, $($seqno: $type,)? control: SendRight<Task>, name: SendRight<Task>, size: Size,
        ) -> Done {
            self.init(port, protocol!(@ $($seqno)?), control, name, size)
        }

        fn memory_object_terminate(
            &mut self, port: PortName, $($seqno: $type,)? control: ReceiveRight<Task>, name: ReceiveRight<Task>,
        ) -> Done {
            self.terminate(port, protocol!(@ $($seqno)?), control, name)
        }

        fn memory_object_copy(
            &mut self, port: PortName, $($seqno: $type,)? control: SendRight<Task>, offset: Address, length: Size,
            new: ReceiveRight<Task>,
        ) -> Done {
            self.copied(port, protocol!(@ $($seqno)?), &control, (offset, length), new)
        }

        fn memory_object_data_request(
            &mut self, port: PortName, $($seqno: $type,)? control: SendRight<Task>, offset: Address, length: Size,
            access: Protection,
        ) -> Done {
            let asked = Asked::Request { offset: offset.0, length: length.0, access };
            self.hear_of(port, protocol!(@ $($seqno)?), &control, asked)
        }

        fn memory_object_data_unlock(
            &mut self, port: PortName, $($seqno: $type,)? control: SendRight<Task>, offset: Address, length: Size,
            access: Protection,
        ) -> Done {
            let asked = Asked::Unlock { offset: offset.0, length: length.0, access };
            self.hear_of(port, protocol!(@ $($seqno)?), &control, asked)
        }

        fn memory_object_data_write(
            &mut self, port: PortName, $($seqno: $type,)? control: SendRight<Task>, offset: Address,
            data: Region<Task, u8>,
        ) -> Done {
            let asked = Asked::Write { offset: offset.0, data: bytes(&data) };
            self.hear_of(port, protocol!(@ $($seqno)?), &control, asked)
        }

        fn memory_object_lock_completed(
            &mut self, port: PortName, $($seqno: $type,)? control: SendRight<Task>, offset: Address, length: Size,
        ) -> Done {
            let asked = Asked::LockCompleted { offset: offset.0, length: length.0 };
            self.hear_of(port, protocol!(@ $($seqno)?), &control, asked)
        }

        fn memory_object_supply_completed(
            &mut self, port: PortName, $($seqno: $type,)? control: SendRight<Task>, offset: Address, length: Size,
            result: Done, error_offset: Address,
        ) -> Done {
            let (offset, length, error_offset) = (offset.0, length.0, error_offset.0);
            let asked = Asked::SupplyCompleted { offset, length, result, error_offset };
            self.hear_of(port, protocol!(@ $($seqno)?), &control, asked)
        }

        fn memory_object_data_return(
            &mut self, port: PortName, $($seqno: $type,)? control: SendRight<Task>, offset: Address,
            data: Region<Task, u8>, dirty: bool, kept: bool,
        ) -> Done {
            let asked = Asked::Return { offset: offset.0, data: bytes(&data), dirty, kept };
            self.hear_of(port, protocol!(@ $($seqno)?), &control, asked)
        }

        fn memory_object_change_completed(
            &mut self, port: PortName, $($seqno: $type,)? may_cache: bool, strategy: CopyStrategy,
        ) -> Done {
            self.hear(port, protocol!(@ $($seqno)?), Asked::ChangeCompleted { may_cache, strategy })
        }
    };
    (@) => { None };
    (@ $seqno:ident) => { Some($seqno) };
}

#[rustfmt::skip]
impl MemoryObjectServer<Task> for Desk {
    protocol! {}
}

#[rustfmt::skip]
impl SeqnosMemoryObjectServer<Task> for Desk {
    protocol! { seqno: u32 }
}

impl NotifyServer<Task> for Desk {
    fn mach_notify_send_once(&mut self, port: PortName) -> Done {
        self.hear(port, None, Asked::Unanswered)
    }
}
