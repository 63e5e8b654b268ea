package glia.serve.http;

import io.helidon.webserver.ServerConnectionException;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.function.Supplier;

/// A streamed response, which begins with its first event: until then a request that fails is answered with a status.
/// A client that does not read for too long is disconnected.
public final class EventStream implements AutoCloseable {
    /// How events are written.
    public enum Form {
        /// Server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html).
        SSE("text/event-stream; charset=utf-8"),
        /// A JSON value in each line.
        LINES("application/x-ndjson"),
        /// The bytes of a WAV file.
        WAV("audio/wav"),
        /// Samples: 16 bits, little-endian, one channel.
        PCM("audio/pcm");

        private final String contentType;

        Form(String contentType) {
            this.contentType = contentType;
        }

        String contentType() {
            return contentType;
        }
    }

    private final Form form;
    private final Supplier<OutputStream> response;
    private final Runnable commit;
    private final ClientConnection connection;
    /// Null until the response begins.
    private OutputStream out;
    private boolean isClosed;
    private int numEvents;

    /// @param response begins the response
    /// @param commit sends the end of the response
    EventStream(Form form, Supplier<OutputStream> response, Runnable commit, ClientConnection connection) {
        this.form = form;
        this.response = response;
        this.commit = commit;
        this.connection = connection;
    }

    /// Writes an event without a name.
    ///
    /// @throws UncheckedIOException if the client has gone
    public void event(Object json) {
        write((form == Form.SSE ? "data: " : "") + Json.text(json) + (form == Form.SSE ? "\n\n" : "\n"));
    }

    /// Writes a server-sent event with a name.
    ///
    /// @throws UncheckedIOException if the client has gone
    public void event(String name, Object json) {
        write("event: " + name + "\ndata: " + Json.text(json) + "\n\n");
    }

    /// Writes data that is no JSON, such as `[DONE]`.
    ///
    /// @throws UncheckedIOException if the client has gone
    public void raw(String data) {
        write("data: " + data + "\n\n");
    }

    private void write(String text) {
        bytes(text.getBytes(StandardCharsets.UTF_8));
    }

    /// Writes bytes that are no events, such as samples.
    ///
    /// @throws UncheckedIOException if the client has gone
    public void bytes(byte[] bytes) {
        numEvents++;
        begin();
        run(() -> {
            out.write(bytes);
            out.flush();
        });
    }

    private void begin() {
        if (out == null) {
            out = response.get();
        }
    }

    private interface Write {
        void run() throws IOException;
    }

    /// Writes within the time that a client has to read.
    private void run(Write write) {
        connection.writes();
        try {
            write.run();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (ServerConnectionException e) {
            throw new UncheckedIOException(new IOException(e));
        } finally {
            connection.expectsNothing();
        }
    }

    /// Whether anything was sent.
    boolean hasBegun() {
        return out != null;
    }

    /// Whether it is of events, not of bytes.
    boolean hasEvents() {
        return form == Form.SSE || form == Form.LINES;
    }

    /// The number of events so far.
    int numEvents() {
        return numEvents;
    }

    /// Whether the client is still there.
    public boolean isOpen() {
        return !isClosed && connection.isOpen();
    }

    boolean isClosed() {
        return isClosed;
    }

    @Override
    public void close() {
        isClosed = true;
        begin();
        run(() -> {
            out.close();
            // Otherwise the web server sends the last chunk after the request has ended, when its connection may, too.
            commit.run();
        });
    }
}
