//! The projection into PostgreSQL, which the primary alone writes: a standby begins it when it has become one.

use std::sync::Arc;

use hubu_core::config::Settings;
use hubu_core::engine::Engine;
use hubu_core::views::Views;
#[cfg(feature = "postgres")]
use hubu_core::views::standard::StandardSettings;

use super::CommandError;

/// See the module.
#[derive(Default)]
pub(super) struct Tables {
    are_begun: bool,
}

impl Tables {
    /// Starts it, where it is wanted and was not started, once this server is the primary.
    #[cfg(feature = "postgres")]
    pub(super) fn begin(
        &mut self,
        engine: &Arc<Engine>,
        settings: &Settings,
        views: &mut Views,
    ) -> Result<(), CommandError> {
        let url = settings.standard_tables.url.reveal();
        if !self.are_begun && !url.is_empty() && !engine.is_standby() {
            self.are_begun = true;
            let tables = &settings.standard_tables;
            let link = settings
                .database
                .link(&tables.password, &tables.password_file);
            let standard = StandardSettings {
                link,
                ..StandardSettings::new(url, settings.journal.cell)
            };
            views.project(engine, standard)?;
        }
        Ok(())
    }

    #[cfg(not(feature = "postgres"))]
    pub(super) fn begin(
        &mut self,
        _: &Arc<Engine>,
        _: &Settings,
        _: &mut Views,
    ) -> Result<(), CommandError> {
        self.are_begun = true;
        Ok(())
    }
}
