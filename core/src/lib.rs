//! The heart of the Virtual World Synthesizer.
#![forbid(unsafe_code)]
