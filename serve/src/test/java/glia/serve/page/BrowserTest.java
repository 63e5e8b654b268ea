package glia.serve.page;

import static glia.serve.http.Json.object;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.browser.Browser;
import glia.serve.ServerOptions;
import glia.serve.TestServer;
import glia.serve.http.Json;
import java.net.URI;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;

/// A test of the web page in a real browser. Skipped where no Chromium is installed.
@Tag("browser")
abstract class BrowserTest {
    /// True once the answer has ended.
    static final String DONE = "document.querySelector(\".message.assistant .figures\")";

    static TestServer server;
    static Browser browser;

    @BeforeAll
    static void start() throws Exception {
        Optional<Path> program = Browser.find();
        Assumptions.assumeTrue(program.isPresent(), "no Chromium is installed: apt-get install chromium");
        server = TestServer.start(ServerOptions.defaults());
        browser = Browser.open(program.get());
    }

    @AfterAll
    static void stop() throws Exception {
        if (browser != null) {
            browser.close();
            server.close();
            browser = null;
        }
    }

    /// Begins with a page without history and settings.
    @BeforeEach
    void openPage() {
        browser.size(1200, 800, false);
        browser.open(server.uri("/favicon.ico"));
        // A database is gone when the page before has let go of it.
        browser.value("""
                (async () => {
                  localStorage.clear();
                  sessionStorage.clear();
                  for (const one of await indexedDB.databases()) {
                    await new Promise(done => {
                      const request = indexedDB.deleteDatabase(one.name);
                      request.onsuccess = request.onerror = done;
                      setTimeout(done, 5000);
                    });
                  }
                })()""");
        open();
    }

    /// No script failed, nothing was blocked, and no other host was contacted.
    @AfterEach
    void nothingWentWrong() {
        List<String> problems = List.copyOf(browser.problems());
        browser.problems().clear();
        assertEquals(List.of(), problems);
        String own = server.uri("/").getAuthority();
        for (String address : browser.requests()) {
            assertTrue(!address.startsWith("http") || URI.create(address).getAuthority().equals(own), address);
        }
    }

    /// Opens the page again.
    static void open() {
        browser.open(server.uri("/?" + System.nanoTime()));
        browser.await("document.querySelector('#targets option')");
    }

    static void send(String text) {
        browser.click("#input");
        browser.await("document.activeElement.id === 'input'");
        browser.type(text);
        browser.await("document.getElementById('input').value === " + Json.text(text));
        browser.press("Enter", "Enter", 0);
    }

    /// Opens the page with settings, the JSON of `settings.js`.
    static void set(Object... settings) {
        browser.value("localStorage.setItem('glia.settings', " + Json.text(Json.text(Json.object(settings))) + ")");
        open();
    }

    /// The visible texts of all elements of a selector, with bars between them.
    static String said(String selector) {
        return browser.text("[...document.querySelectorAll('" + selector + "')].map(e => e.innerText).join('|')");
    }

    /// Makes the page's next requests for chat completions get an answer.
    ///
    /// @param deltas of the chunks
    static void answer(String reason, List<Map<String, Object>> deltas) {
        StringBuilder events = new StringBuilder();
        for (Map<String, Object> delta : deltas) {
            events.append("data: ").append(Json.text(object("choices", List.of(object("delta", delta)))))
                    .append("\n\n");
        }
        events.append("data: ").append(Json.text(object("choices", List.of(object("delta", object(), "finish_reason",
                reason))))).append("\n\ndata: ").append(Json.text(object("choices", List.of(), "usage", object(
                "prompt_tokens", 1, "completion_tokens", 2)))).append("\n\ndata: [DONE]\n\n");
        reply(200, events.toString(), object());
    }

    static void reply(int status, String body, Map<String, Object> headers) {
        browser.value("(() => {const real = window.real ??= window.fetch; window.fetch = (to, options) => {"
                + "if (!String(to).includes('chat/completions')) return real(to, options);"
                + "window.sent = JSON.parse(options.body); return Promise.resolve(new Response(" + Json.text(body)
                + ", {status: " + status + ", headers: " + Json.text(headers) + "}))}})()");
    }

    static void answer(String text) {
        answer("stop", List.of(object("content", text)));
    }
}
