//! A server of one's own: answers as the test says and writes down what it was asked.

use std::sync::{Arc, Mutex};

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// What was asked.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    pub(super) method: String,
    /// Below `/compute/v1/projects/p`, with its query.
    pub(super) path: String,
    pub(super) authorization: String,
    pub(super) body: Value,
}

/// What is answered: a status and a body, or nothing (the connection is closed).
pub(super) type Answer = Option<(u16, String)>;

pub(super) struct Server {
    /// As `CLOUDSDK_API_ENDPOINT_OVERRIDES_COMPUTE`.
    pub(super) endpoint: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Server {
    pub(super) async fn start(answer: impl Fn(&Asked) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let endpoint = format!("http://{}/compute/v1/", listener.local_addr().unwrap());
        let asked: Arc<Mutex<Vec<Asked>>> = Arc::default();
        let (log, answer) = (Arc::clone(&asked), Arc::new(answer));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&log), Arc::clone(&answer)));
            }
        });
        Self { endpoint, asked }
    }

    pub(super) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    /// `METHOD path` of everything that was asked, without queries.
    pub(super) fn lines(&self) -> Vec<String> {
        let line = |asked: Asked| format!("{} {}", asked.method, asked.path.split('?').next().unwrap());
        self.asked().into_iter().map(line).collect()
    }
}

async fn serve(
    mut stream: TcpStream,
    log: Arc<Mutex<Vec<Asked>>>,
    answer: Arc<impl Fn(&Asked) -> Answer + Send + Sync>,
) {
    let mut bytes = Vec::new();
    loop {
        let Some(asked) = read(&mut stream, &mut bytes).await else { return };
        log.lock().unwrap().push(asked.clone());
        let Some((status, body)) = answer(&asked) else { return };
        let head = format!("HTTP/1.1 {status} Said\r\ncontent-length: {}\r\n\r\n", body.len());
        if stream.write_all(format!("{head}{body}").as_bytes()).await.is_err() {
            return;
        }
    }
}

async fn read(stream: &mut TcpStream, bytes: &mut Vec<u8>) -> Option<Asked> {
    let mut buffer = [0; 4096];
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break end;
        }
        match stream.read(&mut buffer).await {
            Ok(count) if count > 0 => bytes.extend_from_slice(&buffer[..count]),
            _ => return None,
        }
    };
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
    let header = |name: &str| {
        head.lines().find_map(|line| line.to_ascii_lowercase().starts_with(name).then(|| line[name.len()..].trim()))
    };
    let length: usize = header("content-length:").map_or(0, |value| value.parse().unwrap());
    while bytes.len() < end + 4 + length {
        let count = stream.read(&mut buffer).await.unwrap();
        bytes.extend_from_slice(&buffer[..count]);
    }
    let body = serde_json::from_slice(&bytes[end + 4..end + 4 + length]).unwrap_or(Value::Null);
    let mut first = head.lines().next().unwrap().split(' ');
    let asked = Asked {
        method: first.next().unwrap().to_owned(),
        path: first.next().unwrap().trim_start_matches("/compute/v1/projects/p").to_owned(),
        authorization: header("authorization:").unwrap_or_default().to_owned(),
        body,
    };
    bytes.drain(..end + 4 + length);
    Some(asked)
}
