//! A client that sees bytes.
#![allow(dead_code, unreachable_pub, reason = "each test binary uses a part")]

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use scripted_endpoint::{Digest, Endpoint, Fault, Script};
use serde_json::{Value, json};

/// A connection to an endpoint.
pub struct Client {
    stream: TcpStream,
    rest: Vec<u8>,
}

/// What came, as far as it came.
#[derive(Debug, Clone, PartialEq)]
pub struct Response {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// Whether all of the body came that was promised.
    pub is_whole: bool,
}

impl Response {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(this, _)| this == name).map(|(_, value)| &**value)
    }

    pub fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    /// The data of each event of a stream.
    pub fn events(&self) -> Vec<String> {
        let text = self.text().replace("\r\n", "\n");
        text.lines().filter_map(|line| line.strip_prefix("data: ")).map(str::to_owned).collect()
    }
}

impl Client {
    pub fn connect(endpoint: &Endpoint) -> Self {
        let stream = TcpStream::connect(endpoint.address()).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        Self { stream, rest: Vec::new() }
    }

    pub fn send(&mut self, method: &str, target: &str, headers: &str, body: &[u8]) {
        let length = body.len();
        let head = format!("{method} {target} HTTP/1.1\r\nhost: x\r\n{headers}content-length: {length}\r\n\r\n");
        self.stream.write_all(&[head.as_bytes(), body].concat()).unwrap();
    }

    pub fn send_raw(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).unwrap();
    }

    /// The next response; none if the connection ends before its head.
    pub fn receive(&mut self) -> Option<Response> {
        let head_end = loop {
            if let Some(at) = self.rest.windows(4).position(|four| four == b"\r\n\r\n") {
                break at + 4;
            }
            if !self.more() {
                return None;
            }
        };
        let head = String::from_utf8(self.rest.drain(..head_end).collect()).unwrap();
        let mut lines = head.lines();
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let headers: Vec<_> = lines
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
            .collect();
        let mut response = Response { status, headers, body: Vec::new(), is_whole: false };
        if response.header("transfer-encoding") == Some("chunked") {
            response.is_whole = self.chunks(&mut response.body).is_some();
        } else if let Some(length) = response.header("content-length").map(|length| length.parse().unwrap()) {
            response.is_whole = self.take(length, &mut response.body).is_some();
        } else {
            while self.more() {}
            response.body = std::mem::take(&mut self.rest);
            response.is_whole = true;
        }
        Some(response)
    }

    /// Whether the server ended the connection and nothing is left.
    pub fn is_ended(&mut self) -> bool {
        self.rest.is_empty() && !self.more()
    }

    fn chunks(&mut self, body: &mut Vec<u8>) -> Option<()> {
        loop {
            let end = loop {
                match self.rest.windows(2).position(|two| two == b"\r\n") {
                    Some(end) => break end,
                    None if self.more() => {}
                    None => return None,
                }
            };
            let line: Vec<u8> = self.rest.drain(..end + 2).collect();
            let size = usize::from_str_radix(std::str::from_utf8(&line[..end]).unwrap(), 16).unwrap();
            self.take(size, body)?;
            self.take(2, &mut Vec::new())?;
            if size == 0 {
                return Some(());
            }
        }
    }

    fn take(&mut self, count: usize, into: &mut Vec<u8>) -> Option<()> {
        while self.rest.len() < count && self.more() {}
        let has_all = self.rest.len() >= count;
        into.extend(self.rest.drain(..count.min(self.rest.len())));
        has_all.then_some(())
    }

    fn more(&mut self) -> bool {
        let mut bytes = vec![0; 1 << 16];
        match self.stream.read(&mut bytes) {
            Ok(0) => false,
            Ok(count) => {
                self.rest.extend_from_slice(&bytes[..count]);
                true
            }
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => false,
            Err(error) => panic!("{error}"),
        }
    }
}

/// Sends one request on a connection of its own; none if nothing came back.
pub fn post(endpoint: &Endpoint, target: &str, body: &Value) -> Option<Response> {
    let mut client = Client::connect(endpoint);
    client.send("POST", target, "authorization: Bearer sk-test\r\n", body.to_string().as_bytes());
    client.receive()
}

pub fn get(endpoint: &Endpoint, target: &str) -> Response {
    let mut client = Client::connect(endpoint);
    client.send("GET", target, "", b"");
    client.receive().unwrap()
}

/// A question as OpenAI's chat.
pub fn chat(model: &str, prompt: &str) -> Value {
    json!({ "model": model, "messages": [{ "role": "user", "content": prompt }] })
}

pub const CHAT: &str = "/v1/chat/completions";

/// A script every first attempt under which fails in one way, and no second one.
pub fn failing(fault: Fault) -> Script {
    Script { fault_share: 1.0, faults: vec![fault], max_faults_per_request: 1, ..Script::default() }
}

pub fn digest(body: &Value) -> Digest {
    Digest::of(body.to_string().as_bytes())
}
