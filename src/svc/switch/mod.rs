//! A site changes its embedding model: the new one reads everything beside the old one, both are measured on the site's
//! own texts, and only then, and only if somebody says so, the new one answers. Undone at once, since the vectors of the
//! old one are kept until they are forgotten.
//!
//! Invariants: at every moment one model answers with all the vectors it had; what arrives while a change is stored is
//! embedded for both; a change is one record per site, so that a restart goes on where it was.
//! Deliberately absent: a switch that nobody has seen figures for.

mod compare;
mod measure;

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::base::clock::now_ms;
use crate::base::error::Outcome;
use crate::base::id::{JobId, SiteId};
use crate::base::{Code, Fault, Progress, Report};
use crate::store::{Batch, Key, Store, Table};
use crate::svc::dialog::Dialogs;
use crate::svc::eval::{self, Item};
use crate::svc::index::Indexes;
use crate::svc::ingest::Embedder;
use crate::svc::job::{Job, Jobs, Kind};
use crate::svc::knowledge::{self, Document, QueueItem};
use crate::svc::model::{BUILT_IN, Lookup, ModelKey, Models, Stage, Switch};
use crate::svc::retrieve::{Retriever, View};
use crate::svc::site::{Scale, Site, SiteModel};

/// How often is looked how far the new model is.
const LOOK_EVERY: Duration = Duration::from_millis(300);
/// Queue entries and vectors of one store batch.
const BATCH: usize = 5_000;
/// Largest question set: it is stored with the job.
const SET_BYTES_MAX: usize = 1 << 20;

/// Changes the models of sites.
#[derive(Clone)]
pub struct Switches {
    pub store: Store,
    pub models: Arc<Models>,
    pub indexes: Arc<Indexes>,
    pub embedder: Arc<Embedder>,
    pub jobs: Arc<Jobs>,
    pub retriever: Retriever,
}

impl Switches {
    /// Begins a change: queues every text of the site for the new model. `set`: questions to measure both with besides
    /// the titles of the site, a JSON object per line, or nothing. The job's outcome is the report.
    pub async fn begin(&self, site: &Site, to: &str, set: &str, accept_if_not_worse: bool) -> Outcome<JobId> {
        questions(set)?;
        let key = self.models.key(to)?;
        let from = self.models.name_of(site.id)?;
        if key == self.models.key_of(site.id)? {
            return Err(Fault::new(
                Code::Conflict,
                format!("the site \"{}\" uses the model \"{to}\" already", site.slug),
            ));
        }
        match self.models.ready_key(key).await? {
            Lookup::Ready(_) => {}
            Lookup::Failed(reason) => return Err(Fault::new(Code::ModelMissing, reason)),
            Lookup::Loading | Lookup::Absent => {
                return Err(Fault::new(Code::ModelMissing, format!("the model \"{to}\" is not available")));
            }
        }
        let switch = Switch {
            from,
            to: to.to_owned(),
            from_scale: site.model.as_ref().map_or_else(Scale::default, |model| model.scale),
            stage: Stage::Embedding,
            job: None,
            report: None,
            to_scale: Scale::default(),
            started_at: now_ms(),
            changed_at: now_ms(),
        };
        let (id, slug) = (site.id, site.slug.clone());
        self.store
            .write(move |batch| {
                if let Some(known) = batch.get::<Switch>(id.to_key())? {
                    return Err(Fault::new(
                        Code::Conflict,
                        format!(
                            "the site \"{slug}\" is changing from \"{}\" to \"{}\" already; `model forget --site {slug}` ends that first",
                            known.from, known.to
                        ),
                    ));
                }
                batch.put(id.to_key(), &switch)?;
                queue_all(batch, id)
            })
            .await?;
        self.embedder.poke();
        let kind = Kind::SwitchModel { to: to.to_owned(), set: set.to_owned(), accept_if_not_worse };
        let job = self.jobs.submit(site.id, kind).await?;
        self.change(site.id, move |switch| {
            switch.job = Some(job);
            Ok(())
        })
        .await?;
        Ok(job)
    }

    /// The work of the job: waits until the new model has read everything, then measures.
    pub async fn work(&self, job: Job, progress: Progress) -> Outcome<Value> {
        let Kind::SwitchModel { to, set, accept_if_not_worse } = job.kind else {
            return Err(Fault::invalid("this job changes no model"));
        };
        let site = self.site(job.site)?;
        let key = self.models.key(&to)?;
        self.embedded(site.id, key, &progress).await?;
        self.indexes.caught_up(site.id).await?;
        let (old, new) = self.views(&site, key).await?;
        let scale = measure::scale(self, &site, &new).await?;
        let new = View { scale, ..new };
        let report = compare::report(self, &site, (&old, &new), &questions(&set)?, &progress).await?;
        let kept = report.clone();
        self.change(site.id, move |switch| {
            switch.stage = Stage::Ready;
            switch.report = Some(kept);
            switch.to_scale = scale;
            Ok(())
        })
        .await?;
        let accepted = accept_if_not_worse && !report["worse"].as_bool().unwrap_or(true);
        if accepted {
            self.accept(&self.site(site.id)?).await?;
        }
        let mut result = report;
        result["accepted"] = json!(accepted);
        Ok(result)
    }

    /// Waits until the new model has read everything there is now.
    async fn embedded(&self, site: SiteId, key: ModelKey, progress: &Progress) -> Outcome<()> {
        let pending = || -> Outcome<u64> { Ok(knowledge::pending_other(&self.store.snapshot()?, site)?) };
        let (total, started) = (pending()?, Instant::now());
        loop {
            if progress.is_cancelled() {
                self.forget_site(site).await?;
                return Err(Fault::new(Code::Cancelled, "stopped; the site keeps its model"));
            }
            if self.models.switch(site)?.is_none() {
                return Err(Fault::new(Code::Cancelled, "the change of model was ended"));
            }
            let left = pending()?;
            let done = total.saturating_sub(left);
            progress.report(Report {
                phase: "vectors".into(),
                done,
                total: total.max(left),
                seconds_left: (done > 0).then(|| started.elapsed().as_secs() * left / done),
                item: self.embedder.failure(key),
            });
            if left == 0 {
                return Ok(());
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// The model that answers, and the other one with its own vectors.
    async fn views(&self, site: &Site, key: ModelKey) -> Outcome<(View, View)> {
        let old = self.retriever.view(site.id)?;
        let Lookup::Ready(engine) = self.models.ready_key(key).await? else {
            return Err(Fault::new(Code::ModelMissing, "the new model is not available any more"));
        };
        let (indexes, id) = (Arc::clone(&self.indexes), site.id);
        let gather = move || indexes.vectors_of(id, key);
        let vectors = tokio::task::spawn_blocking(gather).await.map_err(Fault::internal)??;
        let new = View { engine: Some(engine), model: key, vectors: Arc::new(vectors), scale: Scale::default() };
        Ok((old, new))
    }

    /// The new model answers from now on.
    pub async fn accept(&self, site: &Site) -> Outcome<()> {
        self.exchange(site, Stage::Ready, Stage::Accepted).await
    }

    /// The old model answers again.
    pub async fn undo(&self, site: &Site) -> Outcome<()> {
        self.exchange(site, Stage::Accepted, Stage::Ready).await
    }

    async fn exchange(&self, site: &Site, before: Stage, after: Stage) -> Outcome<()> {
        let (id, slug) = (site.id, site.slug.clone());
        self.store
            .write(move |batch| {
                let mut switch = switch_of(batch, id, &slug)?;
                if switch.stage != before {
                    return Err(Fault::new(Code::Conflict, refusal(&switch, after, &slug)));
                }
                let mut site: Site = batch.get(Key::of(id))?.ok_or_else(|| Fault::site_unknown(&slug))?;
                let (name, scale) = match after {
                    Stage::Accepted => (&switch.to, switch.to_scale),
                    _ => (&switch.from, switch.from_scale),
                };
                site.model = (name != BUILT_IN).then(|| SiteModel { name: name.clone(), scale });
                batch.put(Key::of(id), &site)?;
                (switch.stage, switch.changed_at) = (after, now_ms());
                batch.put(id.to_key(), &switch)?;
                exchange_queues(batch, id)
            })
            .await?;
        // The store says so already: a crash here is mended by the next start.
        let indexes = Arc::clone(&self.indexes);
        tokio::task::spawn_blocking(move || indexes.follow_model(id)).await.map_err(Fault::internal)??;
        self.embedder.poke();
        Ok(())
    }

    /// Ends the change: the model that answers stays, the vectors of the other one go, unless another site needs them.
    pub async fn forget(&self, site: &Site) -> Outcome<Switch> {
        let switch = self.models.switch(site.id)?.ok_or_else(|| none(&site.slug))?;
        if switch.stage == Stage::Embedding
            && let Some(job) = switch.job
        {
            // A job that is gone needs no stopping.
            let _ = self.jobs.cancel(job).await;
        }
        self.forget_site(site.id).await?;
        Ok(switch)
    }

    async fn forget_site(&self, site: SiteId) -> Outcome<()> {
        let Some(switch) = self.models.switch(site)? else { return Ok(()) };
        let other = self.models.key(switch.other())?;
        self.store
            .write(move |batch| {
                batch.delete(Table::ModelSwitches, site.to_key());
                for priority in [QueueItem::OTHER_PASSAGE, QueueItem::OTHER_SENTENCES] {
                    for (key, _) in batch.scan(Table::EmbedQueue, Key::of(priority).and(site), usize::MAX)? {
                        batch.delete(Table::EmbedQueue, key);
                    }
                }
                Ok::<_, Fault>(())
            })
            .await?;
        if self.is_needed(other)? {
            return Ok(());
        }
        loop {
            // Vectors belong to texts, not to sites: they go all together, when no site needs this model.
            let left = self
                .store
                .write(move |batch| {
                    let rows = batch.scan(Table::Vectors, Key::of(&other.id), BATCH)?;
                    for (key, _) in &rows {
                        batch.delete(Table::Vectors, key);
                    }
                    Ok::<_, Fault>(rows.len())
                })
                .await?;
            if left < BATCH {
                return Ok(());
            }
        }
    }

    fn is_needed(&self, model: ModelKey) -> Outcome<bool> {
        // The built-in model is what every new site begins with.
        if model == self.models.built_in_key() {
            return Ok(true);
        }
        for site in crate::svc::site::list(&self.store)? {
            let others = self.models.switch(site.id)?.into_iter().flat_map(|switch| [switch.from, switch.to]);
            for name in others.chain(site.model.map(|model| model.name)) {
                if self.models.key(&name)? == model {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    /// What a site uses, what there is, and how far a change is.
    pub fn status(&self, site: &Site) -> Outcome<Value> {
        let mut names = vec![BUILT_IN.to_owned()];
        let added = self.models.list()?;
        let remote: Vec<&str> = added.iter().filter(|m| m.service.is_some()).map(|m| m.name.as_str()).collect();
        names.extend(added.iter().map(|model| model.name.clone()));
        let switch = self.models.switch(site.id)?;
        let pending = knowledge::pending_other(&self.store.snapshot()?, site.id)?;
        Ok(json!({
            "model": self.models.name_of(site.id)?,
            "models": names,
            "remote": remote,
            "switch": switch.map(|switch| json!({
                "from": switch.from,
                "to": switch.to,
                "stage": switch.stage,
                "job": switch.job.map(|job| job.to_string()),
                "pending": pending,
                "report": switch.report,
                "started_at": crate::base::clock::rfc3339(switch.started_at),
                "changed_at": crate::base::clock::rfc3339(switch.changed_at),
            })),
        }))
    }

    fn site(&self, id: SiteId) -> Outcome<Site> {
        self.store.snapshot()?.get(Key::of(id))?.ok_or_else(|| Fault::not_found("such site"))
    }

    async fn change(
        &self,
        site: SiteId,
        change: impl FnOnce(&mut Switch) -> Outcome<()> + Send + 'static,
    ) -> Outcome<()> {
        self.store
            .write(move |batch| {
                let mut switch = switch_of(batch, site, "")?;
                change(&mut switch)?;
                switch.changed_at = now_ms();
                Ok(batch.put(site.to_key(), &switch)?)
            })
            .await
    }

    /// Answers with another model, for measuring.
    fn dialogs(&self, view: &View) -> Dialogs {
        Dialogs { store: self.store.clone(), retriever: self.retriever.with_model(view.clone()) }
    }
}

/// The questions of a set; none for an empty text.
fn questions(set: &str) -> Outcome<Vec<Item>> {
    if set.trim().is_empty() {
        return Ok(Vec::new());
    }
    if set.len() > SET_BYTES_MAX {
        return Err(Fault::invalid(format!(
            "the question set has more than {} MB; a few hundred questions say enough",
            SET_BYTES_MAX >> 20
        )));
    }
    eval::parse(set)
}

fn switch_of(batch: &Batch<'_>, site: SiteId, slug: &str) -> Outcome<Switch> {
    batch.get(site.to_key())?.ok_or_else(|| none(slug))
}

fn none(slug: &str) -> Fault {
    Fault::new(
        Code::Conflict,
        format!(
            "the site \"{slug}\" is changing to no other model; `model switch --site {slug} --to NAME` begins that"
        ),
    )
}

fn refusal(switch: &Switch, wanted: Stage, slug: &str) -> String {
    match (switch.stage, wanted) {
        (Stage::Embedding, Stage::Accepted) => {
            format!("\"{}\" has not read everything yet; `model status --site {slug}` says how far it is", switch.to)
        }
        (Stage::Accepted, _) => format!("\"{}\" answers already", switch.to),
        _ => format!("\"{}\" still answers; there is nothing to undo", switch.from),
    }
}

/// Every passage that is to be found, and its sentences, for the new model.
fn queue_all(batch: &mut Batch<'_>, site: SiteId) -> Outcome<()> {
    for (_, document) in batch.list::<Document>(site.to_key())? {
        for chunk in document.chunks.iter().filter(|_| document.is_live()) {
            for priority in [QueueItem::OTHER_PASSAGE, QueueItem::OTHER_SENTENCES] {
                batch.put_raw(Table::EmbedQueue, Key::of(priority).and(site).and(*chunk), Vec::new());
            }
        }
    }
    Ok(())
}

/// What waited for one model waits for the other: they have changed places.
fn exchange_queues(batch: &mut Batch<'_>, site: SiteId) -> Outcome<()> {
    let mut waiting = Vec::new();
    for priority in QueueItem::ALL {
        for (key, _) in batch.scan(Table::EmbedQueue, Key::of(priority).and(site), usize::MAX)? {
            batch.delete(Table::EmbedQueue, &key);
            waiting.push((priority ^ QueueItem::OTHER_PASSAGE, key));
        }
    }
    for (priority, mut key) in waiting {
        if let Some(first) = key.first_mut() {
            *first = priority;
        }
        batch.put_raw(Table::EmbedQueue, key, Vec::new());
    }
    Ok(())
}
