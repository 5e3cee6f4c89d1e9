//! Mutants of seeds, the same ones each time.

/// Makes mutants.
pub(crate) struct Mutator<'a> {
    seeds: &'a [Vec<u8>],
    state: u64,
}

/// Numbers at the edges of fields.
const EDGES: [u32; 12] = [0, 1, 2, 4, 8, 0x7f, 0xff, 0xfff, 0x1000, 0xffff, 0x7fff_ffff, u32::MAX];

impl<'a> Mutator<'a> {
    pub(crate) fn new(seeds: &'a [Vec<u8>]) -> Mutator<'a> {
        Mutator { seeds, state: 0x9e37_79b9_7f4a_7c15 }
    }

    /// A number below `end`, which is not 0.
    fn below(&mut self, end: usize) -> usize {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        (self.state >> 11) as usize % end
    }

    /// Some seed, changed a few times.
    pub(crate) fn mutant(&mut self) -> Vec<u8> {
        let seeds = self.seeds;
        let mut mutant = seeds[self.below(seeds.len())].clone();
        for _ in 0..=self.below(4) {
            self.change(&mut mutant);
        }
        mutant
    }

    fn change(&mut self, it: &mut Vec<u8>) {
        if it.is_empty() {
            return it.push(self.below(256) as u8);
        }
        let at = self.below(it.len());
        let some = 1 + self.below(16.min(it.len() - at));
        match self.below(9) {
            0 => it[at] ^= 1 << self.below(8),
            1 => it[at] = self.below(256) as u8,
            2 => it.truncate(at),
            3 => drop(it.drain(at..at + some)),
            4 => it.extend_from_within(at..at + some),
            5 => self.splice(it, at),
            6 => drop(it.splice(at..at, std::iter::repeat_n(0, some))),
            7 => {
                let copy = it[at..at + some].to_vec();
                let to = self.below(it.len());
                drop(it.splice(to..to, copy));
            }
            _ => self.edge(it, at),
        }
    }

    /// The rest is another seed's.
    fn splice(&mut self, it: &mut Vec<u8>, at: usize) {
        let seeds = self.seeds;
        let other = &seeds[self.below(seeds.len())];
        let from = self.below(other.len().max(1));
        it.truncate(at);
        it.extend_from_slice(other.get(from..).unwrap_or_default());
    }

    /// A number at the edge of some field, or next to what stood there.
    fn edge(&mut self, it: &mut [u8], at: usize) {
        let Some(place) = it.get_mut(at / 4 * 4..).and_then(<[u8]>::first_chunk_mut::<4>) else { return };
        let edge = match self.below(3) {
            0 => u32::from_le_bytes(*place).wrapping_add(1),
            1 => u32::from_le_bytes(*place).wrapping_sub(1),
            _ => EDGES[self.below(EDGES.len())],
        };
        *place = edge.to_le_bytes();
    }
}
