package glia.serve.page;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.serve.http.Json;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// The web page with answers of the `reasoner` model.
class WebPageTest extends BrowserTest {
    @Test
    void answersAreStreamedWithFoldedThinkingAndBranches() {
        set("temperature", "0");
        browser.value("(() => {window.spoken = []; new MutationObserver(() => spoken.push("
                + "document.getElementById('announcer').textContent)).observe("
                + "document.getElementById('announcer'), {childList: true})})()");
        send("Use 3, 7 and 11 to make 32.");
        browser.await(DONE);
        assertEquals("Use 3, 7 and 11 to make 32.", said(".message.user .text"));
        assertEquals("3*7+11", said(".message.assistant .text"));
        assertTrue(said("details.thinking summary").matches("Thought for .* m?s, \\d+ tokens"),
                said("details.thinking summary"));
        assertEquals(false, browser.value("document.querySelector('details.thinking').open"));
        assertTrue(said(".figures").matches("\\d+ tokens · .* tokens/s · first after .*"), said(".figures"));
        browser.await("spoken.join(' ').includes('3*7+11') && spoken.join(' ').includes('The answer is complete.')");

        browser.press("r", "KeyR", 1);
        browser.await(DONE + " && document.querySelector('.versions')");
        assertTrue(said(".versions").contains("2 / 2"), said(".versions"));
        browser.press(",", "Comma", 1);
        assertTrue(said(".versions").contains("1 / 2"), said(".versions"));

        browser.press("e", "KeyE", 1);
        browser.value("document.activeElement.select()");
        browser.type("Solve x^2 - 5x + 6 = 0.");
        browser.press("Enter", "Enter", 0);
        browser.await(DONE);
        assertEquals("Solve x^2 - 5x + 6 = 0.", said(".message.user .text"));
        browser.click(".message.user button[aria-label^=Previous]");
        assertEquals("3*7+11", said(".message.assistant .text"));

        // The chat, its branches and the chosen ones outlast the page.
        open();
        browser.click("#chats .open");
        browser.await("document.querySelectorAll('.versions').length === 2");
        assertEquals("3*7+11", said(".message.assistant .text"));
        String export = browser.text("new Promise(done => {const make = URL.createObjectURL;"
                + "URL.createObjectURL = blob => {blob.text().then(done); return make.call(URL, blob)};"
                + "document.getElementById('export').click()})");
        assertTrue(export.contains("\"glia\": \"chats\"") && export.contains("3*7+11"), export);
        browser.value("window.confirm = () => true");
        browser.click("#delete-all");
        browser.await("!document.querySelector('#chats li')");
        browser.value("(() => {const data = new DataTransfer(); data.items.add(new File([" + Json.text(export)
                + "], 'chats.json')); const input = document.getElementById('import-file'); input.files = data.files;"
                + "input.dispatchEvent(new Event('change'))})()");
        browser.click("#chats .open");
        browser.await("document.querySelectorAll('.versions').length === 2");
    }

    @Test
    void tokensShowProbabilitiesAndAttention() {
        set("temperature", "0", "probabilities", true, "alternatives", "3");
        send("Use 3, 7 and 11 to make 32.");
        browser.await(DONE);
        browser.click(".message.assistant button[title^=Prob]");
        browser.point(".token:nth-child(5)");
        browser.await("!document.getElementById('tooltip').hidden");
        assertTrue(said("#tooltip").contains("probability") && said("#tooltip").contains(" %"), said("#tooltip"));
        assertEquals(3, browser.value("document.querySelectorAll('#tooltip tr').length"));
        browser.click(".legend button");
        browser.await("document.querySelector('.token.is-prompt')");
        // By keyboard: the arrow moves to the next token, which is described.
        browser.value("document.querySelector('.token:not(.is-prompt)').focus()");
        browser.press("ArrowRight", "ArrowRight", 0);
        assertTrue(said("#tooltip").contains("Attends to"), said("#tooltip"));
        browser.point(".token:last-child");
        assertTrue(browser.value("[...document.querySelectorAll('.token')].filter(e => e.style.background).length")
                instanceof Number shaded && shaded.intValue() > 5);
    }

    @Test
    void twoEffortsAnswerSideBySideAndEscapeStops() {
        browser.click("#compare");
        assertEquals(2, browser.value("document.querySelectorAll('#targets .model').length"));
        send("Solve x^2 - 5x + 6 = 0.");
        browser.await("document.querySelectorAll(\".turn.wide .figures\").length === 2");
        assertEquals(1, browser.value("document.querySelectorAll('.turn.wide details.thinking').length"));
        browser.click(".turn.wide .message:not(.chosen) .actions button");
        assertTrue(said(".message.chosen .who").contains("effort none"), said(".message.chosen .who"));

        send("Use 3, 7, 11, 13 and 17 to make 32.");
        browser.press("Escape", "Escape", 0);
        browser.await("document.querySelector('.cut') && document.getElementById('stop').hidden");
        assertTrue(said(".cut").contains("You stopped this answer."), said(".cut"));
    }

    /// An answer that is being generated does not bring its chat back.
    @Test
    void aChatThatIsDeletedWhileItIsAnsweredStaysDeleted() {
        send("Solve x^2 - 5x + 6 = 0.");
        browser.await(DONE);
        browser.await("document.querySelector('#chats li')");
        browser.value("window.confirm = () => true");
        for (String control : new String[] {"#chats button[aria-label^=Delete]", "#delete-all"}) {
            send("Use 3, 7, 11, 13 and 17 to make 32.");
            browser.await("!document.getElementById('stop').hidden");
            browser.click(control);
            browser.await("document.getElementById('stop').hidden && !document.querySelector('#chats li')");
            open();
            assertEquals(0, browser.value("(async () => {const db = await new Promise(done => {const opening = "
                    + "indexedDB.open('glia', 1); opening.onsuccess = () => done(opening.result)});"
                    + "const count = await new Promise(done => {const all = db.transaction('chats')"
                    + ".objectStore('chats').count(); all.onsuccess = () => done(all.result)});"
                    + "db.close(); return count})()"));
            send("Solve x^2 - 5x + 6 = 0.");
            browser.await(DONE);
            browser.await("document.querySelector('#chats li')");
            browser.value("window.confirm = () => true");
        }
    }

    /// An error that repeats a long word, such as a pattern, is not wider than the screen.
    @Test
    void longWordsOfErrorsAreDivided() {
        browser.size(390, 844, true);
        set("format", "regex", "formatText", "(" + "a".repeat(300));
        send("x".repeat(300));
        browser.await("document.querySelector('.message.assistant .error')");
        assertTrue(said(".error").contains("found no ')' to end a group"), said(".error"));
        assertEquals(true, browser.value("(thread => thread.scrollWidth <= thread.clientWidth)"
                + "(document.getElementById('thread'))"));
        assertTrue(browser.problems().stream().allMatch(one -> one.contains("400 (Bad Request)")));
        browser.problems().clear();
    }

    /// What is below the message box never moves it, or a click would miss it.
    @ParameterizedTest
    @ValueSource(ints = {360, 1200})
    void figuresOfTheServerMoveNothing(int width) {
        browser.size(width, 640, width < 700);
        open();
        Object before = browser.value("document.getElementById('input').getBoundingClientRect().y");
        for (String figure : new String[] {"format-note", "speed", "load"}) {
            browser.value("document.getElementById('" + figure + "').textContent = 'tokens/s '.repeat(30)");
            assertEquals(before, browser.value("document.getElementById('input').getBoundingClientRect().y"), figure);
        }
        assertEquals(width, browser.value("document.documentElement.scrollWidth"));
        Object below = browser.value("document.getElementById('main').getBoundingClientRect().y");
        browser.value("document.getElementById('targets').replaceChildren()");
        assertEquals(below, browser.value("document.getElementById('main').getBoundingClientRect().y"),
                "before the models are there");
    }

    @Test
    void narrowScreensHaveNoSidewaysScrolling() {
        browser.size(360, 640, true);
        send("Solve x^2 - 5x + 6 = 0.");
        browser.await(DONE);
        assertEquals(360, browser.value("document.documentElement.scrollWidth"));
        assertEquals("hidden", browser.value("getComputedStyle(document.getElementById('history')).visibility"));
        browser.click("#open-history");
        browser.await("document.activeElement.id === 'new-chat'");
        browser.press("Escape", "Escape", 0);
        browser.await("document.activeElement.id === 'open-history'");
        browser.click("#open-settings");
        assertTrue((Boolean) browser.value("document.getElementById('settings').open"));
        assertEquals(360, browser.value("document.documentElement.scrollWidth"));
        browser.press("Escape", "Escape", 0);
        assertFalse((Boolean) browser.value("document.getElementById('settings').open"));
    }
}
