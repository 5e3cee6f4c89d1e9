//! Old ids and layouts did not move, and an old client is served by a new server.

use std::path::Path;

use extension::{after, before};
use mig_codegen::wire::json;
use mig_codegen::{Abi, Config};
use mig_rt::{KernReturn, Loopback, PortName, SendRight};

/// Layouts of a definition's routines, in the form of `mig-cli layout --format json`.
fn routines(file: &str, abi: Abi) -> Vec<serde_json::Value> {
    let config = Config::default().abi(abi).include("../../../defs/mach3");
    let compilation = config.read(Path::new(file), &mut mig_parser::source::from_disk);
    assert!(!compilation.has_errors(), "{file}");
    let unit = &compilation.units[0];
    json::subsystem(&unit.interface, &unit.abi, &unit.exchanges)["routines"].as_array().expect("a list").clone()
}

#[test]
fn old_routines_are_where_they_were() {
    for abi in [Abi::GNUMACH_I386, Abi::GNUMACH_X86_64, Abi::GNUMACH_X86_64_2022] {
        let old = routines("../../../defs/mach3/exc.defs", abi);
        let new = routines("defs/exc_more.defs", abi);
        assert_eq!(new.len(), old.len() + 1);
        assert_eq!(new[..old.len()], old[..]);
    }
}

/// Remembers the last exception.
#[derive(Default)]
struct Handler(Option<(i32, i32)>);

impl after::AfterServer<Loopback<Handler>> for Handler {
    fn exception_raise(
        &mut self,
        _port: PortName,
        _thread: SendRight<Loopback<Handler>>,
        _task: SendRight<Loopback<Handler>>,
        exception: i32,
        code: i32,
        _subcode: i32,
    ) -> Result<(), KernReturn> {
        self.0 = Some((exception, code));
        Ok(())
    }
}

#[test]
fn an_old_client_is_served() {
    let port = Loopback::new(Handler::default(), &[after::gnumach_i386::subsystem()]);
    let (handler, thread, task) = (port.port(), port.port(), port.port());
    before::gnumach_i386::exception_raise(&handler, &thread, &task, 1, 2, 3).expect("served");
    assert_eq!(port.with_service(|it| it.0), Some((1, 2)));
    // The default of the new method says that nobody handles it.
    let refused = after::gnumach_i386::exception_raise_at(&handler, &thread, &task, 1, 2, 3);
    assert_eq!(refused.map_err(|it| it.to_string()), Err("the server answered MIG_BAD_ID (-303)".to_owned()));
}
