//! An error as a page, for people who typed an address.

use askama::Template;
use poem::Response;

use crate::base::Code;

use crate::http::problem::{Refusal, status};

#[derive(Template)]
#[template(path = "error.html", config = "assets/templates/askama.toml")]
struct ErrorPage {
    lang: String,
    status: u16,
    title: String,
    detail: String,
    mend: String,
    request_id: String,
    home: String,
}

/// The page for a refusal; plain problem JSON if even that fails.
pub fn refuse(refusal: &Refusal, request_id: &str, lang: &str) -> Response {
    let code = refusal.fault.code;
    let de = lang == "de";
    let pick = |german: &'static str, english: &'static str| if de { german } else { english };
    let (title, detail) = match code {
        Code::NotFound | Code::SiteUnknown => (
            pick("Diese Seite gibt es nicht", "There is no such page"),
            pick(
                "Unter dieser Adresse ist nichts zu finden. Vielleicht ist sie unvollständig.",
                "There is nothing at this address. It may be incomplete.",
            ),
        ),
        Code::RateLimited => (
            pick("Zu viele Anfragen", "Too many requests"),
            pick(
                "Bitte warten Sie einen Moment und versuchen Sie es dann noch einmal.",
                "Please wait a moment and try again.",
            ),
        ),
        Code::Unavailable | Code::ModelMissing => (
            pick("Gerade nicht erreichbar", "Not available right now"),
            pick("Bitte versuchen Sie es in einem Moment noch einmal.", "Please try again in a moment."),
        ),
        c if c.status() < 500 => (
            pick("Das ist so nicht möglich", "That is not possible"),
            pick("Die Anfrage konnte nicht verstanden werden.", "The request could not be understood."),
        ),
        _ => (
            pick("Es ist ein Fehler aufgetreten", "Something went wrong"),
            pick(
                "Der Fehler liegt bei uns. Bitte versuchen Sie es später noch einmal.",
                "The mistake is ours. Please try again later.",
            ),
        ),
    };
    let page = ErrorPage {
        lang: lang.to_owned(),
        status: code.status(),
        title: title.to_owned(),
        detail: detail.to_owned(),
        mend: String::new(),
        request_id: request_id.to_owned(),
        home: "/".to_owned(),
    };
    match page.render() {
        Ok(html) => {
            let mut response =
                Response::builder().status(status(code)).content_type("text/html; charset=utf-8").body(html);
            refusal.dress(&mut response);
            response
        }
        Err(_) => refusal.respond(request_id),
    }
}
