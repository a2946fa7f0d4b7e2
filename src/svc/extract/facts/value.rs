//! What a fact is.

use serde::{Deserialize, Serialize};

/// A fact of a document: what is stated, by what, and where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fact {
    /// The statement, normalised.
    #[serde(flatten)]
    pub stated: Stated,
    /// What it was read from.
    pub source: Source,
    /// Headings above it, outermost first; empty at the top of the text and for statements outside of it.
    #[serde(default)]
    pub section: Vec<String>,
    /// Position of the block in reading order, counted from 0 over the whole text; none for statements outside of it.
    #[serde(default)]
    pub block: Option<u32>,
    /// Words beside it that say what or whom it is for.
    #[serde(default)]
    pub label: Option<String>,
    /// As it is written on the page.
    pub written: String,
}

/// What a fact was read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// A script of JSON-LD.
    Jsonld,
    /// Attributes `itemscope`, `itemprop`.
    Microdata,
    /// Attributes `typeof`, `property`.
    Rdfa,
    /// `og:` statements in the head.
    Opengraph,
    /// A link, frame, player or form of the page.
    Link,
    /// A rule over the text.
    Text,
}

/// What a telephone number is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// To talk.
    Phone,
    /// Telefax.
    Fax,
    /// A mobile telephone.
    Mobile,
}

/// A statement by kind. Days are `YYYY-MM-DD`, or `--MM-DD` where the page gives no year.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Stated {
    /// A telephone number.
    Phone {
        /// E.164.
        number: String,
        /// What it is for.
        role: Role,
    },
    /// An e-mail address.
    Email {
        /// Lower case.
        address: String,
    },
    /// A postal address.
    Address {
        /// Street and number, or post box.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        street: Option<String>,
        /// As written, without country.
        postcode: String,
        /// Town.
        town: String,
    },
    /// One set of opening hours.
    Hours {
        /// `Mo 08:00-12:00`, by day and time.
        weekly: Vec<String>,
        /// `MM-DD/MM-DD`: holds only then, every year.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        season: Option<String>,
        /// Days the page calls closed: `We`.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        closed: Vec<String>,
        /// Sentences about holidays and other days that differ.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        exceptions: Vec<String>,
        /// An appointment is needed, or possible besides.
        #[serde(default)]
        by_appointment: bool,
    },
    /// A price or fee.
    Price {
        /// In hundredths; 0: free of charge.
        cents: u64,
        /// ISO 4217.
        currency: String,
    },
    /// A day that is none of the other kinds.
    Date {
        /// The day.
        date: String,
    },
    /// The day by which something must be done.
    Deadline {
        /// The day.
        date: String,
    },
    /// Something that takes place.
    Event {
        /// Day, or `YYYY-MM-DDTHH:MM`.
        start: String,
        /// What takes place.
        name: String,
        /// Last day, where it is another.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        end: Option<String>,
    },
    /// When the page was last changed, as it says.
    Updated {
        /// The day.
        date: String,
    },
    /// A file to take away.
    Download {
        /// Absolute address.
        url: String,
        /// Extension: `pdf`, `docx`, `ics` …
        #[serde(rename = "type")]
        file_type: String,
        /// Size as the page says, in kilobytes.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        size_kb: Option<u64>,
    },
    /// A film.
    Video {
        /// Of the player, the file or the page that shows it.
        url: String,
    },
    /// A form for the page's matter.
    Form {
        /// Where it leads.
        url: String,
    },
    /// A numbered procedure.
    Steps {
        /// How many steps.
        count: u32,
    },
    /// A legal basis.
    Legal {
        /// `§ 3 Abs. 2 KAG`.
        text: String,
    },
    /// Where alone the page holds.
    Region {
        /// Name of the area.
        name: String,
    },
}

impl Stated {
    /// Name of the kind as serialised.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Phone { .. } => "phone",
            Self::Email { .. } => "email",
            Self::Address { .. } => "address",
            Self::Hours { .. } => "hours",
            Self::Price { .. } => "price",
            Self::Date { .. } => "date",
            Self::Deadline { .. } => "deadline",
            Self::Event { .. } => "event",
            Self::Updated { .. } => "updated",
            Self::Download { .. } => "download",
            Self::Video { .. } => "video",
            Self::Form { .. } => "form",
            Self::Steps { .. } => "steps",
            Self::Legal { .. } => "legal",
            Self::Region { .. } => "region",
        }
    }

    /// Every kind, as serialised.
    pub const KINDS: [&'static str; 15] = [
        "phone", "email", "address", "hours", "price", "date", "deadline", "event", "updated", "download", "video",
        "form", "steps", "legal", "region",
    ];

    /// What makes two statements the same fact.
    #[must_use]
    pub fn identity(&self) -> String {
        let what = match self {
            Self::Phone { number, .. } => number.clone(),
            Self::Email { address } => address.clone(),
            Self::Address { street, postcode, town } => {
                let street = street.as_deref().unwrap_or_default().to_lowercase();
                let street: String = street.replace("straße", "str").replace("strasse", "str");
                let street: String = street.chars().filter(|c| c.is_alphanumeric()).collect();
                format!("{street}|{postcode}|{}", town.to_lowercase())
            }
            Self::Hours { weekly, season, .. } => {
                format!("{}|{}", weekly.join(","), season.as_deref().unwrap_or_default())
            }
            Self::Price { cents, currency } => format!("{cents} {currency}"),
            Self::Date { date } | Self::Deadline { date } | Self::Updated { date } => date.clone(),
            Self::Event { start, name, .. } => format!("{}|{}", start.get(..10).unwrap_or(start), name.to_lowercase()),
            Self::Download { url, .. } | Self::Video { url } | Self::Form { url } => url.clone(),
            Self::Steps { count } => count.to_string(),
            Self::Legal { text } => text.to_lowercase(),
            Self::Region { name } => name.to_lowercase(),
        };
        format!("{} {what}", self.kind())
    }
}
