//! What people choose to be shown as: read, limited, in force at once, and answered when it is durable.
//!
//! In: a wish as the wire has it, by route or by socket. Out: a choice in the engine, and the word that no crash takes it back.
//! Always true: a choice counts before the activity that it is, so that whoever becomes invisible is not announced by it.

use std::num::NonZeroU32;
use std::time::Duration;

use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use serde::Deserialize;
use tokio::sync::oneshot;
use tokio::time::timeout;
use utoipa::ToSchema;
use vigie_core::{Chosen, ChosenStatus, PrincipalKey, Signal, Wall};

use crate::app::App;

/// Choices of one person in a minute, by all its devices: more than anybody makes by hand, and each is news to everyone who may know.
const CHOICES_PER_MINUTE: NonZeroU32 = NonZeroU32::new(10).unwrap();

/// How far ahead a choice may end: a year, leap day included; what is to hold longer has no end.
const LONGEST: Duration = Duration::from_secs(366 * 24 * 60 * 60);

/// How long the answer waits before it asks whether the store is there: several flushes, and less than the gate of every route waits.
const PATIENCE: Duration = Duration::from_secs(1);

/// How much longer it waits for a store that is there, but slow.
const PATIENCE_WITH_A_SLOW_STORE: Duration = Duration::from_secs(4);

/// What somebody wishes to be shown as; it takes the place of everything chosen before.
///
/// A field of another name is refused: taken for nothing, it would take a choice back, and uncover whoever was invisible.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Wish {
    /// `away`, `busy` or `invisible`; `auto`, null or nothing leaves the computed status.
    pub(crate) status: Option<String>,
    /// A line of one's own, at most 140 characters, shown while one is shown as present.
    pub(crate) text: Option<String>,
    /// When the choice ends by itself, at most a year ahead; never, when it is left out.
    #[schema(format = DateTime)]
    pub(crate) until: Option<String>,
}

/// Why a wish is not in force, or not durable.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unchosen {
    /// It cannot be understood; says what to send instead.
    #[error("{0}")]
    Invalid(String),
    /// The person chooses too often.
    #[error("That is too often: choose at most {CHOICES_PER_MINUTE} times a minute.")]
    TooOften,
    /// It is in force, and the store has not taken it yet.
    #[error(
        "The choice is in force, but the store is away: a crash could still take it back. Choose the same again in a moment to be sure."
    )]
    NotDurable,
}

impl Unchosen {
    /// The stable code, for programs.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Invalid(_) => "INVALID_PAYLOAD",
            Self::TooOften => "RATE_LIMITED",
            Self::NotDurable => "NOT_DURABLE_YET",
        }
    }

    fn invalid(words: impl Into<String>) -> Self {
        Self::Invalid(words.into())
    }
}

impl Wish {
    /// The choice that is wished for.
    pub(crate) fn read(self, now: Wall) -> Result<Chosen, Unchosen> {
        let status = match self.status.as_deref() {
            None | Some("auto") => None,
            Some(word) => Some(ChosenStatus::from_word(word).ok_or_else(|| {
                Unchosen::invalid("`status` is one of auto, away, busy, invisible.")
            })?),
        };
        Ok(Chosen {
            status,
            text: self.text.map(line).transpose()?.flatten(),
            until: self.until.map(|until| end(&until, now)).transpose()?,
        })
    }
}

/// Whether a character says nothing, and makes a line look like another: control characters, separators of lines, and those that turn the direction of what follows.
fn disguises(character: char) -> bool {
    let turns = matches!(
        character,
        '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{feff}'
    );
    turns || character.is_control()
}

/// A line that people gave; one without a character that can be seen is none.
fn line(given: String) -> Result<Option<std::sync::Arc<str>>, Unchosen> {
    let line = given.trim();
    let most = Chosen::MAX_TEXT_CHARS;
    if line.chars().count() > most || line.chars().any(disguises) {
        return Err(Unchosen::invalid(format!(
            "`text` must have at most {most} characters, and no control characters."
        )));
    }
    Ok((!line.is_empty()).then(|| line.into()))
}

fn end(text: &str, now: Wall) -> Result<Wall, Unchosen> {
    let parsed: Option<jiff::Timestamp> = text.parse().ok();
    let Some(at) = parsed else {
        return Err(Unchosen::invalid(
            "`until` is no time: write one as 2026-02-03T04:05:06.789Z.",
        ));
    };
    let at = Wall::from_millis(at.as_millisecond());
    if at <= now || at > now + LONGEST {
        return Err(Unchosen::invalid(
            "`until` must lie ahead, and at most a year: leave it out for no end.",
        ));
    }
    Ok(at)
}

/// How often each person chose of late.
#[derive(Debug)]
pub(crate) struct Choosing {
    limiter: DefaultKeyedRateLimiter<PrincipalKey>,
}

impl Choosing {
    /// Nobody chose anything.
    pub(crate) fn new() -> Self {
        Self {
            limiter: RateLimiter::keyed(Quota::per_minute(CHOICES_PER_MINUTE)),
        }
    }

    /// Counts something that somebody chose and that is news to everyone who may know.
    ///
    /// # Errors
    /// When it comes too often.
    pub(crate) fn count(&self, principal: PrincipalKey) -> Result<(), Unchosen> {
        let counted = self.limiter.check_key(&principal);
        counted.map_err(|_| Unchosen::TooOften)
    }

    /// Forgets those who chose nothing for long.
    pub(crate) fn forget_silent(&self) {
        self.limiter.retain_recent();
    }
}

/// A choice that is in force, and on its way to the store.
#[derive(Debug)]
#[must_use = "the answer comes when it is durable"]
pub(crate) struct InForce(oneshot::Receiver<()>);

impl InForce {
    /// Waits until no crash takes the choice back.
    ///
    /// # Errors
    /// When the store does not take it in time; it stays in force, and is written when it can be.
    pub(crate) async fn durable(self, app: &App) -> Result<(), Unchosen> {
        let Self(mut answer) = self;
        if let Ok(answer) = timeout(PATIENCE, &mut answer).await {
            return answer.map_err(|_| Unchosen::NotDurable);
        }
        if !app.flusher.probe_store().await {
            return Err(Unchosen::NotDurable);
        }
        match timeout(PATIENCE_WITH_A_SLOW_STORE, answer).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(Unchosen::NotDurable),
        }
    }
}

/// Puts a wish in force at once; then its activity counts, if it is one.
///
/// # Errors
/// When the wish makes no sense or comes too often; then nothing changed.
pub(crate) fn choose(
    app: &App,
    principal: PrincipalKey,
    wish: Wish,
    activity: Option<Signal>,
) -> Result<InForce, Unchosen> {
    let chosen = wish.read(app.host.now().wall)?;
    if app.choosing.limiter.check_key(&principal).is_err() {
        return Err(Unchosen::TooOften);
    }
    Ok(InForce(app.host.choose(principal, chosen, activity)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Wall = Wall::from_millis(1_700_000_000_000);

    fn read(status: Option<&str>, text: Option<&str>, until: Option<&str>) -> Option<Chosen> {
        let owned = |text: Option<&str>| text.map(str::to_owned);
        let wish = Wish {
            status: owned(status),
            text: owned(text),
            until: owned(until),
        };
        wish.read(NOW).ok()
    }

    #[test]
    fn a_wish_is_a_word_a_line_and_an_end() {
        let check = |word, expected: Option<Option<ChosenStatus>>| {
            let status = read(word, None, None).map(|chosen| chosen.status);
            assert_eq!(status, expected, "{word:?}");
        };
        check(None, Some(None));
        check(Some("auto"), Some(None));
        check(Some("away"), Some(Some(ChosenStatus::Away)));
        check(Some("busy"), Some(Some(ChosenStatus::Busy)));
        check(Some("invisible"), Some(Some(ChosenStatus::Invisible)));
        check(Some("offline"), None);
        check(Some(""), None);

        let check = |text: &str, expected: Option<Option<&str>>| {
            let found = read(None, Some(text), None);
            let found = found.map(|chosen| chosen.text.map(|text| text.to_string()));
            assert_eq!(
                found,
                expected.map(|text| text.map(str::to_owned)),
                "{text}"
            );
        };
        check(" on a train ", Some(Some("on a train")));
        check("  ", Some(None));
        check("two\nlines", None);
        check(&"é".repeat(140), Some(Some(&"é".repeat(140))));
        check(&"é".repeat(141), None);

        let check = |until: &str, expected: bool| {
            assert_eq!(read(None, None, Some(until)).is_some(), expected, "{until}");
        };
        check("2023-11-14T22:13:20.000Z", false);
        check("2023-11-14T22:13:20.001Z", true);
        check("2023-11-14T23:13:20.001+01:00", true);
        check("2024-11-14T22:13:20Z", true);
        check("2024-11-16T22:13:20Z", false);
        check("tomorrow", false);
        check("9999-12-31T23:59:59Z", false);
    }
}
