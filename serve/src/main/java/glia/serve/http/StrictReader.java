package glia.serve.http;

import io.helidon.common.buffers.BufferData;
import io.helidon.common.buffers.DataReader;
import io.helidon.http.DirectHandler.EventType;
import io.helidon.http.RequestException;
import java.util.function.Supplier;

/// Reads requests, and refuses chunks that are not framed as RFC 9112 (section 7.1) wants it. A proxy that reads them
/// in another way would take a part of a body for the next request, or the reverse (request smuggling).
final class StrictReader extends DataReader {
    private static final int NEW_LINE_BYTES = 2;

    /// Whether the bytes that are skipped were read.
    private boolean isRead;

    /// @param bytes provides the next bytes
    // The factory method that is to replace the constructor makes no subclass.
    @SuppressWarnings("removal")
    StrictReader(Supplier<byte[]> bytes) {
        super(bytes);
    }

    @Override
    public BufferData readBuffer() {
        isRead = true;
        BufferData bytes = super.readBuffer();
        isRead = false;
        return bytes;
    }

    @Override
    public BufferData readBuffer(int numBytes) {
        isRead = true;
        BufferData bytes = super.readBuffer(numBytes);
        isRead = false;
        return bytes;
    }

    /// Skips bytes. Two bytes that were not read are the line break after a first line, a header or a chunk.
    @Override
    public void skip(int numBytes) {
        if (numBytes == NEW_LINE_BYTES && !isRead && !startsWithNewLine()) {
            throw refused("found a chunk that is longer than its length, expected a line break after it");
        }
        super.skip(numBytes);
    }

    /// Reads a line: the length of a chunk, or the end of the last one.
    @Override
    public String readLine() throws IncorrectNewLineException {
        String line;
        try {
            line = super.readLine();
        } catch (IncorrectNewLineException e) {
            throw refused("found a line of a chunk that does not end with CR LF");
        }
        if (line.startsWith("+")) {
            throw refused("found a chunk whose length is no hexadecimal number");
        }
        return line;
    }

    private static RequestException refused(String message) {
        return RequestException.builder().type(EventType.BAD_REQUEST).setKeepAlive(false).message(message).build();
    }
}
