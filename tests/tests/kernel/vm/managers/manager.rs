//! A memory manager that writes down what it is asked, and answers as it is told.

use std::sync::{Arc, Mutex};

use generated::mach3::types::CopyStrategy;
use generated::mach3::{mach_port, memory_object, notify, seqnos_memory_object};
use mig_rt::{MsgReturn, PortName, Receive, ReceiveRight, RightKind, SendRight, Subsystem, Timeout, serve, serve_once};
use runtime_kernel::{Task, Thread};

use super::asked::{Asked, Heard};
use super::desk::Desk;
use super::object::Object;

/// Bytes that no message of the protocol exceeds.
const MAX: usize = 512;

/// What a manager does about what it is asked, at once.
pub(crate) type Answer = Box<dyn FnMut(&Arc<Object>, &Asked) + Send>;

/// A manager: a task, its objects, and what it has heard of them.
pub(crate) struct Manager {
    pub(crate) task: Task,
    desk: Desk,
}

/// What the manager and whoever looks at it have together.
pub(crate) struct Shared {
    pub(super) task: Task,
    /// Whose ports are those of the objects.
    set: PortName,
    objects: Mutex<Vec<Arc<Object>>>,
    heard: Mutex<Vec<Heard>>,
}

impl Shared {
    /// Receives what comes for an object.
    pub(super) fn add(&self, name: &str, port: ReceiveRight<Task>) -> Arc<Object> {
        let (abi, own) = (self.task.abi(), self.task.self_port());
        mach_port::any::mach_port_move_member(abi, &own, port.name(), self.set).unwrap();
        let object = Arc::new(Object::new(name, port));
        self.objects.lock().unwrap().push(object.clone());
        object
    }

    /// The object with this port.
    pub(super) fn find(&self, port: PortName) -> Arc<Object> {
        let objects = self.objects.lock().unwrap();
        objects.iter().find(|it| it.port.name() == port).expect("messages come to objects").clone()
    }

    pub(super) fn objects(&self) -> usize {
        self.objects.lock().unwrap().len()
    }

    /// How many pages it was asked for, of those messages that nobody has taken.
    pub(super) fn requests(&self) -> usize {
        let heard = self.heard.lock().unwrap();
        heard.iter().filter(|it| matches!(it.asked, Asked::Request { .. })).count()
    }

    pub(super) fn hear(&self, it: Heard) {
        self.heard.lock().unwrap().push(it);
    }
}

impl Manager {
    /// A manager that says nothing, in a task of its own.
    pub(crate) fn new(task: Task) -> Manager {
        let set = mach_port::any::mach_port_allocate(task.abi(), &task.self_port(), RightKind::PORT_SET).unwrap();
        let shared = Shared { task: task.clone(), set, objects: Mutex::default(), heard: Mutex::default() };
        Manager { task, desk: Desk { shared: Arc::new(shared), answer: Box::new(|_, _| ()), counts: false } }
    }

    /// The same with another way to answer.
    pub(crate) fn answer(&mut self, how: impl FnMut(&Arc<Object>, &Asked) + Send + 'static) {
        self.desk.answer = Box::new(how);
    }

    /// It is ready at once for every object, and says nothing else.
    pub(crate) fn is_ready(&mut self, may_cache: bool, strategy: CopyStrategy) {
        self.answer(move |object, asked| {
            if matches!(asked, Asked::Init { .. }) {
                object.ready(may_cache, strategy);
            }
        });
    }

    /// From now on it serves the form with sequence numbers.
    pub(crate) fn count(&mut self) {
        self.desk.counts = true;
    }

    /// A new object.
    pub(crate) fn object(&self, name: &str) -> Arc<Object> {
        self.desk.shared.add(name, ReceiveRight::new(&self.task).unwrap())
    }

    /// Serves what waits for it, and says whether there was anything.
    pub(crate) fn serve(&mut self) -> bool {
        let (shared, subsystems) = (self.desk.shared.clone(), subsystems(self.desk.counts));
        let mut any = false;
        loop {
            let from = Receive::from_set(&shared.task, shared.set).within(Timeout(0));
            match serve_once::<_, _, MAX>(from, &subsystems, &mut self.desk) {
                Err(MsgReturn::RCV_TIMED_OUT | MsgReturn::RCV_INVALID_NAME) => return any,
                served => served.unwrap(),
            }
            any = true;
        }
    }

    /// Serves in a thread of its own from now on, until it has no ports any more.
    pub(crate) fn start(&mut self) -> Thread<MsgReturn> {
        let (shared, counts) = (self.desk.shared.clone(), self.desk.counts);
        let nothing: Answer = Box::new(|_, _| ());
        let mut desk = Desk { shared, answer: std::mem::replace(&mut self.desk.answer, nothing), counts };
        self.task.spawn("manager", move |task| {
            let from = Receive::from_set(&task, desk.shared.set);
            serve::<_, _, MAX>(from, &subsystems(counts), &mut desk)
        })
    }

    /// For those who look while it works.
    pub(super) fn shared(&self) -> Arc<Shared> {
        self.desk.shared.clone()
    }

    /// The set of its objects' ports.
    pub(crate) fn set(&self) -> PortName {
        self.desk.shared.set
    }

    /// Takes what has been written down.
    pub(crate) fn heard(&self) -> Vec<Heard> {
        std::mem::take(&mut *self.desk.shared.heard.lock().unwrap())
    }

    /// Gives a task a right to an object, to map it by.
    pub(crate) fn give(&self, object: &Object, to: &Task) -> SendRight<Task> {
        self.task.give_send(&object.port, to).unwrap()
    }
}

/// The protocol in every ABI, and what the kernel says of answers that nobody gets.
fn subsystems(counts: bool) -> Vec<Subsystem<Task, Desk>> {
    let mut all = if counts {
        vec![
            seqnos_memory_object::gnumach_i386::subsystem(),
            seqnos_memory_object::gnumach_x86_64::subsystem(),
            seqnos_memory_object::gnumach_x86_64_2022::subsystem(),
        ]
    } else {
        vec![
            memory_object::gnumach_i386::subsystem(),
            memory_object::gnumach_x86_64::subsystem(),
            memory_object::gnumach_x86_64_2022::subsystem(),
        ]
    };
    all.extend([
        notify::gnumach_i386::subsystem(),
        notify::gnumach_x86_64::subsystem(),
        notify::gnumach_x86_64_2022::subsystem(),
    ]);
    all
}
