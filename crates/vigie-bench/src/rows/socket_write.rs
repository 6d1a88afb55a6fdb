//! The floor under a delivery: what the kernel needs to take one small write for one connection on this machine.
//!
//! One thread writes to as many sockets as there are watchers, in turns; nobody has to be woken to read.

use std::io::Write;
use std::net::{TcpListener, TcpStream};

use crate::process::cpu_of_this_thread;

/// Bytes of a `user:status` with its frame, about.
const EVENT: [u8; 250] = [b'x'; 250];

/// Writes to each socket: so few that its buffer holds them all.
const ROUNDS: usize = 60;

/// Microseconds of each write.
pub(crate) fn cpu_per_write(sockets: usize) -> anyhow::Result<f64> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let mut near = Vec::with_capacity(sockets);
    let mut far = Vec::with_capacity(sockets);
    for _ in 0..sockets {
        let socket = TcpStream::connect(address)?;
        socket.set_nodelay(true)?;
        near.push(socket);
        far.push(listener.accept()?);
    }
    let before = cpu_of_this_thread()?;
    for _ in 0..ROUNDS {
        for socket in &mut near {
            socket.write_all(&EVENT)?;
        }
    }
    let spent = cpu_of_this_thread()? - before;
    drop(far);
    Ok(spent.as_secs_f64() * 1e6 / (ROUNDS * sockets) as f64)
}
