//! What real kernels are tested for, shown of this one: a file for each theme.

mod trailers;
