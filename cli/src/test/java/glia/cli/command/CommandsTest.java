package glia.cli.command;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.cli.TestConsole;
import glia.cli.terminal.ExitCode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// Runs commands in this process with the model that is part of the program.
class CommandsTest {
    private static final Path GOLDEN = Path.of("../engine/src/test/resources/golden/llama");
    private static final Path STORIES = Path.of("../engine/src/test/resources/stories260K");
    private static final String BEGINNING = "Once upon a time, there was a little girl named Lily.";

    @TempDir Path folder;

    private static TestConsole run(int exitCode, String input, String... words) {
        TestConsole console = new TestConsole(input);
        assertEquals(exitCode, console.run(words), () -> console.out() + console.err());
        return console;
    }

    private static String outputOf(String... words) {
        return run(ExitCode.OK, "", words).out();
    }

    /// The output as one JSON document.
    private static JsonNode json(String... words) {
        return JsonMapper.shared().readTree(outputOf(words));
    }

    @Test
    void listsAsJsonHaveAFixedOrder() {
        String models = outputOf("models", "--json");
        String packed = models.substring(models.indexOf("\"packed\":"));
        assertTrue(packed.matches("\"packed\":\\{\"folder\":.*,\"files\":\\d+,\"bytes\":\\d+},"
                + "\"shipped\":\\[\"stories260K\",\"reasoner\"]}\n"), models);
    }

    @Test
    void missingAndDamagedModelsAreBadFiles() throws Exception {
        assertTrue(run(ExitCode.BAD_FILE, "", "run", "no such model", "-p", "x").err()
                .startsWith("glia: There is no "));
        Path damaged = Files.writeString(folder.resolve("damaged.gguf"), "GGUF and then nothing");
        assertTrue(run(ExitCode.BAD_FILE, "", "inspect", damaged.toString()).err().startsWith("glia: " + damaged));
        assertEquals(ExitCode.NETWORK, new TestConsole("").run("run", "owner/name", "-p", "x"));
    }

    @Test
    void tokenizeGoesBothWays() {
        JsonNode tokens = json("tokenize", "stories260K", "Once upon", "--json");
        assertArrayEquals(new int[] {403, 407}, ids(tokens.path("ids")));
        assertEquals("▁Once", tokens.path("pieces").get(0).asString());
        assertArrayEquals(new int[] {1, 403, 407}, ids(json("tokenize", "stories260K", "Once upon", "--special",
                "--json")
                .path("ids")));
        assertEquals("403  ▁Once  \"Once\"\n407  ▁upon  \" upon\"\n",
                run(ExitCode.OK, "Once upon", "tokenize", "stories260K").out());
        assertEquals("Once upon\n", outputOf("tokenize", "stories260K", "--decode", "[403, 407]"));
        run(ExitCode.USAGE, "", "tokenize", "stories260K", "--decode", "one");
        run(ExitCode.USAGE, "", "tokenize", "stories260K", "--decode", "512");
    }

    @Test
    void convertGoesBothWays() {
        Path file = folder.resolve("stories.gguf");
        Path back = folder.resolve("back");
        assertEquals(file + "\n", outputOf("convert", "stories260K", "-o", file.toString()));
        assertEquals(back + "\n", outputOf("convert", file.toString(), "-o", back.toString()));
        assertEquals("glia: " + file + ": exists already; --force overwrites it\n",
                run(ExitCode.BAD_FILE, "", "convert", "stories260K", "-o", file.toString()).err());
        assertTrue(json("convert", "stories260K", "-o", file.toString(), "--type", "f16", "--json", "--force")
                .path("bytes").asLong() < 600_000);
        for (Path model : new Path[] {file, back}) {
            assertEquals("time, there was a little girl named Lily.\n",
                    outputOf("run", model.toString(), "-p", "Once upon a", "--temperature", "0", "--stop", " She"));
        }
        for (String type : List.of("Q8_0", "q8_0", "q8-0", "F16", "bf16")) {
            outputOf("convert", file.toString(), "-o", folder.resolve(type + ".gguf").toString(), "--type", type);
        }
        assertTrue(run(ExitCode.USAGE, "", "convert", "stories260K", "-o", "x.gguf", "--type", "q9").err()
                .contains("'q9' is not one of f32, f16"));
        assertTrue(run(ExitCode.BAD_FILE, "", "convert", file.toString(), "-o", file.toString(), "--force").err()
                .contains("holds the model that is read"));
        assertTrue(run(ExitCode.USAGE, "", "convert", "stories260K").err().contains("--output is missing"));
        Path refused = folder.resolve("mistral.gguf");
        assertTrue(run(ExitCode.BAD_FILE, "", "convert", GOLDEN.resolveSibling("mistral").toString(), "-o",
                refused.toString()).err().contains("span is Sliding[window=4], not Causal[]"));
        assertFalse(Files.exists(refused));
        assertTrue(run(ExitCode.BAD_FILE, "", "convert", file.toString(), "-o", back.toString()).err()
                .contains("holds something already"));
    }

    private static int[] ids(JsonNode list) {
        return IntStream.range(0, list.size()).map(i -> list.get(i).asInt()).toArray();
    }

    @Test
    void inspectShowsAModelWithOrWithoutTokenizer() {
        JsonNode facts = json("inspect", "stories260K", "--json");
        assertEquals("llama", facts.path("family").asString());
        assertEquals(260_032, facts.path("parameters").asLong());
        assertEquals(512, facts.path("context").asInt());
        assertEquals(5 * 2 * 4 * 8 * Float.BYTES, facts.path("cache_bytes_per_token").asInt());
        assertTrue(outputOf("inspect", "stories260K").contains("\nfamily             llama\n"));
        assertTrue(outputOf("inspect", GOLDEN.toString()).contains("\ntokenizer          cannot be used: "));
        JsonNode kinds = facts.path("layer_kinds");
        assertEquals(2, kinds.size());
        assertEquals(131_072L * facts.path("cache_bytes_per_token").asLong(),
                kinds.get(0).path("cache_bytes_at_128k").asLong());
        run(ExitCode.USAGE, "", "inspect");
    }

    @Test
    void inspectShowsPublishedModelsByTheirConfigs() {
        String all = outputOf("inspect", "--catalogue");
        assertTrue(all.contains("\n  llama-3.1-405b ") && all.contains("  undisclosed  "), all);
        JsonNode one = json("inspect", "--catalogue", "llama-3.1-8", "--json");
        assertEquals(8_030_261_248L, one.path("parameters").asLong());
        assertEquals(131_072, one.path("cache_bytes_per_token").asInt());
        assertEquals(one, json("inspect", "--catalogue", "--json").path("models").valueStream()
                .filter(m -> m.path("id").asString().equals("llama-3.1-8b")).findFirst().orElseThrow());
        assertTrue(outputOf("inspect", "--catalogue", "Llama 3.1 8B").contains("\n  32 ×  grouped-query attention"));
        JsonNode unknown = json("inspect", "--catalogue", "gpt-5", "--json");
        assertFalse(unknown.path("disclosed").asBoolean());
        assertTrue(unknown.path("parameters").isMissingNode());
        String series = outputOf("inspect", "--catalogue", "llama-3");
        assertTrue(series.contains("\n  llama-3-8b ") && !series.contains("llama-2"), series);
        assertEquals(2, json("inspect", "--catalogue", "llama-3.2", "--json").path("models").size());
        assertTrue(run(ExitCode.USAGE, "", "inspect", "--catalogue", "nosuch").err()
                .contains("\nglia inspect --catalogue lists all"));
    }

    @Test
    void inspectNamesWhatModelsWithoutATemplateDo() {
        String golden = "../engine/src/test/resources/golden/";
        assertTrue(outputOf("inspect", golden + "bert").contains("none: the model is an encoder\n"));
        assertTrue(outputOf("inspect", golden + "t5").contains("none: the model answers the text as it is\n"));
        assertTrue(outputOf("inspect", golden + "mamba").contains("none: the model continues text\n"));
    }

    @Test
    void theCatalogueShowsUnlimitedContextsAndChunkedCaches() throws Exception {
        assertTrue(outputOf("inspect", "--catalogue", "mamba-130").contains("\ncontext          any length"));
        assertTrue(outputOf("inspect", "--catalogue", "mamba-").contains(" any  24 × Mamba "));
        // 8191 positions of a chunk in 36 layers, 131072 in 12, of keys and values of 8 heads of 128, 2 bytes each.
        assertEquals((36 * 8191L + 12 * 131_072L) * 2 * 8 * 128 * 2,
                json("inspect", "--catalogue", "llama-4-scout", "--json").path("cache_bytes_at_128k").asLong());
        JsonNode bert = json("inspect", "--catalogue", "bert-base", "--json").path("layer_kinds");
        assertEquals(2, bert.size(), "the norm of the embedding makes no kind of its own");
        assertEquals(12, bert.path(0).path("count").asInt());
    }

    @Test
    void inspectShowsExpertsOnlyWhereThereAreSome() {
        assertTrue(run(ExitCode.BAD_FILE, "", "inspect", "stories260K", "--experts", "-p", "a cat").err()
                .contains("has no experts"));
        assertTrue(run(ExitCode.USAGE, "", "inspect", "stories260K", "--experts").err().contains("--prompt"));
        assertTrue(run(ExitCode.USAGE, "", "inspect", "stories260K", "-p", "a cat").err().contains("--experts"));
    }

    @Test
    void errorsNameTheFileThatCannotBeReadOrWritten() throws Exception {
        Path lost = folder.resolve("none/page.html");
        Path inFile = Files.createFile(folder.resolve("file")).resolve("page.html");
        String[][] commands = {{"attention", "no such model", "-p", "a cat", "-o", ""},
            {"inspect", "no such model", "--experts", "-p", "a cat", "-o", ""}};
        for (String[] command : commands) {
            for (Path file : new Path[] {lost, inFile, folder, Path.of("/")}) {
                command[command.length - 1] = file.toString();
                String why = Files.isDirectory(file) ? "is a folder" : "there is no folder " + file.getParent();
                assertEquals("glia: " + file + ": cannot be written: " + why + "\n",
                        run(ExitCode.BAD_FILE, "", command).err(), "known before the model is looked for");
            }
            command[command.length - 1] = folder.resolve("new.html").toString();
            assertTrue(run(ExitCode.BAD_FILE, "", command).err().startsWith("glia: There is no "));
        }
        Path file = folder.resolve("none/model.gguf");
        assertEquals("glia: " + file + ": cannot be written: there is no folder " + file.getParent() + "\n",
                run(ExitCode.BAD_FILE, "", "convert", "no such model", "-o", file.toString()).err());
        assertTrue(run(ExitCode.BAD_FILE, "", "embed", "stories260K", "-f", folder.toString()).err()
                .startsWith("glia: " + folder + ": cannot be read"));
    }

    @Test
    void attentionRefusesEncoderDecoders() {
        String page = folder.resolve("page.html").toString();
        assertTrue(run(ExitCode.USAGE, "", "attention", "../engine/src/test/resources/gguf_read/t5-f32.gguf", "-p", "a",
                "-o", page).err().startsWith("glia: the family 't5' reads one text and writes another, "));
        assertFalse(Files.exists(Path.of(page)));
    }

    @Test
    void perplexityOfAText() throws Exception {
        Path text = Files.writeString(folder.resolve("text"), (BEGINNING + " She loved to play.\n").repeat(100));
        JsonNode result = json("perplexity", "stories260K", text.toString(), "--windows", "2", "--json");
        assertEquals(2, result.path("windows").asInt());
        double perplexity = result.path("perplexity").asDouble();
        assertTrue(perplexity > 1 && perplexity < 20, result::toString);
        assertTrue(outputOf("perplexity", "stories260K", text.toString(), "--windows", "1").startsWith("perplexity "));
        assertEquals(2 * 255, result.path("scored_tokens").asInt());
        Files.writeString(text, "short");
        assertTrue(run(ExitCode.BAD_FILE, "", "perplexity", "stories260K", text.toString()).err()
                .startsWith("glia: " + text + ": has "));
        assertTrue(run(ExitCode.BAD_FILE, "", "perplexity", "stories260K", folder.toString()).err()
                .startsWith("glia: " + folder + ": "));
        Files.write(text, new byte[] {(byte) 0xff});
        assertTrue(run(ExitCode.BAD_FILE, "", "perplexity", "stories260K", text.toString()).err().contains("UTF-8"));
        run(ExitCode.BAD_FILE, "", "perplexity", "stories260K", folder.resolve("none").toString());
    }

    @Test
    void checkComparesNumbers() {
        String lines = outputOf("check", GOLDEN.toString());
        assertTrue(lines.lines().count() >= 9 && lines.lines().allMatch(line -> line.startsWith("pass  ")), lines);
        JsonNode document = json("check", GOLDEN.toString(), "--json", "--kernels", "scalar");
        assertTrue(document.path("passed").asBoolean());
        assertEquals("logits, full sequence", document.path("checks").get(0).path("what").asString());
    }

    @Test
    void checkComparesTextsAndFailsWhereTheyDiffer() throws Exception {
        String tokens = Files.readString(STORIES.resolve("tokens.json"));
        Files.writeString(folder.resolve("tokens.json"), tokens);
        assertTrue(outputOf("check", folder.toString(), "--model", "stories260K").startsWith("pass  tokens of "));
        String changed = tokens.replaceFirst("(\"ids\": *\\[\\s*)\\d+", "$1" + "77");
        assertNotEquals(tokens, changed);
        Files.writeString(folder.resolve("tokens.json"), changed);
        String failed = run(ExitCode.FAILED, "", "check", folder.toString(), "--model", "stories260K").out();
        assertTrue(failed.startsWith("FAIL  tokens of "), failed);
    }

    @Test
    void checkRendersTemplates() throws Exception {
        Files.writeString(folder.resolve("cases.json"), """
                {"one": {"messages": [{"role": "user", "content": "hi"}]}}""");
        Files.writeString(folder.resolve("t.jinja"), "{{ messages[0].content }} {{ strftime_now('%Y') }}");
        Files.writeString(folder.resolve("t.json"), "{\"one\": {\"text\": \"hi 2031\"}}");
        String templates = folder.toString();
        outputOf("check", "--templates", templates, "--now", "2031-01-02T03:04:05");
        run(ExitCode.FAILED, "", "check", "--templates", templates, "--now", "2032-01-02T03:04:05");
        run(ExitCode.USAGE, "", "check", "--templates", templates, "--now", "today");
        run(ExitCode.USAGE, "", "check");
        run(ExitCode.BAD_FILE, "", "check", folder.toString());
    }

    @Test
    @Tag("slow")
    void benchHasTheKeysOfItsPeers() {
        hasTheKeysOfItsPeers("stories260K");
        assertFalse(Files.exists(GOLDEN.resolve("tokenizer.json")));
        hasTheKeysOfItsPeers(GOLDEN.toString());
        hasRates(json("plan", "--this-machine", "--model", GOLDEN.toString(), "--json"), "prompt_256");
        JsonNode drafts = hasTheKeysOfItsPeers("../engine/src/test/resources/drafts/deepseek_v3", "--draft");
        assertTrue(drafts.path("draft_64_x1").path("median").asDouble() > 0, drafts::toString);
        double accepted = drafts.path("accepted_drafts").asDouble(-1);
        assertTrue(accepted >= 0 && accepted <= 1, drafts::toString);
    }

    private static JsonNode hasTheKeysOfItsPeers(String model, String... more) {
        List<String> words = new ArrayList<>(List.of("bench", model, "--prompt", "16", "--json"));
        words.addAll(List.of(more));
        return hasRates(json(words.toArray(String[]::new)), "prompt_16");
    }

    private static JsonNode hasRates(JsonNode rates, String prompt) {
        for (String key : new String[] {prompt, "generate_64_x1", "generate_64_x16"}) {
            JsonNode rate = rates.path(key);
            assertTrue(0 < rate.path("min").asDouble(), rates::toString);
            assertTrue(rate.path("min").asDouble() <= rate.path("median").asDouble(), rates::toString);
            assertTrue(rate.path("median").asDouble() <= rate.path("max").asDouble(), rates::toString);
        }
        return rates;
    }

    @Test
    void benchMeasuresNothingThatTheContextDoesNotHold() {
        assertEquals("glia: the measurement needs a context of 513 tokens; the model's has 512\n",
                run(ExitCode.USAGE, "", "bench", "stories260K", "--prompt", "513").err());
        assertEquals("glia: the measurement needs a context of 128 tokens; the model's has 64\n",
                run(ExitCode.USAGE, "", "bench", GOLDEN.resolveSibling("gpt2").toString()).err());
    }

    @Test
    void modelsAreListedAndRemoved() throws Exception {
        Path archive = folder.resolve("model.zip");
        try (var zip = new ZipOutputStream(Files.newOutputStream(archive))) {
            for (String file : new String[] {"config.json", "model.safetensors"}) {
                zip.putNextEntry(new ZipEntry("tiny/" + file));
                Files.copy(GOLDEN.resolve(file), zip);
            }
        }
        Path unpacked = Path.of(outputOf("pull", archive.toString()).strip());
        assertTrue(Files.exists(unpacked), unpacked::toString);
        String name = "";
        for (JsonNode model : json("models", "--json").path("models")) {
            if (unpacked.startsWith(model.path("folder").asString())) {
                name = model.path("name").asString();
            }
        }
        assertTrue(outputOf("models").contains(name) && !name.isEmpty());
        assertTrue(outputOf("models", "remove", name).startsWith("Removed "));
        assertFalse(Files.exists(unpacked));
        run(ExitCode.BAD_FILE, "", "models", "remove", name);
        assertEquals("", run(ExitCode.OK, "", "pull", archive.toString(), "--json").err(), "one document and no more");
        assertTrue(json("models", "--json", "remove", name).path("files").asInt() > 0);
    }
}
