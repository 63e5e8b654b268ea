package glia.spark;

import glia.engine.Answer;
import glia.engine.Chat;
import glia.engine.Generator;
import glia.engine.LanguageModel;
import glia.engine.embedding.Embedder;
import glia.engine.score.PromptScorer;
import glia.io.CheckpointException;
import glia.reason.reward.Reward;
import glia.reason.reward.Rewards;
import glia.reason.reward.Sample;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;

/// Functions that add what a model computes to a data frame. The order of rows stays, and a row's result is that of one
/// process: the same bits, on any number of executors and partitions. Rows whose text is null get null.
///
/// ```java
/// Dataset<Row> pages = spark.read().parquet("pages");
/// ModelColumns.embed(pages, "text", new SparkModel("/models/e5"), "vector").write().parquet("vectors");
/// ```
public final class ModelColumns {
    /// Columns of [#generate], which come after those of the data frame.
    public static final List<StructField> COMPLETION = List.of(
            DataTypes.createStructField("sample", DataTypes.IntegerType, false),
            DataTypes.createStructField("completion", DataTypes.StringType, true),
            DataTypes.createStructField("completion_tokens", DataTypes.IntegerType, true),
            DataTypes.createStructField("finish", DataTypes.StringType, true));
    /// Columns of [#logProbabilities].
    public static final List<StructField> LIKELIHOOD = List.of(
            DataTypes.createStructField("log_probability", DataTypes.DoubleType, true),
            DataTypes.createStructField("scored_tokens", DataTypes.IntegerType, true));

    private ModelColumns() {}

    /// Token ids of texts, without special tokens.
    public static Dataset<Row> tokenize(Dataset<Row> rows, String text, SparkModel model, String output) {
        StructField field = DataTypes.createStructField(output, DataTypes.createArrayType(DataTypes.IntegerType,
                false), true);
        return RowFunction.add(rows, text, List.of(field), () -> {
            LanguageModel loaded = model.open();
            return RowFunction.each(row -> RowFunction.one(loaded.tokenizer().encodePlain(row, false)));
        });
    }

    /// Embeddings of texts, pooled as the model's files say.
    public static Dataset<Row> embed(Dataset<Row> rows, String text, SparkModel model, String output) {
        StructField field = DataTypes.createStructField(output, DataTypes.createArrayType(DataTypes.FloatType, false),
                true);
        return RowFunction.add(rows, text, List.of(field), () -> {
            Embedder embedder = Embedder.of(model.open());
            return RowFunction.each(row -> RowFunction.one(embedder.embed(List.of(embedder.encode(row)))[0]));
        });
    }

    /// Answers to prompts: a row for each sample, with the columns [#COMPLETION].
    public static Dataset<Row> generate(Dataset<Row> rows, String prompt, SparkModel model, Sampling sampling) {
        return RowFunction.add(rows, prompt, COMPLETION, () -> {
            LanguageModel loaded = model.open();
            if (!sampling.isRaw() && loaded.template().isEmpty()) {
                throw new CheckpointException(loaded.path(), "", "has no chat template; continue the prompts as they "
                        + "are (raw), or name a model that chats");
            }
            return RowFunction.each(row -> IntStream.range(0, sampling.samples())
                    .mapToObj(sample -> columns(sample, answer(loaded, row, sampling, sample))));
        });
    }

    private static Object[] columns(int sample, Answer answer) {
        return new Object[] {sample, answer.text(), answer.tokens(), answer.finish().name().toLowerCase(
                Locale.ROOT)};
    }

    private static Answer answer(LanguageModel model, String prompt, Sampling sampling, int sample) {
        if (sampling.isRaw()) {
            try (Generator generator = model.generator()) {
                return generator.generate(model.tokenizer().encodePlain(prompt, true), sampling.options(model, prompt,
                        sample), false, _ -> { });
            }
        }
        try (Chat chat = model.chat()) {
            if (!sampling.system().isEmpty()) {
                chat.system(sampling.system());
            }
            return chat.options(sampling.options(model, prompt, sample)).stream(prompt, _ -> { });
        }
    }

    /// The logarithm of the probability of texts and their number of tokens after the first one, [#LIKELIHOOD]. The
    /// perplexity of a corpus is exp(−Σ log_probability / Σ scored_tokens).
    public static Dataset<Row> logProbabilities(Dataset<Row> rows, String text, SparkModel model) {
        return RowFunction.add(rows, text, LIKELIHOOD, () -> {
            LanguageModel loaded = model.open();
            PromptScorer scorer = new PromptScorer(loaded);
            return RowFunction.each(row -> {
                int[] ids = loaded.tokenizer().encodePlain(row, true);
                if (ids.length < 2) {
                    return RowFunction.one(0.0, 0);
                }
                float[] each = scorer.score(List.of(ids), 0, () -> true).getFirst().logProbabilities();
                double sum = IntStream.range(each.length - ids.length + 1, each.length).mapToDouble(i -> each[i]).sum();
                return RowFunction.one(sum, ids.length - 1);
            });
        });
    }

    /// Rewards of answers by a verifier ([Rewards]), null where one does not apply.
    ///
    /// @param fields columns that the verifier reads, such as `answer`
    public static Dataset<Row> reward(Dataset<Row> rows, String prompt, String completion, List<String> fields,
            String reward, Map<String, String> options, String output) {
        StructType schema = rows.schema();
        int promptAt = schema.fieldIndex(prompt);
        int[] at = fields.stream().mapToInt(schema::fieldIndex).toArray();
        String[] names = fields.toArray(String[]::new);
        StructField field = DataTypes.createStructField(output, DataTypes.DoubleType, true);
        return RowFunction.add(rows, completion, List.of(field), () -> {
            Reward verifier = Rewards.named(reward, options);
            return (row, text) -> {
                Map<String, Object> values = new HashMap<>();
                for (int i = 0; i < at.length; i++) {
                    if (!row.isNullAt(at[i])) {
                        values.put(names[i], row.get(at[i]));
                    }
                }
                String asked = row.isNullAt(promptAt) ? "" : row.getString(promptAt);
                var score = verifier.score(new Sample(asked, text, 0, true, values));
                return RowFunction.one(score.isPresent() ? score.getAsDouble() : null);
            };
        });
    }
}
