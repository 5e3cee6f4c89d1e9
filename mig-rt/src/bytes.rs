//! Little-endian numbers in slices whose length was checked before.

#[cfg(target_endian = "big")]
compile_error!(
    "every ABI is little-endian, and arrays are read where they stand: big-endian targets are not supported"
);

/// The four bytes at `at`.
///
/// # Panics
/// If the slice ends before; the optimiser removes the test where the caller has made it.
#[inline(always)]
#[allow(unreachable_pub, reason = "`carried` shows it to kernels, and needs `std`")]
pub fn u32_at(bytes: &[u8], at: usize) -> u32 {
    let mut it = [0; 4];
    it.copy_from_slice(&bytes[at..][..4]);
    u32::from_le_bytes(it)
}

/// The eight bytes at `at`.
///
/// # Panics
/// As [`u32_at`].
#[inline(always)]
pub(crate) fn u64_at(bytes: &[u8], at: usize) -> u64 {
    let mut it = [0; 8];
    it.copy_from_slice(&bytes[at..][..8]);
    u64::from_le_bytes(it)
}
