//! The dialog: guard, retrieve, evidence gate, answer, verified citations, stored turn.
//!
//! Invariants: every sentence of an extractive answer stands in a passage that is cited with it; the
//! gate decides on evidence alone; a turn is stored with its true outcome before it is answered, so
//! that a stream can be resumed from the store; only the owner's token opens a dialog.

pub mod answer;
mod compose;
pub mod evidence;
mod features;
mod gate;
mod guard;
mod judge;
mod question;
mod record;
mod topic;
mod wording;

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::base::clock::now_ms;
use crate::base::error::Outcome;
use crate::base::id::{ChunkId, DocumentId};
use crate::base::limits::DIALOG_TURNS_MAX;
use crate::base::{Code, Fault, secret};
use crate::store::{Key, Snapshot, Store, Table};
use crate::svc::retrieve::{Mode, Retriever};
use crate::svc::site::Site;

pub use answer::{Answer, Block, Citation, Outcome as Verdict, Timings};
pub use gate::Decision;
pub use question::Question;
pub use record::{CitedPassage, Dialog, Turn};
pub use wording::{disclosure, welcome};

use evidence::Evidence;

/// How long a question waits for a model and an index that are being loaded.
const MODEL_PATIENCE: Duration = Duration::from_secs(5);
/// Passages the evidence is taken from.
const PASSAGES: usize = 16;

/// Passages whose topics a refusal names.
const NEAR: usize = 8;

/// What a visitor asks.
#[derive(Debug, Clone, Default)]
pub struct Ask {
    pub question: String,
    /// Continue this dialog; needs the owner's token.
    pub dialog: Option<(String, String)>,
    /// Language of the page, when the question does not tell.
    pub locale: Option<String>,
}

/// The answer with the token that opens its dialog, and what the gate saw.
#[derive(Debug, Clone)]
pub struct Answered {
    pub answer: Answer,
    pub token: Option<String>,
    pub decision: Decision,
}

/// An answer that is not stored.
#[derive(Debug, Clone, Default)]
pub struct Given {
    pub answer: Answer,
    pub decision: Decision,
    /// The passages behind the citations, in their order.
    pub cited: Vec<CitedPassage>,
    /// The chunks that were weighed, in the order in which they answer.
    pub ranked: Vec<ChunkId>,
}

/// Answers questions.
#[derive(Clone)]
pub struct Dialogs {
    pub store: Store,
    pub retriever: Retriever,
}

impl Dialogs {
    /// Answers one question and stores the turn.
    pub async fn ask(&self, site: &Site, ask: Ask) -> Outcome<Answered> {
        let started = Instant::now();
        let text = guard::check(&ask.question)?;
        // Words alone would refuse what the model finds a moment later.
        let loaded = async {
            let _ = self.retriever.models.ready(site.id).await;
            let _ = self.retriever.models.built_in().ready().await;
            self.retriever.indexes.loaded(site.id).await
        };
        let _ = tokio::time::timeout(MODEL_PATIENCE, loaded).await;
        let opened = match &ask.dialog {
            Some((id, token)) => Some(self.open(site, id, token)?),
            None => None,
        };
        let question = Question::read(&text, ask.locale.as_deref().unwrap_or(&site.locale));
        let Given { mut answer, decision, cited, .. } = self.answer(site, &question).await?;
        answer.timings_ms.total = elapsed(started);
        let (dialog, token) = match opened {
            Some(dialog) => (dialog, None),
            None => {
                let token = secret::random_token(18);
                (Dialog::new(site.id, &token, &question.locale), Some(token))
            }
        };
        let answer = self.keep(dialog, &text, answer, cited).await?;
        Ok(Answered { answer, token, decision })
    }

    /// What the gate and the composer make of a question; nothing is stored.
    pub async fn answer(&self, site: &Site, question: &Question) -> Outcome<Given> {
        if let Some(answer) = guard::small_talk(site, question) {
            return Ok(Given { answer, ..Given::default() });
        }
        let (evidence, mut timings) = self.evidence(site, question).await?;
        let weighed = Instant::now();
        let decision = gate::decide(&evidence);
        let (mut answer, cited) = if decision.answers {
            compose::answer(question, &evidence)
        } else {
            compose::refusal(site, question, &evidence)
        };
        if !decision.answers {
            let near: Vec<DocumentId> = evidence.passages.iter().map(|found| found.document.id).take(NEAR).collect();
            answer.suggestions = crate::svc::topic::nearest(&self.store, site.id, &near, &question.locale)?;
        }
        timings.compose = elapsed(weighed);
        answer.timings_ms = timings;
        let ranked = evidence.passages.iter().map(|found| found.id).collect();
        Ok(Given { answer, decision, cited, ranked })
    }

    /// Retrieves and weighs what could answer the question.
    pub async fn evidence(&self, site: &Site, question: &Question) -> Outcome<(Evidence, Timings)> {
        let retrieved = self.retriever.retrieve(site.id, &question.text, Mode::Hybrid, 50).await?;
        let mut timings =
            Timings { embed: round(retrieved.embed_ms), search: round(retrieved.search_ms), ..Timings::default() };
        let weighed = Instant::now();
        let evidence = evidence::collect(&self.retriever, site.id, question, retrieved, PASSAGES).await?;
        timings.evidence = elapsed(weighed);
        Ok((evidence, timings))
    }

    async fn keep(
        &self,
        mut dialog: Dialog,
        question: &str,
        answer: Answer,
        passages: Vec<CitedPassage>,
    ) -> Outcome<Answer> {
        let question = question.to_owned();
        self.store
            .write_last(move |batch| {
                let key = dialog.key();
                if let Some(stored) = batch.get::<Dialog>(&key)? {
                    dialog = stored;
                }
                if dialog.turns as usize >= DIALOG_TURNS_MAX {
                    return Err(Fault::new(Code::Conflict, "this conversation is full; begin a new one"));
                }
                dialog.turns += 1;
                dialog.updated_at = now_ms();
                let number = u64::from(dialog.turns);
                let mut answer = answer;
                answer.dialog_id.clone_from(&dialog.id);
                answer.turn_id = number.to_string();
                for (citation, passage) in answer.citations.iter_mut().zip(passages) {
                    citation.id = format!("{}-{number}-{}", dialog.id, citation.n);
                    batch.put(Key::of(dialog.site).and(citation.id.as_str()), &passage)?;
                }
                batch.put(&key, &dialog)?;
                batch.put(key.and(number), &Turn { question, asked_at: now_ms(), answer: answer.clone() })?;
                Ok(answer)
            })
            .await
    }

    /// A dialog, for whoever holds its token.
    pub fn open(&self, site: &Site, id: &str, token: &str) -> Outcome<Dialog> {
        let dialog: Option<Dialog> = self.store.snapshot()?.get(Dialog::key_of(site.id, id))?;
        dialog
            .filter(|d| d.is_opened_by(token))
            .ok_or_else(|| Fault::not_found("conversation with this number and token; begin a new one"))
    }

    /// The turns of a dialog in order.
    pub fn turns(&self, dialog: &Dialog) -> Outcome<Vec<Turn>> {
        Ok(self.store.snapshot()?.list::<Turn>(dialog.key())?.into_iter().map(|(_, turn)| turn).collect())
    }

    /// One turn of a dialog.
    pub fn turn(&self, dialog: &Dialog, turn: u64) -> Outcome<Turn> {
        self.store
            .snapshot()?
            .get(dialog.key().and(turn))?
            .ok_or_else(|| Fault::not_found("such turn in this conversation"))
    }

    /// A passage as it stood when it was cited.
    pub fn citation(&self, site: &Site, id: &str) -> Outcome<CitedPassage> {
        let snapshot: Snapshot = self.store.snapshot()?;
        snapshot.get(Key::of(site.id).and(id))?.ok_or_else(|| Fault::not_found("such citation"))
    }

    /// Questions of a site so far.
    pub fn count(&self, site: &Site) -> Outcome<u64> {
        Ok(self.store.snapshot()?.count(Table::Turns, site.id.to_key())?)
    }
}

fn elapsed(since: Instant) -> f64 {
    round(since.elapsed().as_secs_f64() * 1e3)
}

fn round(ms: f64) -> f64 {
    (ms * 10.0).round() / 10.0
}

/// Shared by the services that answer.
pub type SharedDialogs = Arc<Dialogs>;
