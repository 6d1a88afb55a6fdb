//! The parts of a server that the fan-out works with, over a real store.

use super::*;

/// The parts of a server that the fan-out works with.
pub(super) struct Server {
    pub(super) host: Arc<EngineHost>,
    pub(super) people: Arc<People>,
    pub(super) fanout: Fanout,
    pub(super) flusher: Flusher,
    pub(super) store: Arc<dyn Store>,
    pub(super) incarnation: Incarnation,
}

impl Server {
    pub(super) async fn start(url: &str, config: &Config, clock: &Clock) -> Self {
        let store = vigie_store::open(url).await.unwrap();
        let host = Arc::new(EngineHost::new(config.rules.clone(), clock.clone()));
        let now = clock.now().wall;
        let begun = store.begin_incarnation(now, config.rules.offline_after);
        let incarnation = begun.await.unwrap();
        let rules = SightRules {
            reciprocal: config.reciprocal_visibility,
        };
        let webhooks = Webhooks::new(Arc::clone(&store), &config.webhooks);
        let webhooks = Arc::new(webhooks.unwrap());
        let (by, told) = (Arc::clone(&store), Arc::clone(&webhooks));
        let people = People::load(Arc::clone(&host), by, rules, told).await;
        let people = Arc::new(people.unwrap());
        let kept = store.begin_positions(&incarnation, now, [7; 32]);
        let kept = kept.await.unwrap();
        let seals = Seals::new(&kept.key).unwrap();
        let positions = Positions::new(seals, &kept.starts, &config.periods, now);
        let reached = Arc::new(Reached::default());
        let fanout = Fanout::new(
            Arc::clone(&host),
            Arc::clone(&people),
            webhooks,
            positions,
            config,
            reached,
        );
        let flusher = Flusher::new(
            Arc::clone(&host),
            Arc::clone(&people),
            Arc::clone(&store),
            incarnation.clone(),
            config.periods.flush_interval,
            config.periods.alive_interval,
            config.rules.offline_after,
        );
        Self {
            host,
            people,
            fanout,
            flusher,
            store,
            incarnation,
        }
    }
}
