package glia.train.data;

import glia.io.CheckpointException;
import glia.text.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/// Texts that should have similar embeddings, in memory. A line has `query`, `positive`, and possibly `negatives`, a
/// list of texts that should not be similar to the query, or `negative`, one such text.
///
/// @param rows in the order of the files
/// @param counts how many rows were read and cut
public record EmbeddingData(List<Row> rows, ExampleCounts counts) implements DataSource {
    private static final String EXAMPLE = "{\"query\": \"…\", \"positive\": \"…\"}";

    /// Texts with the tokens that the tokenizer puts around them.
    public record Row(int[] query, int[] positive, List<int[]> negatives) {
        /// Copies the list.
        public Row {
            negatives = List.copyOf(negatives);
        }

        Stream<int[]> all() {
            return Stream.concat(Stream.of(query, positive), negatives.stream());
        }
    }

    /// Copies the list.
    public EmbeddingData {
        rows = List.copyOf(rows);
    }

    /// Reads JSONL files, and those in folders.
    ///
    /// @param maxTokens longer texts are cut at the end
    /// @throws CheckpointException if a line is not as described
    public static EmbeddingData read(List<Path> paths, Tokenizer tokenizer, int maxTokens) throws IOException {
        List<Row> rows = new ArrayList<>();
        int[] counts = new int[2];
        ExampleFiles.read(paths, EXAMPLE, line -> {
            List<String> texts = new ArrayList<>(List.of(line.text("query"), line.text("positive")));
            if (line.values().get("negatives") != null) {
                texts.addAll(line.texts("negatives"));
            } else if (line.values().get("negative") != null) {
                texts.add(line.text("negative"));
            }
            List<int[]> all = new ArrayList<>();
            boolean isCut = false;
            for (String text : texts) {
                int[] ids = LabelData.encode(line.place(), tokenizer, text);
                counts[1] = Math.max(counts[1], ids.length);
                isCut |= ids.length > maxTokens;
                all.add(LabelData.cut(ids, maxTokens, tokenizer));
            }
            counts[0] += isCut ? 1 : 0;
            rows.add(new Row(all.get(0), all.get(1), all.subList(2, all.size())));
        });
        return new EmbeddingData(rows, new ExampleCounts(rows.size(), rows.size(), counts[0], 0, counts[1]));
    }

    @Override
    public long numExamples() {
        return rows.size();
    }

    @Override
    public long numTokens() {
        return rows.stream().flatMap(Row::all).mapToLong(ids -> ids.length).sum();
    }
}
