//! How a response goes over the wire, faults included.

use std::io;
use std::sync::Arc;

use tokio::task::yield_now;

use crate::connection::Connection;
use crate::draw::{Digest, Draw};
use crate::endpoint::Shared;
use crate::fault::Fault;
use crate::http;
use crate::protocol::{Problem, Protocol};
use crate::reply::{Framing, Reply};
use crate::script::{RetryAfter, Script};

/// Bytes of a huge answer that are sent at a time.
const BLOCK: usize = 1 << 16;

/// A request under way. It is over, to whoever looks at the numbers, just before the last bytes of its response are sent:
/// a client that has them never sees itself still counted.
pub(crate) struct Flight {
    shared: Arc<Shared>,
    pub(crate) digest: Option<Digest>,
    pub(crate) owed: Option<(u64, u64)>,
    is_over: bool,
}

impl Flight {
    /// A request that was counted as under way.
    pub(crate) fn new(shared: &Arc<Shared>) -> Self {
        Self { shared: Arc::clone(shared), digest: None, owed: None, is_over: false }
    }

    fn script(&self) -> &Script {
        &self.shared.script
    }

    async fn flush_last(&mut self, connection: &mut Connection) -> io::Result<()> {
        self.is_over = true;
        self.shared.seen.send(self.owed, self.digest);
        self.shared.seen.land();
        let sent = connection.flush().await;
        if sent.is_err() {
            self.shared.seen.unsend(self.owed, self.digest);
        }
        sent
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        if !self.is_over {
            self.shared.seen.land();
        }
    }
}

/// The response in the place of an answer, for faults that are nothing but another response.
pub(crate) fn instead(
    fault: Fault,
    protocol: Protocol,
    answer: &Reply,
    script: &Script,
    draw: &mut Draw,
) -> Option<Reply> {
    let limited = Problem { status: 429, code: "rate_limit_exceeded", message: "Too many requests." };
    let broken = Problem { status: 500, code: "server_error", message: "The server had an error." };
    Some(match fault {
        Fault::RateLimit => protocol.problem(&limited),
        Fault::RateLimitRetryAfter => {
            let headers = draw.pick(&script.retry_after).map_or_else(String::new, retry_after);
            Reply { headers, ..protocol.problem(&limited) }
        }
        Fault::ServerError => match draw.pick(&[500, 502, 503, 529]).unwrap_or(500) {
            // What stands before a server speaks HTML.
            502 => Reply::page(502, "502 Bad Gateway"),
            status => protocol.problem(&Problem { status, ..broken }),
        },
        Fault::WrongContentType => Reply::page(200, "Welcome to nginx!"),
        Fault::MalformedJson => malformed(answer, draw),
        Fault::ErrorInside => error_inside(protocol, answer, &broken),
        _ => return None,
    })
}

fn retry_after(when: RetryAfter) -> String {
    match when {
        RetryAfter::Seconds(seconds) => format!("retry-after: {seconds}\r\n"),
        RetryAfter::Date(seconds) => {
            let now = std::time::UNIX_EPOCH.elapsed().map_or(0, |now| now.as_secs());
            format!("retry-after: {}\r\n", http::date(now + seconds))
        }
        RetryAfter::Milliseconds(milliseconds) => format!("retry-after-ms: {milliseconds}\r\n"),
    }
}

/// The answer with its JSON cut off or spoilt; of a stream, one event.
fn malformed(answer: &Reply, draw: &mut Draw) -> Reply {
    let mut reply = answer.clone();
    if reply.events.is_empty() {
        let middle = reply.body.len() / 2;
        if draw.coin() {
            reply.body.truncate(middle);
        } else {
            reply.body.insert(middle, b'\n');
            reply.body.extend_from_slice(b"}]");
        }
    } else {
        let event = reply.events.len() / 2;
        // The first brace of the event: a later one may stand in a text, where anything is right.
        let begin = if event == 0 { 0 } else { reply.events[event - 1] };
        let brace = reply.body[begin..].iter().position(|&byte| byte == b'{').unwrap_or(0);
        reply.body[begin + brace] = b'(';
    }
    reply
}

/// An error with status 200; amid a stream, after what was already said.
fn error_inside(protocol: Protocol, answer: &Reply, problem: &Problem<'_>) -> Reply {
    let error = protocol.problem_body(problem);
    let mut reply = answer.clone();
    // Whatever the answer was to be, this failure comes with a status of success.
    reply.status = 200;
    if reply.events.is_empty() {
        reply.body = error.into_bytes();
    } else {
        reply.events.truncate(reply.events.len() / 2);
        reply.body.truncate(reply.events.last().copied().unwrap_or(0));
        let name = if protocol == Protocol::Messages { "event: error\n" } else { "" };
        reply.body.extend_from_slice(format!("{name}data: {error}\n\n").as_bytes());
        reply.events.push(reply.body.len());
    }
    reply
}

/// Sends a response in the manner of a fault, or without one. An error ends the connection.
pub(crate) async fn deliver(
    connection: &mut Connection,
    mut flight: Flight,
    reply: &Reply,
    fault: Option<Fault>,
    draw: &mut Draw,
) -> io::Result<()> {
    let framing = reply.framing();
    let output = &mut connection.output;
    match fault {
        Some(Fault::CutBefore) => {}
        Some(Fault::CutInside) => {
            write_cut(reply, output, draw);
            connection.flush().await?;
        }
        Some(Fault::Stall) => {
            reply.write_head(framing, output);
            if !reply.events.is_empty() {
                Reply::write_piece(reply.pieces().next().unwrap_or_default(), framing, output);
            }
            connection.flush().await?;
            connection.wait(flight.script().stall_ms).await?;
        }
        Some(Fault::HugeBody) => send_huge(connection, &flight, reply, draw).await?,
        Some(Fault::SlowDrip) => {
            reply.write(framing, output);
            return drip(connection, flight).await;
        }
        Some(Fault::DuplicateDelivery) => {
            reply.write(framing, output);
            reply.write(framing, output);
            return flight.flush_last(connection).await;
        }
        _ if flight.script().event_delay_ms > 0 && !reply.events.is_empty() => {
            return send_slowly(connection, flight, reply).await;
        }
        _ => {
            reply.write(framing, output);
            return flight.flush_last(connection).await;
        }
    }
    connection.cut(draw.coin()).await;
    Err(io::ErrorKind::ConnectionAborted.into())
}

/// Writes a response up to somewhere inside its body. Streams are cut in their first half: a client may take one for whole
/// whose last words were all that it lost.
fn write_cut(reply: &Reply, output: &mut Vec<u8>, draw: &mut Draw) {
    let other = if reply.events.is_empty() { Framing::Chunked } else { Framing::Close };
    let framing = if draw.coin() { reply.framing() } else { other };
    reply.write_head(framing, output);
    let head = output.len();
    output.clear();
    reply.write(framing, output);
    let body = output.len() - head;
    let most = if reply.events.is_empty() { body - 1 } else { body / 2 };
    output.truncate(head + draw.within(0, most as u64) as usize);
}

async fn send_slowly(connection: &mut Connection, mut flight: Flight, reply: &Reply) -> io::Result<()> {
    let framing = reply.framing();
    reply.write_head(framing, &mut connection.output);
    for (number, piece) in reply.pieces().enumerate() {
        if number > 0 {
            connection.flush().await?;
            connection.wait(flight.script().event_delay_ms).await?;
        }
        Reply::write_piece(piece, framing, &mut connection.output);
    }
    Reply::write_end(framing, &mut connection.output);
    flight.flush_last(connection).await
}

async fn drip(connection: &mut Connection, mut flight: Flight) -> io::Result<()> {
    let bytes = std::mem::take(&mut connection.output);
    let Some((last, most)) = bytes.split_last() else { return Ok(()) };
    for (number, byte) in most.iter().enumerate() {
        connection.write(std::slice::from_ref(byte)).await?;
        if number % 16 == 15 {
            connection.wait(flight.script().drip_pause_ms).await?;
        } else {
            yield_now().await;
        }
    }
    connection.output.push(*last);
    flight.flush_last(connection).await
}

/// Sends the answer with a huge text in its first object, and all of it valid.
async fn send_huge(connection: &mut Connection, flight: &Flight, reply: &Reply, draw: &mut Draw) -> io::Result<()> {
    let (start, end) = (br#""padding":""#, br#"","#);
    let size = usize::try_from(flight.script().huge_bytes).unwrap_or(usize::MAX);
    let inside = reply.body.iter().position(|&byte| byte == b'{').map_or(0, |at| at + 1);
    let (before, after) = reply.body.split_at(inside);
    let framing = if reply.events.is_empty() && draw.coin() { Framing::Length } else { Framing::Chunked };
    if framing == Framing::Length {
        // Only the length of the body is wanted; its bytes never are in one place.
        let length = reply.body.len() + start.len() + size + end.len();
        let empty = Reply { body: Vec::new(), ..reply.clone() };
        empty.write_head(framing, &mut connection.output);
        let told = b"content-length: 0\r\n\r\n".len();
        connection.output.truncate(connection.output.len() - told);
        connection.output.extend_from_slice(format!("content-length: {length}\r\n\r\n").as_bytes());
    } else {
        reply.write_head(framing, &mut connection.output);
    }
    Reply::write_piece(&[before, start].concat(), framing, &mut connection.output);
    connection.flush().await?;
    let block = vec![b'x'; BLOCK.min(size)];
    let mut left = size;
    while left > 0 {
        let piece = &block[..left.min(BLOCK)];
        Reply::write_piece(piece, framing, &mut connection.output);
        connection.flush().await?;
        left -= piece.len();
    }
    Reply::write_piece(&[end, after].concat(), framing, &mut connection.output);
    Reply::write_end(framing, &mut connection.output);
    connection.flush().await
}
