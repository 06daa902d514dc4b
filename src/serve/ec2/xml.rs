//! XML answers.
//!
//! **Invariant:** every element that is opened is closed, and every text is escaped.

use std::fmt::{Display, Write as _};

/// An answer that is being written.
#[derive(Debug, Default)]
pub(super) struct Xml(String);

impl Xml {
    /// `<ActionResponse>` around what `write` writes.
    pub(super) fn answer(action: &str, request_id: &str, write: impl FnOnce(&mut Self)) -> String {
        let mut xml = Self("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".to_owned());
        let _ = write!(xml.0, "<{action}Response xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\">");
        xml.leaf("requestId", request_id);
        write(&mut xml);
        let _ = write!(xml.0, "</{action}Response>");
        xml.0
    }

    /// An element with a text.
    pub(super) fn leaf(&mut self, name: &str, value: impl Display) {
        self.open(name);
        let from = self.0.len();
        let _ = write!(self.0, "{value}");
        // Most texts need no escaping, and are written once.
        if let std::borrow::Cow::Owned(escaped) = escaped(&self.0[from..]) {
            self.0.truncate(from);
            self.0.push_str(&escaped);
        }
        self.close(name);
    }

    fn open(&mut self, name: &str) {
        self.0.push('<');
        self.0.push_str(name);
        self.0.push('>');
    }

    fn close(&mut self, name: &str) {
        self.0.push_str("</");
        self.0.push_str(name);
        self.0.push('>');
    }

    /// A text by itself, for items without fields.
    pub(super) fn text(&mut self, text: &str) {
        self.0.push_str(&escaped(text));
    }

    /// An element with a text, if there is one.
    pub(super) fn maybe(&mut self, name: &str, value: Option<impl Display>) {
        if let Some(value) = value {
            self.leaf(name, value);
        }
    }

    /// An element around others.
    pub(super) fn within(&mut self, name: &str, write: impl FnOnce(&mut Self)) {
        self.open(name);
        write(self);
        self.close(name);
    }

    /// A list: `<item>` for each.
    pub(super) fn items<T>(&mut self, name: &str, items: impl IntoIterator<Item = T>, write: impl Fn(&mut Self, T)) {
        self.within(name, |xml| {
            for item in items {
                xml.within("item", |xml| write(xml, item));
            }
        });
    }

    /// `tagSet`, which is left out when empty.
    pub(super) fn tags(&mut self, tags: &super::form::Tags) {
        if !tags.is_empty() {
            self.items("tagSet", tags, |xml, (key, value)| {
                xml.leaf("key", key);
                xml.leaf("value", value);
            });
        }
    }
}

/// A text as it may stand in an element.
pub(super) fn escaped(text: &str) -> std::borrow::Cow<'_, str> {
    quick_xml::escape::escape(text)
}
