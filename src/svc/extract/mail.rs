//! E-mails (RFC 5322, MIME) and mailboxes of them, as the `mail-parser` crate reads them. Addresses of people stay out: what
//! a mail says is knowledge, who got it is not.

use mail_parser::mailbox::mbox::MessageIterator;
use mail_parser::{Message, MessageParser, MimeHeaders as _};

use super::assemble::{Event, assemble};
use super::{Block, Extracted, RejectCode, Rejected, Warning, text};

/// Messages of one mailbox.
const MESSAGES_MAX: usize = 5_000;

/// Reads a message, or a mailbox with a section for each message.
///
/// # Errors
/// `Damaged` when there is no message in it.
pub fn read(bytes: &[u8]) -> Result<Extracted, Rejected> {
    let parser = MessageParser::default();
    let mut events = Vec::new();
    let (mut titles, mut attachments, mut cut) = (Vec::new(), 0, false);
    let mut updated = None;
    let mut take = |message: &Message<'_>| {
        let subject = text::squash(message.subject().unwrap_or_default());
        attachments += message.attachments().filter(|part| part.attachment_name().is_some()).count();
        updated = message.date().map(|date| format!("{:04}-{:02}-{:02}", date.year, date.month, date.day));
        if !subject.is_empty() {
            events.push(Event::Heading(1, subject.clone()));
        }
        titles.push(subject);
        for at in 0..message.text_body_count() {
            let body = message.body_text(at).unwrap_or_default();
            // Quoted earlier mails repeat what was said, and signatures say it of everyone.
            let whole = body.replace("\r\n", "\n");
            let lines: Vec<&str> = whole.lines().take_while(|line| line.trim_end() != "--").collect();
            for part in lines.join("\n").split("\n\n") {
                let lines: Vec<&str> = part.lines().filter(|line| !line.trim_start().starts_with('>')).collect();
                let text = text::squash(&lines.join(" "));
                if !text.is_empty() {
                    events.push(Event::Block(Block::Paragraph { text }));
                }
            }
        }
    };
    if bytes.starts_with(b"From ") {
        for (at, raw) in MessageIterator::new(bytes).enumerate() {
            let Ok(raw) = raw else { continue };
            if at == MESSAGES_MAX {
                cut = true;
                break;
            }
            if let Some(message) = parser.parse(raw.contents()) {
                take(&message);
            }
        }
    } else if let Some(message) = parser.parse(bytes) {
        take(&message);
    }
    if titles.is_empty() {
        return Err(Rejected::new(
            RejectCode::Damaged,
            "the file holds no e-mail: save the message again as .eml, or its text as a file",
        ));
    }
    let title = if titles.len() == 1 { titles.swap_remove(0) } else { String::new() };
    let mut warnings = Vec::new();
    if attachments > 0 {
        warnings
            .push(Warning::new("attachments", format!("{attachments} attachments were not read: add them as files")));
    }
    if cut {
        warnings.push(Warning::new("messages_cut", format!("messages beyond the first {MESSAGES_MAX} were left out")));
    }
    Ok(Extracted { sections: assemble(events, &title), title, updated, warnings, ..Extracted::default() })
}
