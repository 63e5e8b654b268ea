package glia.train.data;

import glia.io.CheckpointException;
import glia.io.jsonl.JsonLine;
import glia.text.template.ChatTemplate;
import glia.text.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;

/// Answers that are desirable or not, in memory. A line has `prompt` and `completion`, strings or lists of messages,
/// and `label`, true or false.
///
/// @param rows in the order of the files
/// @param counts how many answers were read, cut and dropped
public record UnpairedData(List<Row> rows, ExampleCounts counts) implements DataSource {
    private static final String EXAMPLE = "{\"prompt\": \"…\", \"completion\": \"…\", \"label\": true}";
    /// An answer. Its tokens are marked as trained.
    public record Row(MaskedTokens answer, boolean isDesirable) {
        /// The tokens before the answer.
        public int[] prompt() {
            return Arrays.copyOf(answer.ids(), answer.isTrained().nextSetBit(0));
        }

        /// The prompt of this row with the answer of another, cut at a number of tokens.
        public MaskedTokens mismatched(Row other, int maxTokens) {
            int[] prompt = prompt();
            int first = other.answer.isTrained().nextSetBit(0);
            int length = Math.min(maxTokens, prompt.length + other.answer.ids().length - first);
            int[] ids = Arrays.copyOf(prompt, Math.max(prompt.length, length));
            System.arraycopy(other.answer.ids(), first, ids, prompt.length, ids.length - prompt.length);
            BitSet trained = new BitSet();
            for (int i = prompt.length; i < ids.length; i++) {
                trained.set(i, other.answer.isTrained().get(i - prompt.length + first));
            }
            return new MaskedTokens(ids, trained, answer.pictures());
        }
    }

    /// Copies the list.
    public UnpairedData {
        rows = List.copyOf(rows);
    }

    /// Reads JSONL files, and those in folders.
    ///
    /// @param template of the model; none for a model that continues texts, whose lines have strings
    /// @throws CheckpointException if a line is not as described
    public static UnpairedData read(List<Path> paths, Optional<ChatTemplate> template, Tokenizer tokenizer,
            ChatOptions options) throws IOException {
        ChatEncoder encoder = new ChatEncoder(template, tokenizer, options);
        ExampleList list = new ExampleList(options);
        List<Boolean> labels = new ArrayList<>();
        ExampleFiles.read(paths, EXAMPLE, line -> {
            boolean label = label(line, "label", line.values().get("label"));
            if (!line.values().containsKey("completion")) {
                throw line.missing("completion", "the answer to the prompt; pairs of \"chosen\" and \"rejected\" are "
                        + "for tasks on pairs, such as dpo");
            }
            if (list.add(line.place(), encoder.encode(new ChatJson(line).chat()))) {
                labels.add(label);
            }
        });
        List<MaskedTokens> answers = list.examples();
        List<Row> rows = new ArrayList<>();
        for (int i = 0; i < answers.size(); i++) {
            rows.add(new Row(answers.get(i), labels.get(i)));
        }
        return new UnpairedData(rows, list.counts());
    }

    /// A value that is true or false, or 1 or 0.
    static boolean label(JsonLine line, String key, Object value) throws CheckpointException {
        if (value instanceof Boolean flag) {
            return flag;
        }
        if (value instanceof Integer n && (n == 0 || n == 1)) {
            return n == 1;
        }
        String expected = "true or false (or 1 or 0)";
        throw value == null && !line.values().containsKey(key) ? line.missing(key, expected)
                : line.place().error(key, "found " + JsonLine.shown(value) + ", expected " + expected);
    }

    /// How many answers are desirable.
    public long numDesirable() {
        return rows.stream().filter(Row::isDesirable).count();
    }

    @Override
    public long numExamples() {
        return rows.size();
    }

    @Override
    public long numTokens() {
        return rows.stream().mapToLong(row -> row.answer.ids().length).sum();
    }
}
