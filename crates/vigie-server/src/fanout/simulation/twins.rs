//! Two worlds that go the same way, but that somebody who hides lives in one of them, and in the other stays away.
//!
//! In: a seed, and how that person hides. Out: the first difference in what anybody else is sent.
//! Compared is every frame, byte by byte but for the cursors, of which the length is compared; and the step and the instant that it is sent at.
//! A cursor is sealed and cannot be read, so that two of them differ in any case.

use fastrand::Rng;
use serde_json::Value;

use super::world::World;
use super::{Finding, on_one_thread, seeds_or};

/// Seeds of an ordinary test run; each makes three pairs of worlds.
const SEEDS: u64 = 15;

/// Steps of two worlds side by side.
const STEPS: usize = 120;

/// Rounds in which everybody is told what there is, at the end and once more after everybody came back.
const ROUNDS: usize = 60;

/// How somebody hides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hiding {
    /// By the chosen status, taken while offline.
    Invisible,
    /// By privacy: nobody may know of the availability.
    ToNobody,
    /// By blocks: of everybody.
    ByBlocks,
    /// Not at all: the comparison must find it.
    NotAtAll,
}

/// Somebody who hides, from the first step to the last.
#[derive(Debug, Clone, Copy)]
pub(super) struct Secret {
    pub(super) who: &'static str,
    pub(super) hiding: Hiding,
    /// Whether there is anything to hide: sessions, views, watch lists, calls of operators.
    pub(super) is_lived: bool,
}

/// A frame as it is compared.
pub(super) fn without_cursor(payload: &Value) -> Value {
    let mut payload = payload.clone();
    if let Some(cursor) = payload.get_mut("cursor") {
        let length = cursor.as_str().map(str::len);
        *cursor = length.into();
    }
    payload
}

async fn heard(seed: u64, secret: Secret) -> Result<Vec<String>, Finding> {
    let mut rng = Rng::with_seed(seed);
    let mut world = World::with_secret(&mut rng, secret).await;
    for _ in 0..STEPS {
        world.step(&mut rng).await?;
    }
    world.calm_down(&mut rng, ROUNDS).await?;
    world.everybody_returns()?;
    world.calm_down(&mut rng, ROUNDS).await?;
    Ok(world.take_heard())
}

/// The first frame that one world has and the other has not.
async fn difference(seed: u64, hiding: Hiding) -> Result<Option<String>, Finding> {
    let secret = |is_lived| Secret {
        who: "dot",
        hiding,
        is_lived,
    };
    let lived = Box::pin(heard(seed, secret(true))).await?;
    let away = Box::pin(heard(seed, secret(false))).await?;
    let pairs = lived.iter().zip(&away);
    let first = pairs.clone().find(|(lived, away)| lived != away);
    let by_length = || {
        let (longer, rest) = if lived.len() > away.len() {
            ("lived", lived.get(away.len()))
        } else {
            ("away", away.get(lived.len()))
        };
        rest.map(|frame| format!("only {longer}: {frame}"))
    };
    let first = first.map(|(lived, away)| format!("lived: {lived}\n away: {away}"));
    Ok(first.or_else(by_length))
}

#[test]
fn nobody_can_tell_a_hidden_person_from_one_who_is_away() {
    on_one_thread(async {
        for seed in 0..seeds_or(SEEDS) {
            for hiding in [Hiding::Invisible, Hiding::ToNobody, Hiding::ByBlocks] {
                let found = difference(seed, hiding).await;
                assert_eq!(found, Ok(None), "seed {seed}, {hiding:?}");
            }
        }
    });
}

#[test]
fn a_person_who_does_not_hide_is_noticed() {
    on_one_thread(async {
        let mut seed = 0;
        while difference(seed, Hiding::NotAtAll).await == Ok(None) {
            seed += 1;
            assert!(seed < SEEDS, "nobody noticed");
        }
    });
}
