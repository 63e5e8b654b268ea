package glia.serve.page;

import glia.serve.http.Exchange;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;

/// The files of the web page, held in memory: its own HTML, CSS and JavaScript modules as they are written, and those
/// of libraries, from their WebJars. Nothing else can be read by a name, since only listed files are served.
///
/// All files but the page itself are in a folder that is named after their contents, so browsers keep them for good.
final class PageFiles {
    /// The page itself.
    static final String INDEX = "index.html";
    /// Its own files.
    static final List<String> NAMES = List.of(INDEX, "icon.svg", "base.css", "layout.css", "chat.css", "code.css",
            "main.js", "announce.js", "api.js", "attention.js", "bytes.js", "chats.js", "code.js", "composer.js",
            "dom.js", "generate.js", "history.js", "key.js", "keys.js", "markdown.js", "math.js", "media.js",
            "message.js", "metrics.js", "schema.js", "settings.js", "store.js", "structured.js", "targets.js",
            "theme.js", "thread.js", "tokens.js", "tools.js");

    private static final List<String> FONTS = List.of("AMS-Regular", "Caligraphic-Bold", "Caligraphic-Regular",
            "Fraktur-Bold", "Fraktur-Regular", "Main-Bold", "Main-BoldItalic", "Main-Italic", "Main-Regular",
            "Math-BoldItalic", "Math-Italic", "SansSerif-Bold", "SansSerif-Italic", "SansSerif-Regular",
            "Script-Regular", "Size1-Regular", "Size2-Regular", "Size3-Regular", "Size4-Regular",
            "Typewriter-Regular");

    /// Scripts, styles, fonts and requests of this server alone; images from data of the page; no frames, no forms.
    /// HTML can only be made of text by the sanitizer (Trusted Types).
    private static final String POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; "
            + "img-src 'self' data: blob:; media-src data: blob: mediastream:; connect-src 'self'; base-uri 'none'; "
            + "form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types dompurify";
    private static final Map<String, String> TYPES = Map.of("html", "text/html; charset=utf-8",
            "css", "text/css; charset=utf-8", "js", "text/javascript; charset=utf-8", "svg", "image/svg+xml",
            "woff2", "font/woff2");

    /// @param bytes the content
    /// @param contentType its media type
    /// @param tag the entity tag: the beginning of the content's SHA-256 hash, in quotes
    private record PageFile(byte[] bytes, String contentType, String tag) { }

    private final Map<String, PageFile> files = new LinkedHashMap<>();
    private final String folder;

    /// Reads all files.
    PageFiles() {
        for (String name : NAMES.subList(1, NAMES.size())) {
            add(name, own(name));
        }
        addLibrary("org.webjars.npm", "markdown-it", "dist/", List.of("markdown-it.min.js"));
        addLibrary("org.webjars.npm", "dompurify", "dist/", List.of("purify.min.js"));
        addLibrary("org.webjars", "highlightjs", "", List.of("highlight.min.js"));
        List<String> katex = new ArrayList<>(List.of("katex.min.js", "katex.min.css"));
        FONTS.forEach(font -> katex.add("fonts/KaTeX_" + font + ".woff2"));
        addLibrary("org.webjars.npm", "katex", "dist/", katex);
        String tags = String.join("", files.values().stream().map(PageFile::tag).toList());
        folder = "page/" + hash(tags.getBytes(StandardCharsets.US_ASCII)) + '/';
        String page = new String(own(INDEX), StandardCharsets.UTF_8).replace("=\"page/", "=\"" + folder);
        add(INDEX, page.getBytes(StandardCharsets.UTF_8));
    }

    /// Adds files of a WebJar, which has them in a folder named after its version.
    private void addLibrary(String group, String artifact, String from, List<String> names) {
        Properties pom = new Properties();
        String description = "META-INF/maven/" + group + '/' + artifact + "/pom.properties";
        try {
            pom.load(new ByteArrayInputStream(library(description)));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        String root = "META-INF/resources/webjars/" + artifact + '/' + pom.getProperty("version") + '/' + from;
        names.forEach(name -> add("lib/" + name, library(root + name)));
    }

    private void add(String name, byte[] bytes) {
        String type = TYPES.get(name.substring(name.lastIndexOf('.') + 1));
        files.put(name, new PageFile(bytes, type, '"' + hash(bytes) + '"'));
    }

    private static byte[] own(String name) {
        return read(name, PageFiles.class.getResourceAsStream(name));
    }

    /// Where this is a module, the class would find the resources of the module alone, the loader finds all.
    private static byte[] library(String path) {
        return read(path, PageFiles.class.getClassLoader().getResourceAsStream(path));
    }

    private static byte[] read(String name, InputStream from) {
        try (InputStream in = from) {
            if (in == null) {
                throw new IllegalStateException("the file " + name + " of the web page is not in this build");
            }
            return in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String hash(byte[] bytes) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes), 0, 16);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    /// The names of all files.
    Set<String> names() {
        return files.keySet();
    }

    /// The path of a file.
    String path(String name) {
        return '/' + (name.equals(INDEX) ? "" : folder + name);
    }

    /// Sends a file with status 200, or 304 if the browser has it already.
    ///
    /// @param isLasting whether the browser may keep the file for good, since its path changes with its content
    void send(Exchange exchange, String name, boolean isLasting) {
        PageFile file = files.get(name);
        exchange.setHeader("ETag", file.tag());
        exchange.setHeader("Cache-Control", isLasting ? "public, max-age=31536000, immutable" : "no-cache");
        exchange.setHeader("Content-Security-Policy", POLICY);
        exchange.setHeader("X-Content-Type-Options", "nosniff");
        exchange.setHeader("Referrer-Policy", "no-referrer");
        exchange.setHeader("Cross-Origin-Opener-Policy", "same-origin");
        exchange.setHeader("Cross-Origin-Resource-Policy", "same-origin");
        boolean isKnown = exchange.header("If-None-Match").filter(tags -> tags.contains(file.tag())).isPresent();
        exchange.send(isKnown ? 304 : 200, file.contentType(), isKnown ? new byte[0] : file.bytes());
    }
}
