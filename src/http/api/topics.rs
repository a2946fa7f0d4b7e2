//! Topics: what a site is about, and what editors make of it.

use std::sync::Arc;

use poem::web::Data;
use poem_openapi::payload::Json;
use poem_openapi::{Object, OpenApi};
use serde_json::{Value, json};

use crate::base::Fault;
use crate::base::clock::rfc3339;
use crate::base::error::Outcome;
use crate::base::id::{DocumentId, IdError, SiteId, TopicId};
use crate::http::state::{Caller, Shared};
use crate::store::Snapshot;
use crate::svc::job::Kind;
use crate::svc::knowledge;
use crate::svc::topic::{self, Change, Topic};

use super::{Accepted, Reply, Tag, shape};

/// Pages that are named with a topic in the list.
const EXAMPLES: usize = 4;

/// One change.
#[derive(Object)]
#[oai(deny_unknown_fields)]
struct TopicPatch {
    /// A name that stays.
    name: Option<String>,
    /// Out of what visitors see, or back in.
    hidden: Option<bool>,
    /// Another topic that becomes part of this one, such as `topic_2`.
    merge: Option<String>,
}

/// Documents that become a topic of their own.
#[derive(Object)]
#[oai(deny_unknown_fields)]
struct SplitRequest {
    name: String,
    /// Such as `doc_1`.
    documents: Vec<String>,
}

pub struct Topics(pub Arc<Shared>);

#[OpenApi]
impl Topics {
    /// Topics, largest first, and the versions that can be taken back, newest first:
    /// `{version, topics:[{id,name,words[],language,documents,hidden,examples[]}], versions:[{version,made_at,made,topics}]}`.
    #[oai(path = "/sites/:site/topics", method = "get", operation_id = "topics", tag = "Tag::Documents")]
    async fn list(&self, caller: Data<&Caller>) -> Reply {
        Ok(shape(self.view(caller.site()?.id)?))
    }

    /// Groups the pages anew, if there are other pages than last time: `{job_id}`.
    #[oai(path = "/sites/:site/topics", method = "post", operation_id = "buildTopics", tag = "Tag::Documents")]
    async fn build(&self, caller: Data<&Caller>) -> poem::Result<Accepted> {
        let job = self.0.services.jobs.submit(caller.site()?.id, Kind::Topics).await?;
        Ok(Accepted::Queued(shape(json!({"job_id": job.to_string()}))))
    }

    /// A topic with its pages, the most typical first: the row of the list and `pages:[{id,title,key}]`.
    #[oai(path = "/sites/:site/topics/:topic", method = "get", operation_id = "topic", tag = "Tag::Documents")]
    async fn get(&self, caller: Data<&Caller>) -> Reply {
        let (site, id) = (caller.site()?.id, caller.id::<TopicId>("topic")?);
        let snapshot = self.0.services.store.snapshot().map_err(Fault::from)?;
        let set = topic::latest(&snapshot, site)?;
        let topic = set.topics.iter().find(|topic| topic.id == id).ok_or_else(|| Fault::not_found("such topic"))?;
        let mut view = row(&snapshot, site, topic);
        view["pages"] = json!(pages(&snapshot, site, topic, usize::MAX));
        Ok(shape(view))
    }

    /// Renames, hides or shows a topic, or merges another into it; each change is a version. The list as it is then.
    #[oai(path = "/sites/:site/topics/:topic", method = "patch", operation_id = "updateTopic", tag = "Tag::Documents")]
    async fn update(&self, caller: Data<&Caller>, body: Json<TopicPatch>) -> Reply {
        let (site, topic, body) = (caller.site()?.id, caller.id::<TopicId>("topic")?, body.0);
        let with = body.merge.map(|id| id.parse().map_err(|e: IdError| Fault::invalid(e.to_string()))).transpose()?;
        let changes = [
            body.name.map(|name| Change::Rename { topic, name }),
            body.hidden.map(|hidden| Change::Hide { topic, hidden }),
            with.map(|with| Change::Merge { topic, with }),
        ];
        for change in changes.into_iter().flatten() {
            topic::change(&self.0.services.store, site, change).await?;
        }
        Ok(shape(self.view(site)?))
    }

    /// Makes a topic of its own of some of a topic's pages. The list as it is then.
    #[oai(
        path = "/sites/:site/topics/:topic/split",
        method = "post",
        operation_id = "splitTopic",
        tag = "Tag::Documents"
    )]
    async fn split(&self, caller: Data<&Caller>, body: Json<SplitRequest>) -> Reply {
        let (site, topic) = (caller.site()?.id, caller.id::<TopicId>("topic")?);
        let documents: Result<Vec<DocumentId>, IdError> = body.documents.iter().map(|id| id.parse()).collect();
        let documents = documents.map_err(|e| Fault::invalid(e.to_string()))?;
        let change = Change::Split { topic, documents, name: body.name.clone() };
        topic::change(&self.0.services.store, site, change).await?;
        Ok(shape(self.view(site)?))
    }

    /// Makes an earlier version the newest again. The list as it is then.
    #[oai(
        path = "/sites/:site/topic-versions/:version",
        method = "post",
        operation_id = "restoreTopics",
        tag = "Tag::Documents"
    )]
    async fn restore(&self, caller: Data<&Caller>) -> Reply {
        let site = caller.site()?.id;
        topic::restore(&self.0.services.store, site, caller.id("version")?).await?;
        Ok(shape(self.view(site)?))
    }
}

impl Topics {
    fn view(&self, site: SiteId) -> Outcome<Value> {
        let snapshot = self.0.services.store.snapshot()?;
        let versions = topic::versions(&snapshot, site)?;
        let topics = versions.last().map(|set| set.topics.as_slice()).unwrap_or_default();
        let rows = topics.iter().map(|topic| row(&snapshot, site, topic)).collect::<Vec<_>>();
        let versions: Vec<Value> = versions.iter().rev().map(|set| json!({"version": set.version, "made_at": rfc3339(set.made_at), "made": set.made, "topics": set.topics.len()})).collect();
        Ok(json!({"version": versions.first().map(|v| v["version"].clone()), "topics": rows, "versions": versions}))
    }
}

fn row(snapshot: &Snapshot, site: SiteId, topic: &Topic) -> Value {
    let examples: Vec<Value> =
        pages(snapshot, site, topic, EXAMPLES).into_iter().map(|page| page["title"].clone()).collect();
    json!({"id": topic.id.to_string(), "name": topic.name, "words": topic.words, "language": topic.language,
        "documents": topic.documents.len(), "hidden": topic.hidden, "examples": examples})
}

/// What was deleted since is left out; the next grouping forgets it.
fn pages(snapshot: &Snapshot, site: SiteId, topic: &Topic, limit: usize) -> Vec<Value> {
    let found = topic.documents.iter().filter_map(|id| knowledge::document(snapshot, site, *id).ok());
    found.take(limit).map(|d| json!({"id": d.id.to_string(), "title": d.title, "key": d.key})).collect()
}
