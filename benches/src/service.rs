//! What the server does, in Rust. `c/service.c` does the same.
//!
//! Its methods are not inlined into the stubs, as C's are not.

use mig_rt::{KernReturn, PortName, Region, Room, SendOnceRight, SendRight};

use crate::bench::{BenchServer, b_scalars};
use crate::direct::{Direct, Mapped};

pub(crate) struct Service;

unsafe extern "C" {
    /// What is returned, by C's server too.
    safe static service_ints: [i32; 1024];
    /// The same in bytes.
    safe static service_bytes: [u8; 4096];
}

type Done<X> = Result<X, KernReturn>;

impl BenchServer<Direct> for Service {
    #[inline(never)]
    fn b_null(&mut self, _: PortName) -> Done<()> {
        Ok(())
    }

    #[inline(never)]
    fn b_scalars(&mut self, _: PortName, a: i32, b: u64, c: bool) -> Done<b_scalars::Out> {
        Ok(b_scalars::Out { x: a + i32::from(c), y: b + 1 })
    }

    #[inline(never)]
    fn b_in_few(&mut self, _: PortName, d: &[i32; 13]) -> Done<i32> {
        Ok(d[0] + d[12])
    }

    #[inline(never)]
    fn b_in_some(&mut self, _: PortName, d: &[i32; 128]) -> Done<i32> {
        Ok(d[0] + d[127])
    }

    #[inline(never)]
    fn b_in_many(&mut self, _: PortName, d: &[i32; 1024]) -> Done<i32> {
        Ok(d[0] + d[1023])
    }

    #[inline(never)]
    fn b_in_ints(&mut self, _: PortName, d: &[i32], k: i32) -> Done<i32> {
        Ok(match (d.first(), d.last()) {
            (Some(first), Some(last)) => first + last + k,
            _ => k,
        })
    }

    #[inline(never)]
    fn b_in_bytes(&mut self, _: PortName, d: &[u8]) -> Done<i32> {
        Ok(match (d.first(), d.last()) {
            (Some(first), Some(last)) => i32::from(*first) + i32::from(*last),
            _ => 0,
        })
    }

    #[inline(never)]
    fn b_in_two(&mut self, _: PortName, d: &[i32], m: i32, e: &[u8], z: u64) -> Done<i32> {
        Ok(match (d.last(), e.last()) {
            (Some(d), Some(e)) => d + i32::from(*e) + m + z as i32,
            _ => 0,
        })
    }

    #[inline(never)]
    fn b_rights(
        &mut self,
        _: PortName,
        _a: SendRight<Direct>,
        _b: SendRight<Direct>,
        _c: SendOnceRight<Direct>,
    ) -> Done<()> {
        Ok(())
    }

    #[inline(never)]
    fn b_out_few(&mut self, _: PortName) -> Done<[i32; 13]> {
        Ok(service_ints[..13].try_into().unwrap_or([0; 13]))
    }

    #[inline(never)]
    fn b_out_some(&mut self, _: PortName, d: &mut Room<'_, i32>) -> Done<()> {
        d.extend(&service_ints[..128])
    }

    #[inline(never)]
    fn b_out_many(&mut self, _: PortName, d: &mut Room<'_, i32>) -> Done<()> {
        d.extend(&service_ints)
    }

    #[inline(never)]
    fn b_out_ints(&mut self, _: PortName, n: i32, d: &mut Room<'_, i32>) -> Done<()> {
        d.extend(&service_ints[..(n as usize).min(service_ints.len())])
    }

    #[inline(never)]
    fn b_out_two(&mut self, _: PortName, n: i32, d: &mut Room<'_, i32>, e: &mut Room<'_, u8>) -> Done<()> {
        let n = (n as usize).min(service_ints.len());
        d.extend(&service_ints[..n])?;
        e.extend(&service_bytes[..4 * n])
    }

    #[inline(never)]
    fn b_in_region(&mut self, _: PortName, d: Region<Direct, i32>) -> Done<i32> {
        let bytes = d.bytes()?;
        Ok(match (bytes.first_chunk(), bytes.last_chunk()) {
            (Some(first), Some(last)) => i32::from_le_bytes(*first) + i32::from_le_bytes(*last),
            _ => 0,
        })
    }

    #[inline(never)]
    fn b_out_region(&mut self, _: PortName) -> Done<Region<Direct, i32>> {
        Ok(Region::from_memory(Mapped::of(&service_ints)))
    }
}
