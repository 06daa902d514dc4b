use std::fs;

use super::*;

fn cdf() -> Cdf {
    let curve = |scale: f64, up: usize| {
        let mut seconds: Vec<f64> = (1..=up).map(|n| 60.0 + scale * (n as f64 / 40.0).exp()).collect();
        seconds.sort_by(f64::total_cmp);
        seconds
    };
    let series = [("cloud-first", 40.0, 396), ("cheapest", 25.0, 400), ("belief", 8.0, 400)];
    Cdf {
        title: "Time until a V100 is up".into(),
        subtitle: "v100-scarce, 400 trials a policy, seed 7; the tail that never rises to 100 % was never provisioned"
            .into(),
        series: series
            .map(|(label, scale, up)| Series { label: label.into(), seconds: curve(scale, up), trials: 400 })
            .into(),
    }
}

fn bars() -> Bars {
    Bars {
        title: "Price obtained".into(),
        subtitle: "v100-scarce, 400 trials a policy, seed 7".into(),
        axis: "price obtained ($/h)".into(),
        values: ["2.95", "3.06", "3.40", "never"].map(Into::into).into(),
        series: vec![
            ("cloud-first".into(), vec![0.6, 0.3, 0.06, 0.04]),
            ("cheapest".into(), vec![0.55, 0.40, 0.05, 0.0]),
        ],
        mark: Some((0, "cheapest listed: $2.95/h".into())),
    }
}

fn gantt() -> Gantt {
    let bar = |place: &str, from, to, kind| Bar { place: place.into(), from, to, kind };
    Gantt {
        title: "The attempts of one trial".into(),
        subtitle: "v100-scarce, cloud-first, seed 7, trial 0".into(),
        bars: vec![
            bar("GCP us-central1-a", 0.0, 13.0, Kind::Stockout),
            bar("GCP us-central1-f", 13.0, 27.0, Kind::Stockout),
            bar("GCP us-west1-a", 27.0, 60.0, Kind::Quota),
            bar("AWS us-east-2 (all zones)", 60.0, 71.0, Kind::Troubled),
            bar("AWS us-west-2 (all zones)", 71.0, 349.0, Kind::Launched),
        ],
        truth: vec![Truth {
            place: "AWS us-west-2 (all zones)".into(),
            zones: vec![
                Strip { zone: "us-west-2a".into(), open: vec![(0.0, 40.0), (300.0, 400.0)] },
                Strip { zone: "us-west-2b".into(), open: vec![] },
            ],
        }],
    }
}

fn both(picture: &impl Picture, name: &str) -> (String, Vec<u8>) {
    let dir = tempfile::tempdir().expect("a directory");
    let (svg, png) = (dir.path().join(format!("{name}.svg")), dir.path().join(format!("{name}.png")));
    save(picture, &svg).expect("SVG");
    save(picture, &png).expect("PNG");
    let read = (fs::read_to_string(&svg).expect("SVG"), fs::read(&png).expect("PNG"));
    if let Some(keep) = option_env!("SKY_KEEP_PICTURES") {
        fs::copy(&svg, Path::new(keep).join(format!("{name}.svg"))).expect("kept");
        fs::copy(&png, Path::new(keep).join(format!("{name}.png"))).expect("kept");
    }
    read
}

#[test]
fn pictures_carry_their_words_and_their_type() {
    for (picture, words) in [
        (both(&cdf(), "cdf"), vec!["Time until a V100 is up", "cloud-first (99.0 %)", "time to provision"]),
        (both(&bars(), "bars"), vec!["price obtained ($/h)", "cheapest listed: $2.95/h", "share of trials"]),
        (both(&gantt(), "gantt"), vec!["GCP us-central1-a", "time since the request", "no capacity"]),
    ] {
        let (svg, png) = picture;
        for word in words {
            assert!(svg.contains(word), "'{word}' is not in the SVG");
        }
        assert!(png.starts_with(b"\x89PNG"), "not a PNG");
        assert!(png.len() > 10_000, "an empty picture");
    }
}

#[test]
fn pictures_are_the_same_bytes_every_time() {
    assert_eq!(both(&cdf(), "again"), both(&cdf(), "again"));
}

#[test]
fn nothing_to_draw_is_no_error() {
    let empty = Cdf { title: "none".into(), subtitle: String::new(), series: Vec::new() };
    assert!(both(&empty, "empty").0.contains("none"));
    let idle = Gantt { title: "none".into(), ..Gantt::default() };
    assert!(both(&idle, "idle").0.contains("none"));
}

fn ranges() -> Ranges {
    let range = |label: &str, value: f64, series, is_unclear| Range {
        label: label.into(),
        value,
        ends: (value * 0.9, value * 1.2),
        series,
        is_unclear,
    };
    Ranges {
        title: "Against cloud-first".into(),
        axis: "factor".into(),
        is_factor: true,
        groups: vec![("wait p50".into(), vec![range("cheapest", 1.02, 1, true), range("random", 40.0, 2, false)])],
        ..Ranges::default()
    }
}

#[test]
fn what_may_be_luck_is_hollow_and_grey_and_what_is_far_off_an_arrow() {
    for room in [Room::Sheet, Room::Wide, Room::Narrow] {
        let drawing = ranges().draw(room);
        let dots = drawing.shapes.iter().filter_map(|shape| match shape.what {
            drawing::What::Dot { is_hollow, .. } => Some((is_hollow, shape.ink)),
            _ => None,
        });
        assert_eq!(dots.collect::<Vec<_>>(), [(true, drawing::Ink::Grey)], "40 times is no dot at 8 times");
        let told = drawing.shapes.iter().filter(|shape| shape.tip.is_some() && shape.ink == drawing::Ink::Series(2));
        let tips: Vec<_> = told.map(|shape| (&shape.what, shape.tip.clone().unwrap_or_default())).collect();
        let [(drawing::What::Line { .. }, tip)] = &tips[..] else { panic!("{tips:?}") };
        assert!(tip.contains("40.00 ×"), "{tip}");
        let is_value =
            |shape: &drawing::Shape| matches!(&shape.what, drawing::What::Words { text, .. } if text == "40.00 ×");
        assert_eq!(drawing.shapes.iter().filter(|shape| is_value(shape)).count(), 1, "its value stands beside it");
    }
}

#[test]
fn what_truly_was_lies_behind_what_was_tried() {
    let drawing = gantt().draw(Room::Wide);
    let first = |ink| drawing.shapes.iter().position(|shape| shape.ink == ink).expect("drawn");
    assert!(first(drawing::Ink::Shut) < first(drawing::Ink::Open));
    assert!(first(drawing::Ink::Open) < first(drawing::Ink::Series(2)));
    let open = drawing.shapes.iter().filter(|shape| shape.ink == drawing::Ink::Open && shape.tip.is_some()).count();
    assert_eq!(open, 2, "two spans of one zone, none of the other");
}

#[test]
fn an_amount_that_is_a_hair_below_nothing_is_a_dot_at_nothing() {
    let range = |value| Range { label: "a".into(), value, ends: (value, value), series: 0, is_unclear: false };
    let groups = vec![(String::new(), vec![range(1.0), range(-0.01)])];
    let drawing = Ranges { is_factor: false, unit: "$", groups, ..ranges() }.draw(Room::Sheet);
    let dots = drawing.shapes.iter().filter(|shape| matches!(shape.what, drawing::What::Dot { .. }));
    assert_eq!(dots.count(), 2, "no arrow: nothing lies far beyond the edge");
}

#[test]
fn every_picture_fits_its_room() {
    let stacks = Stacks {
        title: "How requests ended".into(),
        is_share: true,
        parts: vec![("placed".into(), 2), ("no capacity".into(), 1)],
        stacks: vec![Stack { label: "cloud-first".into(), parts: vec![0.9, 0.1] }],
        ..Stacks::default()
    };
    let spot = Spot { label: "cloud-first".into(), wait: [180.0, 170.0, 190.0], cost: [3.0, 2.9, 3.1] };
    let scatter = Scatter { title: "Cost".into(), spots: vec![spot], ..Scatter::default() };
    let curve = Curve { label: "trace".into(), points: vec![(195.0, 0.03), (3600.0, 0.3)], series: 0, is_dots: true };
    let curves = Curves { title: "Up again".into(), curves: vec![curve], ..Curves::default() };
    let regret = Ranges {
        axis: "above the cheapest that could be had at the moment of the request ($/h)".into(),
        is_factor: false,
        unit: "$",
        ..ranges()
    };
    let pictures: [&dyn Picture; 8] = [&cdf(), &bars(), &gantt(), &ranges(), &regret, &stacks, &scatter, &curves];
    for picture in pictures {
        for room in [Room::Sheet, Room::Wide, Room::Narrow] {
            let drawing = picture.draw(room);
            for shape in &drawing.shapes {
                let points = match &shape.what {
                    drawing::What::Line { points, .. } => points.clone(),
                    drawing::What::Box { from, to } => vec![*from, *to],
                    drawing::What::Dot { at, .. } => vec![*at],
                    drawing::What::Words { text, at, font, anchor } => ends(text, *at, *font, *anchor),
                };
                let inside =
                    |(x, y): &(f64, f64)| (0.0..=drawing.width).contains(x) && (0.0..=drawing.height).contains(y);
                assert!(points.iter().all(inside), "{} in {room:?}: {shape:?}", picture.title());
            }
        }
    }
}

/// Where words begin and end, by the width of letters that the SVG is set in; titles wrap by themselves.
fn ends(text: &str, at: (f64, f64), font: drawing::Font, anchor: drawing::Anchor) -> Vec<(f64, f64)> {
    if matches!(font, drawing::Font::Title | drawing::Font::Subtitle) {
        return vec![at];
    }
    let width = text.chars().count() as f64 * f64::from(font.size()) * 0.48;
    let before = match anchor {
        drawing::Anchor::Left => 0.0,
        drawing::Anchor::Right => width,
        drawing::Anchor::Below => width / 2.0,
    };
    vec![(at.0 - before, at.1), (at.0 - before + width, at.1)]
}

#[test]
fn shares_gather_what_is_many() {
    assert_eq!(Bars::shares(&[1, 1, 2, 9], 4, 3), [0.5, 0.25, 0.25]);
}

#[test]
fn a_directory_that_is_missing_is_named() {
    let error = save(&cdf(), Path::new("missing-directory/x.svg")).expect_err("no such directory");
    assert!(error.to_string().contains("missing-directory"), "{error}");
}
