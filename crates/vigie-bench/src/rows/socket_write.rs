//! The floor under a delivery: what the kernel needs to take one write for one connection on this machine.
//!
//! One thread writes to as many sockets as there are watchers, in turns; nobody has to be woken to read.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};

use crate::process::cpu_of_this_thread;

/// Bytes of a `user:status` with its frame, about.
const EVENT: usize = 250;

/// Writes to each socket.
const ROUNDS: usize = 60;

/// Microseconds of each event, when so many of them go in one write.
pub(crate) fn cpu_per_event(sockets: usize, events: usize) -> anyhow::Result<f64> {
    Ok(cpu_per_write(sockets, EVENT * events)? / events as f64)
}

/// Microseconds of one write of so many bytes, which are few enough to wait in a socket.
pub(crate) fn cpu_per_write(sockets: usize, bytes: usize) -> anyhow::Result<f64> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let mut near = Vec::with_capacity(sockets);
    let mut far = Vec::with_capacity(sockets);
    for _ in 0..sockets {
        let socket = TcpStream::connect(address)?;
        socket.set_nodelay(true)?;
        near.push(socket);
        far.push(listener.accept()?.0);
    }
    let frames = vec![b'x'; bytes];
    let mut read = frames.clone();
    let mut spent = std::time::Duration::ZERO;
    for _ in 0..ROUNDS {
        let before = cpu_of_this_thread()?;
        for socket in &mut near {
            socket.write_all(&frames)?;
        }
        spent += cpu_of_this_thread()? - before;
        // Read before the buffers are full, and not counted.
        for socket in &mut far {
            socket.read_exact(&mut read)?;
        }
    }
    Ok(spent.as_secs_f64() * 1e6 / (ROUNDS * sockets) as f64)
}
