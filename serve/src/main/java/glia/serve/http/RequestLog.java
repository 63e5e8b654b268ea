package glia.serve.http;

import glia.serve.request.Fields;
import java.util.Locale;
import java.util.function.Consumer;

/// The log of a server. A line never has a key, and has no prompt unless that is wanted. What a client sent is written
/// in visible characters of ASCII, so that it can neither begin a line of its own nor command a terminal.
public final class RequestLog implements RequestListener {
    private static final int LONGEST_PATH = 200;

    private final Consumer<String> lines;
    private final boolean logsRequests;
    private final boolean logsPrompts;

    /// @param lines receives the lines
    /// @param logsRequests whether each request has a line
    /// @param logsPrompts whether each body has a line
    public RequestLog(Consumer<String> lines, boolean logsRequests, boolean logsPrompts) {
        this.lines = lines;
        this.logsRequests = logsRequests;
        this.logsPrompts = logsPrompts;
    }

    @Override
    public void ended(RequestListener.RequestSummary request) {
        if (logsRequests) {
            lines.accept(String.format(Locale.ROOT, "%s %s %s %s %d %.1f ms", request.id(), request.caller(),
                    request.method(), request.path(), request.status(), request.nanos() / 1e6));
        }
    }

    /// Logs the body of a request, if that is wanted.
    void body(String id, Fields body) {
        if (logsPrompts) {
            lines.accept(id + " body " + visible(Json.text(body.loggable()), Integer.MAX_VALUE));
        }
    }

    /// Logs an unexpected exception.
    void failure(String id, Throwable e) {
        StringBuilder text = new StringBuilder(id).append(" failed: ").append(visible(e.toString(), 1000));
        for (StackTraceElement at : e.getStackTrace()) {
            text.append("\n    at ").append(at);
        }
        lines.accept(text.toString());
    }

    /// A path for logs.
    static String path(String raw) {
        return visible(raw, LONGEST_PATH);
    }

    /// A text in visible characters of ASCII; others are escaped as in JSON.
    private static String visible(String text, int most) {
        StringBuilder shown = new StringBuilder();
        for (int i = 0; i < text.length() && i < most; i++) {
            char c = text.charAt(i);
            if (c >= ' ' && c < 0x7f) {
                shown.append(c);
            } else {
                shown.append(String.format("\\u%04x", (int) c));
            }
        }
        return text.length() > most ? shown.append("...").toString() : shown.toString();
    }
}
