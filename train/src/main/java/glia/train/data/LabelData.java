package glia.train.data;

import glia.io.CheckpointException;
import glia.io.Suggestions;
import glia.io.jsonl.JsonLine;
import glia.io.jsonl.TextPlace;
import glia.text.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import java.util.stream.IntStream;

/// Texts with a class each, in memory. A line has `text`, and `label`: a string, or an integer from 0.
///
/// @param rows in the order of the files
/// @param labels names of the classes by number
/// @param counts how many rows were read and cut
public record LabelData(List<Row> rows, List<String> labels, ExampleCounts counts) implements DataSource {
    private static final String EXAMPLE = "{\"text\": \"…\", \"label\": \"…\"}";
    /// A text with the tokens that the tokenizer puts around it.
    ///
    /// @param label number of the class
    public record Row(int[] ids, int label) { }

    private static final int MAX_CLASSES = 1 << 16;

    private record Raw(TextPlace place, String text, Object label) { }

    /// Copies the lists.
    public LabelData {
        rows = List.copyOf(rows);
        labels = List.copyOf(labels);
    }

    /// Reads JSONL files, and those in folders.
    ///
    /// @param labels the classes, such as those of a file that was read before; none to take those of the lines, sorted
    /// @param maxTokens longer texts are cut at the end
    /// @throws CheckpointException if a line is not as described, or has a label that is not one of the classes
    public static LabelData read(List<Path> paths, Tokenizer tokenizer, int maxTokens, Optional<List<String>> labels)
            throws IOException {
        List<Raw> raw = new ArrayList<>();
        ExampleFiles.read(paths, EXAMPLE, line -> {
            Object label = line.values().get("label");
            if (label == null) {
                throw line.missing("label", "a class: a string or an integer from 0");
            }
            boolean isNumber = label instanceof Integer n && n >= 0;
            if (!isNumber && !(label instanceof String) || !raw.isEmpty()
                    && isNumber != raw.getFirst().label instanceof Integer) {
                throw line.place().error("label", "found " + JsonLine.shown(label) + ", expected a string in all lines,"
                        + " or an integer from 0 in all lines");
            }
            raw.add(new Raw(line.place(), line.text("text"), label));
        });
        List<String> names = labels.isPresent() ? labels.get() : names(raw);
        List<Row> rows = new ArrayList<>();
        int cut = 0;
        int longest = 0;
        for (Raw one : raw) {
            int label = one.label instanceof Integer n ? n : names.indexOf(one.label.toString());
            if (label < 0 || label >= names.size()) {
                throw one.place.error("label", "found " + JsonLine.shown(one.label) + ", expected "
                        + (one.label instanceof Integer ? "a number below " + names.size() : "one of " + names + "."
                        + Suggestions.sentence(one.label.toString(), names)));
            }
            int[] ids = encode(one.place, tokenizer, one.text);
            longest = Math.max(longest, ids.length);
            cut += ids.length > maxTokens ? 1 : 0;
            rows.add(new Row(cut(ids, maxTokens, tokenizer), label));
        }
        return new LabelData(rows, names, new ExampleCounts(raw.size(), rows.size(), cut, 0, longest));
    }

    private static List<String> names(List<Raw> rows) throws CheckpointException {
        if (rows.getFirst().label instanceof Integer) {
            int most = 0;
            for (Raw row : rows) {
                most = Math.max(most, (Integer) row.label);
                if (most >= MAX_CLASSES) {
                    throw row.place.error("label", "found " + most + ", expected a number below " + MAX_CLASSES
                            + ": integers number the classes from 0; write other numbers as strings");
                }
            }
            return IntStream.rangeClosed(0, most).mapToObj(Integer::toString).toList();
        }
        return List.copyOf(new TreeSet<>(rows.stream().map(row -> row.label.toString()).toList()));
    }

    /// The tokens of a text, with those that the tokenizer puts around it.
    static int[] encode(TextPlace place, Tokenizer tokenizer, String text) throws CheckpointException {
        try {
            int[] ids = tokenizer.encodePlain(text, true);
            if (ids.length == 0) {
                throw place.error("found an empty text, expected one with tokens");
            }
            return ids;
        } catch (IllegalArgumentException e) {
            throw place.error("cannot be encoded: " + e.getMessage());
        }
    }

    /// The first tokens of a text, and those that the tokenizer puts behind it.
    static int[] cut(int[] ids, int maxTokens, Tokenizer tokenizer) {
        if (ids.length <= maxTokens) {
            return ids;
        }
        int[] cut = Arrays.copyOf(ids, maxTokens);
        for (int i = 1; i <= maxTokens && tokenizer.isSpecial(ids[ids.length - i]); i++) {
            cut[maxTokens - i] = ids[ids.length - i];
        }
        return cut;
    }

    @Override
    public long numExamples() {
        return rows.size();
    }

    @Override
    public long numTokens() {
        return rows.stream().mapToLong(row -> row.ids.length).sum();
    }
}
