//! Codes: their names, who is to blame, and how they read.

use mig_rt::{AbiId, Error, ErrorKind, KernReturn, MigError, MsgReturn};

#[test]
fn codes_read_well() {
    let shown = [
        KernReturn::INVALID_ARGUMENT.to_string(),
        KernReturn::MIG_BAD_ID.to_string(),
        KernReturn::known(4711).to_string(),
        KernReturn::known(-4711).to_string(),
        KernReturn::known(0x1000_0003).to_string(),
        MsgReturn::SEND_INVALID_DEST.to_string(),
        MsgReturn::known(0x1000_9999).to_string(),
        MsgReturn::known(5).to_string(),
        MigError::SERVER_DIED.to_string(),
        format!("{:?}", KernReturn::NO_SPACE),
    ];
    let expected = [
        "KERN_INVALID_ARGUMENT (4)",
        "MIG_BAD_ID (-303)",
        "4711",
        "-4711",
        "0x10000003",
        "MACH_SEND_INVALID_DEST (0x10000003)",
        "0x10009999",
        "5",
        "MIG_SERVER_DIED (-308)",
        "KERN_NO_SPACE (3)",
    ];
    assert_eq!(shown, expected);
}

/// The same number says who is to blame for it.
#[test]
fn errors_blame_somebody() {
    let errors: [(Error, ErrorKind, &str); 4] = [
        (
            MsgReturn::SEND_INVALID_RIGHT.into(),
            ErrorKind::Msg(MsgReturn::SEND_INVALID_RIGHT),
            "the kernel refused the message: MACH_SEND_INVALID_RIGHT (0x1000000a)",
        ),
        (Error::TYPE_ERROR, ErrorKind::Mig(MigError::TYPE_ERROR), "the stub refused the call: MIG_TYPE_ERROR (-300)"),
        (
            KernReturn::MIG_TYPE_ERROR.into(),
            ErrorKind::Kern(KernReturn::MIG_TYPE_ERROR),
            "the server answered MIG_TYPE_ERROR (-300)",
        ),
        (KernReturn::known(-1).into(), ErrorKind::Kern(KernReturn::known(-1)), "the server answered -1"),
    ];
    for (error, kind, text) in errors {
        assert_eq!((error.kind(), error.to_string().as_str()), (kind, text));
        assert_eq!(error.to_kern().code(), error.code());
        assert_eq!(format!("{error:?}"), format!("{kind:?}"));
    }
    assert_ne!(Error::TYPE_ERROR, KernReturn::MIG_TYPE_ERROR.into());
    assert_eq!(Error::TYPE_ERROR.code(), Error::from(KernReturn::MIG_TYPE_ERROR).code());
}

/// Success is not a code; every other integer is one, and survives.
#[test]
fn every_integer() {
    assert_eq!((KernReturn::new(0), KernReturn::check(0), MsgReturn::new(0)), (None, Ok(()), None));
    for code in [1, -1, i32::MIN, i32::MAX, -300, 0x1000_4003] {
        let kern = KernReturn::new(code).expect("not zero");
        assert_eq!((kern.code(), KernReturn::check(code)), (code, Err(kern)));
        assert_eq!(Error::from(kern).code(), code);
        assert_eq!(Error::from(MsgReturn::known(code)).kind(), ErrorKind::Msg(MsgReturn::known(code)));
    }
    assert_eq!(size_of::<Result<(), KernReturn>>(), 4);
    assert_eq!(size_of::<mig_rt::Result<()>>(), 8);
}

#[test]
fn receive_codes_say_that_the_send_was_done() {
    assert!(!MsgReturn::SEND_TIMED_OUT.was_sent() && MsgReturn::RCV_TIMED_OUT.was_sent());
    assert!(MsgReturn::RCV_BODY_ERROR.was_sent() && !MsgReturn::SEND_INVALID_HEADER.was_sent());
}

#[test]
fn abis_have_names() {
    let names = AbiId::ALL.map(|it| it.to_string());
    let expected = ["gnumach-i386", "gnumach-x86_64", "gnumach-x86_64-2022", "darwin-lp64", "darwin-ilp32"];
    assert_eq!(names, expected);
}
