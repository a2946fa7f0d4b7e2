//! What a page says to machines, in the words of schema.org and OpenGraph.

use super::items::{Item, Property};
use super::lines::Doc;
use super::sink::Sink;
use super::value::{Role, Source, Stated};
use super::{Markup, calendar, email, links, phone, price, schema_hours};

const DEPTH_MAX: usize = 12;

/// Reads all statements of the page.
pub fn read(markup: &Markup, doc: &Doc<'_>, sink: &mut Sink) {
    for (source, item) in &markup.items {
        thing(*source, item, "", doc, sink, 0);
    }
    for (name, content) in &markup.graph {
        let source = Source::Opengraph;
        match name.as_str() {
            "article:modified_time" | "og:updated_time" => {
                if let Some((date, _)) = calendar::stamp(content) {
                    sink.aside(Stated::Updated { date }, source, None, content);
                }
            }
            "og:video" | "og:video:url" | "og:video:secure_url" => {
                if let Some(url) = links::absolute(doc, content) {
                    sink.aside(Stated::Video { url }, source, None, content);
                }
            }
            "business:contact_data:phone_number" | "og:phone_number" => {
                number(source, content, Role::Phone, None, doc, sink);
            }
            "business:contact_data:email" | "og:email" => mail(source, content, None, sink),
            "og:fax_number" | "business:contact_data:fax_number" => number(source, content, Role::Fax, None, doc, sink),
            _ => {}
        }
    }
    graph_address(markup, sink);
    graph_price(markup, sink);
}

fn graph_address(markup: &Markup, sink: &mut Sink) {
    let part = |name: &str| {
        markup
            .graph
            .iter()
            .find(|(own, _)| own.ends_with(name) && (own.starts_with("business:") || own.starts_with("og:")))
            .map(|(_, content)| content.clone())
    };
    let street = part("street_address").or_else(|| part("street-address"));
    let postcode = part("postal_code").or_else(|| part("postal-code"));
    if let (Some(postcode), Some(town)) = (postcode, part("locality")) {
        let written = format!("{}, {postcode} {town}", street.as_deref().unwrap_or_default());
        sink.aside(Stated::Address { street, postcode, town }, Source::Opengraph, None, &written);
    }
}

fn graph_price(markup: &Markup, sink: &mut Sink) {
    let part =
        |name: &str| markup.graph.iter().find(|(own, _)| own.ends_with(name)).map(|(_, content)| content.as_str());
    if let (Some(amount), Some(currency)) = (part("price:amount"), part("price:currency"))
        && let Some(cents) = price::cents(amount)
    {
        sink.aside(Stated::Price { cents, currency: currency.to_owned() }, Source::Opengraph, None, amount);
    }
}

fn number(source: Source, written: &str, role: Role, label: Option<&str>, doc: &Doc<'_>, sink: &mut Sink) {
    let Some(number) = phone::e164(written.trim_start_matches("tel:"), doc.calling_code) else { return };
    let role = if phone::is_mobile(&number) && role == Role::Phone { Role::Mobile } else { role };
    sink.aside(Stated::Phone { number, role }, source, label, written);
}

fn mail(source: Source, written: &str, label: Option<&str>, sink: &mut Sink) {
    if let Some(address) = email::plain(written.trim_start_matches("mailto:")) {
        sink.aside(Stated::Email { address }, source, label, written);
    }
}

/// One thing and everything below it. `role` is the property that led here.
fn thing(source: Source, item: &Item, role: &str, doc: &Doc<'_>, sink: &mut Sink, depth: usize) {
    if depth > DEPTH_MAX {
        return;
    }
    let name = item.text("name").or_else(|| item.text("headline"));
    let label = item.text("contactType").or_else(|| name.clone());
    let label = label.as_deref();
    for written in item.texts("telephone") {
        number(source, written, Role::Phone, label, doc, sink);
    }
    for written in item.texts("faxNumber") {
        number(source, written, Role::Fax, label, doc, sink);
    }
    for written in item.texts("email") {
        mail(source, written, label, sink);
    }
    if let (Some(postcode), Some(town)) = (item.text("postalCode"), item.text("addressLocality")) {
        let street = item
            .text("streetAddress")
            .or_else(|| item.text("postOfficeBoxNumber").map(|number| format!("Postfach {number}")));
        let written = format!("{}, {postcode} {town}", street.as_deref().unwrap_or_default());
        sink.aside(Stated::Address { street, postcode, town }, source, label, &written);
    }
    for hours in schema_hours::read(item) {
        sink.aside(hours, source, label, "openingHours");
    }
    // Wages are no prices.
    if !matches!(role, "baseSalary" | "estimatedSalary") {
        prices(source, item, role, sink);
    }
    days(source, item, name.as_deref(), sink);
    files(source, item, doc, sink);
    let areas = item.all_texts("areaServed").into_iter().chain(item.all_texts("spatialCoverage"));
    for area in areas.chain(item.all_texts("eligibleRegion")) {
        if !area.starts_with("http") && area.chars().count() > 2 {
            sink.aside(Stated::Region { name: area.clone() }, source, None, &area);
        }
    }
    if item.is_a("HowTo") {
        let count =
            item.properties.iter().filter(|(name, value)| name == "step" && matches!(value, Property::Item(_))).count();
        if let Some(count) = u32::try_from(count).ok().filter(|count| *count >= 2) {
            sink.aside(Stated::Steps { count }, source, label, label.unwrap_or("HowTo"));
        }
    }
    for (role, child) in item.children() {
        if !matches!(role, "openingHoursSpecification" | "specialOpeningHoursSpecification" | "hoursAvailable") {
            thing(source, child, role, doc, sink, depth + 1);
        }
    }
}

fn prices(source: Source, item: &Item, role: &str, sink: &mut Sink) {
    let currency = item.text("priceCurrency").or_else(|| item.text("currency"));
    let label = item.text("name").or_else(|| item.text("category")).or_else(|| item.text("description"));
    for property in ["price", "lowPrice", "highPrice", "minPrice", "maxPrice"] {
        for written in item.texts(property) {
            let Some(currency) = currency.clone() else { continue };
            let amount = written
                .trim_start_matches(|c: char| !c.is_ascii_digit())
                .trim_end_matches(|c: char| !c.is_ascii_digit());
            if let Some(cents) = dotted(amount) {
                sink.aside(Stated::Price { cents, currency }, source, label.as_deref(), written);
            }
        }
    }
    if item.is_a("MonetaryAmount")
        && role != "value"
        && let (Some(written), Some(currency)) = (item.text("value"), currency)
        && let Some(cents) = dotted(&written)
    {
        sink.aside(Stated::Price { cents, currency }, source, label.as_deref(), &written);
    }
    // Of an article it says that nobody has to subscribe.
    if !item.types.iter().any(|t| t.ends_with("Article") || t.ends_with("Page") || t.ends_with("Posting"))
        && item.text("isAccessibleForFree").is_some_and(|free| free.eq_ignore_ascii_case("true"))
    {
        sink.aside(Stated::Price { cents: 0, currency: "EUR".into() }, source, label.as_deref(), "isAccessibleForFree");
    }
}

/// Amounts for machines have a point before the cents, however many digits follow.
fn dotted(amount: &str) -> Option<u64> {
    let (whole, part) = amount.split_once('.').unwrap_or((amount, ""));
    if !amount.contains(',') && !part.is_empty() && part.chars().all(|c| c.is_ascii_digit()) {
        let part = format!("{part:0<2}");
        return whole.parse::<u64>().ok()?.checked_mul(100)?.checked_add(part[..2].parse().ok()?);
    }
    price::cents(amount)
}

fn days(source: Source, item: &Item, name: Option<&str>, sink: &mut Sink) {
    let day = |property: &str| {
        item.text(property).and_then(|written| calendar::stamp(&written).map(|(day, time)| (day, time, written)))
    };
    let is_event = item.types.iter().any(|t| t.ends_with("Event") || t == "Festival" || t == "CourseInstance");
    if let (true, Some((date, time, written)), Some(name)) = (is_event, day("startDate"), name) {
        let start = time.map_or_else(|| date.clone(), |time| format!("{date}T{time}"));
        let end = day("endDate").map(|(end, ..)| end).filter(|end| *end != date);
        sink.aside(Stated::Event { start, name: name.to_owned(), end }, source, None, &written);
    }
    if let Some((date, _, written)) = day("dateModified") {
        sink.aside(Stated::Updated { date }, source, name, &written);
    }
    for property in ["applicationDeadline", "validThrough"] {
        if (property != "validThrough" || item.is_a("JobPosting"))
            && let Some((date, _, written)) = day(property)
        {
            sink.aside(Stated::Deadline { date }, source, name, &written);
        }
    }
}

fn files(source: Source, item: &Item, doc: &Doc<'_>, sink: &mut Sink) {
    let label = item.text("name");
    let address = |property: &str| item.text(property).and_then(|url| links::absolute(doc, &url));
    if item.is_a("VideoObject") {
        if let Some(url) = address("embedUrl").or_else(|| address("contentUrl")).or_else(|| address("url")) {
            sink.aside(Stated::Video { url: url.clone() }, source, label.as_deref(), &url);
        }
        return;
    }
    if let Some(url) = address("contentUrl")
        .or_else(|| address("url").filter(|_| item.is_a("DigitalDocument") || item.is_a("DataDownload")))
        && let Some(file_type) =
            links::file_type(&url).or_else(|| item.text("encodingFormat").and_then(|t| links::of_mime(&t)))
    {
        sink.aside(Stated::Download { url: url.clone(), file_type, size_kb: None }, source, label.as_deref(), &url);
    }
    let is_form = |t: &String| {
        matches!(
            t.as_str(),
            "ApplyAction" | "ReserveAction" | "OrderAction" | "RegisterAction" | "CommunicateAction" | "ScheduleAction"
        )
    };
    let target = item
        .text("target")
        .or_else(|| item.items("target").next().and_then(|t| t.text("urlTemplate").or_else(|| t.text("url"))));
    let form = if item.types.iter().any(is_form) {
        target
    } else {
        item.text("serviceUrl").or_else(|| item.items("serviceUrl").next().and_then(|t| t.text("url")))
    };
    if let Some(url) = form.and_then(|url| links::absolute(doc, &url)) {
        sink.aside(Stated::Form { url: url.clone() }, source, label.as_deref(), &url);
    }
}
