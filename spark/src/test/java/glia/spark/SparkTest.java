package glia.spark;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.LanguageModel;
import glia.engine.embedding.Embedder;
import glia.io.CheckpointException;
import glia.tensor.Precision;
import glia.train.corpus.CorpusCleaner;
import glia.train.corpus.QualityRules;
import glia.train.data.TextSource;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.json.JsonMapper;

/// What a data frame gets is what one process computes, on any number of partitions.
class SparkTest {
    private static final SparkModel STORIES = new SparkModel("stories260K", Precision.EXACT, 2, 0);
    private static SparkSession spark;

    @BeforeAll
    static void start() {
        spark = SparkSession.builder().master("local[3]").appName("test").config("spark.ui.enabled", false)
                .config("spark.sql.warehouse.dir", "target/warehouse")
                .config("spark.sql.shuffle.partitions", 3).config("spark.driver.host", "127.0.0.1").getOrCreate();
    }

    @AfterAll
    static void stop() {
        spark.stop();
    }

    private static Dataset<Row> rows(List<String> texts, int partitions) {
        List<Row> rows = IntStream.range(0, texts.size()).mapToObj(i -> RowFactory.create(i, texts.get(i))).toList();
        StructType schema = new StructType().add("id", DataTypes.IntegerType).add("text", DataTypes.StringType);
        return spark.createDataset(rows, Encoders.row(schema)).repartition(partitions);
    }

    private static List<String> texts() {
        List<String> texts = IntStream.range(0, 17).mapToObj(i -> "Once upon a time, there was a "
                + "little dog number ".repeat(i % 5) + i).collect(Collectors.toCollection(ArrayList::new));
        texts.add(null);
        texts.add("One day");
        return texts;
    }

    private static Map<Integer, Row> byId(Dataset<Row> rows) {
        return rows.collectAsList().stream().collect(Collectors.toMap(row -> row.getInt(0), row -> row));
    }

    @Test
    void columnsAreThoseOfOneProcess() throws IOException {
        LanguageModel model = STORIES.open();
        Embedder embedder = Embedder.of(model);
        for (int partitions : new int[] {1, 4}) {
            Dataset<Row> rows = rows(texts(), partitions);
            Map<Integer, Row> tokens = byId(ModelColumns.tokenize(rows, "text", STORIES, "tokens"));
            Map<Integer, Row> vectors = byId(ModelColumns.embed(rows, "text", STORIES, "vector"));
            Map<Integer, Row> scores = byId(ModelColumns.logProbabilities(rows, "text", STORIES));
            for (int i = 0; i < texts().size(); i++) {
                String text = texts().get(i);
                if (text == null) {
                    assertTrue(tokens.get(i).isNullAt(2) && vectors.get(i).isNullAt(2) && scores.get(i).isNullAt(3));
                    continue;
                }
                assertArrayEquals(model.tokenizer().encodePlain(text, false), tokens.get(i).<Integer>getList(2)
                        .stream().mapToInt(n -> n).toArray());
                float[] expected = embedder.embed(List.of(embedder.encode(text)))[0];
                float[] found = new float[expected.length];
                for (int k = 0; k < found.length; k++) {
                    found[k] = vectors.get(i).<Float>getList(2).get(k);
                }
                assertArrayEquals(expected, found);
                assertEquals(model.tokenizer().encodePlain(text, true).length - 1, scores.get(i).getInt(3));
                assertTrue(scores.get(i).getDouble(2) < 0);
            }
        }
    }

    @Test
    void answersDoNotDependOnPartitionsAndAreRewarded() {
        Sampling sampling = new Sampling(12, 1, 0.9f, 7, 2, "", true);
        List<List<String>> all = Stream.of(1, 5).map(partitions -> ModelColumns.generate(rows(texts(), partitions),
                "text", STORIES, sampling).collectAsList().stream().map(row -> row.getInt(0) + " " + row.getInt(2) + " "
                        + row.getString(3)).sorted().toList()).toList();
        assertEquals(all.getFirst(), all.getLast());
        assertEquals(2 * 18 + 1, all.getFirst().size());
        assertTrue(all.getFirst().stream().distinct().count() > 30);
        StructType schema = new StructType().add("prompt", DataTypes.StringType).add("completion",
                DataTypes.StringType).add("answer", DataTypes.StringType);
        Dataset<Row> rows = spark.createDataset(List.of(RowFactory.create("1+1?", "It is \\boxed{2}.", "2"),
                RowFactory.create("1+2?", "It is \\boxed{4}.", "3")), Encoders.row(schema));
        assertEquals(List.of(1.0, 0.0), ModelColumns.reward(rows, "prompt", "completion", List.of("answer"), "math",
                Map.of(), "reward").collectAsList().stream().map(row -> row.getDouble(3)).toList());
    }

    @Test
    void aCorpusIsThatOfOneProcess(@TempDir Path folder) throws IOException {
        Random random = new Random(1);
        List<String> texts = new ArrayList<>();
        for (int i = 0; i < 60; i++) {
            String[] words = IntStream.range(0, 80 + random.nextInt(40)).mapToObj(k -> k % 7 == 3 ? "the" : k % 7 == 5
                    ? "of" : random.ints(5, 'a', 'z' + 1).mapToObj(Character::toString)
                            .collect(Collectors.joining())).toArray(String[]::new);
            texts.add(String.join(" ", words));
            if (i % 3 == 0) {
                words[random.nextInt(words.length)] = "other";
                texts.add(texts.size() / 2, String.join(" ", words));
            }
            if (i % 10 == 0) {
                texts.add("short " + i);
            }
        }
        Path file = folder.resolve("raw.jsonl");
        Files.write(file, texts.stream().map(text -> JsonMapper.shared().writeValueAsString(Map.of("text", text)))
                .toList());
        Path clean = folder.resolve("clean.jsonl");
        CorpusCleaner.Report report = new CorpusCleaner(QualityRules.ENGLISH, true).clean(TextSource.of(file), clean,
                n -> { });
        List<String> expected = new ArrayList<>();
        TextSource.of(clean).forEachDocument(expected::add);
        assertTrue(report.dropped().size() == 2 && report.kept() < 65, report.toString());
        for (int partitions : new int[] {1, 3}) {
            SparkCorpus corpus = SparkCorpus.clean(spark.read().json(file.toString()).coalesce(1)
                    .repartitionByRange(partitions, org.apache.spark.sql.functions.lit(1)), "text",
                    QualityRules.ENGLISH, true);
            assertEquals(expected, corpus.kept().collectAsList().stream().map(row -> row.getString(0)).toList());
            assertEquals(report.dropped(), corpus.dropped());
        }
    }

    @Test
    void theProgramReadsAndWrites(@TempDir Path folder) throws IOException {
        Path file = folder.resolve("in.jsonl");
        Files.writeString(file, "{\"text\":\"Once upon a time\",\"id\":1}\n{\"text\":\"One day\",\"id\":2}\n");
        String out = folder.resolve("out.jsonl").toString();
        assertEquals(0, Main.run("tokenize", file.toString(), out, "--model", STORIES.name(), "--threads", "2"));
        assertEquals(2, spark.read().json(out).filter("size(tokens) > 1").count());
        assertEquals(1, Main.run("tokenize", file.toString(), out, "--model", STORIES.name()), "exists");
        assertEquals(1, Main.run("embed", file.toString(), folder.resolve("e").toString(), "--model", "/nowhere"));
        assertEquals(2, Main.run("embed", file.toString()));
        assertEquals(0, Main.run("perplexity", file.toString(), folder.resolve("p").toString(), "--model",
                STORIES.name()));
        assertEquals(List.of("id", "text", "log_probability", "scored_tokens"), Arrays.asList(spark.read().parquet(
                folder.resolve("p").toString()).schema().fieldNames()));
    }

    @Test
    void errorsNameWhatIsWrong() {
        Dataset<Row> rows = rows(List.of("a"), 1);
        assertTrue(assertThrows(IllegalArgumentException.class, () -> ModelColumns.tokenize(rows, "body", STORIES,
                "tokens")).getMessage().contains("no column of texts named body"));
        assertTrue(assertThrows(IllegalArgumentException.class, () -> ModelColumns.tokenize(rows, "text", STORIES,
                "id")).getMessage().contains("has a column id already"));
        Exception none = assertThrows(Exception.class, () -> ModelColumns.generate(rows, "text", STORIES,
                Sampling.greedy(4)).count());
        assertTrue(none.toString().contains("has no chat template") || none.getCause() instanceof CheckpointException,
                none.toString());
    }
}
