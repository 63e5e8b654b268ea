package glia.cli.command;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.browser.Browser;
import glia.cli.TestConsole;
import glia.cli.args.Arguments;
import glia.cli.args.Option;
import glia.cli.args.Program;
import glia.cli.args.Syntax;
import glia.cli.terminal.ExitCode;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.jline.terminal.Terminal;
import org.jline.terminal.impl.ExternalTerminal;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// Plans as users request and read them.
class PlanCommandTest {
    private static final String[] FEW = {"--model", "qwen3-8b", "--model", "llama-3.1", "--model", "gpt-oss-20b",
        "--device", "H100 SXM 80GB", "--device", "A100 SXM 80GB"};

    @TempDir
    private Path folder;

    private static TestConsole run(int exitCode, String... words) {
        TestConsole console = new TestConsole("");
        assertEquals(exitCode, console.run(words), () -> console.out() + console.err());
        return console;
    }

    private static String[] words(String... more) {
        return Stream.of(List.of("plan"), List.of(FEW), List.of(more)).flatMap(List::stream)
                .toArray(String[]::new);
    }

    private static JsonNode json(String text) {
        return JsonMapper.shared().readTree(text);
    }

    /// The page computes the plan again, for the needs of the command line and for others that are typed in, and gets
    /// the numbers of the command.
    @Test
    @Tag("browser")
    void thePageComputesTheSamePlan() throws Exception {
        Optional<Path> program = Browser.find();
        Assumptions.assumeTrue(program.isPresent(), "no Chromium is installed: apt-get install chromium");
        Path page = folder.resolve("plan.html");
        run(ExitCode.OK, words("--task", "knowledge", "--html", page.toString()));
        assertFalse(Files.readString(page).replace("http://www.w3.org/2000/svg", "").contains("src=\"http"));
        try (Browser browser = Browser.open(program.get())) {
            browser.open(page.toUri());
            browser.await("document.querySelector('#choices tbody tr')");
            same(browser, words("--task", "knowledge", "--json"));
            JsonNode services = json(run(ExitCode.OK, words("--task", "knowledge", "--json")).out()).path("services");
            JsonNode offers = json(browser.text("JSON.stringify(offers(needs(), choices(needs()).found).map(x => ["
                    + "x.o.provider, x.month, document.querySelectorAll('#offers tbody tr').length]))"));
            assertTrue(!services.isEmpty() && offers.size() == services.size());
            for (int i = 0; i < offers.size(); i++) {
                assertEquals(services.get(i).path("usd_per_month").asDouble(), offers.get(i).get(1).asDouble(), 1e-6);
                assertEquals(services.size(), offers.get(i).get(2).asInt());
            }
            browser.value("for (const [id, value] of [['prompt', 6000], ['output', 900], ['rate', 7], "
                    + "['context', 20000],['budget', 60000]]) { const e = document.getElementById(id); e.value = value;"
                    + "e.dispatchEvent(new Event('input')); }");
            same(browser, words("--task", "knowledge", "--prompt-tokens", "6000", "--output-tokens", "900", "--rate",
                    "7", "--context", "20000", "--budget", "60000", "--json"));
            browser.value("for (const [id, value] of [['longPrompt', 9000], ['longOutput', 1500], ['thinking', "
                    + "2500]]) { const e = document.getElementById(id); e.value = value; e.dispatchEvent(new "
                    + "Event('input')); }");
            same(browser, words("--task", "knowledge", "--prompt-tokens", "6000", "--output-tokens", "900", "--rate",
                    "7", "--context", "20000", "--budget", "60000", "--prompt-p95", "9000", "--output-p95", "1500",
                    "--thinking-tokens", "2500", "--json"));
            for (String chart : List.of("cost", "batch", "memory")) {
                assertEquals("true", browser.text("document.querySelectorAll('#" + chart
                        + " svg :is(circle, polyline)').length > 2"), chart);
            }
            for (String scheme : List.of("light", "dark")) {
                browser.scheme(scheme);
                assertTrue(contrast(browser, "body") > 7 && contrast(browser, "label") > 4.5, scheme);
            }
            browser.size(360, 740, true);
            browser.await("innerWidth === 360 && document.querySelector('#cost svg').clientWidth <= 360");
            assertEquals("true", browser.text("document.documentElement.scrollWidth <= innerWidth"));
            assertEquals(List.of(), browser.problems());
            assertTrue(browser.requests().stream().noneMatch(address -> address.startsWith("http")));
        }
    }

    private static void same(Browser browser, String... words) {
        JsonNode expected = json(run(ExitCode.OK, words).out()).path("choices");
        JsonNode found = json(browser.text("JSON.stringify(choices(needs()).found.map(c => ({model: c.m.id, "
                + "thinking: c.m.thinks, kv_cache: c.cacheBytes === 1 ? 'fp8' : 'bf16', device: c.s.device, "
                + "weights: c.s.format.toLowerCase(), copies: c.copies, sequences_per_copy: c.batch, "
                + "usd_per_month: c.month, first_token_seconds_p95: c.first, between_tokens_seconds: c.between, "
                + "answer_seconds: c.answer, output_tokens_per_second: c.rate})))"));
        assertTrue(expected.size() >= 3);
        assertEquals(expected.size(), found.size());
        for (int i = 0; i < expected.size(); i++) {
            for (var property : found.get(i).properties()) {
                JsonNode one = expected.get(i).path(property.getKey());
                if (one.isNumber()) {
                    assertEquals(one.asDouble(), property.getValue().asDouble(), 1e-9 * Math.abs(one.asDouble()),
                            property.getKey() + " of " + found.get(i));
                } else {
                    assertEquals(one, property.getValue());
                }
            }
        }
    }

    /// The contrast of an element's text with the page, as WCAG 2.2 computes it.
    private static double contrast(Browser browser, String selector) {
        return Double.parseDouble(browser.text("(() => { const light = c => { const [r, g, b] = c.match(/[\\d.]+/g)"
                + ".map(v => v / 255).map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);"
                + "return 0.2126 * r + 0.7152 * g + 0.0722 * b; };"
                + "const a = light(getComputedStyle(document.querySelector('" + selector + "')).color),"
                + "b = light(getComputedStyle(document.body).backgroundColor);"
                + "return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05); })()"));
    }

    @Test
    void needsComeFromAFile() throws Exception {
        Path file = Files.writeString(folder.resolve("needs.yaml"), """
                task: knowledge
                prompt-tokens: 4000
                rate: 2.5
                quality: {mmlu-pro: 30}
                licence: commercial
                model: [qwen3-8b, llama-3.1, gpt-oss-20b]
                device: [H100 SXM 80GB, A100 SXM 80GB]
                """);
        assertEquals(run(ExitCode.OK, words("--task", "knowledge", "--prompt-tokens", "4000", "--rate", "2.5",
                "--quality", "mmlu-pro=30", "--licence", "commercial", "--json")).out(),
                run(ExitCode.OK, "plan", file.toString(), "--json").out());
        assertEquals("# Checklist: Llama", run(ExitCode.OK, "plan", file.toString(), "--model", "llama-3.1-8b",
                "--checklist").out().substring(0, 18), "options come first");
        Files.writeString(file, "task: chat\nrat: 2\n");
        String unknown = run(ExitCode.BAD_FILE, "plan", file.toString()).err();
        assertTrue(unknown.contains("line 2: key rat") && unknown.contains("Did you mean rate?"), unknown);
        Files.writeString(file, "task: chat\n\nlicence: mine\n");
        String wrong = run(ExitCode.BAD_FILE, "plan", file.toString()).err();
        assertTrue(wrong.contains("line 3: key licence") && wrong.contains("'mine' is not any, commercial or open"),
                wrong);
        Files.writeString(file, "rate: [1, 2]\n");
        assertTrue(run(ExitCode.BAD_FILE, "plan", file.toString()).err().contains("found a list or a mapping"));
    }

    @Test
    void markdownIsATable() {
        String text = run(ExitCode.OK, words("--task", "knowledge", "--markdown")).out();
        assertTrue(text.startsWith("# Plan for knowledge\n") && text.contains("\n| model | hardware | sequences |")
                && text.contains("\n| --- | --- | --: |"), text);
        assertTrue(run(ExitCode.OK, "plan", "--matrix", "--markdown", "--model", "llama-3.1-8b").out()
                .contains("\n| llama-3.1-8b | 536.9 MB |"));
        JsonNode matrix = json(run(ExitCode.OK, "plan", "--matrix", "--json", "--model", "llama-3.1-8b").out());
        for (String part : List.of("rows", "architectures", "equal_quality", "equal_cost", "claims")) {
            assertFalse(matrix.path(part).isEmpty(), part);
        }
    }

    @Test
    void contradictionsAreNamedWithTheNearestPossible() {
        String context = run(ExitCode.USAGE, words("--context", "1000", "--prompt-tokens", "4000")).err();
        assertTrue(context.contains("found 1000 tokens") && context.contains("the nearest possible is 4300"), context);
        String two = run(ExitCode.FAILED, words("--between-tokens", "0.001", "--budget", "1", "--context",
                "200000")).out();
        assertTrue(two.contains("Needs that conflict") && two.contains("the model's context is shorter than needed and "
                + "tokens come too slowly and it costs more than the budget"), two);
        String large = run(ExitCode.FAILED, "plan", "--model", "deepseek-v3", "--device", "RTX 4090").out();
        assertTrue(run(ExitCode.OK, "plan", "--model", "qwen3-8b", "--device", "RTX 4090").out().contains("no price"));
        assertTrue(large.contains("The smallest model needs 40") && large.contains("hold 172.8 GB, 8 together"), large);
    }

    /// Six runs of three sizes and three lengths, whose losses are those of a law.
    @Test
    void aScalingLawIsFittedToFoldersOfRuns() throws Exception {
        List<String> words = new ArrayList<>(List.of("plan", "--scaling"));
        for (int hidden : new int[] {32, 64, 128}) {
            for (long tokens : new long[] {100_000, 300_000, 1_000_000}) {
                Path run = Files.createDirectories(folder.resolve(hidden + "-" + tokens));
                run(ExitCode.OK, "new", "llama", "hidden=" + hidden, "layers=2", "heads=4", "vocab=64", "-o",
                        run.resolve("model").toString());
                double n = 2 * 7 * hidden * hidden;
                double loss = 1.5 + 40 / Math.pow(n, 0.4) + 60 / Math.pow(tokens, 0.3);
                Files.writeString(run.resolve("metrics.jsonl"), step(tokens)
                        + "{\"event\":\"validation\",\"step\":1,\"loss\":" + loss + ",\"best\":true}\n");
                words.add(run.toString());
            }
        }
        Path chart = folder.resolve("law.svg");
        words.addAll(List.of("--held-out", words.removeLast(), "--chart", chart.toString()));
        assertTrue(run(ExitCode.OK, words.toArray(String[]::new)).out().contains("Runs that were not fitted:"));
        assertTrue(Files.readString(chart).contains("parameters, held out"), chart.toString());
        words.addAll(List.of("--json", "--force"));
        JsonNode fit = json(run(ExitCode.OK, words.toArray(String[]::new)).out());
        assertEquals(8, fit.path("runs").asInt());
        JsonNode held = fit.path("held_out").get(0);
        assertEquals(held.path("loss").asDouble(), held.path("predicted").asDouble(), 0.02);
        assertEquals(0.3, fit.path("beta").path("value").asDouble(), 0.03);
        assertTrue(fit.path("next").path("parameters").asDouble() > 0);
        Files.writeString(folder.resolve("32-100000/metrics.jsonl"), step(1));
        assertTrue(run(ExitCode.BAD_FILE, words.toArray(String[]::new)).err().contains("has no validation loss"));
    }

    @Test
    void publishedLawsStandBelowThePlanOfARun() throws Exception {
        String[] words = {"plan", "--train-tokens", "1e11", "--model", "llama-3.2-1b", "--unique-tokens", "2.5e10"};
        assertTrue(run(ExitCode.OK, words).out().contains("new tokens that are worth as much"));
        JsonNode laws = json(run(ExitCode.OK, Stream.concat(Stream.of(words), Stream.of("--json"))
                .toArray(String[]::new)).out()).path("laws");
        assertEquals(9.31e10, laws.get(0).path("value").asDouble(), 1e8);
        assertTrue(run(ExitCode.USAGE, "plan", "--train-tokens", "1e9", "--unique-tokens", "2e9").err()
                .contains("at most the"));
    }

    private static String step(long tokens) {
        return "{\"event\":\"step\",\"step\":1,\"loss\":4,\"gradient_norm\":1,\"learning_rate\":1,\"tokens\":" + tokens
                + ",\"tokens_seen\":" + tokens + ",\"seconds\":1,\"parts\":{}}\n";
    }

    @Test
    void aModelLargerThanTheMemoryIsNamed() throws Exception {
        Files.write(folder.resolve("model.safetensors"), new byte[4000]);
        assertTrue(ModelsCommand.PullCommand.tooLarge(folder, 3000).orElseThrow().contains("glia plan --this-machine"));
        assertTrue(ModelsCommand.PullCommand.tooLarge(folder, 4000).isEmpty());
    }

    @Test
    void questionsAreAskedUntilTheyAreAnswered() throws Exception {
        Option<Integer> prompt = Option.integer("N", 0, 100, "tokens", "--prompt-tokens");
        Option<Float> rate = Option.numberAbove("R", 0, 9, "requests", "--rate");
        Option<String> device = Option.text("NAME", "device", "--device").repeated();
        TestConsole console = new TestConsole("");
        Arguments arguments = new Program(new Syntax("glia", "All", List.of(), List.of()), List.of(new PlanCommand()
                .syntax()), Map.of(), () -> "1").parse(List.of("plan"), console.console()).orElseThrow().arguments();
        try (Terminal terminal = new ExternalTerminal("test", "xterm", new ByteArrayInputStream(
                "many\r7\r\rRTX 4O9O\rRTX 4090\r".getBytes(StandardCharsets.UTF_8)), new ByteArrayOutputStream(),
                StandardCharsets.UTF_8)) {
            var answered = PlanNeeds.ask(terminal, arguments, List.of(prompt, rate, device),
                    console.console()).orElseThrow();
            assertEquals(7, answered.required(prompt));
            assertFalse(answered.has(rate));
            assertEquals(List.of("RTX 4090"), answered.all(device));
        }
        assertTrue(console.out().contains("'many' is not a whole number") && console.out().contains("no device 'RTX "
                + "4O9O' is known") && console.out().contains("glia plan --prompt-tokens 7 --device \"RTX 4090\""),
                console.out());
    }
}
