//! What both databases keep of webhooks in the same way: the list of conversations, as JSON.

use vigie_core::Id;

/// Ids as they are kept.
pub(crate) fn list(conversations: &[Id]) -> String {
    let ids: Vec<&str> = conversations.iter().map(Id::as_str).collect();
    // A list of texts can always be written.
    serde_json::to_string(&ids).unwrap_or_else(|_| "[]".to_owned())
}

/// Ids as they were kept.
pub(crate) fn read_list(text: &str) -> Result<Vec<Id>, sqlx::Error> {
    let ids: Vec<String> =
        serde_json::from_str(text).map_err(|error| sqlx::Error::Decode(error.into()))?;
    ids.iter()
        .map(|id| id.parse())
        .collect::<Result<_, vigie_core::IdError>>()
        .map_err(|error| sqlx::Error::Decode(error.into()))
}
