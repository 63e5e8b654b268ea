package glia.serve.page;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/// What belongs to a chat of the web page: system prompt, title, answers side by side, suggestions.
class PageChatsTest extends BrowserTest {
    /// Each chat has its system prompt and its title.
    @Test
    void chatsHaveSystemPromptsAndTitles() {
        set("system", "Be short.");
        browser.click("#open-settings");
        assertEquals("Be short.", browser.text("document.getElementById('set-chatSystem').value"));
        browser.value("document.getElementById('set-chatSystem').focus()");
        browser.type("Rhyme. ");
        browser.press("Escape", "Escape", 0);
        answer("Yes.");
        send("## What is the **longest** river of the whole wide world, and why is it so very long?");
        browser.await(DONE);
        String system = browser.text("sent.messages[0].content");
        assertTrue(system.contains("Rhyme.") && system.contains("Be short."), system);
        assertTrue(browser.text("document.querySelector('details.system .text').textContent").contains("Rhyme."));
        browser.await("document.title === 'What is the **longest** river of the whole wide world, and… – Glia'");
        browser.click("#chats button[aria-label^=Rename]");
        browser.type("Rivers");
        browser.press("Enter", "Enter", 0);
        browser.await("document.title === 'Rivers – Glia'");
        browser.press("n", "KeyN", 1);
        send("Go");
        browser.await(DONE + " && sent.messages.at(-1).content === 'Go'");
        assertEquals("Be short.", browser.text("sent.messages[0].content"));
        open();
        browser.click("#chats li:last-child .open");
        browser.await("document.querySelector('details.system')");
        assertTrue(browser.text("document.querySelector('details.system .text').textContent").contains("Rhyme."));
        assertEquals("Rivers", said("#chats li:last-child .open"));
    }

    /// Two answers of one model with settings of their own.
    @Test
    void settingsAreComparedSideBySide() {
        browser.click("#compare");
        browser.click(".target:last-child button");
        assertEquals("Settings of answer 2", said("#settings-title"));
        browser.click("#set-temperature");
        browser.type("0.5");
        browser.click("#set-ownSystem");
        browser.type("Rhyme.");
        browser.press("Escape", "Escape", 0);
        browser.await("document.querySelector('.target:last-child button[aria-pressed=true]')");
        answer("Yes.");
        browser.value("(() => {window.all = []; const fetch = window.fetch; window.fetch = (to, options) => {"
                + "if (options?.body) all.push(JSON.parse(options.body)); return fetch(to, options)}})()");
        send("Go");
        browser.await("document.querySelectorAll('.turn.wide .figures').length === 2");
        assertEquals("Go||0.5|Rhyme.", browser.text("[all[0].messages[0].content, all[0].temperature ?? '',"
                + "all[1].temperature, all[1].messages[0].content].join('|')"));
        assertTrue(said(".turn.wide .message:last-child .who").contains("temperature 0.5"), said(".turn.wide .who"));
    }

    /// An empty chat says what the chosen model can do, with its own examples.
    @Test
    void suggestionsAreOfTheChosenModel() {
        String replace = "const plain = fetch; window.fetch = async (to, options) => {const got = await plain(to, "
                + "options); if (!/models$|status$/.test(String(to))) return got; const text = await got.text(); "
                + "return new Response(%s)}";
        List<String> ideas = List.of("Use 3, 7 and 11 to make 32.|17+25=", "", "");
        List<String> changes = List.of("text.replace('\"owned_by\"', '\"description\":\"solves two kinds of problems, "
                + "such as \\\\\"Use 3, 7 and 11 to make 32.\\\\\" and \\\\\"17+25=\\\\\"\",\"owned_by\"')",
                "text.replace('\"embeds\":false', '\"embeds\":true')",
                "text.replace('\"chats\":true', '\"chats\":false')");
        List<String> words = List.of("reasoner solves two kinds of problems", "makes embeddings", "no chat template");
        for (int i = 0; i < changes.size(); i++) {
            Object script = browser.command("Page.addScriptToEvaluateOnNewDocument", Map.of("source",
                    replace.formatted(changes.get(i))));
            open();
            browser.await("document.querySelector('.ability')?.innerText.includes('" + words.get(i) + "')");
            assertEquals(ideas.get(i), said(".ideas button"));
            assertEquals("", said("#targets small"), "the choice of the model keeps its width");
            browser.command("Page.removeScriptToEvaluateOnNewDocument", Map.of("identifier",
                    ((Map<?, ?>) script).get("identifier")));
        }
        open();
        assertTrue(said(".ideas button").contains("KV cache"), said(".ideas button"));
    }
}
