//! Definition files → preprocessed text.
