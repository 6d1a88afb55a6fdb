//! One person's life: stays by socket or by requests, with absences in between, at random.
//!
//! A person comes back after every loss as soon as a server is there, and begins a new stay only when everybody has seen the last one end.

use std::time::Duration;

use fastrand::Rng;
use serde_json::json;
use tokio::time::Instant;
use vigie_client::{Connect, Http, Method, Socket};

use super::log::{Means, Proof, What};
use super::town::{House, RETRY, Town};
use crate::people::{caller, token, wall};
use crate::server::BOUND;

/// How a stay by socket ends.
#[derive(Debug, Clone, Copy)]
enum Ending {
    /// With a goodbye.
    Leave,
    /// The connection is reset.
    Vanish,
    /// The server is killed, and the person does not come back.
    WithServer,
}

pub(super) struct Person<'t> {
    town: &'t Town,
    rng: Rng,
    slot: usize,
    names: usize,
    name: String,
    token: String,
    callers: Option<(usize, Http)>,
}

impl<'t> Person<'t> {
    pub(super) fn new(town: &'t Town, slot: usize, rng: Rng) -> Self {
        Self {
            town,
            rng,
            slot,
            names: 0,
            name: String::new(),
            token: String::new(),
            callers: None,
        }
    }

    /// Lives until the killing is over; the name, and the socket of who is still there then.
    pub(super) async fn live(mut self) -> (String, Option<Socket>) {
        self.become_newcomer().await;
        while !self.town.is_over() {
            let by = if self.rng.u8(..4) == 0 {
                Means::Requests
            } else {
                Means::Socket
            };
            let who = self.name.clone();
            self.town.log.write(What::Began { who, by });
            let remains = match by {
                Means::Requests => {
                    self.stay_by_requests().await;
                    None
                }
                Means::Socket => self.stay_by_socket().await,
            };
            if remains.is_some() {
                self.town.shown_to_all(&self.name, true).await;
                return (self.name, remains);
            }
            self.town.shown_to_all(&self.name, false).await;
            if self.rng.u8(..4) == 0 {
                self.become_newcomer().await;
            }
        }
        (self.name, None)
    }

    /// Goes on as somebody whom the server has never seen.
    async fn become_newcomer(&mut self) {
        self.name = format!("p{}.{}", self.slot, self.names);
        self.names += 1;
        self.token = token(&self.name);
        self.callers = None;
        self.town.invite(&self.name).await;
    }

    async fn stay_by_requests(&mut self) {
        let ends = self.some_time(300..5_000);
        while Instant::now() < ends && !self.town.is_over() {
            self.pause().await;
            let house = self.town.house().await;
            self.request(&house).await;
        }
        self.write_end();
    }

    /// The socket, when the killing is over and the person is still there.
    async fn stay_by_socket(&mut self) -> Option<Socket> {
        let ends = self.some_time(300..6_000);
        let endings = [Ending::Leave, Ending::Vanish, Ending::WithServer];
        let ending = endings[self.rng.usize(..endings.len())];
        // Of who does nothing, only signs of life tell that they are there.
        let is_passive = self.rng.bool();
        let mut resume = None;
        loop {
            let (house, mut socket, session) = self.enter(resume.take()).await;
            loop {
                let pause = self.rng.u64(30..300);
                let is_lost = tokio::select! {
                    _ = socket.ended() => true,
                    () = tokio::time::sleep(Duration::from_millis(pause)) => false,
                };
                let is_time = Instant::now() >= ends;
                match ending {
                    Ending::WithServer if is_lost && is_time => {
                        self.write_end();
                        return None;
                    }
                    Ending::Leave if is_time && !is_lost => {
                        self.write_end();
                        socket.disconnect().await;
                        return None;
                    }
                    Ending::Vanish if is_time && !is_lost => {
                        self.write_end();
                        socket.abort().await;
                        return None;
                    }
                    Ending::Leave | Ending::Vanish | Ending::WithServer => {}
                }
                if is_lost {
                    break;
                }
                if self.town.is_over() {
                    return Some(socket);
                }
                match self.rng.u8(..12) {
                    0..4 if !is_passive => self.act_on(&socket, &house).await,
                    4 if !is_passive => self.request(&house).await,
                    5 => {
                        socket.abort().await;
                        break;
                    }
                    _ => {}
                }
            }
            let who = self.name.clone();
            self.town.log.write(What::Lost { who });
            resume = self.rng.bool().then_some(session);
        }
    }

    /// Enters whichever server is there; tries until one lets us in. The socket, and its session's id.
    async fn enter(&mut self, resume: Option<String>) -> (House, Socket, String) {
        loop {
            let house = self.town.house().await;
            let asked = wall();
            let opened = Connect::to(&house.url)
                .auth(json!({"token": self.token, "resume": resume}))
                .listen_only(["authenticated"])
                .open()
                .await;
            let Ok(mut socket) = opened else {
                tokio::time::sleep(RETRY).await;
                continue;
            };
            let Ok(welcome) = socket.wait_for("authenticated", BOUND).await else {
                assert!(
                    !self.town.is_there(house.generation) || socket.recv().await.is_err(),
                    "{} gets no answer",
                    self.name
                );
                continue;
            };
            let welcome = welcome.payload();
            assert_eq!(welcome["success"], true, "{welcome}");
            self.write_proof(Proof::Entry, asked, &house);
            let session = welcome["session"].as_str().unwrap().to_owned();
            return (house, socket, session);
        }
    }

    async fn act_on(&self, socket: &Socket, house: &House) {
        let asked = wall();
        // Unanswered, it proves nothing: the server was killed meanwhile.
        let answer = socket.emit_with_ack("presence:activity", None, BOUND).await;
        if answer.is_ok() {
            self.write_proof(Proof::Activity, asked, house);
        }
    }

    /// A request, which a living server never refuses.
    async fn request(&mut self, house: &House) {
        let known = self.callers.take();
        let http = match known {
            Some((generation, http)) if generation == house.generation => http,
            Some(_) | None => caller(&house.url, &self.name),
        };
        let asked = wall();
        let answer = http.call(Method::GET, "/api/conversations", None).await;
        if let Ok(reply) = answer {
            assert_eq!(reply.status, 200, "{}", reply.text());
            self.write_proof(Proof::Activity, asked, house);
        }
        self.callers = Some((house.generation, http));
    }

    fn write_proof(&self, proof: Proof, asked: i64, house: &House) {
        self.town.log.write(What::Proved {
            who: self.name.clone(),
            proof,
            asked,
            generation: house.generation,
        });
    }

    fn write_end(&self) {
        let who = self.name.clone();
        self.town.log.write(What::Ended { who });
    }

    fn some_time(&mut self, millis: std::ops::Range<u64>) -> Instant {
        Instant::now() + Duration::from_millis(self.rng.u64(millis))
    }

    async fn pause(&mut self) {
        let millis = self.rng.u64(30..300);
        tokio::time::sleep(Duration::from_millis(millis)).await;
    }
}
