//! Ids, queries, times and bodies of requests, as anybody may send them.

use std::collections::BTreeSet;

use serde::de::DeserializeOwned;
use vigie_core::{Chosen, Id, PrincipalId, PrincipalKind, Privacy, Role, Wall};

use super::activity::{Activity, Report};
use super::conversation_presence::{LARGEST_PAGE, Part};
use super::conversations::{ConversationChange, read_members};
use super::error::ApiError;
use super::follower::watch_list;
use super::guests::{GuestRequest, MergeRequest};
use super::input::{conversation_id, guest_id, ids, name, parse, time, user_id};
use super::maintenance::StatusRequest;
use super::privacy::PrivacyView;
use super::users::UserChange;
use super::webhooks::WebhookRequest;
use crate::choosing::Wish;
use crate::fanout::wire::iso;
use crate::fuzzing::Outcome;
use crate::fuzzing::oracle::{is_guest_id, is_id, is_name, is_time, is_user_id};
use crate::people::{NewGuest, UserPatch};
use crate::webhooks::Rules;
use crate::webhooks::fuzzing::check_registration;

pub(crate) use super::websocket::fuzzing::read_message;

/// When bodies are read: 2023-11-14T22:13:20Z.
const NOW: Wall = Wall::from_millis(1_700_000_000_000);

/// Route bytes from here on are wishes, so that all smaller ones go on to name the routes that they named.
const WISHES: u8 = 252;

/// The same of privacy, and of webhooks, for one byte each.
const PRIVACY: u8 = 251;
const WEBHOOKS: u8 = 250;

/// The rules of webhooks where the operator allows nothing.
const STRICT: Rules = Rules {
    allow_private: false,
    allow_http: false,
};

/// An id, in every place where one can stand.
pub(crate) fn read_id(bytes: &[u8]) -> Outcome {
    read_id_with(str::parse::<Id>, bytes)
}

fn read_id_with<E>(parse: impl Fn(&str) -> Result<Id, E>, bytes: &[u8]) -> Outcome {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return Outcome::Refused;
    };
    let id = parse(text);
    assert_eq!(id.is_ok(), is_id(text), "{text}");
    assert!(
        id.is_ok_and(|id| id.as_str() == text) || !is_id(text),
        "{text}"
    );
    assert_eq!(conversation_id(text).is_ok(), is_id(text), "{text}");
    assert_eq!(PrincipalId::user(text).is_ok(), is_user_id(text), "{text}");
    assert_eq!(
        PrincipalId::guest(text).is_ok(),
        is_guest_id(text),
        "{text}"
    );
    assert_eq!(PrincipalId::from_wire(text).is_ok(), is_id(text), "{text}");
    let user = text.strip_prefix("user:").unwrap_or(text);
    assert_eq!(user_id(text).is_ok(), is_user_id(user), "{text}");
    let guest = text.strip_prefix("guest:").unwrap_or(text);
    assert_eq!(guest_id(text).is_ok(), is_guest_id(guest), "{text}");
    let Ok(typed) = text.parse::<PrincipalId>() else {
        return Outcome::of(is_id(text));
    };
    check_principal(&typed);
    Outcome::Accepted
}

/// A byte that says how many ids there may be, and a query.
pub(crate) fn read_query(bytes: &[u8]) -> Outcome {
    read_query_with(ids, bytes)
}

fn read_query_with(
    ids: impl Fn(Option<&str>, usize) -> Result<Vec<String>, ApiError>,
    bytes: &[u8],
) -> Outcome {
    let Some((most, query)) = bytes.split_first() else {
        return Outcome::Refused;
    };
    let Ok(query) = std::str::from_utf8(query) else {
        return Outcome::Refused;
    };
    let most = usize::from(*most);
    check_part(query);
    let Ok(found) = ids(Some(query), most) else {
        return Outcome::Refused;
    };
    assert!((1..=most).contains(&found.len()), "{query}");
    let each: BTreeSet<_> = found.iter().collect();
    assert_eq!(each.len(), found.len(), "one comes twice: {query}");
    for id in &found {
        assert!(
            !id.is_empty() && id.trim() == id && !id.contains(','),
            "{query}"
        );
    }
    let mut again = form_urlencoded::Serializer::new(String::new());
    again.append_pair("ids", &found.join(","));
    assert_eq!(ids(Some(&again.finish()), most), Ok(found), "{query}");
    Outcome::Accepted
}

/// A time.
pub(crate) fn read_time(bytes: &[u8]) -> Outcome {
    read_time_with(time, bytes)
}

fn read_time_with(time: impl Fn(&str) -> Result<Wall, ApiError>, bytes: &[u8]) -> Outcome {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return Outcome::Refused;
    };
    let Ok(wall) = time(text) else {
        return Outcome::Refused;
    };
    check_time(wall);
    assert_eq!(time(&iso(wall)), Ok(wall), "{text}");
    Outcome::Accepted
}

/// A byte that names the route, and a body.
pub(crate) fn read_body(bytes: &[u8]) -> Outcome {
    let Some((route, body)) = bytes.split_first() else {
        return Outcome::Refused;
    };
    if *route >= WISHES {
        return read(body, |wish: Wish| Ok(wish.read(NOW)?), check_choice);
    }
    if *route == PRIVACY {
        return read(
            body,
            |view: PrivacyView| Privacy::try_from(view),
            check_privacy,
        );
    }
    if *route == WEBHOOKS {
        return read_webhook_with(STRICT, body);
    }
    match route % 7 {
        0 => read(
            body,
            |change: UserChange| UserPatch::try_from(change),
            check_patch,
        ),
        1 => read(
            body,
            |change: ConversationChange| name("title", change.title),
            |title| check_name(title.as_deref()),
        ),
        2 => read(body, |request: GuestRequest| request.read(NOW), check_guest),
        3 => read(body, read_reports, |activities| {
            activities.iter().for_each(check_activity)
        }),
        4 => read(
            body,
            |members: Vec<String>| read_members(&members),
            |members| {
                members.iter().for_each(check_principal);
                assert!(members.is_sorted() && members.windows(2).all(|pair| pair[0] != pair[1]));
            },
        ),
        5 => read(
            body,
            |request: StatusRequest| request.whose(),
            check_principal,
        ),
        _ => read(
            body,
            |request: MergeRequest| request.read(),
            check_principal,
        ),
    }
}

/// A body is read in two steps: what its JSON says, and what that means.
fn read<Said: DeserializeOwned, Meant>(
    body: &[u8],
    understand: impl Fn(Said) -> Result<Meant, ApiError>,
    check: impl Fn(&Meant),
) -> Outcome {
    let meant = parse(body).and_then(understand);
    if let Ok(meant) = &meant {
        check(meant);
    }
    Outcome::of(meant.is_ok())
}

fn read_webhook_with(rules: Rules, body: &[u8]) -> Outcome {
    read(
        body,
        |request: WebhookRequest| request.read(rules),
        check_registration,
    )
}

fn read_reports(reports: Vec<Report>) -> Result<Vec<Activity>, ApiError> {
    let numbered = reports.iter().enumerate();
    numbered
        .map(|(place, report)| Activity::read(place, report))
        .collect()
}

/// A page is never larger than the largest, and whoever is named in an address is named once.
fn check_part(query: &str) {
    if let Ok(part) = Part::of(Some(query)) {
        assert!((1..=LARGEST_PAGE).contains(&part.limit), "{query}");
        part.after.iter().for_each(check_principal);
    }
    if let Ok(ids) = watch_list(query) {
        ids.iter().for_each(check_principal);
        assert!(ids.is_sorted() && ids.windows(2).all(|pair| pair[0] != pair[1]));
    }
}

fn check_patch(patch: &UserPatch) {
    let names = &patch.names;
    check_name(names.username.as_deref());
    check_name(names.display_name.as_deref());
    check_name(names.first_name.as_deref());
    check_name(names.last_name.as_deref());
    check_name(names.language.as_deref());
    if let Some(role) = patch.role {
        assert_eq!(role.as_str().parse::<Role>(), Ok(role));
    }
}

fn check_choice(chosen: &Chosen) {
    if let Some(text) = &chosen.text {
        assert!(!text.is_empty() && text.chars().count() <= Chosen::MAX_TEXT_CHARS);
        assert!(!text.chars().any(char::is_control));
    }
    if let Some(until) = chosen.until {
        assert!(until > NOW);
        check_time(until);
    }
}

/// What somebody lets others see is told in the words in which it was said, and times reach no farther than the presence.
fn check_privacy(privacy: &Privacy) {
    assert!(privacy.effective_last_seen() <= privacy.availability);
    let words = ["nobody", "contacts", "everyone"];
    for reach in [privacy.availability, privacy.last_seen] {
        assert!(words.contains(&reach.as_str()));
    }
    let again = Privacy::try_from(PrivacyView::from(*privacy));
    assert_eq!(again.as_ref(), Ok(privacy));
}

fn check_guest(guest: &NewGuest) {
    assert!(is_id(guest.conversation.as_str()));
    assert!(!guest.display_name.is_empty());
    check_name(Some(&guest.display_name));
    check_name(guest.language.as_deref());
    if let Some(end) = guest.expires_at {
        assert!(end > NOW);
        check_time(end);
    }
}

fn check_activity(activity: &Activity) {
    check_principal(&activity.who);
    if let Some(at) = activity.at {
        check_time(at);
    }
}

/// What a principal is called reads as the same, and is theirs to have.
fn check_principal(id: &PrincipalId) {
    match id.kind() {
        PrincipalKind::User => assert!(is_user_id(id.as_str())),
        PrincipalKind::Guest => assert!(is_guest_id(id.as_str())),
    }
    assert_eq!(id.to_string().parse().as_ref(), Ok(id));
    assert_eq!(PrincipalId::from_wire(id.as_str()).as_ref(), Ok(id));
}

fn check_time(wall: Wall) {
    let shown = iso(wall);
    assert!(is_time(&shown), "{shown}");
}

fn check_name(name: Option<&str>) {
    assert!(name.is_none_or(is_name), "{name:?}");
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::fuzzing::Decoder;
    use crate::fuzzing::corpus::shows_the_mistake_of;

    #[test]
    fn ids_of_one_byte_too_many_are_found() {
        // Nobody could have an id of that length, and so it is made of a shorter one.
        let parse = |text: &str| match text.len() {
            129 => text[1..].parse(),
            _ => text.parse::<Id>(),
        };
        shows_the_mistake_of(Decoder::Id, |bytes| read_id_with(parse, bytes));
    }

    #[test]
    fn ids_that_lose_their_case_are_found() {
        let parse = |text: &str| text.to_lowercase().parse::<Id>();
        shows_the_mistake_of(Decoder::Id, |bytes| read_id_with(parse, bytes));
    }

    #[test]
    fn a_list_that_counts_before_it_collapses_is_found() {
        let list = |query: Option<&str>, most: usize| {
            let mut found = ids(query, usize::MAX)?;
            found.truncate(most + 1);
            Ok(found)
        };
        shows_the_mistake_of(Decoder::Query, |bytes| read_query_with(list, bytes));
    }

    #[test]
    fn a_list_that_does_not_collapse_is_found() {
        let list = |query: Option<&str>, most: usize| {
            let each: HashSet<_> = ids(query, most)?.into_iter().collect();
            let query = query.unwrap_or_default();
            let texts = query.split(['=', ',', '&']).map(str::to_owned);
            Ok(texts.filter(|text| each.contains(text)).collect())
        };
        shows_the_mistake_of(Decoder::Query, |bytes| read_query_with(list, bytes));
    }

    #[test]
    fn a_webhook_that_may_be_on_this_machine_is_found() {
        let rules = Rules {
            allow_private: true,
            ..STRICT
        };
        shows_the_mistake_of(Decoder::Body, |bytes| match bytes.split_first() {
            Some((&WEBHOOKS, body)) => read_webhook_with(rules, body),
            _ => Outcome::Refused,
        });
    }

    #[test]
    fn a_time_that_forgets_its_offset_is_found() {
        let local = |text: &str| match text.split_once('+') {
            Some((local, _)) => time(&format!("{local}+00:01")),
            None => Ok(time(text)? + std::time::Duration::from_millis(1)),
        };
        shows_the_mistake_of(Decoder::Time, |bytes| read_time_with(local, bytes));
    }
}
