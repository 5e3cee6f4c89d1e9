//! Notifications as their receivers see them, and which identifiers a server takes for its own.

use generated::{darwin, mach3};
use mig_rt::{
    AbiId, Disposition, KernReturn, MsgId, Operation, PortName, Receive, ReceiveRight, RightKind, Subsystem, Timeout,
    Transport, serve_once,
};
use runtime_kernel::Task;

use super::{Side, each, mach3 as in_mach3, right};
use crate::world::Simple;

/// Writes down what it is told: the call, its number among those of the port, and what it says.
#[derive(Default)]
struct Heard(Vec<(&'static str, u32, u32)>);

impl Heard {
    fn hear(&mut self, call: &'static str, number: u32, what: u32) -> Result<(), KernReturn> {
        self.0.push((call, number, what));
        Ok(())
    }
}

macro_rules! hears {
    ($server:path, $accepted:ident $(, $number:ident)?) => {
        impl $server for Heard {
            fn mach_notify_port_deleted(&mut self, _: PortName, $($number: u32,)? name: PortName) -> Result<(), KernReturn> {
                self.hear("port_deleted", 0 $(+ $number)?, name.0)
            }
            fn $accepted(&mut self, _: PortName, $($number: u32,)? name: PortName) -> Result<(), KernReturn> {
                self.hear("msg_accepted", 0 $(+ $number)?, name.0)
            }
            fn mach_notify_port_destroyed(
                &mut self,
                _: PortName,
                $($number: u32,)?
                right: ReceiveRight<Task>,
            ) -> Result<(), KernReturn> {
                self.hear("port_destroyed", 0 $(+ $number)?, u32::from(right.is_valid()))
            }
            fn mach_notify_no_senders(&mut self, _: PortName, $($number: u32,)? made: u32) -> Result<(), KernReturn> {
                self.hear("no_senders", 0 $(+ $number)?, made)
            }
            fn mach_notify_send_once(&mut self, _: PortName $(, $number: u32)?) -> Result<(), KernReturn> {
                self.hear("send_once", 0 $(+ $number)?, 0)
            }
            fn mach_notify_dead_name(&mut self, _: PortName, $($number: u32,)? name: PortName) -> Result<(), KernReturn> {
                self.hear("dead_name", 0 $(+ $number)?, name.0)
            }
        }
    };
}
hears!(mach3::notify::NotifyServer<Task>, mach_notify_msg_accepted);
hears!(darwin::notify::NotifyServer<Task>, mach_notify_send_possible);
hears!(mach3::seqnos_notify::SeqnosNotifyServer<Task>, mach_notify_msg_accepted, seqno);

/// The wire halves of a subsystem of Mach 3.
macro_rules! typed {
    ($module:path) => {{
        use $module as wire;
        vec![wire::gnumach_i386::subsystem(), wire::gnumach_x86_64::subsystem(), wire::gnumach_x86_64_2022::subsystem()]
    }};
}
/// Those of one of Darwin.
macro_rules! untyped {
    ($module:path) => {{
        use $module as wire;
        vec![wire::darwin_lp64::subsystem(), wire::darwin_ilp32::subsystem()]
    }};
}

/// Serves everything that waits in a port.
fn serve_all(port: &ReceiveRight<Task>, subsystems: &[Subsystem<Task, Heard>], heard: &mut Heard) {
    let from = || Receive::from(port).within(Timeout(0));
    while serve_once::<_, _, 512>(from(), subsystems, heard).is_ok() {}
}

/// Asks for a notification to a port.
fn watch(side: &Side, name: PortName, id: i32, to: &ReceiveRight<Task>) {
    let before = side.mach_port_request_notification(&side.me, name, MsgId(id), 0, to.make_send_once()).unwrap();
    assert_eq!(before.name(), PortName::NULL);
}

/// Lets every notification come to a port, in this order: the names that they speak of.
fn provoke(side: &Side, to: &ReceiveRight<Task>) -> Vec<(&'static str, u32)> {
    let (me, other) = (&side.me, side.port());
    let mut told = Vec::new();
    // A name goes whose port lives.
    let copy = side.mach_port_extract_right(me, other, Disposition::MAKE_SEND_ONCE).unwrap().into_raw();
    watch(side, copy, 72, to);
    side.mach_port_deallocate(me, copy).unwrap();
    told.push(("port_deleted", copy.0));
    // A message that was sent past the limit is received.
    let name = side.sendable();
    fill(side, name, to);
    told.push(("msg_accepted", name.0));
    // A receive right goes that somebody wants.
    watch(side, name, 69, to);
    side.mach_port_mod_refs(me, name, RightKind::RECEIVE, -1).unwrap();
    told.push(("port_destroyed", 1));
    // The last send right goes.
    let name = side.sendable();
    watch(side, name, 70, to);
    side.mach_port_deallocate(me, name).unwrap();
    told.push(("no_senders", 1));
    // A send-once right goes unused.
    drop(side.task.make_send_once(to).unwrap());
    told.push(("send_once", 0));
    // A port dies.
    watch(side, other, 72, to);
    side.mach_port_insert_right(me, other, right(other, Disposition::MAKE_SEND)).unwrap();
    side.mach_port_mod_refs(me, other, RightKind::RECEIVE, -1).unwrap();
    told.push(("dead_name", other.0));
    told
}

/// Fills a port, sends one message more, and takes it all out again.
fn fill(side: &Side, name: PortName, to: &ReceiveRight<Task>) {
    let bytes = Simple::to(name, Disposition::COPY_SEND, 1).bytes();
    let options = mig_rt::MsgOptions::SEND_NOTIFY;
    let operation = Operation { send: true, send_timeout: Some(Timeout(0)), options, ..Operation::default() };
    let send = || side.task.mach_msg(AbiId::GnumachI386, operation, to.name(), &mut bytes.clone(), 0);
    (0..5).for_each(|_| assert!(send().is_ok()));
    assert_eq!(send().unwrap_err().code, mig_rt::MsgReturn::SEND_WILL_NOTIFY);
    while side.told(name).is_ok() {}
}

#[test]
fn notify_server() {
    each(|side| {
        let to = ReceiveRight::new(&side.task).unwrap();
        let told = provoke(side, &to);
        let subsystems: Vec<_> = typed!(mach3::notify)
            .into_iter()
            .chain(untyped!(darwin::notify))
            .map(Subsystem::through_send_once)
            .collect();
        let mut heard = Heard::default();
        serve_all(&to, &subsystems, &mut heard);
        covers!("do_mach_notify_port_deleted", "KERN_SUCCESS");
        covers!("do_mach_notify_msg_accepted", "KERN_SUCCESS");
        covers!("do_mach_notify_send_possible", "KERN_SUCCESS");
        covers!("do_mach_notify_port_destroyed", "KERN_SUCCESS");
        covers!("do_mach_notify_no_senders", "KERN_SUCCESS");
        covers!("do_mach_notify_send_once", "KERN_SUCCESS");
        covers!("do_mach_notify_dead_name", "KERN_SUCCESS");
        assert_eq!(heard.0, told.iter().map(|it| (it.0, 0, it.1)).collect::<Vec<_>>());
        clean(side, &told);
    });
}

#[test]
fn seqnos_notify_server() {
    in_mach3(|side| {
        let to = ReceiveRight::new(&side.task).unwrap();
        let told = provoke(side, &to);
        let mut heard = Heard::default();
        serve_all(&to, &typed!(mach3::seqnos_notify), &mut heard);
        covers!("do_seqnos_mach_notify_port_deleted", "KERN_SUCCESS");
        covers!("do_seqnos_mach_notify_msg_accepted", "KERN_SUCCESS");
        covers!("do_seqnos_mach_notify_port_destroyed", "KERN_SUCCESS");
        covers!("do_seqnos_mach_notify_no_senders", "KERN_SUCCESS");
        covers!("do_seqnos_mach_notify_send_once", "KERN_SUCCESS");
        covers!("do_seqnos_mach_notify_dead_name", "KERN_SUCCESS");
        let numbered: Vec<_> = told.iter().zip(0..).map(|(it, number)| (it.0, number, it.1)).collect();
        assert_eq!(heard.0, numbered);
        clean(side, &told);
    });
}

/// Drops what `provoke` has left: the dead names of two ports, and the port that nobody can send to.
fn clean(side: &Side, told: &[(&'static str, u32)]) {
    assert_eq!(told.len(), 6);
    let names = side.task.rights().into_iter().filter(|it| it.1 & 0x12_0000 != 0).map(|it| it.0);
    let kept = side.task.reply_port().unwrap();
    names.filter(|it| *it != kept).for_each(|it| side.mach_port_destroy(&side.me, it).unwrap());
}

struct Nobody;
impl mach3::exc::ExcServer<Task> for Nobody {}
impl mach3::device_reply::DeviceReplyServer<Task> for Nobody {}
impl mach3::memory_object::MemoryObjectServer<Task> for Nobody {}
impl mach3::memory_object_default::MemoryObjectDefaultServer<Task> for Nobody {}
impl mach3::seqnos_memory_object::SeqnosMemoryObjectServer<Task> for Nobody {}
impl mach3::seqnos_memory_object_default::SeqnosMemoryObjectDefaultServer<Task> for Nobody {}
impl mach3::notify::NotifyServer<Task> for Nobody {}
impl mach3::seqnos_notify::SeqnosNotifyServer<Task> for Nobody {}
impl darwin::exc::ExcServer<Task> for Nobody {}
impl darwin::notify::NotifyServer<Task> for Nobody {}

/// Which messages without a body the subsystems take for their own: those they find wrong, and not unknown.
fn known(side: &Side, subsystems: &[Subsystem<Task, Nobody>], near: i32) -> Vec<i32> {
    let (port, reply) = (ReceiveRight::new(&side.task).unwrap(), ReceiveRight::new(&side.task).unwrap());
    let mine = |id: &i32| {
        let message = Simple::to(port.name(), Disposition::MAKE_SEND, *id as u32);
        let mut bytes = message.reply_to(reply.name(), Disposition::MAKE_SEND_ONCE).bytes();
        let operation = Operation { send: true, ..Operation::default() };
        let abi = if side.is_typed() { AbiId::GnumachI386 } else { side.abi };
        side.task.mach_msg(abi, operation, PortName::NULL, &mut bytes, 0).unwrap();
        serve_once::<_, _, 512>(&port, subsystems, &mut Nobody).unwrap();
        let (answer, number) = side.message(reply.name()).unwrap();
        assert_eq!(number as i32, id + 100);
        let at = if side.is_typed() { 28 } else { 32 };
        let code = i32::from_le_bytes(answer[at..at + 4].try_into().unwrap());
        assert!(code == KernReturn::MIG_BAD_ID.code() || code == KernReturn::MIG_BAD_ARGUMENTS.code(), "{id}: {code}");
        code == KernReturn::MIG_BAD_ARGUMENTS.code()
    };
    (near - 3..near + 30).filter(mine).collect()
}

/// The classic loops ask each server in turn whether a message is for it.
#[test]
fn servers_know_their_own() {
    in_mach3(|side| {
        let range = |from: i32, count: i32| (from..from + count).collect::<Vec<_>>();
        covers!("exc_server", "TRUE");
        covers!("exc_server", "FALSE");
        assert_eq!(known(side, &typed!(mach3::exc), 2400), [2400]);
        covers!("device_reply_server", "TRUE");
        covers!("device_reply_server", "FALSE");
        assert_eq!(known(side, &typed!(mach3::device_reply), 2900), [2900, 2902, 2903, 2904, 2905]);
        covers!("memory_object_server", "TRUE");
        covers!("memory_object_server", "FALSE");
        assert_eq!(known(side, &typed!(mach3::memory_object), 2200), range(2200, 10));
        covers!("seqnos_memory_object_server", "TRUE");
        covers!("seqnos_memory_object_server", "FALSE");
        assert_eq!(known(side, &typed!(mach3::seqnos_memory_object), 2200), range(2200, 10));
        covers!("memory_object_default_server", "TRUE");
        covers!("memory_object_default_server", "FALSE");
        assert_eq!(known(side, &typed!(mach3::memory_object_default), 2250), [2250, 2251]);
        covers!("seqnos_memory_object_default_server", "TRUE");
        covers!("seqnos_memory_object_default_server", "FALSE");
        assert_eq!(known(side, &typed!(mach3::seqnos_memory_object_default), 2250), [2250, 2251]);
        covers!("notify_server", "TRUE");
        covers!("notify_server", "FALSE");
        // That of a send-once right has no body and is whole.
        assert_eq!(known(side, &typed!(mach3::notify), 64), [65, 66, 69, 70, 72]);
        covers!("seqnos_notify_server", "TRUE");
        covers!("seqnos_notify_server", "FALSE");
        assert_eq!(known(side, &typed!(mach3::seqnos_notify), 64), [65, 66, 69, 70, 72]);
    });
    super::darwin(|side| {
        assert_eq!(known(side, &untyped!(darwin::exc), 2401), [2401, 2402, 2403]);
        assert_eq!(known(side, &untyped!(darwin::notify), 64), [65, 66, 69, 70, 72]);
    });
}
