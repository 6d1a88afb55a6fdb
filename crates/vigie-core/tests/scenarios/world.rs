//! A small world on virtual time: one node with its store, and the people who come and go.
//!
//! In: what happens, in the words of a story; time moves only by [`World::after`] and its like.
//! Out: what watchers were told and when, what the next flush writes, what the store keeps.
//! Always true: every deadline on the way is decided at its very instant, and the effects of one signal are drained before the next.

use core::time::Duration;

use std::collections::BTreeMap;
use std::sync::Arc;

use vigie_core::{
    ActivityCells, Availability, ChosenStatus, Concern, ConnectionId, Effect, Engine, Face, Mono,
    Now, Presence, PresenceRecord, PrincipalKey, Rules, Sight, Signal, Totals, Wall, WriteBehind,
    face,
};

mod people;
mod store;

pub(crate) use people::Device;

/// When every story begins.
pub(crate) const BEGINNING: Duration = Duration::ZERO;

pub(crate) const MILLISECOND: Duration = Duration::from_millis(1);
pub(crate) const SECOND: Duration = Duration::from_secs(1);
pub(crate) const MINUTE: Duration = Duration::from_secs(60);
pub(crate) const HOUR: Duration = Duration::from_secs(3_600);

pub(crate) const ALICE: PrincipalKey = PrincipalKey(0);
pub(crate) const BOB: PrincipalKey = PrincipalKey(1);

/// An open EIO4 link was heard from within `ping_interval` + `ping_timeout`.
pub(crate) const SILENCE_LIMIT: Duration = Duration::from_secs(16);

/// What watchers hear, or a flush writes, when nothing happened.
pub(crate) const NOTHING: [&str; 0] = [];

/// A node says this often that it is alive.
const ALIVE_PERIOD: Duration = Duration::from_secs(2);

/// The wall clock at the beginning of every story.
const STORY_BEGINS: Wall = Wall::from_millis(1_700_000_000_000);

/// The counters of the throttle, as `status-metrics` shows them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Metrics {
    pub(crate) total: u64,
    pub(crate) throttled: u64,
    pub(crate) successful: u64,
    pub(crate) failed: u64,
    pub(crate) pending: u64,
}

/// One node, its store, and the clocks of both.
pub(crate) struct World {
    rules: Rules,
    node: Node,
    store: BTreeMap<PrincipalKey, PresenceRecord>,
    alive_at: Wall,
    now: Now,
    /// Real time since the beginning of the story, whatever the clocks say.
    story: Duration,
    last_id: u64,
    told: Vec<String>,
    told_to_oneself: Vec<String>,
    /// What a contact was told last of each.
    faces: BTreeMap<PrincipalKey, Face>,
    announced: Vec<(PrincipalKey, Presence)>,
    closed: Vec<ConnectionId>,
}

/// What a process holds in memory, and a crash takes away.
struct Node {
    cells: Arc<ActivityCells>,
    engine: Engine,
    write_behind: WriteBehind,
    /// Activities offered to the throttle.
    offered: u64,
    /// Those that the cells held back; the engine counts its own.
    held: u64,
}

impl Node {
    fn new(rules: &Rules) -> Self {
        let cells = Arc::new(ActivityCells::new(rules));
        Self {
            engine: Engine::new(rules.clone(), Arc::clone(&cells)),
            cells,
            write_behind: WriteBehind::default(),
            offered: 0,
            held: 0,
        }
    }
}

// Time.
impl World {
    pub(crate) fn new() -> Self {
        Self::with(Rules::default())
    }

    pub(crate) fn with(rules: Rules) -> Self {
        Self {
            node: Node::new(&rules),
            rules,
            store: BTreeMap::new(),
            alive_at: STORY_BEGINS,
            now: Now {
                mono: Mono::START,
                wall: STORY_BEGINS,
            },
            story: Duration::ZERO,
            last_id: 0,
            told: Vec::new(),
            told_to_oneself: Vec::new(),
            faces: BTreeMap::new(),
            announced: Vec::new(),
            closed: Vec::new(),
        }
    }

    /// Time passes, and every deadline is decided at its instant.
    pub(crate) fn after(&mut self, span: Duration) {
        let end = self.now.mono + span;
        while let Some(next) = self.node.engine.poll_timeout().filter(|next| *next <= end) {
            self.clocks_move(next.since(self.now.mono));
            self.timers_fire();
        }
        self.clocks_move(end.since(self.now.mono));
    }

    /// Time passes, and the node is too busy to decide any deadline.
    pub(crate) fn after_with_late_timers(&mut self, span: Duration) {
        self.clocks_move(span);
    }

    /// The node decides everything that is due.
    pub(crate) fn timers_fire(&mut self) {
        while self.node.engine.handle_timeout(self.now, usize::MAX) {}
        self.drain();
    }

    /// The node decides for `limit` steps; says whether more is due.
    pub(crate) fn timers_fire_for(&mut self, limit: usize) -> bool {
        let more = self.node.engine.handle_timeout(self.now, limit);
        self.drain();
        more
    }

    pub(crate) fn wall_clock_jumps_ahead(&mut self, span: Duration) {
        self.now.wall = self.now.wall + span;
    }

    pub(crate) fn wall_clock_jumps_back(&mut self, span: Duration) {
        self.now.wall = self.now.wall - span;
    }

    /// The process is stopped: the wall clock goes on, the engine's does not.
    pub(crate) fn process_is_paused(&mut self, pause: Duration) {
        self.story += pause;
        self.now.wall = self.now.wall + pause;
        self.handle(Signal::ProcessPaused { pause });
    }

    fn clocks_move(&mut self, span: Duration) {
        let periods = |story: Duration| story.as_millis() / ALIVE_PERIOD.as_millis();
        let before = periods(self.story);
        self.story += span;
        self.now = Now {
            mono: self.now.mono + span,
            wall: self.now.wall + span,
        };
        if periods(self.story) > before {
            let rest = self.story.as_millis() % ALIVE_PERIOD.as_millis();
            self.alive_at = self.now.wall - Duration::from_millis(u64::try_from(rest).unwrap());
        }
    }
}

// What can be seen.
impl World {
    /// What watchers were told since the last look: `at 4.25 s: alice offline`, with a text in quotation marks.
    pub(crate) fn told(&mut self) -> Vec<String> {
        core::mem::take(&mut self.told)
    }

    /// What people's own devices alone were told since the last look: `at 4.25 s: alice online invisible`.
    pub(crate) fn told_to_oneself(&mut self) -> Vec<String> {
        core::mem::take(&mut self.told_to_oneself)
    }

    /// What a contact sees.
    pub(crate) fn face(&self, who: PrincipalKey) -> Face {
        face(Sight::CONTACT, &self.presence(who), self.now.wall)
    }

    /// The edges behind [`Self::told`], of the whole story.
    pub(crate) fn announced(&self, who: PrincipalKey) -> Vec<Presence> {
        let of = |(principal, presence): &(PrincipalKey, Presence)| {
            (*principal == who).then(|| presence.clone())
        };
        self.announced.iter().filter_map(of).collect()
    }

    /// The links that the node closed by itself since the last look.
    pub(crate) fn closed(&mut self) -> Vec<ConnectionId> {
        core::mem::take(&mut self.closed)
    }

    pub(crate) fn presence(&self, who: PrincipalKey) -> Presence {
        self.node.engine.presence(who, self.now)
    }

    pub(crate) fn availability(&self, who: PrincipalKey) -> Availability {
        self.presence(who).availability
    }

    /// `last_active_at`, from the beginning of the story.
    pub(crate) fn last_active(&self, who: PrincipalKey) -> Option<Duration> {
        self.presence(who).last_active_at.map(since_beginning)
    }

    /// `last_seen_at`, from the beginning of the story.
    pub(crate) fn last_seen(&self, who: PrincipalKey) -> Option<Duration> {
        self.presence(who).last_seen_at.map(since_beginning)
    }

    /// `last_proof_at`, which the compatible wire calls `lastActiveAt`, from the beginning of the story.
    pub(crate) fn last_proof(&self, who: PrincipalKey) -> Option<Duration> {
        self.presence(who).last_proof_at.map(since_beginning)
    }

    pub(crate) fn metrics(&self) -> Metrics {
        let metrics = Metrics {
            total: self.node.offered,
            throttled: self.node.held + self.totals().held,
            successful: self.node.write_behind.successful(),
            failed: self.node.write_behind.failed_updates(),
            pending: self.node.write_behind.pending(),
        };
        assert_eq!(
            metrics.total,
            metrics.throttled + metrics.successful + metrics.pending
        );
        metrics
    }

    pub(crate) fn cells(&self) -> &ActivityCells {
        &self.node.cells
    }

    pub(crate) fn totals(&self) -> Totals {
        self.node.engine.totals()
    }

    pub(crate) fn now(&self) -> Now {
        self.now
    }
}

// The shell.
impl World {
    fn handle(&mut self, signal: Signal) {
        self.node.engine.handle(signal, self.now);
        self.drain();
    }

    fn drain(&mut self) {
        while let Some(effect) = self.node.engine.poll_effect() {
            match effect {
                Effect::Announce {
                    principal,
                    presence,
                    concern,
                    ..
                } => self.tell(principal, presence, concern),
                Effect::Persist {
                    principal,
                    accepted,
                } => self.node.write_behind.note(principal, accepted),
                Effect::Close { connection, .. } => self.closed.push(connection),
            }
        }
    }

    fn tell(&mut self, principal: PrincipalKey, presence: Presence, concern: Concern) {
        let at = self.story.as_secs_f64();
        let shown = face(Sight::CONTACT, &presence, self.now.wall);
        let last = self.faces.get(&principal);
        match concern {
            Concern::Watchers => {
                let quoted = shown.text.iter().map(|text| format!(" \"{text}\""));
                let (name, state) = (name(principal), shown.availability.as_str());
                let text: String = quoted.collect();
                self.told.push(format!("at {at} s: {name} {state}{text}"));
                let seen = |face: &Face| (face.availability, face.text.clone(), face.until);
                if let Some(last) = last {
                    assert_ne!(seen(last), seen(&shown), "whoever is told sees a change");
                    assert!(last.version < shown.version, "a later change says so");
                }
                self.faces.insert(principal, shown);
                self.announced.push((principal, presence));
            }
            Concern::Oneself => {
                if let Some(last) = last {
                    assert_eq!(last.availability, shown.availability);
                    assert_eq!(last.version, shown.version, "others see nothing");
                }
                let chosen = presence.chosen.as_ref().and_then(|chosen| chosen.status);
                let chosen = chosen.map_or("nothing chosen", ChosenStatus::as_str);
                let (name, state) = (name(principal), presence.availability.as_str());
                self.told_to_oneself
                    .push(format!("at {at} s: {name} {state}, {chosen}"));
            }
        }
    }
}

/// A wall time as its distance from the beginning of the story.
pub(crate) fn since_beginning(wall: Wall) -> Duration {
    assert!(wall >= STORY_BEGINS, "{wall:?} is before the story began");
    wall.since(STORY_BEGINS)
}

/// The wall time at a distance from the beginning of the story.
pub(crate) fn wall(story: Duration) -> Wall {
    STORY_BEGINS + story
}

fn name(principal: PrincipalKey) -> &'static str {
    match principal {
        ALICE => "alice",
        BOB => "bob",
        PrincipalKey(_) => "somebody",
    }
}
