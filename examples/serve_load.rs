//! How many requests a second a server of simulated clouds answers: `cargo run --release --example serve_load -- URL
//! [SECONDS] [CONNECTIONS]`, such as `http://127.0.0.1:PORT/_sky/clock`. Headers follow as `NAME=VALUE`. With `churn=COUNT`
//! it instead makes and deletes so many machines of Compute Engine at `http://127.0.0.1:PORT/`.
//!
//! Each connection sends its next request when the answer to the last has come, so the figure is of whole exchanges.

#![expect(clippy::disallowed_methods, reason = "a load client goes by the wall and reads its command line")]

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

const USAGE: &str =
    "usage: serve_load http://127.0.0.1:PORT/PATH [SECONDS] [CONNECTIONS] [churn=COUNT] [HEADER=VALUE...]";

/// The smallest machine that Compute Engine's interface takes.
const MACHINE: &str = r#"{"machineType":"zones/us-central1-a/machineTypes/n2-standard-2","disks":[{"boot":true,"autoDelete":true,"initializeParams":{"sourceImage":"projects/debian-cloud/global/images/family/debian-12"}}],"networkInterfaces":[{"network":"global/networks/default"}],"labels":{"sky-owner":"load"}"#;

/// What the connections do.
#[derive(Clone)]
enum Work {
    /// The same request until a moment.
    Ask(String, Instant),
    /// Machines until so many were made: their address with the headers, and the count so far.
    Churn { host: String, headers: String, made: Arc<AtomicU64>, most: u64 },
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match measure(std::env::args().skip(1).collect()).await {
        Ok(line) => {
            println!("{line}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn measure(arguments: Vec<String>) -> Result<String, String> {
    let (named, rest): (Vec<&String>, Vec<&String>) =
        arguments.iter().partition(|argument| argument.contains('=') && !argument.starts_with("http://"));
    let url = rest.first().and_then(|url| url.strip_prefix("http://")).and_then(|url| url.split_once('/'));
    let (address, path) = url.ok_or(USAGE)?;
    let number = |at: usize, usual: u64| rest.get(at).and_then(|text| text.parse().ok()).unwrap_or(usual);
    let (seconds, connections) = (number(1, 10), number(2, 32));
    let named: Vec<(&str, &str)> = named.iter().filter_map(|pair| pair.split_once('=')).collect();
    let churn = named.iter().find(|(name, _)| *name == "churn").and_then(|(_, count)| count.parse().ok());
    let headers = named.iter().filter(|(name, _)| *name != "churn");
    let headers = headers.fold(String::new(), |text, (name, value)| text + name + ": " + value + "\r\n");
    let begin = Instant::now();
    let work = match churn {
        Some(most) => Work::Churn { host: address.to_owned(), headers, made: Arc::default(), most },
        None => Work::Ask(
            format!("GET /{path} HTTP/1.1\r\nhost: {address}\r\n{headers}\r\n"),
            begin + Duration::from_secs(seconds),
        ),
    };
    let tasks: Vec<_> = (0..connections).map(|_| tokio::spawn(one(address.to_owned(), work.clone()))).collect();
    let mut times = Vec::new();
    for task in tasks {
        times.extend(task.await.map_err(|error| error.to_string())??);
    }
    let took = begin.elapsed().as_secs_f64();
    times.sort_unstable();
    let quantile = |q: f64| times.get((times.len() as f64 * q) as usize).map_or(0.0, |micros| f64::from(*micros) / 1e3);
    let rate = times.len() as f64 / took;
    let (half, most) = (quantile(0.5), quantile(0.99));
    Ok(format!(
        "{} requests in {took:.1} s over {connections} connections: {rate:.0} a second, p50 {half:.2} ms, p99 {most:.2} ms",
        times.len()
    ))
}

/// One connection until the end: how long each exchange took, in microseconds.
async fn one(address: String, work: Work) -> Result<Vec<u32>, String> {
    let mut stream = TcpStream::connect(&address).await.map_err(|error| format!("{address}: {error}"))?;
    stream.set_nodelay(true).map_err(|error| error.to_string())?;
    let (mut times, mut buffer) = (Vec::new(), Vec::with_capacity(1 << 16));
    match work {
        Work::Ask(request, end) => {
            while Instant::now() < end {
                times.push(exchange(&mut stream, &request, &mut buffer).await?);
            }
        }
        Work::Churn { host, headers, made, most } => loop {
            let n = made.fetch_add(1, Ordering::Relaxed);
            if n >= most {
                break;
            }
            let at = "/compute/v1/projects/sky-project/zones/us-central1-a/instances";
            let body = format!("{MACHINE},\"name\":\"load-{n}\"}}");
            let tail = format!("HTTP/1.1\r\nhost: {host}\r\n{headers}");
            let json = format!("content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}", body.len());
            times.push(exchange(&mut stream, &format!("POST {at} {tail}{json}"), &mut buffer).await?);
            times.push(exchange(&mut stream, &format!("DELETE {at}/load-{n} {tail}\r\n"), &mut buffer).await?);
        },
    }
    Ok(times)
}

/// One request and its whole answer, in microseconds.
async fn exchange(stream: &mut TcpStream, request: &str, buffer: &mut Vec<u8>) -> Result<u32, String> {
    let begin = Instant::now();
    stream.write_all(request.as_bytes()).await.map_err(|error| error.to_string())?;
    buffer.clear();
    while !is_whole(buffer)? {
        if stream.read_buf(buffer).await.map_err(|error| error.to_string())? == 0 {
            return Err("the server closed the connection".to_owned());
        }
    }
    Ok(begin.elapsed().as_micros() as u32)
}

/// True once a whole answer with a length has come; an answer that is no success is an error.
fn is_whole(buffer: &[u8]) -> Result<bool, String> {
    let Some(head) = buffer.windows(4).position(|four| four == b"\r\n\r\n") else { return Ok(false) };
    let text = String::from_utf8_lossy(&buffer[..head]).to_ascii_lowercase();
    if !text.starts_with("http/1.1 200") {
        let said = String::from_utf8_lossy(&buffer[head..]);
        return Err(format!("not answered with success: {}{said}", text.lines().next().unwrap_or_default()));
    }
    let length = text.lines().find_map(|line| line.strip_prefix("content-length:"));
    let length: usize = length.and_then(|length| length.trim().parse().ok()).ok_or("an answer without a length")?;
    Ok(buffer.len() >= head + 4 + length)
}
