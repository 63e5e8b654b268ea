package glia.serve.page;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.serve.TestServer;
import java.net.Socket;
import java.net.http.HttpHeaders;
import java.net.http.HttpRequest;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// The files of the web page, as sources and over HTTP.
class PageFilesTest {
    private static final Path FOLDER = Path.of("src/main/resources/glia/serve/page");
    private static final Pattern IMPORT = Pattern.compile("from \"\\./([\\w.-]+)\"|(?:href|src)=\"page/([\\w./-]+)\"");
    private static final Pattern FONT = Pattern.compile("url\\((fonts/[\\w-]+\\.woff2)\\)");
    private static final PageFiles PAGE = new PageFiles();

    @AutoClose
    private static TestServer server;

    @BeforeAll
    static void start() throws Exception {
        server = TestServer.start();
    }

    private static String source(String name) throws Exception {
        return Files.readString(FOLDER.resolve(name));
    }

    @Test
    void eachFileIsServedAndUsed() throws Exception {
        try (Stream<Path> files = Files.list(FOLDER)) {
            Set<String> there = files.map(file -> file.getFileName().toString())
                    .collect(Collectors.toCollection(TreeSet::new));
            assertEquals(there, new TreeSet<>(PageFiles.NAMES));
        }
        Set<String> used = new TreeSet<>(Set.of(PageFiles.INDEX));
        for (String name : PageFiles.NAMES) {
            for (MatchResult found : IMPORT.matcher(source(name)).results().toList()) {
                used.add(found.group(1) == null ? found.group(2) : found.group(1));
            }
        }
        String katex = new String(server.get(PAGE.path("lib/katex.min.css")).response().body(),
                StandardCharsets.UTF_8);
        FONT.matcher(katex).results().forEach(font -> used.add("lib/" + font.group(1)));
        assertEquals(new TreeSet<>(PAGE.names()), used);
    }

    /// Readable sources that never parse text as HTML or run it, and load nothing from another host.
    @Test
    void sourcesAreShortAndSafe() throws Exception {
        List<String> complaints = new ArrayList<>();
        Pattern unsafe = Pattern.compile("innerHTML|outerHTML|insertAdjacentHTML|document\\.write|DOMParser|\\beval\\b"
                + "|new Function|(?<![#.\\w])import\\(|srcdoc|(?:src|href|from|url)\\s*[=(]?\\s*[\"']?(?:https?:)?//");
        for (String name : PageFiles.NAMES) {
            List<String> lines = source(name).lines().toList();
            if (lines.size() > 400) {
                complaints.add(name + ": " + lines.size() + " lines");
            }
            for (int i = 0; i < lines.size(); i++) {
                String line = lines.get(i);
                if (line.length() > 120 || line.endsWith(" ") || line.contains("\t") || unsafe.matcher(line).find()) {
                    complaints.add(name + ":" + (i + 1) + ": " + line);
                }
            }
        }
        assertEquals(List.of(), complaints);
    }

    @Test
    void filesHaveHeadersThatRestrictThem() throws Exception {
        for (String name : PAGE.names()) {
            var reply = server.get(PAGE.path(name));
            assertEquals(200, reply.status(), name);
            if (!name.startsWith("lib/") && !name.equals(PageFiles.INDEX)) {
                assertArrayEquals(Files.readAllBytes(FOLDER.resolve(name)), reply.response().body(), name);
            }
            HttpHeaders headers = reply.response().headers();
            String policy = headers.firstValue("Content-Security-Policy").orElse("");
            assertTrue(policy.startsWith("default-src 'none'; script-src 'self'; style-src 'self'; ")
                    && policy.contains("frame-ancestors 'none'")
                    && policy.endsWith("require-trusted-types-for 'script'; trusted-types dompurify"), policy);
            assertFalse(policy.contains("unsafe"), policy);
            assertEquals("nosniff", headers.firstValue("X-Content-Type-Options").orElse(""));
            assertEquals("no-referrer", headers.firstValue("Referrer-Policy").orElse(""));
            assertEquals(name.equals(PageFiles.INDEX) ? "no-cache" : "public, max-age=31536000, immutable",
                    headers.firstValue("Cache-Control").orElse(""), name);
        }
        assertEquals("text/javascript; charset=utf-8", type("main.js"));
        assertEquals("text/javascript; charset=utf-8", type("lib/katex.min.js"));
        assertEquals("font/woff2", type("lib/fonts/KaTeX_Main-Regular.woff2"));
    }

    private static String type(String name) throws Exception {
        return server.get(PAGE.path(name)).response().headers().firstValue("Content-Type").orElse("");
    }

    /// Files that the browser keeps for good are in a folder that is named after their contents.
    @Test
    void thePageNamesTheFolderOfItsFiles() throws Exception {
        String page = new String(server.get("/").response().body(), StandardCharsets.UTF_8);
        assertTrue(page.contains("src=\"" + PAGE.path("main.js").substring(1) + '"'), page);
        assertTrue(PAGE.path("main.js").matches("/page/[0-9a-f]{32}/main\\.js"), PAGE.path("main.js"));
    }

    @Test
    void aFileThatTheBrowserHasIsNotSentAgain() throws Exception {
        String tag = server.get("/").response().headers().firstValue("ETag").orElseThrow();
        var known = server.send(HttpRequest.newBuilder(server.uri("/")).header("If-None-Match", tag).build());
        assertEquals(304, known.status());
        assertEquals(0, known.response().body().length);
        assertEquals(tag, known.response().headers().firstValue("ETag").orElse(""));
        var other = server.send(HttpRequest.newBuilder(server.uri("/")).header("If-None-Match", "\"0\"").build());
        assertEquals(200, other.status());
    }

    /// A client may look whether there is a server, as Ollama's does. A body after the headers of HEAD would be taken
    /// for the next response. The server closes the connection, as the request says.
    @ParameterizedTest
    @CsvSource({"/, 200", "/favicon.ico, 200", "/nothing, 404", "/v1/models, 200", "/v1/models/nothing, 404",
        "/api/tags, 200", "/ready, 200", "/v1/chat/completions, 405"})
    void headHasTheHeadersAlone(String path, int status) throws Exception {
        int length = server.get(path).response().body().length;
        try (Socket socket = new Socket("127.0.0.1", server.uri("/").getPort())) {
            socket.setSoTimeout(20_000);
            socket.getOutputStream().write(("HEAD " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close"
                    + "\r\n\r\n").getBytes(StandardCharsets.US_ASCII));
            String reply = new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertTrue(reply.startsWith("HTTP/1.1 " + status + " ") && reply.endsWith("\r\n\r\n"), reply);
            assertTrue(reply.toLowerCase(Locale.ROOT).contains("content-length: " + length + "\r\n"), reply);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"/page/", "/page/nothing.js", "/page/PageFiles.class", "/page/..%2f..%2fServer.class",
        "/page/%2e%2e/index.html", "/page//index.html",
        "/page/main.js", "/page/00000000000000000000000000000000/main.js"})
    void nothingElseIsServed(String path) throws Exception {
        var reply = server.get(path);
        assertTrue(reply.status() == 404 || reply.status() == 400, path + " " + reply.status());
        assertFalse(new String(reply.response().body(), StandardCharsets.ISO_8859_1).contains("<!doctype html>"));
    }
}
