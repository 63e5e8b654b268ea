package glia.train.data;

import glia.io.CheckpointException;
import glia.io.jsonl.JsonLine;
import glia.io.jsonl.TextPlace;
import glia.text.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// Solutions by steps, of which each is right or wrong, in memory. A line has `prompt`, a string, `completions`, a list
/// of strings with one step each, and `labels`, a list of true and false. All are encoded by themselves, without a chat
/// template.
///
/// @param rows in the order of the files
public record StepwiseData(List<Row> rows) implements DataSource {
    private static final String EXAMPLE = "{\"prompt\": \"…\", \"completions\": [\"…\"], \"labels\": [true]}";
    /// A solution.
    ///
    /// @param place where it was read
    /// @param prompt with the tokens that the tokenizer puts before a text
    /// @param isRight by step
    public record Row(TextPlace place, int[] prompt, List<int[]> steps, boolean[] isRight) {
        /// Copies the list.
        public Row {
            steps = List.copyOf(steps);
        }
    }

    /// Copies the list.
    public StepwiseData {
        rows = List.copyOf(rows);
    }

    /// Reads JSONL files, and those in folders.
    ///
    /// @throws CheckpointException if a line is not as described
    public static StepwiseData read(List<Path> paths, Tokenizer tokenizer) throws IOException {
        DocumentEncoder encoder = new DocumentEncoder(tokenizer);
        List<Row> rows = new ArrayList<>();
        ExampleFiles.read(paths, EXAMPLE, line -> rows.add(row(line, encoder)));
        return new StepwiseData(rows);
    }

    private static Row row(JsonLine line, DocumentEncoder encoder) throws CheckpointException {
        List<String> completions = line.texts("completions");
        if (!(line.values().get("labels") instanceof List<?> labels)) {
            throw line.values().containsKey("labels") ? line.place().error("labels", "found "
                    + JsonLine.shown(line.values().get("labels")) + ", expected a list of true and false")
                    : line.missing("labels", "a list of true and false, one for each step");
        }
        if (completions.isEmpty() || labels.size() != completions.size()) {
            throw line.place().error("labels", "found " + labels.size() + " labels for " + completions.size()
                    + " steps in \"completions\", expected one each and at least one");
        }
        boolean[] isRight = new boolean[labels.size()];
        for (int i = 0; i < isRight.length; i++) {
            isRight[i] = UnpairedData.label(line, "labels[" + i + "]", labels.get(i));
        }
        return new Row(line.place(), prompt(encoder, line.text("prompt")), completions.stream().map(encoder::encode)
                .toList(), isRight);
    }

    /// The tokens of a prompt with those that the tokenizer puts before a text.
    public static int[] prompt(Tokenizer tokenizer, String text) {
        return prompt(new DocumentEncoder(tokenizer), text);
    }

    private static int[] prompt(DocumentEncoder encoder, String text) {
        int[] before = encoder.before();
        int[] ids = encoder.encode(text);
        int[] prompt = Arrays.copyOf(before, before.length + ids.length);
        System.arraycopy(ids, 0, prompt, before.length, ids.length);
        return prompt;
    }

    @Override
    public long numExamples() {
        return rows.size();
    }

    @Override
    public long numTokens() {
        return rows.stream().mapToLong(row -> row.prompt.length + row.steps.stream().mapToLong(s -> s.length).sum())
                .sum();
    }
}
