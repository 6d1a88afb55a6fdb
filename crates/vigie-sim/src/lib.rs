//! vigie-sim
