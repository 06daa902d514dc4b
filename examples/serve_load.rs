//! How many requests a second a server of simulated clouds answers: `cargo run --release --example serve_load -- URL
//! [SECONDS] [CONNECTIONS]`, such as `http://127.0.0.1:PORT/_sky/clock`. Headers follow as `NAME=VALUE`.
//!
//! Each connection sends its next request when the answer to the last has come, so the figure is of whole exchanges.

#![expect(clippy::disallowed_methods, reason = "a load client goes by the wall and reads its command line")]

use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (headers, rest): (Vec<&String>, Vec<&String>) = arguments.iter().partition(|argument| argument.contains('='));
    let Some((address, path)) =
        rest.first().and_then(|url| url.strip_prefix("http://")).and_then(|url| url.split_once('/'))
    else {
        eprintln!("usage: serve_load http://127.0.0.1:PORT/PATH [SECONDS] [CONNECTIONS] [HEADER=VALUE...]");
        return ExitCode::from(2);
    };
    let number = |at: usize, usual: u64| rest.get(at).and_then(|text| text.parse().ok()).unwrap_or(usual);
    let (seconds, connections) = (number(1, 10), number(2, 32));
    let headers = headers.iter().filter_map(|header| header.split_once('='));
    let extra = headers.fold(String::new(), |text, (name, value)| text + name + ": " + value + "\r\n");
    let request = Arc::new(format!("GET /{path} HTTP/1.1\r\nhost: {address}\r\n{extra}\r\n"));
    let end = Instant::now() + Duration::from_secs(seconds);
    let tasks: Vec<_> =
        (0..connections).map(|_| tokio::spawn(one(address.to_owned(), Arc::clone(&request), end))).collect();
    let mut times = Vec::new();
    for task in tasks {
        match task.await {
            Ok(Ok(more)) => times.extend(more),
            Ok(Err(error)) => {
                eprintln!("{error}");
                return ExitCode::FAILURE;
            }
            Err(error) => {
                eprintln!("{error}");
                return ExitCode::FAILURE;
            }
        }
    }
    times.sort_unstable();
    let quantile = |q: f64| times.get((times.len() as f64 * q) as usize).map_or(0.0, |micros| f64::from(*micros) / 1e3);
    println!(
        "{} requests in {seconds} s over {connections} connections: {} a second, p50 {:.2} ms, p99 {:.2} ms",
        times.len(),
        times.len() as u64 / seconds.max(1),
        quantile(0.5),
        quantile(0.99)
    );
    ExitCode::SUCCESS
}

/// One connection until the end: how long each exchange took, in microseconds.
async fn one(address: String, request: Arc<String>, end: Instant) -> Result<Vec<u32>, String> {
    let mut stream = TcpStream::connect(&address).await.map_err(|error| format!("{address}: {error}"))?;
    stream.set_nodelay(true).map_err(|error| error.to_string())?;
    let (mut times, mut buffer) = (Vec::new(), Vec::with_capacity(1 << 16));
    while Instant::now() < end {
        let begin = Instant::now();
        stream.write_all(request.as_bytes()).await.map_err(|error| error.to_string())?;
        buffer.clear();
        while !is_whole(&buffer)? {
            if stream.read_buf(&mut buffer).await.map_err(|error| error.to_string())? == 0 {
                return Err("the server closed the connection".to_owned());
            }
        }
        times.push(begin.elapsed().as_micros() as u32);
    }
    Ok(times)
}

/// True once a whole answer with a length has come; an answer that is no success is an error.
fn is_whole(buffer: &[u8]) -> Result<bool, String> {
    let Some(head) = buffer.windows(4).position(|four| four == b"\r\n\r\n") else { return Ok(false) };
    let text = String::from_utf8_lossy(&buffer[..head]).to_ascii_lowercase();
    if !text.starts_with("http/1.1 200") {
        return Err(format!("not answered with success: {}", text.lines().next().unwrap_or_default()));
    }
    let length = text.lines().find_map(|line| line.strip_prefix("content-length:"));
    let length: usize = length.and_then(|length| length.trim().parse().ok()).ok_or("an answer without a length")?;
    Ok(buffer.len() >= head + 4 + length)
}
