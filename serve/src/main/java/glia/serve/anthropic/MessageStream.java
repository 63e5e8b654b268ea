package glia.serve.anthropic;

import static glia.serve.http.Json.object;

import glia.engine.answer.AnswerEnd;
import glia.serve.http.EventStream;
import glia.serve.http.Exchange;
import java.util.Map;

/// Streams an answer as server-sent events: `message_start`, for each block `content_block_start`,
/// `content_block_delta` and `content_block_stop`, then `message_delta` and `message_stop`. Between them `ping`, also
/// while a request waits, so that proxies see a live connection.
final class MessageStream implements AnswerBlocks.Sink {
    private static final long PING_NANOS = 10_000_000_000L;

    private final Exchange exchange;
    private final Map<String, Object> message;
    private EventStream stream;
    private long last;

    /// @param message that of `message_start`
    MessageStream(Exchange exchange, Map<String, Object> message) {
        this.exchange = exchange;
        this.message = message;
    }

    /// Whether the client is still there. Called before each event, and also when none comes. The stream begins at the
    /// first call, when the request has been queued: until then errors have a status.
    boolean isOpen() {
        if (stream == null) {
            stream = exchange.stream(EventStream.Form.SSE);
            write(object("type", "message_start", "message", message));
            write(object("type", "ping"));
        } else if (System.nanoTime() - last > PING_NANOS) {
            write(object("type", "ping"));
        }
        return stream.isOpen();
    }

    @Override
    public void start(int index, Map<String, Object> block) {
        write(object("type", "content_block_start", "index", index, "content_block", block));
    }

    @Override
    public void delta(int index, Map<String, Object> delta) {
        write(object("type", "content_block_delta", "index", index, "delta", delta));
    }

    @Override
    public void stop(int index) {
        write(object("type", "content_block_stop", "index", index));
    }

    @Override
    public void ended(AnswerEnd end) {
        write(object("type", "message_delta", "delta", object("stop_reason", AnswerMessage.StopReason.of(end),
                "stop_sequence", end.stop().orElse(null)), "usage", AnswerMessage.usage(end)));
        write(object("type", "message_stop"));
        stream.close();
    }

    private void write(Map<String, Object> event) {
        stream.event((String) event.get("type"), event);
        last = System.nanoTime();
    }
}
