//! Over random changes of presence, membership and attention, every viewer of a conversation ends with the truth, on every rung.

use std::collections::{BTreeMap, BTreeSet};

use fastrand::Rng;
use serde_json::json;
use vigie_client::Method;

use crate::room_viewer::{Member, Viewer};
use crate::world::World;

const PEOPLE: [&str; 8] = ["ann", "ben", "cem", "dot", "eva", "fay", "gil", "hal"];

/// People who look on; they stay members, and come and go as viewers.
const VIEWERS: [&str; 3] = ["wim", "xia", "yan"];

const STEPS: usize = 60;

/// What is so.
#[derive(Default)]
struct Truth {
    members: BTreeSet<&'static str>,
    online: BTreeSet<&'static str>,
}

impl Truth {
    /// Whom a viewer sees as present, while these look on.
    fn view(&self, viewers: &BTreeSet<&'static str>) -> BTreeMap<String, Member> {
        let online = self.members.intersection(&self.online).copied();
        let others = online.map(|id| (id.to_owned(), ("online".to_owned(), false)));
        let lookers = viewers.iter();
        let lookers = lookers.map(|id| ((*id).to_owned(), ("online".to_owned(), true)));
        others.chain(lookers).collect()
    }
}

async fn meet(world: &World, truth: &Truth) {
    let members: Vec<_> = truth.members.iter().chain(&VIEWERS).copied().collect();
    world.conversation("room", &members).await;
}

#[expect(
    clippy::print_stdout,
    reason = "shown of a failure, which is repeated by its seed"
)]
async fn run(seed: u64, settings: &[(&str, &str)]) {
    println!("seed {seed} {settings:?}");
    let mut rng = Rng::with_seed(seed);
    let mut all = vec![("VIGIE_GRACE", "50ms")];
    all.extend_from_slice(settings);
    let world = World::with(&all).await;
    let mut truth = Truth {
        members: PEOPLE.into(),
        ..Truth::default()
    };
    meet(&world, &truth).await;
    let mut viewers: BTreeMap<&'static str, Viewer> = BTreeMap::new();
    for _ in 0..STEPS {
        let id = PEOPLE[rng.usize(..PEOPLE.len())];
        match rng.u32(..100) {
            0..60 => {
                let is_online = rng.bool();
                let forced = json!({"userId": id, "isOnline": is_online});
                world
                    .service(Method::POST, "/maintenance/user-status", Some(forced))
                    .await;
                if is_online {
                    truth.online.insert(id);
                } else {
                    truth.online.remove(id);
                }
            }
            60..80 => {
                if !truth.members.remove(id) {
                    truth.members.insert(id);
                }
                meet(&world, &truth).await;
            }
            _ => {
                let who = VIEWERS[rng.usize(..VIEWERS.len())];
                match viewers.remove(who) {
                    Some(mut viewer) => viewer.socket.disconnect().await,
                    None => {
                        let viewer = Viewer::open(&world, who, "room").await;
                        viewers.insert(who, viewer);
                    }
                }
            }
        }
    }
    for who in VIEWERS {
        if !viewers.contains_key(who) {
            viewers.insert(who, Viewer::open(&world, who, "room").await);
        }
    }
    let expected = truth.view(&VIEWERS.into());
    for viewer in viewers.values_mut() {
        let is_right = |viewer: &Viewer| match viewer.mode.as_str() {
            "count" => viewer.members.is_empty(),
            _ => viewer.members == expected,
        };
        let counts = json!({
            "members": truth.members.len() + VIEWERS.len(),
            "online": expected.len(),
            "here": VIEWERS.len(),
        });
        viewer
            .until(|viewer| is_right(viewer) && viewer.counts == counts)
            .await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_viewer_ends_with_the_truth() {
    let every_change: &[(&str, &str)] = &[];
    let border = &[
        ("VIGIE_ROOM_FULL_LIMIT", "8"),
        ("VIGIE_AUDIENCE_LIMIT", "9"),
    ];
    let window = &[("VIGIE_AUDIENCE_LIMIT", "3")];
    let few_viewers = &[("VIGIE_ROOM_VIEWER_LIMIT", "2")];
    for (seed, settings) in [
        (1, every_change),
        (2, border),
        (3, window),
        (4, few_viewers),
    ] {
        run(seed, settings).await;
    }
    run(fastrand::u64(..), border).await;
}
