//! The assets of sessions: kept beside the log, and gone with their session.

use std::sync::Arc;

use bytes::Bytes;
use tokio::task::spawn_blocking;
use tracing::error;
use vws_core::SessionId;

use super::registry::{Inner, to_the_end};
use super::{SessionStore, StoreError};
use crate::assets::{Added, Asset, AssetError, AssetId, Assets, Content, Kind};

impl SessionStore {
    /// Has a session have a file as an asset, whole or not at all. The same file again changes nothing.
    ///
    /// # Errors
    /// `session_not_found`, [`StoreError::SessionDamaged`], or why the file is not taken.
    pub async fn add_asset(&self, id: SessionId, kind: Kind, content: Bytes) -> Result<Added, StoreError> {
        self.0.is_served(id).await?;
        self.0.there_is_memory()?;
        let inner = Arc::clone(&self.0);
        to_the_end(async move {
            let draft = inner.with_assets(move |assets| assets.draft(id, kind, content)).await?;
            // Nobody deletes or copies the session meanwhile.
            let _turn = inner.turns.take(id).await;
            inner.is_there(id)?;
            if inner.assets.is_shared() {
                return Ok(inner.assets.add_for_all(id, draft).await?);
            }
            inner.with_assets(move |assets| assets.add(id, draft)).await
        })
        .await
    }

    /// At most `limit` assets of a session in the order of their ids, after the one named.
    ///
    /// # Errors
    /// `session_not_found`, [`StoreError::SessionDamaged`].
    pub async fn list_assets(
        &self,
        id: SessionId,
        after: Option<AssetId>,
        limit: usize,
    ) -> Result<Vec<Asset>, StoreError> {
        self.0.is_served(id).await?;
        Ok(self.0.assets.list(id, after, limit))
    }

    /// An asset and its content, which is there to its end whatever becomes of the session meanwhile.
    ///
    /// # Errors
    /// `session_not_found`, [`StoreError::SessionDamaged`], `asset_not_found`, or that it cannot be read now.
    pub async fn asset(&self, id: SessionId, asset: AssetId) -> Result<(Asset, Content), StoreError> {
        self.0.is_served(id).await?;
        if self.0.assets.is_shared() {
            return Ok(self.0.assets.content(id, asset).await?);
        }
        self.0.with_assets(move |assets| assets.read(id, asset)).await
    }

    /// Removes an asset of a session. Objects that show it show nothing from then on.
    ///
    /// # Errors
    /// As for [`asset`](Self::asset).
    pub async fn remove_asset(&self, id: SessionId, asset: AssetId) -> Result<(), StoreError> {
        self.0.is_served(id).await?;
        let inner = Arc::clone(&self.0);
        to_the_end(async move {
            let _turn = inner.turns.take(id).await;
            inner.is_there(id)?;
            if inner.assets.is_shared() {
                return Ok(inner.assets.remove_for_all(id, asset).await?);
            }
            inner.with_assets(move |assets| assets.remove(id, asset)).await
        })
        .await
    }

    /// The assets of all sessions.
    #[must_use]
    pub fn assets(&self) -> &Assets {
        &self.0.assets
    }
}

impl Inner {
    /// Runs `work`, which may wait for the disk, where that delays nobody.
    pub(super) async fn with_assets<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Assets) -> Result<T, AssetError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let assets = Arc::clone(&self.assets);
        let done = spawn_blocking(move || work(&assets)).await.unwrap_or_else(|failed| {
            error!(error = %failed, "work on assets did not end");
            Err(AssetError::Unavailable("the work did not end".to_owned()))
        });
        Ok(done?)
    }

    /// Whether there is such a session, and it is whole.
    async fn is_served(&self, id: SessionId) -> Result<(), StoreError> {
        match self.loaded(id)? {
            None if self.is_shared() => self.load(id).await.map(drop),
            _ => Ok(()),
        }
    }

    fn is_there(&self, id: SessionId) -> Result<(), StoreError> {
        let there = self.sessions.read().contains_key(&id);
        there.then_some(()).ok_or_else(|| StoreError::not_found(id))
    }

    /// Has a session that is about to begin have the assets of the one that it is a copy of, where that is here.
    pub(super) async fn share_assets(&self, from: SessionId, to: SessionId) -> Result<(), StoreError> {
        if self.assets.is_shared() {
            return Ok(self.assets.share_for_all(from, to).await?);
        }
        if self.assets.held(from).count == 0 {
            return Ok(());
        }
        let _turn = self.turns.take(from).await;
        self.with_assets(move |assets| assets.share(from, to)).await
    }

    /// Removes the assets of a session that has ended, or has not come to begin.
    pub(super) async fn end_assets(&self, id: SessionId) {
        if self.assets.is_shared() {
            return self.assets.end_for_all(id).await;
        }
        if self.assets.held(id).count == 0 {
            return;
        }
        let ended = self.with_assets(move |assets| {
            assets.end(id);
            Ok(())
        });
        if let Err(failed) = ended.await {
            error!(session.id = %id, error = %failed, "assets of a session that has ended are left");
        }
    }
}
