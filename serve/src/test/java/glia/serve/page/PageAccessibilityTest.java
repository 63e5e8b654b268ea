package glia.serve.page;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.serve.ServerOptions;
import glia.serve.TestServer;
import glia.serve.security.Access;
import glia.serve.security.KeyFile;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Rules of WCAG 2.2 that a program can check: names of controls, contrast, visible focus; and the page of a server
/// with API keys.
class PageAccessibilityTest extends BrowserTest {
    private static final Set<String> NAMED = Set.of("button", "textbox", "searchbox", "combobox", "checkbox",
            "spinbutton", "link", "dialog", "article", "navigation", "log", "img", "image", "region", "listbox");

    /// Texts whose contrast to their background is below 4.5 (WCAG 1.4.3), or 3 for large ones. Backgrounds of
    /// ancestors are laid over each other; a canvas turns colours of any notation into bytes.
    private static final String CONTRASTS = """
            (() => {
              const context = new OffscreenCanvas(1, 1).getContext("2d", {willReadFrequently: true});
              const bytes = (under, colour) => {
                context.fillStyle = under; context.fillRect(0, 0, 1, 1);
                context.fillStyle = colour; context.fillRect(0, 0, 1, 1);
                return [...context.getImageData(0, 0, 1, 1).data].slice(0, 3);
              };
              const linear = v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
              const light = rgb => rgb.map(v => linear(v / 255)).reduce(
                (sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
              const ground = element => {
                const under = element.parentElement ? ground(element.parentElement) : "white";
                return `rgb(${bytes(under, getComputedStyle(element).backgroundColor).join()})`;
              };
              const bad = [];
              for (const element of document.querySelectorAll("body *")) {
                const own = [...element.childNodes].some(n => n.nodeType === 3 && n.data.trim());
                const place = element.getBoundingClientRect();
                if (!own || !element.checkVisibility({opacityProperty: true}) || place.width < 2 || element.disabled
                    || element.closest(".visually-hidden, .skip")) continue;
                const style = getComputedStyle(element);
                const under = ground(element);
                const [a, b] = [light(bytes(under, style.color)), light(bytes(under, under))];
                const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
                if (contrast < (parseFloat(style.fontSize) >= 24 ? 3 : 4.5)) {
                  bad.push(`${element.tagName}.${element.className} ${element.textContent.slice(0, 20)} ${contrast}`);
                }
              }
              return bad;
            })()""";

    private static void show() {
        set("temperature", "0", "probabilities", true, "alternatives", "2");
        browser.click("#compare");
        send("Use 3, 7 and 11 to make 32.");
        browser.await("document.querySelectorAll(\".turn.wide .figures\").length === 2");
        browser.click("details.thinking summary");
        browser.click(".message.chosen button[title^=Prob]");
        browser.await("document.querySelector('.token')");
    }

    @ParameterizedTest
    @ValueSource(strings = {"light", "dark"})
    void textHasContrast(String scheme) {
        browser.scheme(scheme);
        assertEquals(List.of(), browser.value(CONTRASTS));
        answer("length", List.of(Map.of("content", "> quote [link](https://example.org) $x$\n```java\n/** Doc. */\n"
                + "@Test\nvoid add(int n) { return \"a\" + 1; }\n```\n```diff\n-a\n+b\n```\n"
                + "```css\n.a { b: 1px }\n```\n")));
        send("Go");
        browser.await(DONE);
        assertTrue(browser.value("document.querySelectorAll('.code [class^=hljs]').length") instanceof Number n
                && n.intValue() > 6);
        assertEquals(List.of(), browser.value(CONTRASTS));
        show();
        browser.point(".token:last-child");
        assertEquals(List.of(), browser.value(CONTRASTS));
        browser.click("#open-settings");
        assertEquals(List.of(), browser.value(CONTRASTS));
        browser.press("Escape", "Escape", 0);
    }

    @Test
    void controlsHaveNamesAndIdsAreUnique() {
        show();
        for (String dialog : List.of("", "#open-settings", "#open-shortcuts")) {
            if (!dialog.isEmpty()) {
                browser.click(dialog);
            }
            List<String> nameless = new ArrayList<>();
            int controls = 0;
            Map<?, ?> tree = (Map<?, ?>) browser.command("Accessibility.getFullAXTree", Map.of());
            for (Object node : (List<?>) tree.get("nodes")) {
                String role = String.valueOf(value(node, "role"));
                if (NAMED.contains(role) && !Boolean.TRUE.equals(((Map<?, ?>) node).get("ignored"))) {
                    controls++;
                    if (String.valueOf(value(node, "name")).isBlank()) {
                        nameless.add(String.valueOf(node));
                    }
                }
            }
            assertEquals(List.of(), nameless);
            assertTrue(controls > 1, dialog + " " + controls);
            browser.press("Escape", "Escape", 0);
        }
        assertEquals(List.of(), browser.value("(() => {const ids = [...document.querySelectorAll('[id]')]"
                + ".map(e => e.id); return ids.filter((id, i) => ids.indexOf(id) !== i)})()"));
        assertEquals("en|1|true|polite", browser.text("[document.documentElement.lang,"
                + "document.querySelectorAll('h1').length, Boolean(document.querySelector('main')),"
                + "document.getElementById('announcer').ariaLive].join('|')"));
    }

    private static Object value(Object node, String property) {
        Object found = ((Map<?, ?>) node).get(property);
        return found == null ? "" : ((Map<?, ?>) found).get("value");
    }

    @Test
    void tabReachesAllControlsInTheirOrderWithVisibleFocus() {
        browser.value("(() => {document.body.tabIndex = -1; document.body.focus()})()");
        List<String> order = new ArrayList<>();
        for (int i = 0; i < 30 && !order.contains("send"); i++) {
            browser.press("Tab", "Tab", 0);
            order.add(browser.text("document.activeElement.id || document.activeElement.getAttribute('aria-label')"
                    + "|| document.activeElement.textContent"));
            // The box around the message field has the mark, not the field.
            assertTrue((Boolean) browser.value("(e => e.matches(':focus-visible') && (e.id === 'input'"
                    + "|| parseFloat(getComputedStyle(e).outlineWidth) >= 2))(document.activeElement)"),
                    order.getLast());
        }
        List<String> expected = List.of("new-chat", "search", "export", "Model", "compare", "theme", "open-shortcuts",
                "open-settings", "thread", "input", "send");
        assertEquals(expected, order.stream().filter(expected::contains).toList(), order::toString);
    }

    @Test
    void aServerWithKeysShowsThePageAndNeedsAKeyForAnswers(@TempDir Path folder) throws Exception {
        Path file = folder.resolve("keys");
        String key = KeyFile.add(file, "ada");
        try (TestServer locked = TestServer.start(ServerOptions.defaults().withAccess(Access.LOCAL.withKeys(
                KeyFile.open(file, _ -> { }))))) {
            browser.open(locked.uri("/"));
            browser.await("document.getElementById('notice').innerText.includes('API key')");
            browser.await("document.activeElement.id === 'key-input'");
            assertTrue(said("#key-note").contains("key"), said("#key-note"));
            browser.type(key);
            browser.click("#key .primary");
            browser.await("document.querySelector('#targets option')");
            send("Solve x^2 - 5x + 6 = 0.");
            browser.await(DONE);
            assertEquals("x = 2 or x = 3", said(".message.assistant .text"));
            assertTrue(!browser.text("JSON.stringify(localStorage)").contains(key));
            // The page requests figures of its server until another one is open.
            browser.open(server.uri("/"));
            // What the browser notes of requests without a key, and of the other server.
            browser.problems().removeIf(problem -> problem.contains("401"));
            browser.requests().removeIf(address -> address.startsWith(locked.uri("/").toString()));
        }
    }
}
