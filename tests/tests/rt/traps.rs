//! What kernels call things: the tables of both dialects, and the headers of GNU Mach.

use std::fs;

use mig_rt::mach::dialect::{Call, Dialect};
use mig_rt::mach::traps;
use mig_rt::{Left, MsgOptions, MsgReturn, Operation, PortName, Timeout, TrailerElements};

const PORT: PortName = PortName(0x103);

/// What a call does, and the option bits by which each dialect says so.
#[test]
fn operations_are_bits() {
    let send = Operation { send: true, ..Operation::default() };
    let receive = Operation { receive: Some(PORT), ..Operation::default() };
    let both = Operation { send: true, ..receive };
    let limit = Some(Timeout(5));
    let rows = [
        (send, 0x1, 0x1),
        (receive, 0x2, 0x2),
        (both, 0x3, 0x3),
        (Operation { send_timeout: limit, ..both }, 0x13, 0x13),
        (Operation { receive_timeout: limit, ..both }, 0x103, 0x103),
        (Operation { send_timeout: limit, receive_timeout: limit, ..both }, 0x113, 0x113),
        // What does not happen has no limit.
        (Operation { receive_timeout: limit, ..send }, 0x1, 0x1),
        (Operation { send_timeout: limit, ..receive }, 0x2, 0x2),
        (Operation { large: true, ..receive }, 0x802, 0x6),
        (Operation { trailer: TrailerElements::Audit, ..receive }, 0x2, 0x0300_0002),
        (Operation { trailer: TrailerElements::Context, ..both }, 0x3, 0x0400_0003),
        (Operation { trailer: TrailerElements::Context, ..send }, 0x1, 0x1),
        (Operation { special_reply: true, ..both }, 0x3, 0x0030_4003),
        // Nobody is waited for whom the kernel could find.
        (Operation { special_reply: true, ..receive }, 0x2, 0x2),
        (Operation { options: MsgOptions(0x4_0240), ..both }, 0x4_0243, 0x4_0243),
    ];
    for (operation, mach3, darwin) in rows {
        for (dialect, option) in [(Dialect::MACH3, mach3), (Dialect::DARWIN, darwin)] {
            let call = dialect.call(operation, 40, 60);
            let (send_size, timeout) = (if operation.send { 40 } else { 0 }, if option & 0x110 != 0 { 5 } else { 0 });
            let (receive_name, receive_size) = operation.receive.map_or((PortName::NULL, 0), |it| (it, 60));
            let expected = Call { option, send_size, receive_size, receive_name, timeout };
            assert_eq!(call, expected, "{operation:?}");
        }
    }
}

/// Who owns a message that was refused. The numbers are the kernels', the codes Mach 3.0's.
#[test]
fn codes_say_who_owns_the_message() {
    use Left::{Sent, TakenBack, Unknown, Untouched};
    let rows = [
        (0x1000_0002, (0x1000_0002, Untouched), (0x1000_0002, Untouched)),
        (0x1000_0003, (0x1000_0003, Untouched), (0x1000_0003, Untouched)),
        (0x1000_0004, (0x1000_0004, TakenBack), (0x1000_0004, TakenBack)),
        // Darwin's is about the voucher, a field of the header.
        (0x1000_0005, (0x1000_0005, Sent), (0x1000_0010, Untouched)),
        (0x1000_0006, (0x1000_0006, TakenBack), (0x1000_0006, Unknown)),
        (0x1000_0007, (0x1000_0007, TakenBack), (0x1000_0007, TakenBack)),
        (0x1000_0008, (0x1000_0008, Unknown), (0x1000_0008, Unknown)),
        (0x1000_0009, (0x1000_0009, Untouched), (0x1000_0009, Unknown)),
        (0x1000_000a, (0x1000_000a, Unknown), (0x1000_000a, Unknown)),
        (0x1000_000b, (0x1000_000b, TakenBack), (0x1000_000b, Unknown)),
        (0x1000_000c, (0x1000_000c, Unknown), (0x1000_000c, Unknown)),
        (0x1000_000d, (0x1000_000d, Untouched), (0x1000_000d, Unknown)),
        // Darwin's is about a message that is too large.
        (0x1000_000e, (0x1000_000e, TakenBack), (0x1000_000d, Unknown)),
        (0x1000_000f, (0x1000_000f, Unknown), (0x1000_000f, Unknown)),
        (0x1000_0010, (0x1000_0010, Untouched), (0x1000_0010, Untouched)),
        (0x1000_0011, (0x1000_0011, Unknown), (0x1000_0011, Untouched)),
        (0x1000_0012, (0x1000_0012, Unknown), (0x1000_0012, TakenBack)),
        (0x1000_0013, (0x1000_0013, Unknown), (0x1000_0013, Unknown)),
        // Memory that came back found no place.
        (0x1000_1004, (0x1000_1004, TakenBack), (0x1000_1004, TakenBack)),
        (0x1000_3c07, (0x1000_3c07, TakenBack), (0x1000_3c07, TakenBack)),
        // The receive failed, and nothing else.
        (0x1000_4003, (0x1000_4003, Sent), (0x1000_4003, Sent)),
        (0x1000_640c, (0x1000_640c, Sent), (0x1000_640c, Sent)),
        // No code of `mach_msg`.
        (46, (46, Unknown), (46, Unknown)),
    ];
    for (number, mach3, darwin) in rows {
        for (dialect, (code, left)) in [(Dialect::MACH3, mach3), (Dialect::DARWIN, darwin)] {
            let failed = dialect.failed(MsgReturn::known(number));
            assert_eq!((failed.code.code(), failed.left), (code, left), "{number:#x}");
        }
    }
}

#[test]
fn interrupted_calls_start_again() {
    const SEND: i32 = MsgReturn::SEND_INTERRUPTED.code();
    const RECEIVE: i32 = MsgReturn::RCV_INTERRUPTED.code();
    let run = |option: u32, codes: &[i32]| {
        let (mut codes, mut made) = (codes.iter(), Vec::new());
        let call = Call { option, send_size: 40, receive_size: 60, receive_name: PORT, timeout: 5 };
        let code = call.restarting(|it| {
            assert_eq!(it, Call { option: it.option, send_size: it.send_size, ..call });
            made.push((it.option, it.send_size));
            *codes.next().expect("a call too many")
        });
        assert!(codes.next().is_none(), "a call too few");
        (code, made)
    };
    assert_eq!(run(0x3, &[0]), (0, vec![(0x3, 40)]));
    assert_eq!(run(0x3, &[SEND, SEND, 0]), (0, vec![(0x3, 40); 3]));
    assert_eq!(run(0x3, &[SEND, RECEIVE, RECEIVE, 0]), (0, vec![(0x3, 40), (0x3, 40), (0x2, 0), (0x2, 0)]));
    assert_eq!(run(0x43, &[RECEIVE, 0]), (0, vec![(0x43, 40), (0x42, 0)]));
    assert_eq!(run(0x43, &[SEND]), (SEND, vec![(0x43, 40)]));
    assert_eq!(run(0x403, &[SEND, RECEIVE]), (RECEIVE, vec![(0x403, 40), (0x403, 40)]));
    // What came back did so with damage, which the caller must see.
    assert_eq!(run(0x3, &[SEND | 0x2000]), (SEND | 0x2000, vec![(0x3, 40)]));
}

/// The header of the package, if it is installed.
fn header(name: &str) -> Option<String> {
    let text = fs::read_to_string(format!("/usr/include/x86_64-linux-gnu/mach/{name}")).ok();
    if text.is_none() {
        tests::left_out("MIG_ORACLE", "gnumach-dev is not installed: numbers are not compared with its headers");
    }
    text
}

#[test]
fn traps_are_those_of_the_kernel() {
    let Some(header) = header("syscall_sw.h") else { return };
    for (name, number, arguments) in traps::ALL {
        let line = format!("kernel_trap({name},{number},{arguments})");
        assert!(header.lines().any(|it| it == line), "no {line}");
    }
}

#[test]
fn options_and_codes_are_those_of_the_kernel() {
    let Some(header) = header("message.h") else { return };
    let options = [
        ("MACH_SEND_TIMEOUT", MsgOptions::SEND_TIMEOUT),
        ("MACH_SEND_NOTIFY", MsgOptions::SEND_NOTIFY),
        ("MACH_SEND_INTERRUPT", MsgOptions::SEND_INTERRUPT),
        ("MACH_SEND_CANCEL", MsgOptions::SEND_CANCEL),
        ("MACH_RCV_TIMEOUT", MsgOptions::RCV_TIMEOUT),
        ("MACH_RCV_NOTIFY", MsgOptions::RCV_NOTIFY),
        ("MACH_RCV_INTERRUPT", MsgOptions::RCV_INTERRUPT),
        ("MACH_RCV_LARGE", Dialect::MACH3.large),
        ("MACH_SEND_MSG", MsgOptions(0x1)),
        ("MACH_RCV_MSG", MsgOptions(0x2)),
        // The kernel's own business.
        ("MACH_SEND_ALWAYS", MsgOptions(0x1_0000)),
    ];
    let mut compared = 0;
    for line in header.lines() {
        let mut words = line.strip_prefix("#define").unwrap_or_default().split_whitespace();
        let (Some(name), Some(number)) = (words.next(), words.next().and_then(|it| it.strip_prefix("0x"))) else {
            continue;
        };
        if !name.starts_with("MACH_SEND_") && !name.starts_with("MACH_RCV_") {
            continue;
        }
        let number = i32::from_str_radix(number, 16).expect("a number");
        let option = options.iter().find(|it| it.0 == name).map(|it| it.1.0 as i32);
        let code = MsgReturn::known(number).name().filter(|it| *it == name).map(|_| number);
        // A thread that waits has this code, and nobody ever sees it.
        let waits = (name == "MACH_RCV_IN_PROGRESS").then_some(number);
        assert_eq!(option.or(code).or(waits), Some(number), "{name}");
        compared += 1;
    }
    assert_eq!(compared, options.len() + 28);
}
