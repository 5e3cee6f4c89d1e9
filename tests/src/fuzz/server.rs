//! A server of `shapes` that looks at everything it is given and answers with something of everything.

use std::fmt::{Debug, Write};

use mig_rt::{
    Answer, AnyRight, Data, KernReturn, Loopback, Outbound, Outtran, PortName, ReceiveRight, Region, ReplyTo, Rights,
    Room, SendOnceRight, SendRight, Text, Translate, Wide,
};

use super::shapes::{self, Handle, ShapesServer};

/// A port space with such a server.
pub(super) type Port = Loopback<Reader>;

type Answered<X> = Result<X, KernReturn>;

/// The server.
#[derive(Default)]
pub(super) struct Reader {
    /// What it was given, in the order of calls.
    pub(super) seen: String,
    /// Methods that were called.
    pub(super) calls: usize,
    /// The handle, for rights and memory that it makes.
    pub(super) via: Option<Port>,
}

impl Reader {
    /// Every byte and name of the arguments goes in.
    fn see(&mut self, what: impl Debug) {
        self.calls += 1;
        writeln!(self.seen, "{what:?}").expect("a string takes whatever is written");
    }

    fn via(&self) -> Port {
        self.via.clone().expect("set before the first message")
    }

    fn right(&self) -> SendRight<Port> {
        self.via().port()
    }

    fn region<E: mig_rt::Element>(&self, elements: &[E]) -> Answered<Region<Port, E>> {
        Region::new(&self.via(), elements)
    }

    fn rights(&self, count: usize) -> Answered<Rights<'static, Port, SendRight<Port>>> {
        let rights: Vec<_> = (0..count).map(|_| self.right()).collect();
        Rights::collect(&self.via(), rights)
    }
}

/// The elements, in line or not.
fn data<E: mig_rt::Plain + Debug>(it: &Data<'_, Port, E>) -> Answered<Vec<E>> {
    Ok(it.iter()?.collect())
}

impl Translate<Port, Handle> for Reader {
    type Object = i32;

    fn intran(&self, handle: i32) -> i32 {
        handle.wrapping_add(1000)
    }
}

impl Outtran<Port, Handle> for Reader {
    type Object = i32;

    fn outtran(&self, object: i32) -> i32 {
        object.wrapping_sub(1000)
    }
}

impl ShapesServer<Port> for Reader {
    fn r_noargs(&mut self, req: PortName) -> Answered<()> {
        self.see(req);
        Ok(())
    }

    fn r_scalars(&mut self, req: PortName, a: i32, b: u64, c: bool) -> Answered<shapes::r_scalars::Out> {
        self.see((req, a, b, c));
        Ok(shapes::r_scalars::Out { x: a, y: b })
    }

    fn s_simple(&mut self, req: PortName, a: i32, b: u64) -> Answered<()> {
        self.see((req, a, b));
        Ok(())
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
    ) -> Answered<()> {
        self.see((req, &p1, &p2, &p3, &p4, &p5, n));
        Ok(())
    }

    fn r_port_out(&mut self, req: PortName) -> Answered<shapes::r_port_out::Out<Port>> {
        self.see(req);
        Ok(shapes::r_port_out::Out { p: self.right(), n: req })
    }

    fn r_inout(&mut self, req: PortName, a: i32, s: [i32; 3]) -> Answered<shapes::r_inout::Out> {
        self.see((req, a, s));
        Ok(shapes::r_inout::Out { a, s })
    }

    fn r_fixarr(&mut self, req: PortName, f: &[u8; 5]) -> Answered<shapes::r_fixarr::Out> {
        self.see((req, f));
        Ok(shapes::r_fixarr::Out { g: [1, 2, 3], h: *f })
    }

    fn r_var_in(&mut self, req: PortName, d: &[u8]) -> Answered<()> {
        self.see((req, d));
        Ok(())
    }

    fn r_var_in2(&mut self, req: PortName, d: &[u8], m: i32, e: &[i32], z: u64) -> Answered<()> {
        self.see((req, d, m, e, z));
        Ok(())
    }

    fn r_var_out(&mut self, req: PortName, d: &mut Room<'_, u8>) -> Answered<()> {
        self.see(req);
        d.fill(1..=7);
        Ok(())
    }

    fn r_var_out2(
        &mut self,
        req: PortName,
        d: &mut Room<'_, u8>,
        e: &mut Room<'_, i32>,
    ) -> Answered<shapes::r_var_out2::Results> {
        self.see(req);
        d.fill(1..=5);
        e.fill(1..=3);
        Ok(shapes::r_var_out2::Results { m: 1, z: 2 })
    }

    fn r_countinout(&mut self, req: PortName, k: i32, d: &mut Room<'_, i32>) -> Answered<()> {
        self.see((req, k, d.capacity()));
        d.fill(0..20);
        Ok(())
    }

    fn r_cstr(&mut self, req: PortName, s: Text<'_>, t: &mut Room<'_, u8>) -> Answered<()> {
        self.see((req, s));
        t.extend(&s.bytes()[..s.bytes().len().min(t.capacity())])
    }

    fn r_cstr_var(&mut self, req: PortName, s: Text<'_>, k: i32, t: &mut Room<'_, u8>) -> Answered<()> {
        self.see((req, s, k));
        t.extend(&s.bytes()[..s.bytes().len().min(t.capacity())])
    }

    fn r_ool_in(&mut self, req: PortName, d: Region<Port, u8>) -> Answered<()> {
        self.see((req, d.bytes()?));
        Ok(())
    }

    fn r_ool_in_dealloc(&mut self, req: PortName, d: Region<Port, u8>) -> Answered<()> {
        self.see((req, d.bytes()?));
        Ok(())
    }

    fn r_ool_in_maybe(&mut self, req: PortName, d: Region<Port, u8>) -> Answered<()> {
        self.see((req, d.bytes()?));
        Ok(())
    }

    fn r_ool_out(&mut self, req: PortName) -> Answered<Region<Port, u8>> {
        self.see(req);
        self.region(&[])
    }

    fn r_ool_out_dealloc(&mut self, req: PortName) -> Answered<Region<Port, u8>> {
        self.see(req);
        self.region(&[1, 2, 3])
    }

    fn r_ool_out_maybe(&mut self, req: PortName) -> Answered<Region<Port, u8>> {
        self.see(req);
        self.region(&[4; 100])
    }

    fn r_poly_in(&mut self, req: PortName, p: AnyRight<Port>, k: i32) -> Answered<()> {
        self.see((req, &p, k));
        Ok(())
    }

    fn r_poly_out(&mut self, req: PortName) -> Answered<shapes::r_poly_out::Results<Port>> {
        self.see(req);
        Ok(shapes::r_poly_out::Results { p: self.right().into(), k: 1 })
    }

    fn r_polysend_out(&mut self, req: PortName) -> Answered<Outbound<'static, Port>> {
        self.see(req);
        Ok(self.right().into())
    }

    fn r_ind_in(&mut self, req: PortName, d: Data<'_, Port, u8>) -> Answered<()> {
        self.see((req, data(&d)?));
        Ok(())
    }

    fn r_ind_in_dealloc(&mut self, req: PortName, d: Data<'_, Port, u8>, k: i32) -> Answered<()> {
        self.see((req, data(&d)?, k));
        Ok(())
    }

    fn r_ind_in_scopy(&mut self, req: PortName, d: Data<'_, Port, u8>) -> Answered<()> {
        self.see((req, data(&d)?));
        Ok(())
    }

    fn r_ind_out(&mut self, req: PortName, d: &mut Room<'_, u8>) -> Answered<Option<Region<Port, u8>>> {
        self.see(req);
        d.fill(0..100);
        Ok(None)
    }

    fn r_ind_out_dealloc(
        &mut self,
        req: PortName,
        _d: &mut Room<'_, u8>,
    ) -> Answered<shapes::r_ind_out_dealloc::Results<Port>> {
        self.see(req);
        Ok(shapes::r_ind_out_dealloc::Results { d: Some(self.region(&[5; 3000])?), k: 1 })
    }

    fn r_portarr_ool_in(&mut self, req: PortName, d: Rights<'_, Port, SendRight<Port>>) -> Answered<()> {
        self.see((req, &d));
        Ok(())
    }

    fn r_portarr_ool_out(&mut self, req: PortName) -> Answered<Rights<'static, Port, SendRight<Port>>> {
        self.see(req);
        self.rights(3)
    }

    fn r_portarr_ind_in(&mut self, req: PortName, mut d: Rights<'_, Port, SendRight<Port>>) -> Answered<()> {
        // One is taken out; the rest goes with the iterator.
        let first = d.next();
        self.see((req, &first, &d));
        Ok(())
    }

    fn r_portarr_ind_out(&mut self, req: PortName) -> Answered<Rights<'static, Port, SendRight<Port>>> {
        self.see(req);
        self.rights(300)
    }

    fn r_big(&mut self, req: PortName, d: &[i32; 5000], k: i32) -> Answered<()> {
        self.see((req, d.iter().fold(0i32, |sum, it| sum.wrapping_add(*it)), k));
        Ok(())
    }

    fn r_islong(&mut self, req: PortName, a: i32) -> Answered<i32> {
        self.see((req, a));
        Ok(a)
    }

    fn r_seqno(&mut self, req: PortName, q: u32, a: i32) -> Answered<()> {
        self.see((req, q, a));
        Ok(())
    }

    fn r_waittime(&mut self, req: PortName, a: i32) -> Answered<()> {
        self.see((req, a));
        Ok(())
    }

    fn r_replyport(&mut self, req: PortName, rp: ReplyTo<'_, Port, shapes::r_replyport::Reply>, a: i32) -> Answer {
        self.see((req, a));
        rp.now(Ok(()))
    }

    fn r_sureply(&mut self, req: PortName, sp: ReplyTo<'_, Port, shapes::r_sureply::Reply>, a: i32) -> Answer {
        self.see((req, a));
        // The answer of its own fails or not: nothing is left either way.
        let (later, answer) = sp.later();
        let _ = later.send(Ok(()));
        answer
    }

    fn r_trans(&mut self, req: PortName, h: i32) -> Answered<i32> {
        self.see((req, h));
        Ok(h)
    }

    fn r_trans_inout(&mut self, req: PortName, h: i32) -> Answered<i32> {
        self.see((req, h));
        Ok(h)
    }

    fn r_struct_var(&mut self, req: PortName, d: &[[i32; 2]], e: &mut Room<'_, [i32; 2]>) -> Answered<i32> {
        self.see((req, d));
        e.fill(d.iter().copied());
        Ok(1)
    }

    fn r_reqpoly(&mut self, req: PortName, a: i32) -> Answered<()> {
        self.see((req, a));
        Ok(())
    }

    fn r_mixed(
        &mut self,
        req: PortName,
        d: Data<'_, Port, i32>,
        p: SendRight<Port>,
        e: &[u8],
        x: &mut Room<'_, i32>,
        y: &mut Room<'_, Wide<u64>>,
    ) -> Answered<shapes::r_mixed::Results<Port>> {
        self.see((req, data(&d)?, &p, e));
        x.fill(0..9);
        y.fill((0..6).map(Wide::new));
        Ok(shapes::r_mixed::Results { x: None, q: p, k: 1 })
    }

    fn s_reply(&mut self, reply: PortName, rc: i32, d: &[u8]) -> Answered<()> {
        self.see((reply, rc, d));
        Ok(())
    }

    fn s_ind(&mut self, req: PortName, d: Data<'_, Port, u8>) -> Answered<()> {
        self.see((req, data(&d)?));
        Ok(())
    }

    fn r_chars(&mut self, req: PortName, d: &[u8], e: &mut Room<'_, u8>) -> Answered<()> {
        self.see((req, d));
        e.fill(d.iter().copied());
        Ok(())
    }

    fn r_notlong(&mut self, req: PortName, d: Region<Port, u8>) -> Answered<Region<Port, u8>> {
        self.see((req, d.bytes()?));
        Ok(d)
    }

    fn r_odd(&mut self, req: PortName, d: &[u8], m: i32) -> Answered<()> {
        self.see((req, d, m));
        Ok(())
    }
}
