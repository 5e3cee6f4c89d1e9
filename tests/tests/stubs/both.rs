//! One server on one port, asked in every ABI of both families: it cannot tell, and neither can its clients.

use mig_rt::{AbiId, Loopback, ReceiveRight, Region};

use crate::server::{Port, Script};
use crate::shapes::{self, any};

/// What the server was given and what its client got, in one ABI.
fn talk(abi: AbiId, via: &Port) -> String {
    let port = via.port();
    let mut seen = Vec::new();
    let out = any::r_scalars(abi, &port, 5, u64::MAX, true).expect("an answer");
    seen.push(format!("{out:?}"));
    any::s_simple(abi, &port, 1, 2).expect("it is sent");
    let (mut bytes, mut ints) = ([0; 96], [0; 10]);
    let out = any::r_var_out2(abi, &port, &mut bytes, &mut ints).expect("an answer");
    seen.push(format!("{out:?} {:?} {ints:?}", &bytes[..out.d]));
    any::r_var_in2(abi, &port, &[1, 2, 3], 4, &[5, 6], 7).expect("an answer");
    let (mut text, made) = ([0; 32], ReceiveRight::new(via).expect("there are ports"));
    let count = any::r_cstr(abi, &port, b"text", &mut text).expect("an answer");
    seen.push(format!("{:?}", &text[..count]));
    any::r_ool_in(abi, &port, &[1; 5000]).expect("an answer");
    let region = Region::new(via, &[1; 5000]).expect("there is memory");
    any::r_ool_in_dealloc(abi, &port, region).expect("an answer");
    seen.push(format!("{:?}", any::r_ool_out(abi, &port).expect("an answer").bytes().map(|it| it.to_vec())));
    any::r_poly_in(abi, &port, made.make_send_once(), 9).expect("an answer");
    let mut room = [0; 8];
    let data = any::r_ind_out(abi, &port, &mut room).expect("an answer");
    seen.push(format!("{:?}", data.bytes().map(|it| it.to_vec())));
    // Names of ports differ from call to call.
    let name = made.name().0.to_string();
    let served = via.with_service(|it| std::mem::take(&mut it.calls));
    seen.extend(served.iter().map(|it| it.to_string().replace(&name, "NAME")));
    seen.join("\n")
}

#[test]
fn one_server_answers_in_every_abi() {
    let subsystems = [
        shapes::gnumach_i386::subsystem(),
        shapes::gnumach_x86_64::subsystem(),
        shapes::gnumach_x86_64_2022::subsystem(),
        shapes::darwin_lp64::subsystem(),
        shapes::darwin_ilp32::subsystem(),
    ];
    let via: Port = Loopback::new(Script::default(), &subsystems);
    via.with_service(|it| it.via = Some(via.clone()));
    let first = talk(AbiId::GnumachI386, &via);
    assert!(first.lines().count() > 10, "{first}");
    // In turns, so that none depends on what another left behind.
    for abi in AbiId::ALL.into_iter().chain([AbiId::GnumachI386, AbiId::DarwinLp64]) {
        assert_eq!(talk(abi, &via), first, "{abi}");
    }
    via.with_service(|it| it.via = None);
    let accounts = via.accounts();
    assert!(accounts.faults.is_empty() && accounts.regions.is_empty() && accounts.ports.len() == 1, "{accounts:?}");
}
