//! The configuration file: TOML in, a text per setting out.
//!
//! Values may be quoted or bare, lists may be arrays; everything becomes the text that a variable would hold.

use std::collections::BTreeMap;
use std::path::Path;

use toml::{Table, Value};

use super::problem::Problem;
use super::settings;

/// The texts of a file by setting; what is wrong with it is added to `problems`.
pub(super) fn read(path: &Path, problems: &mut Vec<Problem>) -> BTreeMap<String, String> {
    let mut wrong = |reason: String| {
        let path = path.display().to_string();
        problems.push(Problem::File { path, reason });
    };
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) => {
            wrong(format!("cannot be read ({error}): name a readable file"));
            return BTreeMap::new();
        }
    };
    let table: Table = match text.parse() {
        Ok(table) => table,
        Err(error) => {
            wrong(format!("is not TOML: {error}"));
            return BTreeMap::new();
        }
    };
    let mut texts = BTreeMap::new();
    flatten("", table, &mut texts);
    texts.retain(|name, text| {
        if !settings::all().any(|setting| setting.name == name) {
            wrong(format!("`{name}` is not a setting: correct or remove it (`vigie config` lists every one)"));
            return false;
        }
        if text.is_none() {
            wrong(format!("`{name}` has a type that no setting has: write a text, a number, true or false, or a list of texts"));
        }
        text.is_some()
    });
    texts
        .into_iter()
        .filter_map(|(name, text)| Some((name, text?)))
        .collect()
}

/// Names of nested tables are joined by a dot.
fn flatten(prefix: &str, table: Table, texts: &mut BTreeMap<String, Option<String>>) {
    for (key, value) in table {
        let name = if prefix.is_empty() {
            key
        } else {
            format!("{prefix}.{key}")
        };
        match value {
            Value::Table(inner) => flatten(&name, inner, texts),
            Value::Array(items) => {
                let items: Option<Vec<String>> = items.into_iter().map(text).collect();
                texts.insert(name, items.map(|items| items.join(",")));
            }
            single @ (Value::String(_)
            | Value::Integer(_)
            | Value::Float(_)
            | Value::Boolean(_)
            | Value::Datetime(_)) => {
                texts.insert(name, text(single));
            }
        }
    }
}

/// A single value as a variable would hold it.
fn text(value: Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text),
        Value::Integer(number) => Some(number.to_string()),
        Value::Boolean(switch) => Some(switch.to_string()),
        Value::Float(_) | Value::Datetime(_) | Value::Array(_) | Value::Table(_) => None,
    }
}
