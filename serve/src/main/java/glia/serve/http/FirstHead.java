package glia.serve.http;

import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.function.Supplier;

/// The bytes that a client sends, where the first request may be one of HTTP/1.0, as `ab`, old health checks and
/// proxies send it. The web server reads HTTP/1.1 alone, so the head of such a request becomes one of HTTP/1.1 that
/// ends the connection: with `Connection: close`, a `Host` where there is none, and without an `Expect`, which HTTP/1.0
/// does not have (RFC 9110, section 10.1.1). All other bytes stay as they are.
final class FirstHead {
    private static final String VERSION = " HTTP/1.0";
    private static final String LINE_END = "\r\n";

    private final Supplier<byte[]> source;
    private final int longest;
    private boolean hasBegun;
    private boolean isHttp10;

    /// @param source the next bytes; null at the end
    /// @param longest bytes of a head that are read at most before they are passed on
    FirstHead(Supplier<byte[]> source, int longest) {
        this.source = source;
        this.longest = longest;
    }

    /// Whether the client speaks HTTP/1.0: it reads no chunks, and the connection ends with the answer.
    boolean isHttp10() {
        return isHttp10;
    }

    /// The next bytes; null at the end.
    byte[] next() {
        if (hasBegun) {
            return source.get();
        }
        hasBegun = true;
        StringBuilder head = new StringBuilder();
        readTo(LINE_END, head);
        int line = head.indexOf(LINE_END);
        isHttp10 = line >= 0 && head.substring(0, line).endsWith(VERSION);
        if (isHttp10) {
            readTo(LINE_END + LINE_END, head);
            rewrite(line, head);
        }
        return head.isEmpty() ? null : head.toString().getBytes(StandardCharsets.ISO_8859_1);
    }

    private void readTo(String end, StringBuilder text) {
        int from = 0;
        while (text.indexOf(end, from) < 0 && text.length() < longest) {
            from = Math.max(0, text.length() - end.length() + 1);
            byte[] more = source.get();
            if (more == null) {
                return;
            }
            text.append(new String(more, StandardCharsets.ISO_8859_1));
        }
    }

    /// @param line where the request line ends
    private static void rewrite(int line, StringBuilder head) {
        int blank = head.indexOf(LINE_END + LINE_END);
        String headers = head.substring(line, blank < 0 ? head.length() : blank).toLowerCase(Locale.ROOT);
        int expect = headers.indexOf(LINE_END + "expect:");
        while (expect >= 0) {
            // Another name of the same length.
            head.replace(line + expect + LINE_END.length(), line + expect + LINE_END.length() + 6, "X-Any1");
            expect = headers.indexOf(LINE_END + "expect:", expect + 1);
        }
        head.replace(line - 1, line, "1");
        head.insert(line, LINE_END + "Connection: close" + (headers.contains(LINE_END + "host:") ? ""
                : LINE_END + "Host: localhost"));
    }
}
