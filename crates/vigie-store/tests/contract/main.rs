//! What every store promises, told once and held against every implementation.
//!
//! `chosen`, `directory`, `maintenance`, `presence`, `privacy`, `restart`, `view` and `webhooks` know of no particular database; a file per implementation provides it and adds what only it can show.

#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod cast;
mod chosen;
mod directory;
mod maintenance;
mod positions;
mod postgres;
mod presence;
mod privacy;
mod restart;
mod sqlite;
mod view;
mod webhooks;

use std::sync::Arc;

use vigie_store::Store;

/// A database of one test's own.
trait Database {
    /// An empty one.
    fn fresh() -> Self;

    /// Opens it; the previous store on it must have been dropped.
    async fn open(&self) -> Arc<dyn Store>;

    /// The first column of the first row, as whoever reads the database directly gets it.
    async fn value(&self, sql: &'static str) -> Option<String>;
}

/// Makes a test of every scenario for one implementation.
#[macro_export]
macro_rules! contract {
    ($database:ty) => {
        $crate::contract! { $database;
            chosen::a_choice_comes_back_with_and_without_leases,
            chosen::an_older_choice_never_wins,
            chosen::what_was_taken_back_is_gone_after_the_next_start,
            chosen::choices_cost_a_row_when_they_change_and_none_else,
            chosen::whoever_goes_takes_the_choice_along,
            chosen::the_view_shows_what_others_see,
            directory::everything_written_comes_back,
            directory::batches_of_any_size_are_written_whole,
            directory::a_tombstone_yields_to_an_api_call_only,
            directory::claims_change_names_while_no_api_call_has,
            directory::whoever_goes_takes_memberships_and_presence_along,
            directory::a_guest_is_a_member_of_its_conversation,
            directory::a_guest_who_becomes_a_user_leaves_its_memberships,
            directory::members_can_be_added_removed_and_replaced,
            directory::a_missing_title_leaves_the_title_as_it_is,
            directory::every_write_may_be_repeated,
            maintenance::presence_of_some_is_what_a_start_would_read,
            maintenance::a_guest_is_stale_after_its_end_or_a_long_silence,
            positions::the_key_is_drawn_once_and_a_crash_leaves_no_end,
            presence::a_record_comes_back_whole,
            presence::a_principal_without_leases_is_its_times,
            presence::an_older_write_never_wins,
            presence::a_late_lease_does_not_revive,
            presence::a_late_end_does_not_end_a_newer_lease,
            presence::unknown_never_replaces_a_time,
            presence::a_refresh_touches_one_row_and_an_unchanged_record_none,
            presence::whoever_was_deleted_gets_no_row,
            privacy::a_setting_comes_back_and_the_default_keeps_no_row,
            privacy::a_block_comes_back_once_until_it_ends,
            privacy::whoever_goes_leaves_no_setting_and_no_block,
            privacy::a_guest_who_becomes_a_user_leaves_its_blocks,
            restart::each_start_is_another_incarnation_of_one_node,
            restart::a_successor_takes_over_and_reaps,
            restart::however_many_earlier_rows_there_are_all_are_reaped,
            restart::an_interrupted_takeover_keeps_the_newest_state,
            restart::whom_a_successor_ended_stays_ended,
            restart::proofs_of_life_never_go_backwards,
            restart::thousands_come_back_in_the_order_of_their_ids,
            view::a_stopped_server_leaves_nobody_online,
            view::a_rest_lease_ends_by_itself,
            view::forced_offline_and_away_are_shown,
            view::people_are_named_and_times_are_readable,
            webhooks::webhooks_come_back_in_the_order_of_their_ids,
            webhooks::registration_and_progress_do_not_touch_each_other,
            webhooks::a_deleted_webhook_stays_away,
        }
    };
    ($database:ty; $($story:ident::$scenario:ident,)*) => {
        $(
            #[tokio::test]
            async fn $scenario() {
                let database = <$database as $crate::Database>::fresh();
                $crate::$story::$scenario(&database).await;
            }
        )*
    };
}
