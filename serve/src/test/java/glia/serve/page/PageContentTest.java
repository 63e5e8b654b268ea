package glia.serve.page;

import static glia.serve.http.Json.object;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.serve.http.Json;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/// How the web page shows what models and servers answer. The answers are written here: the page's requests for chat
/// completions get them from a function in place of `fetch`.
class PageContentTest extends BrowserTest {
    private static final String HOSTILE = """
            <script>window.hacked = 1</script> <img src=x onerror="window.hacked = 2">
            [click](javascript:window.hacked=3) [data](data:text/html,x) ![pixel](https://evil.example/p.png)
            <svg onload="window.hacked=4"><a xlink:href="javascript:window.hacked=5"> <javascript:window.hacked=6> [r]
            &lt;img src=x onerror=window.hacked=7&gt; [x](&#106;avascript:window.hacked=8) [rel](/v1/models)
            <style>body { display: none }</style><math><mtext></form><iframe srcdoc="<script>window.hacked=9</script>">

            [r]: JaVaScRiPt:window.hacked=10 "><img src=x onerror=window.hacked=11>

            # Title
            **bold *both*** `code` ~~gone~~ [Glia](https://example.org/a_b "t") https://example.org/c.

            - one
              - inner
            - [x] two

            | a | b |
            |---|--:|
            | 1 | <b>2</b> |

            ```python
            print("<hi>")
            ```
            ```"><img/src=x/onerror=window.hacked=12>
            code
            ```
            """;

    @Test
    void markdownOfModelsIsNeverHtml() {
        answer(HOSTILE);
        send("Go");
        browser.await(DONE);
        assertEquals(0, browser.value("document.querySelectorAll('.text :is(script, style, img, svg, iframe, b)')"
                + ".length"));
        assertEquals(0, browser.value("[...document.querySelectorAll('.assistant *')].filter(e => "
                + "e.getAttributeNames().some(name => name.startsWith('on'))).length"));
        assertEquals("undefined", browser.text("typeof window.hacked"));
        assertEquals("https://evil.example/p.png|https://example.org/a_b|https://example.org/c",
                browser.text("[...document.querySelectorAll('.text a')].map(a => a.href).join('|')"));
        assertEquals("noopener noreferrer nofollow", browser.text("document.querySelector('.text a').rel"));
        assertEquals("bold both", said(".assistant .text strong"));
        assertEquals("both", said(".assistant .text em"));
        assertEquals("gone", said(".assistant .text s"));
        assertEquals("inner", said(".assistant .text li li"));
        assertEquals("a|b", said(".assistant .text th"));
        assertEquals("1|<b>2</b>", said(".assistant .text td"));
        assertEquals("print(\"<hi>\")|code", said(".assistant .code pre"));
        assertEquals("TypeError", browser.text("(() => {try {document.createElement('p').innerHTML = 'x'}"
                + "catch (e) {return e.name}})()"), "only the sanitizer makes HTML of text");
        browser.problems().removeIf(problem -> problem.contains("TrustedHTML"));
        assertTrue(said(".assistant .text p").contains("<script>window.hacked = 1</script>"));
        browser.click(".code button");
        browser.await("document.querySelector('.code button')?.textContent === 'Copied'");
    }

    /// What may still change stands behind the final text, and is gone at the end.
    @Test
    void theCanvasOfTextDiffusionSettles() {
        browser.value("(() => {const real = window.real ??= window.fetch; window.fetch = (to, options) => {"
                + "if (!String(to).includes('chat/completions')) return real(to, options);"
                + "window.sent = JSON.parse(options.body);"
                + "return Promise.resolve(new Response(new ReadableStream({start(c) {window.line = text => "
                + "c.enqueue(new TextEncoder().encode('data: ' + text + '\\n\\n'));"
                + "window.delta = (delta, finish_reason) => line(JSON.stringify({choices: [{delta, finish_reason}]}))"
                + "}})))}})()");
        send("Go");
        browser.await("window.delta");
        assertEquals("true", browser.text("sent.stream_options.include_canvas"));
        browser.value("delta({canvas: {step: 1, spans: [{state: 'noise', text: '░░'}, "
                + "{state: 'set', text: ' <b>c'}]}})");
        browser.await("document.querySelector('.assistant .canvas')?.textContent === '░░ <b>c'");
        assertEquals("░░|<b>c", browser.text("[...document.querySelectorAll('.canvas span')].map(e => "
                + "e.textContent.trim()).join('|')"));
        browser.value("delta({content: 'a'}); delta({canvas: {step: 2, spans: [{state: 'set', text: 'b <b>c'}]}})");
        browser.await("document.querySelector('.assistant .canvas')?.textContent === 'b <b>c'");
        assertEquals("a", said(".assistant .text"));
        browser.value("delta({content: 'b c'}); delta({canvas: {step: 3, spans: []}}); delta({}, 'stop'); "
                + "line('[DONE]')");
        browser.await("document.querySelector('.assistant[aria-busy=false]')");
        assertEquals("ab c", said(".assistant .text"));
        assertEquals(0, browser.value("document.querySelectorAll('.canvas').length"));
    }

    /// Arithmetic is not emphasis; all other stars are CommonMark's.
    @Test
    void starsBetweenOperandsAreNoEmphasis() {
        List<String> cases = List.of("2*7*3", "(1+2)*3*(4)", "2**3**4", "3*x*y + x²*y²*2", "a*b*c",
                "(a)**2*(b)**2", "2 * 7 * 3", "x = 1.5*n_1*n_2*(k+1)*4",
                "**2*(3+4)*5 = 70** | <strong>2*(3+4)*5 = 70</strong>", "*2*3* | <em>2*3</em>",
                "foo*bar*baz | foo<em>bar</em>baz", "**2**(x) | <strong>2</strong>(x)", "snake_case_name",
                "**重**要 | <strong>重</strong>要", "***a** b* | <em><strong>a</strong> b</em>", "a * b * c",
                "*foo**bar**baz* | <em>foo<strong>bar</strong>baz</em>", "costs $5, not $6", "from $5 to 10$",
                "$HOME/bin:$PATH", "a \\$5 and $ 6 $ | a $5 and $ 6 $");
        answer(String.join("\n\n", cases.stream().map(one -> one.replaceAll(" \\| .*", "")).toList()));
        send("Go");
        browser.await(DONE);
        assertEquals(String.join("\n", cases.stream().map(one -> one.replaceAll(".* \\| ", "")).toList()), browser.text(
                "[...document.querySelectorAll('.assistant .text > p')].map(p => p.innerHTML).join('\\n')"));
    }

    /// Formulas of all delimiters are set; what is none stays as it was written, and commands for HTML and links are
    /// off.
    @Test
    void formulasAreSet() {
        answer("""
                Root $x_1*y_1*z$, \\(\\frac{a}{b}\\), and $$\\sqrt{2} = \\vec{v}$$ in a line.

                \\[
                \\begin{pmatrix} a & b \\\\ c & d \\end{pmatrix}

                - \\underbrace{1}_{2} \\xrightarrow{f} \\overline{z} \\boxed{3} \\cancel{4} \\phase{5}
                \\]
                - item
                  $$
                  a
                  $$

                Bad: $\\nothing{$ and `$code$` and
                $\\href{javascript:window.hacked=1}{x}\\htmlData{a=b}{y}\\includegraphics{https://evil.example/p.png}$
                ```latex
                $not$
                ```
                """.replace("\\\\", "\\"));
        send("Go");
        browser.await(DONE);
        assertEquals(6, browser.value("document.querySelectorAll('.text .katex-html').length"));
        assertEquals(3, browser.value("document.querySelectorAll('.text .katex-display').length"));
        assertEquals("x_1*y_1*z|\\frac{a}{b}", browser.text("[...document.querySelectorAll('.text annotation')]"
                + ".slice(0, 2).map(e => e.textContent).join('|')").replace("\\\\", "\\"));
        assertTrue(said(".text").contains("$\\nothing{$ and $code$ and"), said(".text"));
        assertEquals("$not$", said(".code pre"));
        assertEquals(0, browser.value("document.querySelectorAll('.text :is(a, img, [data-a])').length"));
        browser.await("[...document.fonts].some(f => f.family === 'KaTeX_Main' && f.status === 'loaded')");
    }

    /// A text that grows piece by piece looks as one that comes at once, at each moment.
    @Test
    void growingTextsLookAsWholeOnes() {
        String text = HOSTILE + """

                - a

                - b
                  $$
                  c

                  d
                  $$

                Title
                =====
                    lazy

                    code

                | a |
                |---|
                | b | `open
                """;
        assertEquals("", browser.text("(async () => {const text = " + Json.text(text)
                + "; const {MarkdownView} = await import(document.querySelector('script[type=module]').src"
                + ".replace('main.js', 'markdown.js'));"
                + "const grown = new MarkdownView(); for (let i = 3; i < text.length + 3; i += 3) {"
                + "const whole = new MarkdownView(); grown.update(text.slice(0, i)); whole.update(text.slice(0, i));"
                + "if (grown.element.innerHTML !== whole.element.innerHTML) return text.slice(0, i)} return ''})()"));
    }

    @Test
    void hostileTextsTakeNoLongTime() {
        String text = ">".repeat(3000) + "\n\n" + "*a ".repeat(20_000) + "\n\n" + "[".repeat(20_000) + "\n\n"
                + "**_".repeat(10_000) + "\n\n" + "- ".repeat(3000) + "\n\n| a |\n|" + "-|".repeat(2000)
                + " ".repeat(20_000) + "x\n\n" + "# ".repeat(5000) + "\n\n" + "![](".repeat(5000) + "\n\n---"
                + " ".repeat(50_000) + "x";
        StringBuilder ticks = new StringBuilder();
        for (int i = 1; i < 200; i++) {
            ticks.append("`".repeat(i)).append(' ');
        }
        answer(text + "\n\n" + ticks + "\n\nthe end");
        send("Go");
        browser.await(DONE + " && document.querySelector('.assistant .text')?.innerText.endsWith('the end')");
    }

    private static Map<String, Object> token(String text, double logProbability, int... bytes) {
        return object("token", text, "logprob", logProbability, "bytes", Arrays.stream(bytes).boxed().toList());
    }

    /// An emoji of three tokens is shown once; each of them has its own probability, its bytes and alternatives. The
    /// answer whose attention is requested has the emoji again.
    @Test
    void partsOfACharacterAreShownAsOne() {
        set("probabilities", true, "alternatives", "2");
        List<Object> tokens = new ArrayList<>();
        for (Map<String, Object> one : List.of(token("A ", -0.5, 65, 32), token("\ufffd", -0.1, 0xf0, 0x9f),
                token("\ufffd", -1, 0x98), token("\ufffd", Math.log(0.25), 0x80), token("b", -0.2, 98))) {
            Map<String, Object> whole = new LinkedHashMap<>(one);
            whole.put("top_logprobs", List.of(one, token("\ufffd", -3, 0x99)));
            tokens.add(whole);
        }
        reply(200, "data: " + Json.text(object("choices", List.of(object("delta", object("content", "A 😀b"), "logprobs",
                object("content", tokens), "finish_reason", "stop")))) + "\n\ndata: [DONE]\n\n", object());
        send("Go");
        browser.await("document.querySelector('.message.assistant button[title^=Prob]')");
        browser.click(".message.assistant button[title^=Prob]");
        assertEquals("A |😀|·|·|b", browser.text(
                "[...document.querySelectorAll('.token')].map(e => e.textContent).join('|')"));
        browser.value("document.querySelector('.token:nth-child(4)').focus()");
        assertEquals("80 bytes of 😀 probability 25.0 %", browser.text(
                "document.querySelector('#tooltip > div').textContent"));
        assertEquals("80|99", browser.text(
                "[...document.querySelectorAll('#tooltip td:first-child')].map(e => e.textContent).join('|')"));
        browser.value("(() => {const real = window.fetch; window.fetch = (to, options) => {"
                + "if (!String(to).includes('attention')) return real(to, options);"
                + "window.asked = JSON.parse(options.body); return Promise.resolve(new Response(JSON.stringify("
                + "{tokens: ['p', 'A ', 'bytes:\\\\xf0\\\\x9f', 'bytes:\\\\x98', 'bytes:\\\\x80', 'b'], first: 1,"
                + " weights: [[.5, .5], [.2, .3, .5], [.1, .2, .3, .4], [.1, .1, .1, .6, .1],"
                + " [.1, .1, .1, .1, .5, .1]]})))}})()");
        browser.click(".legend button");
        browser.await("document.querySelector('.token.is-prompt')");
        assertEquals("A 😀b", browser.text("asked.answer"));
        browser.value("document.querySelector('.token:nth-child(5)').focus()");
        String tooltip = browser.text("document.getElementById('tooltip').innerText");
        assertTrue(tooltip.contains("probability 25.0 %") && tooltip.contains("60.0 %"), tooltip);
    }

    @Test
    void toolCallsAreShownAndTheirResultsSent() {
        set("tools", "[{\"type\":\"function\",\"function\":{\"name\":\"weather\",\"parameters\":{}}}]");
        answer("tool_calls", List.of(object("tool_calls", List.of(object("index", 0, "id", "call_1", "type", "function",
                "function", object("name", "weather", "arguments", "{\"city\":")))),
                object("tool_calls", List.of(object("index", 0, "function", object("arguments", "\"Oslo\"}"))))));
        send("Weather?");
        browser.await("document.querySelector('.result-form')");
        assertEquals("weather", browser.text("sent.tools[0].function.name"));
        assertEquals("Tool call weather", said("details.tool summary"));
        assertTrue(said("details.tool pre").contains("\"city\": \"Oslo\""), said("details.tool pre"));
        answer("Sunny.");
        browser.click(".result-form textarea");
        browser.type("{\"sky\": ");
        browser.value("document.getElementById('set-chatSystem').dispatchEvent(new Event('input', {bubbles: true}))");
        browser.value("document.getElementById('set-chatSystem').dispatchEvent(new Event('change', {bubbles: true}))");
        browser.type("\"clear\"}");
        browser.click(".result-form button");
        browser.await("document.querySelectorAll('.message.assistant .figures').length === 2");
        assertEquals("user,assistant,tool", browser.text("sent.messages.map(m => m.role).join()"));
        assertEquals("{\"city\":\"Oslo\"}", browser.text("sent.messages[1].tool_calls[0].function.arguments"));
        assertEquals("call_1", browser.text("sent.messages[2].tool_call_id"));
        assertEquals("{\"sky\": \"clear\"}", browser.text("sent.messages[2].content"));
        assertEquals("Sunny.", said(".message.assistant .text"));
    }

    @Test
    void structuredOutputIsCheckedByItsSchema() {
        String schema = "{\"type\":\"object\",\"required\":[\"name\"],\"properties\":{\"name\":{\"type\":\"string\","
                + "\"maxLength\":3},\"next\":{\"$ref\":\"#\"}},\"additionalProperties\":false,\"if\":{}}";
        set("format", "schema", "formatText", schema);
        answer("{\"name\":\"Ada\",\"next\":{\"name\":\"Bob\"}}");
        send("Go");
        browser.await(DONE);
        assertEquals("json_schema", browser.text("sent.response_format.type"));
        assertEquals("✓ Valid: matches the schema; not checked: if", said(".verdict"));
        assertTrue(said(".code pre").contains("\"name\": \"Ada\""));
        answer("{\"next\":{\"name\":\"Anna\",\"age\":7}}");
        browser.press("r", "KeyR", 1);
        browser.await(DONE + " && document.querySelector('.verdict.bad')");
        assertEquals("answer.name is missing|answer.next.name is longer than 3|answer.next.age is not allowed",
                said(".verdict li"));
        answer("{\"name\"");
        browser.press("r", "KeyR", 1);
        browser.await(DONE + " && document.querySelector('.verdict')?.innerText.includes('Not JSON')");

        set("format", "regex", "formatText", "[0-9]+");
        answer("12a");
        send("Go");
        browser.await("document.querySelector('.verdict.bad')");
        assertEquals("[0-9]+", browser.text("sent.structured_outputs.regex"));
    }

    @Test
    void errorsAreWordsWithWhatToTry() {
        reply(429, "{\"error\":{\"message\":\"too many\"}}", object("Retry-After", "7", "x-request-id", "req_9"));
        send("Go");
        browser.await("document.querySelector('.error')");
        assertTrue(said(".error").contains("too many") && said(".error").contains("Try again in 7 seconds")
                && said(".error").contains("req_9"), said(".error"));
        reply(401, "{\"error\":{\"message\":\"wrong key\"}}", object());
        browser.press("r", "KeyR", 1);
        browser.await("document.activeElement.id === 'key-input'");
        assertEquals("This server requires a key.", said("#key-note"));
        browser.press("Escape", "Escape", 0);
        browser.click(".error button");
        browser.await("document.activeElement.id === 'key-input'");
        browser.press("Escape", "Escape", 0);
        // A stream that ends too early.
        reply(200, "data: {\"choices\":[{\"delta\":{\"content\":\"Half\"}}]}\n\n", object());
        browser.press("r", "KeyR", 1);
        browser.await("document.querySelector('.error')?.innerText.includes('before the answer was complete')");
        assertEquals("Half", said(".message.assistant .text"));
        assertTrue(said(".cut").contains("This answer broke off."), said(".cut"));
        answer("way");
        browser.click(".cut button");
        browser.await(DONE + " && !document.querySelector('.cut')");
        assertEquals("Halfway", said(".message.assistant .text"));
        assertEquals("true Half", browser.text("sent.continue_final_message + ' ' + sent.messages.at(-1).content"));
        // Figures of both requests: an answer that was cut, then continued twice.
        answer("length", List.of(object("content", "One")));
        browser.press("r", "KeyR", 1);
        browser.await("document.querySelector('.cut button')");
        assertTrue(said(".figures").startsWith("2 tokens"), said(".figures"));
        answer("length", List.of(object("content", "Two")));
        browser.click(".cut button");
        browser.await("document.querySelector('.message.assistant .text').innerText === 'OneTwo' && "
                + "document.querySelector('.figures')");
        assertTrue(said(".figures").startsWith("4 tokens"), said(".figures"));
        // A page that was left in the middle of the thinking.
        reply(200, "data: {\"choices\":[{\"delta\":{\"reasoning_content\":\"Hm\"}}]}\n\n", object());
        browser.press("r", "KeyR", 1);
        browser.await("document.querySelector('.cut button')");
        browser.click(".cut button");
        browser.await("sent.continue_final_message");
        assertEquals("Hm", browser.text("sent.messages.at(-1).reasoning_content"));
    }

    @Test
    void imagesAreOfferedWhereTheModelTakesThem() {
        assertEquals(true, browser.value("document.getElementById('attach').hidden"));
        Object script = browser.command("Page.addScriptToEvaluateOnNewDocument", Map.of("source",
                "const plain = fetch; window.fetch = async (to, options) => {const got = await plain(to, options);"
                + "if (!/models$|status$/.test(String(to))) return got; return new Response((await got.text())"
                + ".replaceAll('[\"text\"]', '[\"text\",\"image\"]'))}"));
        open();
        browser.await("!document.getElementById('attach').hidden");
        answer("A dot.");
        browser.value("(() => {const data = new DataTransfer(); data.items.add(new File([new Uint8Array([1, 2])],"
                + "'a.png', {type: 'image/png'})); const input = document.getElementById('image-file');"
                + "input.files = data.files; input.dispatchEvent(new Event('change'))})()");
        browser.await("document.querySelector('#images img')");
        browser.value("(() => {const data = new DataTransfer(); data.items.add(new File([new Uint8Array([3])],"
                + "'b.png', {type: 'image/png'})); document.body.dispatchEvent(new DragEvent('drop',"
                + "{dataTransfer: data, bubbles: true, cancelable: true}))})()");
        browser.await("document.querySelectorAll('#images img').length === 2");
        send("What is it?");
        browser.await(DONE);
        assertEquals("data:image/png;base64,AQI=", browser.text("sent.messages[0].content[1].image_url.url"));
        assertEquals("data:image/png;base64,Aw==", browser.text("sent.messages[0].content[2].image_url.url"));
        browser.command("Page.removeScriptToEvaluateOnNewDocument", Map.of("identifier",
                ((Map<?, ?>) script).get("identifier")));
    }

    /// An imported file is not trusted: what the page relies on is checked, the rest left out.
    @Test
    void damagedImportsAreRefusedAsAWhole() {
        String node = "\"a\":{\"id\":\"a\",\"parent\":\"%s\",\"order\":0,\"role\":\"%s\",\"text\":\"Hello\","
                + "\"format\":{\"kind\":\"schema\"},\"images\":[\"https://evil.example/x.png\"],\"calls\":7}";
        String file = "{\"glia\":\"chats\",\"version\":1,\"chats\":[{\"id\":\"c\",\"title\":\"T\",\"nodes\":{"
                + node + "},\"chosen\":{\"root\":\"a\",\"a\":\"a\"}}]}";
        for (String damaged : List.of("{", "{}", file.formatted("a", "user"), file.formatted("root", "king"))) {
            importFile(damaged);
            browser.await("!document.getElementById('notice').hidden");
            assertEquals("", said("#chats li"));
            browser.value("document.getElementById('notice').hidden = true");
        }
        importFile(file.formatted("root", "assistant"));
        browser.click("#chats .open");
        browser.await("document.querySelector('.message.assistant .text')");
        assertEquals("Hello", said(".message.assistant .text"));
        assertEquals(0, browser.value("document.querySelectorAll('.message img, .verdict, details').length"));
    }

    private static void importFile(String text) {
        browser.value("(() => {const data = new DataTransfer(); data.items.add(new File([" + Json.text(text)
                + "], 'chats.json')); const input = document.getElementById('import-file'); input.files = data.files;"
                + "input.dispatchEvent(new Event('change'))})()");
    }
}
