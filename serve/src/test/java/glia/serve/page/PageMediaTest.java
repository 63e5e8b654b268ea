package glia.serve.page;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.io.sound.Sound;
import java.util.Base64;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// Sounds and pictures of the web page: files, the microphone and the camera, which are those that Chromium feigns, and
/// answers that are spoken.
class PageMediaTest extends BrowserTest {
    private static final String WAV = "UklGRiQAAABXQVZFZm10IBAAAAABAAEAgD4AAAB9AAACABAAZGF0YQAAAAA=";
    private Object script;

    /// Opens the page with other answers of `v1/models` and of the state of the server.
    ///
    /// @param from what is replaced in them
    private void openWith(String from, String to) {
        script = browser.command("Page.addScriptToEvaluateOnNewDocument", Map.of("source",
                "const plain = fetch; window.fetch = async (to, options) => {const got = await plain(to, options);"
                + "if (!/(models|status)$/.test(String(to))) return got; return new Response((await got.text())"
                + ".replaceAll('" + from + "', '" + to + "'))}"));
        open();
    }

    @AfterEach
    void removeScript() {
        browser.command("Page.removeScriptToEvaluateOnNewDocument", Map.of("identifier",
                ((Map<?, ?>) script).get("identifier")));
    }

    @Test
    void soundsAreAttachedAndRecordedAndStay() throws Exception {
        assertEquals(true, browser.value("document.getElementById('record').hidden"));
        openWith("\"input_modalities\":[\"text\"]", "\"input_modalities\":[\"text\",\"audio\"]");
        browser.await("!document.getElementById('record').hidden");
        assertEquals("audio/*", browser.text("document.getElementById('image-file').accept"));
        browser.value("(() => {const data = new DataTransfer(); const bytes = Uint8Array.from(atob('" + WAV + "'),"
                + "c => c.charCodeAt(0)); data.items.add(new File([bytes], 'a.wav', {type: 'audio/wav'}));"
                + "const input = document.getElementById('image-file');"
                + "input.files = data.files; input.dispatchEvent(new Event('change'))})()");
        browser.await("document.querySelector('#images audio')");
        browser.click("#record");
        browser.await("document.getElementById('record').textContent === 'End recording'");
        // The microphone beeps once a second.
        browser.value("new Promise(done => setTimeout(done, 1200))");
        browser.click("#record");
        browser.await("document.querySelectorAll('#images audio').length === 2");
        answer("A beep.");
        send("What is it?");
        browser.await(DONE);
        assertEquals(WAV, browser.text("sent.messages[0].content[1].input_audio.data"));
        assertEquals("wav", browser.text("sent.messages[0].content[2].input_audio.format"));
        String recorded = browser.text("sent.messages[0].content[2].input_audio.data");
        float[] samples = Sound.of("recorded", Base64.getDecoder().decode(recorded), Sound.Limits.DEFAULT)
                .samples(16_000);
        assertTrue(samples.length > 8_000, () -> samples.length + " samples");
        float most = 0;
        for (float x : samples) {
            most = Math.max(most, Math.abs(x));
        }
        assertTrue(most > 0.01, "the recording is silent");
        open();
        browser.click("#chats li:last-child .open");
        browser.await("document.querySelectorAll('.message.user audio[controls]').length === 2");
        assertEquals("data:audio/wav;base64," + WAV, browser.text("document.querySelector('.message audio').src"));
    }

    @Test
    void theCameraTakesPictures() {
        openWith("\"input_modalities\":[\"text\"]", "\"input_modalities\":[\"text\",\"image\"]");
        browser.await("!document.getElementById('camera').hidden");
        browser.click("#camera");
        browser.await("document.querySelector('#camera-view video')?.videoWidth > 0");
        browser.click("#camera-view .primary");
        browser.await("document.querySelector('#images img')?.naturalWidth > 0");
        answer("A clock.");
        send("What is it?");
        browser.await(DONE);
        byte[] picture = Base64.getDecoder().decode(browser.text("sent.messages[0].content[1].image_url.url")
                .replace("data:image/jpeg;base64,", ""));
        assertArrayEquals(new byte[] {(byte) 0xff, (byte) 0xd8}, new byte[] {picture[0], picture[1]});
        assertEquals(true, browser.value("!document.getElementById('camera-view')"));
    }

    @Test
    void answersAreSpoken() {
        openWith("\"data\":[", "\"data\":[{\"id\":\"voice\",\"output_modalities\":[\"audio\"]},");
        assertEquals(false, browser.value("[...document.querySelectorAll('.target option')].some(one => one.value === "
                + "'voice')"), "a voice is no chat model");
        answer("Hello.");
        send("Hi");
        browser.await(DONE);
        browser.value("document.querySelector('[aria-label^=Listen]').isMarked = true");
        browser.await("document.getElementById('announcer').textContent.includes('complete')");
        browser.value("new Promise(done => setTimeout(() => requestAnimationFrame(done), 1500))");
        assertEquals(true, browser.value("document.querySelector('[aria-label^=Listen]').isMarked"),
                "an update replaced a button that looks the same: a click on it would be lost");
        browser.value("(() => {const real = window.fetch; window.fetch = (to, options) => {"
                + "if (!String(to).includes('audio/speech')) return real(to, options);"
                + "window.spoken = JSON.parse(options.body); return Promise.resolve(new Response("
                + "Uint8Array.from(atob('" + WAV + "'), c => c.charCodeAt(0))))};"
                + "HTMLMediaElement.prototype.play = function() {window.played = this.src; return Promise.resolve()}"
                + "})()");
        browser.click(".message.assistant [aria-label^=Listen]");
        browser.await("window.played?.startsWith('blob:')");
        assertEquals("voice Hello.", browser.text("`${spoken.model} ${spoken.input}`"));
        browser.value("(() => {URL.revokeObjectURL = to => {window.freed = to}})()");
        browser.click(".message.assistant [aria-label^=Listen]");
        browser.await("window.freed === window.played");
    }
}
