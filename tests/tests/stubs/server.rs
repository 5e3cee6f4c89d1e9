//! A server of `shapes` that does what the recorded one did, and writes down what it was given.

use mig_rt::{
    Answer, AnyRight, Data, Disposition, KernReturn, Loopback, Outbound, Outtran, PortName, ReceiveRight, Region,
    ReplyTo, Rights, Room, SendOnceRight, SendRight, Text, Translate,
};
use serde_json::{Value, json};

use crate::recorded::to_hex;
use crate::shapes::{self, Handle, ShapesServer};

pub(crate) type Port = Loopback<Script>;

/// What to do, and what was done.
#[derive(Default)]
pub(crate) struct Script {
    pub(crate) variant: String,
    /// What every method returns in place of success.
    pub(crate) fails: Option<KernReturn>,
    /// Rights to give away.
    pub(crate) gives: Vec<AnyRight<Port>>,
    /// Receive rights from which rights are made.
    pub(crate) makes: Vec<ReceiveRight<Port>>,
    /// Calls, as recordings write them.
    pub(crate) calls: Vec<Value>,
    /// The handle, for memory.
    pub(crate) via: Option<Port>,
}

impl Script {
    /// Writes a call down; the error that it must fail with.
    fn called(&mut self, routine: &str, req: PortName, arguments: Value) -> Result<(), KernReturn> {
        let mut call = json!({ "server": routine, "req": req.0 });
        let Value::Object(arguments) = arguments else { panic!("arguments are an object") };
        call.as_object_mut().expect("an object").extend(arguments);
        self.calls.push(call);
        self.fails.map_or(Ok(()), Err)
    }

    fn via(&self) -> Port {
        self.via.clone().expect("set before the first call")
    }

    fn send_right(&mut self) -> SendRight<Port> {
        match self.gives.pop() {
            Some(AnyRight::Send(it)) => it,
            // A request of another routine.
            _ => SendRight::null(&self.via()),
        }
    }

    /// 5000 bytes of its own.
    fn region(&self) -> Result<Region<Port, u8>, KernReturn> {
        Region::new(&self.via(), &[7; 5000])
    }
}

fn hex64(it: u64) -> String {
    format!("{it:#x}")
}

/// Bytes as recordings show them.
fn data(it: &Data<'_, Port, u8>) -> String {
    match it {
        Data::Region(_) => "(long)".to_owned(),
        other => to_hex(other.bytes().expect("in line")),
    }
}

fn names(rights: &Rights<'_, Port, SendRight<Port>>) -> Vec<u32> {
    rights.names().map(|it| it.0).collect()
}

impl Translate<Port, Handle> for Script {
    type Object = i32;

    fn intran(&self, handle: i32) -> i32 {
        handle + 1000
    }
}

impl Outtran<Port, Handle> for Script {
    type Object = i32;

    fn outtran(&self, object: i32) -> i32 {
        object - 1000
    }
}

impl ShapesServer<Port> for Script {
    fn r_noargs(&mut self, req: PortName) -> Result<(), KernReturn> {
        self.called("r_noargs", req, json!({}))
    }

    fn r_scalars(&mut self, req: PortName, a: i32, b: u64, c: bool) -> Result<shapes::r_scalars::Out, KernReturn> {
        self.called("r_scalars", req, json!({ "a": a, "b": hex64(b), "c": i32::from(c) }))?;
        Ok(shapes::r_scalars::Out { x: -77, y: 0x1122_3344_5566_7788 })
    }

    fn s_simple(&mut self, req: PortName, a: i32, b: u64) -> Result<(), KernReturn> {
        self.called("s_simple", req, json!({ "a": a, "b": hex64(b) }))
    }

    fn r_ports(
        &mut self,
        req: PortName,
        p1: SendRight<Port>,
        p2: SendRight<Port>,
        p3: SendRight<Port>,
        p4: ReceiveRight<Port>,
        p5: SendOnceRight<Port>,
        n: PortName,
    ) -> Result<(), KernReturn> {
        let (p1, p2, p3, p4, p5) = (p1.name().0, p2.name().0, p3.name().0, p4.name().0, p5.name().0);
        self.called("r_ports", req, json!({ "p1": p1, "p2": p2, "p3": p3, "p4": p4, "p5": p5, "n": n.0 }))
    }

    fn r_port_out(&mut self, req: PortName) -> Result<shapes::r_port_out::Out<Port>, KernReturn> {
        self.called("r_port_out", req, json!({}))?;
        Ok(shapes::r_port_out::Out { p: self.send_right(), n: PortName(902) })
    }

    fn r_inout(&mut self, req: PortName, a: i32, s: [i32; 3]) -> Result<shapes::r_inout::Out, KernReturn> {
        self.called("r_inout", req, json!({ "a": a, "s": s }))?;
        Ok(shapes::r_inout::Out { a: a + 1, s: [s[0] + 10, s[1], -1] })
    }

    fn r_var_in(&mut self, req: PortName, d: &[u8]) -> Result<(), KernReturn> {
        self.called("r_var_in", req, json!({ "dCnt": d.len(), "d": to_hex(d) }))
    }

    fn r_var_in2(&mut self, req: PortName, d: &[u8], m: i32, e: &[i32], z: u64) -> Result<(), KernReturn> {
        let arguments = json!({ "dCnt": d.len(), "d": to_hex(d), "m": m, "eCnt": e.len(), "e": e, "z": hex64(z) });
        self.called("r_var_in2", req, arguments)
    }

    fn r_var_out(&mut self, req: PortName, d: &mut Room<'_, u8>) -> Result<(), KernReturn> {
        self.called("r_var_out", req, json!({ "dCnt_in": d.capacity() }))?;
        let count = match self.variant.as_str() {
            "zero" => 0,
            "full" => 96,
            _ => 7,
        };
        assert!(d.fill((0..count).map(|it| 0x40 + it)), "the room has 96 bytes");
        Ok(())
    }

    fn r_var_out2(
        &mut self,
        req: PortName,
        d: &mut Room<'_, u8>,
        e: &mut Room<'_, i32>,
    ) -> Result<shapes::r_var_out2::Results, KernReturn> {
        self.called("r_var_out2", req, json!({ "dCnt_in": d.capacity(), "eCnt_in": e.capacity() }))?;
        let (first, second) = if self.variant == "zero" { (0, 0) } else { (5, 3) };
        assert!(d.fill((0..first).map(|it| 0x40 + it)) && e.fill((0..second).map(|it| 100 + it)));
        Ok(shapes::r_var_out2::Results { m: 31, z: 0xfeed_face_cafe_beef })
    }

    fn r_cstr(&mut self, req: PortName, s: Text<'_>, t: &mut Room<'_, u8>) -> Result<(), KernReturn> {
        self.called("r_cstr", req, json!({ "s": String::from_utf8_lossy(s.bytes()) }))?;
        t.extend(b"reply text")
    }

    fn r_ool_in(&mut self, req: PortName, d: Region<Port, u8>) -> Result<(), KernReturn> {
        self.called("r_ool_in", req, json!({ "dCnt": d.len() }))
    }

    fn r_ool_in_dealloc(&mut self, req: PortName, d: Region<Port, u8>) -> Result<(), KernReturn> {
        self.called("r_ool_in_dealloc", req, json!({ "dCnt": d.len() }))
    }

    fn r_ool_out(&mut self, req: PortName) -> Result<Region<Port, u8>, KernReturn> {
        self.called("r_ool_out", req, json!({}))?;
        self.region()
    }

    fn r_ool_out_dealloc(&mut self, req: PortName) -> Result<Region<Port, u8>, KernReturn> {
        self.called("r_ool_out_dealloc", req, json!({}))?;
        self.region()
    }

    fn r_ool_out_maybe(&mut self, req: PortName) -> Result<Region<Port, u8>, KernReturn> {
        self.called("r_ool_out_maybe", req, json!({}))?;
        self.region()
    }

    fn r_poly_in(&mut self, req: PortName, p: AnyRight<Port>, k: i32) -> Result<(), KernReturn> {
        self.called("r_poly_in", req, json!({ "p": p.name().0, "pPoly": p.disposition().0, "k": k }))
    }

    fn r_poly_out(&mut self, req: PortName) -> Result<shapes::r_poly_out::Results<Port>, KernReturn> {
        self.called("r_poly_out", req, json!({}))?;
        let p = match self.variant.as_str() {
            "copy" => Outbound::from(self.send_right()),
            "make" if !self.makes.is_empty() => self.makes[0].make_send().detached(),
            _ => Outbound::number(PortName(555)),
        };
        Ok(shapes::r_poly_out::Results { p, k: 9 })
    }

    fn r_ind_in(&mut self, req: PortName, d: Data<'_, Port, u8>) -> Result<(), KernReturn> {
        self.called("r_ind_in", req, json!({ "dCnt": d.len(), "d": data(&d) }))
    }

    fn r_ind_in_dealloc(&mut self, req: PortName, d: Data<'_, Port, u8>, k: i32) -> Result<(), KernReturn> {
        self.called("r_ind_in_dealloc", req, json!({ "dCnt": d.len(), "d": data(&d), "k": k }))
    }

    fn r_ind_in_scopy(&mut self, req: PortName, d: Data<'_, Port, u8>) -> Result<(), KernReturn> {
        let copy = i32::from(!matches!(d, Data::Region(_)));
        self.called("r_ind_in_scopy", req, json!({ "dCnt": d.len(), "d": data(&d), "dSCopy": copy }))
    }

    fn r_ind_out(&mut self, req: PortName, d: &mut Room<'_, u8>) -> Result<Option<Region<Port, u8>>, KernReturn> {
        self.called("r_ind_out", req, json!({ "dCnt_in": d.capacity() }))?;
        let bytes = |count: u8| (0..count).map(|it| 0x5a ^ it);
        let fits = match self.variant.as_str() {
            "zero" => true,
            "ool" => return Region::new(&self.via(), &[7; 3000]).map(Some),
            "big_cap100" => d.fill(bytes(200)),
            _ => d.fill(bytes(6)),
        };
        assert!(fits, "the room has 2048 bytes");
        Ok(None)
    }

    fn r_portarr_ool_out(&mut self, req: PortName) -> Result<Rights<'static, Port, SendRight<Port>>, KernReturn> {
        self.called("r_portarr_ool_out", req, json!({}))?;
        let rights: Vec<_> = std::iter::from_fn(|| (!self.gives.is_empty()).then(|| self.send_right())).collect();
        Rights::collect(&self.via(), rights)
    }

    fn r_portarr_ind_in(&mut self, req: PortName, d: Rights<'_, Port, SendRight<Port>>) -> Result<(), KernReturn> {
        let shown = if d.len() > 256 { Vec::new() } else { names(&d) };
        self.called("r_portarr_ind_in", req, json!({ "dCnt": d.len(), "d": shown }))
    }

    fn r_big(&mut self, req: PortName, d: &[i32; 5000], k: i32) -> Result<(), KernReturn> {
        self.called("r_big", req, json!({ "sum": d.iter().sum::<i32>(), "k": k }))
    }

    fn r_islong(&mut self, req: PortName, a: i32) -> Result<i32, KernReturn> {
        self.called("r_islong", req, json!({ "a": a }))?;
        Ok(a + 1)
    }

    fn r_seqno(&mut self, req: PortName, q: u32, a: i32) -> Result<(), KernReturn> {
        self.called("r_seqno", req, json!({ "q": q, "a": a }))
    }

    fn r_waittime(&mut self, req: PortName, a: i32) -> Result<(), KernReturn> {
        self.called("r_waittime", req, json!({ "a": a }))
    }

    fn r_replyport(&mut self, req: PortName, rp: ReplyTo<'_, Port, shapes::r_replyport::Reply>, a: i32) -> Answer {
        rp.now(self.called("r_replyport", req, json!({ "a": a })))
    }

    fn r_trans(&mut self, req: PortName, h: i32) -> Result<i32, KernReturn> {
        self.called("r_trans", req, json!({ "h": h }))?;
        Ok(1077)
    }

    fn r_reqpoly(&mut self, req: PortName, a: i32) -> Result<(), KernReturn> {
        self.called("r_reqpoly", req, json!({ "a": a }))
    }

    fn r_odd(&mut self, req: PortName, d: &[u8], m: i32) -> Result<(), KernReturn> {
        self.called("r_odd", req, json!({ "dCnt": d.len(), "d": to_hex(d), "m": m }))
    }
}

/// How a kernel shows a right that was sent with this disposition.
pub(crate) fn shown(right: &AnyRight<Port>) -> (u32, u8) {
    let Disposition(it) = right.disposition();
    (right.name().0, it)
}
