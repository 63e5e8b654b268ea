package glia.lab.check;

import glia.engine.pass.Engine;
import glia.engine.state.Sequence;
import glia.io.CheckpointException;
import glia.tensor.Precision;
import glia.tensor.Tensor;
import glia.text.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.function.Consumer;
import java.util.function.IntPredicate;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// Compares a tokenizer and greedy answers with the files `tokens.json`, `greedy.json` and `greedy-200.txt` of a
/// folder, where they are present.
public final class TextCheck {
    private final Path folder;
    private final Tokenizer tokenizer;
    private final Consumer<CheckLine> lines;

    private TextCheck(Path folder, Tokenizer tokenizer, Consumer<CheckLine> lines) {
        this.folder = folder;
        this.tokenizer = tokenizer;
        this.lines = lines;
    }

    /// Whether a folder has files to compare.
    public static boolean applies(Path folder) {
        return Files.exists(folder.resolve("tokens.json")) || Files.exists(folder.resolve("greedy.json"));
    }

    /// @param precision the engine's precision: with quantized activations near ties may differ, so only the first
    ///     greedy answer is compared
    /// @throws CheckpointException if a file has another form
    public static void run(Path folder, Tokenizer tokenizer, Engine engine, Precision precision,
            Consumer<CheckLine> lines) throws CheckpointException {
        TextCheck check = new TextCheck(folder, tokenizer, lines);
        if (Files.exists(folder.resolve("tokens.json"))) {
            check.tokens();
        }
        if (Files.exists(folder.resolve("greedy.json"))) {
            check.greedy(engine, precision);
        }
        if (Files.exists(folder.resolve("greedy-200.txt"))) {
            check.story(engine);
        }
    }

    private JsonNode read(String name) throws CheckpointException {
        Path file = folder.resolve(name);
        try {
            JsonNode root = JsonMapper.shared().readTree(Files.readAllBytes(file));
            if (!root.isArray() || root.isEmpty()) {
                throw new CheckpointException(file, "", "expected a list of cases");
            }
            return root;
        } catch (IOException | JacksonException e) {
            throw new CheckpointException(file, "", "cannot be read: " + e.getMessage(), e);
        }
    }

    private int[] ids(JsonNode node, String name, String file) throws CheckpointException {
        JsonNode list = node.path(name);
        int[] ids = new int[list.size()];
        for (int i = 0; i < ids.length; i++) {
            if (!list.get(i).isInt()) {
                throw new CheckpointException(folder.resolve(file), name, "expected token ids");
            }
            ids[i] = list.get(i).intValue();
        }
        return ids;
    }

    /// Texts to ids and back. The difference is the number of texts that differ.
    private void tokens() throws CheckpointException {
        int wrongIds = 0;
        int wrongTexts = 0;
        String whereIds = "";
        String whereTexts = "";
        JsonNode cases = read("tokens.json");
        for (JsonNode one : cases) {
            String text = one.path("text").stringValue("");
            int[] wanted = ids(one, "ids", "tokens.json");
            int[] got = tokenizer.encode(text, false);
            if (!Arrays.equals(got, wanted)) {
                whereIds = wrongIds++ == 0 ? quote(text) + " gives " + Arrays.toString(got) : whereIds;
            }
            String back = tokenizer.decode(wanted, false);
            if (!back.equals(text)) {
                whereTexts = wrongTexts++ == 0 ? quote(text) + " is decoded as " + quote(back) : whereTexts;
            }
        }
        lines.accept(new CheckLine("tokens of " + cases.size() + " texts", wrongIds, 0, whereIds));
        lines.accept(new CheckLine("texts of their tokens", wrongTexts, 0, whereTexts));
    }

    private static String quote(String text) {
        return '"' + (text.length() > 40 ? text.substring(0, 40) + "…" : text).replace("\n", "\\n") + '"';
    }

    /// Answers to prompts. The difference is the number of answers that differ.
    private void greedy(Engine engine, Precision precision) throws CheckpointException {
        int wrongPrompts = 0;
        int wrong = 0;
        String where = "";
        JsonNode cases = read("greedy.json");
        int compared = precision == Precision.EXACT ? cases.size() : 1;
        for (int i = 0; i < compared; i++) {
            int[] prompt = ids(cases.get(i), "prompt_ids", "greedy.json");
            int[] wanted = ids(cases.get(i), "answer_ids", "greedy.json");
            if (!Arrays.equals(tokenizer.encode(cases.get(i).path("prompt").stringValue(""), true), prompt)) {
                wrongPrompts++;
            }
            int[] got = GreedyDecoding.continueFrom(engine, prompt, wanted.length,
                    tokenizer.endOfGeneration()::contains);
            int differs = Arrays.mismatch(got, wanted);
            if (differs >= 0) {
                where = wrong++ == 0 ? "answer " + i + ", token " + differs : where;
            }
        }
        String prompts = compared == 1 ? "1 prompt" : compared + " prompts";
        lines.accept(new CheckLine("tokens of " + prompts, wrongPrompts, 0, ""));
        lines.accept(new CheckLine("greedy answers to " + prompts, wrong, 0, where));
    }

    /// 200 greedy tokens after the BOS token, as text. The difference is 0 or 1.
    private void story(Engine engine) throws CheckpointException {
        Path file = folder.resolve("greedy-200.txt");
        try {
            String wanted = Files.readString(file, StandardCharsets.UTF_8);
            int bos = tokenizer.bos().orElseThrow(() ->
                    new CheckpointException(file, "", "the tokenizer has no BOS token to begin with"));
            int[] story = GreedyDecoding.continueFrom(engine, new int[] {bos}, 200, id -> false);
            String got = tokenizer.decode(story, true);
            int differs = got.equals(wanted) ? -1 : mismatch(got, wanted);
            lines.accept(new CheckLine("greedy text of 200 tokens", differs < 0 ? 0 : 1, 0,
                    differs < 0 ? "" : "differs at character " + differs));
        } catch (CheckpointException e) {
            throw e;
        } catch (IOException e) {
            throw new CheckpointException(file, "", "cannot be read: " + e.getMessage(), e);
        }
    }

    private static int mismatch(String a, String b) {
        int i = 0;
        while (i < Math.min(a.length(), b.length()) && a.charAt(i) == b.charAt(i)) {
            i++;
        }
        return i;
    }

    /// Greedy decoding without a scheduler.
    static final class GreedyDecoding {
        private GreedyDecoding() { }

        /// Generates up to `count` tokens after a prompt, fewer if one of them is a stop token, which is included.
        static int[] continueFrom(Engine engine, int[] prompt, int count, IntPredicate ends) {
            int[] ids = Arrays.copyOf(prompt, prompt.length + count);
            int length = prompt.length;
            try (Sequence sequence = engine.open()) {
                while (length < ids.length) {
                    int from = sequence.length();
                    Tensor logits = engine.prefill(sequence, ids, from, length, () -> false);
                    ids[length] = engine.ops().kernels().argmax(logits, 0);
                    if (ends.test(ids[length++])) {
                        break;
                    }
                }
            }
            return Arrays.copyOfRange(ids, prompt.length, length);
        }
    }
}
