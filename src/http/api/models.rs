//! The embedding model of a site: what it uses, what there is, and a change from one to the other.

use std::sync::Arc;

use poem::web::Data;
use poem_openapi::payload::Json;
use poem_openapi::{Enum, Object, OpenApi};

use crate::base::Fault;
use crate::http::state::{Caller, Shared};

use super::{Reply, Tag, shape};

/// A step of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename_all = "lowercase")]
enum Action {
    /// The model `to` reads the site beside the one it has; then both are compared.
    Switch,
    /// The new model answers from now on.
    Accept,
    /// The old model answers again.
    Undo,
    /// Ends the change; the model that answers stays, the vectors of the other go.
    Forget,
}

/// A step, and for a switch the model's name.
#[derive(Object)]
#[oai(deny_unknown_fields)]
struct Step {
    action: Action,
    to: Option<String>,
}

pub struct SiteModels(pub Arc<Shared>);

#[OpenApi]
impl SiteModels {
    /// `{model, models:[name], remote:[name], switch?:{from,to,stage,job,pending,report?,started_at,changed_at}}`.
    #[oai(path = "/sites/:site/model", method = "get", operation_id = "siteModel", tag = "Tag::Sites")]
    async fn get(&self, caller: Data<&Caller>) -> Reply {
        Ok(shape(self.0.services.switches.status(caller.site()?)?))
    }

    /// Takes a step of a change and says how things are then. A model is added on the command line.
    #[oai(path = "/sites/:site/model", method = "post", operation_id = "changeSiteModel", tag = "Tag::Sites")]
    async fn change(&self, caller: Data<&Caller>, body: Json<Step>) -> Reply {
        let site = caller.site()?;
        let switches = &self.0.services.switches;
        match body.0.action {
            Action::Switch => {
                let to = body.0.to.ok_or_else(|| Fault::invalid("`to` names the model to change to"))?;
                switches.begin(site, &to, "", false).await?;
            }
            Action::Accept => switches.accept(site).await?,
            Action::Undo => switches.undo(site).await?,
            Action::Forget => {
                switches.forget(site).await?;
            }
        }
        Ok(shape(switches.status(site)?))
    }
}
