//! Over random changes, drops and returns by any transport, every client ends with the server's view.

use std::collections::BTreeMap;

use fastrand::Rng;
use serde_json::json;
use tokio::time::Instant;
use vigie_client::Method;

use crate::follower::{Follower, Kept, Transport};
use crate::world::{SOON, World};

const PEOPLE: [&str; 6] = ["ann", "ben", "cem", "dot", "eva", "fay"];

/// Clients of one watcher.
const CLIENTS: usize = 5;

const STEPS: usize = 80;

/// The watcher's truth: whom it shares the room with, and whether they are online.
struct Truth {
    members: Vec<&'static str>,
    online: BTreeMap<&'static str, bool>,
}

impl Truth {
    fn view(&self) -> BTreeMap<String, bool> {
        let seen = |id: &&'static str| ((*id).to_owned(), self.online[id]);
        self.members.iter().map(seen).collect()
    }
}

enum Client {
    Here(Box<Follower>),
    Away(Kept),
}

#[expect(
    clippy::print_stdout,
    reason = "shown of a failure, which is repeated by its seed"
)]
async fn run(seed: u64) {
    println!("seed {seed}");
    let mut rng = Rng::with_seed(seed);
    let mut world = World::with(&[("VIGIE_GRACE", "100ms")]).await;
    let mut truth = Truth {
        members: PEOPLE.to_vec(),
        online: PEOPLE.map(|id| (id, false)).into(),
    };
    meet(&world, &truth).await;
    let mut clients: Vec<Client> = (0..CLIENTS)
        .map(|_| Client::Away(Kept::default()))
        .collect();
    for _ in 0..STEPS {
        match rng.u32(..100) {
            0..55 => {
                let id = PEOPLE[rng.usize(..PEOPLE.len())];
                let is_online = rng.bool();
                let forced = json!({"userId": id, "isOnline": is_online});
                world
                    .service(Method::POST, "/maintenance/user-status", Some(forced))
                    .await;
                truth.online.insert(id, is_online);
            }
            55..90 => {
                let client = &mut clients[rng.usize(..CLIENTS)];
                let transport = Transport::ALL[rng.usize(..4)];
                let before = std::mem::replace(client, Client::Away(Kept::default()));
                *client = match before {
                    Client::Here(mut follower) => {
                        // It may have read all, some or nothing of what it was sent.
                        for _ in 0..rng.u32(..4) {
                            let soon = Instant::now() + std::time::Duration::from_millis(30);
                            follower.next(soon).await;
                        }
                        Client::Away(follower.drop_link())
                    }
                    Client::Away(kept) => {
                        let follower = Follower::open(&world, transport, "bob", kept).await;
                        Client::Here(Box::new(follower))
                    }
                };
            }
            90..98 => {
                let id = PEOPLE[rng.usize(..PEOPLE.len())];
                match truth.members.iter().position(|member| *member == id) {
                    Some(place) => drop(truth.members.remove(place)),
                    None => truth.members.push(id),
                }
                meet(&world, &truth).await;
            }
            _ => {
                for client in &mut clients {
                    let before = std::mem::replace(client, Client::Away(Kept::default()));
                    if let Client::Here(follower) = before {
                        *client = Client::Away(follower.drop_link());
                    } else {
                        *client = before;
                    }
                }
                world = world.restart().await;
            }
        }
    }
    for (number, client) in clients.into_iter().enumerate() {
        let mut follower = match client {
            Client::Here(follower) => *follower,
            Client::Away(kept) => {
                let transport = Transport::ALL[number % 4];
                Follower::open(&world, transport, "bob", kept).await
            }
        };
        settle(&mut follower, &truth, seed, number).await;
        // And once more from where it stands.
        let transport = Transport::ALL[(number + 1) % 4];
        let again = Follower::open(&world, transport, "bob", follower.drop_link()).await;
        assert_eq!(seen(&again), truth.view(), "seed {seed}, client {number}");
    }
}

async fn meet(world: &World, truth: &Truth) {
    let mut members = truth.members.clone();
    members.push("bob");
    world.conversation("room", &members).await;
}

async fn settle(follower: &mut Follower, truth: &Truth, seed: u64, number: usize) {
    let deadline = Instant::now() + SOON;
    while seen(follower) != truth.view() {
        let next = follower.next(deadline).await;
        let (seen, expected) = (seen(follower), truth.view());
        assert!(
            next.is_some() || seen == expected,
            "seed {seed}, client {number}: {seen:?}, not {expected:?}"
        );
    }
}

/// Whom a client believes to be online or not.
fn seen(follower: &Follower) -> BTreeMap<String, bool> {
    let people = follower.view.iter();
    people
        .map(|(id, (is_online, _))| (id.clone(), *is_online))
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_client_ends_with_the_view_of_the_server() {
    for seed in [1, 2, 3] {
        run(seed).await;
    }
    run(fastrand::u64(..)).await;
}
