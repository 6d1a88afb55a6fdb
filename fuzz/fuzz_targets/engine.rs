//! Any bytes are a story; the engine must live through it as the reference of the simulation does.
#![no_main]

use libfuzzer_sys::fuzz_target;
use vigie_sim::{Planted, tell};

fuzz_target!(|bytes: &[u8]| {
    if let Err(failure) = tell(bytes, Planted::default()) {
        panic!("{failure}");
    }
});
