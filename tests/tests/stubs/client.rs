//! The recorded calls, made through the generated client functions.

use mig_rt::{Data, Give, MsgOptions, Outbound, PortName, ReceiveRight, Region, Result, SendRight, Subsystem, Timeout};
use serde_json::{Value, json};

use crate::recorded::{Case, to_hex};
use crate::server::{Port, Script, shown};
use crate::shapes::{self, any};

/// A port space with everything that a case needs.
pub(crate) struct World {
    pub(crate) via: Port,
    pub(crate) service: SendRight<Port>,
    /// Ports whose receive right nobody else has.
    held: Vec<ReceiveRight<Port>>,
}

/// Routines whose answers allocate at the server's address.
const ALLOCATING: &[&str] = &["r_ool_out", "r_ool_out_dealloc", "r_ool_out_maybe", "r_ind_out", "r_portarr_ool_out"];

impl World {
    pub(crate) fn of(case: &Case) -> World {
        let subsystems: [Subsystem<Port, Script>; 3] = [
            shapes::gnumach_i386::subsystem(),
            shapes::gnumach_x86_64::subsystem(),
            shapes::gnumach_x86_64_2022::subsystem(),
        ];
        let script = Script { variant: case.variant().to_owned(), ..Script::default() };
        let via = Port::named(script, &subsystems, PortName(1234), PortName(2457));
        via.set_sequence(PortName(1234), 42);
        via.set_sequence(PortName(2457), 7);
        if ALLOCATING.contains(&case.routine()) {
            via.set_next_address(mig_rt::Address(0x3000_0000));
        }
        let service = via.port();
        let mut world = World { via, service, held: Vec::new() };
        world.equip(case);
        world
    }

    /// Gives the server what it will give away.
    fn equip(&mut self, case: &Case) {
        let via = self.via.clone();
        via.with_service(|it| it.via = Some(via.clone()));
        match (case.routine(), case.variant()) {
            ("r_port_out", _) => self.give(901),
            ("r_poly_out", "copy") => self.give(555),
            ("r_poly_out", "make") => {
                let port = via.port_named(PortName(555));
                via.with_service(|it| it.makes.push(port));
            }
            ("r_portarr_ool_out", _) => (300..304).for_each(|it| self.give(it)),
            _ => {}
        }
    }

    fn give(&mut self, name: u32) {
        let right = self.send_right(name);
        self.via.with_service(|it| it.gives.push(mig_rt::AnyRight::Send(right)));
    }

    fn send_right(&mut self, name: u32) -> SendRight<Port> {
        let port = self.via.port_named(PortName(name));
        let right = self.via.make_send(&port);
        self.held.push(port);
        right
    }

    /// Everything let go, what still exists: the service's port alone, unless something leaked.
    pub(crate) fn leaks(self) -> Vec<String> {
        let World { via, service, held } = self;
        via.with_service(|it| {
            let script = std::mem::take(it);
            drop(script);
        });
        drop((service, held));
        let accounts = via.accounts();
        let mut leaks = accounts.faults.clone();
        let idle = mig_rt::loopback::PortAccounts { receive: true, ..Default::default() };
        let ports = accounts.ports.iter().filter(|(name, it)| **it != idle || **name != PortName(1234));
        leaks.extend(ports.map(|it| format!("{it:?}")));
        leaks.extend(accounts.regions.iter().map(|it| format!("memory at {it:?}")));
        leaks
    }

    /// Makes the call: C's return value, and the results in the recording's words.
    pub(crate) fn call(&mut self, case: &Case) -> (i32, Value) {
        match self.call_with_values(case) {
            Ok(it) => (0, it),
            Err(it) => (it.code(), json!({})),
        }
    }

    /// Routines whose arguments are in line; the others.
    fn call_with_values(&mut self, case: &Case) -> Result<Value> {
        let nothing = |()| json!({});
        let abi = case.abi;
        let number = |name: &str| case.input(name) as i32;
        let count = || case.input("dCnt") as usize;
        match case.routine() {
            "r_noargs" => any::r_noargs(abi, &self.service).map(nothing),
            "r_scalars" => {
                let out = any::r_scalars(abi, &self.service, number("a"), case.input("b") as u64, number("c") != 0)?;
                Ok(json!({ "x": out.x, "y": format!("{:#x}", out.y) }))
            }
            "s_simple" => any::s_simple(abi, &self.service, number("a"), case.input("b") as u64).map(nothing),
            "r_inout" => {
                let s: Vec<i32> = serde_json::from_value(case.data["inputs"]["s"].clone()).expect("numbers");
                let out = any::r_inout(abi, &self.service, number("a"), s.try_into().expect("three numbers"))?;
                Ok(json!({ "a": out.a, "s": out.s }))
            }
            "r_var_in" => any::r_var_in(abi, &self.service, &counted(count(), |it| it as u8)).map(nothing),
            "r_var_in2" => {
                let (d, e) =
                    (counted(count(), |it| 0x80 + it as u8), counted(number("eCnt") as usize, |it| -(it as i32)));
                any::r_var_in2(abi, &self.service, &d, number("m"), &e, case.input("z") as u64).map(nothing)
            }
            "r_var_out" => self.var_out(case),
            "r_var_out2" => self.var_out2(case),
            "r_cstr" => {
                let mut text = [0; 32];
                // Where C shortens a text, ours asks the caller to.
                let short = mig_rt::Text::cut(case.text("s").as_bytes(), text.len()).to_vec();
                let count = any::r_cstr(abi, &self.service, &short, &mut text)?;
                Ok(json!({ "t": String::from_utf8_lossy(&text[..count]) }))
            }
            "r_big" => any::r_big(abi, &self.service, &std::array::from_fn(|it| it as i32), number("k")).map(nothing),
            "r_islong" => any::r_islong(abi, &self.service, number("a")).map(|it| json!({ "x": it })),
            "r_trans" => any::r_trans(abi, &self.service, number("h")).map(|it| json!({ "g": it })),
            "r_odd" => any::r_odd(abi, &self.service, &counted(count(), |it| it as u8 + 1), number("m")).map(nothing),
            _ => self.call_with_memory(case),
        }
    }

    /// Routines with arguments that may be out of line; the others.
    fn call_with_memory(&mut self, case: &Case) -> Result<Value> {
        let nothing = |()| json!({});
        let (abi, via) = (case.abi, self.via.clone());
        let number = |name: &str| case.input(name) as i32;
        let count = || case.input("dCnt") as usize;
        match case.routine() {
            "r_ool_in" => any::r_ool_in(abi, &self.service, &[1; 5000]).map(nothing),
            "r_ool_in_dealloc" => {
                let region = Region::new(&via, &[1; 5000])?;
                any::r_ool_in_dealloc(abi, &self.service, region).map(nothing)
            }
            "r_ool_out" => any::r_ool_out(abi, &self.service).map(region),
            "r_ool_out_dealloc" => any::r_ool_out_dealloc(abi, &self.service).map(region),
            "r_ool_out_maybe" => any::r_ool_out_maybe(abi, &self.service).map(region),
            "r_ind_in" => any::r_ind_in(abi, &self.service, &thirds(count())).map(nothing),
            "r_ind_in_dealloc" => {
                let give = Give::Move(Region::new(&via, &thirds(count()))?);
                any::r_ind_in_dealloc(abi, &self.service, give, number("k")).map(nothing)
            }
            "r_ind_in_scopy" => any::r_ind_in_scopy(abi, &self.service, &thirds(count())).map(nothing),
            "r_ind_out" => self.ind_out(case),
            _ => self.call_with_ports(case),
        }
    }

    /// Routines with rights, and with what stands in the header.
    fn call_with_ports(&mut self, case: &Case) -> Result<Value> {
        let nothing = |()| json!({});
        let (abi, via) = (case.abi, self.via.clone());
        let number = |name: &str| case.input(name) as i32;
        let port = |name: &str| PortName(case.input(name) as u32);
        let count = || case.input("dCnt") as usize;
        match case.routine() {
            "r_ports" => self.ports(case).map(nothing),
            "r_port_out" => {
                let out = any::r_port_out(abi, &self.service)?;
                Ok(json!({ "p": out.p.name().0, "n": out.n.0 }))
            }
            "r_poly_in" => self.poly_in(case).map(nothing),
            "r_poly_out" => {
                let out = any::r_poly_out(abi, &self.service)?;
                let (name, disposition) = shown(&out.p);
                Ok(json!({ "p": name, "pPoly": disposition, "k": out.k }))
            }
            "r_portarr_ool_out" => {
                let out = any::r_portarr_ool_out(abi, &self.service)?;
                Ok(json!({ "dCnt": out.len() }))
            }
            "r_portarr_ind_in" => {
                let rights: Vec<_> = (0..count() as u32).map(|it| self.send_right(300 + it)).collect();
                any::r_portarr_ind_in(abi, &self.service, &rights).map(nothing)
            }
            "r_seqno" => any::r_seqno(abi, &self.service, number("a")).map(nothing),
            "r_waittime" => {
                let (limit, options) = (Timeout(number("w") as u32), MsgOptions(number("o") as u32));
                any::r_waittime(abi, &self.service, limit, options, number("a")).map(nothing)
            }
            "r_replyport" => {
                let reply = via.port_named(port("rp"));
                via.set_sequence(port("rp"), 7);
                any::r_replyport(abi, &self.service, &reply, number("a")).map(nothing)
            }
            "r_reqpoly" => self.reqpoly(case).map(nothing),
            other => panic!("no call of {other}"),
        }
    }

    fn ports(&mut self, case: &Case) -> Result<()> {
        let via = self.via.clone();
        let name = |name: &str| PortName(case.input(name) as u32);
        if case.variant() == "nulls" {
            let (null, dead) = (SendRight::null(&via), SendRight::dead(&via));
            let (p3, p4, p5) = (ReceiveRight::null(&via), ReceiveRight::null(&via), ReceiveRight::null(&via));
            return any::r_ports(case.abi, &self.service, &null, dead, &p3, p4, &p5, name("n"));
        }
        let (p1, p2) = (self.send_right(name("p1").0), self.send_right(name("p2").0));
        let (p3, p4, p5) = (via.port_named(name("p3")), via.port_named(name("p4")), via.port_named(name("p5")));
        any::r_ports(case.abi, &self.service, &p1, p2, &p3, p4, &p5, name("n"))
    }

    fn var_out(&mut self, case: &Case) -> Result<Value> {
        let mut d = vec![0xee; case.input("dCnt") as usize];
        let count = any::r_var_out(case.abi, &self.service, &mut d)?;
        d.resize(96, 0xee);
        Ok(json!({ "dCnt": count, "d_first_16": to_hex(&d[..16]) }))
    }

    fn var_out2(&mut self, case: &Case) -> Result<Value> {
        let (mut d, mut e) = (vec![0xee; case.input("dCnt") as usize], vec![0; case.input("eCnt") as usize]);
        let out = any::r_var_out2(case.abi, &self.service, &mut d, &mut e)?;
        Ok(json!({
            "dCnt": out.d, "d_first_8": to_hex(&d[..8]), "m": out.m,
            "eCnt": out.e, "e_first_4": e[..4], "z": format!("{:#x}", out.z),
        }))
    }

    fn poly_in(&mut self, case: &Case) -> Result<()> {
        let (abi, via) = (case.abi, self.via.clone());
        let name = PortName(case.input("p") as u32);
        let k = case.input("k") as i32;
        match case.variant() {
            "copy_send" => {
                let right = self.send_right(name.0);
                any::r_poly_in(abi, &self.service, right.copy(), k)
            }
            "make_send_once" => any::r_poly_in(abi, &self.service, via.port_named(name).make_send_once(), k),
            "move_receive" => any::r_poly_in(abi, &self.service, via.port_named(name).into(), k),
            "port_name" => any::r_poly_in(abi, &self.service, Outbound::number(name), k),
            other => panic!("no variant {other}"),
        }
    }

    fn ind_out(&mut self, case: &Case) -> Result<Value> {
        let mut room = vec![0; case.input("dCnt") as usize];
        let data = any::r_ind_out(case.abi, &self.service, &mut room)?;
        let bytes = match (&data, case.variant()) {
            (Data::Region(_), "ool") => "(out of line)".to_owned(),
            (other, _) => to_hex(other.bytes()?),
        };
        Ok(json!({ "dCnt": data.len(), "d_bytes": bytes }))
    }

    fn reqpoly(&mut self, case: &Case) -> Result<()> {
        let (abi, a) = (case.abi, case.input("a") as i32);
        self.via.clone().with_port(|port| match case.variant() {
            "make_send" => any::r_reqpoly(abi, port.make_send(), a),
            "move_send_once" => any::r_reqpoly(abi, self.via.make_send_once(port).into(), a),
            other => panic!("no variant {other}"),
        })
    }
}

fn counted<X>(count: usize, element: impl Fn(usize) -> X) -> Vec<X> {
    (0..count).map(element).collect()
}

/// 0, 3, 6 and so on.
fn thirds(count: usize) -> Vec<u8> {
    counted(count, |it| (it * 3) as u8)
}

fn region(it: Region<Port, u8>) -> Value {
    json!({ "dCnt": it.len() })
}
