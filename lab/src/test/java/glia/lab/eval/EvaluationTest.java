package glia.lab.eval;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import glia.engine.GenerationOptions;
import glia.engine.LanguageModel;
import glia.engine.load.LoadOptions;
import glia.engine.sampling.SamplingOptions;
import glia.engine.state.Sequence;
import glia.io.hub.HubSettings;
import glia.io.hub.ModelLocator;
import glia.io.hub.Progress;
import glia.lab.eval.EvalResult.Item;
import glia.lab.eval.EvalTask.Kind;
import glia.lab.eval.EvalTask.Score;
import glia.lab.eval.EvalTask.Settings;
import glia.model.block.Pass.Outputs;
import glia.tensor.Precision;
import glia.tensor.Tensor;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

class EvaluationTest {
    private static Path stories;
    private static final double TOLERANCE = 2e-4;
    private static LanguageModel model;

    @BeforeAll
    static void load() throws Exception {
        stories = new ModelLocator(HubSettings.fromEnvironment()).locate("stories260K", Progress.NONE).path();
        model = open(stories, 512);
    }

    private static LanguageModel open(Path path, int context) throws Exception {
        return LanguageModel.load(path, new LoadOptions(2, context, "best", Precision.EXACT));
    }

    @AfterAll
    static void close() {
        model.close();
    }

    private static EvalResult run(EvalTask task) {
        return run(model, task);
    }

    private static EvalResult run(LanguageModel of, EvalTask task) {
        return new Evaluation(of, 3, 4, (name, done, total) -> { }).run(task);
    }

    /// The log-probabilities of all tokens but the first, by the definition: a whole pass and a log-softmax in doubles.
    private static double[] logProbabilities(int[] tokens) {
        try (Sequence sequence = model.engine().open()) {
            model.engine().add(sequence, tokens, 0, tokens.length, Outputs.ALL);
            Tensor logits = model.engine().run();
            double[] result = new double[tokens.length - 1];
            for (int i = 0; i < result.length; i++) {
                double sum = 0;
                for (int v = 0; v < logits.cols(); v++) {
                    sum += Math.exp(logits.get((long) i * logits.cols() + v));
                }
                result[i] = logits.get((long) i * logits.cols() + tokens[i + 1]) - Math.log(sum);
            }
            return result;
        }
    }

    private static List<EvalItem> choices() {
        return List.of(
                new EvalItem.Choice("a", "Once upon a", List.of("time", "girl named Lily who", "dog"), 0),
                new EvalItem.Choice("b", "Lily was very happy. She ", List.of("smiled", "ate the sun and the moon"), 1),
                new EvalItem.Choice("c", "", List.of("Once", "xq"), 0),
                new EvalItem.Choice("d", "The end", List.of("\u00e9t\u00e9", "of it"), 1));
    }

    private static EvalTask choiceTask(Settings settings, List<EvalItem> examples) {
        return new EvalTask("choices", Kind.CHOICE, settings, choices(), examples);
    }

    private static Settings scoredBy(Score score) {
        Settings s = Settings.DEFAULTS;
        return new Settings(s.shots(), s.delimiter(), s.separator(), score, s.stops(), s.maxTokens(), s.normalize(),
                s.chat(), s.system());
    }

    @SuppressWarnings("unchecked")
    private static List<Double> sums(Item item) {
        return (List<Double>) item.details().get("log_probabilities");
    }

    @Test
    void choicesAreScoredByTheirLogits() {
        for (Score score : Score.values()) {
            EvalResult result = run(choiceTask(scoredBy(score), List.of()));
            for (int i = 0; i < choices().size(); i++) {
                EvalItem.Choice item = (EvalItem.Choice) choices().get(i);
                double[] scores = new double[item.choices().size()];
                for (int c = 0; c < scores.length; c++) {
                    String choice = item.choices().get(c);
                    int start = model.tokenizer().encode(item.context().stripTrailing(), true).length;
                    String text = item.context().stripTrailing() + (item.context().endsWith(" ") ? "  " : " ") + choice;
                    double[] all = logProbabilities(model.tokenizer().encode(text, true));
                    double sum = Arrays.stream(all).skip(start - 1).sum();
                    assertEquals(sum, sums(result.items().get(i)).get(c), TOLERANCE * Math.max(1, Math.abs(sum)),
                            item + " " + c);
                    scores[c] = switch (score) {
                        case SUM -> sum;
                        case BYTES -> sum / choice.getBytes(StandardCharsets.UTF_8).length;
                        case TOKENS -> sum / (all.length - start + 1);
                    };
                }
                int best = IntStream.range(0, scores.length).reduce((a, b) -> scores[b] > scores[a] ? b : a)
                        .getAsInt();
                assertEquals(best, result.items().get(i).details().get("chosen"));
                assertEquals(best == item.answer() ? 1 : 0, result.items().get(i).value());
            }
            double mean = result.items().stream().mapToDouble(Item::value).average().orElseThrow();
            assertEquals(mean, result.mainMetric().value(), 1e-12);
            assertEquals(3, result.metrics().size());
        }
    }

    @Test
    void examplesStandBeforeTheItem() {
        List<EvalItem> examples = List.of(new EvalItem.Choice("x", "One two", List.of("three", "four"), 0),
                new EvalItem.Choice("y", "The sky is", List.of("red", "blue"), 1));
        EvalResult result = run(choiceTask(Settings.DEFAULTS.withShots(2), examples));
        assertEquals("One two three\n\nThe sky is blue\n\nOnce upon a", result.items().getFirst().details()
                .get("context"));
        String text = "One two three\n\nThe sky is blue\n\nOnce upon a";
        double[] all = logProbabilities(model.tokenizer().encode(text + " time", true));
        int start = model.tokenizer().encode(text, true).length;
        assertEquals(Arrays.stream(all).skip(start - 1).sum(), sums(result.items().getFirst()).getFirst(), TOLERANCE);
        Prompts one = new Prompts(choiceTask(Settings.DEFAULTS.withShots(1), examples), model, 5);
        List<String> firsts = IntStream.range(0, 4).mapToObj(i -> one.examples(i).getFirst().id()).toList();
        assertEquals(firsts, IntStream.range(0, 4).mapToObj(i -> one.examples(i).getFirst().id()).toList());
        assertTrue(IntStream.range(0, 40).mapToObj(i -> one.examples(i % 4).size()).allMatch(n -> n == 1));
        assertThrows(IllegalArgumentException.class, () -> choiceTask(Settings.DEFAULTS, examples).withShots(3));
    }

    /// Many items of different lengths share passes; the results are those of each alone.
    @Test
    void batchesDoNotChangeScores() {
        List<EvalItem> items = new ArrayList<>();
        for (int i = 0; i < 60; i++) {
            items.add(new EvalItem.Choice("i" + i, "Once upon a time there was a cat. ".repeat(1 + i % 9),
                    List.of("It sat" + " and sat".repeat(i % 7), "x".repeat(1 + i), "The end."), i % 3));
        }
        EvalTask task = new EvalTask("many", Kind.CHOICE, Settings.DEFAULTS, items, List.of());
        EvalResult together = run(task);
        for (int i = 0; i < items.size(); i += 11) {
            EvalResult alone = run(new EvalTask("one", Kind.CHOICE, Settings.DEFAULTS, List.of(items.get(i)),
                    List.of()));
            for (int c = 0; c < 3; c++) {
                double sum = sums(alone.items().getFirst()).get(c);
                assertEquals(sum, sums(together.items().get(i)).get(c), TOLERANCE * Math.max(1, Math.abs(sum)));
            }
        }
    }

    @Test
    void aTextIsScoredInWindows() throws Exception {
        String text = "Once upon a time, there was a little girl named Lily. She liked the sun. ".repeat(6).strip();
        EvalTask task = new EvalTask("texts", Kind.TEXT, Settings.DEFAULTS, List.of(new EvalItem.Text("1", text),
                new EvalItem.Text("2", "The dog ran.")), List.of());
        int[] tokens = model.tokenizer().encode(text, true);
        double nats = -Arrays.stream(logProbabilities(tokens)).sum();
        int[] others = model.tokenizer().encode("The dog ran.", true);
        double otherNats = -Arrays.stream(logProbabilities(others)).sum();
        EvalResult result = run(task);
        assertEquals((nats + otherNats) / Math.log(2) / (text.length() + 12), result.mainMetric().value(), 1e-4);
        assertEquals(Math.exp((nats + otherNats) / (tokens.length + others.length - 2)),
                result.metrics().get("perplexity").value(), 1e-3);
        // Windows of 16: each later window predicts 16 tokens from the 16 inputs before the last of them.
        try (LanguageModel small = open(stories, 16)) {
            double expected = 0;
            for (int from = 0; from < tokens.length - 1; from += 16) {
                int to = Math.min(tokens.length - 1, from + 16);
                int[] window = Arrays.copyOfRange(tokens, Math.max(0, to - 16), to + 1);
                double[] all = logProbabilities(window);
                expected -= Arrays.stream(all).skip(all.length - (to - from)).sum();
            }
            EvalResult windows = run(small, new EvalTask("text", Kind.TEXT, Settings.DEFAULTS,
                    List.of(new EvalItem.Text("1", text)), List.of()));
            assertEquals(expected / Math.log(2) / text.length(), windows.mainMetric().value(), 1e-4);
            assertTrue(Double.isNaN(windows.mainMetric().interval().low()));
        }
    }

    @Test
    void aLongContextLosesItsBeginning() throws Exception {
        try (LanguageModel small = open(stories, 16)) {
            String context = "Once upon a time, there was a little girl named Lily. She liked the";
            EvalResult result = run(small, new EvalTask("long", Kind.CHOICE, Settings.DEFAULTS,
                    List.of(new EvalItem.Choice("1", context, List.of("sun", "dog and the cat"), 0)), List.of()));
            assertEquals(1, result.numTruncated());
            int[] whole = model.tokenizer().encode(context + " sun", true);
            int longest = model.tokenizer().encode(context + " dog and the cat", true).length
                    - model.tokenizer().encode(context, true).length;
            int count = whole.length - model.tokenizer().encode(context, true).length;
            int[] seen = Arrays.copyOfRange(whole, whole.length - count - (17 - longest), whole.length);
            double[] all = logProbabilities(seen);
            assertEquals(Arrays.stream(all).skip(all.length - count).sum(), sums(result.items().getFirst()).getFirst(),
                    TOLERANCE * 10);
            EvalTask tooLong = new EvalTask("long", Kind.CHOICE, Settings.DEFAULTS, List.of(new EvalItem.Choice("7",
                    "a", List.of("b", "She ran. ".repeat(20)), 0)), List.of());
            assertTrue(assertThrows(IllegalArgumentException.class, () -> run(small, tooLong)).getMessage()
                    .startsWith("item 7 of the task long has a choice of "));
        }
    }

    @Test
    void answersAreThoseOfGreedyDecoding() {
        List<EvalItem> items = new ArrayList<>();
        List<String> expected = new ArrayList<>();
        for (String prompt : List.of("Once upon a", "The cat", "Lily saw a big", "One day, Tom", "She said",
                "It was")) {
            try (var generator = model.generator()) {
                expected.add(generator.generate(model.tokenizer().encode(prompt, true),
                        new GenerationOptions(SamplingOptions.greedy(), 12, List.of(".")), false, piece -> { }).text());
            }
            items.add(new EvalItem.Generation(prompt, prompt, List.of(items.size() % 2 == 0
                    ? " " + expected.getLast().strip().toUpperCase(Locale.ROOT) : "something else")));
        }
        Settings settings = new Settings(0, " ", "\n", Score.SUM, List.of("."), 12,
                List.of(Normalization.STRIP, Normalization.CASE), false, "");
        EvalResult result = run(new EvalTask("generate", Kind.GENERATE, settings, items, List.of()));
        assertEquals(expected, result.items().stream().map(item -> item.details().get("generated")).toList());
        assertEquals(List.of(1.0, 0.0, 1.0, 0.0, 1.0, 0.0), result.items().stream().map(Item::value).toList());
        assertEquals(Statistics.wilson(3, 6), result.mainMetric().interval());
        Settings chat = new Settings(0, " ", "\n", Score.SUM, List.of("."), 12, List.of(), true, "");
        assertTrue(assertThrows(IllegalArgumentException.class, () -> run(new EvalTask("chat", Kind.GENERATE, chat,
                items, List.of()))).getMessage().contains("needs a chat template"));
    }

    @Test
    void aModelComparedWithItselfDoesNotDiffer() throws Exception {
        EvalTask task = TaskFile.read("knowledge").limited(12);
        EvalResult first = run(task);
        assertEquals(new EvalResult.Comparison(0, new Statistics.Interval(0, 0), 0, 0, 1), first.against(run(task), 1));
        List<Item> other = new ArrayList<>(first.items());
        long flipped = other.stream().limit(5).filter(item -> item.value() == 0).count();
        for (int i = 0; i < 5; i++) {
            other.set(i, new Item(other.get(i).id(), 1, 1, other.get(i).details()));
        }
        EvalResult better = new EvalResult(first.task(), first.kind(), first.main(), Map.of(first.main(),
                new EvalResult.Metric(first.mainMetric().value() + flipped / 12.0, first.mainMetric().interval())),
                other, 0);
        EvalResult.Comparison comparison = better.against(first, 1);
        assertEquals(flipped / 12.0, comparison.difference(), 1e-12);
        assertEquals(flipped, comparison.onlyFirst());
        assertFalse(flipped == 0 && comparison.mcNemar() < 1);
        assertThrows(IllegalArgumentException.class, () -> first.against(run(task.limited(5)), 1));
    }

    /// Transformers gives the same log-probabilities; `GLIA_PYTHON` is a Python that has torch and transformers.
    @Test
    @Tag("peer")
    void transformersAgrees() throws Exception {
        String python = System.getenv("GLIA_PYTHON");
        assumeTrue(python != null, "GLIA_PYTHON is not set");
        EvalTask task = TaskFile.read("knowledge").limited(8);
        String script = """
                import json, sys, torch
                from transformers import AutoModelForCausalLM, PreTrainedTokenizerFast
                model = AutoModelForCausalLM.from_pretrained(sys.argv[1], dtype=torch.float32).eval()
                tokenizer = PreTrainedTokenizerFast(tokenizer_file=sys.argv[1] + '/tokenizer.json')
                for line in open(sys.argv[2]).read().splitlines()[5:13]:
                    item = json.loads(line)
                    start = len(tokenizer.encode(item['context'], add_special_tokens=False))
                    for choice in item['choices']:
                        ids = tokenizer.encode(item['context'] + ' ' + choice, add_special_tokens=False)
                        ids = [1] + ids
                        with torch.no_grad():
                            logits = torch.log_softmax(model(torch.tensor([ids])).logits[0].double(), -1)
                        print(sum(logits[i - 1, ids[i]].item() for i in range(start + 1, len(ids))))
                """;
        Process process = new ProcessBuilder(python, "-c", script, stories.toString(),
                "src/main/resources/glia/lab/eval/knowledge.jsonl").redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        process.getInputStream().transferTo(out);
        assertEquals(0, process.waitFor());
        List<Double> expected = out.toString(StandardCharsets.UTF_8).lines().map(Double::parseDouble).toList();
        List<Double> found = run(task).items().stream().flatMap(item -> sums(item).stream()).toList();
        assertEquals(32, expected.size());
        for (int i = 0; i < expected.size(); i++) {
            assertEquals(expected.get(i), found.get(i), 1e-3 * Math.abs(expected.get(i)));
        }
    }
}
