//! One page of HTML that carries everything with it: styles, pictures, tables; light and dark, wide and on a phone.
//!
//! **Invariant:** the page asks nothing of a network and reads the same without its script; every word that came from
//! outside is escaped.

mod study;

use std::fmt::Write as _;

use super::cells::Cells;
use super::plot::{Picture, Room, svg};

pub use study::{Studied, studies};

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("script.js");

/// Text as HTML shows it.
pub fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            other => safe.push(other),
        }
    }
    safe
}

/// A page as it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    title: String,
    body: String,
}

impl Page {
    /// An empty page.
    pub fn new(title: &str, lead: &str) -> Self {
        let mut page = Self { title: title.to_owned(), body: String::new() };
        page.put(&format!("<h1>{}</h1>\n<p class=\"lead\">{}</p>\n", escape(title), escape(lead)));
        page
    }

    fn put(&mut self, html: &str) {
        self.body.push_str(html);
    }

    /// A heading, which a link may point at.
    pub fn heading(&mut self, id: &str, text: &str) {
        self.put(&format!("<h2 id=\"{}\">{}</h2>\n", escape(id), escape(text)));
    }

    /// A smaller heading.
    pub fn subheading(&mut self, text: &str) {
        self.put(&format!("<h3>{}</h3>\n", escape(text)));
    }

    /// Links to headings of this page: their ids and their words.
    pub fn links(&mut self, links: &[(String, String)]) {
        let link = |(id, text): &(String, String)| format!("<a href=\"#{}\">{}</a>", escape(id), escape(text));
        let links: Vec<String> = links.iter().map(link).collect();
        self.put(&format!("<nav>{}</nav>\n", links.join("\n")));
    }

    /// A paragraph.
    pub fn paragraph(&mut self, text: &str) {
        self.put(&format!("<p>{}</p>\n", escape(text)));
    }

    /// Words as they stand, lines kept.
    pub fn prose(&mut self, text: &str) {
        self.put(&format!("<p class=\"why\">{}</p>\n", escape(text.trim())));
    }

    /// A list.
    pub fn list<S: AsRef<str>>(&mut self, lines: &[S]) {
        let line = |line: &S| format!("<li>{}</li>", escape(line.as_ref()));
        let lines: Vec<String> = lines.iter().map(line).collect();
        self.put(&format!("<ul>{}</ul>\n", lines.join("\n")));
    }

    /// What to beware of.
    pub fn cautions(&mut self, lines: &[String]) {
        if lines.is_empty() {
            return;
        }
        self.put("<div class=\"caution\">");
        self.list(lines);
        self.put("</div>\n");
    }

    /// A picture, drawn for a column and for a phone.
    pub fn picture(&mut self, picture: &dyn Picture, caption: &str) {
        let title = picture.title();
        let mut figure = format!("<figure><figcaption><b>{}</b>{}</figcaption>\n", escape(title), escape(caption));
        for (class, room) in [("wide", Room::Wide), ("narrow", Room::Narrow)] {
            // Writing to a string cannot fail.
            let _ = writeln!(figure, "<div class=\"{class}\">{}</div>", svg(&picture.draw(room), title));
        }
        figure.push_str("</figure>\n");
        self.put(&figure);
    }

    /// A table; in a narrow window it moves sideways by itself, its first column kept in sight.
    pub fn table(&mut self, cells: &Cells) {
        let row = |tag: &str, cells: &[String]| {
            let cell = |cell: &String| {
                let class = if cell.starts_with('~') { " class=\"luck\"" } else { "" };
                format!("<{tag}{class}>{}</{tag}>", escape(cell.trim()))
            };
            cells.iter().map(cell).collect::<String>()
        };
        let (mut last, mut body) = ("", String::new());
        for cells in cells.rows() {
            let first = cells.first().map_or("", String::as_str);
            // A row of intervals belongs to the one above it; a new name begins below a line.
            let is_under = first.starts_with("  ");
            let class = match first {
                _ if is_under => "under",
                same if same == last => "",
                _ => "rule",
            };
            last = if is_under { last } else { first };
            // Writing to a string cannot fail.
            let _ = writeln!(body, "<tr class=\"{class}\">{}</tr>", row("td", cells));
        }
        let head = row("th", cells.head());
        self.put(&format!(
            "<div class=\"scroll\"><table><thead><tr>{head}</tr></thead><tbody>\n{body}</tbody></table></div>\n"
        ));
    }

    /// What can be opened.
    pub fn details(&mut self, summary: &str, is_open: bool, inside: impl FnOnce(&mut Self)) {
        let open = if is_open { " open" } else { "" };
        self.put(&format!("<details{open}><summary>{}</summary>\n", escape(summary)));
        inside(self);
        self.put("</details>\n");
    }

    /// Names and values.
    pub fn facts(&mut self, facts: &[(&str, String)]) {
        let fact = |(name, value): &(&str, String)| format!("<dt>{}</dt><dd>{}</dd>", escape(name), escape(value));
        let facts: String = facts.iter().map(fact).collect();
        self.put(&format!("<dl class=\"facts\">{facts}</dl>\n"));
    }

    /// A command to paste.
    pub fn command(&mut self, command: &str) {
        self.put(&format!("<pre><code>{}</code></pre>\n", escape(command)));
    }

    /// A box a thing: the number of its colour, its name, the number that matters and what it is, and more of them.
    pub fn cards(&mut self, cards: &[Card]) {
        let card = |card: &Card| {
            let fact = |(name, value): &(&str, String)| format!("<dt>{}</dt><dd>{}</dd>", escape(name), escape(value));
            format!(
                "<div class=\"card\" style=\"--c:var(--s{})\"><h3>{}</h3><div class=\"big\">{}</div><p class=\"small\">{}</p><dl>{}</dl></div>\n",
                card.series % 7,
                escape(&card.name),
                escape(&card.big),
                escape(&card.what),
                card.facts.iter().map(fact).collect::<String>()
            )
        };
        let cards: String = cards.iter().map(card).collect();
        self.put(&format!("<div class=\"cards\">{cards}</div>\n"));
    }

    /// The whole page.
    pub fn finish(self, footer: &str) -> String {
        format!(
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta name=\"color-scheme\" content=\"light dark\">\n<link rel=\"icon\" href=\"data:,\">\n\
             <title>{}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n{}<footer>{}</footer>\n</main>\n\
             <div id=\"tip\" role=\"status\"></div>\n<script>\n{SCRIPT}</script>\n</body>\n</html>\n",
            escape(&self.title),
            self.body,
            escape(footer)
        )
    }
}

/// See [`Page::cards`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Card {
    /// The number of its colour.
    pub series: usize,
    /// Above it.
    pub name: String,
    /// The number that matters.
    pub big: String,
    /// What that is.
    pub what: String,
    /// More numbers.
    pub facts: Vec<(&'static str, String)>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_breaks_out_and_nothing_is_asked_of_a_network() {
        let mut page = Page::new("<script>alert(1)</script>", "a & b");
        page.paragraph("\"quoted\" <img src=x>");
        let html = page.finish("v1");
        assert!(!html.contains("<script>alert") && !html.contains("<img"), "{html}");
        assert!(html.contains("&lt;script&gt;alert(1)") && html.contains("a &amp; b"));
        for asked in ["http:", "https:", "//cdn", "@import", "url("] {
            assert!(!html.contains(asked), "the page asks for {asked}");
        }
    }
}
