//! What a socket is told, and what waits for it, on a transport that writes nothing until it is asked to.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
use super::*;
use crate::fanout::link::NoRoom;

/// A transport that has not written anything yet.
#[derive(Debug, Clone, Default)]
struct Unwritten(Arc<Mutex<Vec<String>>>, Arc<Mutex<Vec<Frame>>>);

impl Unwritten {
    fn write(&self) {
        self.1.lock().clear();
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock())
    }
}

impl Link for Unwritten {
    fn emit(&self, frame: Frame) -> Result<(), NoRoom> {
        let text = String::from_utf8(frame.share().to_vec()).unwrap();
        self.0.lock().push(text);
        self.1.lock().push(frame);
        Ok(())
    }

    fn dismiss(&self) {}

    fn cut(&self) {}
}

const ME: PrincipalKey = PrincipalKey(1);
const ALICE: PrincipalKey = PrincipalKey(2);
const BOB: PrincipalKey = PrincipalKey(3);

fn text(text: &str) -> Frame {
    Frame::new(text.to_owned())
}

fn newest(principal: PrincipalKey) -> (Frame, Option<Number>) {
    (text(&format!("newest of {}", principal.0)), None)
}

fn cursor(relations: u64) -> Frame {
    text(&format!("cursor of {relations}"))
}

fn whole(name: &str) -> Given {
    Given {
        frame: text(name),
        horizon: Number::default(),
        ahead: Vec::new(),
        relations: 7,
        is_whole: true,
    }
}

/// A socket that was given its snapshot, has read it, and is watched no more.
fn quiet() -> (Unwritten, Connection) {
    let link = Unwritten::default();
    let outbox = (Outbox::new(10_000), Arc::default());
    let connection = Connection::new(ConnectionId(1), ME, Box::new(link.clone()), outbox);
    connection.give(|_| true, || whole("snapshot"));
    link.write();
    assert_eq!(connection.look(newest, cursor), Looked::Quiet);
    assert_eq!(connection.watched.take(), [ConnectionId(1)]);
    assert_eq!(link.take(), ["snapshot"]);
    (link, connection)
}

#[test]
fn the_first_change_goes_at_once_and_the_next_with_the_window() {
    let (link, connection) = quiet();
    connection.tell(ALICE, Number::default(), &text("alice"));
    connection.tell(BOB, Number::default(), &text("bob"));
    assert_eq!(link.take(), ["alice"]);
    assert_eq!(connection.look(newest, cursor), Looked::Busy);
    assert_eq!(link.take(), ["newest of 3"]);
}

#[test]
fn whatever_waits_is_looked_at_also_after_an_answer_that_is_not_written_yet() {
    let (link, connection) = quiet();
    connection.emit(text("answer"));
    // A partial snapshot lets what waits go first: nothing does.
    connection.tell_waiting(newest);
    connection.tell(ALICE, Number::default(), &text("alice"));
    connection.tell(BOB, Number::default(), &text("bob"));
    assert_eq!(link.take(), ["answer", "alice"]);
    assert_eq!(connection.watched.take(), [ConnectionId(1)]);
}

#[test]
fn a_second_snapshot_leaves_waiting_whom_it_does_not_hold() {
    let (link, connection) = quiet();
    connection.tell(ALICE, Number::default(), &text("alice"));
    connection.tell(ME, Number::default(), &text("me"));
    connection.tell(BOB, Number::default(), &text("bob"));
    connection.mark(PrincipalKey(4));
    let holds = |principal| principal == ALICE || principal == BOB;
    connection.give(holds, || whole("again"));
    connection.tell_waiting(newest);
    let told = link.take();
    assert_eq!(told, ["alice", "again", "newest of 1", "newest of 4"]);
}

#[test]
fn own_news_that_the_window_told_are_not_told_again_after_a_second_snapshot() {
    let (link, connection) = quiet();
    connection.mark(ME);
    // Told with the window, while news before the fifth waited to be told.
    connection.tell_waiting(|_| (text("me"), Some(Number::from_u64(5))));
    let again = || Given {
        horizon: Number::from_u64(5),
        ..whole("again")
    };
    connection.give(|other| other != ME, again);
    connection.tell(ME, Number::from_u64(4), &text("me, as told before"));
    connection.tell_waiting(newest);
    assert_eq!(link.take(), ["me", "again"]);
}

#[test]
fn a_cursor_comes_once_all_is_told_and_only_to_whoever_keeps_them() {
    let (link, connection) = quiet();
    connection.tell(ALICE, Number::default(), &text("alice"));
    connection.look(newest, cursor);
    assert_eq!(link.take(), ["alice"]);
    connection.keep_cursors();
    connection.tell(BOB, Number::default(), &text("bob"));
    connection.look(newest, cursor);
    assert_eq!(link.take(), ["newest of 3", "cursor of 7"]);
    connection.look(newest, cursor);
    assert_eq!(link.take(), [""; 0]);
    connection.doubt_relations();
    connection.mark(BOB);
    connection.look(newest, cursor);
    assert_eq!(link.take(), ["newest of 3", "cursor of 0"]);
}

#[test]
fn a_slow_socket_gets_no_cursor_before_everything_that_waits() {
    let (link, connection) = quiet();
    connection.keep_cursors();
    connection.emit(text(&"x".repeat(20_000)));
    connection.tell(ALICE, Number::default(), &text("alice"));
    assert_eq!(connection.look(newest, cursor), Looked::Busy);
    assert_eq!(link.take().len(), 1);
    link.write();
    connection.look(newest, cursor);
    assert_eq!(link.take(), ["newest of 2", "cursor of 7"]);
}
#[test]
fn news_on_their_way_take_nothing_back_of_what_a_part_shows() {
    let (link, connection) = quiet();
    // Alice's second change was read while her first was about to be told.
    let part = || Given {
        ahead: vec![(ALICE, Number::from_u64(7))],
        is_whole: false,
        ..whole("alice as of the sixth")
    };
    connection.give(|_| true, part);
    connection.tell(ALICE, Number::from_u64(5), &text("alice as of the fifth"));
    connection.tell(ALICE, Number::from_u64(7), &text("alice as of the seventh"));
    connection.look(newest, cursor);
    assert_eq!(link.take(), ["alice as of the sixth", "newest of 2"]);
}
