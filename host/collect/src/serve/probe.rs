//! Short questions to a local server: is it well, which version is it.
//!
//! Apart from the client that asks models: that one goes through the system's proxy and has TLS to set up, and neither
//! has a place on the loopback address.

use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::command::HOST;

/// A version's answer holds the model's chat template too; more than this is no such answer.
const MAX_BYTES: u64 = 4 << 20;
const PATIENCE: Duration = Duration::from_secs(5);

/// The status that a path answers with; none while nobody answers.
pub(super) async fn status(port: u16, path: &str) -> Option<u16> {
    ask(port, path).await.map(|(status, _)| status)
}

/// The JSON that a path answers with, if it does.
pub(super) async fn json(port: u16, path: &str) -> Option<Value> {
    let (status, body) = ask(port, path).await?;
    if status == 200 { serde_json::from_slice(&body).ok() } else { None }
}

async fn ask(port: u16, path: &str) -> Option<(u16, Vec<u8>)> {
    let exchange = async {
        let mut stream = TcpStream::connect((HOST, port)).await.ok()?;
        // 1.0: the server ends the connection after the answer and sends it in one piece.
        let request = format!("GET {path} HTTP/1.0\r\nHost: {HOST}:{port}\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.ok()?;
        let mut answer = Vec::new();
        stream.take(MAX_BYTES).read_to_end(&mut answer).await.ok()?;
        parse(&answer)
    };
    tokio::time::timeout(PATIENCE, exchange).await.ok()?
}

fn parse(answer: &[u8]) -> Option<(u16, Vec<u8>)> {
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&answer[..end]).ok()?;
    let status = head.strip_prefix("HTTP/1.")?.split(' ').nth(1)?.get(..3)?.parse().ok()?;
    Some((status, answer[end + 4..].to_vec()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_a_status_and_a_body() {
        assert_eq!(parse(b"HTTP/1.1 200 OK\r\nA: b\r\n\r\n{}"), Some((200, b"{}".to_vec())));
        assert_eq!(parse(b"HTTP/1.0 503\r\n\r\n"), Some((503, Vec::new())));
        assert_eq!(parse(b"SSH-2.0-x\r\n\r\n"), None);
        assert_eq!(parse(b"HTTP/1.1 200 OK\r\nA: b"), None);
    }
}
