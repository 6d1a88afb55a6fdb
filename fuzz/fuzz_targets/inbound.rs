//! Any bytes are what a stranger sends; whatever is accepted must obey the wire contract.
#![no_main]

use libfuzzer_sys::{Corpus, fuzz_target};
use vigie_server::fuzzing::inbound;

fuzz_target!(|bytes: &[u8]| -> Corpus {
    match inbound(bytes) {
        Some(_) => Corpus::Keep,
        None => Corpus::Reject,
    }
});
