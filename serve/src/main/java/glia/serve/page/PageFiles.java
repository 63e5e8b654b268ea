package glia.serve.page;

import glia.serve.http.Exchange;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// The files of the web page: HTML, CSS and JavaScript modules as they are written, held in memory. Nothing else can be
/// read by a name, since only listed files are served.
final class PageFiles {
    /// The page itself.
    static final String INDEX = "index.html";
    /// All files.
    static final List<String> NAMES = List.of(INDEX, "icon.svg", "base.css", "layout.css", "chat.css", "main.js",
            "announce.js", "api.js", "attention.js", "bytes.js", "chats.js", "composer.js", "dom.js", "generate.js",
            "history.js", "inline.js", "keys.js", "markdown.js", "message.js", "metrics.js", "schema.js",
            "settings.js", "store.js", "structured.js", "theme.js", "thread.js", "tokens.js", "tools.js");

    /// Scripts, styles and requests of this server alone; images from data of the page; no frames, no forms.
    private static final String POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; "
            + "img-src 'self' data: blob:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
            + "frame-ancestors 'none'";
    private static final Map<String, String> TYPES = Map.of("html", "text/html; charset=utf-8",
            "css", "text/css; charset=utf-8", "js", "text/javascript; charset=utf-8", "svg", "image/svg+xml");

    /// @param bytes the content
    /// @param contentType its media type
    /// @param tag the entity tag: the beginning of the content's SHA-256 hash, in quotes
    private record PageFile(byte[] bytes, String contentType, String tag) { }

    private final Map<String, PageFile> files = new LinkedHashMap<>();

    /// Reads all files.
    PageFiles() {
        for (String name : NAMES) {
            byte[] bytes = read(name);
            files.put(name, new PageFile(bytes, TYPES.get(name.substring(name.lastIndexOf('.') + 1)), tag(bytes)));
        }
    }

    private static byte[] read(String name) {
        try (InputStream in = PageFiles.class.getResourceAsStream(name)) {
            if (in == null) {
                throw new IllegalStateException("the file " + name + " of the web page is not in this build");
            }
            return in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String tag(byte[] bytes) {
        try {
            byte[] hash = MessageDigest.getInstance("SHA-256").digest(bytes);
            return '"' + HexFormat.of().formatHex(hash, 0, 16) + '"';
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    /// Sends a file with status 200, or 304 if the browser has it already.
    void send(Exchange exchange, String name) {
        PageFile file = files.get(name);
        exchange.setHeader("ETag", file.tag());
        exchange.setHeader("Cache-Control", "no-cache");
        exchange.setHeader("Content-Security-Policy", POLICY);
        exchange.setHeader("X-Content-Type-Options", "nosniff");
        exchange.setHeader("Referrer-Policy", "no-referrer");
        exchange.setHeader("Cross-Origin-Opener-Policy", "same-origin");
        exchange.setHeader("Cross-Origin-Resource-Policy", "same-origin");
        boolean isKnown = exchange.header("If-None-Match").filter(tags -> tags.contains(file.tag())).isPresent();
        exchange.send(isKnown ? 304 : 200, file.contentType(), isKnown ? new byte[0] : file.bytes());
    }
}
