//! The tasks of a file as a graph: who reads whose data, and how much.
//!
//! **Invariant:** nothing is guessed: a task whose output has no size moves nothing, and data in a place that no cloud of
//! the catalog owns is told apart and not priced.

use crate::catalog::{AWS, AZURE, Catalog, GCP};
use crate::model::{CloudId, Place};
use crate::request::Request;

use super::tasks::{Edge, Input, TaskNode};

/// Tasks and what moves between them.
#[derive(Debug, Clone, PartialEq)]
pub struct Graph {
    /// One a request, in their order.
    pub tasks: Vec<TaskNode>,
    /// One for each task that waits for another, by the order of the waiting.
    pub edges: Vec<Edge>,
    /// Data that comes from outside, by task.
    pub outside: Vec<Outside>,
}

/// Data that a first task reads from a bucket.
#[derive(Debug, Clone, PartialEq)]
pub struct Outside {
    /// The task.
    pub task: u32,
    /// The bucket, as written.
    pub location: String,
    /// How much, and where; the cloud is open if the location does not tell it, and then moving it is not priced.
    pub input: Input,
}

impl Graph {
    /// The graph of these requests, whose `depends_on` are positions among them.
    ///
    /// As in SkyPilot, `inputs` count for tasks that wait for no other, and each task that waits for another reads all of
    /// its `outputs`.
    pub fn of(catalog: &Catalog, requests: &[Request]) -> Self {
        let mut graph = Self { tasks: Vec::new(), edges: Vec::new(), outside: Vec::new() };
        for (at, request) in (0..).zip(requests) {
            let outside: Vec<Outside> = match &request.work.inputs {
                Some(data) if request.depends_on.is_empty() && data.gigabytes > 0.0 && !data.location.is_empty() => {
                    let cloud = owner(&data.location).filter(|cloud| catalog.clouds().any(|known| known == *cloud));
                    let input = Input { from: Place { cloud, ..Place::default() }, gigabytes: data.gigabytes };
                    vec![Outside { task: at, location: data.location.clone(), input }]
                }
                _ => Vec::new(),
            };
            let priced = outside.iter().filter(|data| data.input.from.cloud.is_some());
            graph.tasks.push(TaskNode {
                wanted: request.requirements.clone(),
                nodes: request.nodes,
                inputs: priced.map(|data| data.input).collect(),
                prefer: request.prefer.clone(),
            });
            graph.outside.extend(outside);
            graph.edges.extend(request.depends_on.iter().map(|&from| {
                let outputs = requests.get(from).and_then(|parent| parent.work.outputs.as_ref());
                Edge { from: from as u32, to: at, gigabytes: outputs.map_or(0.0, |data| data.gigabytes) }
            }));
        }
        graph
    }

    /// True if where one task runs bears on another, or on the price of its data.
    pub fn is_linked(&self) -> bool {
        self.tasks.len() > 1 || self.tasks.iter().any(|task| !task.inputs.is_empty())
    }
}

/// The cloud whose storage a location names.
fn owner(location: &str) -> Option<CloudId> {
    let (scheme, rest) = location.split_once("://")?;
    match scheme.to_ascii_lowercase().as_str() {
        "s3" => Some(AWS),
        "gs" => Some(GCP),
        "az" | "abfs" | "abfss" => Some(AZURE),
        "https" if rest.split('/').next().is_some_and(|host| host.ends_with(".blob.core.windows.net")) => Some(AZURE),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::{DataSize, Work};

    fn request(depends_on: &[usize], inputs: Option<(&str, f64)>, outputs: Option<f64>) -> Request {
        let data = |location: &str, gigabytes| DataSize { location: location.to_owned(), gigabytes };
        let mut request = Request::for_gpus("V100", Catalog::embedded()).expect("a request");
        request.depends_on = depends_on.to_vec();
        request.work = Work {
            inputs: inputs.map(|(location, gigabytes)| data(location, gigabytes)),
            outputs: outputs.map(|gigabytes| data("", gigabytes)),
            ..Work::default()
        };
        request
    }

    #[test]
    fn edges_carry_what_the_earlier_task_writes() {
        let requests = [request(&[], None, Some(5.0)), request(&[0], None, None), request(&[0, 1], None, Some(9.0))];
        let graph = Graph::of(Catalog::embedded(), &requests);
        let edges: Vec<_> = graph.edges.iter().map(|edge| (edge.from, edge.to, edge.gigabytes)).collect();
        assert_eq!(edges, [(0, 1, 5.0), (0, 2, 5.0), (1, 2, 0.0)]);
    }

    #[test]
    fn inputs_count_for_first_tasks_in_clouds_that_are_known() {
        let data = Some(("gs://bucket/x", 7.0));
        let requests = [request(&[], data, None), request(&[0], data, None), request(&[], Some(("r2://b", 1.0)), None)];
        let graph = Graph::of(Catalog::embedded(), &requests);
        assert_eq!(graph.tasks.iter().map(|task| task.inputs.len()).collect::<Vec<_>>(), [1, 0, 0]);
        assert_eq!(graph.tasks[0].inputs[0].from.cloud, Some(GCP));
        assert_eq!(graph.outside.len(), 2, "what cannot be priced is still told");
        assert!(Graph::of(Catalog::embedded(), &requests[..1]).is_linked());
        assert!(!Graph::of(Catalog::embedded(), &requests[2..]).is_linked());
    }

    #[test]
    fn buckets_belong_to_clouds() {
        for (location, cloud) in [
            ("s3://b", Some(AWS)),
            ("GS://b/x", Some(GCP)),
            ("https://account.blob.core.windows.net/container", Some(AZURE)),
            ("https://example.com/x", None),
            ("r2://b", None),
            ("/data", None),
        ] {
            assert_eq!(owner(location), cloud, "{location}");
        }
    }
}
