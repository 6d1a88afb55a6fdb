//! `vigie config`: what is in force and where it came from, or the reference of all settings.

use serde_json::{Map, Value, json};
use vigie_server::config::{self, Loaded};

use crate::cli::ConfigArgs;
use crate::output;

pub(crate) fn run(args: ConfigArgs) -> anyhow::Result<()> {
    if args.markdown {
        output::data(&config::markdown())?;
        return Ok(());
    }
    let loaded = config::load(&args.settings.into_sources())?;
    for warning in &loaded.warnings {
        output::note(&format!("warning: {warning}"));
    }
    let text = if args.json {
        serde_json::to_string_pretty(&as_json(&loaded))?
    } else {
        config::toml_text(&loaded)
    };
    output::data(&text)?;
    Ok(())
}

fn as_json(loaded: &Loaded) -> Value {
    let entry = |row: config::Row| {
        let value =
            json!({"value": row.value, "source": row.source.kind(), "from": row.source.name()});
        (row.setting.name.to_owned(), value)
    };
    let settings: Map<String, Value> = config::rows(loaded).into_iter().map(entry).collect();
    json!({"development": loaded.config.is_development(), "settings": settings})
}
