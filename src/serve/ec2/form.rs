//! Requests of the Query API: `Name.1.Part=value` pairs.
//!
//! **Invariant:** a request is read completely before anything is done.

use std::collections::BTreeMap;

use percent_encoding::percent_decode_str;

use super::fault::Fault;

/// A request's parameters by name.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Form(pub(super) BTreeMap<String, String>);

/// One `Filter.N`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Filter {
    pub(super) name: String,
    pub(super) values: Vec<String>,
}

/// Tags by name.
pub(super) type Tags = BTreeMap<String, String>;

impl Form {
    /// Reads `application/x-www-form-urlencoded`.
    pub(super) fn read(body: &[u8]) -> Self {
        let text = String::from_utf8_lossy(body);
        let decode = |part: &str| percent_decode_str(&part.replace('+', " ")).decode_utf8_lossy().into_owned();
        let pairs = text.split('&').filter(|pair| !pair.is_empty());
        Self(
            pairs.map(|pair| pair.split_once('=').unwrap_or((pair, ""))).map(|(k, v)| (decode(k), decode(v))).collect(),
        )
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    pub(super) fn need(&self, name: &str) -> Result<&str, Fault> {
        self.get(name).ok_or_else(|| Fault::missing(name))
    }

    pub(super) fn is(&self, name: &str) -> bool {
        self.get(name).is_some_and(|value| value.eq_ignore_ascii_case("true"))
    }

    pub(super) fn number<T: std::str::FromStr>(&self, name: &str) -> Result<Option<T>, Fault> {
        let read = |text: &str| {
            text.parse().map_err(|_| Fault::invalid(format!("Value ({text}) for parameter {name} is invalid.")))
        };
        self.get(name).map(read).transpose()
    }

    /// The numbers `N` for which there is a `prefix.N` or a `prefix.N.something`, in order.
    pub(super) fn indexes(&self, prefix: &str) -> Vec<u32> {
        let below = self.0.keys().filter_map(|key| key.strip_prefix(prefix)?.strip_prefix('.'));
        let mut found: Vec<u32> = below.filter_map(|rest| rest.split('.').next()?.parse().ok()).collect();
        found.sort_unstable();
        found.dedup();
        found
    }

    /// The values of `prefix.1`, `prefix.2`...
    pub(super) fn list(&self, prefix: &str) -> Vec<String> {
        let each = self.indexes(prefix).into_iter().filter_map(|n| self.get(&format!("{prefix}.{n}")));
        each.map(str::to_owned).collect()
    }

    pub(super) fn filters(&self) -> Vec<Filter> {
        let read = |n: u32| Filter {
            name: self.get(&format!("Filter.{n}.Name")).unwrap_or_default().to_owned(),
            values: self.list(&format!("Filter.{n}.Value")),
        };
        self.indexes("Filter").into_iter().map(read).collect()
    }

    /// The tags that a request gives to resources of this kind.
    pub(super) fn tags_for(&self, resource: &str) -> Tags {
        let mut tags = Tags::new();
        for n in self.indexes("TagSpecification") {
            let prefix = format!("TagSpecification.{n}");
            if self.get(&format!("{prefix}.ResourceType")) == Some(resource) {
                tags.extend(self.tags(&format!("{prefix}.Tag")));
            }
        }
        tags
    }

    /// `prefix.1.Key`, `prefix.1.Value`...
    pub(super) fn tags(&self, prefix: &str) -> Tags {
        let value = |name: String| self.0.get(&name).cloned().unwrap_or_default();
        let pair = |n: u32| (value(format!("{prefix}.{n}.Key")), value(format!("{prefix}.{n}.Value")));
        self.indexes(prefix).into_iter().map(pair).filter(|(key, _)| !key.is_empty()).collect()
    }
}

/// What a filter sees in an item: the values that it has under a name, or `None` for a name that is no filter.
pub(super) type Seen = Option<Vec<String>>;

/// True if an item passes every filter; a value of each is enough.
pub(super) fn admits(filters: &[Filter], seen: impl Fn(&str) -> Seen) -> Result<bool, Fault> {
    for filter in filters {
        let has =
            seen(&filter.name).ok_or_else(|| Fault::invalid(format!("The filter '{}' is invalid", filter.name)))?;
        if !filter.values.iter().any(|wanted| has.iter().any(|value| matches(wanted, value))) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// What `tag:NAME` and `tag-key` see of tags; `None` for other filters.
pub(super) fn seen_tags(tags: &Tags, filter: &str) -> Seen {
    if filter == "tag-key" {
        return Some(tags.keys().cloned().collect());
    }
    let name = filter.strip_prefix("tag:")?;
    Some(tags.get(name).cloned().into_iter().collect())
}

/// Matches `*` (any text) and `?` (one character), as filter values may hold.
pub(super) fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut p, mut t) = (0, 0);
    // Where the last star stands, and how much of the text it took.
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        if p < pattern.len() && pattern[p] == '*' {
            star = Some((p, t));
            p += 1;
        } else if p < pattern.len() && (pattern[p] == '?' || pattern[p] == text[t]) {
            p += 1;
            t += 1;
        } else if let Some((at, taken)) = star {
            star = Some((at, taken + 1));
            p = at + 1;
            t = taken + 1;
        } else {
            return false;
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}

/// A page of what was found: at most `MaxResults`, and the token of the rest.
pub(super) fn page<T>(form: &Form, mut found: Vec<T>) -> Result<(Vec<T>, Option<String>), Fault> {
    let start = match form.get("NextToken") {
        None => 0,
        Some(token) => token
            .strip_prefix("sky-")
            .and_then(|at| at.parse::<usize>().ok())
            .filter(|at| *at <= found.len())
            .ok_or_else(|| Fault::invalid(format!("Value ({token}) for parameter NextToken is invalid.")))?,
    };
    let size = form.number::<usize>("MaxResults")?.unwrap_or(usize::MAX);
    let end = start.saturating_add(size).min(found.len());
    let next = (end < found.len()).then(|| format!("sky-{end}"));
    found.truncate(end);
    Ok((found.split_off(start), next))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn form(text: &str) -> Form {
        Form::read(text.as_bytes())
    }

    #[test]
    fn lists_filters_and_tags_are_read() {
        let form = form(
            "Action=X&InstanceId.2=b&InstanceId.1=a&InstanceId.10=j&Filter.1.Name=tag%3Ajob&Filter.1.Value.1=a+b&\
             TagSpecification.1.ResourceType=instance&TagSpecification.1.Tag.1.Key=k&TagSpecification.1.Tag.1.Value=%2B",
        );
        assert_eq!(form.list("InstanceId"), ["a", "b", "j"]);
        assert_eq!(form.filters(), [Filter { name: "tag:job".into(), values: vec!["a b".into()] }]);
        assert_eq!(form.tags_for("instance"), Tags::from([("k".into(), "+".into())]));
        assert_eq!(form.tags_for("volume"), Tags::new());
    }

    #[test]
    fn an_unknown_filter_is_an_error() {
        let filters = [Filter { name: "colour".into(), values: vec!["red".into()] }];
        assert_eq!(admits(&filters, |_| None).expect_err("unknown").code, "InvalidParameterValue");
        assert_eq!(admits(&filters, |_| Some(vec!["red".into()])), Ok(true));
        assert_eq!(admits(&filters, |_| Some(Vec::new())), Ok(false));
    }

    /// Whether a pattern matches, found by trying every split.
    fn slow(pattern: &[u8], text: &[u8]) -> bool {
        match pattern.split_first() {
            None => text.is_empty(),
            Some((b'*', rest)) => (0..=text.len()).any(|taken| slow(rest, &text[taken..])),
            Some((b'?', rest)) => !text.is_empty() && slow(rest, &text[1..]),
            Some((c, rest)) => text.first() == Some(c) && slow(rest, &text[1..]),
        }
    }

    proptest! {
        #[test]
        fn patterns_match_as_by_brute_force(pattern in "[ab*?]{0,7}", text in "[ab]{0,7}") {
            prop_assert_eq!(matches(&pattern, &text), slow(pattern.as_bytes(), text.as_bytes()));
        }

        #[test]
        fn pages_put_together_are_the_whole(count in 0usize..40, size in 1usize..15) {
            let (mut all, mut token) = (Vec::new(), None::<String>);
            loop {
                let more = token.map(|token| format!("&NextToken={token}")).unwrap_or_default();
                let text = format!("MaxResults={size}{more}");
                let (some, next) = page(&form(&text), (0..count).collect()).expect("a page");
                prop_assert!(some.len() <= size);
                all.extend(some);
                token = next;
                if token.is_none() { break; }
            }
            prop_assert_eq!(all, (0..count).collect::<Vec<_>>());
        }
    }
}
