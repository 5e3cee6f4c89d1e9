//! Preprocessed text → syntax tree.
