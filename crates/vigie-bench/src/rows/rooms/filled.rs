//! A database with a few conversations, one of them very large, filled once and copied for every run.

use std::ops::Range;

use anyhow::Context;
use vigie_core::PrincipalId;
use vigie_store::StoredConversation;

use crate::database::{Database, Kind};
use crate::million::{BATCH, user};
use crate::output;
use crate::people::id;

/// Conversation `c0` has the first of these as members, `c1` the second, and so on; nobody was ever seen.
///
/// # Errors
/// When the store refuses.
pub(crate) async fn fill(conversations: &[Range<usize>]) -> anyhow::Result<Database> {
    let people: usize = conversations.iter().map(Range::len).sum();
    output::note(&format!("filling SQLite with {people} people"));
    let database = Database::create(Kind::Sqlite)?;
    let store = vigie_store::open(&database.url()).await?;
    for (number, members) in conversations.iter().enumerate() {
        let members = members
            .clone()
            .map(|number| Ok(PrincipalId::user(&id(number))?))
            .collect::<anyhow::Result<Vec<_>>>()?;
        for batch in members.chunks(BATCH) {
            let users: Vec<_> = batch.iter().cloned().map(user).collect();
            store.provision_users(&users).await?;
        }
        let id = format!("c{number}").parse();
        let conversation = StoredConversation {
            id: id.context("an id that is none")?,
            title: None,
            members,
        };
        store.upsert_conversations(&[conversation]).await?;
    }
    store.close().await;
    Ok(database)
}
