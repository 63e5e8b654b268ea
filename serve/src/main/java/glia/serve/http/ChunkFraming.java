package glia.serve.http;

import io.helidon.http.DirectHandler.EventType;
import io.helidon.http.RequestException;

/// Refuses chunks of a body that are not framed as RFC 9112 (section 7.1) wants it, before the web server reads them. A
/// proxy that reads them in another way would take a part of a body for the next request, or the reverse (request
/// smuggling).
final class ChunkFraming {
    private static final int HEX = 16;
    /// Lengths to which a digit can be added.
    private static final long MOST = Long.MAX_VALUE / HEX - 1;

    /// What the next byte belongs to.
    private enum Part { LENGTH, LENGTH_LF, DATA, DATA_CR, DATA_LF, END_CR, END_LF, NEXT_REQUEST }

    private Part part = Part.LENGTH;
    private long length;
    private boolean hasDigits;

    /// @param bytes the next bytes of the connection
    /// @throws RequestException if they are not framed so: status 400
    void accept(byte[] bytes) {
        for (int at = 0; at < bytes.length; at++) {
            if (part == Part.DATA) {
                int count = (int) Math.min(length, bytes.length - at);
                length -= count;
                at += count - 1;
                part = length == 0 ? Part.DATA_CR : Part.DATA;
            } else if (part != Part.NEXT_REQUEST) {
                part = next(bytes[at]);
            }
        }
    }

    private Part next(byte b) {
        return switch (part) {
            case LENGTH -> length(b);
            case LENGTH_LF -> expect('\n', b, length == 0 ? Part.END_CR : Part.DATA);
            case DATA_CR -> expect('\r', b, Part.DATA_LF);
            case DATA_LF -> {
                length = 0;
                hasDigits = false;
                yield expect('\n', b, Part.LENGTH);
            }
            case END_CR -> expect('\r', b, Part.END_LF);
            case END_LF -> expect('\n', b, Part.NEXT_REQUEST);
            case DATA, NEXT_REQUEST -> part;
        };
    }

    private Part length(byte b) {
        int digit = Character.digit(b, HEX);
        if (digit < 0 && hasDigits) {
            return expect('\r', b, Part.LENGTH_LF);
        }
        if (digit < 0 || length > MOST) {
            throw refused("found a chunk whose length is no hexadecimal number");
        }
        hasDigits = true;
        length = HEX * length + digit;
        return part;
    }

    private Part expect(char wanted, byte b, Part then) {
        if (b != wanted) {
            throw refused(part == Part.DATA_CR || part == Part.DATA_LF
                    ? "found a chunk that is longer than its length, expected a line break after it"
                    : "found a line of a chunk that does not end with CR LF");
        }
        return then;
    }

    private static RequestException refused(String message) {
        return RequestException.builder().type(EventType.BAD_REQUEST).setKeepAlive(false).message(message).build();
    }
}
