//! The history that both worlds share, and what the hidden one does in one of them alone.

use serde_json::json;
use vigie_client::{Method, Socket};

use super::plain::{HIDDEN, LONG_GONE, Record};
use super::routes::ask_everything;
use super::watchers::{Viewer, Watching, Who};
use crate::follower::{Kept, Transport};
use crate::world::World;

/// Whose coming and going shows that all before it has been told.
pub(super) const MARKER: &str = "anna";

/// How somebody is hidden.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// By choosing to be invisible, which looks like a goodbye.
    Invisible,
    /// By letting nobody see whether they are there.
    Privacy,
    /// By blocking the watchers.
    Blocks,
    /// By being blocked by the watchers.
    Blocked,
    /// By letting nobody see the times; whether they are there is seen.
    LastSeen,
    /// Not at all.
    Nothing,
}

/// A contact, one who shared a conversation once, and one who never did.
const WATCHERS: [&str; 3] = ["wanda", "fred", "sam"];

/// One of the two worlds.
pub(super) struct Life {
    world: Option<World>,
    pub(super) way: Way,
    /// The hidden one is there, and does things.
    pub(super) is_there: bool,
    guest: String,
    guest_id: String,
    pub(super) viewers: Vec<Viewer>,
    watching: Vec<Watching>,
    /// The hidden one's device.
    pub(super) xeno: Option<Socket>,
    /// Somebody who is there all the time.
    zoe: Option<Socket>,
    /// Somebody who is there until the restart.
    gus: Option<Socket>,
    record: Record,
}

/// What the watchers of one world were told.
pub(super) async fn live(way: Way, is_there: bool) -> Record {
    let mut life = Life::begin(way, is_there).await;
    life.watch("begins", |_| Kept::default()).await;
    life.switch().await;
    let kept = life.kept();
    life.go_on().await;
    life.catch_up("caught up", &kept).await;
    life.ask_everything(&kept, false).await;
    let kept = life.restart().await;
    life.catch_up("caught up later", &kept).await;
    life.go_on_after_restart().await;
    if way == Way::Invisible {
        life.ask_everything(&kept, false).await;
        life.come_back_for_all().await;
    }
    life.ask_everything(&kept, true).await;
    life.record
}

impl Life {
    async fn begin(way: Way, is_there: bool) -> Self {
        let restamp = format!("{}ms", super::RESTAMP.as_millis());
        let world = World::with(&[
            ("VIGIE_GRACE", "300ms"),
            ("VIGIE_LEAVE_GUARD", "0s"),
            ("VIGIE_RESTART_GRACE", "4s"),
            ("VIGIE_ONLINE_STATS_INTERVAL", "100ms"),
            ("VIGIE_AUDIENCE_LIMIT", "8"),
            ("VIGIE_RESTAMP_INTERVAL", &restamp),
        ])
        .await;
        world
            .conversation("room", &[LONG_GONE, MARKER, "gus", "wanda", HIDDEN, "zoe"])
            .await;
        // Above the limit: a right to see, and no subscription.
        let crowd = [
            LONG_GONE, MARKER, "gus", "wanda", HIDDEN, "zoe", "c1", "c2", "c3",
        ];
        world.conversation("hall", &crowd).await;
        world
            .conversation("cafe", &[MARKER, "carl", "fred", "sam"])
            .await;
        world.conversation("once", &["fred", HIDDEN]).await;
        let path = "/v1/conversations/once/members/user:fred";
        world.service(Method::DELETE, path, None).await;
        let guest = json!({"conversationId": "room", "displayName": "Guest"});
        let guest = world.service(Method::POST, "/v1/guests", Some(guest)).await;
        let text = |field: &str| guest[field].as_str().unwrap().to_owned();
        // One before and one behind the hidden one, by when they were there.
        world.user(LONG_GONE).await.disconnect().await;
        let xeno = Some(world.user(HIDDEN).await);
        let zoe = Some(world.user("zoe").await);
        let gus = Some(world.user("gus").await);
        Self {
            world: Some(world),
            way,
            is_there,
            guest: text("sessionToken"),
            guest_id: text("id"),
            viewers: Vec::new(),
            watching: Vec::new(),
            xeno,
            zoe,
            gus,
            record: Record::default(),
        }
    }

    pub(super) fn world(&self) -> &World {
        self.world.as_ref().unwrap()
    }

    /// Lets everybody watch, with what their clients kept.
    async fn watch(&mut self, what: &str, kept: impl Fn(usize) -> Kept) {
        let guest = Who::Guest(self.guest.clone());
        let viewers: [(Who, &'static [&'static str]); 4] = [
            (Who::User("wanda"), &["room", "hall"]),
            (guest, &["room"]),
            (Who::User("fred"), &["cafe"]),
            (Who::User("sam"), &["cafe"]),
        ];
        for (who, rooms) in viewers {
            let viewer = Viewer::open(self.world(), who, rooms).await;
            self.viewers.push(viewer);
        }
        let ways = WATCHERS
            .iter()
            .flat_map(|who| Transport::ALL.map(|transport| (*who, transport)));
        for (number, (who, transport)) in ways.enumerate() {
            let watching = Watching::open(self.world(), who, transport, kept(number)).await;
            self.watching.push(watching);
        }
        // How many lists come while the watchers themselves do depends on how fast the machine is.
        let mut anna = self.world().user(MARKER).await;
        self.until_shown(MARKER, true).await;
        anna.disconnect().await;
        self.until_shown(MARKER, false).await;
        for viewer in &mut self.viewers {
            viewer.forget_lists();
        }
        self.mark(what).await;
    }

    /// Somebody whom all watchers know comes and goes; when all were told, they were told all before.
    pub(super) async fn mark(&mut self, what: &str) {
        let mut anna = self.world().user(MARKER).await;
        self.until_shown(MARKER, true).await;
        anna.disconnect().await;
        self.until_shown(MARKER, false).await;
        self.record.note("history", "step", &json!(what));
        for viewer in &mut self.viewers {
            viewer.record(&mut self.record);
        }
        for watching in &mut self.watching {
            watching.record("follows", &mut self.record);
        }
    }

    /// Waits until the lists of all conversations had their turn: until those of one came that has nothing to do with the hidden one.
    pub(super) async fn tick(&mut self) {
        let mut carl = self.world().user("carl").await;
        self.until_told_of_carl(true).await;
        carl.disconnect().await;
        self.until_told_of_carl(false).await;
    }

    async fn until_told_of_carl(&mut self, is_online: bool) {
        for viewer in &mut self.viewers {
            if ["fred", "sam"].contains(&viewer.who.name()) {
                viewer.until_shown("carl", is_online).await;
            }
        }
    }

    /// Waits until all who can see somebody know.
    pub(super) async fn until_shown(&mut self, who: &str, is_online: bool) {
        let knows = |watcher: &str| who == MARKER || ["wanda", "guest"].contains(&watcher);
        for viewer in &mut self.viewers {
            if knows(viewer.who.name()) {
                viewer.until_shown(who, is_online).await;
            }
        }
        for watching in &mut self.watching {
            if knows(watching.who) {
                watching.until_shown(who, is_online).await;
            }
        }
    }

    /// Hides the one, and lets them go in the world where they are not.
    async fn switch(&mut self) {
        let path = format!("/v1/privacy/user:{HIDDEN}");
        let hide = async |availability: &str, last_seen: &str| {
            let privacy = json!({"availability": availability, "lastSeen": last_seen});
            self.world()
                .service(Method::PUT, &path, Some(privacy))
                .await;
        };
        match self.way {
            Way::Privacy => hide("nobody", "everyone").await,
            Way::LastSeen => hide("contacts", "nobody").await,
            Way::Blocks | Way::Blocked => self.block().await,
            Way::Invisible | Way::Nothing => {}
        }
        self.mark("hides").await;
        // How they looked before is seen by all, and moves as it likes.
        self.record = Record::default();
        if !self.is_there && self.way != Way::LastSeen {
            self.xeno.take().unwrap().disconnect().await;
        }
        self.choose(&json!({"status": "invisible"})).await;
        if self.way == Way::Invisible {
            self.until_shown(HIDDEN, false).await;
        }
        self.mark("hidden").await;
        // Fresh times of somebody who is there may still have come between the two.
        self.record.forget_fresh_times();
    }

    async fn block(&self) {
        let mut watchers: Vec<String> = WATCHERS.iter().map(|who| format!("user:{who}")).collect();
        watchers.push(format!("guest:{}", self.guest_id));
        for watcher in watchers {
            let path = if self.way == Way::Blocks {
                format!("/v1/blocks/user:{HIDDEN}/{watcher}")
            } else {
                format!("/v1/blocks/{watcher}/user:{HIDDEN}")
            };
            self.world().service(Method::PUT, &path, None).await;
        }
    }

    fn kept(&self) -> Vec<Kept> {
        self.watching.iter().map(Watching::kept).collect()
    }

    /// Comes back by every transport: with what was kept, and with nothing.
    async fn catch_up(&mut self, how: &str, kept: &[Kept]) {
        for (number, kept) in kept.iter().enumerate() {
            let (who, transport) = {
                let watching = &self.watching[number];
                (watching.who, watching.transport)
            };
            for (how, kept) in [
                (how, kept.clone()),
                ("caught up with nothing", Kept::default()),
            ] {
                let mut watching = Watching::open(self.world(), who, transport, kept).await;
                watching.record_missed(how, &mut self.record);
            }
        }
    }

    async fn ask_everything(&mut self, kept: &[Kept], changes: bool) {
        let mut watchers: Vec<(Who, &Kept)> = Vec::new();
        for (number, who) in WATCHERS.iter().enumerate() {
            let kept = &kept[number * Transport::ALL.len()];
            watchers.push((Who::User(who), kept));
        }
        watchers.push((Who::Guest(self.guest.clone()), &kept[0]));
        let mut record = std::mem::take(&mut self.record);
        for (who, kept) in watchers {
            let cursor = kept.cursor.as_deref().unwrap();
            // Whoever ends a block of their own sees again, as they want to.
            let unblocks = self.way != Way::Blocked;
            ask_everything(self.world(), &who, cursor, (changes, unblocks), &mut record).await;
        }
        self.record = record;
        if changes {
            for viewer in &mut self.viewers {
                viewer.say_everything().await;
                viewer.forget_the_others();
                viewer.record(&mut self.record);
            }
        }
    }

    /// A graceful restart, after which all watchers come back with what they kept.
    async fn restart(&mut self) -> Vec<Kept> {
        let kept = self.kept();
        // All are connected to its end: who left before would be waited for by another grace.
        let world = self.world.take().unwrap();
        self.world = Some(world.restart().await);
        self.viewers.clear();
        self.watching.clear();
        self.gus = None;
        self.zoe = Some(self.world().user("zoe").await);
        if self.way == Way::LastSeen {
            self.xeno = Some(self.world().user(HIDDEN).await);
        }
        let again = kept.clone();
        self.watch("is restarted", |number| again[number].clone())
            .await;
        kept
    }

    async fn go_on_after_restart(&mut self) {
        // Who is waited for, and does not come: the hidden one, and one that all see go.
        self.until_shown("gus", false).await;
        self.mark("was not waited for").await;
        if self.is_there {
            self.xeno = Some(self.world().user(HIDDEN).await);
        }
        self.mark("comes back after the restart").await;
        self.say(&[("presence:activity", json!({}))]).await;
        self.mark("is active after the restart").await;
    }
}
