package glia.spark;

import glia.tensor.Precision;
import glia.train.corpus.QualityRules;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SaveMode;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.functions;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// The program for `spark-submit`: reads Parquet, JSONL, CSV or text, adds what a model computes, and writes Parquet or
/// JSONL.
@Command(name = "glia-spark", mixinStandardHelpOptions = true, subcommandsRepeatable = false,
        description = "Models on Apache Spark.", synopsisSubcommandLabel = "COMMAND")
public final class Main {
    private Main() {}

    /// Runs a command and ends the process.
    public static void main(String[] arguments) {
        int status = run(arguments);
        if (status != 0) {
            System.exit(status);
        }
    }

    /// Runs a command.
    ///
    /// @return 0 if it succeeded
    static int run(String... arguments) {
        CommandLine line = new CommandLine(new Main()).setCaseInsensitiveEnumValuesAllowed(true);
        line.setExecutionExceptionHandler((e, command, parsed) -> {
            Throwable cause = e;
            while (cause.getCause() != null && !(cause instanceof IllegalArgumentException)) {
                cause = cause.getCause();
            }
            command.getErr().println("glia-spark: " + cause.getMessage());
            return 1;
        });
        return line.execute(arguments);
    }

    /// Where rows come from and go to.
    private static final class Files {
        @Parameters(index = "0", paramLabel = "INPUT", description = "file or folder of Parquet, JSONL, CSV or text")
        private String input;
        @Parameters(index = "1", paramLabel = "OUTPUT", description = "new folder; JSONL if its name ends in .jsonl, "
                + "else Parquet")
        private String output;
        @Option(names = "--column", defaultValue = "text", description = "column of the texts (default: text)")
        private String column;
        @Option(names = "--partitions", description = "parts of the rows, each a task (default: as Spark reads them)")
        private int partitions;
        @Option(names = "--overwrite", description = "replace the output folder")
        private boolean isReplaced;

        /// Reads, changes and writes the rows.
        int convert(UnaryOperator<Dataset<Row>> function) {
            SparkSession spark = SparkSession.builder().appName("glia").getOrCreate();
            Dataset<Row> rows = read(spark);
            Dataset<Row> result = function.apply(partitions > 0 ? rows.repartition(partitions) : rows);
            result.write().mode(isReplaced ? SaveMode.Overwrite : SaveMode.ErrorIfExists)
                    .format(output.endsWith(".jsonl") ? "json" : "parquet").save(output);
            return 0;
        }

        private Dataset<Row> read(SparkSession spark) {
            String name = input.toLowerCase(Locale.ROOT);
            if (name.endsWith(".jsonl") || name.endsWith(".json") || name.endsWith(".ndjson")) {
                return spark.read().json(input);
            }
            if (name.endsWith(".csv")) {
                return spark.read().option("header", true).csv(input);
            }
            return name.endsWith(".txt") || name.endsWith(".md")
                    ? spark.read().option("wholetext", true).text(input).withColumnRenamed("value", column)
                    : spark.read().parquet(input);
        }
    }

    /// The model of a command.
    private static final class ModelOptions {
        @Option(names = "--model", required = true, paramLabel = "MODEL", description = "path on each machine, or name "
                + "on the hub")
        private String name;
        @Option(names = "--precision", defaultValue = "half", description = "exact, half or fast (default: half)")
        private Precision precision;
        @Option(names = "--threads", description = "threads of an executor (default: one a core)")
        private int threads;
        @Option(names = "--context", description = "tokens of the context (default: the model's)")
        private int contextLength;

        SparkModel model() {
            return new SparkModel(name, precision, threads, contextLength);
        }
    }

    @Command(name = "corpus", description = "Drop texts of low quality and near duplicates.")
    int corpus(@Mixin Files files, @Option(names = "--quality", defaultValue = "english", description = "english, "
            + "repetition or none (default: english)") QualityRules rules,
            @Option(names = "--keep-duplicates", description = "keep near duplicates") boolean keepsDuplicates) {
        return files.convert(rows -> {
            SparkCorpus corpus = SparkCorpus.clean(rows, files.column, rules, !keepsDuplicates);
            corpus.dropped().forEach((why, count) -> System.err.println("glia-spark: dropped " + count + ": " + why));
            return corpus.kept();
        });
    }

    @Command(name = "tokenize", description = "Add token ids.")
    int tokenize(@Mixin Files files, @Mixin ModelOptions model,
            @Option(names = "--output-column", defaultValue = "tokens") String output) {
        return files.convert(rows -> ModelColumns.tokenize(rows, files.column, model.model(), output));
    }

    @Command(name = "embed", description = "Add embeddings.")
    int embed(@Mixin Files files, @Mixin ModelOptions model,
            @Option(names = "--output-column", defaultValue = "embedding") String output) {
        return files.convert(rows -> ModelColumns.embed(rows, files.column, model.model(), output));
    }

    @Command(name = "generate", description = "Add answers to prompts; with a verifier, their rewards.")
    int generate(@Mixin Files files, @Mixin ModelOptions model,
            @Option(names = "--max-tokens", defaultValue = "256") int maxTokens,
            @Option(names = "--temperature", defaultValue = "0") float temperature,
            @Option(names = "--top-p", defaultValue = "1") float topP,
            @Option(names = "--seed", defaultValue = "0") long seed,
            @Option(names = "--samples", defaultValue = "1", description = "answers of a row") int samples,
            @Option(names = "--system", defaultValue = "") String system,
            @Option(names = "--raw", description = "continue the prompts without a chat template") boolean isRaw,
            @Option(names = "--reward", description = "verifier of the answers, such as math") String reward,
            @Option(names = "--reward-option", description = "option of the verifier, NAME=VALUE") Map<String,
                    String> options,
            @Option(names = "--reward-columns", split = ",", defaultValue = "answer", description = "columns that the "
                    + "verifier reads (default: answer)") List<String> fields) {
        Sampling sampling = new Sampling(maxTokens, temperature, topP, seed, samples, system, isRaw);
        return files.convert(rows -> {
            Dataset<Row> answers = ModelColumns.generate(rows, files.column, model.model(), sampling);
            return reward == null ? answers : ModelColumns.reward(answers, files.column, "completion", fields, reward,
                    options == null ? Map.of() : options, "reward");
        });
    }

    @Command(name = "perplexity", description = "Add log probabilities, and print the perplexity of all texts.")
    int perplexity(@Mixin Files files, @Mixin ModelOptions model) {
        return files.convert(rows -> {
            Dataset<Row> scored = ModelColumns.logProbabilities(rows, files.column, model.model()).cache();
            Row sums = scored.agg(functions.sum("log_probability"), functions.sum("scored_tokens")).head();
            System.out.println("perplexity " + Math.exp(-sums.getDouble(0) / sums.getLong(1)) + " of "
                    + sums.getLong(1) + " tokens");
            return scored;
        });
    }
}
