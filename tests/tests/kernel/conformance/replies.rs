//! Answers: one to each request, whatever becomes of it, and from nobody else.

use generated::mach3::mach_port::any as mach_port;
use mig_rt::{AbiId, Disposition, KernReturn, MsgReturn, Operation, PortName, ReceiveRight, RightKind};
use runtime_kernel::Task;

use super::by_hand::{ByHand, Item, header, id, poll, send, trailer, word};
use crate::covers::Outcome;
use crate::world::{World, give, port, release, type_of};

const ONCE: Disposition = Disposition::MAKE_SEND_ONCE;

/// A client and a server of an ABI: the client's name of the service, the service, and a port for replies.
struct Pair {
    _world: World,
    client: Task,
    server: Task,
    to: PortName,
    service: PortName,
    reply: PortName,
    abi: AbiId,
}

impl Pair {
    fn new(abi: AbiId) -> Pair {
        let world = World::new();
        let (client, server) = (world.kernel.task("client", abi), world.kernel.task("server", abi));
        let service = port(&server);
        let to = give(&server, service, &client);
        let reply = port(&client);
        Pair { _world: world, client, server, to, service, reply, abi }
    }

    fn ask(&self) {
        let request = ByHand::to(self.abi, self.to, Disposition::COPY_SEND, 100);
        request.reply_to(self.reply, ONCE).send(&self.client).unwrap();
    }

    /// Takes the request up: the name of the right to answer.
    fn take(&self) -> PortName {
        PortName(word(&poll(&self.server, self.abi, self.service).unwrap(), 8))
    }

    /// Identifiers of what the client has been told.
    fn told(&self) -> Vec<u32> {
        std::iter::from_fn(|| poll(&self.client, self.abi, self.reply).ok()).map(|it| id(self.abi, &it)).collect()
    }
}

#[test]
fn a_right_to_answer_answers_once() {
    for abi in AbiId::ALL {
        let it = Pair::new(abi);
        it.ask();
        let right = it.take();
        let answer = |disposition| ByHand::to(abi, right, disposition, 200).code(&it.server);
        for wrong in [Disposition::COPY_SEND, Disposition::MOVE_SEND, Disposition::MAKE_SEND, ONCE] {
            assert_eq!(answer(wrong), Err(MsgReturn::SEND_INVALID_DEST), "{abi}");
        }
        assert_eq!(answer(Disposition::MOVE_SEND_ONCE), Ok(()));
        assert_eq!(answer(Disposition::MOVE_SEND_ONCE), Err(MsgReturn::SEND_INVALID_DEST));
        assert_eq!(it.told(), [200]);
    }
}

/// The same right cannot be where a message goes and where its answer comes.
#[test]
fn a_right_to_answer_is_not_used_twice_in_one_message() {
    for abi in AbiId::ALL {
        let it = Pair::new(abi);
        it.ask();
        let right = it.take();
        let once = Disposition::MOVE_SEND_ONCE;
        let code = ByHand::to(abi, right, once, 200).reply_to(right, once).code(&it.server);
        assert_eq!(code, Err(MsgReturn::SEND_INVALID_DEST));
        assert_eq!(type_of(&it.server, right), 0x4_0000, "it is still there");
        release(&it.server, right, RightKind::SEND_ONCE);
        assert_eq!(it.told(), [71]);
    }
}

/// Every way in which a request can be lost tells its sender, once.
#[test]
fn a_request_that_is_lost_is_answered_by_the_kernel() {
    type Loss = fn(&Pair);
    let losses: [Loss; 7] = [
        |it| release(&it.server, it.service, RightKind::RECEIVE),
        |it| it.server.terminate(),
        |it| {
            let right = it.take();
            release(&it.server, right, RightKind::SEND_ONCE);
        },
        |it| {
            it.take();
            it.server.terminate();
        },
        |it| {
            let right = it.take();
            mach_port::mach_port_destroy(AbiId::GnumachI386, &it.server.self_port(), right).unwrap();
        },
        |it| {
            let operation = Operation { receive: Some(it.service), ..Operation::default() };
            let cut = it.server.mach_msg(it.abi, operation, PortName::NULL, &mut Vec::new(), 4);
            assert_eq!(cut.unwrap_err().code, MsgReturn::RCV_TOO_LARGE);
        },
        |it| {
            // Handed on in a message that is destroyed in its turn.
            let (right, other) = (it.take(), port(&it.server));
            let on = ByHand::to(it.abi, other, Disposition::MAKE_SEND, 1);
            on.reply_to(right, Disposition::MOVE_SEND_ONCE).send(&it.server).unwrap();
            assert!(it.told().is_empty(), "it is on its way");
            release(&it.server, other, RightKind::RECEIVE);
        },
    ];
    for abi in AbiId::ALL {
        for (number, lose) in losses.iter().enumerate() {
            let it = Pair::new(abi);
            it.ask();
            lose(&it);
            assert_eq!(it.told(), [71], "{abi}, loss {number}");
        }
    }
}

#[test]
fn an_answer_to_nobody_is_refused() {
    for abi in AbiId::ALL {
        let it = Pair::new(abi);
        it.ask();
        let right = it.take();
        it.ask();
        release(&it.client, it.reply, RightKind::RECEIVE);
        let answer = ByHand::to(abi, right, Disposition::MOVE_SEND_ONCE, 200).code(&it.server);
        assert_eq!(answer, Err(MsgReturn::SEND_INVALID_DEST));
        assert_eq!(type_of(&it.server, right), 0x10_0000);
        release(&it.server, right, RightKind::DEAD_NAME);
        assert_eq!(it.take(), PortName::DEAD, "the second request has come with nothing to answer to");
    }
}

/// Headers say how a message came and how it can be answered.
#[test]
fn dispositions_are_seen_from_the_other_side() {
    let (send, once) = (Disposition::MOVE_SEND.0, Disposition::MOVE_SEND_ONCE.0);
    for abi in AbiId::ALL {
        for (disposition, arrives) in [
            (Disposition::MAKE_SEND, send),
            (Disposition::COPY_SEND, send),
            (Disposition::MOVE_SEND, send),
            (ONCE, once),
            (Disposition::MOVE_SEND_ONCE, once),
            (Disposition::NONE, 0),
        ] {
            let it = Pair::new(abi);
            let me = it.client.self_port();
            let extract = |how| mach_port::mach_port_extract_right(AbiId::GnumachI386, &me, it.reply, how).unwrap();
            let reply = match disposition {
                Disposition::NONE => PortName::NULL,
                Disposition::MOVE_SEND_ONCE => extract(ONCE).into_raw(),
                ONCE | Disposition::MAKE_SEND => it.reply,
                _ => extract(Disposition::MAKE_SEND).into_raw(),
            };
            let request = ByHand::to(abi, it.to, Disposition::COPY_SEND, 100).reply_to(reply, disposition);
            request.send(&it.client).unwrap();
            let got = poll(&it.server, abi, it.service).unwrap();
            assert_eq!((got[0], got[1]), (arrives, send), "{abi}");
            let local = if header(abi) == 32 { 16 } else { 12 };
            assert_eq!(word(&got, local), it.service.0);
            let right = PortName(word(&got, 8));
            // Through a send right an answer can come more than once; through the other it comes as what it is.
            let answers = [arrives, arrives].map(|how| ByHand::to(abi, right, Disposition(how), 200).code(&it.server));
            let [first, second] = answers.map(|it| it.is_ok());
            assert_eq!((first, second), (arrives != 0, false), "the right moved");
            if arrives != 0 {
                assert_eq!(poll(&it.client, abi, it.reply).unwrap()[1], arrives);
            }
        }
    }
}

/// A server's first words to a stub: what it answers in place of what is asked, and what the stub makes of that.
#[test]
fn an_answer_that_is_none_is_refused_and_what_it_brought_is_released() {
    let abi = AbiId::GnumachI386;
    let right = |name| Item::Right(name, Disposition::MAKE_SEND);
    type Forge = fn(ByHand) -> ByHand;
    let forgeries: [(Forge, &str); 5] = [
        (|it| ByHand { id: 3300, ..it }, "MIG_REPLY_MISMATCH"),
        (|it| ByHand { id: 3201, ..it }, "MIG_REPLY_MISMATCH"),
        (|it| ByHand { id: 71, ..it }, "MIG_SERVER_DIED"),
        (|it| it, "MIG_TYPE_ERROR"),
        (|it| it.data(&[0; 64]), "MACH_RCV_TOO_LARGE"),
    ];
    for (number, (forge, code)) in forgeries.into_iter().enumerate() {
        let world = World::seeded(number as u64);
        let (client, server) = (world.task("client"), world.task("server"));
        let service = ReceiveRight::new(&server).unwrap();
        let to = server.give_send(&service, &client).unwrap();
        let calls = client.spawn("calls", move |_| {
            let asked = mach_port::mach_port_type(abi, &to, PortName(7)).map(|it| it.0);
            // The next call is not disturbed by what came before it.
            (asked.code(), mach_port::mach_port_type(abi, &to, PortName(7)).map(|it| it.0))
        });
        let answers = server.spawn("answers", move |task| {
            let gift = port(&task);
            let wait = || wait(&task, abi, service.name());
            let request = wait();
            let reply = |request: &[u8]| {
                let to = PortName(word(request, 8));
                ByHand::to(abi, to, Disposition::MOVE_SEND_ONCE, id(abi, request) + 100)
            };
            forge(reply(&request).with([right(gift)])).send(&task).unwrap();
            let request = wait();
            let words = [0x1001_2002u32, 0, 0x1001_2002, 0x1234];
            let bytes: Vec<u8> = words.iter().flat_map(|it| it.to_le_bytes()).collect();
            reply(&request).data(&bytes).send(&task).unwrap();
            // Nobody has the right that came with the first answer.
            let status = mach_port::mach_port_get_receive_status(abi, &task.self_port(), gift).unwrap();
            release(&task, gift, RightKind::RECEIVE);
            status.mps_srights
        });
        assert_eq!(world.kernel.run(), Vec::<String>::new());
        let (refused, answered) = calls.join().unwrap();
        assert_eq!((refused, answered), (code.to_owned(), Ok(0x1234)), "forgery {number}");
        assert!(!answers.join().unwrap(), "forgery {number}");
    }
}

fn wait(task: &Task, abi: AbiId, name: PortName) -> Vec<u8> {
    let mut bytes = Vec::new();
    let operation = Operation { receive: Some(name), ..Operation::default() };
    task.mach_msg(abi, operation, PortName::NULL, &mut bytes, 4096).unwrap();
    bytes
}

/// Requests that the kernel knows and ones that it does not: each has an answer of its own number.
#[test]
fn every_number_is_answered() {
    for abi in AbiId::ALL {
        let it = Pair::new(abi);
        let me = it.client.self_port();
        let set = if trailer(abi) > 0 { generated::darwin::SUBSYSTEMS } else { generated::mach3::SUBSYSTEMS };
        let (_, known) = set.iter().find(|it| it.0 == "mach_port").unwrap();
        for number in 3190..3310 {
            let request = ByHand::to(abi, me.name(), Disposition::COPY_SEND, number).reply_to(it.reply, ONCE);
            // What is behind the header fits no request.
            send(&it.client, abi, &mut request.data(&[0xee; 4]).bytes()).unwrap();
            let got = poll(&it.client, abi, it.reply).unwrap();
            assert_eq!(id(abi, &got), number + 100);
            let code = KernReturn::new(word(&got, got.len() - trailer(abi) - code_at(abi)) as i32).unwrap();
            let is_known = known.iter().any(|it| it.0.0 == number as i32);
            let wanted = if is_known { KernReturn::MIG_BAD_ARGUMENTS } else { KernReturn::MIG_BAD_ID };
            assert_eq!(Err::<(), _>(code).code(), Err::<(), _>(wanted).code(), "{abi}, {number}");
        }
    }
}

/// Where the code of an answer stands that has nothing else, from its end.
fn code_at(abi: AbiId) -> usize {
    if abi == AbiId::GnumachX8664 { 8 } else { 4 }
}
