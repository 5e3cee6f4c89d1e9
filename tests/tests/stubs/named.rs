//! A definition whose names are those that generated code uses itself: it compiles, and no value takes another's place.

use mig_rt::{KernReturn, Loopback, PackedRoom, PortName, Region, Room};

use crate::names::{NamesServer, RegionT, WT, gnumach_i386};

struct Service;

type Port = Loopback<Service>;

impl NamesServer<Port> for Service {
    fn max(&mut self, _server: PortName, a: RegionT) -> Result<RegionT, KernReturn> {
        Ok(RegionT { start: a.length, length: a.kind, kind: a.start })
    }

    fn listed(
        &mut self,
        _server: PortName,
        listed: &mut PackedRoom<'_, WT>,
        count: i32,
        limit: i32,
        room: i32,
    ) -> Result<(), KernReturn> {
        assert!(listed.push(&WT { a: count, self_: limit }) && listed.push(&WT { a: room, self_: 0 }));
        Ok(())
    }

    fn serve_listed_(
        &mut self,
        _server: PortName,
        names: &mut Room<'_, i32>,
        count: i32,
        held: i32,
        room: i32,
    ) -> Result<Option<Region<Port, i32>>, KernReturn> {
        for it in [count, held, room] {
            assert!(names.push(it));
        }
        Ok(None)
    }
}

#[test]
fn names_of_generated_code_are_free_for_definitions() {
    let port = Port::new(Service, &[gnumach_i386::subsystem()]);
    let server = port.port();
    let turned = gnumach_i386::max(&server, RegionT { start: 1, length: 2, kind: 3 }).expect("an answer");
    assert_eq!(turned, RegionT { start: 2, length: 3, kind: 1 });

    let mut listed = [WT { a: 0, self_: 0 }; 4];
    assert_eq!(gnumach_i386::listed(&server, &mut listed, 5, 6, 7), Ok(2));
    assert_eq!(listed[..2], [WT { a: 5, self_: 6 }, WT { a: 7, self_: 0 }]);

    let mut room = [0; 8];
    let names = gnumach_i386::serve_listed_(&server, &mut room, 8, 9, 10).expect("an answer");
    assert_eq!(names.get(2), Ok(Some(10)));
}
