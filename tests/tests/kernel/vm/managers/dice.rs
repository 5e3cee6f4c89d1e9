//! Choices that a seed makes.

pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn new(seed: u64) -> Dice {
        Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// A number below `end`, which is not 0.
    pub(super) fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % end
    }

    pub(super) fn one<X: Copy>(&mut self, of: &[X]) -> X {
        of[self.below(of.len() as u64) as usize]
    }

    /// Others, which these choose.
    pub(super) fn split(&mut self) -> Dice {
        Dice::new(self.below(u64::MAX))
    }

    pub(super) fn flip(&mut self) -> bool {
        self.below(2) == 1
    }
}
